"""What every store must do about what fails, and what it counts; run by ``tests/contract``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Account, Action, Clock, ClockKind, Contact, Tier
from leadfit.store import Session
from leadfit.store.views import ActionState, Counts, SignalState
from leadfit.testing.check_store import Bench, expect, make_lead, make_signal

MINUTE: Final = timedelta(minutes=1)


def _clock(session: Session, bench: Bench, name: str, due_at: datetime) -> Clock:
    lead = make_lead(session, bench.world)
    clock = Clock(
        key=f"{lead.lead_id}/{name}", kind=ClockKind.SIGNAL_TO_TOUCH, lead_id=lead.lead_id,
        assignment_id=None, started_at=due_at - MINUTE, due_at=due_at,
    )  # fmt: skip
    session.clocks.start(clock)
    return clock


def _due(bench: Bench, at: datetime) -> list[Clock]:
    return list(bench.store.read(lambda session: session.clocks.due(at, 9)))


def _fail(bench: Bench, clock: Clock, again_at: datetime | None, now: datetime) -> bool:
    return bench.store.write(
        lambda session: session.clocks.failed(clock, again_at=again_at, why="why", now=now)
    )


def a_clock_whose_step_fails_waits_and_is_as_late_as_it_is(bench: Bench) -> None:
    """Others that are due go before it; it keeps the time at which it was due."""
    now = bench.world.now()
    bad = bench.store.write(lambda session: _clock(session, bench, "bad", now))
    good = bench.store.write(lambda session: _clock(session, bench, "good", now + MINUTE))
    expect(_fail(bench, bad, now + 2 * MINUTE, now), "the failure was not kept")
    bench.reopen()
    expect(_due(bench, now + MINUTE) == [good], "the one that failed is not let rest")
    expect(_due(bench, now + 2 * MINUTE) == [good, bad], "it is not due again as it was")
    tries = bench.store.read(lambda session: session.clocks.tries(bad.key))
    expect(tries == 1, f"it was tried {tries} times")
    later = now + 2 * MINUTE
    fired = bench.store.write(
        lambda session: session.clocks.advance(bad, step=1, due_at=None, now=later)
    )
    expect(fired, "it cannot fire any more")
    view = bench.store.read(lambda session: session.leads.view(bad.lead_id))
    late = None if view is None else [each.late_by_s for each in view.clocks]
    expect(late == [120.0], f"it was late by {late}")
    tries = bench.store.read(lambda session: session.clocks.tries(bad.key))
    expect(tries == 0, "its next step has tries of the one before")


def a_clock_that_is_put_aside_waits_for_a_person(bench: Bench) -> None:
    """It is a dead letter with its reason until it is tried again, dropped or stopped."""
    now = bench.world.now()
    clocks = [
        bench.store.write(lambda session, it=name: _clock(session, bench, it, now))  # type: ignore[misc]  # a default binds it now
        for name in ("a", "b", "c")
    ]
    for clock in clocks:
        expect(_fail(bench, clock, None, now), "a failure was not kept")
    expect(not _fail(bench, replace(clocks[0], step=4), None, now), "another step failed")
    bench.reopen()
    expect(_due(bench, now + 9 * MINUTE) == [], "one that is put aside is due")
    page = bench.store.read(lambda session: session.dead_letters.page(9, "clock"))
    told = sorted((each.key, each.what, each.reason, each.attempts) for each in page)
    wanted = sorted((each.key, "clock", "why", 1) for each in clocks)
    expect(told == wanted, f"dead letters are {told}")
    expect(bench.store.read(lambda session: session.dead_letters.page(9, "action")) == (), "sorts")
    counts = bench.store.read(lambda session: session.counts(now + 9 * MINUTE))
    aside = (counts.clocks_aside, counts.overdue, counts.clocks_running)
    expect(aside == (3, 0, 3), f"counted are {aside}")
    first, second, third = clocks
    expect(bench.store.write(lambda s: s.dead_letters.retry(first.key, now)), "no retry")
    expect(_due(bench, now) == [first], "what a person retried is not due")
    expect(bench.store.write(lambda s: s.dead_letters.drop(second.key, now)), "no drop")
    bench.store.write(lambda session: session.clocks.stop(third.lead_id, now, "lost"))
    expect(bench.store.read(lambda session: session.dead_letters.page(9)) == (), "some are left")
    again = [
        bench.store.write(lambda session, it=clock: session.dead_letters.retry(it.key, now))  # type: ignore[misc]  # a default binds it now
        for clock in clocks
    ]
    expect(again == [False] * 3, f"what is not dead was retried: {again}")
    expect(not _fail(bench, third, None, now), "a clock that stopped failed")


def a_clock_that_is_put_aside_ends_with_its_lead(bench: Bench) -> None:
    """However the lead ended, a sweep finds it."""
    now = bench.world.now()
    clock = bench.store.write(lambda session: _clock(session, bench, "a", now))
    _fail(bench, clock, None, now)
    read = bench.store.read
    expect(read(lambda s: s.owners.stray_clocks(9, only_live=True)) == (), "its lead is open")
    bench.store.write(lambda session: session.leads.close(clock.lead_id))
    for only_live in (True, False):
        found = read(lambda s, it=only_live: s.owners.stray_clocks(9, only_live=it))  # type: ignore[misc]  # a default binds it now
        expect(found == (clock.key,), f"stray are {found}")


def a_signal_that_is_put_off_stands_in_nobodys_way(bench: Bench) -> None:
    """It comes back to its old place, and a person's retry begins the tries anew."""
    now = bench.world.now()
    came = [make_signal(bench.world, number) for number in range(3)]
    for each in came:
        bench.store.write(lambda session, it=each: session.signals.add(it, b"d" * 32, None))  # type: ignore[misc]  # a default binds it now
    first, second, third = (each.signal_id for each in came)
    bench.store.write(lambda session: session.signals.put_off(first, now + MINUTE, "busy"))
    bench.reopen()
    pending = bench.store.read(lambda session: session.signals.pending(9))
    expect(pending == (second, third), f"{pending} are pending")
    view = bench.store.read(lambda session: session.signals.view(first))
    expect(view is not None and view.status is SignalState.WAITING, f"it is {view}")
    early = bench.store.read(lambda session: session.signals.put_off_until(now, 9))
    due = bench.store.read(lambda session: session.signals.put_off_until(now + MINUTE, 9))
    expect((early, due) == ((), (first,)), f"due are {early} and {due}")
    bench.store.write(lambda session: session.signals.take_up([first, second]))
    pending = bench.store.read(lambda session: session.signals.pending(9))
    expect(pending == (first, second, third), f"{pending} are pending again")
    expect(bench.store.read(lambda s: s.signals.tries(first)) == 1, "a try is not counted")
    expect(bench.store.read(lambda s: s.signals.put_off_until(now + MINUTE, 9)) == (), "due twice")
    bench.store.write(lambda session: session.signals.settle(first, SignalState.DEAD, None, "no"))
    expect(bench.store.write(lambda s: s.dead_letters.retry(first, now)), "it was not retried")
    expect(bench.store.read(lambda s: s.signals.tries(first)) == 0, "its tries go on")


