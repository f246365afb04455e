"""The straight line of one lead: signal, resolve, score, route, orchestrate.

:mod:`leadfit.pipeline.line` is that line; read it first. :func:`accept` stores a signal before
anybody is told that it was taken. :func:`decide` asks the five stages what to do and commits their
answers in one transaction: the decision with its reasons and digests, the owner, the slot, the
clocks and the queued actions. What the stages were told is kept beside the decision, so that it
can be made again.
"""

from __future__ import annotations

from leadfit.pipeline.bringing import bring
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.feedback import carried_out, enrolled, hear, is_automatic
from leadfit.pipeline.intake import hour_of, refused_key
from leadfit.pipeline.lifting import lift
from leadfit.pipeline.line import (
    Accepting,
    accept,
    begin_accepting,
    decide,
    decide_pending,
)
from leadfit.pipeline.linking import link, unlink
from leadfit.pipeline.merging import Joined, latest, merge, preview, unmerge
from leadfit.pipeline.moving import assign_by_hand, move_from_absent, must_move, why_absent
from leadfit.pipeline.owners import begin, find_owner
from leadfit.pipeline.recheck import recheck
from leadfit.pipeline.reviews import settle
from leadfit.pipeline.sides import Side, Sides, sides, sides_document, without_values
from leadfit.pipeline.tape import keep_rules

__all__ = [
    "Accepting",
    "Desk",
    "InForce",
    "Joined",
    "Side",
    "Sides",
    "accept",
    "assign_by_hand",
    "begin",
    "begin_accepting",
    "bring",
    "carried_out",
    "decide",
    "decide_pending",
    "enrolled",
    "find_owner",
    "hear",
    "hour_of",
    "is_automatic",
    "keep_rules",
    "latest",
    "lift",
    "link",
    "merge",
    "move_from_absent",
    "must_move",
    "preview",
    "recheck",
    "refused_key",
    "settle",
    "sides",
    "sides_document",
    "unlink",
    "unmerge",
    "why_absent",
    "without_values",
]
