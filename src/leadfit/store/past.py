"""The recorded past as the store keeps it, and what every store does with it.

Nothing in it names a person: contacts stand by their id, free text stays out, and facts, reasons
and values that tell of a person are left out where they are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leadfit.history import FactColumn, MeaningfulUse, Step, Table
from leadfit.records import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PastExport:
    """What an import said about its whole.

    Attributes:
        as_of: Nothing later was in it.
        observed_until: By outcome, how far it was watched where that is earlier.
        events: The kinds of events it held.
    """

    as_of: datetime
    unit: str = "lead"
    times_known: bool = True
    meaningful_use: MeaningfulUse = field(default_factory=MeaningfulUse)
    fact_columns: tuple[FactColumn, ...] = ()
    observed_until: Mapping[str, datetime] = field(default_factory=dict)
    proxies: Mapping[Step, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLead:
    """What a past lead has beyond its record.

    Attributes:
        created_at: As recorded; ``None`` where the export has no times.
        extras: ``campaign``, ``region``, ``rep_id``, ``score`` and ``tier`` as they were written.
    """

    lead_id: str
    created_at: datetime | None
    extras: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """One event of the past.

    Attributes:
        key: The same event has the same key in every export; 16 bytes.
        amount: Minor units.
    """

    key: bytes
    at: datetime | None
    kind: str
    account_id: str
    lead_id: str | None = None
    contact_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFact:
    """A fact of an account that arose or changed at a known time."""

    account_id: str
    fact: str
    known_at: datetime
    value: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSpend:
    """Acquisition spend of a month and channel, in minor units."""

    month: datetime
    channel: str
    amount: int
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Everything recorded up to a time, in a fixed order.

    Attributes:
        exports: What imports said, the oldest ``as_of`` first.
        leads: ``lead_id``, ``created_at``, ``account_id``, ``source``, ``owner_id``, ``tier``,
            ``is_live``, ``facts`` (as they were when a live lead was opened) and ``extras``.
        accounts: ``account_id``, ``parent_account_id``, ``country``, ``created_at``,
            ``owner_id`` and ``facts``.
        events: ``at``, ``kind``, ``lead_id``, ``account_id``, ``amount`` (minor units),
            ``currency``, ``reason``, ``value`` and ``told``: the facts of a live signal, else
            ``None``; imported events first, live ones after them.
        live_from: Row of the first live event.
        facts: ``account_id``, ``fact``, ``value``, ``known_at``.
        spend: ``month``, ``channel``, ``amount`` (minor units), ``currency``.
    """

    exports: tuple[PastExport, ...]
    leads: Table
    accounts: Table
    events: Table
    live_from: int
    facts: Table
    spend: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountScore:
    """The learned score of an account, with its version and age.

    Attributes:
        artifact_digest: The artifact it was made by.
        as_of: Time up to which that artifact looked at the past.
        scored_at: When the score last changed.
    """

    account_id: str
    score: float
    detractor: float
    flagged: bool
    artifact_digest: str
    as_of: datetime
    scored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRun:
    """One run of learning.

    Attributes:
        artifact_digest: What it learned; ``None`` where nothing could be learned.
        published: It was put in force.
        body: Verdict, outcomes and what else is asked of the latest run, as JSON values.
    """

    at: datetime
    as_of: datetime
    artifact_digest: str | None
    published: bool
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAccount:
    """What scoring looks at of an account: its facts, then those of its latest lead."""

    account_id: str
    country: str | None
    facts: Mapping[str, Fact]
    lead_facts: Mapping[str, Fact]


class PastRecords(Protocol):
    """The recorded past, runs of learning, and scores of accounts."""

    def add_export(self, export: PastExport, at: datetime) -> bool:
        """Keep what an import said of its whole; ``False`` where the same was said before."""

    def exports(self) -> tuple[PastExport, ...]:
        """Return what imports said, the oldest ``as_of`` first."""

    def add_leads(self, leads: Iterable[PastLead]) -> int:
        """Keep what past leads have beyond their records; return how many are new."""

    def add_events(self, events: Iterable[PastEvent]) -> int:
        """Add events whose keys are not there; return how many are new."""

    def add_facts(self, facts: Iterable[PastFact]) -> int:
        """Add facts that are not there, by account, name and time; return how many are new."""

    def add_spend(self, spend: Iterable[PastSpend]) -> int:
        """Write spend by month, channel and currency; return how many amounts are new."""

    def latest_event(self) -> datetime | None:
        """Return the time of the latest import, outcome, use or feedback."""

    def recorded(self, as_of: datetime) -> Recorded:
        """Return everything recorded up to ``as_of``, imported and live."""

    def add_learning(self, learning: LearningRun) -> int:
        """Keep a run of learning, in the log too; return its number."""

    def learnings(self, limit: int) -> tuple[LearningRun, ...]:
        """Return runs of learning, newest first."""

    def to_score(self, after: str | None, limit: int) -> Sequence[ScoredAccount]:
        """Return what scoring looks at of the next accounts, by their ids."""

    def scores_of(self, account_ids: Sequence[str]) -> Mapping[str, AccountScore]:
        """Return the scores of accounts that have one."""

    def keep_scores(self, scores: Iterable[AccountScore]) -> int:
        """Write scores that differ from what is there; return how many did."""
