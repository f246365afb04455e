"""What the planted company recorded, row by row, as it goes into the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import UTC, date, datetime, time, timedelta

from leadfit.testing.planted.population import Entity

DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Turns minutes since the first day of the history into times.

    >>> Calendar(starts_on=date(2024, 1, 1)).stamp(90)
    '2024-01-01T01:30:00Z'
    """

    starts_on: date

    def at(self, minute: int) -> datetime:
        """Return the time as an aware UTC time."""
        return datetime.combine(self.starts_on, time(), UTC) + timedelta(minutes=minute)

    def stamp(self, minute: int) -> str:
        """Return the time in ISO 8601 with ``Z``."""
        return self.at(minute).isoformat()[:19] + "Z"

    def quarter_end(self, minute: int) -> int:
        """Return the minute at which the quarter of ``minute`` ends."""
        day = self.at(minute).date()
        first = 3 * ((day.month - 1) // 3) + 4
        following = date(day.year + (first > 12), (first - 1) % 12 + 1, 1)
        return (following - self.starts_on).days * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A record of an account in the CRM; an entity may have two."""

    account_id: str
    entity: Entity
    name: str
    domain: str
    created: int
    owner_id: str
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A record of a contact; a person may have two, which then share ``person``."""

    contact_id: str
    person: str
    account_id: str
    email: str
    first_name: str
    last_name: str
    title: str
    phone: str
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A lead with what became of it, by the end of the history.

    Attributes:
        account_id: The record it truly belongs to, also where the file leaves it blank.
        reached: The furthest step: 0 none, 1 accepted and worked, 2 qualified, 3 converted.
    """

    lead_id: str
    entity: Entity
    account_id: str
    contact: ContactRow
    created: int
    email: str
    company: str
    campaign: str
    rep_id: str
    score: int
    is_linked: bool
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A lead that was won."""

    account: AccountRow
    contact: ContactRow
    lead_id: str
    closed: int


Event = tuple[int, str, str, str, str, str, str, str, str]
"""Minute, kind, lead_id, account_id, contact_id, amount, reason, value, text."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Everything recorded up to ``end``; what would come later is left out."""

    calendar: Calendar
    end: int
    accounts: list[AccountRow] = default(default_factory=list)
    contacts: list[ContactRow] = default(default_factory=list)
    leads: list[LeadRow] = default(default_factory=list)
    events: list[Event] = default(default_factory=list)
    facts: list[tuple[str, str, str, int]] = default(default_factory=list)
    won: dict[int, Sale] = default(default_factory=dict)
    """Sales by number of the entity."""

    def note(
        self,
        minute: int,
        kind: str,
        *,
        lead_id: str = "",
        account_id: str = "",
        contact_id: str = "",
        amount: str = "",
        reason: str = "",
        value: str = "",
        text: str = "",
    ) -> bool:
        """Record an event unless it lies after the end; return whether it was recorded."""
        if minute > self.end:
            return False
        self.events.append(
            (minute, kind, lead_id, account_id, contact_id, amount, reason, value, text)
        )
        return True

    def steps(self) -> Mapping[str, int]:
        """Return how many leads reached each step of the ladder."""
        reached = [lead.reached for lead in self.leads]
        return {
            "leads": len(reached),
            "accepted": sum(step >= 1 for step in reached),
            "qualified": sum(step >= 2 for step in reached),
            "converted": sum(step >= 3 for step in reached),
        }


def money(cents: int) -> str:
    """Return an amount with two decimals.

    >>> money(1205)
    '12.05'
    """
    return f"{cents // 100}.{cents % 100:02d}"
