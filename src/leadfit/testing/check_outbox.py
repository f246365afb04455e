"""What every store must do about deliveries; run against each by ``tests/contract``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Action, Written
from leadfit.store import Session
from leadfit.store.outbox import EchoKind, Gate, GateState, Lease
from leadfit.store.views import ActionState, SignalState
from leadfit.testing.check_store import Bench, expect, make_signal


def _claim(
    bench: Bench,
    at: datetime,
    *,
    holder: str = "a",
    gone: tuple[str, ...] = (),
    destination: str = "crm",
) -> tuple[str, ...]:
    """Claim what is due and return the keys."""
    until = at + timedelta(minutes=1)
    views = bench.store.write(
        lambda session: session.outbox.claim(
            destination, holder=holder, now=at, until=until, limit=9, gone=gone
        )
    )
    return tuple(view.action.key for view in views)


def _queue(
    bench: Bench,
    key: str,
    *,
    kind: str = "task",
    lead_id: str = "lead",
    destination: str = "crm",
) -> None:
    now = bench.world.now()
    action = Action(
        key=key, kind=kind, destination=destination, lead_id=lead_id, assignment_id=None,
        due_at=now, fields={"tier": 1},
    )  # fmt: skip
    bench.store.write(lambda session: session.outbox.queue(action, now))


def _end(
    bench: Bench, key: str, state: ActionState, error: str | None = None, *, doubt: bool = False
) -> None:
    now = bench.world.now()
    bench.store.write(
        lambda session: session.outbox.settle(key, state, at=now, error=error, doubt=doubt)
    )


def an_action_is_queued_once_by_its_key(bench: Bench) -> None:
    """And waits for its time; a cancelled one is not begun."""
    now = bench.world.now()
    action = Action(
        key="lead/1/task", kind="task", destination="crm", lead_id="lead", assignment_id="a",
        due_at=now + timedelta(minutes=1), recipients=("rep_a",), fields={"priority": "high"},
    )  # fmt: skip
    for _ in range(2):
        bench.store.write(lambda session: session.outbox.queue(action, now))
    early = bench.store.read(lambda session: session.outbox.due(now, 10))
    expect(early == (), "an action came before its time")
    due = bench.store.read(lambda session: session.outbox.due(action.due_at, 10))
    expect([each.action for each in due] == [action], f"due are {due}")
    bench.store.write(lambda session: session.outbox.cancel("lead", now))
    expect(_claim(bench, action.due_at) == (), "a cancelled action was begun")


def what_is_cancelled_while_it_is_sent_ends_with_that_try(bench: Bench) -> None:
    """Also where the process that sent it is gone; unless the lead goes on after all."""
    now = bench.world.now()

    def state(key: str) -> ActionState | None:
        view = bench.store.read(lambda session: session.outbox.get(key))
        return None if view is None else view.state

    for key in ("ended", "lost", "resumed"):
        _queue(bench, key, lead_id=key)
    _claim(bench, now)
    for lead_id in ("ended", "lost", "resumed"):
        bench.store.write(lambda session, it=lead_id: session.outbox.cancel(it, now))  # type: ignore[misc]  # a default binds it now
    expect(state("ended") is ActionState.SENDING, "what is being sent was stopped")
    bench.store.write(lambda session: session.outbox.resume("resumed", now))
    _end(bench, "ended", ActionState.AMBIGUOUS, "timeout", doubt=True)
    expect(state("ended") is ActionState.CANCELLED, "what was cancelled is tried again")
    again = _claim(bench, now, holder="b", gone=("a",))
    expect(again == ("resumed",), f"taken over were {again}")
    expect(state("lost") is ActionState.CANCELLED, "what was cancelled is still sending")


def a_try_that_failed_comes_back_at_its_time(bench: Bench) -> None:
    """With the number of tries and the error."""
    now = bench.world.now()
    action = Action(
        key="k", kind="task", destination="crm", lead_id="lead", assignment_id=None, due_at=now
    )
    again = now + timedelta(seconds=30)

    def work(session: Session) -> None:
        session.outbox.queue(action, now)
        session.outbox.claim("crm", holder="a", now=now, until=again, limit=1)
        session.outbox.settle("k", ActionState.PENDING, at=now, next_at=again, error="busy")

    bench.store.write(work)
    expect(bench.store.read(lambda session: session.outbox.due(now, 9)) == (), "it came at once")
    (view,) = bench.store.read(lambda session: session.outbox.due(again, 9))
    expect((view.attempts, view.error) == (1, "busy"), f"it is {view}")


def an_action_is_claimed_by_one(bench: Bench) -> None:
    """And by another when its holder is gone, or when the lease has ended."""
    now = bench.world.now()
    _queue(bench, "k")
    expect(_claim(bench, now) == ("k",), "a due action was not given")
    expect(_claim(bench, now, holder="b") == (), "two hold one action")
    holders = bench.store.read(lambda session: session.outbox.holders(now))
    expect(holders == ("a",), f"the holders are {holders}")
    expect(_claim(bench, now, holder="b", gone=("a",)) == ("k",), "a dead holder keeps it")
    later = now + timedelta(minutes=1)
    expect(_claim(bench, later, holder="c") == ("k",), "a lease has no end")
    view = bench.store.read(lambda session: session.outbox.get("k"))
    expect(view is not None and (view.attempts, view.doubts) == (3, 2), f"it is {view}")


def a_try_that_was_taken_over_ends_nothing(bench: Bench) -> None:
    """The later one does, whoever made it; what a person asks for again is another try, too."""
    now, later = bench.world.now(), bench.world.now() + timedelta(minutes=1)

    def end(holder: str, attempt: int, state: ActionState) -> bool:
        lease = Lease(holder=holder, attempt=attempt)
        return bench.store.write(
            lambda session: session.outbox.settle("k", state, at=later, error=holder, lease=lease)
        )

    def seen() -> tuple[ActionState, int, str | None]:
        view = bench.store.read(lambda session: session.outbox.get("k"))
        expect(view is not None, "it is gone")
        assert view is not None  # noqa: S101 -- said above
        return view.state, view.attempts, view.error

    _queue(bench, "k")
    _claim(bench, now)
    expect(_claim(bench, later, holder="b") == ("k",), "a lease has no end")
    for state in (ActionState.DONE, ActionState.REFUSED, ActionState.PENDING):
        expect(not end("a", 1, state), f"a late {state} was written")
    expect(seen() == (ActionState.SENDING, 2, None), f"it is {seen()}")
    expect(not end("b", 1, ActionState.DONE), "an earlier try of the same holder was written")
    expect(end("b", 2, ActionState.AMBIGUOUS), "the try that holds it was not written")
    expect(not end("a", 1, ActionState.DONE), "a late end overwrote what was found out since")
    expect(not end("b", 2, ActionState.DONE), "a try ended twice")
    expect(seen() == (ActionState.AMBIGUOUS, 2, "b"), f"it is {seen()}")


def actions_of_a_lead_keep_their_order_at_a_destination(bench: Bench) -> None:
    """One that waits for its next try holds back those behind it; other leads go on."""
    now = bench.world.now()
    for key, lead_id in (("a", "lead"), ("b", "lead"), ("c", "other")):
        _queue(bench, key, lead_id=lead_id)
    _queue(bench, "elsewhere", destination="chat", kind="alert")
    expect(_claim(bench, now) == ("a", "c"), "the order of a lead was not kept")
    again = now + timedelta(minutes=5)
    bench.store.write(
        lambda session: session.outbox.settle("a", ActionState.PENDING, at=now, next_at=again)
    )
    expect(_claim(bench, now) == (), "an action went past one that waits for its next try")
    expect(_claim(bench, now, destination="chat") == ("elsewhere",), "another one waited, too")
    _end(bench, "c", ActionState.DONE)
    expect(_claim(bench, again) == ("a",), "the first did not come back")
    _end(bench, "a", ActionState.DEAD, "given up")
    expect(_claim(bench, again) == ("b",), "a dead action holds back the rest")


def a_mail_waits_for_a_pause_that_failed(bench: Bench) -> None:
    """No automated mail leaves while mails of the lead should be paused; an alert does."""
    now = bench.world.now()
    for key, kind in (("p", "pause_sequence"), ("m", "sequence"), ("x", "alert")):
        _queue(bench, key, kind=kind, destination="email")
    expect(_claim(bench, now, destination="email") == ("p", "x"), "an alert waited")
    _end(bench, "p", ActionState.REFUSED, "no such sequence")
    expect(_claim(bench, now, destination="email") == (), "a mail left before the pause")
    expect(bench.store.write(lambda s: s.dead_letters.retry("p", now)), "it could not be retried")
    expect(_claim(bench, now, destination="email") == ("p",), "the pause was not tried again")
    _end(bench, "p", ActionState.DONE)
    expect(_claim(bench, now, destination="email") == ("m",), "the mail never left")


def a_doubt_is_kept_and_the_action_comes_back(bench: Bench) -> None:
    """An ambiguous end is counted, and the next try sees it."""
    now = bench.world.now()
    _queue(bench, "k")
    _claim(bench, now)
    _end(bench, "k", ActionState.AMBIGUOUS, "timeout", doubt=True)
    (view,) = bench.store.read(lambda session: session.outbox.doubtful(9))
    expect((view.state, view.doubts) == (ActionState.AMBIGUOUS, 1), f"it is {view}")
    expect(_claim(bench, now) == ("k",), "an ambiguous action was forgotten")
    _end(bench, "k", ActionState.DONE)
    expect(bench.store.read(lambda session: session.outbox.doubtful(9)) == (), "it is in doubt")


def dead_letters_wait_for_a_person(bench: Bench) -> None:
    """Actions and signals alike: shown with reason and payload, tried again or dropped."""
    now = bench.world.now()
    for key in ("k", "l"):
        _queue(bench, key, lead_id=key)
    _claim(bench, now)
    _end(bench, "k", ActionState.DEAD, "given up")
    _end(bench, "l", ActionState.REFUSED, "refused")
    came = make_signal(bench.world)
    bench.store.write(lambda session: session.signals.add(came, b"d" * 32, None))

    def spoil(session: Session) -> None:
        session.signals.settle(came.signal_id, SignalState.DEAD, None, "broken")

    bench.store.write(spoil)
    page = bench.store.read(lambda session: session.dead_letters.page(9))
    expect({each.key for each in page} == {"k", "l", came.signal_id}, f"the page is {page}")
    whole = str(page)
    expect("acme.com" not in whole and "Jo Hill" not in whole, "a personal value is shown")
    expect("given up" in whole and "'tier': 1" in whole, f"the page is {page}")
    retried = bench.store.write(lambda session: session.dead_letters.retry("k", now))
    expect(retried and _claim(bench, now) == ("k",), "it was not tried again")
    expect(bench.store.write(lambda s: s.dead_letters.drop("l", now)), "it was not dropped")
    expect(bench.store.write(lambda s: s.dead_letters.retry(came.signal_id, now)), "not retried")
    expect(not bench.store.write(lambda s: s.dead_letters.drop("k", now)), "a live one dropped")
    pending = bench.store.read(lambda session: session.signals.pending(9))
    expect(pending == (came.signal_id,), f"pending is {pending}")
    expect(bench.store.read(lambda session: session.dead_letters.page(9)) == (), "some are left")


def a_destination_is_left_alone_as_written(bench: Bench) -> None:
    """Also after reopening; one that nothing is known of is open."""
    now = bench.world.now()
    unknown = bench.store.read(lambda session: session.destinations.gate("crm"))
    expect(unknown == Gate(destination="crm"), f"it is {unknown}")
    gate = Gate(
        destination="crm", state=GateState.PAUSED, until=now + timedelta(hours=1), why="quota",
        failing_since=now,
    )  # fmt: skip
    bench.store.write(lambda session: session.destinations.set_gate(gate, now))
    bench.reopen()
    expect(bench.store.read(lambda session: session.destinations.gates()) == (gate,), "it is lost")


def what_waits_for_a_next_try_can_have_it_now(bench: Bench) -> None:
    """Of one destination, and nothing that is not due yet or is being sent."""
    now = bench.world.now()
    again = now + timedelta(hours=3)
    for key, where in (("a", "crm"), ("b", "crm"), ("c", "chat"), ("d", "crm")):
        _queue(bench, key, destination=where, lead_id=key)
    later = Action(
        key="e", kind="task", destination="crm", lead_id="e", assignment_id=None, due_at=again
    )
    bench.store.write(lambda session: session.outbox.queue(later, now))
    for where in ("crm", "chat"):
        _claim(bench, now, destination=where)

    def put_off(session: Session) -> None:
        for key, state in (("a", "pending"), ("b", "ambiguous"), ("c", "pending")):
            session.outbox.settle(key, ActionState(state), at=now, next_at=again)

    bench.store.write(put_off)
    expect(bench.store.write(lambda s: s.outbox.hasten("crm", now)) == 2, "not these two")
    due = bench.store.read(lambda session: session.outbox.due(now, 9))
    expect({each.action.key for each in due} >= {"a", "b"}, f"due are {due}")
    expect(not {each.action.key for each in due} & {"c", "e"}, f"due are {due}")


def an_alert_that_waits_is_looked_at_once(bench: Bench) -> None:
    """For another channel; a task is not."""
    now = bench.world.now()
    for key, kind in (("alert", "alert"), ("page", "page"), ("task", "task")):
        _queue(bench, key, kind=kind, lead_id=key)
    due = bench.store.read(lambda session: session.outbox.waiting(now, ("crm",), 9))
    expect([each.action.key for each in due] == ["alert", "page"], f"waiting are {due}")
    bench.store.write(lambda session: session.outbox.fell_back("alert", now))
    due = bench.store.read(lambda session: session.outbox.waiting(now, ("crm",), 9))
    expect([each.action.key for each in due] == ["page"], f"waiting are {due}")


def an_echo_is_heard_once(bench: Bench) -> None:
    """For a time; another value is a near miss, another field or record is neither."""
    now = bench.world.now()
    end = now + timedelta(hours=24)
    ours = Written(system="crm", object_id="003", name="tier", value="1")

    def hear(written: Written, at: datetime = now) -> EchoKind:
        return bench.store.write(lambda session: session.echoes.hear(written, at=at))

    expect(hear(ours) is EchoKind.OWN, "it was heard before it was written")
    bench.store.write(lambda session: session.echoes.note(ours, at=now, until=end))
    expect(hear(replace(ours, value="2")) is EchoKind.NEAR, "another value is no near miss")
    expect(hear(replace(ours, name="score")) is EchoKind.OWN, "another field is taken for it")
    expect([hear(ours), hear(ours)] == [EchoKind.ECHO, EchoKind.NEAR], "it is not heard just once")
    bench.store.write(lambda session: session.echoes.note(ours, at=now, until=end))
    expect(hear(ours, end) is EchoKind.OWN, "an old note is heard")
    rounds = [
        bench.store.write(lambda session: session.echoes.round(ours, at=now, until=end))
        for _ in range(3)
    ]
    expect(rounds == [1, 2, 3], f"the rounds are {rounds}")
    fresh = bench.store.write(lambda session: session.echoes.round(ours, at=end, until=end))
    expect(fresh == 1, "old rounds are counted")
    expect(bench.store.write(lambda session: session.echoes.prune(end)) == 1, "it was kept")
    expect(bench.store.read(lambda session: session.echoes.near_misses()) == 0, "rounds are kept")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    an_action_is_queued_once_by_its_key,
    what_is_cancelled_while_it_is_sent_ends_with_that_try,
    a_try_that_failed_comes_back_at_its_time,
    an_action_is_claimed_by_one,
    a_try_that_was_taken_over_ends_nothing,
    actions_of_a_lead_keep_their_order_at_a_destination,
    a_mail_waits_for_a_pause_that_failed,
    a_doubt_is_kept_and_the_action_comes_back,
    dead_letters_wait_for_a_person,
    a_destination_is_left_alone_as_written,
    what_waits_for_a_next_try_can_have_it_now,
    an_alert_that_waits_is_looked_at_once,
    an_echo_is_heard_once,
)
"""Every check; each wants an empty store."""
