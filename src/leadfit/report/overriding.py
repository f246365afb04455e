"""What the page of a lead says of lifting it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from leadfit.report import words


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLift:
    """How a person lifted a lead; ``reason`` is ``None`` once it was erased."""

    tier: int
    from_tier: int
    by: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overriding:
    """Whether a person can lift a lead, and what was entered to do so.

    Attributes:
        why_not: Why no person can; ``None`` where one can.
        past: How it was lifted, oldest first.
        fault: Why what was sent was not done.
        by: Who was entered.
        reason: What was entered.
    """

    why_not: str | None = None
    past: Sequence[PastLift] = ()
    fault: str | None = None
    by: str = ""
    reason: str = ""


def override_view(found: Overriding) -> dict[str, object]:
    """Return what the template shows."""
    return {
        "why_not": found.why_not,
        "past": [_past(each) for each in found.past],
        "fault": found.fault,
        "by": found.by,
        "reason": found.reason,
    }


def _past(lift: PastLift) -> str:
    why = "the reason was erased" if lift.reason is None else words.short(lift.reason, 300)
    who = words.short(lift.by, 80)
    tiers = f"from Tier {lift.from_tier} to Tier {lift.tier}"
    return f"Lifted {tiers} by {who}, {words.moment(lift.at)}: {why}"
