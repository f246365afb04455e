"""Clocks that run out: order, lateness, folding of crashes, leads without an owner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import pipeline
from leadfit.jobs import run_clocks
from leadfit.pipeline import InForce
from leadfit.policy import load_starter
from leadfit.store import SqliteStore
from leadfit.store.views import ActionState, LeadView, SignalState
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import changed, rep

IN_FORCE = InForce(policy=load_starter())
FAR = datetime(2100, 1, 1, tzinfo=UTC)


def post(store: SqliteStore, world: FrozenWorld, number: int) -> None:
    body = {
        "source": "form",
        "event_id": f"event-{number}",
        "kind": "demo_request",
        "at": world.now().isoformat(),
        "identifiers": {"email": f"jo@firm{number}.com"},
    }
    pipeline.accept(world, store, IN_FORCE.policy, [body])
    assert pipeline.decide_pending(world, store, IN_FORCE, 10) == 1


def leads(store: SqliteStore) -> tuple[LeadView, ...]:
    return store.read(lambda session: session.leads.page(50))


def test_a_clock_never_fires_early(store: SqliteStore, world: FrozenWorld) -> None:
    post(store, world, 1)
    (view,) = leads(store)
    due_at = min(each.clock.due_at for each in view.clocks if each.clock.due_at is not None)
    world.pass_time((due_at - world.now()).total_seconds() - 0.001)
    assert run_clocks(world, store, IN_FORCE, 100) == 0
    world.pass_time(0.001)
    assert run_clocks(world, store, IN_FORCE, 100) == 1


def test_clocks_that_ran_out_while_nothing_ran_fire_once_with_how_late_they_are(
    store: SqliteStore, world: FrozenWorld
) -> None:
    for number in range(3):
        post(store, world, number)
        world.pass_time(60)
    world.pass_time(10 * 86_400)
    fired = run_clocks(world, store, IN_FORCE, 100)
    assert fired == 6
    late = [
        each.late_by_s
        for view in leads(store)
        for each in view.clocks
        if each.clock.kind.value == "assignment_to_touch" and each.late_by_s is not None
    ]
    assert len(late) == 3
    assert late == sorted(late)  # newest lead first: the least late
    assert min(late) > 8 * 86_400
    assert run_clocks(world, store, IN_FORCE, 100) == 0


def test_a_round_takes_no_more_than_it_may(store: SqliteStore, world: FrozenWorld) -> None:
    for number in range(3):
        post(store, world, number)
    world.pass_time(10 * 86_400)
    rounds = [run_clocks(world, store, IN_FORCE, 4) for _ in range(3)]
    assert rounds == [4, 2, 0]


def test_a_crash_while_a_clock_fires_leaves_it_to_fire_whole(tmp_path: Path) -> None:
    def crash(failpoint: str, count: int) -> None:
        if (failpoint, count) == ("sla.advanced", 1):
            raise KeyError("on purpose")

    world = FrozenWorld(at_failpoint=crash)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    post(store, world, 1)
    world.pass_time(10 * 86_400)
    assert run_clocks(world, store, IN_FORCE, 100) == 1
    world.pass_time(IN_FORCE.policy.retry.wait_s)
    assert run_clocks(world, store, IN_FORCE, 100) == 1
    (view,) = leads(store)
    assert len({each.action.key for each in view.actions}) == len(view.actions)
    store.close()


def test_a_lead_without_an_owner_is_tried_until_it_has_one(
    store: SqliteStore, world: FrozenWorld
) -> None:
    post(store, world, 1)
    lead_id = leads(store)[0].lead.lead_id
    store.write(lambda session: session.leads.end_assignment(lead_id, world.now()))
    assert run_clocks(world, store, IN_FORCE, 100) == 1
    (view,) = leads(store)
    assert view.lead.owner_id is not None
    assert view.assignment is not None
    assert view.assignment.number == 2
    assert view.assignment.signal_at == FrozenWorld().now()


def test_a_clock_of_an_ended_assignment_stops_alone(store: SqliteStore, world: FrozenWorld) -> None:
    post(store, world, 1)
    lead_id = leads(store)[0].lead.lead_id
    store.write(lambda session: session.leads.end_assignment(lead_id, world.now()))
    world.pass_time(10 * 86_400)
    run_clocks(world, store, IN_FORCE, 100)
    stopped = {each.clock.key.split("/", 1)[1]: each.stopped_by for each in leads(store)[0].clocks}
    assert stopped["1/assignment_to_touch"] == "reassigned"
    assert stopped["2/assignment_to_touch"] is None


def test_a_closed_lead_is_left_alone(store: SqliteStore, world: FrozenWorld) -> None:
    post(store, world, 1)
    lead_id = leads(store)[0].lead.lead_id
    store.write(lambda session: session.leads.end_assignment(lead_id, world.now()))
    store.write(lambda session: session.leads.close(lead_id))
    store.write(lambda session: session.clocks.stop(lead_id, world.now(), "rejected"))
    world.pass_time(timedelta(days=30).total_seconds())
    assert run_clocks(world, store, IN_FORCE, 100) == 0


def test_a_signal_decided_twice_is_decided_once(store: SqliteStore, world: FrozenWorld) -> None:
    post(store, world, 1)
    (view,) = leads(store)
    (decision,) = store.read(lambda session: session.leads.decisions(view.lead.lead_id))
    again = store.write(
        lambda session: pipeline.decide(world, session, IN_FORCE, decision.signal_id)
    )
    assert again == view.lead.lead_id
    state = store.read(lambda session: session.signals.view(decision.signal_id))
    assert state is not None
    assert state.status is SignalState.DECIDED
    assert len(store.read(lambda session: session.leads.decisions(view.lead.lead_id))) == 1


def test_a_manager_who_is_away_is_stood_in_for_by_the_next_one_above_who_is_there(
    store: SqliteStore, world: FrozenWorld
) -> None:
    away = {"away_from": world.now(), "away_to": world.now() + timedelta(days=30)}
    chain = [
        rep("rep_max", manager_id="rep_vp", **away),
        rep("rep_vp", manager_id="rep_ceo", active=False),
        rep("rep_ceo", manager_id="rep_max"),
    ]
    policy = IN_FORCE.policy
    others = [each for each in policy.reps if each.rep_id != "rep_max"]
    in_force = InForce(policy=changed(policy, "reps", (*others, *chain)))
    post(store, world, 1)
    world.pass_time(20 * 86_400)
    run_clocks(world, store, in_force, 100)
    told = {each.action.recipients for each in leads(store)[0].actions if "late" in each.action.key}
    assert told == {("rep_ceo",)}


def test_with_nobody_there_above_the_manager_is_told(
    store: SqliteStore, world: FrozenWorld
) -> None:
    policy = IN_FORCE.policy
    others = [each for each in policy.reps if each.rep_id != "rep_max"]
    gone = rep("rep_max", manager_id="rep_max", active=False)
    in_force = InForce(policy=changed(policy, "reps", (*others, gone)))
    post(store, world, 1)
    world.pass_time(10 * 86_400)
    run_clocks(world, store, in_force, 100)
    told = {each.action.recipients for each in leads(store)[0].actions if "late" in each.action.key}
    assert told == {("rep_max",)}


def test_a_crash_before_somebody_is_told_tells_them_once_at_the_next_round(tmp_path: Path) -> None:
    fail = [True]

    def at_failpoint(name: str, _count: int) -> None:
        if name == "sla.told" and fail:
            fail.clear()
            raise RuntimeError("power cut")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    for number in range(3):
        post(store, world, number)
    world.pass_time(10 * 86_400)
    with pytest.raises(RuntimeError):
        run_clocks(world, store, IN_FORCE, 100)
    waiting = store.read(lambda session: session.breaches.waiting())
    assert sum(storm.number for storm in waiting) == 3
    run_clocks(world, store, IN_FORCE, 100)
    assert store.read(lambda session: session.breaches.waiting()) == ()
    states = [each.state for view in leads(store) for each in view.actions]
    assert ActionState.FOLDED in states
    store.close()


def test_nobody_is_told_of_a_part_before_all_that_is_due_has_fired(
    store: SqliteStore, world: FrozenWorld
) -> None:
    for number in range(3):
        post(store, world, number)
    world.pass_time(10 * 86_400)
    run_clocks(world, store, IN_FORCE, 2)
    assert store.read(lambda session: session.breaches.told(world.now(), FAR)) == ()
    while run_clocks(world, store, IN_FORCE, 2):
        pass
    told = store.read(lambda session: session.breaches.told(world.now(), FAR))
    assert told
    assert len({person for person, _, _ in told}) == len(told)
