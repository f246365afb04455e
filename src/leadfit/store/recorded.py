"""Recorded decisions as a rehearsal of other rules wants them, and what became of the leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from leadfit.records import Facts, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision:
    """A decision that rated a lead.

    Attributes:
        seq: Number of its row in the log.
        body: The decision as JSON types, without personal values.
        personal: Personal facts of its subject.
        inputs: What it was told, as canonical JSON, for a decision that opened a lead.
        is_erased: The person was erased since, and facts may be missing.
    """

    seq: int
    decision_id: str
    lead_id: str
    policy_digest: str
    artifact_digest: str | None
    body: Mapping[str, object]
    personal: Facts
    inputs: str | None
    is_erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a lead.

    Attributes:
        opened_at: When it was opened.
        assigned_at: When it got its first owner, and ``owner_id`` who that was.
        touched_at: When a person first touched it.
        won: It converted.
    """

    lead_id: str
    opened_at: datetime
    tier: Tier | None
    owner_id: str | None
    assigned_at: datetime | None
    touched_at: datetime | None
    is_open: bool
    won: bool


class RecordedDecisions(Protocol):
    """Reads decisions in the order of the log; nothing is written."""

    def page(self, after: int, last: int, limit: int) -> tuple[tuple[RecordedDecision, ...], int]:
        """Return decisions that rated a lead, and the number of the log to go on behind.

        At most ``limit`` decisions behind ``after`` and up to ``last`` are looked at; the number is
        ``last`` when there are no more.
        """

    def incumbents(self, contact_ids: Sequence[str]) -> Mapping[str, tuple[str | None, str | None]]:
        """Return owner and account of the latest imported lead of each contact that has one."""

    def withheld(self) -> int:
        """Return how many actions were put on record alone."""

    def fates(self, since: datetime | None) -> tuple[Fate, ...]:
        """Return what became of every live lead that was opened from a time on."""