def _action(key: str, lead_id: str, now: datetime) -> Action:
    return Action(
        key=key, kind="alert", destination="crm", lead_id=lead_id, assignment_id=None, due_at=now
    )


def _fill(session: Session, bench: Bench) -> None:
    """Write records of every sort, some of them twice, and let actions end in every way."""
    now = bench.world.now()
    session.accounts.add_accounts([Account(account_id=each, name=each) for each in "abca"])
    session.accounts.add_contacts([(Contact(contact_id=each), None) for each in "xyx"])
    one, two = (make_lead(session, bench.world).lead_id for _ in range(2))
    session.leads.rate(one, Tier.TWO, "decision_1", {}, was=None)
    session.leads.rate(one, Tier.ONE, "decision_2", {}, was=Tier.TWO)
    past = replace(make_lead(session, bench.world), lead_id="past", tier=Tier.THREE, is_open=False)
    session.leads.import_leads([past, past, replace(past, lead_id="past_2", tier=None)])
    names = ("p", "done", "dead", "drop", "sent", "back", "mark", "none", "done")
    outbox = session.outbox
    outbox.queue_all([_action(each, one, now) for each in names], now)
    outbox.queue_all([_action(each, two, now) for each in ("c1", "c2")], now)
    outbox.queue(_action("h", one, now), now, withheld=True)
    outbox.fold([_action(each, one, now) for each in ("f", "done")], now, "together")
    outbox.claim("crm", holder="me", now=now, until=now + MINUTE, limit=20)
    outbox.cancel(two, now)
    for key in ("done", "done"):
        outbox.settle(key, ActionState.DONE, at=now)
    for key in ("dead", "drop"):
        outbox.settle(key, ActionState.DEAD, at=now, error="no")
    outbox.settle("p", ActionState.PENDING, at=now, next_at=now)
    outbox.settle("c1", ActionState.PENDING, at=now, next_at=now)
    outbox.settle("back", ActionState.PENDING, at=now, next_at=now)
    outbox.settle("none", ActionState.PENDING, at=now, next_at=now)
    outbox.settle("mark", ActionState.AMBIGUOUS, at=now, next_at=now)
    session.unbegun.cancel(["none"], now)
    session.dead_letters.drop("drop", now)


def what_is_kept_counted_is_what_is_there(bench: Bench) -> None:
    """Whatever is written twice or ends in another way; a piece that fails adds none."""
    now = bench.world.now()

    def fails(session: Session) -> None:
        _fill(session, bench)
        raise ValueError("on purpose")

    answer = bench.store.submit(fails)
    expect(isinstance(answer.exception(9), ValueError), "it did not fail")
    bench.store.write(lambda session: _fill(session, bench))
    bench.reopen()
    counts = bench.store.read(lambda session: session.counts(now))
    _expect_counts(
        counts,
        Counter(pending=2, done=1, dead=1, dropped=1, sending=2, withheld=1, folded=1, cancelled=2,
                ambiguous=1),
    )  # fmt: skip
    bench.store.write(lambda session: session.outbox.settle("c2", ActionState.PENDING, at=now))
    held = bench.store.write(lambda session: session.publications.withhold(now))
    expect(held == 2, f"{held} were withheld")
    _expect_counts(
        bench.store.read(lambda session: session.counts(now)),
        Counter(done=1, dead=1, dropped=1, sending=1, withheld=3, folded=1, cancelled=3,
                ambiguous=1),
    )  # fmt: skip


def _expect_counts(counts: Counts, actions: Counter[str]) -> None:
    expect(Counter(counts.actions) == actions, f"actions are {dict(counts.actions)}")
    records = (counts.accounts, counts.contacts, counts.leads, dict(counts.leads_by_tier))
    expect(records == (3, 2, 5, {1: 1, 3: 1}), f"records are {records}")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_clock_whose_step_fails_waits_and_is_as_late_as_it_is,
    a_clock_that_is_put_aside_waits_for_a_person,
    a_clock_that_is_put_aside_ends_with_its_lead,
    a_signal_that_is_put_off_stands_in_nobodys_way,
    what_is_kept_counted_is_what_is_there,
)
"""Every check, in no particular order; each wants a store of its own."""
