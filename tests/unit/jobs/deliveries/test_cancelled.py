"""Actions that are cancelled before or while they are sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leadfit.connectors.base import NotTaken, Unclear
from leadfit.pipeline.feedback import replied
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import SqliteStore
from leadfit.store.views import ActionState
from leadfit.testing import FrozenWorld
from unit.jobs.deliveries.bench import Bench, Scripted


def test_an_action_cancelled_in_between_is_not_carried_out(tmp_path: Path, policy: Policy) -> None:
    cancel: list[Callable[[], int]] = []

    def between(failpoint: str, count: int) -> None:
        if (failpoint, count) == ("deliver.picked", 1):
            cancel[0]()

    world = FrozenWorld(at_failpoint=between)
    opened = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    cancel.append(lambda: opened.write(lambda each: each.outbox.cancel("lead", world.now())))
    bench = Bench(opened, world, policy)
    bench.queue(lead="lead")
    performer = Scripted()
    assert bench.of(performer).deliver(10) == 0
    assert performer.sent == []
    assert bench.seen().state is ActionState.CANCELLED
    opened.close()


class Hanging(Scripted):
    """A performer at which something happens while it is asked."""

    def __init__(self, meanwhile: Callable[[], object], *answers: Exception | None) -> None:
        super().__init__(*answers)
        self._meanwhile = meanwhile

    def perform(self, action: Action) -> None:
        self._meanwhile()
        super().perform(action)


@pytest.mark.parametrize("error", [NotTaken("busy"), Unclear("no answer in time")], ids=repr)
def test_what_is_cancelled_while_it_is_sent_and_not_taken_is_not_sent_again(
    bench: Bench, error: Exception
) -> None:
    def end_the_lead() -> int:
        now = bench.world.now()
        return bench.store.write(lambda session: session.outbox.cancel("lead", now))

    bench.queue(lead="lead")
    performer = Hanging(end_the_lead, error)
    deliveries = bench.of(performer)
    deliveries.deliver(10)
    assert bench.seen().state is ActionState.CANCELLED
    bench.world.pass_time(3_600)
    deliveries.deliver(10)
    assert performer.sent == ["k"]


def test_a_mail_that_is_being_sent_when_the_lead_replies_is_not_tried_again(bench: Bench) -> None:
    def reply() -> int:
        now = bench.world.now()
        return bench.store.write(lambda session: replied(session, "lead", now))

    bench.queue(kind="sequence", destination="email", lead="lead")
    performer = Hanging(reply, NotTaken("busy"))
    deliveries = bench.of(performer)
    deliveries.deliver(10)
    bench.world.pass_time(3_600)
    deliveries.deliver(10)
    assert performer.sent == ["k"]
    assert bench.seen().state is ActionState.CANCELLED


def test_what_was_taken_while_it_was_cancelled_is_done(bench: Bench) -> None:
    def end_the_lead() -> int:
        now = bench.world.now()
        return bench.store.write(lambda session: session.outbox.cancel("lead", now))

    bench.queue(lead="lead")
    assert bench.of(Hanging(end_the_lead)).deliver(10) == 1
    assert bench.seen().state is ActionState.DONE
