"""What the store keeps of clocks that ran out: the steps, whom they are told to, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from leadfit.records import Action, Assignment, ClockKind, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A step of a clock that ran out, as it was taken.

    Attributes:
        key: The clock and the step; taken once.
        step: Name of the step in the ladder of the tier; ``late`` for a clock without a ladder.
        owner_id: Who owned the lead then; ``None`` for a lead without an owner.
    """

    key: str
    kind: ClockKind
    step: str
    lead_id: str
    assignment_id: str | None
    owner_id: str | None
    tier: Tier | None
    due_at: datetime
    fired_at: datetime

    @property
    def late_by_s(self) -> float:
        """Seconds by which it fired after it was due."""
        return (self.fired_at - self.due_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Notices of one kind that wait to be told to one person at one destination.

    Attributes:
        number: How many.
        told_at: When that person was last told of the like there.
    """

    recipient: str
    kind: str
    destination: str
    number: int
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A storm that is being told of: its notices are gathered, and then one action is queued.

    Attributes:
        key: Key of the action.
        storm: As it stood when it began; what comes later is told later.
    """

    key: str
    storm: Storm
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A person's touch of a lead."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """An assignment with its deadline, and what became of it.

    Attributes:
        deadline_at: By when the first touch was promised.
        ended_at: When another assignment took its place.
        stopped_at: When its clock stopped, and ``stopped_by`` what.
        breached_at: When the first step of its ladder fired.
        touches: Every touch of the lead, oldest first; some may belong to other assignments.
    """

    assignment: Assignment
    deadline_at: datetime
    ended_at: datetime | None
    stopped_at: datetime | None
    stopped_by: str | None
    breached_at: datetime | None
    touches: tuple[Touch, ...] = ()


class Breaches(Protocol):
    """Steps that were taken, what is told of them, and how assignments were handled."""

    def add(self, breach: Breach) -> None:
        """Keep a step that was taken; once by its key."""

    def between(self, start: datetime, end: datetime) -> tuple[Breach, ...]:
        """Return the steps that fired from ``start`` up to ``end``, in that order."""

    def notify(self, action: Action) -> None:
        """Keep what is to be told, for each of its recipients by itself; once by its key."""

    def waiting(self) -> tuple[Storm, ...]:
        """Return what waits to be told, by person, kind and destination."""

    def first(self, storm: Storm, limit: int) -> tuple[Action, ...]:
        """Return notices of a storm that wait, in the order in which they were due."""

    def tell(self, keys: Sequence[str], by: str, at: datetime) -> None:
        """Write that notices were told, or are being told, by the action with the key ``by``."""

    def told_at(self, storm: Storm) -> datetime | None:
        """Return when the person of a storm was last told of the like there."""

    def begin_telling(self, telling: Telling) -> None:
        """Write that a storm is being told of; once by its key."""

    def tellings(self) -> tuple[Telling, ...]:
        """Return what is being told of and has not ended, the longest first."""

    def gathered(self, telling: Telling) -> tuple[Action, ...]:
        """Return the notices that are told by a telling, in the order in which they were due."""

    def count_gathered(self, telling: Telling) -> int:
        """Return how many notices are told by a telling."""

    def end_telling(self, key: str, at: datetime) -> bool:
        """Write that a telling has ended; ``False`` when it had before."""

    def withdraw(self, lead_id: str, at: datetime) -> int:
        """Let the notices of a lead rest that were not told yet; return how many."""

    def told(self, start: datetime, end: datetime) -> tuple[tuple[str, str, int], ...]:
        """Return person, kind and number of notices of each action told from ``start`` on."""

    def handled(self, start: datetime, end: datetime) -> tuple[Handled, ...]:
        """Return the assignments whose deadline lies from ``start`` up to ``end``, in order."""


class Unbegun(Protocol):
    """Actions of a lead that wait, or are being sent and may have to wait again."""

    def of_lead(self, lead_id: str) -> tuple[Action, ...]:
        """Return them in the order in which they are due."""

    def readdress(self, action: Action) -> bool:
        """Write for whom and for which assignment one is done; ``False`` if it was begun."""

    def cancel(self, keys: Sequence[str], at: datetime) -> int:
        """Cancel those with these keys; return how many.

        One that is being sent may still be taken; it is cancelled if this try does not end it.
        """
