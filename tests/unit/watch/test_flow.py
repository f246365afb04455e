"""Sources held against their own past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from leadfit.policy import Holiday, Policy, load_starter
from leadfit.watch import HourCount, SourceFlow, source_flow
from leadfit.world import seeded

POLICY = load_starter()
NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)  # a Wednesday afternoon
HOUR = timedelta(hours=1)


def by_office_hours(a_day: float) -> Callable[[datetime], float]:
    """Return a rate: most of it on working days from 8 to 18."""

    def rate(at: datetime) -> float:
        if at.weekday() >= 5:
            return a_day / 240
        return a_day / 11 if 8 <= at.hour < 18 else a_day / 140

    return rate


def counts(
    rate: Callable[[datetime], float], days: float = 56, *, seed: int = 1, nulls: float = 0.02
) -> list[HourCount]:
    random = seeded("flow", seed)
    hours = [NOW - HOUR * n for n in range(int(days * 24), 0, -1)]
    made = []
    for hour in hours:
        received = sum(random.random() < rate(hour) / 200 for _ in range(200))
        without = sum(random.random() < nulls for _ in range(received))
        made.append(HourCount(hour=hour, received=received, without_email=without))
    return made


def flow(found: list[HourCount], policy: Policy = POLICY, now: datetime = NOW) -> SourceFlow:
    return source_flow("web-form", found, policy, now=now)


def silenced(found: list[HourCount], hours: float) -> list[HourCount]:
    return [each for each in found if each.hour < NOW - HOUR * hours]


@pytest.mark.parametrize("seed", range(6))
def test_a_source_as_it_always_was_gives_no_alarm(seed: int) -> None:
    found = flow(counts(by_office_hours(60), seed=seed))
    assert found.alarms == ()
    assert found.expected == pytest.approx(found.received, rel=0.5)


def test_a_busy_source_that_falls_silent_is_named_within_hours() -> None:
    found = flow(silenced(counts(by_office_hours(120)), 3))
    (alarm,) = found.found
    assert (alarm.kind, alarm.seen) == ("volume", 0)
    assert alarm.words.startswith("web-form: 0 signals in the last ")


def test_a_small_source_is_judged_over_days() -> None:
    made = counts(by_office_hours(4))
    assert flow(silenced(made, 24)).alarms == ()
    assert flow(silenced(made, 24 * 4)).alarms == ()
    assert flow(silenced(made, 24 * 14)).alarms == ("volume",)


def test_a_quiet_night_and_weekend_are_expected() -> None:
    sunday = datetime(2026, 3, 15, 22, tzinfo=UTC)
    made = [each for each in counts(by_office_hours(120)) if each.hour < sunday - HOUR * 40]
    assert flow(made, now=sunday).alarms == ()


def test_a_day_on_which_all_are_closed_gives_no_alarm() -> None:
    made = silenced(counts(by_office_hours(120)), 15)
    assert flow(made).alarms == ("volume",)
    closed = Holiday(day=date(2026, 3, 18), name="a holiday")
    assert flow(made, POLICY.model_copy(update={"holidays": (closed,)})).alarms == ()


def test_a_morning_an_hour_late_gives_no_alarm() -> None:
    at_nine = datetime(2026, 3, 18, 9, tzinfo=UTC)
    made = [
        replace(each, received=0) if each.hour == at_nine - HOUR else each
        for each in counts(by_office_hours(400))
        if each.hour < at_nine
    ]
    assert flow(made, now=at_nine).alarms == ()


def test_a_source_without_enough_history_is_not_judged() -> None:
    found = flow(silenced(counts(by_office_hours(120), days=13), 24))
    assert (found.expected, found.alarms) == (None, ())
    assert source_flow("new", [], POLICY, now=NOW).days == 0


def test_a_form_that_loses_its_address_field_is_named() -> None:
    made = [
        replace(each, without_email=each.received) if each.hour >= NOW - HOUR * 3 else each
        for each in counts(by_office_hours(120))
    ]
    (alarm,) = flow(made).found
    assert (alarm.kind, alarm.seen) == ("email", sum(each.received for each in made[-3:]))
    assert "no e-mail address" in alarm.words


def test_a_source_that_never_had_addresses_gives_no_alarm_about_them() -> None:
    assert flow(counts(by_office_hours(120), nulls=1.0)).alarms == ()
    assert flow(counts(by_office_hours(120), nulls=0.6)).alarms == ()


def test_half_of_what_was_expected_is_no_alarm_by_itself() -> None:
    made = [
        replace(each, received=each.received * 6 // 10) if each.hour >= NOW - HOUR * 24 else each
        for each in counts(by_office_hours(120))
    ]
    assert flow(made).alarms == ()


def test_a_source_that_scatters_more_is_given_more_room() -> None:
    random = seeded("bursts", 1)
    factors = {day: random.choice([0.0, 0.2, 3.0]) for day in range(60)}

    def rate(at: datetime) -> float:
        return by_office_hours(60)(at) * factors[(NOW - at).days]

    assert flow(silenced(counts(rate), 24)).alarms == ()


def test_the_hour_that_is_not_over_counts_nowhere() -> None:
    made = [*counts(by_office_hours(60)), HourCount(hour=NOW, received=999, without_email=999)]
    assert flow(made, now=NOW + timedelta(minutes=30)).received < 200
