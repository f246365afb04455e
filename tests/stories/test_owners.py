"""Who has which lead when reps come, go and are full, when tiers rise, when a person decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import pipeline
from leadfit.errors import NotFound, NotPossible
from leadfit.policy import load_starter
from leadfit.records import Assignment, Kind, Rep, Tier
from leadfit.store import SqliteStore, Store
from leadfit.store.views import Feedback, LeadView
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import rep
from lived import START
from owners import Company, policy_of

STORES = ("sqlite", "postgresql")
SENIOR = ("ann", "bob")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, world: FrozenWorld) -> Iterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    else:
        from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra

        url = request.getfixturevalue("postgres_url")
        opened = PostgresStore(url, secret=b"s", world=world)
    yield opened
    opened.close()


def people(**changes: Mapping[str, object]) -> tuple[Rep, ...]:
    """Two senior reps, one of another team, one in the overflow pool and the manager of all."""
    fields: dict[str, dict[str, object]] = {
        "ann": {"team": "senior-ae", "manager_id": "max"},
        "bob": {"team": "senior-ae", "manager_id": "max"},
        "eve": {"team": "ae", "manager_id": "max"},
        "hal": {"team": "marketing", "manager_id": "max"},
        "max": {"team": "management"},
        "pam": {"team": "senior-ae", "manager_id": "max", "is_overflow": True},
    }
    return tuple(rep(name, **{**own, **changes.get(name, {})}) for name, own in fields.items())


@pytest.fixture
def company(store: Store, world: FrozenWorld) -> Company:
    return Company(store, world, policy_of(people()))


def owner(view: LeadView) -> str | None:
    return view.lead.owner_id


def place(view: LeadView) -> tuple[str, str]:
    assert view.assignment is not None
    return view.assignment.owner_id, view.assignment.place.rule


def why(company: Company, view: LeadView) -> dict[str, str]:
    """Return the reasons of the newest decision about a lead."""
    newest = company.store.read(lambda session: session.leads.decisions(view.lead.lead_id))[0]
    assert newest.ranking is not None
    return {each.rule: each.words for each in newest.ranking.reasons}


def touch(company: Company, view: LeadView, by: str = "ann") -> None:
    said = Feedback(lead_id=view.lead.lead_id, kind=Kind.TOUCHED, by=by, at=company.world.now())
    company.store.write(lambda session: pipeline.hear(session, said, company.policy))


def give(company: Company, view: LeadView, rep_id: str, reason: str = "knows them") -> Assignment:
    return company.store.write(
        lambda session: pipeline.assign_by_hand(
            company.desk(session), view.lead.lead_id, rep_id, by="max", reason=reason
        )
    )


def running(view: LeadView) -> set[str]:
    return {each.clock.kind.value for each in view.clocks if each.is_running}


def alerts(view: LeadView, name: str) -> list[tuple[str, ...]]:
    found = [each.action for each in view.actions if each.action.key.endswith(name)]
    return [each.recipients for each in found]


@pytest.mark.parametrize(
    "gone",
    [
        {"active": False},
        {"away_from": START, "away_to": START + timedelta(days=9)},
        {"away_to": START + timedelta(days=9)},
    ],
    ids=["terminated", "on leave", "away until"],
)
def test_open_leads_of_a_rep_who_is_no_longer_there_move_at_the_next_sweep(
    company: Company, gone: dict[str, object]
) -> None:
    view = company.hot("jo@acme.com")
    assert place(view) == ("ann", "round_robin")
    company.passes(minutes=5)
    company.policy = policy_of(people(ann=gone))
    swept = company.sweep()
    assert (swept.moved, swept.stuck, swept.leads.unexplained) == (1, 0, 0)
    moved = company.lead(view.lead.lead_id)
    assert place(moved) == ("pam", "overflow")
    assert running(moved) == {"assignment_to_touch", "signal_to_touch"}
    started = {
        each.clock.kind.value: each.clock.started_at for each in moved.clocks if each.is_running
    }
    assert started["assignment_to_touch"] == company.world.now()
    assert started["signal_to_touch"] < company.world.now() - timedelta(minutes=4)
    assert why(company, moved)["route.absent"].startswith("ann ")


def test_a_rep_who_was_taken_out_of_the_policy_has_no_leads_any_more(company: Company) -> None:
    view = company.hot("jo@acme.com")
    company.policy = policy_of([each for each in people() if each.rep_id != "ann"])
    assert company.sweep().moved == 1
    assert owner(company.lead(view.lead.lead_id)) == "pam"


def test_leave_begins_by_the_clock_without_a_change_of_the_policy(company: Company) -> None:
    leave = {"away_from": START + timedelta(hours=1), "away_to": START + timedelta(days=2)}
    company.policy = policy_of(people(ann=leave))
    view = company.hot("jo@acme.com")
    company.passes(minutes=59)
    assert company.sweep().moved == 0
    company.passes(minutes=1)
    assert company.sweep().moved == 1
    assert owner(company.lead(view.lead.lead_id)) == "pam"
    assert company.sweep().moved == 0


def test_a_lead_that_a_person_spoke_to_stays_with_a_rep_on_leave_and_leaves_one_who_is_gone(
    company: Company,
) -> None:
    view = company.hot("jo@acme.com")
    touch(company, view)
    company.policy = policy_of(people(ann={"away_from": START}))
    assert company.sweep().moved == 0
    company.policy = policy_of(people(ann={"active": False}))
    assert company.sweep().moved == 1
    moved = company.lead(view.lead.lead_id)
    assert (owner(moved), moved.touched_at) == ("pam", START)


@pytest.mark.parametrize(("touched", "moves"), [("always", 1), ("never", 0)])
def test_the_policy_says_whether_touched_leads_move(
    company: Company, touched: str, moves: int
) -> None:
    touch(company, company.hot("jo@acme.com"))
    away = people(ann={"away_from": START, "active": touched == "always"})
    company.policy = policy_of(away, route__absence__touched=touched)
    assert company.sweep().moved == moves


def test_untouched_leads_move_first_and_no_more_than_a_round_allows(company: Company) -> None:
    company.policy = policy_of(people(bob={"active": False}), route__absence__per_round=1)
    first, second = company.hot("a@acme.com"), company.hot("b@bolt.com")
    touch(company, first)
    company.policy = policy_of(
        people(bob={"active": False}, ann={"active": False}), route__absence__per_round=1
    )
    assert company.sweep().moved == 1
    assert (owner(company.lead(first.lead.lead_id)), owner(company.lead(second.lead.lead_id))) == (
        "ann",
        "pam",
    )
    assert company.sweep().moved == 1


def test_a_lead_nobody_can_take_over_stays_and_moves_as_soon_as_somebody_can(
    company: Company,
) -> None:
    view = company.hot("jo@acme.com")
    away = {each: {"away_from": START} for each in ("ann", "bob", "eve", "max", "pam")}
    company.policy = policy_of(people(**away))
    swept = company.sweep()
    assert (swept.moved, swept.stuck, owner(company.lead(view.lead.lead_id))) == (0, 1, "ann")
    company.policy = policy_of(people(**{**away, "max": {}}))
    assert company.sweep().moved == 1
    assert place(company.lead(view.lead.lead_id)) == ("max", "manager")


def test_the_manager_above_an_absent_manager_takes_the_lead(company: Company) -> None:
    gone = {each: {"active": False} for each in ("ann", "bob", "eve", "pam")}
    chain = people(**gone, max={"active": False, "manager_id": "zoe"})
    company.policy = policy_of((*chain, rep("zoe", team="board")))
    assert place(company.hot("jo@acme.com")) == ("zoe", "manager")


def test_a_rep_who_comes_back_is_next_once_and_not_flooded(company: Company) -> None:
    company.policy = policy_of(people(bob={"away_from": START}))
    assert [owner(company.hot(f"a{n}@firm{n}.com")) for n in range(4)] == ["ann"] * 4
    company.policy = policy_of(people())
    later = [owner(company.hot(f"b{n}@firm{n}.net")) for n in range(4)]
    assert later == ["bob", "ann", "bob", "ann"]


def slots_of(number: int, **own: int) -> dict[str, dict[str, object]]:
    return {name: {"capacity": own.get(name, number)} for name in ("ann", "bob", "pam", "max")}


def test_a_rep_may_have_slots_of_his_own(company: Company) -> None:
    company.policy = policy_of(people(**slots_of(0, ann=1, bob=3)))
    got = [owner(company.hot(f"a{n}@firm{n}.com")) for n in range(5)]
    assert got == ["ann", "bob", "bob", "bob", None]


def test_fewer_slots_hold_at_once_and_more_are_there_at_once(company: Company) -> None:
    company.policy = policy_of(people(**slots_of(0, ann=2)))
    assert [owner(company.hot(f"a{n}@firm{n}.com")) for n in range(2)] == ["ann", "ann"]
    company.policy = policy_of(people(**slots_of(0, ann=1)))
    company.passes(hours=1)
    assert owner(company.hot("b@bolt.com")) is None
    company.policy = policy_of(people(**slots_of(0, ann=3)))
    company.passes(seconds=15)
    company.run()
    assert owner(company.of("b@bolt.com")) == "ann"
    company.policy = policy_of(people(**slots_of(0, ann=2)))
    company.passes(hours=47, minutes=1)
    assert owner(company.hot("c@cork.com")) == "ann"
    assert owner(company.hot("d@dent.com")) is None


def test_a_slot_is_not_given_back_by_a_lead_that_ends_early(company: Company) -> None:
    company.policy = policy_of(people(**slots_of(0, ann=1)))
    view = company.hot("jo@acme.com")
    said = Feedback(
        lead_id=view.lead.lead_id, kind=Kind.REJECTED, by="ann", at=START, reason="student"
    )
    company.store.write(lambda session: pipeline.hear(session, said, company.policy))
    assert owner(company.hot("b@bolt.com")) is None


def test_whoever_waits_longest_is_served_before_a_lead_that_comes_in(company: Company) -> None:
    company.policy = policy_of(people(**slots_of(0, ann=1)))
    company.hot("a@acme.com")
    company.passes(hours=1)
    company.hot("b@bolt.com")
    company.passes(hours=1)
    company.hot("c@cork.com")
    company.passes(hours=46)
    new = company.hot("d@dent.com")
    assert owner(new) is None
    assert [owner(company.of(each)) for each in ("b@bolt.com", "c@cork.com")] == ["ann", None]


def test_under_lasting_overload_leads_are_served_in_their_order(company: Company) -> None:
    company.policy = policy_of(people(**slots_of(0, ann=1)), route__capacity__window_hours=1)
    for number in range(6):
        company.hot(f"a{number}@firm{number}.com")
        company.passes(minutes=1)
    served: list[str] = []
    for _ in range(24):
        company.passes(minutes=15)
        company.run()
        for view in reversed(company.leads()):
            if view.lead.owner_id is not None and view.lead.lead_id not in served:
                served.append(view.lead.lead_id)
    assert served == [view.lead.lead_id for view in reversed(company.leads())]
    assert len(served) == 6


def test_a_lead_that_rises_while_nobody_senior_is_free_gets_the_fast_clock_with_its_owner(
    company: Company,
) -> None:
    company.policy = policy_of(people(**slots_of(0), hal={"manager_id": "max"}))
    cold = company.cold("jo@acme.com")
    assert (owner(cold), cold.lead.tier) == ("hal", Tier.THREE)
    company.passes(minutes=5)
    view = company.hot("jo@acme.com")
    assert (owner(view), view.lead.tier) == ("hal", Tier.ONE)
    assert place(view) == ("hal", "kept")
    due = {each.clock.kind.value: each.clock.due_at for each in view.clocks if each.is_running}
    assert due["assignment_to_touch"] == company.world.now() + timedelta(minutes=15)
    assert alerts(view, "nobody-of-tier-1") == [("max",)]
    since = company.world.now() - timedelta(hours=1)
    incidents = company.store.read(lambda session: session.clocks.incidents(since))
    assert [each.lead_id for each in incidents] == [view.lead.lead_id]


def test_an_owner_who_is_full_is_given_nothing_and_somebody_else_is_looked_for(
    company: Company,
) -> None:
    company.policy = policy_of(people(**slots_of(0), hal={"capacity": 0}))
    cold = company.cold("jo@acme.com")
    company.passes(minutes=5)
    view = company.hot("jo@acme.com")
    assert view.assignment == cold.assignment
    due = {each.clock.kind.value: each.clock.due_at for each in view.clocks if each.is_running}
    assert due["assignment_to_touch"] == company.world.now() + timedelta(minutes=15)
    company.policy = policy_of(people(**slots_of(0, bob=1), hal={"capacity": 0}))
    company.passes(seconds=15)
    another = company.store.read(
        lambda session: session.owners.wanting_another(company.world.now(), 9)
    )
    assert another == (view.lead.lead_id,)


def test_a_lead_given_by_hand_has_a_new_clock_and_takes_no_turn(company: Company) -> None:
    view = company.hot("jo@acme.com")
    company.passes(minutes=5)
    made = give(company, view, "bob")
    assert (made.owner_id, made.place.rule, made.number) == ("bob", "by_hand", 2)
    after = company.lead(view.lead.lead_id)
    (clock,) = [
        each.clock
        for each in after.clocks
        if each.is_running and each.clock.kind.value == "assignment_to_touch"
    ]
    assert clock.started_at == company.world.now()
    assert owner(company.hot("b@bolt.com")) == "bob"
    (kept,) = company.store.read(lambda session: session.owners.overrides(START))
    assert (kept.from_id, kept.to_id, kept.by, kept.reason) == ("ann", "bob", "max", "knows them")


def test_nobody_is_given_a_lead_by_hand_who_cannot_have_it(company: Company) -> None:
    company.policy = policy_of(people(bob={"capacity": 0}, eve={"away_from": START}))
    view = company.hot("jo@acme.com")
    for rep_id, why in (("bob", "all 0 slots"), ("eve", "is away"), ("ann", "has the lead")):
        with pytest.raises(NotPossible, match=why):
            give(company, view, rep_id)
    with pytest.raises(NotFound):
        give(company, view, "nobody")
    assert company.lead(view.lead.lead_id).assignment == view.assignment


def moved_elsewhere(company: Company, rep_id: str, by: str = "bob") -> LeadView:
    company.send("assigned", "jo@acme.com", rep_id=rep_id, by=by)
    return company.of("jo@acme.com")


def overrides(company: Company) -> list[tuple[str | None, str]]:
    kept = company.store.read(lambda session: session.owners.overrides(START))
    return [(each.from_id, each.to_id) for each in kept]


def test_a_lead_that_a_person_gave_away_in_the_crm_has_that_owner_here_and_is_counted(
    company: Company,
) -> None:
    company.hot("jo@acme.com")
    company.passes(minutes=5)
    view = moved_elsewhere(company, "bob")
    assert (place(view), running(view)) == (
        ("bob", "by_hand"),
        {"assignment_to_touch", "signal_to_touch"},
    )
    assert overrides(company) == [("ann", "bob")]
    assert moved_elsewhere(company, "bob").assignment == view.assignment
    assert overrides(company) == [("ann", "bob")]


@pytest.mark.parametrize("by", ["", *load_starter().sla.automatic[:1]])
def test_what_the_crm_did_by_itself_moves_no_lead(company: Company, by: str) -> None:
    first = company.hot("jo@acme.com")
    assert moved_elsewhere(company, "bob", by=by).assignment == first.assignment
    assert overrides(company) == []


def test_an_owner_of_the_crm_who_cannot_have_the_lead_is_an_incident(company: Company) -> None:
    company.policy = policy_of(people(bob={"capacity": 0}))
    first = company.hot("jo@acme.com")
    for rep_id in ("bob", "somebody"):
        assert moved_elsewhere(company, rep_id).assignment == first.assignment
    told = company.store.read(lambda session: session.clocks.incidents(START))
    assert [each.key.rpartition("/")[2] for each in told] == ["bob", "unknown"]
    assert overrides(company) == []


def test_a_closed_lead_is_given_to_nobody(company: Company) -> None:
    view = company.hot("jo@acme.com")
    company.send("lost", "jo@acme.com")
    closed = company.lead(view.lead.lead_id)
    if not closed.lead.is_open:
        with pytest.raises(NotPossible, match="closed"):
            give(company, view, "bob")


def test_a_lead_without_an_owner_for_too_long_is_an_incident_once(company: Company) -> None:
    nobody = {each.rep_id: {"active": False} for each in people()}
    company.policy = policy_of(people(**nobody))
    view = company.hot("jo@acme.com")
    company.passes(minutes=59)
    assert company.sweep().leads.late == 0
    company.passes(minutes=2)
    for _ in range(2):
        swept = company.sweep()
        assert (swept.leads.late, swept.leads.waiting, swept.leads.unexplained) == (1, 1, 0)
    incidents = company.store.read(lambda session: session.clocks.incidents(START))
    (told,) = [each for each in incidents if each.key.endswith("/unassigned")]
    assert "more than 60 minutes: nobody is free" in told.words
    assert alerts(company.lead(view.lead.lead_id), "/unassigned") == [("max",)]


def test_a_copied_lead_that_no_decision_rated_gets_an_owner(
    company: Company, store: Store, world: FrozenWorld
) -> None:
    whole = company.cold("jo@acme.com").lead
    copied = replace(whole, lead_id="lead_copied", contact_id=None, owner_id=None, tier=None)
    store.write(lambda session: session.leads.add(copied, world.now(), None))
    swept = company.sweep()
    company.run()
    view = company.lead("lead_copied")
    assert owner(view) == "hal"
    assert swept.put_right == 1
    assert company.sweep().leads.unexplained == 0


def test_a_clock_that_runs_for_a_closed_lead_is_stopped(company: Company, store: Store) -> None:
    view = company.hot("jo@acme.com")
    store.write(lambda session: session.leads.close(view.lead.lead_id))
    assert company.sweep().put_right == 2
    assert running(company.lead(view.lead.lead_id)) == set()
    assert company.sweep().put_right == 0


def test_a_sweep_of_a_workspace_in_order_changes_nothing(company: Company, store: Store) -> None:
    for number in range(3):
        company.hot(f"a{number}@firm{number}.com")
        company.cold(f"b{number}@firm{number}.net")
    before = store.read(lambda session: session.signals.verify().rows)
    swept = company.sweep()
    assert (swept.moved, swept.found, swept.put_right) == (0, 0, 0)
    assert (swept.leads.open, swept.leads.owned, swept.leads.unexplained) == (6, 6, 0)
    assert store.read(lambda session: session.signals.verify().rows) == before
