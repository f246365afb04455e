"""The three models: one weighted total (A), a fit gate and then an intent gate (B), a chance (C).

Tiers are half-open: each begins at its cut, so that no number between two tiers belongs to none.
Numbers are rounded to six decimals before they meet a cut. Every tier rises with each of its
numbers, so that bounds of the numbers are bounds of the tier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from leadfit.policy.scoring import TierCuts, Weights
from leadfit.records import Reason, Tier

DIGITS = 6
FIT_GATE = "tier.fit_gate"
"""Rule of the reason of a lead that did not pass the fit gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The four components of a score, in points."""

    fit: float
    engagement: float
    intent: float
    authority: float


def composite(components: Components) -> float:
    """Return the total of Model A: points are summed, and never weighted a second time.

    >>> composite(Components(fit=35, engagement=22, intent=12, authority=8))
    77.0
    """
    each = (components.fit, components.engagement, components.intent, components.authority)
    return round(math.fsum(each), DIGITS)


def in_points(
    weights: Weights, *, fit: float, engagement: float, intent: float, authority: float
) -> Components:
    """Return components that were given as percentages of their weights.

    Args:
        weights: Most points of each component.
        fit: From 0 to 100, as are the others.
        engagement: As ``fit``.
        intent: As ``fit``.
        authority: As ``fit``.

    Raises:
        ValueError: A percentage is outside 0 to 100.

    >>> in_points(Weights(), fit=87.5, engagement=50, intent=60, authority=80)
    Components(fit=35.0, engagement=15.0, intent=12.0, authority=8.0)
    """
    given = {"fit": fit, "engagement": engagement, "intent": intent, "authority": authority}
    for name, percentage in given.items():
        if not 0 <= percentage <= 100:
            message = f"{name}: came {percentage!r}; allowed: 0 to 100 % of its weight"
            raise ValueError(message)
    return Components(**{name: each / 100 * getattr(weights, name) for name, each in given.items()})


def fit_gate(components: Components, weights: Weights) -> float:
    """Return fit on a scale of 100."""
    return round(components.fit / weights.fit * 100, DIGITS)


def intent_gate(components: Components, weights: Weights) -> float:
    """Return engagement and intent together on a scale of 100."""
    both = math.fsum((components.engagement, components.intent))
    return round(both / (weights.engagement + weights.intent) * 100, DIGITS)


def tier_by_total(total: float, cuts: TierCuts) -> tuple[Tier, Reason]:
    """Return the tier of Model A."""
    came = f"the total {_shown(total, cuts.a_tier_one, cuts.a_tier_two)}"
    if total >= cuts.a_tier_one:
        return Tier.ONE, _reason("total", f"{came} reaches {cuts.a_tier_one:g}")
    if total >= cuts.a_tier_two:
        span = f"{cuts.a_tier_two:g}, not {cuts.a_tier_one:g}"
        return Tier.TWO, _reason("total", f"{came} reaches {span}")
    return Tier.THREE, _reason("total", f"{came} is below {cuts.a_tier_two:g}")


def tier_by_chance(chance: float, cuts: TierCuts) -> tuple[Tier, Reason]:
    """Return the tier of Model C."""
    one, two = cuts.c_tier_one, cuts.c_tier_two
    came = f"a chance of {_shown(100 * chance, 100 * one, 100 * two)} % to be won within 90 days"
    if chance >= one:
        return Tier.ONE, _reason("chance", f"{came} reaches {100 * one:g} %")
    if chance >= two:
        return Tier.TWO, _reason("chance", f"{came} reaches {100 * two:g} %, not {100 * one:g} %")
    return Tier.THREE, _reason("chance", f"{came} is below {100 * two:g} %")


def tier_by_gates(
    fit100: float, intent100: float, cuts: TierCuts, *, by_icp: bool = False
) -> tuple[Tier, Reason]:
    """Return the tier of Model B; nothing lifts a lead over the fit gate.

    Args:
        fit100: Fit on 100, by facts or the learned score.
        intent100: Engagement and intent on 100.
        cuts: Where tiers begin.
        by_icp: Fit is the learned score, which has a gate of its own.
    """
    gate, what = (cuts.b_icp, "learned fit") if by_icp else (cuts.b_fit, "fit")
    fit = f"{what} {_shown(fit100, gate)} of 100"
    if fit100 < gate:
        words = f"{fit} is below the gate of {gate:g}, which no intent opens"
        return Tier.THREE, Reason(rule=FIT_GATE, words=words)
    intent = _shown(intent100, cuts.b_tier_one, cuts.b_tier_two)
    passed = f"{fit} passes the gate of {gate:g}"
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


def firmographic_gate(
    firmographic100: float, cuts: TierCuts, *, needed: bool
) -> tuple[bool, Reason]:
    """Return whether fit by facts passes its own gate where fit is the learned score."""
    came = f"fit by facts {_shown(firmographic100, cuts.b_fit)} of 100"
    passes = firmographic100 >= cuts.b_fit
    words = f"{came} {'passes' if passes else 'is below'} its own gate of {cuts.b_fit:g}"
    if not passes and needed:
        rule, words = "tier.firmographic_gate", f"{words}, which nothing opens"
    else:
        rule = "firmographic.gate"
        words = words if needed else f"{words}; shown, it decides nothing"
    return passes, Reason(rule=rule, words=words)


def _shown(points: float, *edges: float) -> str:
    """Return points with one decimal, or in full where that would move them over an edge."""
    rounded = round(points, 1)
    moved = any((rounded >= edge) != (points >= edge) for edge in edges)
    return f"{points:.10g}" if moved else f"{rounded:g}"


def _reason(rule: str, words: str) -> Reason:
    return Reason(rule=f"tier.{rule}", words=words)
