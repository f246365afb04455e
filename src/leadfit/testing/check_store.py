"""What every store must do, one check a behaviour; run against each by ``tests/contract``.

A store is good when every function of :data:`CHECKS` returns without raising.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from leadfit.history import FactColumn, Known, Step
from leadfit.records import (
    Account,
    Assignment,
    Clock,
    ClockKind,
    Contact,
    Identifiers,
    Keys,
    Kind,
    Lead,
    Place,
    Signal,
    Tier,
)
from leadfit.store import Session, Store
from leadfit.store.listing import LeadFilter
from leadfit.store.past import (
    AccountScore,
    LearningRun,
    PastEvent,
    PastExport,
    PastFact,
    PastSpend,
)
from leadfit.store.views import Feedback, LeadView, SignalState
from leadfit.testing.fakes import FrozenWorld

SLOTS: Final = 15


class Bench(Protocol):
    """A store under test, which can be closed and opened again."""

    @property
    def store(self) -> Store:
        """The store, open."""

    @property
    def world(self) -> FrozenWorld:
        """Its world."""

    def reopen(self) -> None:
        """Close the store and open it again."""


class UnmetError(AssertionError):
    """A store does not do what every store must."""


def expect(holds: bool, words: str) -> None:
    """Raise with ``words`` unless something holds.

    Raises:
        UnmetError: It does not.
    """
    if not holds:
        raise UnmetError(words)


def make_signal(world: FrozenWorld, number: int = 1, kind: Kind = Kind.DEMO_REQUEST) -> Signal:
    """Return a signal of somebody at acme.com."""
    return Signal(
        signal_id=world.new_id("signal"),
        source="web-form",
        event_id=f"event-{number}",
        kind=kind,
        at=world.now(),
        received_at=world.now(),
        identifiers=Identifiers(email=f"jo.{number}@acme.com", name="Jo Hill", company="Acme"),
        facts={"employees": 500, "job_title": "VP Finance"},
        text="please call",
    )


def _add(bench: Bench, came: Signal) -> None:
    bench.store.write(lambda session: session.signals.add(came, b"d" * 32, None))


def make_lead(session: Session, world: FrozenWorld, **changes: str | None) -> Lead:
    """Put a lead without account and contact into the store."""
    lead = Lead(lead_id=world.new_id("lead"), created_at=world.now())
    lead = replace(lead, **changes)  # type: ignore[arg-type]  # the check's own words
    session.leads.add(lead, world.now(), None)
    return lead


def assign(session: Session, lead_id: str, owner_id: str, number: int, now: datetime) -> None:
    """Give a lead to an owner."""
    session.leads.assign(
        Assignment(
            assignment_id=f"{lead_id}-assignment-{number}",
            lead_id=lead_id,
            owner_id=owner_id,
            tier=Tier.ONE,
            signal_at=now,
            assigned_at=now,
            place=Place(rep_id=owner_id, rule="territory", words="owns the territory"),
            number=number,
        )
    )


def what_was_written_is_there_after_reopening(bench: Bench) -> None:
    """A signal comes back as it was, personal values and all."""
    came = make_signal(bench.world)
    bench.store.write(lambda session: session.signals.add(came, b"d" * 32, "jo.1@acme.com"))
    bench.reopen()
    back = bench.store.read(lambda session: session.signals.read(came.signal_id))
    expect(back == came, f"{back} is not {came}")


def a_piece_that_raises_leaves_nothing_and_disturbs_no_other(bench: Bench) -> None:
    """Savepoints part the pieces of one group."""
    good, bad = make_signal(bench.world, 1), make_signal(bench.world, 2)

    def fail(session: Session) -> None:
        session.signals.add(bad, b"d" * 32, None)
        raise ValueError("on purpose")

    answers = [
        bench.store.submit(lambda session: session.signals.add(good, b"d" * 32, None)),
        bench.store.submit(fail),
    ]
    answers[0].result(10)
    expect(isinstance(answers[1].exception(10), ValueError), "the error did not come back")
    pending = bench.store.read(lambda session: session.signals.pending(10))
    expect(pending == (good.signal_id,), f"pending is {pending}")


def signals_are_pending_in_the_order_of_the_log(bench: Bench) -> None:
    """First stored, first decided; a settled one is pending no longer."""
    came = [make_signal(bench.world, number) for number in range(5)]
    for each in came:
        _add(bench, each)
    first = came[0].signal_id
    bench.store.write(lambda session: session.signals.settle(first, SignalState.DEAD, None, "why"))
    pending = bench.store.read(lambda session: session.signals.pending(3))
    expect(pending == tuple(each.signal_id for each in came[1:4]), f"pending is {pending}")
    counts = bench.store.read(
        lambda session: (session.signals.waiting(3), session.signals.waiting(9))
    )
    expect(counts == (3, 4), f"counted up to 3 and 9: {counts}")
    view = bench.store.read(lambda session: session.signals.view(first))
    expect(view is not None and view.reason == "why", "the reason is lost")


def an_event_is_found_by_source_and_id(bench: Bench) -> None:
    """With the digest its body had; an id that holds an address is found as well."""
    came = replace(make_signal(bench.world), event_id="form of jo@acme.com")
    bench.store.write(lambda session: session.signals.add(came, b"d" * 32, None))
    found = bench.store.read(lambda session: session.signals.find("web-form", came.event_id))
    expect(found is not None and found[0].signal_id == came.signal_id, "the event is not found")
    expect(found is not None and found[1] == b"d" * 32, "the digest is another")
    other = bench.store.read(lambda session: session.signals.find("other", came.event_id))
    expect(other is None, "an event of another source is taken for it")


def a_second_owner_of_one_lead_is_refused(bench: Bench) -> None:
    """Whatever the code above does, a lead has one owner at a time."""
    now = bench.world.now()
    lead = bench.store.write(lambda session: make_lead(session, bench.world))
    bench.store.write(lambda session: assign(session, lead.lead_id, "rep_a", 1, now))
    again = bench.store.submit(lambda session: assign(session, lead.lead_id, "rep_b", 2, now))
    expect(again.exception(10) is not None, "a second owner was written beside the first")
    owner = bench.store.read(lambda session: session.leads.get(lead.lead_id))
    expect(owner is not None and owner.owner_id == "rep_a", "the owner changed")


def an_ended_assignment_makes_room_for_the_next(bench: Bench) -> None:
    """And the history of owners stays."""
    now = bench.world.now()
    lead = bench.store.write(lambda session: make_lead(session, bench.world))

    def work(session: Session) -> tuple[str, ...]:
        assign(session, lead.lead_id, "rep_a", 1, now)
        session.leads.end_assignment(lead.lead_id, now)
        assign(session, lead.lead_id, "rep_b", 2, now)
        return tuple(each.owner_id for each in session.leads.assignments(lead.lead_id))

    owners = bench.store.write(work)
    expect(owners == ("rep_a", "rep_b"), f"the owners are {owners}")


def slots_are_never_claimed_twice(bench: Bench) -> None:
    """Many threads claim the slots of one rep; exactly as many succeed as there are slots."""
    now = bench.world.now()
    got: list[int | None] = []

    def claim() -> None:
        for _ in range(5):
            slot = bench.store.write(
                lambda session: session.capacity.claim(
                    "rep_a", slots=SLOTS, lead_id="lead", now=now, until=now + timedelta(hours=48)
                )
            )
            got.append(slot)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [slot for slot in got if slot is not None]
    expect(sorted(taken) == list(range(1, SLOTS + 1)), f"slots {sorted(taken)} were claimed")


def a_slot_is_free_again_when_its_window_has_passed(bench: Bench) -> None:
    """Not a microsecond before, and at the very end of the window."""
    start = bench.world.now()
    end = start + timedelta(hours=48)

    def claim(at: datetime) -> int | None:
        return bench.store.write(
            lambda session: session.capacity.claim(
                "rep_a", slots=1, lead_id="lead", now=at, until=at + timedelta(hours=48)
            )
        )

    expect(claim(start) == 1, "a free slot was not given")
    expect(claim(end - timedelta(microseconds=1)) is None, "a busy slot was given")
    expect(claim(end) == 1, "a slot stayed busy past its window")


def turns_survive_and_a_newcomer_is_next(bench: Bench) -> None:
    """The rotation goes on after reopening."""

    def take(session: Session) -> None:
        for rep_id in ("rep_a", "rep_b", "rep_a"):
            session.capacity.take_turn(rep_id)

    bench.store.write(take)
    bench.reopen()
    loads = bench.store.read(
        lambda session: session.capacity.loads(["rep_a", "rep_b", "rep_new"], bench.world.now())
    )
    turns = {rep_id: load.last_turn for rep_id, load in loads.items()}
    expect(turns["rep_b"] < turns["rep_a"], f"the order of turns is lost: {turns}")
    expect(turns["rep_new"] < turns["rep_b"], f"the newcomer is not next: {turns}")


def clocks_are_due_in_order_and_fire_once(bench: Bench) -> None:
    """A clock that was moved or stopped in between does not fire."""
    now = bench.world.now()
    lead = bench.store.write(lambda session: make_lead(session, bench.world))
    clocks = [
        Clock(
            key=f"clock-{minutes}", kind=ClockKind.ASSIGNMENT_TO_TOUCH, lead_id=lead.lead_id,
            assignment_id="a", started_at=now, due_at=now + timedelta(minutes=minutes),
        )
        for minutes in (3, 1, 2)
    ]  # fmt: skip

    def start(session: Session) -> None:
        for clock in (*clocks, clocks[0]):
            session.clocks.start(clock)

    bench.store.write(start)
    later = now + timedelta(minutes=2)
    due = bench.store.read(lambda session: session.clocks.due(later, 10))
    expect([each.key for each in due] == ["clock-1", "clock-2"], f"due are {due}")
    fired = [
        bench.store.write(
            lambda session: session.clocks.advance(due[0], step=1, due_at=None, now=later)
        )
        for _ in range(2)
    ]
    expect(fired == [True, False], f"the clock fired {fired}")
    stopped = bench.store.write(lambda session: session.clocks.stop(lead.lead_id, later, "touch"))
    expect(stopped == 3, f"{stopped} clocks were stopped")
    view = bench.store.read(lambda session: session.leads.view(lead.lead_id))
    late = {each.clock.key: each.late_by_s for each in view.clocks} if view else {}
    expect(late["clock-1"] == 60.0, f"late are {late}")


def candidates_share_a_key(bench: Bench) -> None:
    """By ids, by address and by domain; with the open lead of the contact."""

    def work(session: Session) -> str:
        session.accounts.add_accounts(
            [Account(account_id="acc", name="Acme", domains=("acme.com", "acme.de"))]
        )
        contact = Contact(contact_id="con", account_id="acc", email="jo@acme.com", title="VP")
        session.accounts.add_contacts([(contact, "jo@acme.com")])
        return make_lead(session, bench.world, account_id="acc", contact_id="con").lead_id

    lead_id = bench.store.write(work)
    keys = Keys(email="jo@acme.com", domain="acme.de", account_id="acc", contact_id="con",
                lead_id=lead_id)  # fmt: skip
    found = bench.store.read(lambda session: session.accounts.candidates(keys))
    ways = [each.found_by for each in found]
    expect(ways == ["lead_id", "contact_id", "account_id", "email", "domain"], f"found by {ways}")
    expect({each.account.account_id for each in found if each.account} == {"acc"}, "another one")
    expect(found[3].open_lead_id == lead_id, "the open lead is not told")
    bench.store.write(lambda session: session.leads.close(lead_id))
    found = bench.store.read(lambda session: session.accounts.candidates(keys))
    expect(found[3].open_lead_id is None, "a closed lead is told as open")
    none = bench.store.read(lambda session: session.accounts.candidates(Keys(email="no@acme.com")))
    expect(none == (), f"found {none}")


def a_second_import_adds_nothing(bench: Bench) -> None:
    """What is there stays as it is."""
    account = Account(account_id="acc", name="Acme", domains=("acme.com",))
    contact = Contact(contact_id="jo@acme.com", account_id="acc", email="jo@acme.com")
    lead = Lead(lead_id="lead", created_at=bench.world.now(), contact_id="jo@acme.com")

    def add(name: str) -> tuple[int, ...]:
        firm = replace(account, name=name)
        return bench.store.write(
            lambda session: (
                *session.accounts.add_accounts([firm]),
                session.accounts.add_contacts([(contact, "jo@acme.com")]),
                session.leads.import_leads([lead]),
            )
        )

    counts = [add("Acme"), add("Renamed")]
    expect(counts == [(1, 1, 1, 1), (0, 0, 0, 0)], f"added {counts}")
    kept = bench.store.read(lambda session: session.accounts.account("acc"))
    expect(kept is not None and kept.name == "Acme", "an import changed what was there")


def pages_of_leads_neither_miss_nor_repeat(bench: Bench) -> None:
    """Also where several leads were made at the same time."""
    made = [bench.store.write(lambda session: make_lead(session, bench.world)) for _ in range(7)]

    def page(after: str | None) -> list[str]:
        views = bench.store.read(lambda session: session.leads.page(3, after))
        return [view.lead.lead_id for view in views]

    seen: list[str] = []
    while more := page(seen[-1] if seen else None):
        seen += more
    expect(sorted(seen) == sorted(lead.lead_id for lead in made), f"the pages hold {seen}")


def a_list_holds_what_is_wanted_and_nothing_else(bench: Bench) -> None:
    """Each condition by itself; leads of a merged account are those of its survivor."""
    now = bench.world.now()
    start = Clock(
        key="c", kind=ClockKind.SIGNAL_TO_TOUCH, lead_id="l2", assignment_id=None,
        started_at=now, due_at=now,
    )  # fmt: skip

    def fill(session: Session) -> None:
        session.accounts.add_accounts([Account(account_id=each, name=each) for each in ("a", "b")])
        for number, account_id in enumerate(("a", "b", None, None), start=1):
            at = now + timedelta(minutes=number)
            lead = Lead(lead_id=f"l{number}", created_at=at, account_id=account_id)
            session.leads.add(replace(lead, tier=Tier.TWO if number == 3 else None), at, None)
        assign(session, "l1", "rep_a", 1, now)
        session.leads.touch("l1", now)
        session.clocks.start(start)
        session.clocks.advance(start, step=1, due_at=None, now=now)
        session.leads.close("l4")

    bench.store.write(fill)
    for wanted, ids in (
        (LeadFilter(), "l4 l3 l2 l1"),
        (LeadFilter(tier=Tier.TWO), "l3"),
        (LeadFilter(owner_id="rep_a"), "l1"),
        (LeadFilter(is_open=False), "l4"),
        (LeadFilter(is_open=True, since=now + timedelta(minutes=2)), "l3 l2"),
        (LeadFilter(account_ids=("a", "b")), "l2 l1"),
        (LeadFilter(account_ids=()), ""),
        (LeadFilter(contact_ids=("nobody",)), ""),
        (LeadFilter(is_unassigned=True), "l3 l2"),
        (LeadFilter(is_breached=True), "l2"),
        (LeadFilter(is_untouched=True), "l3 l2"),
        (LeadFilter(seen_owners=("rep_b",)), "l4 l3 l2"),
        (LeadFilter(seen_owners=()), "l4 l3 l2"),
    ):
        found = [view.lead.lead_id for view in bench.store.read(partial(_page_of, wanted))]
        expect(found == ids.split(), f"{wanted} holds {found}")


def _page_of(wanted: LeadFilter, session: Session) -> tuple[LeadView, ...]:
    return session.leads.page(9, None, wanted)


def an_unassigned_lead_is_found_until_it_has_an_owner(bench: Bench) -> None:
    """And not before it is due for another try."""
    now = bench.world.now()
    lead = bench.store.write(lambda session: make_lead(session, bench.world))
    later = now + timedelta(seconds=15)
    bench.store.write(lambda session: session.leads.retry_at(lead.lead_id, later))

    def found(at: datetime) -> tuple[str, ...]:
        return bench.store.read(lambda session: session.leads.unassigned(at, 10))

    expect(found(now) == (), "it is tried too early")
    expect(found(later) == (lead.lead_id,), "it is not tried again")
    bench.store.write(lambda session: assign(session, lead.lead_id, "rep_a", 1, later))
    expect(found(later) == (), "an assigned lead is tried")


def a_log_as_written_verifies(bench: Bench) -> None:
    """Also after reopening, and an empty one."""
    empty = bench.store.read(lambda session: session.signals.verify())
    expect(empty.intact, f"an empty log: {empty.faults}")
    for number in range(5):
        _add(bench, make_signal(bench.world, number))
    bench.reopen()
    found = bench.store.read(lambda session: session.signals.verify())
    expect(found.intact and found.rows == 5, f"{found}")


def a_past_comes_in_once_and_is_read_up_to_a_time(bench: Bench) -> None:
    """A second import adds nothing, and what is later than asked for stays out."""
    now = bench.world.now()
    later = now + timedelta(days=2)
    events = [
        PastEvent(key=b"a" * 16, at=now, kind="used", account_id="a1", value=2.5),
        PastEvent(key=b"b" * 16, at=later, kind="churned", account_id="a1", reason="jo@acme.com"),
    ]
    facts = [
        PastFact(account_id="a1", fact="stack", known_at=now, value="x"),
        PastFact(account_id="a1", fact="job_title", known_at=now, value="VP"),
    ]
    spend = [PastSpend(month=now, channel="ads", amount=100, currency="EUR")]
    column = FactColumn(name="stack", table="facts", known=Known.SNAPSHOT)
    export = PastExport(
        as_of=later,
        fact_columns=(column,),
        observed_until={"churned": now},
        proxies={Step.EXPANDED: "by a rule"},
        events=("churned", "used"),
    )

    def add(session: Session) -> tuple[object, ...]:
        past = session.past
        return (
            past.add_events(events), past.add_facts(facts), past.add_spend(spend),
            past.add_export(export, now),
        )  # fmt: skip

    expect(bench.store.write(add) == (2, 1, 1, True), "the past was not added, or a title was")
    expect(bench.store.write(add) == (0, 0, 0, False), "a second import added something")
    bench.reopen()
    found = bench.store.read(lambda session: session.past.recorded(now))
    expect(found.exports == (export,), f"{found.exports} is not what was said")
    expect(found.events.columns["kind"] == ["used"], "an event of later was read")
    expect(found.events.columns["value"] == [2.5], "a value was lost")
    expect(found.facts.columns["value"] == ["x"], "a fact was lost")
    whole = bench.store.read(lambda session: session.past.recorded(later))
    expect(whole.events.columns["reason"] == [None, None], "a reason names an address")
    latest = bench.store.read(lambda session: session.past.latest_event())
    expect(latest == later, f"the latest event is {latest}")


def a_live_lead_is_recalled_as_it_was_heard_of(bench: Bench) -> None:
    """What a person said counts as an event with its reason, and once."""
    now = bench.world.now()

    def say(session: Session) -> str:
        lead = make_lead(session, bench.world)
        session.leads.add_feedback(
            Feedback(lead_id=lead.lead_id, kind=Kind.REJECTED, by="ada", at=now, reason="student")
        )
        told = make_signal(bench.world, 1, Kind.REJECTED)
        session.signals.add(told, b"d" * 32, None)
        session.leads.add_activity(told, lead_id=lead.lead_id, contact_id=None, account_id=None)
        return lead.lead_id

    lead_id = bench.store.write(say)
    found = bench.store.read(lambda session: session.past.recorded(now))
    expect(found.leads.columns["lead_id"] == [lead_id], "the lead is missing")
    expect(found.leads.columns["is_live"] == [True], "a live lead counts as imported")
    expect(found.events.columns["kind"] == ["rejected"], "a rejection does not count once")
    expect(found.events.columns["reason"] == ["student"], "the reason was lost")
    expect(found.live_from == 0, "a live event counts as imported")


def only_scores_that_changed_are_written(bench: Bench) -> None:
    """A score keeps its time while it stays the same."""
    now = bench.world.now()
    score = AccountScore(
        account_id="a1", score=61.5, detractor=0.25, flagged=False, artifact_digest="one",
        as_of=now, scored_at=now,
    )  # fmt: skip
    again = replace(score, scored_at=now + timedelta(days=1))
    moved = replace(again, score=12.0)
    account = Account(account_id="a1", name="Acme", facts={"size": 3})
    bench.store.write(lambda session: session.accounts.add_accounts([account]))
    for written, changes in ((score, 1), (again, 0), (moved, 1)):
        found = bench.store.write(lambda session, it=written: session.past.keep_scores([it]))  # type: ignore[misc]  # a default binds it now
        expect(found == changes, f"{found} scores were written instead of {changes}")
    bench.reopen()
    there = bench.store.read(lambda session: session.past.scores_of(["a1", "a2"]))
    expect(dict(there) == {"a1": moved}, f"{there} is not what was written")
    (scored,) = bench.store.read(lambda session: session.past.to_score(None, 10))
    expect(scored.facts == {"size": 3}, "the facts of an account were lost")
    expect(not bench.store.read(lambda session: session.past.to_score("a1", 10)), "one too many")


def runs_of_learning_are_kept_newest_first(bench: Bench) -> None:
    """Each run stands in the log, too."""
    now = bench.world.now()
    runs = [
        LearningRun(at=now, as_of=now, artifact_digest=name, published=name == "b", body={"n": 1})
        for name in ("a", "b")
    ]
    for run in runs:
        bench.store.write(lambda session, it=run: session.past.add_learning(it))  # type: ignore[misc]  # a default binds it now
    bench.reopen()
    found = bench.store.read(lambda session: session.past.learnings(10))
    expect(found == tuple(reversed(runs)), f"{found} is not what was learned")
    expect(bench.store.read(lambda session: session.signals.verify()).intact, "the log broke")


def a_duty_is_that_of_the_only_process(bench: Bench) -> None:
    """Before and after the store is opened again, and of each duty by itself."""
    expect(bench.store.may_do("deliver"), "nobody may deliver")
    bench.reopen()
    for _ in range(2):
        expect(bench.store.may_do("deliver"), "a duty stayed with a store that was closed")
    expect(bench.store.may_do("learn"), "one duty takes another along")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    what_was_written_is_there_after_reopening,
    a_piece_that_raises_leaves_nothing_and_disturbs_no_other,
    signals_are_pending_in_the_order_of_the_log,
    an_event_is_found_by_source_and_id,
    a_second_owner_of_one_lead_is_refused,
    an_ended_assignment_makes_room_for_the_next,
    slots_are_never_claimed_twice,
    a_slot_is_free_again_when_its_window_has_passed,
    turns_survive_and_a_newcomer_is_next,
    clocks_are_due_in_order_and_fire_once,
    candidates_share_a_key,
    a_second_import_adds_nothing,
    pages_of_leads_neither_miss_nor_repeat,
    a_list_holds_what_is_wanted_and_nothing_else,
    an_unassigned_lead_is_found_until_it_has_an_owner,
    a_log_as_written_verifies,
    a_past_comes_in_once_and_is_read_up_to_a_time,
    a_live_lead_is_recalled_as_it_was_heard_of,
    only_scores_that_changed_are_written,
    runs_of_learning_are_kept_newest_first,
    a_duty_is_that_of_the_only_process,
)
"""Every check, in no particular order; each wants a store of its own."""
