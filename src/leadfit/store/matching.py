"""What the store keeps of matching: links that were made, pairs to review, merges.

A merge is a pointer from the absorbed record to the survivor; no row is moved and none is changed.
Every reading follows the pointer, so that undoing a merge is the exact inverse of making it,
however many leads came in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from leadfit.records import Band, Candidate, Reason, Relation
from leadfit.resolve.model.card import RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How the signal that opened a lead was matched.

    Attributes:
        account_id: The account the lead belongs to after resolution, or ``None``.
        is_new_account: The account was made for this lead, from a domain nobody held.
        card_digest: The model card that weighed it; ``None`` where rules alone decided.
    """

    signal_id: str
    lead_id: str | None
    decided_at: datetime
    band: Band
    probability: float
    method: str
    account_id: str | None = None
    possible_account_id: str | None = None
    is_new_account: bool = False
    card_digest: str | None = None


class ReviewKind(StrEnum):
    """Why a person is asked."""

    LINK = "link"
    """A lead waits for its account."""
    DUPLICATE = "duplicate"
    """Two records may be one entity."""
    AUDIT = "audit"
    """A link that was made at once is looked at afterwards."""
    MISSED = "missed"
    """A pair that was not linked is looked at, to count what is missed."""
    STATED = "stated"
    """Nobody was asked: a person put a lead into an account, or took it out of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A pair a person is asked about, and what was decided.

    Attributes:
        left_id: The record in question: the lead's contact or the lead for a link, or a record.
        right_id: The candidate it may be.
        lead_id: The lead that waits for the answer, if one does.
        stratum: Which part of a sample it was drawn from, such as ``0.90-0.97``. For a lead in
            doubt, every one of which is asked about, why its address is weak, such as
            ``role_mailbox`` or ``free_mail``; else ``all``.
        chosen_with: Probability with which the pair was drawn into the sample; 1 for all.
        evidence: The weight of each comparison in bits, as reasons; no personal value.
        due_at: End of the review clock; ``None`` where nobody waits.
        alerted_at: When the reviewers were told that it is overdue or urgent.
        decided_at: When it was decided, or ended without an answer.
        relation: What the reviewer decided; ``None`` while it is open, and without an answer.
    """

    review_id: str
    kind: ReviewKind
    record_kind: RecordKind
    left_id: str
    right_id: str
    probability: float
    opened_at: datetime
    lead_id: str | None = None
    signal_id: str | None = None
    stratum: str = "all"
    chosen_with: float = 1.0
    card_digest: str | None = None
    evidence: tuple[Reason, ...] = ()
    due_at: datetime | None = None
    alerted_at: datetime | None = None
    decided_at: datetime | None = None
    reviewer: str | None = None
    relation: Relation | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Nobody has decided yet."""
        return self.decided_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two records that were found to be one.

    Attributes:
        survivor_id: The record that stands for both; ids are stable, it keeps its own.
        absorbed_id: The record that now points to it.
        by: Who merged: a reviewer, or ``auto``.
        evidence: The weight of each comparison in bits.
        provenance: For each field of the merged record, the id of the record it came from.
        closed_lead_id: The open lead that gave way to the other record's older one.
        undone_at: When it was taken back, or ``None`` while it holds.
    """

    merge_id: str
    record_kind: RecordKind
    survivor_id: str
    absorbed_id: str
    merged_at: datetime
    by: str
    reason: str | None = None
    review_id: str | None = None
    probability: float | None = None
    card_digest: str | None = None
    evidence: tuple[Reason, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    closed_lead_id: str | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Records that share a blocking key with a signal.

    Attributes:
        candidates: Those that share the rarest keys first, then by id.
        skipped: Rules one of whose keys too many records share; nothing was looked up by it.
        left_out: Records beyond the cap, which were found and not compared.
    """

    candidates: tuple[Candidate, ...] = ()
    skipped: tuple[str, ...] = ()
    left_out: int = 0


class Links(Protocol):
    """How leads were matched."""

    def add(self, link: Link) -> None:
        """Keep how a signal was matched; once by its signal."""

    def between(self, start: datetime, end: datetime) -> tuple[Link, ...]:
        """Return links decided from ``start`` up to ``end``, exclusive, in order of time."""


class Reviews(Protocol):
    """The review queue."""

    def open(self, review: Review) -> bool:
        """Ask about a pair; ``False`` where the same question is open already."""

    def get(self, review_id: str) -> Review | None:
        """Return a review."""

    def waiting(
        self, limit: int, *, after: str | None = None, kind: ReviewKind | None = None
    ) -> tuple[Review, ...]:
        """Return open reviews behind the review ``after``, those due first, then by age."""

    def of_lead(self, lead_id: str) -> tuple[Review, ...]:
        """Return the reviews of a lead, the open ones first."""

    def of_contact(self, contact_id: str) -> tuple[Review, ...]:
        """Return reviews of every lead that a contact had a part in, without words, newest first.

        Who answered and why stay out: what a decision is told is kept beside it.
        """

    def overdue(self, now: datetime, limit: int) -> tuple[Review, ...]:
        """Return open reviews that are past due and about which nobody was told."""

    def alerted(self, review_id: str, at: datetime) -> None:
        """Write that the reviewers were told."""

    def decide(
        self, review_id: str, relation: Relation, *, at: datetime, reviewer: str, reason: str | None
    ) -> bool:
        """Write what a reviewer decided; ``False`` where somebody decided before."""

    def unanswered(self, now: datetime, strata: Collection[str], limit: int) -> tuple[Review, ...]:
        """Return open reviews of leads of some strata that are past due, those due first."""

    def close(self, review_id: str, at: datetime, reason: str) -> bool:
        """End a review without an answer; ``False`` where it is decided or ended."""

    def decided(self, start: datetime, end: datetime) -> tuple[Review, ...]:
        """Return reviews decided from ``start`` up to ``end``, exclusive, in order of time."""

    def opened(self, start: datetime, end: datetime) -> tuple[Review, ...]:
        """Return reviews opened from ``start`` up to ``end``, exclusive, in order of time."""


class Merges(Protocol):
    """Merges and their undoing."""

    def make(self, merge: Merge) -> None:
        """Point the absorbed record to the survivor.

        Raises:
            NotPossible: One is not there, is merged into another already, or both are the same.
        """

    def undo(self, merge_id: str, *, at: datetime, by: str, reason: str | None) -> bool:
        """Take a merge back; ``False`` where it was taken back before."""

    def closes(self, merge_id: str, lead_id: str | None) -> None:
        """Write which open lead gives way while this merge holds, if one does."""

    def get(self, merge_id: str) -> Merge | None:
        """Return a merge."""

    def of(self, record_id: str) -> tuple[Merge, ...]:
        """Return the merges a record has part in, newest first."""

    def survivor(self, kind: RecordKind, record_id: str) -> str:
        """Return the record that stands for ``record_id``: itself, if it is not merged."""

    def members(self, kind: RecordKind, record_id: str) -> Sequence[str]:
        """Return the records that ``record_id`` stands for: itself, then in the order they came."""
