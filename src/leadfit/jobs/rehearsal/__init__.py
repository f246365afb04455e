"""Rehearses other rules on the recorded history, beside those in force.

Nothing is written. Both sides are simulated by one model of slots, turns and waits, so that what
differs between them is due to the rules. :func:`leadfit.jobs.rehearsal.rehearse.rehearse` does it.
"""
