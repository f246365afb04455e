"""The order in which a signal is stored: id, row, durable commit, acknowledgement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import pipeline
from leadfit.pipeline import InForce
from leadfit.policy import load_starter
from leadfit.store import SqliteStore
from leadfit.store.views import Receipt
from leadfit.testing import FrozenWorld

BODY = {
    "source": "form", "event_id": "event-1", "kind": "demo_request", "at": "2026-03-02T09:00:00Z",
    "identifiers": {"email": "jo@acme.com"}, "facts": {"employees": 800},
}  # fmt: skip


class Told(FrozenWorld):
    """A world that notes which ids it made and which points were reached, in one order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        super().__init__(at_failpoint=lambda point, _: self.events.append(point))

    def new_id(self, prefix: str) -> str:
        self.events.append(f"id of a {prefix}")
        return super().new_id(prefix)


@pytest.fixture
def world() -> Told:
    return Told()


@pytest.fixture
def store(tmp_path: Path, world: Told) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s" * 32, world=world)
    yield store
    store.close()


def test_an_id_is_made_before_anything_is_written_and_told_after_the_commit(
    store: SqliteStore, world: Told
) -> None:
    world.events.clear()
    (answer,) = pipeline.accept(world, store, load_starter(), [BODY])
    assert isinstance(answer, Receipt)
    order = [
        "id of a signal", "accept.read", "accept.added", "store.before_commit",
        "store.after_commit", "accept.stored",
    ]  # fmt: skip
    assert [each for each in world.events if each in order] == order


def test_what_is_acknowledged_is_in_the_file_for_whoever_opens_it(
    tmp_path: Path, store: SqliteStore, world: Told
) -> None:
    (answer,) = pipeline.accept(world, store, load_starter(), [BODY])
    assert isinstance(answer, Receipt)
    other = sqlite3.connect(tmp_path / "s.sqlite3")
    rows = other.execute("SELECT signal_id FROM signals").fetchall()
    other.close()
    assert rows == [(answer.signal_id,)]


def test_every_connection_of_the_store_syncs_in_full(store: SqliteStore) -> None:
    connection = store._connect()
    found = connection.execute("PRAGMA synchronous").fetchone()
    connection.close()
    assert found == (2,)


def test_a_decision_is_one_transaction_of_the_one_writer(store: SqliteStore, world: Told) -> None:
    rules = InForce(policy=load_starter())
    pipeline.accept(world, store, rules.policy, [BODY])
    world.events.clear()
    pipeline.decide_pending(world, store, rules, 10)
    commits = [number for number, each in enumerate(world.events) if each == "store.before_commit"]
    decided = ["decide.matched", "decide.identified", "decide.claimed", "decide.assigned",
               "decide.planned", "decide.kept", "decide.settled"]  # fmt: skip
    assert len(commits) == 1
    assert all(world.events.index(each) < commits[0] for each in decided)
    ids = [number for number, each in enumerate(world.events) if each.startswith("id of")]
    assert max(ids) < commits[0]


def test_a_writer_that_fails_before_the_commit_acknowledges_nothing(tmp_path: Path) -> None:
    def fail(point: str, _times: int) -> None:
        if point == "store.before_commit":
            raise ValueError(point)

    world = FrozenWorld(at_failpoint=fail)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s" * 32, world=world)
    with pytest.raises(ValueError, match="before_commit"):
        pipeline.accept(world, store, load_starter(), [BODY])
    assert store.read(lambda session: session.signals.pending(10)) == ()
    store.close()


def test_a_signal_is_not_decided_at_once_before_one_that_waits(
    store: SqliteStore, world: Told
) -> None:
    rules = InForce(policy=load_starter())
    woken: list[str] = []
    pipeline.accept(world, store, rules.policy, [BODY])
    touch = {
        "source": "crm", "event_id": "event-2", "kind": "touched", "at": "2026-03-02T09:00:01Z",
        "identifiers": {"email": "jo@acme.com"}, "facts": {"by": "Ada"},
    }  # fmt: skip
    (answer,) = pipeline.accept(
        world, store, rules.policy, [touch], decide_by=rules, wake=woken.append
    )
    assert isinstance(answer, Receipt)
    store.write(lambda _session: None)
    assert woken == ["decide"]
    pipeline.decide_pending(world, store, rules, 10)
    view = store.read(lambda session: session.signals.view(answer.signal_id))
    assert view is not None
    assert view.lead_id is not None


def test_a_signal_that_comes_alone_is_decided_at_once(store: SqliteStore, world: Told) -> None:
    rules = InForce(policy=load_starter())
    woken: list[str] = []
    pipeline.accept(world, store, rules.policy, [BODY], decide_by=rules, wake=woken.append)
    store.write(lambda _session: None)
    assert woken == ["deliver"]
    assert store.read(lambda session: session.signals.pending(10)) == ()
