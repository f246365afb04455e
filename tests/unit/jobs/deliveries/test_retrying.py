"""When a try that failed is tried again, in doubt, or given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit.connectors.base import NotTaken, Unclear
from leadfit.records import Action
from leadfit.store.outbox import GateState
from leadfit.store.views import ActionState
from unit.jobs.deliveries.bench import Bench, Refused, Scripted


def test_a_busy_receiver_is_tried_again_within_longer_and_longer_times(bench: Bench) -> None:
    bench.queue()
    performer = Scripted(*[NotTaken("busy")] * 9)
    deliveries = bench.of(performer)
    for number in range(9):
        assert deliveries.deliver(10) == 0
        wait_s = (bench.seen().next_at - bench.world.now()).total_seconds()
        assert 0.05 <= wait_s <= min(60, 2**number)
        assert deliveries.deliver(10) == 0
        bench.wait_for()
    assert deliveries.deliver(10) == 1
    assert (bench.seen().state, bench.seen().doubts) == (ActionState.DONE, 0)
    assert performer.sent == ["k"] * 10
    assert performer.looked_up == []


def test_what_the_receiver_asks_for_wins_over_what_we_would_wait(bench: Bench) -> None:
    bench.queue()
    bench.queue("other")
    deliveries = bench.of(Scripted(NotTaken("429", retry_after_s=77)))
    assert deliveries.deliver(1) == 0
    assert (bench.seen().next_at - bench.world.now()).total_seconds() == 77
    assert deliveries.deliver(10) == 0
    bench.world.pass_time(76.9)
    assert bench.of(Scripted()).deliver(10) == 0
    bench.world.pass_time(0.1)
    assert bench.of(Scripted()).deliver(10) == 2


def test_a_refusal_is_final_and_says_why(bench: Bench) -> None:
    bench.queue()
    performer = Scripted(Refused("no such owner"))
    deliveries = bench.of(performer)
    assert deliveries.deliver(10) == 1
    bench.world.pass_time(3600)
    assert deliveries.deliver(10) == 0
    assert (bench.seen().state, bench.seen().error) == (
        ActionState.REFUSED,
        "refused: no such owner",
    )
    assert bench.gate().state is GateState.OPEN


@pytest.mark.parametrize(("kind", "hours"), [("task", 48), ("alert", 1), ("page", 4)])
def test_an_action_that_never_works_is_given_up_at_the_deadline_of_its_kind(
    bench: Bench, kind: str, hours: int
) -> None:
    bench.queue(kind=kind)
    performer = Scripted(*[NotTaken("busy")] * 100_000)
    deliveries = bench.of(performer)
    began = bench.world.now()
    while bench.seen().state is ActionState.PENDING:
        bench.wait_for()
        deliveries.deliver(10)
    assert bench.seen().state is ActionState.DEAD
    assert f"is later than {hours} h after it was due" in str(bench.seen().error)
    passed = bench.world.now() - began
    assert timedelta(hours=hours) - timedelta(minutes=1) <= passed <= timedelta(hours=hours)


class Picky(Scripted):
    """Takes every action but one, and nothing at all while it is down."""

    is_down = False

    def perform(self, action: Action) -> None:
        super().perform(action)
        if self.is_down or action.key == "poison":
            raise Unclear("500")


def test_poison_is_given_up_early_while_others_succeed(bench: Bench) -> None:
    performer = Picky()
    deliveries = bench.of(performer)
    bench.queue("first")
    deliveries.deliver(10)
    bench.queue("poison")
    for number in range(2_000):
        bench.queue(f"good {number}")
        deliveries.deliver(10)
        assert bench.seen(f"good {number}").state is ActionState.DONE
        if bench.seen("poison").state is ActionState.DEAD:
            break
        bench.world.pass_time(5)
    assert bench.seen("poison").state is ActionState.DEAD
    assert "given up after 20 tries, 20 while other" in str(bench.seen("poison").error)
    assert performer.sent.count("poison") == bench.policy.deliver.attempts


def test_tries_while_a_receiver_is_down_count_for_nothing_once_it_takes_others(
    bench: Bench,
) -> None:
    performer = Picky()
    deliveries = bench.of(performer)
    performer.is_down = True
    bench.queue("poison")
    while performer.sent.count("poison") < 3 * bench.policy.deliver.attempts:
        bench.wait_for("poison")
        deliveries.deliver(10)
    performer.is_down = False
    bench.queue("good")
    bench.wait_for("poison")
    deliveries.deliver(10)
    bench.wait_for("poison")
    deliveries.deliver(10)
    assert bench.seen("good").state is ActionState.DONE
    assert bench.seen("poison").state is ActionState.AMBIGUOUS


def test_an_error_nobody_thought_of_stops_no_other_action(bench: Bench) -> None:
    bench.queue("a")
    bench.queue("b")
    performer = Scripted(ZeroDivisionError("jo@acme.com"))
    assert bench.of(performer).deliver(10) == 1
    assert bench.seen("b").state is ActionState.DONE
    assert (bench.seen("a").state, bench.seen("a").error) == (
        ActionState.AMBIGUOUS,
        "ZeroDivisionError",
    )


@pytest.mark.parametrize(
    ("known", "sent", "marked"), [(True, 1, 0), (False, 2, 0), (None, 2, 1)], ids=str
)
def test_an_ambiguous_try_is_looked_up_before_the_next(
    bench: Bench, known: bool | None, sent: int, marked: int
) -> None:
    bench.queue()
    performer = Scripted(Unclear("timeout"), known=known)
    deliveries = bench.of(performer)
    assert deliveries.deliver(10) == 0
    assert (bench.seen().state, bench.seen().doubts) == (ActionState.AMBIGUOUS, 1)
    bench.wait_for()
    assert deliveries.deliver(10) == 1
    assert bench.seen().state is ActionState.DONE
    assert (len(performer.sent), len(performer.marked)) == (sent, marked)
    assert performer.looked_up == ["k"]


def test_a_doubt_outlives_a_later_try_that_was_sure(bench: Bench) -> None:
    bench.queue()
    performer = Scripted(Unclear("timeout"), NotTaken("429"))
    deliveries = bench.of(performer)
    for _ in range(3):
        deliveries.deliver(10)
        bench.wait_for()
    assert bench.seen().state is ActionState.DONE
    assert performer.marked == ["k", "k"]


def test_a_look_up_that_fails_leaves_the_doubt_as_it_is(bench: Bench) -> None:
    bench.queue()
    performer = Scripted(Unclear("timeout"), known=NotTaken("away"))
    deliveries = bench.of(performer)
    deliveries.deliver(10)
    bench.wait_for()
    deliveries.deliver(10)
    assert (bench.seen().state, bench.seen().doubts) == (ActionState.AMBIGUOUS, 1)
    assert performer.sent == ["k"]


def test_a_look_up_that_is_refused_is_no_refusal_of_the_action(bench: Bench) -> None:
    bench.queue()
    deliveries = bench.of(Scripted(Unclear("timeout"), known=Refused("bad id")))
    for _ in range(2):
        deliveries.deliver(10)
        bench.wait_for()
    assert bench.seen().state is ActionState.AMBIGUOUS


def test_a_retried_action_has_its_whole_time_again(bench: Bench) -> None:
    bench.queue()
    bench.world.pass_time(3 * 86_400)
    deliveries = bench.of(Scripted(NotTaken("busy"), NotTaken("busy")))
    assert deliveries.deliver(10) == 1
    assert bench.seen().state is ActionState.DEAD
    now = bench.world.now()
    bench.store.write(lambda session: session.dead_letters.retry("k", now))
    assert deliveries.deliver(10) == 0
    assert bench.seen().state is ActionState.PENDING


def test_an_action_given_up_after_its_tries_has_them_all_again_when_it_is_retried(
    bench: Bench,
) -> None:
    class Picky(Scripted):
        def perform(self, action: Action) -> None:
            super().perform(action)
            if action.key == "k":
                raise NotTaken("busy")

    bench.queue()
    deliveries = bench.of(Picky())
    for number in range(2_000):
        bench.queue(f"good {number}")
        deliveries.deliver(10)
        if bench.seen().state is ActionState.DEAD:
            break
        bench.world.pass_time(5)
    now = bench.world.now()
    assert bench.store.write(lambda session: session.dead_letters.retry("k", now))
    bench.queue("good at last")
    deliveries.deliver(10)
    assert bench.seen("good at last").state is ActionState.DONE
    assert bench.seen().state is ActionState.PENDING
