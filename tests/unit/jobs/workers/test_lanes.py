"""Queues with threads of their own: a slow or dead destination delays no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from leadfit.connectors import Performer
from leadfit.connectors.base import NotTaken
from leadfit.jobs import Deliveries, Lanes
from leadfit.jobs.deliveries.retrying import DeliveryResult
from leadfit.policy import Policy, load_starter
from leadfit.records import Action
from leadfit.store import SqliteStore
from leadfit.store.views import ActionView
from leadfit.world import SystemWorld

PATIENCE_S = 10.0

Sending = Lanes[ActionView, DeliveryResult]


class Waiting:
    """A receiver that answers when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self.done: list[str] = []
        self._lock = threading.Lock()

    def perform(self, action: Action) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.let.wait(PATIENCE_S)
        with self._lock:
            self.at_once -= 1
            self.done.append(action.key)

    def knows(self, key: str) -> bool | None:
        return key in self.done

    def close(self) -> None:
        """Nothing to let go of."""


class Open(Waiting):
    def __init__(self) -> None:
        super().__init__()
        self.let.set()


class Dead(Open):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def perform(self, action: Action) -> None:
        self.asked.append(action.key)
        raise NotTaken(f"{action.key} is not taken")


@pytest.fixture
def world() -> SystemWorld:
    return SystemWorld()


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_starter()


def queue(store: SqliteStore, world: SystemWorld, destination: str, number: int) -> None:
    now = world.now()

    def work(number: int) -> None:
        action = Action(
            key=f"{destination}/{number}", kind="task", destination=destination,
            lead_id=f"lead_{number}", assignment_id=None, due_at=now,
        )  # fmt: skip
        store.write(lambda session: session.outbox.queue(action, now))

    for each in range(number):
        work(each)


def states(store: SqliteStore) -> Mapping[str, int]:
    now = SystemWorld().now()
    return store.read(lambda session: session.counts(now)).actions


@pytest.fixture
def lanes(
    store: SqliteStore, world: SystemWorld, policy: Policy
) -> Iterator[Callable[[Mapping[str, Performer]], Sending]]:
    made: list[Sending] = []

    def start(performers: Mapping[str, Performer]) -> Sending:
        made.append(Lanes(Deliveries(world, store, performers, lambda: policy)))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def until(lanes: Sending, holds: Callable[[], bool]) -> None:
    world = SystemWorld()
    end_s = world.monotonic_s() + PATIENCE_S
    while not holds():
        assert world.monotonic_s() < end_s
        lanes.tick()
        world.wait(0.01)


def test_a_destination_that_does_not_answer_delays_no_other(
    store: SqliteStore, world: SystemWorld, lanes: Callable[[Mapping[str, Performer]], Sending]
) -> None:
    queue(store, world, "crm", 10)
    queue(store, world, "chat", 30)
    slow, fast = Waiting(), Open()
    running = lanes({"crm": slow, "chat": fast})
    until(running, lambda: len(fast.done) == 30)
    assert (slow.done, slow.at_once) == ([], 4)
    slow.let.set()
    until(running, lambda: states(store) == {"done": 40})
    assert slow.most_at_once == 4


def test_the_number_of_workers_follows_the_policy_in_force(
    store: SqliteStore, world: SystemWorld, policy: Policy
) -> None:
    in_force = [wide(policy, 2)]
    slow = Waiting()
    queue(store, world, "crm", 20)
    running = Lanes(Deliveries(world, store, {"crm": slow}, lambda: in_force[0]))
    until(running, lambda: slow.at_once == 2)
    in_force[0] = wide(policy, 6)
    until(running, lambda: slow.at_once == 6)
    in_force[0] = wide(policy, 1)
    slow.most_at_once = 0
    slow.let.set()
    until(running, lambda: states(store) == {"done": 20})
    assert slow.most_at_once == 1, "more were begun than the policy allows"
    running.stop()


def wide(policy: Policy, workers: int) -> Policy:
    deliver = policy.deliver.model_copy(update={"workers": workers})
    return policy.model_copy(update={"deliver": deliver})


def test_a_dead_destination_is_left_alone_and_the_others_go_on(
    store: SqliteStore, world: SystemWorld, lanes: Callable[[Mapping[str, Performer]], Sending]
) -> None:
    queue(store, world, "crm", 20)
    queue(store, world, "chat", 20)
    dead, fast = Dead(), Open()
    running = lanes({"crm": dead, "chat": fast})
    until(running, lambda: len(fast.done) == 20)
    until(running, lambda: gate(store) == "broken")
    # What was taken before the gate closed is settled.
    until(running, lambda: states(store) == {"done": 20, "pending": 20})
    asked = len(dead.asked)
    assert asked < 20
    for _ in range(20):
        running.tick()
        world.wait(0.01)
    assert len(dead.asked) == asked


def gate(store: SqliteStore) -> str:
    return store.read(lambda session: session.destinations.gate("crm")).state.value


def test_stopping_waits_for_what_is_being_sent(
    store: SqliteStore, world: SystemWorld, lanes: Callable[[Mapping[str, Performer]], Sending]
) -> None:
    queue(store, world, "crm", 2)
    slow = Waiting()
    running = lanes({"crm": slow})
    until(running, lambda: slow.at_once == 2)
    threading.Timer(0.1, slow.let.set).start()
    running.stop()
    assert states(store) == {"done": 2}


def test_actions_of_a_lead_leave_one_after_another_also_in_threads(
    store: SqliteStore, world: SystemWorld, lanes: Callable[[Mapping[str, Performer]], Sending]
) -> None:
    now = world.now()
    for number in range(30):
        action = Action(
            key=f"{number}", kind="task", destination="crm", lead_id=f"lead_{number % 3}",
            assignment_id=None, due_at=now,
        )  # fmt: skip
        store.write(lambda session, action=action: session.outbox.queue(action, now))  # type: ignore[misc]  # bound at once
    receiver = Open()
    running = lanes({"crm": receiver})
    until(running, lambda: len(receiver.done) == 30)
    for lead in range(3):
        own = [int(key) for key in receiver.done if int(key) % 3 == lead]
        assert own == sorted(own)
