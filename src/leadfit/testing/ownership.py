"""Holds the history of owners to what is promised of it; shares no code with what it checks.

It reads rows by its own statements, from either store, and computes nothing the way routing does:
capacity is counted by sliding a window over what was given, not by slots.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, Protocol

_MICROSECOND: Final = timedelta(microseconds=1)


class _Rows(Protocol):
    """Answer of a statement."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class Connection(Protocol):
    """A driver's connection, of SQLite or PostgreSQL."""

    def execute(self, statement: str, /) -> _Rows:
        """Run a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A lead in the hands of one owner; ``end_us`` is ``None`` while it is."""

    lead_id: str
    owner_id: str
    tier: int
    rule: str
    pool: str | None
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """A lead, who it says owns it, and whether it is open."""

    lead_id: str
    owner_id: str | None
    created_us: int
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A time in which it is on record that a lead waits for an owner."""

    lead_id: str
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Everything the checks look at; spans of a lead in their order."""

    leads: tuple[Existence, ...]
    spans: Mapping[str, Sequence[Span]]
    waits: Mapping[str, Sequence[Wait]]

    def given(self) -> Iterator[Span]:
        """Yield every span in the order in which leads were given."""
        every = (span for spans in self.spans.values() for span in spans)
        yield from sorted(every, key=lambda span: (span.start_us, span.lead_id))


def read(connection: Connection) -> Ownership:
    """Read the history of owners.

    Args:
        connection: To the store, in a transaction of its own or in none.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    for lead_id, owner_id, start_us, end_us, body in connection.execute(
        "SELECT lead_id, owner_id, assigned_us, ended_us, body FROM assignments"
        " ORDER BY lead_id, assigned_us, CASE WHEN ended_us IS NULL THEN 1 ELSE 0 END, ended_us"
    ):
        told = json.loads(body)
        spans[lead_id].append(
            Span(
                lead_id=lead_id,
                owner_id=owner_id,
                tier=int(told["tier"]),
                rule=told["place"]["rule"],
                pool=told["place"].get("pool"),
                start_us=start_us,
                end_us=end_us,
            )
        )
    waits: dict[str, list[Wait]] = defaultdict(list)
    for lead_id, start_us, end_us in connection.execute(
        "SELECT lead_id, started_us, stopped_us FROM clocks WHERE kind = 'signal_to_assignment'"
    ):
        waits[lead_id].append(Wait(lead_id=lead_id, start_us=start_us, end_us=end_us))
    leads = tuple(
        Existence(lead_id=lead_id, owner_id=owner_id, created_us=created_us, is_open=bool(is_open))
        for lead_id, owner_id, created_us, is_open in connection.execute(
            "SELECT lead_id, owner_id, created_us, is_open FROM leads WHERE is_imported = 0"
            " ORDER BY lead_id"
        )
    )
    return Ownership(leads=leads, spans=spans, waits=waits)


def overlaps(history: Ownership) -> list[str]:
    """Return every moment at which a lead had two owners, or names another than it has."""
    found = []
    for lead in history.leads:
        spans = history.spans.get(lead.lead_id, ())
        for one, other in pairwise(spans):
            if one.end_us is None or one.end_us > other.start_us:
                found.append(
                    f"{lead.lead_id} had the owners {one.owner_id} and {other.owner_id}"
                    f" at {other.start_us}"
                )
        last = spans[-1] if spans else None
        holds = last.owner_id if last is not None and last.end_us is None else None
        if holds != lead.owner_id:
            found.append(f"{lead.lead_id} names {lead.owner_id} and was given to {holds}")
    return found


def gaps(history: Ownership) -> list[str]:
    """Return every time in which a lead had no owner and nothing on record says that it waits."""
    found = []
    for lead in history.leads:
        spans, waits = history.spans.get(lead.lead_id, ()), history.waits.get(lead.lead_id, ())
        since: int | None = lead.created_us
        for span in spans:
            if since is not None and since < span.start_us:
                found += _unexplained(lead.lead_id, since, span.start_us, waits)
            since = span.end_us
        if since is not None and lead.is_open:
            found += _unexplained(lead.lead_id, since, None, waits)
    return found


def _unexplained(lead_id: str, start: int, end: int | None, waits: Sequence[Wait]) -> list[str]:
    for wait in waits:
        ends_late = wait.end_us is None or (end is not None and wait.end_us >= end)
        if wait.start_us <= start and ends_late:
            return []
    return [f"{lead_id} had no owner from {start} to {end}, and nothing says that it waited"]


def over_capacity(
    history: Ownership,
    slots: Callable[[str], int],
    *,
    window: timedelta = timedelta(hours=48),
    tiers: frozenset[int] = frozenset({1}),
) -> list[str]:
    """Return every window in which a rep was given more leads than the rep has slots.

    Args:
        history: The history.
        slots: Slots of a rep.
        window: Its length; a lead given at its very end belongs to the next.
        tiers: Tiers that count.
    """
    times: dict[str, list[int]] = defaultdict(list)
    for span in history.given():
        if span.tier in tiers:
            times[span.owner_id].append(span.start_us)
    return [
        f"{rep_id} was given {count} leads in the window from {start}, {slots(rep_id)} are allowed"
        for rep_id, given in sorted(times.items())
        for start, count in beyond(given, slots(rep_id), window)
    ]


def beyond(given_us: Sequence[int], slots: int, window: timedelta) -> Iterator[tuple[int, int]]:
    """Yield windows that hold more than ``slots`` times, by their start, with how many they hold.

    Args:
        given_us: Times in microseconds, sorted.
        slots: How many a window may hold.
        window: Its length, its end excluded.

    >>> list(beyond([0, 1, 2], 2, timedelta(microseconds=2)))
    []
    >>> list(beyond([0, 1, 2], 2, timedelta(microseconds=3)))
    [(0, 3)]
    """
    length, last = window // _MICROSECOND, 0
    for first, start in enumerate(given_us):
        while last < len(given_us) and given_us[last] < start + length:
            last += 1
        if last - first > slots:
            yield start, last - first


def spread(history: Ownership, pool: str, reps: Sequence[str]) -> int:
    """Return how far apart these reps ever were in the leads a pool's rotation gave them.

    Args:
        history: The history.
        pool: The pool, such as ``round_robin/1``.
        reps: Equal reps, who were there all the time.
    """
    counts, worst = dict.fromkeys(reps, 0), 0
    for span in history.given():
        if span.pool == pool and span.owner_id in counts:
            counts[span.owner_id] += 1
            worst = max(worst, max(counts.values()) - min(counts.values()))
    return worst
