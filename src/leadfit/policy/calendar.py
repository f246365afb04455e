"""Working time: hours text, holidays, leave and daylight saving, exact to the second.

Local times that a clock skips count as the moment of the skip; local times that come twice count
at their first coming. A shift belongs to the day on which it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from leadfit.records import Rep

Span = tuple[int, int]
"""Minutes from the local midnight; an end past 1440 lies on the next day."""
Week = tuple[tuple[Span, ...], ...]
"""Spans of Monday to Sunday."""
Closures = Mapping[tuple[str | None, date], tuple[Span, ...]]
"""Opening spans of a special day by calendar; ``None`` holds for everyone, ``()`` is closed."""

HORIZON_DAYS = 800
_SURE_FOR = timedelta(hours=20)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"\s*([a-z,\-\s]+?)\s+([\d:,\-\s]+)\s*\Z", re.IGNORECASE)
_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*\Z")


@lru_cache(maxsize=1024)
def parse_hours(text: str) -> Week:
    """Read working hours such as ``mon-fri 09:00-12:00,13:00-17:00; sat 22:00-06:00``.

    Args:
        text: Parts of days and times, joined by ``;``.

    Raises:
        ValueError: The text is something else; the message says what is allowed.

    >>> parse_hours("sat-sun 10:00-12:00")[5]
    ((600, 720),)
    """
    week: list[list[Span]] = [[] for _ in _DAYS]
    for part in text.split(";"):
        found = _PART.match(part)
        if found is None:
            message = "days and times such as mon-fri 09:00-17:00; sat 10:00-12:00"
            raise ValueError(message)
        spans = parse_spans(found[2])
        for day in _days(found[1]):
            week[day].extend(spans)
    ordered = tuple(tuple(sorted(spans)) for spans in week)
    for spans in ordered:
        _refuse_overlap(spans)
    return ordered


def parse_spans(text: str) -> tuple[Span, ...]:
    """Read times of one day such as ``09:00-12:00,13:00-17:00``, in order.

    Args:
        text: Spans joined by ``,``; an end at or before its start lies on the next day.

    Raises:
        ValueError: The text is something else.
    """
    spans: list[Span] = []
    for each in text.split(","):
        found = _SPAN.match(each)
        if found is None:
            message = "times such as 09:00-17:00"
            raise ValueError(message)
        start_hour, start_minute, end_hour, end_minute = (int(group) for group in found.groups())
        start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
        if start >= 1440 or end > 1440 or start_minute > 59 or end_minute > 59:
            message = "times from 00:00 to 24:00"
            raise ValueError(message)
        spans.append((start, end if end > start else end + 1440))
    ordered = tuple(sorted(spans))
    _refuse_overlap(ordered)
    return ordered


def _refuse_overlap(spans: tuple[Span, ...]) -> None:
    for earlier, later in pairwise(spans):
        if later[0] < earlier[1]:
            message = "times of one day that do not overlap"
            raise ValueError(message)


def _days(text: str) -> list[int]:
    days: list[int] = []
    for each in text.casefold().replace(" ", "").split(","):
        first, dash, last = each.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            message = f"days among {', '.join(_DAYS)}, such as mon-fri"
            raise ValueError(message)
        start = _DAYS.index(first)
        length = (_DAYS.index(last) - start) % 7 + 1 if dash else 1
        days.extend((start + step) % 7 for step in range(length))
    return days


def is_working(rep: Rep, closures: Closures, at: datetime) -> bool:
    """Return whether ``rep`` works at ``at``: inside the hours, no holiday, no leave.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        at: An aware time.
    """
    return any(start <= at < end for start, end in working_spans(rep, closures, at, days=2))


def works_until(rep: Rep, closures: Closures, at: datetime) -> tuple[bool, datetime]:
    """Return :func:`is_working` and a later time up to which the answer stays the same.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        at: An aware time.
    """
    # Two local days further than is_working looks: the answer holds for most of a day, also where
    # a zone leaves a whole date out.
    spans = tuple(working_spans(rep, closures, at, days=4))
    edges = (edge for span in spans for edge in span if edge > at)
    works = any(start <= at < end for start, end in spans)
    return works, min((at + _SURE_FOR, *edges))


def next_opening(rep: Rep, closures: Closures, at: datetime) -> datetime | None:
    """Return when ``rep`` works next: ``at`` itself, a later time, or ``None`` if never.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        at: An aware time.
    """
    for start, end in working_spans(rep, closures, at):
        if end > at:
            return max(start, at)
    return None


def add_minutes(rep: Rep, closures: Closures, start: datetime, minutes: float) -> datetime | None:
    """Return when ``rep`` has worked ``minutes`` since ``start``.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        start: An aware time.
        minutes: Working minutes, not negative.

    Returns:
        An aware UTC time; ``None`` if the rep does not work that long in the next 800 days.
    """
    left = timedelta(minutes=minutes)
    cursor = start.astimezone(UTC)
    for opens, closes in working_spans(rep, closures, cursor):
        if closes <= cursor:
            continue
        cursor = max(cursor, opens)
        if closes - cursor >= left:
            return cursor + left
        left -= closes - cursor
        cursor = closes
    return None


def minutes_between(rep: Rep, closures: Closures, start: datetime, end: datetime) -> float:
    """Return the minutes ``rep`` works from ``start`` to ``end``.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        start: An aware time.
        end: An aware time, at most 800 days later.
    """
    total = timedelta()
    cursor = start.astimezone(UTC)
    for opens, closes in working_spans(rep, closures, cursor):
        if opens >= end:
            break
        until = min(closes, end)
        if until > max(cursor, opens):
            total += until - max(cursor, opens)
            cursor = until
    return total.total_seconds() / 60


def working_spans(
    rep: Rep, closures: Closures, since: datetime, *, days: int = HORIZON_DAYS
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the working spans of ``rep`` in UTC, in order, leave cut out.

    Args:
        rep: The rep.
        closures: Holidays and half days.
        since: An aware time; the first span may begin on the local day before.
        days: How many local days to look at.
    """
    week = parse_hours(rep.working_hours)
    day = since.astimezone(_zone(rep.timezone)).date() - timedelta(days=1)
    for _ in range(days):
        spans = week[day.weekday()]
        special = closures.get((rep.calendar, day), closures.get((None, day)))
        if special is not None:
            spans = _meet(spans, special)
        for span in spans:
            opens, closes = _in_utc(rep.timezone, day, span)
            if opens < closes:  # a span that lies in a gap of the clock is none
                yield from _without_leave(rep, (opens, closes))
        day += timedelta(days=1)


