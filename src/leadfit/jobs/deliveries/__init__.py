"""Queued actions, carried out at their receivers."""
