"""Telling of storms: however large, one page for a person, in pieces others write between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from leadfit.jobs.promises.telling import tell
from leadfit.policy import load_starter
from leadfit.records import Action
from leadfit.store import Session, SqliteStore
from leadfit.store.views import ActionState, ActionView
from leadfit.testing import FrozenWorld

POLICY = load_starter()
MANY = 450


def notice(world: FrozenWorld, number: int, person: str = "rep_max") -> Action:
    return Action(
        key=f"lead_{number}/1/breach-page/page", kind="page", destination="pager",
        lead_id=f"lead_{number}", assignment_id="a", recipients=(person,), fields={"tier": 1},
        due_at=world.now() - timedelta(minutes=number),
    )  # fmt: skip


def storm(store: SqliteStore, world: FrozenWorld, numbers: range, person: str = "rep_max") -> None:
    def notify(session: Session) -> None:
        for number in numbers:
            session.breaches.notify(notice(world, number, person))

    store.write(notify)


def pages(store: SqliteStore, world: FrozenWorld) -> list[ActionView]:
    due = store.read(lambda session: session.outbox.due(world.now(), 99))
    return [each for each in due if each.action.kind == "page"]


def state(store: SqliteStore, number: int) -> ActionState | None:
    key = f"lead_{number}/1/breach-page/page"
    view = store.read(lambda session: session.outbox.get(key))
    return None if view is None else view.state


def cut_off(pieces: int) -> FrozenWorld:
    """Return a world whose power fails when so many pieces of a storm were gathered."""

    def at_failpoint(name: str, count: int) -> None:
        if (name, count) == ("sla.gathered", pieces):
            raise RuntimeError("power cut")

    return FrozenWorld(at_failpoint=at_failpoint)


def test_a_large_storm_is_one_page_and_no_transaction_is_large(
    store: SqliteStore, world: FrozenWorld
) -> None:
    storm(store, world, range(MANY))
    assert tell(world, store, POLICY) == 1
    (page,) = pages(store, world)
    leads = str(page.action.fields["leads"]).split(", ")
    assert leads == [f"lead_{number}" for number in reversed(range(MANY))]
    assert page.action.fields["breaches"] == MANY
    assert {state(store, number) for number in range(MANY)} == {ActionState.FOLDED}
    assert world.reached["sla.gathered"] == 3
    assert tell(world, store, POLICY) == 0


@pytest.mark.parametrize(
    ("point", "time"),
    [("sla.telling_begun", 1), *(("sla.gathered", time) for time in (1, 2, 3)), ("sla.told", 1)],
)
def test_a_large_storm_goes_on_where_it_was_stopped(tmp_path: Path, point: str, time: int) -> None:
    fail = [(point, time)]

    def at_failpoint(name: str, count: int) -> None:
        if (name, count) in fail:
            fail.clear()
            raise RuntimeError("power cut")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    storm(store, world, range(MANY))
    with pytest.raises(RuntimeError):
        tell(world, store, POLICY)
    assert pages(store, world) == []
    store.close()
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    world.pass_time(10 * 60)
    storm(store, world, range(MANY, MANY + 300))
    tell(world, store, POLICY)
    (page,) = pages(store, world)
    assert page.action.fields["breaches"] in {MANY, MANY + 300}
    # What came since waits for the next page, and no less long than after any other.
    world.pass_time(POLICY.sla.fold_minutes * 60)
    tell(world, store, POLICY)
    named = [int(str(each.action.fields["breaches"])) for each in pages(store, world)]
    assert sum(named) == MANY + 300
    folded = [state(store, number) for number in range(MANY + 300)]
    assert set(folded) == {ActionState.FOLDED}
    store.close()


def test_a_storm_that_goes_on_by_a_clock_that_was_set_back_loses_no_page(tmp_path: Path) -> None:
    world = cut_off(1)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    storm(store, world, range(MANY))
    with pytest.raises(RuntimeError):
        tell(world, store, POLICY)
    store.close()
    earlier = FrozenWorld(world.now() - timedelta(minutes=5))
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=earlier)
    assert tell(earlier, store, POLICY) == 1
    (page,) = pages(store, earlier)
    assert page.action.fields["breaches"] == MANY
    store.close()


def test_a_lead_that_is_touched_while_a_storm_is_gathered_is_not_named(tmp_path: Path) -> None:
    world = cut_off(2)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    storm(store, world, range(MANY))
    with pytest.raises(RuntimeError):
        tell(world, store, POLICY)
    gathered, left = f"lead_{MANY - 1}", "lead_0"
    for lead_id in (gathered, left):
        store.write(lambda session, it=lead_id: session.breaches.withdraw(it, world.now()))  # type: ignore[misc]  # a default binds it now
    assert tell(world, store, POLICY) == 1
    (page,) = pages(store, world)
    leads = str(page.action.fields["leads"]).split(", ")
    assert len(leads) == page.action.fields["breaches"] == MANY - 2
    assert not {gathered, left} & set(leads)
    store.close()


def test_one_who_cannot_be_told_keeps_no_other_from_being_told(tmp_path: Path) -> None:
    def at_failpoint(name: str, count: int) -> None:
        if (name, count) == ("sla.told", 1):
            raise RuntimeError("on purpose")

    world = FrozenWorld(at_failpoint=at_failpoint)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    storm(store, world, range(2), "rep_ada")
    storm(store, world, range(2, 4), "rep_ben")
    with pytest.raises(RuntimeError):
        tell(world, store, POLICY)
    (page,) = pages(store, world)
    assert page.action.recipients == ("rep_ada",)
    store.close()
