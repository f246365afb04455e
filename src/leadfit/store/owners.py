"""What the store knows of owners: loads, what people moved by hand, what is astray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leadfit.records import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a rep has at the moment.

    Attributes:
        slots_taken: Slots that are busy.
        last_turn: Number of the latest turn in any rotation.
        turns: The same by pool, for the pools that were asked for.
    """

    slots_taken: int = 0
    last_turn: int = 0
    turns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A lead that a person gave to another rep than the rules had.

    Attributes:
        from_id: The owner it was taken from; ``None`` where it had none.
        by: Who did it.
    """

    assignment_id: str
    lead_id: str
    from_id: str | None
    to_id: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned:
    """An open lead without an owner.

    Attributes:
        signal_at: When its first signal reached us.
        has_clock: A clock runs that tells somebody, or told.
        has_score: A decision rated it, so that an owner can be looked for.
        retry_at: When an owner is looked for next.
    """

    lead_id: str
    signal_at: datetime
    has_clock: bool
    has_score: bool
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLeads:
    """How the open leads stand, read in one snapshot.

    Attributes:
        open: All of them.
        owned: Those with an owner, a present assignment and, until they are touched, a clock.
        waiting: Those without an owner for which one is looked for and a clock runs.
        late: Those among ``waiting`` that wait longer than the limit.
        unexplained: All others; 0 is what is promised.
    """

    open: int
    owned: int
    waiting: int
    late: int

    @property
    def unexplained(self) -> int:
        """Open leads that have neither an owner in order nor a wait in order."""
        return self.open - self.owned - self.waiting


class Owners(Protocol):
    """Who has open leads, which of them are astray, and what people moved by hand."""

    def newest(self, limit: int) -> tuple[str, ...]:
        """Return leads that were decided here, open or not, the newest first."""

    def owners_of_open_leads(self) -> tuple[str, ...]:
        """Return the ids of reps that have open leads, by id."""

    def open_leads_of(self, rep_ids: Sequence[str], limit: int) -> tuple[str, ...]:
        """Return open leads of these reps: untouched ones first, by tier, then the oldest."""

    def unowned(self, limit: int) -> tuple[Unowned, ...]:
        """Return open leads without an owner, by tier, then the oldest."""

    def without_assignment(self, limit: int) -> tuple[str, ...]:
        """Return open leads whose owner has no present assignment."""

    def of_other_owner(self, limit: int) -> tuple[str, ...]:
        """Return open leads that name another owner than their present assignment."""

    def name_owner(self, lead_id: str) -> None:
        """Write the owner of the present assignment into the lead; none where there is none."""

    def without_clock(self, limit: int) -> tuple[str, ...]:
        """Return open, untouched leads whose present assignment never had a clock."""

    def stray_clocks(self, limit: int, *, only_live: bool = False) -> tuple[str, ...]:
        """Return keys of clocks that run for a closed lead or for an assignment that ended.

        Args:
            limit: At most so many.
            only_live: Of those that may fire or are of open leads alone: for these there are
                indexes, and every clock that ever was need not be looked at.
        """

    def open_leads(self, late_before: datetime) -> OpenLeads:
        """Return how the open leads stand; those without an owner since before a time are late."""

    def waiting(self, tier: Tier, before: datetime, limit: int) -> tuple[str, ...]:
        """Return rated leads of a tier that look for an owner and may have one, oldest first.

        Args:
            tier: The tier.
            before: Those are left out that look again only later, such as after a review.
            limit: How many at most.
        """

    def wanting_another(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return open leads with an owner for which another one is looked for now."""

    def look_no_more(self, lead_id: str) -> None:
        """Write that no other owner is looked for."""

    def add_override(self, override: Override) -> None:
        """Keep what a person moved by hand."""

    def overrides(self, since: datetime) -> tuple[Override, ...]:
        """Return what people moved by hand from ``since`` on, oldest first."""

    def override_counts(self) -> Mapping[str, int]:
        """Return how often leads were taken from each rep by hand; ``-`` for leads without one."""
