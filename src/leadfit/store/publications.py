"""What the store keeps of policies and artifacts that were put in force, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Change(StrEnum):
    """How rules came in force."""

    APPLY = "apply"
    """A plan was applied."""
    ROLLBACK = "rollback"
    """What was in force before came back."""
    PEOPLE = "people"
    """Who works here and when changed in the folder; nobody waits for a review of that."""
    LEARNED = "learned"
    """An artifact was put in force by learning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Rules that were put in force.

    Attributes:
        number: 1 for the first; each next one is one more.
        policy_digest: Digest of the policy in force from here on.
        artifact_digest: Digest of the artifact in force from here on, or ``None``.
        by: Who did it.
        reason: Why.
        plan_digest: Digest of the plan that was applied, or ``None``.
        restores: Number of the publication whose rules came back; 0 for those before the first.
        before_policy: Digest of the policy in force until here.
        before_artifact: Digest of the artifact in force until here, or ``None``.
    """

    number: int
    at: datetime
    change: Change
    policy_digest: str
    artifact_digest: str | None
    by: str
    reason: str
    before_policy: str
    before_artifact: str | None = None
    plan_digest: str | None = None
    restores: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """The last row of the log: its number and its hash in hexadecimal digits."""

    seq: int
    hash: str


class Publications(Protocol):
    """Rules that were put in force, each with its row in the log."""

    def latest(self) -> Publication | None:
        """Return the last one, which says what is in force."""

    def all(self) -> tuple[Publication, ...]:
        """Return all of them, the first one first."""

    def add(self, publication: Publication) -> None:
        """Write one, in the log as well.

        Raises:
            ValueError: Its number does not follow that of the last one.
        """

    def deciding(self) -> str | None:
        """Return the digest of the policy by which the latest decision was made, if it is kept."""

    def head(self) -> LogHead:
        """Return the last row of the log; number 0 while it is empty."""

    def hash_of(self, seq: int) -> str | None:
        """Return the hash of a row of the log, in hexadecimal digits."""

    def withhold(self, at: datetime) -> int:
        """Let nothing that waits be sent or told any more; return how many actions.

        What was decided while nothing was acted on must not be acted on later. Clocks of leads of
        which nobody was told stop for good; those of leads with which somebody may be late run on.
        """
