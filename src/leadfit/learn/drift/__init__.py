"""Drift: whether a score still holds, what moved, and who may be blamed for it.

``drift`` watches a score online; ``summarise``, ``funnel_months`` and ``curves`` are what a
benchmark shows of the past.
"""

from __future__ import annotations

from leadfit.learn.drift.result import DriftFindings, DriftRules
from leadfit.learn.drift.summary import curves, funnel_months, summarise
from leadfit.learn.drift.watching import drift

__all__ = ["DriftFindings", "DriftRules", "curves", "drift", "funnel_months", "summarise"]
