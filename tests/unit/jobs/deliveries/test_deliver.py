"""What is due is sent in order, once at a time, also after a process that ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

import pytest

from leadfit.connectors.base import NotTaken, Unclear
from leadfit.errors import StoreBusy
from leadfit.jobs import Deliveries
from leadfit.records import Action, Written
from leadfit.store import Session, SqliteStore, Store
from leadfit.store.outbox import EchoKind
from leadfit.store.views import ActionState
from unit.jobs.deliveries.bench import Bench, Refused, Scripted


class Gathering(Scripted):
    """A performer that takes several at once."""

    def __init__(self, *answers: Exception | None, known: bool | Exception | None = None) -> None:
        super().__init__(*answers, known=known)
        self.together: list[list[str]] = []

    def perform_together(self, actions: Sequence[Action]) -> None:
        self.together.append([each.key for each in actions])
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer


def test_what_is_due_at_a_receiver_that_takes_several_is_handed_over_at_once(bench: Bench) -> None:
    performer = Gathering()
    deliveries = bench.of(performer)
    for key in ("a", "b", "c"):
        bench.queue(key)
    assert deliveries.deliver(10) == 3
    assert performer.together == [["a", "b", "c"]]
    assert {bench.seen(key).state for key in "abc"} == {ActionState.DONE}


def test_after_trouble_with_several_each_of_them_is_looked_up(bench: Bench) -> None:
    performer = Gathering(Unclear("the answer made no sense"), known=True)
    deliveries = bench.of(performer)
    bench.queue("a")
    bench.queue("b")
    assert deliveries.deliver(10) == 0
    assert {bench.seen(key).state for key in "ab"} == {ActionState.AMBIGUOUS}
    bench.world.pass_time(3600)
    deliveries.deliver(10)
    assert sorted(performer.looked_up) == ["a", "b"]
    assert not performer.sent
    assert {bench.seen(key).state for key in "ab"} == {ActionState.DONE}


@pytest.mark.parametrize(("known", "sent"), [(True, []), (False, ["k"]), (None, ["k"])])
def test_an_action_left_sending_by_a_process_that_ended_is_looked_up_first(
    bench: Bench, known: bool | None, sent: list[str]
) -> None:
    bench.queue()
    bench.of(Scripted()).claim("crm", 10)
    performer = Scripted(known=known)
    assert bench.of(performer).deliver(10) == 1
    assert (performer.looked_up, performer.sent) == (["k"], sent)


@pytest.mark.parametrize("late", [None, Refused("no such owner"), NotTaken("429")], ids=repr)
def test_a_worker_that_comes_late_overwrites_nothing_and_is_kept_on_record(
    bench: Bench, late: Exception | None
) -> None:
    bench.queue(kind="page", destination="pager")
    slow = bench.of({"pager": Scripted(late), "chat": Scripted()}, {"pager": ("chat",)})
    (taken,) = slow.claim("pager", 10)
    outcome = slow.carry_out(taken)
    quick = bench.of(Scripted(Unclear("timeout")))
    assert quick.deliver(10) == 0
    found = bench.seen()
    assert (found.state, found.attempts, found.doubts) == (ActionState.AMBIGUOUS, 2, 2)
    assert slow.settle([outcome]) == 0
    assert bench.seen() == found
    assert bench.store.read(lambda session: session.outbox.get("k/instead")) is None
    kinds = bench.store.read(lambda session: session.signals.last())
    assert kinds == 1, "the late end is not on record"


def test_a_try_that_a_crash_cut_short_stays_in_doubt(bench: Bench) -> None:
    bench.queue()
    bench.of(Scripted()).claim("crm", 10)
    performer = Scripted(NotTaken("429"))
    deliveries = bench.of(performer)
    for _ in range(2):
        deliveries.deliver(10)
        bench.wait_for()
    assert bench.seen().state is ActionState.DONE
    assert (performer.marked, bench.seen().doubts) == (["k", "k"], 1)


def test_an_action_that_is_being_sent_is_not_sent_beside_it(bench: Bench) -> None:
    bench.queue()
    deliveries = bench.of(Scripted())
    assert len(deliveries.claim("crm", 10)) == 1
    assert deliveries.claim("crm", 10) == ()


class FullForOnce:
    """A store whose next write fails when it is told so."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.is_full = store, False

    def write(self, work: Callable[[Session], object]) -> object:
        if self.is_full:
            self.is_full = False
            raise StoreBusy("full")
        return self.store.write(work)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def test_what_could_not_be_written_down_is_written_before_the_next_claim(bench: Bench) -> None:
    bench.queue()
    full = FullForOnce(bench.store)
    by_name = {"*": Scripted()}
    deliveries = Deliveries(bench.world, cast("Store", full), by_name, lambda: bench.policy)
    (view,) = deliveries.claim("crm", 10)
    outcome = deliveries.carry_out(view)
    full.is_full = True
    with pytest.raises(StoreBusy):
        deliveries.settle([outcome])
    assert bench.seen().state is ActionState.SENDING
    assert deliveries.claim("crm", 10) == ()
    assert bench.seen().state is ActionState.DONE


def test_each_destination_has_its_performer(bench: Bench) -> None:
    bench.queue("a", "crm")
    bench.queue("b", "chat")
    crm, other = Scripted(), Scripted()
    bench.of({"crm": crm, "*": other}).deliver(10)
    assert (crm.sent, other.sent) == (["a"], ["b"])
    bench.queue("c", "pager")
    bench.of({"crm": crm}).deliver(10)
    assert bench.seen("c").state is ActionState.REFUSED


def test_an_action_waits_for_its_time(bench: Bench) -> None:
    bench.queue()
    later = Action(
        key="later", kind="task", destination="crm", lead_id="lead", assignment_id=None,
        due_at=bench.world.now() + timedelta(days=2),
    )  # fmt: skip
    bench.store.write(lambda session: session.outbox.queue(later, bench.world.now()))
    performer = Scripted()
    deliveries = bench.of(performer)
    deliveries.deliver(10)
    assert performer.sent == ["k"]
    bench.world.pass_time(2 * 86_400)
    deliveries.deliver(10)
    assert performer.sent == ["k", "later"]


def test_actions_of_a_lead_leave_in_order_also_after_a_hand_retry(bench: Bench) -> None:
    for key in ("pause", "mail"):
        kind = "pause_sequence" if key == "pause" else "sequence"
        bench.queue(key, "email", kind, lead="lead")
    performer = Scripted(Refused("no such sequence"))
    deliveries = bench.of(performer)
    deliveries.deliver(10)
    bench.world.pass_time(3_600)
    deliveries.deliver(10)
    assert performer.sent == ["pause"]
    now = bench.world.now()
    assert bench.store.write(lambda session: session.dead_letters.retry("pause", now))
    assert deliveries.deliver(10) == 2
    assert performer.sent == ["pause", "pause", "mail"]


def test_a_value_is_noted_as_ours_before_it_is_written(bench: Bench) -> None:
    ours = Written(system="hubspot", object_id="7", name="tier", value="1")
    heard: list[EchoKind] = []

    class WritesBack(Scripted):
        def writes(self, _action: Action) -> Sequence[Written]:
            return (ours,)

        def perform(self, action: Action) -> None:
            super().perform(action)
            now = bench.world.now()
            heard.append(bench.store.write(lambda session: session.echoes.hear(ours, at=now)))

    bench.queue()
    assert bench.of(WritesBack()).deliver(10) == 1
    assert heard == [EchoKind.ECHO]
