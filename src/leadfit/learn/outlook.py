"""What fit, intent and tier were worth, together."""

from __future__ import annotations

from dataclasses import dataclass

from leadfit.learn.lifted import EngagementBias
from leadfit.learn.quadrants import QuadrantFindings
from leadfit.learn.tiers import TierFindings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What fit, intent and tier were worth.

    Attributes:
        quadrants: Fit and intent apart.
        tiers: Who was won by tier.
        bias: Whether engagement outweighs fit.
        decided: Leads that stand where a decision put them; ``rated`` were rated now by what was
            known then.
        blank: Of the rated, those of whom no fact of fit is known: their fit counts as 0.
        snapshot: Facts of imported leads of which only today's value is known.
    """

    quadrants: QuadrantFindings
    tiers: TierFindings
    bias: EngagementBias
    decided: int
    rated: int
    blank: int
    snapshot: tuple[str, ...]
