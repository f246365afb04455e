"""The watch over sources: what is counted, who is told, and that nobody is told twice."""

from __future__ import annotations

from datetime import timedelta

from leadfit.jobs.watches.signals import SignalWatch, new_alarms, source_flows
from leadfit.policy import load_starter
from leadfit.store import SqliteStore
from leadfit.store.intake import SourceHour
from leadfit.testing import FrozenWorld

POLICY = load_starter()
HOUR = timedelta(hours=1)


def fill(store: SqliteStore, world: FrozenWorld, source: str, until_hours: int) -> None:
    now = world.now()
    hours = [
        SourceHour(source=source, hour=now - HOUR * n, received=5, without_email=0, without_key=0)
        for n in range(24 * 30, until_hours, -1)
    ]
    store.write(lambda session: session.intake.count(hours))


def test_counts_of_an_hour_add_up(store: SqliteStore, world: FrozenWorld) -> None:
    hour = SourceHour(source="a", hour=world.now(), received=2, without_email=1, without_key=1)
    store.write(lambda session: session.intake.count([hour]))
    store.write(lambda session: session.intake.count([hour]))
    (found,) = store.read(lambda session: session.intake.hours(world.now(), world.now() + HOUR))
    assert (found.received, found.without_email, found.without_key) == (4, 2, 2)


def test_a_source_that_falls_silent_is_told_of_once_a_day(
    store: SqliteStore, world: FrozenWorld
) -> None:
    fill(store, world, "web-form", until_hours=6)
    fill(store, world, "crm", until_hours=0)
    watch = SignalWatch(world, store, lambda: POLICY, lambda: 0)
    told = [watch.round() for _ in range(3)]
    world.pass_time(3600)
    told.append(watch.round())
    assert told == [1, 0, 0, 1]
    due = store.read(lambda session: session.outbox.due(world.now(), 10))
    keys = sorted(each.action.key for each in due)
    assert [key.split("/")[1] for key in keys] == ["web-form"]
    (action,) = (each.action for each in due)
    assert str(action.fields["words"]).startswith("web-form: 0 signals")
    assert action.fields["probe"] == "volume"


def test_what_gave_alarm_a_day_before_is_told_of_on_mondays(
    store: SqliteStore, world: FrozenWorld
) -> None:
    fill(store, world, "web-form", until_hours=30)
    monday, tuesday = world.now(), world.now() + timedelta(days=1)
    assert monday.weekday() == 0
    assert len(new_alarms(store, POLICY, now=monday)) == 1
    assert new_alarms(store, POLICY, now=tuesday) == ()
    assert source_flows(store, POLICY, now=tuesday)[0].alarms == ("volume",)
