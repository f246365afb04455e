"""What the store keeps for scoring: a lead's own activities, and who lifted it over a gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from leadfit.records import Activity, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """A lead that a person lifted over the intent gate, or over a tier that a flag forced.

    Attributes:
        decision_id: The decision in which it was done.
        tier: The tier it has since.
        from_tier: The tier it had.
        by: Who did it.
        reason: Why; ``None`` once it was erased with a person.
    """

    decision_id: str
    lead_id: str
    tier: Tier
    from_tier: Tier
    by: str
    reason: str | None
    at: datetime


class Lifts(Protocol):
    """Overrides of tiers, and the activities a chance is measured by."""

    def add(self, lift: Lift) -> None:
        """Keep that a person lifted a lead."""

    def of_lead(self, lead_id: str) -> tuple[Lift, ...]:
        """Return how a lead was lifted, oldest first."""

    def since(self, at: datetime) -> tuple[Lift, ...]:
        """Return what people lifted from a time on, oldest first."""

    def own_activities(
        self,
        *,
        lead_id: str,
        account_id: str | None,
        created_at: datetime,
        since: datetime,
    ) -> tuple[Activity, ...]:
        """Return the activities that learning counts as a lead's own, oldest first.

        Those that name it, and those of its account that name no lead and came while it was the
        account's latest lead, or before its first one.

        Args:
            lead_id: The lead; it need not be stored yet.
            account_id: Its account.
            created_at: When it was opened.
            since: Older ones are left out.
        """
