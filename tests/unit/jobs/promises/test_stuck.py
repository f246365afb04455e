"""What cannot be done is put aside with its reason, and delays nothing else."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from leadfit import pipeline
from leadfit.errors import EngineFailed, StoreBusy
from leadfit.jobs import run_clocks
from leadfit.pipeline import InForce, feedback
from leadfit.policy import load_starter
from leadfit.store import Session, SqliteStore
from leadfit.store.outbox import DeadLetter
from leadfit.store.views import LeadView, SignalState
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import changed

IN_FORCE = InForce(policy=load_starter())
TRIES = IN_FORCE.policy.retry.tries
LATE_S = 10 * 86_400


def accept(store: SqliteStore, world: FrozenWorld, number: int) -> str:
    body = {
        "source": "form",
        "event_id": f"event-{number}",
        "kind": "demo_request",
        "at": world.now().isoformat(),
        "identifiers": {"email": f"jo@firm{number}.com"},
    }
    (answer,) = pipeline.accept(world, store, IN_FORCE.policy, [body])
    assert hasattr(answer, "signal_id")
    return str(answer.signal_id)


def post(store: SqliteStore, world: FrozenWorld, number: int) -> str:
    signal_id = accept(store, world, number)
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 1
    view = store.read(lambda session: session.signals.view(signal_id))
    assert view is not None
    assert view.lead_id is not None
    return view.lead_id


def seen(store: SqliteStore, lead_id: str) -> LeadView:
    found = store.read(lambda session: session.leads.view(lead_id))
    assert found is not None
    return found


def letters(store: SqliteStore, what: str = "clock") -> tuple[DeadLetter, ...]:
    return store.read(lambda session: session.dead_letters.page(99, what))


def write_owner(path: Path, lead_id: str, body: str | None = None) -> str:
    """Write something over the body of an assignment; return what stood there."""
    connection = sqlite3.connect(path / "s.sqlite3", isolation_level=None)
    (was,) = connection.execute(
        "SELECT body FROM assignments WHERE lead_id = ?", (lead_id,)
    ).fetchone()
    connection.execute(
        "UPDATE assignments SET body = ? WHERE lead_id = ?", (body or '{"tier":1}', lead_id)
    )
    connection.close()
    return str(was)


def run_for(store: SqliteStore, world: FrozenWorld, seconds: int, limit: int = 100) -> list[int]:
    """Let clocks run once a second, as a server would; return what each round did."""
    rounds = []
    for _ in range(seconds):
        rounds.append(run_clocks(world, store, IN_FORCE, limit))
        world.pass_time(1)
    return rounds


def test_clocks_that_always_fail_are_put_aside_and_delay_no_other(
    tmp_path: Path, store: SqliteStore, world: FrozenWorld
) -> None:
    bad = [post(store, world, number) for number in range(3)]
    good = post(store, world, 9)
    for lead_id in bad:
        write_owner(tmp_path, lead_id)
    world.pass_time(LATE_S)
    # Six clocks of the bad leads fill every round of four; they are let rest, and the rest fires.
    assert sum(run_for(store, world, 3, limit=4)) == 2
    fired = [each.breached_at is not None for each in seen(store, good).clocks if each.clock.step]
    assert fired == [True, True]
    assert letters(store) == ()
    run_for(store, world, 200)
    found = letters(store)
    assert sorted({each.lead_id or "" for each in found}) == sorted(bad)
    assert {each.reason for each in found} == {f"TypeError while its step was taken, {TRIES} times"}
    assert {each.attempts for each in found} == {TRIES}
    assert run_for(store, world, 100) == [0] * 100
    counts = store.read(lambda session: session.counts(world.now()))
    assert (counts.clocks_aside, counts.overdue) == (6, 0)
    told = store.read(lambda session: session.clocks.incidents(FrozenWorld().now()))
    assert sum("a deadline was put aside" in each.words for each in told) == 6


def test_waits_between_the_tries_of_a_clock_grow(
    tmp_path: Path, store: SqliteStore, world: FrozenWorld
) -> None:
    write_owner(tmp_path, post(store, world, 1))
    world.pass_time(LATE_S)
    tried = []
    for _ in range(200):
        before = world.reached["store.after_commit"]
        run_clocks(world, store, IN_FORCE, 100)
        if world.reached["store.after_commit"] > before and not letters(store):
            tried.append(world.monotonic_s() - LATE_S)
        world.pass_time(1)
    waits = [round(later - earlier) for earlier, later in pairwise(tried)]
    assert waits == [5, 10, 20, 40]


def test_a_clock_that_was_put_aside_fires_late_when_a_person_retries_it(
    tmp_path: Path, store: SqliteStore, world: FrozenWorld
) -> None:
    lead_id = post(store, world, 1)
    was = write_owner(tmp_path, lead_id)
    world.pass_time(LATE_S)
    run_for(store, world, 200)
    keys = [each.key for each in letters(store)]
    assert len(keys) == 2
    write_owner(tmp_path, lead_id, was)
    for key in keys:
        assert store.write(lambda session, it=key: session.dead_letters.retry(it, world.now()))  # type: ignore[misc]  # a default binds it now
    assert run_clocks(world, store, IN_FORCE, 100) == 2
    late = [each.late_by_s for each in seen(store, lead_id).clocks if each.late_by_s is not None]
    assert len(late) == 2
    assert min(late) > LATE_S - 2 * 86_400
    assert letters(store) == ()


def test_a_clock_that_was_put_aside_ends_with_its_lead(
    tmp_path: Path, store: SqliteStore, world: FrozenWorld
) -> None:
    lead_id = post(store, world, 1)
    write_owner(tmp_path, lead_id)
    world.pass_time(LATE_S)
    run_for(store, world, 200)
    assert len(letters(store)) == 2
    store.write(lambda session: feedback.end(session, lead_id, world.now(), by="lost"))
    assert letters(store) == ()
    assert store.read(lambda session: session.counts(world.now())).clocks_aside == 0


def test_a_lead_for_which_looking_fails_stands_in_no_other_leads_way(
    tmp_path: Path, store: SqliteStore, world: FrozenWorld
) -> None:
    bad, good = post(store, world, 1), post(store, world, 2)

    def lose(session: Session) -> None:
        for lead_id in (bad, good):
            session.leads.end_assignment(lead_id, world.now())

    store.write(lose)
    write_owner(tmp_path, bad)
    assert run_clocks(world, store, IN_FORCE, 1) == 0
    assert run_clocks(world, store, IN_FORCE, 1) == 1
    assert seen(store, good).lead.owner_id is not None


def test_a_signal_that_fails_for_a_while_delays_no_other_and_is_put_aside_at_last(
    tmp_path: Path,
) -> None:
    fails = [True]

    def at_failpoint(name: str, count: int) -> None:
        # The second one is that of the signal behind.
        if name == "decide.matched" and fails and count != 2:
            raise EngineFailed("spark", "lost")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    bad, good = accept(store, world, 1), accept(store, world, 2)
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 2
    assert state(store, bad) is SignalState.WAITING
    assert state(store, good) is SignalState.DECIDED
    for tries in range(1, TRIES):
        assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 0
        store.close()
        store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
        world.pass_time(5 * 2 ** (tries - 1))
        assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 1
    assert state(store, bad) is SignalState.DEAD
    (letter,) = letters(store, "signal")
    assert letter.reason == f"EngineFailed while it was decided, {TRIES} times"
    world.pass_time(86_400)
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 0
    fails.clear()
    assert store.write(lambda session: session.dead_letters.retry(bad, world.now()))
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 1
    assert state(store, bad) is SignalState.DECIDED
    store.close()


def state(store: SqliteStore, signal_id: str) -> SignalState:
    view = store.read(lambda session: session.signals.view(signal_id))
    assert view is not None
    return view.status


def test_trouble_of_the_store_is_no_signals_fault(tmp_path: Path) -> None:
    def at_failpoint(name: str, count: int) -> None:
        if name == "decide.matched" and count <= TRIES:
            raise StoreBusy("the disk is full")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    signal_id = accept(store, world, 1)
    for _ in range(TRIES):
        with pytest.raises(StoreBusy):
            pipeline.decide_pending(world, store, IN_FORCE, 10)
        assert state(store, signal_id) is SignalState.ACCEPTED
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 1
    assert state(store, signal_id) is SignalState.DECIDED
    store.close()


def test_the_policy_says_how_often_a_signal_is_tried(tmp_path: Path) -> None:
    def at_failpoint(name: str, _count: int) -> None:
        if name == "decide.matched":
            raise EngineFailed("spark", "lost")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    once = InForce(policy=changed(IN_FORCE.policy, "retry.tries", 1))
    signal_id = accept(store, world, 1)
    assert pipeline.decide_pending(world, store, once, 10) == 1
    assert state(store, signal_id) is SignalState.DEAD
    store.close()
