"""What the store keeps so that a decision can be made again, and what it says of erased persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from leadfit.records import Signal

Statement = Mapping[str, Mapping[str, object]]
"""Personal values of one signal: ``identifiers``, ``facts``, ``text`` and ``subject``."""

People = Mapping[str, Mapping[str, object]]
"""Personal values that a decision looked at, by the id of the contact they are of."""


class ContentKind(StrEnum):
    """What decisions are made by and name by its digest."""

    POLICY = "policy"
    ARTIFACT = "artifact"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A policy, artifact or model card that decided.

    Attributes:
        digest: Its digest, by which decisions name it.
        seq: Number of the row of the log that tells of it.
        body: A policy's files as a JSON object of texts; an artifact or card as its JSON.
    """

    digest: str
    kind: ContentKind
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A stored decision with what it was made from, as a replay wants it.

    Attributes:
        seq: Number of its row in the log.
        text: Its canonical JSON, without the personal values that its sentences quoted.
        signal: The signal it was made on, as far as it was not erased.
        statement: The personal values of that signal.
        inputs: What it was made from, without personal values; its form is that of
            :mod:`leadfit.pipeline.tape`.
        people: Personal values of contacts that it looked at.
        is_erased: The person the signal was of was erased since.
        lacks_people: A contact it looked at was erased since.
    """

    decision_id: str
    seq: int
    lead_id: str | None
    policy_digest: str
    artifact_digest: str | None
    text: str
    signal: Signal
    statement: Statement
    inputs: Mapping[str, object]
    people: People
    is_erased: bool = False
    lacks_people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A stored decision of which something was changed, so that it cannot even be read.

    Attributes:
        seq: Number of its row in the log.
        why: What cannot be read, in words.
    """

    decision_id: str
    seq: int
    lead_id: str | None
    why: str


class Contents(Protocol):
    """Policies, artifacts and model cards that decided, each kept once under its digest."""

    def keep(
        self, kind: ContentKind, digest: str, at: datetime, content: Callable[[], bytes]
    ) -> None:
        """Keep a content before the first decision that names it; once by its digest."""

    def get(self, digest: str) -> Content | None:
        """Return what is kept under a digest."""

    def each(self) -> Iterator[Content]:
        """Yield everything that is kept, in the order of the log."""


class ToldDecisions(Protocol):
    """Decisions with what they were made from, in the order of the log."""

    def bounds(self, since: datetime | None) -> tuple[int, int, int]:
        """Return the log numbers of the first and last decision from a time on, and how many.

        The numbers are 0 where there is none.
        """

    def page(self, after: int, last: int, limit: int) -> tuple[Told | Unreadable, ...]:
        """Return decisions behind one number of the log, up to another."""

    def of(self, decision_id: str) -> Told | Unreadable | None:
        """Return one decision."""

    def without_inputs(self) -> int:
        """Return how many decisions an older Leadfit made, of which less was kept."""
