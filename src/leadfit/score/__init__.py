"""Third stage: a tier and points, each with the reasons that sum to them."""

from __future__ import annotations

from leadfit.score.cuts import DerivedCut, derive_cut, pass_rate
from leadfit.score.detractor import draw_of
from leadfit.score.ledger import Rebuilt, from_ledger
from leadfit.score.less import lists_of
from leadfit.score.override import is_lifted, why_not_lifted
from leadfit.score.rate import rate

__all__ = [
    "DerivedCut",
    "Rebuilt",
    "derive_cut",
    "draw_of",
    "from_ledger",
    "is_lifted",
    "lists_of",
    "pass_rate",
    "rate",
    "why_not_lifted",
]
