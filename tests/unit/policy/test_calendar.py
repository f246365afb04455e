"""Working time over daylight saving, holidays, half days, weekends, nights and leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from leadfit.policy import load_starter
from leadfit.policy.calendar import (
    Closures,
    add_minutes,
    is_working,
    minutes_between,
    next_opening,
    parse_hours,
    working_spans,
)
from leadfit.records import Rep

NINE_TO_FIVE = "mon-fri 09:00-17:00"
ALWAYS = "mon-sun 00:00-24:00"
NIGHT = "mon-fri 22:00-06:00"
CLOSURES: Closures = {
    (None, date(2026, 12, 25)): (),
    ("us", date(2026, 11, 26)): (),
    ("us", date(2026, 11, 27)): ((540, 780),),
    ("de", date(2026, 12, 24)): ((540, 720), (780, 840)),
}


def rep(timezone: str, hours: str, calendar: str | None = None) -> Rep:
    return Rep(rep_id="r", name="R", timezone=timezone, working_hours=hours, calendar=calendar)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# zone, hours, calendar, start, minutes, due
DUE = [
    # plain
    ("UTC", NINE_TO_FIVE, None, "2026-03-04T10:00Z", 15, "2026-03-04T10:15Z"),
    ("UTC", NINE_TO_FIVE, None, "2026-03-04T08:00Z", 15, "2026-03-04T09:15Z"),
    ("UTC", NINE_TO_FIVE, None, "2026-03-04T16:50Z", 15, "2026-03-05T09:05Z"),
    ("UTC", NINE_TO_FIVE, None, "2026-03-04T16:45Z", 15, "2026-03-04T17:00Z"),
    ("UTC", NINE_TO_FIVE, None, "2026-03-04T17:00Z", 15, "2026-03-05T09:15Z"),
    ("UTC", NINE_TO_FIVE, None, "2026-03-06T16:50Z", 15, "2026-03-09T09:05Z"),  # weekend
    ("UTC", NINE_TO_FIVE, None, "2026-03-07T12:00Z", 60, "2026-03-09T10:00Z"),
    ("UTC", "mon 09:00-12:00,13:00-17:00", None, "2026-03-02T11:30Z", 60, "2026-03-02T13:30Z"),
    ("UTC", "fri-mon 10:00-11:00", None, "2026-03-03T00:00Z", 90, "2026-03-07T10:30Z"),
    # daylight saving begins: New York 8 March, Berlin 29 March; ends in Sydney 5 April
    ("America/New_York", ALWAYS, None, "2026-03-08T06:30Z", 60, "2026-03-08T07:30Z"),
    ("America/New_York", NINE_TO_FIVE, None, "2026-03-06T21:50Z", 15, "2026-03-09T13:05Z"),
    ("America/New_York", "sun 02:30-03:30", None, "2026-03-08T00:00Z", 15, "2026-03-08T07:15Z"),
    ("Europe/Berlin", NINE_TO_FIVE, None, "2026-03-27T15:50Z", 15, "2026-03-30T07:05Z"),
    ("Europe/Berlin", "sun 00:00-06:00", None, "2026-03-28T23:00Z", 300, "2026-03-29T04:00Z"),
    ("Australia/Sydney", NINE_TO_FIVE, None, "2026-04-03T05:50Z", 15, "2026-04-05T23:05Z"),
    # daylight saving ends: Berlin 25 October, New York 1 November; begins in Sydney 4 October
    ("America/New_York", "sun 00:00-06:00", None, "2026-11-01T04:00Z", 420, "2026-11-01T11:00Z"),
    ("America/New_York", "sun 01:30-03:00", None, "2026-11-01T04:00Z", 150, "2026-11-01T08:00Z"),
    ("Europe/Berlin", NINE_TO_FIVE, None, "2026-10-23T14:50Z", 15, "2026-10-26T08:05Z"),
    ("Europe/Berlin", NIGHT, None, "2026-10-23T20:00Z", 480, "2026-10-24T04:00Z"),
    ("Australia/Sydney", "sun 01:00-04:00", None, "2026-10-03T14:00Z", 120, "2026-10-03T17:00Z"),
    # zones off the hour
    ("Asia/Kathmandu", NINE_TO_FIVE, None, "2026-03-04T03:00Z", 15, "2026-03-04T03:30Z"),
    # nights
    ("UTC", NIGHT, None, "2026-03-04T05:50Z", 15, "2026-03-04T22:05Z"),
    ("UTC", NIGHT, None, "2026-03-04T23:55Z", 15, "2026-03-05T00:10Z"),
    ("UTC", NIGHT, None, "2026-03-07T05:50Z", 15, "2026-03-09T22:05Z"),  # Friday's shift ends
    # holidays and half days
    ("America/New_York", NINE_TO_FIVE, "us", "2026-11-25T21:50Z", 15, "2026-11-27T14:05Z"),
    ("America/New_York", NINE_TO_FIVE, "us", "2026-11-27T17:50Z", 15, "2026-11-30T14:05Z"),
    ("America/New_York", NINE_TO_FIVE, None, "2026-11-25T21:50Z", 15, "2026-11-26T14:05Z"),
    ("Europe/Berlin", NINE_TO_FIVE, "de", "2026-12-24T10:50Z", 15, "2026-12-24T12:05Z"),
    ("Europe/Berlin", NINE_TO_FIVE, "de", "2026-12-24T12:50Z", 15, "2026-12-28T08:05Z"),
]


@pytest.mark.parametrize("case", DUE, ids=lambda case: f"{case[0]} {case[3]}")
def test_a_deadline_falls_on_the_right_minute(
    case: tuple[str, str, str | None, str, float, str],
) -> None:
    zone, hours, calendar, start, minutes, due = case
    who = rep(zone, hours, calendar)
    found = add_minutes(who, CLOSURES, at(start), minutes)
    assert found == at(due)
    assert minutes_between(who, CLOSURES, at(start), at(due)) == minutes


def test_a_rep_works_from_the_opening_up_to_the_end() -> None:
    who = rep("UTC", NINE_TO_FIVE)
    answers = [
        is_working(who, CLOSURES, at(f"2026-03-04T{time}Z"))
        for time in ("08:59:59", "09:00", "16:59:59", "17:00")
    ]
    assert answers == [False, True, True, False]


def test_the_next_opening_of_a_working_rep_is_now() -> None:
    who, now = rep("UTC", NINE_TO_FIVE), at("2026-03-04T10:00Z")
    assert next_opening(who, CLOSURES, now) == now
    assert next_opening(who, CLOSURES, at("2026-03-06T17:00Z")) == at("2026-03-09T09:00Z")


def test_the_openings_a_policy_keeps_are_those_of_the_calendar() -> None:
    policy = load_starter()
    hours = [at("2026-03-02T00:30Z") + timedelta(hours=n) for n in range(240)]
    for who in policy.reps:
        for now in (*hours, *reversed(hours)):
            assert policy.next_opening(who, now) == next_opening(who, policy.closures, now)


def test_leave_interrupts_working_time() -> None:
    who = Rep(
        rep_id="r",
        name="R",
        away_from=at("2026-03-04T12:00Z"),
        away_to=at("2026-03-06T12:00Z"),
    )
    assert add_minutes(who, {}, at("2026-03-04T11:50Z"), 15) == at("2026-03-06T12:05Z")
    assert not is_working(who, {}, at("2026-03-05T10:00Z"))


def test_leave_without_an_end_means_no_deadline_in_working_time() -> None:
    who = Rep(rep_id="r", name="R", away_from=at("2026-03-04T12:00Z"))
    assert add_minutes(who, {}, at("2026-03-04T12:00Z"), 15) is None
    assert next_opening(who, {}, at("2026-03-04T12:00Z")) is None


def test_spans_of_all_kinds_of_days_never_overlap_and_rise() -> None:
    who = rep("America/New_York", "mon-sun 20:00-04:30; sat 05:00-06:00")
    spans = list(working_spans(who, CLOSURES, at("2026-01-01T00:00Z"), days=365))
    assert len(spans) == 365 - 1 + 52
    assert all(start < end for start, end in spans)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_a_year_around_the_clock_has_no_gap() -> None:
    who = rep("Europe/London", ALWAYS)
    start = at("2026-01-01T00:00Z")
    assert minutes_between(who, {}, start, start + timedelta(days=365)) == 365 * 1440


@pytest.mark.parametrize(
    "text",
    [
        "",
        "09:00-17:00",
        "weekdays 09:00-17:00",
        "mon-fri 9-17",
        "mon-fri 09:00-17:60",
        "mon-fri 24:00-25:00",
        "mon 09:00-12:00,11:00-13:00",
        "mon 09:00-12:00; mon 11:00-13:00",
        "mon-fri 09:00-17:00; ",
    ],
)
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|times of one day|times from"):
        parse_hours(text)


def test_hours_are_read_in_any_case_and_order() -> None:
    week = parse_hours("Sat 13:00-15:00,10:00-12:00 ; MON,wed 9:00-10:00")
    assert week[5] == ((600, 720), (780, 900))
    assert [day for day, spans in enumerate(week) if spans] == [0, 2, 5]