def _meet(spans: tuple[Span, ...], open_spans: tuple[Span, ...]) -> tuple[Span, ...]:
    met = [(max(a, c), min(b, d)) for a, b in spans for c, d in open_spans]
    return tuple(sorted(span for span in met if span[0] < span[1]))


def _without_leave(
    rep: Rep, span: tuple[datetime, datetime]
) -> Iterator[tuple[datetime, datetime]]:
    start, end = span
    if rep.away_from is None and rep.away_to is None:
        yield span
        return
    if rep.away_from is not None and start < rep.away_from:
        yield start, min(end, rep.away_from)
    if rep.away_to is not None and end > rep.away_to:
        yield max(start, rep.away_to), end


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=65_536)
def _in_utc(zone: str, day: date, span: Span) -> tuple[datetime, datetime]:
    return _instant(zone, day, span[0]), _instant(zone, day, span[1])


def _instant(zone: str, day: date, minutes: int) -> datetime:
    """Return the first moment at which the wall clock of ``zone`` has reached the time."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 -- a wall time
    local = wall.replace(tzinfo=_zone(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(_zone(zone)).replace(tzinfo=None) == wall:
        return instant
    # The clock skips this time: find the skip between the readings by the offset after and before.
    low, high = local.replace(fold=1).astimezone(UTC), instant
    after = high.astimezone(_zone(zone)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(_zone(zone)).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)
