"""A score from its own ledger: total, gates and tier from nothing but its reasons and the cuts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leadfit.policy.scoring import ScoreRules
from leadfit.records import Reason, Tier
from leadfit.score.models import (
    DIGITS,
    Components,
    composite,
    fit_gate,
    intent_gate,
    tier_by_chance,
    tier_by_gates,
    tier_by_total,
)
from leadfit.score.override import FORCED, OVERRIDE

_PARTS = ("fit", "engagement", "intent", "authority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a ledger says by itself.

    Attributes:
        components: ``None`` under Model C, whose reasons are parts of a chance.
        fit100: Fit gate, as ``components``; the same for ``intent100``.
        chance: Chance of a win under Model C, else ``None``.
    """

    total: float
    tier: Tier
    components: Components | None = None
    fit100: float | None = None
    intent100: float | None = None
    chance: float | None = None


def from_ledger(model: str, reasons: Sequence[Reason], rules: ScoreRules) -> Rebuilt:
    """Return what the reasons of a score come to.

    Args:
        model: Of the score.
        reasons: Of the score, all of them.
        rules: Weights and cuts of the policy it was made by.
    """
    total = _sum(reasons, "")
    named = {reason.rule for reason in reasons}
    if model == "C":
        chance = round(total / 100, DIGITS)
        tier, _ = tier_by_chance(chance, rules.cuts)
        return Rebuilt(total=total, tier=_moved(model, tier, named), chance=chance)
    parts = Components(**{name: max(0.0, _sum(reasons, f"{name}.")) for name in _PARTS})
    fit100, intent100 = fit_gate(parts, rules.weights), intent_gate(parts, rules.weights)
    if model == "A":
        tier, _ = tier_by_total(composite(parts), rules.cuts)
    else:
        by_icp = "fit.icp" in named
        tier, _ = tier_by_gates(fit100, intent100, rules.cuts, by_icp=by_icp)
    return Rebuilt(
        total=total,
        tier=_moved(model, tier, named),
        components=parts,
        fit100=fit100,
        intent100=intent100,
    )


def _moved(model: str, tier: Tier, named: set[str]) -> Tier:
    """Return the tier after what moved it: a gate of its own, a flag, a person."""
    if OVERRIDE in named:
        return Tier.ONE if model == "B" else tier
    return Tier.THREE if named & {FORCED, "tier.firmographic_gate"} else tier


def _sum(reasons: Sequence[Reason], prefix: str) -> float:
    given = (each for each in reasons if each.rule.startswith(prefix))
    return math.fsum(each.points for each in given if each.points is not None)
