"""Deliveries: retries by the class of the error, doubts, gates, cancellation, crashes between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from leadfit.connectors import Performer
from leadfit.connectors.base import INSTEAD, REPEAT, NotTaken, OnHold, Unclear
from leadfit.errors import Permanent, StoreBusy
from leadfit.jobs import Deliveries
from leadfit.pipeline.feedback import replied
from leadfit.policy import Policy, load_starter
from leadfit.records import Action, Fact, Written
from leadfit.store import Session, SqliteStore, Store
from leadfit.store.outbox import EchoKind, Gate, GateState
from leadfit.store.views import ActionState, ActionView
from leadfit.testing import FrozenWorld


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_starter()


class Scripted:
    """A performer that answers as it is told and remembers what it was sent."""

    def __init__(self, *answers: Exception | None, known: bool | Exception | None = None) -> None:
        self._answers = list(answers)
        self._known = known
        self.sent: list[str] = []
        self.marked: list[str] = []
        self.looked_up: list[str] = []

    def perform(self, action: Action) -> None:
        self.sent.append(action.key)
        if action.fields.get(REPEAT):
            self.marked.append(action.key)
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer

    def knows(self, key: str) -> bool | None:
        self.looked_up.append(key)
        if isinstance(self._known, Exception):
            raise self._known
        return self._known

    def close(self) -> None:
        """Nothing to let go of."""


class Refused(Permanent):
    """The receiver will never take it."""

    code = "refused"


Deliver = Callable[..., int]


class Bench:
    """A store, and deliveries that go through the performers of a test."""

    def __init__(self, store: SqliteStore, world: FrozenWorld, policy: Policy) -> None:
        self.store, self.world, self.policy = store, world, policy
        self.made: dict[int, Deliveries] = {}

    def of(
        self,
        performers: Mapping[str, Performer] | Performer,
        fallbacks: Mapping[str, Sequence[str]] | None = None,
    ) -> Deliveries:
        by_name = performers if isinstance(performers, Mapping) else {"*": performers}
        return Deliveries(self.world, self.store, by_name, lambda: self.policy, fallbacks=fallbacks)

    def queue(
        self, key: str = "k", destination: str = "crm", kind: str = "task", lead: str | None = None,
        **fields: Fact,
    ) -> None:  # fmt: skip
        action = Action(
            key=key, kind=kind, destination=destination, lead_id=lead or f"lead of {key}",
            assignment_id=None, due_at=self.world.now(), fields=fields,
        )  # fmt: skip
        self.store.write(lambda session: session.outbox.queue(action, self.world.now()))

    def seen(self, key: str = "k") -> ActionView:
        view = self.store.read(lambda session: session.outbox.get(key))
        assert view is not None
        return view

    def gate(self, destination: str = "crm") -> Gate:
        return self.store.read(lambda session: session.destinations.gate(destination))

    def wait_for(self, key: str = "k") -> None:
        self.world.pass_time(max(0.0, (self.seen(key).next_at - self.world.now()).total_seconds()))


@pytest.fixture
def bench(store: SqliteStore, world: FrozenWorld, policy: Policy) -> Bench:
    return Bench(store, world, policy)


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
    passed = bench.world.now() - began
    assert timedelta(hours=hours) - timedelta(minutes=1) <= passed <= timedelta(hours=hours)


def test_poison_is_given_up_early_while_others_succeed(bench: Bench) -> None:
    class Picky(Scripted):
        def perform(self, action: Action) -> None:
            super().perform(action)
            if action.key == "poison":
                raise Unclear("500")

    bench.queue("poison")
    performer = Picky()
    deliveries = bench.of(performer)
    for number in range(2_000):
        bench.queue(f"good {number}")
        deliveries.deliver(10)
        assert bench.seen(f"good {number}").state is ActionState.DONE
        if bench.seen("poison").state is ActionState.DEAD:
            break
        bench.world.pass_time(5)
    assert bench.seen("poison").state is ActionState.DEAD
    assert performer.sent.count("poison") == bench.policy.deliver.attempts


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


@pytest.mark.parametrize(("known", "sent"), [(True, []), (False, ["k"]), (None, ["k"])])
def test_an_action_left_sending_by_a_process_that_ended_is_looked_up_first(
    bench: Bench, known: bool | None, sent: list[str]
) -> None:
    bench.queue()
    bench.of(Scripted()).claim("crm", 10)
    performer = Scripted(known=known)
    assert bench.of(performer).deliver(10) == 1
    assert (performer.looked_up, performer.sent) == (["k"], sent)


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


def test_a_look_up_that_is_refused_is_no_refusal_of_the_action(bench: Bench) -> None:
    bench.queue()
    deliveries = bench.of(Scripted(Unclear("timeout"), known=Refused("bad id")))
    for _ in range(2):
        deliveries.deliver(10)
        bench.wait_for()
    assert bench.seen().state is ActionState.AMBIGUOUS


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


def test_a_dead_destination_is_left_alone_and_tried_by_one_action(bench: Bench) -> None:
    for number in range(8):
        bench.queue(f"crm {number}", "crm")
        bench.queue(f"chat {number}", "chat")
    dead, alive = Scripted(*[NotTaken("refused")] * 20), Scripted()
    performers = {"crm": dead, "chat": alive}
    deliveries = bench.of(performers)
    for _ in range(5):
        deliveries.round("crm", 1)
    assert bench.gate().state is GateState.BROKEN
    assert bench.gate().failing_since == bench.world.now()
    assert deliveries.deliver(100) == 8
    assert (len(dead.sent), len(alive.sent)) == (5, 8)
    until = bench.gate().until
    assert until is not None
    assert 15 <= (until - bench.world.now()).total_seconds() <= 30
    bench.world.pass_time((until - bench.world.now()).total_seconds())
    assert bench.of(performers).deliver(100) == 0
    assert len(dead.sent) == 6
    dead._answers.clear()
    bench.world.pass_time(60)
    assert bench.of(performers).deliver(100) == 8
    assert bench.gate() == Gate(destination="crm")


def test_an_action_that_fails_for_ever_closes_no_gate_alone(bench: Bench) -> None:
    bench.queue()
    deliveries = bench.of(Scripted(*[NotTaken("500")] * 50))
    for _ in range(12):
        deliveries.deliver(1)
        assert bench.gate().state is GateState.OPEN
        bench.wait_for()
    assert bench.gate().failing_since is not None


@pytest.mark.parametrize(("asked", "waited"), [(None, 300), (3_600.0, 3_600), (1e12, 86_400)])
def test_a_receiver_on_hold_is_left_alone_over_a_restart(
    bench: Bench, asked: float | None, waited: float
) -> None:
    bench.queue()
    bench.queue("other")
    bench.of(Scripted(OnHold("quota", asked))).deliver(1)
    assert bench.gate().state is GateState.PAUSED
    bench.world.pass_time(waited - 1)
    assert bench.of(Scripted()).deliver(10) == 0
    bench.world.pass_time(1)
    assert bench.of(Scripted()).deliver(10) == 2


def test_an_alert_of_tier_one_takes_another_channel_after_its_time(bench: Bench) -> None:
    for key, tier in (("hot", 1), ("warm", 2)):
        bench.queue(key, "chat", "alert", tier=tier)
    bench.queue("page", "pager", "page", tier=3)
    down, mail = Scripted(*[NotTaken("down")] * 50), Scripted()
    deliveries = bench.of(
        {"chat": down, "pager": down, "email": mail},
        {"chat": ("pager", "email"), "pager": ("email",)},
    )
    deliveries.deliver(10)
    bench.world.pass_time(59)
    deliveries.deliver(10)
    assert mail.sent == []
    bench.world.pass_time(1)
    deliveries.deliver(10)
    assert mail.sent == ["hot/instead", "page/instead"]
    assert bench.seen("hot/instead").action.fields[INSTEAD] == "chat"
    bench.world.pass_time(600)
    deliveries.deliver(10)
    assert len(mail.sent) == 2
    assert bench.seen("hot").state is ActionState.PENDING


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


def test_alerts_with_no_channel_left_hide_no_page_that_has_one(bench: Bench) -> None:
    for number in range(250):
        bench.queue(f"alert {number}", "chat", "alert", tier=1)
    bench.world.pass_time(1)
    bench.queue("page", "pager", "page", tier=1)
    down, mail = Scripted(*[NotTaken("down")] * 9_999), Scripted()
    deliveries = bench.of(
        {"chat": down, "pager": down, "email": mail}, {"chat": ("pager",), "pager": ("email",)}
    )
    for _ in range(40):
        deliveries.deliver(500)
        bench.world.pass_time(10)
    assert mail.sent == ["page/instead"]


def test_a_page_that_is_refused_takes_another_channel(bench: Bench) -> None:
    bench.queue("page", "pager", "page", tier=1)
    mail = Scripted()
    deliveries = bench.of(
        {"pager": Scripted(Refused("no such field")), "email": mail}, {"pager": ("email",)}
    )
    deliveries.deliver(10)
    bench.world.pass_time(60)
    deliveries.deliver(10)
    deliveries.deliver(10)
    assert mail.sent == ["page/instead"]
