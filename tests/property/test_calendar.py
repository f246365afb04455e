"""Interval arithmetic says what counting every minute by the clock on the wall says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadfit.policy.calendar import (
    Closures,
    Span,
    add_minutes,
    is_working,
    minutes_between,
    next_opening,
    parse_hours,
    works_until,
)
from leadfit.records import Rep

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll", "Africa/Cairo",
    "Africa/Casablanca", "Europe/Dublin", "Pacific/Kiritimati",
)  # fmt: skip
HOURS = (
    "mon-fri 09:00-17:00",
    "mon-sun 00:00-24:00",
    "mon-fri 22:00-06:00",
    "mon-sun 01:15-02:20,02:40-03:10,23:00-00:30",
    "sat-sun 00:00-04:00; fri 20:00-23:00",
)
# Days round which clocks of the zones above change.
DAYS = tuple(
    date(*each)
    for each in (
        (2026, 3, 7), (2026, 3, 28), (2026, 4, 4), (2026, 4, 23), (2026, 10, 3), (2026, 10, 24),
        (2026, 10, 31), (2011, 12, 29), (2026, 2, 14), (2026, 12, 24),
    )
)  # fmt: skip


def wall(zone: str, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def first_minute(zone: str, wanted: datetime) -> datetime:
    """Return the first minute at which the wall clock shows ``wanted`` or later, by looking."""
    at = wanted.replace(tzinfo=UTC) - timedelta(hours=17)
    while wall(zone, at) < wanted:
        at += MINUTE
    return at


def spans_of(rep: Rep, closures: Closures, day: date) -> tuple[Span, ...]:
    spans = parse_hours(rep.working_hours)[day.weekday()]
    special = closures.get((rep.calendar, day), closures.get((None, day)))
    if special is None:
        return spans
    return tuple(
        (max(a, c), min(b, d)) for a, b in spans for c, d in special if max(a, c) < min(b, d)
    )


def worked(rep: Rep, closures: Closures, since: datetime, days: int) -> Iterator[datetime]:
    """Yield every minute the rep works in some days, by walking along the clock on the wall."""
    first = wall(rep.timezone, since).date() - DAY
    seen: set[datetime] = set()
    for number in range(days):
        day = first + number * DAY
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 -- a wall time
        for start, end in spans_of(rep, closures, day):
            at = first_minute(rep.timezone, midnight + start * MINUTE)
            closes = first_minute(rep.timezone, midnight + end * MINUTE)
            while at < closes:
                if not is_away(rep, at):
                    seen.add(at)
                at += MINUTE
    yield from sorted(at for at in seen if at >= since)


def is_away(rep: Rep, at: datetime) -> bool:
    if rep.away_from is None and rep.away_to is None:
        return False
    begun = rep.away_from is None or at >= rep.away_from
    return begun and (rep.away_to is None or at < rep.away_to)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Rep, Closures, datetime]:
    day = draw(st.sampled_from(DAYS))
    minute = draw(st.integers(0, 2 * 1440))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    rep = Rep(
        rep_id="r",
        name="R",
        timezone=draw(st.sampled_from(ZONES)),
        working_hours=draw(st.sampled_from(HOURS)),
    )
    closures: Closures = {}
    special = draw(st.sampled_from([None, (), ((540, 780),), ((0, 90), (120, 1440))]))
    if special is not None:
        closures = {(None, day + DAY): special}
    leave = draw(st.none() | st.tuples(st.integers(-600, 2000), st.integers(1, 2000)))
    if leave is not None:
        away_from = start + leave[0] * MINUTE
        rep = replace(rep, away_from=away_from, away_to=away_from + leave[1] * MINUTE)
    return rep, closures, start


LORD_HOWE = Rep(
    rep_id="r", name="R", timezone="Australia/Lord_Howe", working_hours="mon-sun 01:15-02:20"
)


@settings(max_examples=60, deadline=None)
@given(situation=situations(), minutes=st.integers(1, 900))
@example(situation=(LORD_HOWE, {}, datetime(2026, 10, 3, 12, tzinfo=UTC)), minutes=30)
@example(situation=(LORD_HOWE, {}, datetime(2026, 4, 4, 12, tzinfo=UTC)), minutes=70)
def test_a_deadline_is_where_counting_every_minute_ends(
    situation: tuple[Rep, Closures, datetime], minutes: int
) -> None:
    rep, closures, start = situation
    every = list(worked(rep, closures, start, days=6))
    due = add_minutes(rep, closures, start, minutes)
    if len(every) < minutes:
        assert due is None or due > max(every, default=start) + MINUTE
        return
    assert due == every[minutes - 1] + MINUTE
    assert minutes_between(rep, closures, start, due) == minutes


@settings(max_examples=40, deadline=None)
@given(situation=situations())
def test_a_rep_is_at_work_in_exactly_the_minutes_that_count(
    situation: tuple[Rep, Closures, datetime],
) -> None:
    rep, closures, start = situation
    every = set(worked(rep, closures, start, days=4))
    day = [start + number * MINUTE for number in range(0, 1440, 7)]
    assert [at for at in day if is_working(rep, closures, at)] == [at for at in day if at in every]
    opening = next_opening(rep, closures, start)
    if every:
        assert opening == min(every)


@settings(max_examples=40, deadline=None)
@given(situation=situations())
@example(situation=(LORD_HOWE, {}, datetime(2026, 10, 3, 12, tzinfo=UTC)))
def test_whether_a_rep_works_stays_so_until_the_time_that_is_named(
    situation: tuple[Rep, Closures, datetime],
) -> None:
    rep, closures, start = situation
    works, until = works_until(rep, closures, start)
    assert until > start
    meanwhile = [start + number * MINUTE for number in range(0, 1440, 7)]
    meanwhile = [at for at in meanwhile if at < until]
    assert {is_working(rep, closures, at) for at in meanwhile} == {works}
