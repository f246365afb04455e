"""What a store keeps of intake: counts by source and hour, what could not be taken, API keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHour:
    """Signals of one source that came in one hour.

    Attributes:
        hour: Its beginning, in UTC.
        without_email: Those without an address.
        without_key: Those without address, domain, phone and id.
    """

    source: str
    hour: datetime
    received: int
    without_email: int
    without_key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSignal:
    """A signal that could not be taken and that its sender may not send again.

    Attributes:
        code: ``conflict`` for an event id that came before with another body, else ``bad_input``.
        reason: Why, in words, without what the body holds.
        body: The body as JSON; personal, and gone after the days of the policy.
    """

    key: str
    at: datetime
    source: str
    event_id: str
    code: str
    reason: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An API key without its secret.

    Attributes:
        prefix: How it begins; names it.
        used_at: When it was last used, to the hour.
    """

    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class Intake(Protocol):
    """What came in, and what could not be taken."""

    def count(self, hours: Iterable[SourceHour]) -> None:
        """Add to the counts of sources and hours."""

    def hours(self, since: datetime, until: datetime) -> Sequence[SourceHour]:
        """Return the counts of every source from ``since`` on and before ``until``, in order."""

    def refuse(self, refused: RefusedSignal, email: str | None) -> bool:
        """Keep what could not be taken; ``False`` when it is kept already or too much is kept."""

    def refused(self, limit: int, after: str | None = None) -> tuple[RefusedSignal, ...]:
        """Return what could not be taken, newest first, behind the key ``after``."""

    def refused_count(self) -> int:
        """Return how many are kept."""

    def drop_refused(self, before: datetime) -> int:
        """Forget what could not be taken before a time; return how many."""

    def forget(self, email: str) -> int:
        """Forget what a person's normalised address stands in; return how many."""


class AccessKeys(Protocol):
    """API keys by their hash."""

    def add(
        self,
        key_hash: bytes,
        prefix: str,
        scope: str,
        at: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """Keep a key's hash."""

    def scope(self, key_hash: bytes, now: datetime) -> str | None:
        """Return the scope of the key with this hash, unless it has ended."""

    def all(self) -> tuple[AccessKey, ...]:
        """Return every key, oldest first."""

    def revoke(self, prefix: str, at: datetime) -> bool:
        """End a key; ``False`` when there is none of this prefix that holds."""

    def used(self, key_hash: bytes, at: datetime) -> None:
        """Write that a key was used."""
