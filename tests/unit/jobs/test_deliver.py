"""Deliveries: retries by the class of the error, cancellation, crashes in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit.errors import Permanent, StoreBusy
from leadfit.jobs import deliver
from leadfit.records import Action
from leadfit.store import SqliteStore
from leadfit.store.views import ActionState, ActionView
from leadfit.testing import FrozenWorld


class Scripted:
    """A performer that answers as it is told and remembers what it was sent."""

    def __init__(self, *answers: Exception | None, known: bool | None = None) -> None:
        self._answers = list(answers)
        self._known = known
        self.sent: list[str] = []
        self.looked_up: list[str] = []

    def perform(self, action: Action) -> None:
        self.sent.append(action.key)
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer

    def knows(self, key: str) -> bool | None:
        self.looked_up.append(key)
        return self._known

    def close(self) -> None:
        """Nothing to let go of."""


class Refused(Permanent):
    """The receiver will never take it."""

    code = "refused"


def queue(store: SqliteStore, world: FrozenWorld, key: str = "k", destination: str = "crm") -> None:
    action = Action(
        key=key, kind="task", destination=destination, lead_id="lead", assignment_id=None,
        due_at=world.now(),
    )  # fmt: skip
    store.write(lambda session: session.outbox.queue(action, world.now()))


def seen(store: SqliteStore, key: str = "k") -> ActionView:
    view = store.read(lambda session: session.outbox.get(key))
    assert view is not None
    return view


def test_a_busy_receiver_is_tried_again_later_each_time(
    store: SqliteStore, world: FrozenWorld
) -> None:
    queue(store, world)
    performer = Scripted(StoreBusy("busy"), StoreBusy("busy"))
    waits = []
    for _ in range(2):
        assert deliver(world, store, {"*": performer}, 10) == 0
        waits.append((seen(store).next_at - world.now()).total_seconds())
        assert deliver(world, store, {"*": performer}, 10) == 0
        world.pass_time(waits[-1])
    assert waits[0] < waits[1]
    assert deliver(world, store, {"*": performer}, 10) == 1
    assert seen(store).state is ActionState.DONE
    assert performer.sent == ["k"] * 3


def test_a_refusal_is_final_and_says_why(store: SqliteStore, world: FrozenWorld) -> None:
    queue(store, world)
    performer = Scripted(Refused("no such owner"))
    assert deliver(world, store, {"*": performer}, 10) == 1
    world.pass_time(3600)
    assert deliver(world, store, {"*": performer}, 10) == 0
    assert (seen(store).state, seen(store).error) == (
        ActionState.REFUSED,
        "refused: no such owner",
    )


def test_an_action_that_never_works_ends_as_dead(store: SqliteStore, world: FrozenWorld) -> None:
    queue(store, world)
    performer = Scripted(*[StoreBusy("busy")] * 20)
    for _ in range(20):
        deliver(world, store, {"*": performer}, 10)
        world.pass_time(400)
    assert seen(store).state is ActionState.DEAD
    assert len(performer.sent) == 8


def test_an_error_nobody_thought_of_stops_no_other_action(
    store: SqliteStore, world: FrozenWorld
) -> None:
    queue(store, world, "a")
    queue(store, world, "b")
    performer = Scripted(ZeroDivisionError("jo@acme.com"))
    assert deliver(world, store, {"*": performer}, 10) == 1
    assert seen(store, "b").state is ActionState.DONE
    assert (seen(store, "a").state, seen(store, "a").error) == (
        ActionState.PENDING,
        "ZeroDivisionError",
    )


@pytest.mark.parametrize(("known", "sent"), [(True, []), (False, ["k"]), (None, ["k"])])
def test_an_action_left_sending_is_looked_up_first(
    store: SqliteStore, world: FrozenWorld, known: bool | None, sent: list[str]
) -> None:
    queue(store, world)
    store.write(lambda session: session.outbox.sending(["k"]))
    performer = Scripted(known=known)
    assert deliver(world, store, {"*": performer}, 10) == 1
    assert (performer.looked_up, performer.sent) == (["k"], sent)


def test_each_destination_has_its_performer(store: SqliteStore, world: FrozenWorld) -> None:
    queue(store, world, "a", "crm")
    queue(store, world, "b", "chat")
    crm, other = Scripted(), Scripted()
    deliver(world, store, {"crm": crm, "*": other}, 10)
    assert (crm.sent, other.sent) == (["a"], ["b"])
    queue(store, world, "c", "pager")
    deliver(world, store, {"crm": crm}, 10)
    assert seen(store, "c").state is ActionState.REFUSED


def test_an_action_cancelled_in_between_is_not_carried_out(
    tmp_path: Path,
) -> None:
    cancel: list[Callable[[], int]] = []

    def between(failpoint: str, count: int) -> None:
        if (failpoint, count) == ("deliver.picked", 1):
            cancel[0]()

    world = FrozenWorld(at_failpoint=between)
    opened = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    cancel.append(lambda: opened.write(lambda each: each.outbox.cancel("lead", world.now())))
    queue(opened, world)
    performer = Scripted()
    assert deliver(world, opened, {"*": performer}, 10) == 0
    assert performer.sent == []
    assert seen(opened).state is ActionState.CANCELLED
    opened.close()


def test_an_action_waits_for_its_time(store: SqliteStore, world: FrozenWorld) -> None:
    queue(store, world)
    later = Action(
        key="later", kind="task", destination="crm", lead_id="lead", assignment_id=None,
        due_at=world.now() + timedelta(days=2),
    )  # fmt: skip
    store.write(lambda session: session.outbox.queue(later, world.now()))
    performer = Scripted()
    deliver(world, store, {"*": performer}, 10)
    assert performer.sent == ["k"]
    world.pass_time(2 * 86_400)
    deliver(world, store, {"*": performer}, 10)
    assert performer.sent == ["k", "later"]
