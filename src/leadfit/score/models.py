"""The two models: one weighted total (A), or a fit gate and then an intent gate (B).

Tiers are half-open: each begins at its cut, so that no number between two tiers belongs to none.
Numbers are rounded to six decimals before they meet a cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from leadfit.policy.scoring import Cuts, Weights
from leadfit.records import Reason, Tier

DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The four components of a score, in points."""

    fit: float
    engagement: float
    intent: float
    authority: float


def composite(
    components: Components, weights: Weights, *, scale: Literal["points", "percent"] = "points"
) -> float:
    """Return the total of Model A from either form of its input.

    Args:
        components: Points up to each component's weight, or percentages of it.
        weights: Most points of each component.
        scale: Which form the components have. Points are summed and never weighted again.

    Raises:
        ValueError: A component is outside its scale.

    >>> composite(Components(fit=35, engagement=22, intent=12, authority=8), Weights())
    77.0
    >>> percent = Components(fit=87.5, engagement=220 / 3, intent=60, authority=80)
    >>> composite(percent, Weights(), scale="percent")
    77.0
    """
    points = []
    for name in ("fit", "engagement", "intent", "authority"):
        given, weight = getattr(components, name), getattr(weights, name)
        most = weight if scale == "points" else 100
        if not 0 <= given <= most:
            message = f"{name}: came {given!r}; allowed: 0 to {most:g} in {scale}"
            raise ValueError(message)
        points.append(given if scale == "points" else given / 100 * weight)
    return round(math.fsum(points), DIGITS)


def fit_gate(components: Components, weights: Weights) -> float:
    """Return fit on a scale of 100."""
    return round(components.fit / weights.fit * 100, DIGITS)


def intent_gate(components: Components, weights: Weights) -> float:
    """Return engagement and intent together on a scale of 100."""
    both = math.fsum((components.engagement, components.intent))
    return round(both / (weights.engagement + weights.intent) * 100, DIGITS)


def tier_by_total(total: float, cuts: Cuts) -> tuple[Tier, Reason]:
    """Return the tier of Model A."""
    came = f"the total {_shown(total, cuts.a_tier_one, cuts.a_tier_two)}"
    if total >= cuts.a_tier_one:
        return Tier.ONE, _reason("total", f"{came} reaches {cuts.a_tier_one:g}")
    if total >= cuts.a_tier_two:
        span = f"{cuts.a_tier_two:g}, not {cuts.a_tier_one:g}"
        return Tier.TWO, _reason("total", f"{came} reaches {span}")
    return Tier.THREE, _reason("total", f"{came} is below {cuts.a_tier_two:g}")


def tier_by_gates(fit100: float, intent100: float, cuts: Cuts) -> tuple[Tier, Reason]:
    """Return the tier of Model B; nothing lifts a lead over the fit gate."""
    if fit100 < cuts.b_fit:
        below = f"fit {_shown(fit100, cuts.b_fit)} of 100 is below the gate of {cuts.b_fit:g}"
        words = f"{below}, which no intent opens"
        return Tier.THREE, _reason("fit_gate", words)
    intent = _shown(intent100, cuts.b_tier_one, cuts.b_tier_two)
    passed = f"fit {_shown(fit100, cuts.b_fit)} of 100 passes the gate of {cuts.b_fit:g}"
    if intent100 >= cuts.b_tier_one:
        words = f"{passed}, and intent {intent} of 100 reaches {cuts.b_tier_one:g}"
        return Tier.ONE, _reason("intent_gate", words)
    if intent100 >= cuts.b_tier_two:
        words = (
            f"{passed}, and intent {intent} of 100 reaches {cuts.b_tier_two:g}, "
            f"not {cuts.b_tier_one:g}"
        )
        return Tier.TWO, _reason("intent_gate", words)
    words = f"{passed}, but intent {intent} of 100 is below {cuts.b_tier_two:g}"
    return Tier.THREE, _reason("intent_gate", words)


def _shown(points: float, *edges: float) -> str:
    """Return points with one decimal, or in full where that would move them over an edge."""
    rounded = round(points, 1)
    moved = any((rounded >= edge) != (points >= edge) for edge in edges)
    return str(points) if moved else f"{rounded:g}"


def _reason(rule: str, words: str) -> Reason:
    return Reason(rule=f"tier.{rule}", words=words)
