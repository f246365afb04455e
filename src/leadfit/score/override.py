"""A person's override: it lifts a lead over the intent gate or a forced tier, never over fit."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.records import Reason, Score, Tier
from leadfit.score.models import FIT_GATE

OVERRIDE = "tier.override"
FORCED = "tier.detractor"
_SHUT = frozenset({FIT_GATE, "tier.firmographic_gate"})


def why_not_lifted(score: Score) -> str | None:
    """Return why a person cannot lift a lead to Tier 1, in words; ``None`` where one can.

    Args:
        score: How the lead is rated now, without an override.
    """
    return _why_not(score.model, score.tier, score.reasons)


def is_lifted(score: Score) -> bool:
    """Return whether a person lifted a lead."""
    return any(reason.rule == OVERRIDE for reason in score.reasons)


def _why_not(model: str, tier: Tier, reasons: Sequence[Reason]) -> str | None:
    if tier is Tier.ONE:
        return "it is Tier 1 already"
    shut = next((reason for reason in reasons if reason.rule in _SHUT), None)
    if shut is not None:
        return f"{shut.words}, and no person either"
    if model != "B" and all(reason.rule != FORCED for reason in reasons):
        return f"Model {model} has no intent gate that a person may override"
    return None


def overridden(
    model: str, tiers: tuple[Tier, Tier], why: Sequence[Reason], by: str
) -> tuple[Tier, tuple[Reason, ...]]:
    """Return the tier a person lifts a lead to, and the reason; nothing where one cannot.

    Under Model B that is Tier 1. The others have no gate to lift a lead over: a forced tier is set
    aside, and the lead has the tier of its points or its chance.

    Args:
        model: The model that decided.
        tiers: The tier without the override, and that before a flag forced it.
        why: What decided it, first reason first.
        by: Who overrides; an id, no address.
    """
    if _why_not(model, tiers[0], why) is not None:
        return tiers[0], ()
    tier = Tier.ONE if model == "B" else tiers[1]
    words = f"lifted to Tier {tier.value} by {by}, although {why[0].words}"
    return tier, (Reason(rule=OVERRIDE, words=words),)
