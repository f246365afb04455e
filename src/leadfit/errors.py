"""The errors Leadfit raises: each says what came, what is allowed and what to do next.

Two children of :class:`LeadfitError` decide whether anyone tries again:
:class:`Retryable` and :class:`Permanent`. Every concrete class has a fixed ``code``, keeps its
data as fields, and has a page in the documentation under that code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with an input, by place.

    Attributes:
        place: Where it stands: a file with row and column, or a path such as ``tiers.1.sla``.
        came: What was found there, shortened to a readable length.
        allowed: What may stand there.
    """

    place: str
    came: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.place}: came {self.came}; allowed: {self.allowed}"


class Words(str):
    """Words about what came, shown as they are instead of as a quoted value."""

    __slots__ = ()


def shorten(value: object, limit: int = 80) -> str:
    """Return ``repr(value)`` cut to ``limit`` characters, so that a message stays readable.

    >>> shorten("x" * 200, 12)
    "'xxxxxxx... (202 characters)"
    >>> shorten(Words("no such column"))
    'no such column'
    """
    if isinstance(value, Words):
        return str(value)
    shown = repr(value)
    return shown if len(shown) <= limit else f"{shown[: limit - 4]}... ({len(shown)} characters)"


class LeadfitError(Exception):
    """The parent of every error Leadfit raises on purpose."""

    code: ClassVar[str] = "leadfit"
    exit_code: ClassVar[int] = 4


class Permanent(LeadfitError):  # noqa: N818 -- the class decides about a retry and reads as that
    """Trying again with the same input gives the same error."""

    code = "permanent"
    exit_code = 2


class Retryable(LeadfitError):  # noqa: N818 -- the class decides about a retry and reads as that
    """Trouble that may pass: the same call may succeed later."""

    code = "retryable"
    exit_code = 3


class BadInput(Permanent):
    """Files, a mapping, a body or an option hold something that is not allowed.

    Attributes:
        faults: Every fault that was found, in the order of their places.
    """

    code = "bad_input"

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class BadPolicy(BadInput):
    """The policy folder cannot be used; every fault in it is named at once."""

    code = "bad_policy"


class NotFound(Permanent):
    """No record has the id that was asked for.

    Attributes:
        kind: The kind of record, such as ``lead``.
        record_id: What came.
    """

    code = "not_found"

    def __init__(self, kind: str, record_id: str, why: str | None = None) -> None:
        self.kind = kind
        self.record_id = record_id
        super().__init__(why or f"no {kind} has the id {shorten(record_id)}")


class Conflict(Permanent):
    """The same source and event id came before with another body.

    Attributes:
        source: The source that sent it.
        event_id: The id that was used twice.
    """

    code = "conflict"

    def __init__(self, source: str, event_id: str) -> None:
        self.source = source
        self.event_id = event_id
        super().__init__(
            f"event {shorten(event_id)} of source {shorten(source)} came before with another body; "
            "send a new event_id for a new event"
        )


class NotPossible(Permanent):
    """What was asked for does not fit how things stand now, such as a second decision of a review.

    Attributes:
        subject: The record it is about, such as ``review review_1``.
    """

    code = "not_possible"

    def __init__(self, subject: str, why: str) -> None:
        self.subject = subject
        super().__init__(f"{subject}: {why}")


class MissingExtra(Permanent):
    """A part of Leadfit was asked for that is installed by an extra.

    Attributes:
        extra: The name of the extra, such as ``learn``.
    """

    code = "missing_extra"

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(
            f"{what} needs the extra '{extra}': pip install 'leadfit[{extra}]', "
            f"in a clone pip install '.[{extra}]'"
        )


class DamagedStore(Permanent):
    """The store or its event log is not what Leadfit wrote.

    Attributes:
        place: The table and row where the damage shows.
    """

    code = "damaged_store"

    def __init__(self, place: str, what: str) -> None:
        self.place = place
        super().__init__(f"{place}: {what}; restore the last backup")


class StoreBusy(Retryable):
    """The store cannot take more work now.

    Attributes:
        retry_after_s: Seconds after which a new try is welcome.
        elsewhere: Another process is the one that writes: nothing was begun here.
    """

    code = "store_busy"

    def __init__(self, what: str, retry_after_s: float = 1.0, *, elsewhere: bool = False) -> None:
        self.retry_after_s = retry_after_s
        self.elsewhere = elsewhere
        super().__init__(f"{what}; try again in {retry_after_s:g} s")


class EngineFailed(Retryable):
    """An engine beside Leadfit's own gave up in the middle of its work; nothing was written.

    Attributes:
        engine: Its name, such as ``spark``.
    """

    code = "engine_failed"

    def __init__(self, engine: str, what: str) -> None:
        self.engine = engine
        super().__init__(f"{engine} gave up: {what}")
