"""Drift: whether a score still holds, what moved, and who may be blamed for it.

One word a thing: a *stream* is one ladder step unit by unit, a *curve* what the score meant for it
in the baseline, *evidence* the likelihood ratios against that curve, a *detector* their sum over
possible beginnings, a *level* (calm, watch, alarm) what the detector says, a *segment* where.
"""

from __future__ import annotations

from leadfit.learn.drift.result import (
    Blame,
    DriftFindings,
    DriftRules,
    MonthOfScore,
    StepWatch,
)
from leadfit.learn.drift.watching import drift

__all__ = ["Blame", "DriftFindings", "DriftRules", "MonthOfScore", "StepWatch", "drift"]
