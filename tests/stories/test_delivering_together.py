"""Several processes on one store in PostgreSQL deliver at the same time, each action once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadfit import policy as policies
from leadfit.jobs import Deliveries
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import Session
from leadfit.store.views import ActionState
from leadfit.world import SystemWorld

if TYPE_CHECKING:
    from leadfit.store.postgres import PostgresStore

ACTIONS = 120
LEADS = 30


class Counting:
    """A receiver that counts what it is sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.order: list[str] = []
        self.looked_up: list[str] = []

    def perform(self, action: Action) -> None:
        with self._lock:
            self.sent[action.key] += 1
            self.order.append(action.key)

    def knows(self, key: str) -> bool | None:
        self.looked_up.append(key)
        return key in self.sent

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    for name, content in policies.starter_files().items():
        (tmp_path / name).write_bytes(content)
    return policies.load(tmp_path)


@pytest.fixture
def open_store(postgres_url: str) -> Iterator[Callable[[], PostgresStore]]:
    from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra

    opened: list[PostgresStore] = []

    def make() -> PostgresStore:
        opened.append(PostgresStore(postgres_url, secret=b"s" * 32, world=SystemWorld()))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def queue(store: PostgresStore, number: int) -> None:
    now = SystemWorld().now()
    made = [
        Action(
            key=f"{each}", kind="task", destination="crm", lead_id=f"lead_{each % LEADS}",
            assignment_id=None, due_at=now,
        )
        for each in range(number)
    ]  # fmt: skip

    def work(session: Session) -> None:
        for action in made:
            session.outbox.queue(action, now)

    store.write(work)


def test_each_action_is_sent_once_and_in_the_order_of_its_lead(
    open_store: Callable[[], PostgresStore], policy: Policy
) -> None:
    stores = [open_store() for _ in range(3)]
    queue(stores[0], ACTIONS)
    receiver = Counting()
    ended: list[int] = []

    def work(store: PostgresStore) -> None:
        deliveries = Deliveries(SystemWorld(), store, {"*": receiver}, lambda: policy)
        for _ in range(200):
            ended.append(deliveries.deliver(7))
            if sum(ended) >= ACTIONS:
                return

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert receiver.sent == Counter({f"{each}": 1 for each in range(ACTIONS)})
    assert receiver.looked_up == []
    for lead in range(LEADS):
        own = [int(key) for key in receiver.order if int(key) % LEADS == lead]
        assert own == sorted(own)


def test_what_a_process_that_ended_was_sending_is_looked_up_by_another_at_once(
    open_store: Callable[[], PostgresStore], policy: Policy
) -> None:
    first, second = open_store(), open_store()
    queue(first, 4)
    receiver = Counting()
    ends = Deliveries(SystemWorld(), first, {"*": receiver}, lambda: policy)
    lives = Deliveries(SystemWorld(), second, {"*": receiver}, lambda: policy)
    begun = ends.claim("crm", 2)
    ends.carry_out(begun[0])
    assert lives.deliver(10) == 2
    first.close()
    for _ in range(100):
        if lives.deliver(10):
            break
        SystemWorld().wait(0.02)
    assert receiver.sent == Counter({f"{each}": 1 for each in range(4)})
    assert sorted(receiver.looked_up) == ["0", "1"]
    views = second.read(lambda session: [session.outbox.get(f"{each}") for each in range(4)])
    assert [view.state for view in views if view is not None] == [ActionState.DONE] * 4
