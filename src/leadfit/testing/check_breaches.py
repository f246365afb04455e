"""What every store must do about clocks that ran out; run against each by ``tests/contract``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Action, Assignment, Clock, ClockKind, Kind, Place, Tier
from leadfit.store import Session
from leadfit.store.breaches import Breach, Telling
from leadfit.store.views import ActionState, Feedback
from leadfit.testing.check_store import Bench, expect, make_lead

MINUTE: Final = timedelta(minutes=1)


def _page(bench: Bench, lead_id: str, *recipients: str) -> Action:
    return Action(
        key=f"{lead_id}/1/breach-page/page", kind="page", destination="pager", lead_id=lead_id,
        assignment_id="a", due_at=bench.world.now(), recipients=recipients, fields={"tier": 1},
        is_notice=True,
    )  # fmt: skip


def a_step_is_kept_once_with_how_late_it_was(bench: Bench) -> None:
    """And found by when it fired."""
    now = bench.world.now()
    breach = Breach(
        key="lead/1/assignment_to_touch/page", kind=ClockKind.ASSIGNMENT_TO_TOUCH, step="page",
        lead_id="lead", assignment_id="a", owner_id="rep_a", tier=Tier.ONE,
        due_at=now - 3 * MINUTE, fired_at=now,
    )  # fmt: skip
    unowned = replace(
        breach, key="lead/signal_to_assignment/late", kind=ClockKind.SIGNAL_TO_ASSIGNMENT,
        step="late", assignment_id=None, owner_id=None, tier=None, fired_at=now + MINUTE,
    )  # fmt: skip
    for each in (breach, breach, unowned):
        bench.store.write(lambda session, it=each: session.breaches.add(it))  # type: ignore[misc]  # a default binds it now
    bench.reopen()
    found = bench.store.read(lambda session: session.breaches.between(now, now + 2 * MINUTE))
    expect(found == (breach, unowned), f"{found} was kept")
    expect(found[0].late_by_s == 180.0, f"it was late by {found[0].late_by_s}")
    early = bench.store.read(lambda session: session.breaches.between(now, now + MINUTE))
    expect(early == (breach,), f"{early} fired within the minute")


def notices_wait_for_each_person_until_they_are_told(bench: Bench) -> None:
    """One of two recipients waits twice; what was withdrawn waits no more."""
    now = bench.world.now()
    both = _page(bench, "lead_1", "rep_a", "rep_b")
    for action in (both, both, _page(bench, "lead_2", "rep_a"), _page(bench, "lead_3", "rep_a")):
        bench.store.write(lambda session, it=action: session.breaches.notify(it))  # type: ignore[misc]  # a default binds it now
    gone = bench.store.write(lambda session: session.breaches.withdraw("lead_3", now))
    expect(gone == 1, f"{gone} notices were withdrawn")
    waiting = bench.store.read(_waiting)
    leads = {who: [each.lead_id for each in notices] for who, (_, notices) in waiting.items()}
    expect(leads == {"rep_a": ["lead_1", "lead_2"], "rep_b": ["lead_1"]}, f"{leads} wait")
    keys = [each.key for each in waiting["rep_a"][1]]
    bench.store.write(lambda session: session.breaches.tell(keys, "page/1", now))
    bench.store.write(lambda session: session.breaches.notify(_page(bench, "lead_4", "rep_a")))
    bench.reopen()
    again = {
        who: (told_at, [each.fields for each in notices])
        for who, (told_at, notices) in bench.store.read(_waiting).items()
    }
    expect(again == {"rep_a": (now, [{"tier": 1}]), "rep_b": (None, [{"tier": 1}])}, f"{again}")
    told = bench.store.read(lambda session: session.breaches.told(now, now + MINUTE))
    expect(told == (("rep_a", "page", 2),), f"{told} were told")


def _waiting(session: Session) -> dict[str, tuple[datetime | None, tuple[Action, ...]]]:
    """Return by person when they were told last, and what waits to be told them."""
    storms = session.breaches.waiting()
    found = {each.recipient: (each.told_at, session.breaches.first(each, 99)) for each in storms}
    expect(
        all(each.number == len(found[each.recipient][1]) for each in storms),
        f"{storms}: miscounted",
    )
    return found


def a_large_storm_is_gathered_piece_by_piece_and_ends_once(bench: Bench) -> None:
    """What is withdrawn while it is gathered is not told; what comes later waits."""
    now = bench.world.now()
    for number in range(5):
        action = replace(_page(bench, f"lead_{number}", "rep_a"), due_at=now - number * MINUTE)
        bench.store.write(lambda session, it=action: session.breaches.notify(it))  # type: ignore[misc]  # a default binds it now
    (storm,) = bench.store.read(lambda session: session.breaches.waiting())
    telling = Telling(key="all", storm=replace(storm, told_at=None), began_at=now)

    def gather(session: Session) -> list[str]:
        session.breaches.begin_telling(telling)
        some = session.breaches.first(storm, 2)
        session.breaches.tell([each.key for each in some], telling.key, now)
        session.outbox.fold(some, now, "told together")
        return [each.lead_id for each in some]

    first = bench.store.write(gather)
    expect(first == ["lead_4", "lead_3"], f"{first} were gathered first")
    bench.reopen()
    found = bench.store.read(lambda session: session.breaches.tellings())
    expect(found == (telling,), f"{found} is being told of")
    second = bench.store.write(gather)
    expect(second == ["lead_2", "lead_1"], f"{second} were gathered next")
    gone = bench.store.write(lambda session: session.breaches.withdraw("lead_2", now))
    expect(gone == 1, f"{gone} were withdrawn")
    told = bench.store.read(lambda session: session.breaches.gathered(telling))
    expect([each.lead_id for each in told] == ["lead_4", "lead_3", "lead_1"], f"told is {told}")
    count = bench.store.read(lambda session: session.breaches.count_gathered(telling))
    expect(count == 3, f"{count} are counted")
    ends = [
        bench.store.write(lambda session: session.breaches.end_telling("all", now))
        for _ in range(2)
    ]
    expect(ends == [True, False], f"it ended {ends}")
    bench.reopen()
    (left,) = bench.store.read(lambda session: session.breaches.waiting())
    expect((left.number, left.told_at) == (1, now), f"{left} waits")
    expect(bench.store.read(lambda session: session.breaches.tellings()) == (), "it goes on")
    late = bench.store.write(lambda session: session.breaches.withdraw("lead_1", now))
    expect(late == 0, "what was told was withdrawn")
    folded = _state(bench, "lead_3/1/breach-page/page")
    expect(folded is ActionState.FOLDED, f"a notice told together is {folded}")


def an_assignment_is_read_with_its_deadline_and_touches(bench: Bench) -> None:
    """The deadline stays, when the ladder moves the clock on."""
    now = bench.world.now()
    lead = bench.store.write(lambda session: make_lead(session, bench.world))
    given = Assignment(
        assignment_id="a", lead_id=lead.lead_id, owner_id="rep_a", tier=Tier.ONE, signal_at=now,
        assigned_at=now, place=Place(rep_id="rep_a", rule="turn", words="next in turn"),
    )  # fmt: skip
    due_at = now + 15 * MINUTE
    clock = Clock(
        key=f"{lead.lead_id}/1", kind=ClockKind.ASSIGNMENT_TO_TOUCH, lead_id=lead.lead_id,
        assignment_id="a", started_at=now, due_at=due_at,
    )  # fmt: skip

    def act(session: Session) -> None:
        session.leads.assign(given)
        session.clocks.start(clock)
        session.clocks.advance(clock, step=3, due_at=None, now=due_at)
        session.clocks.again(clock.key, due_at + MINUTE)
        for minute in (40, 20):
            session.leads.add_feedback(
                Feedback(
                    lead_id=lead.lead_id, kind=Kind.TOUCHED, by="rep_b", at=now + minute * MINUTE
                )
            )

    bench.store.write(act)
    due = bench.store.read(lambda session: session.clocks.due(due_at + MINUTE, 9))
    expect([each.key for each in due] == [clock.key], f"{due} are due again")
    found = bench.store.read(lambda session: session.breaches.handled(due_at, due_at + MINUTE))
    expect(len(found) == 1 and found[0].assignment == given, f"{found} were handled")
    expect(found[0].deadline_at == due_at, f"the deadline is {found[0].deadline_at}")
    expect(found[0].breached_at == due_at, f"the breach was at {found[0].breached_at}")
    touches = [(each.by, (each.at - now) / MINUTE) for each in found[0].touches]
    expect(touches == [("rep_b", 20.0), ("rep_b", 40.0)], f"the touches are {touches}")
    none = bench.store.read(lambda session: session.breaches.handled(now, due_at))
    expect(none == (), f"{none} have a deadline before")


def what_waits_of_a_lead_goes_to_another_owner_or_is_cancelled(bench: Bench) -> None:
    """What is being sent keeps its receiver, and is cancelled when it is not taken."""
    now = bench.world.now()
    actions = [
        Action(
            key=f"lead/1/{name}", kind="task", destination="crm", lead_id="lead",
            assignment_id="a", due_at=now + day * 1440 * MINUTE, recipients=("rep_a",),
        )
        for name, day in (("begun", 0), ("kept", 2), ("dropped", 1))
    ]  # fmt: skip
    for action in actions:
        bench.store.write(lambda session, it=action: session.outbox.queue(it, now))  # type: ignore[misc]  # a default binds it now
    until = now + MINUTE
    bench.store.write(
        lambda session: session.outbox.claim("crm", holder="h", now=now, until=until, limit=1)
    )
    waiting = bench.store.read(lambda session: session.unbegun.of_lead("lead"))
    names = [each.key.rpartition("/")[2] for each in waiting]
    expect(names == ["begun", "dropped", "kept"], f"{waiting} wait")
    moved = [
        bench.store.write(
            lambda session, it=action: session.unbegun.readdress(  # type: ignore[misc]  # a default binds it now
                replace(it, recipients=("rep_b",), assignment_id="b")
            )
        )
        for action in actions[:2]
    ]
    expect(moved == [False, True], f"moved were {moved}")
    gone = bench.store.write(
        lambda session: session.unbegun.cancel(["lead/1/begun", "lead/1/dropped"], now)
    )
    expect(gone == 2, f"{gone} were cancelled")
    kept = bench.store.read(lambda session: session.outbox.get("lead/1/kept"))
    expect(kept is not None and kept.action.recipients == ("rep_b",), f"{kept} was kept")
    dropped, begun = (_state(bench, f"lead/1/{name}") for name in ("dropped", "begun"))
    expect(dropped is ActionState.CANCELLED, f"one is {dropped} after it was cancelled")
    expect(begun is ActionState.SENDING, f"one is {begun} while it is sent")
    bench.store.write(
        lambda session: session.outbox.settle("lead/1/begun", ActionState.PENDING, at=now)
    )
    expect(_state(bench, "lead/1/begun") is ActionState.CANCELLED, "it is tried again")


def _state(bench: Bench, key: str) -> ActionState | None:
    view = bench.store.read(lambda session: session.outbox.get(key))
    return None if view is None else view.state


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_step_is_kept_once_with_how_late_it_was,
    notices_wait_for_each_person_until_they_are_told,
    a_large_storm_is_gathered_piece_by_piece_and_ends_once,
    an_assignment_is_read_with_its_deadline_and_touches,
    what_waits_of_a_lead_goes_to_another_owner_or_is_cancelled,
)
"""Every check, in no particular order; each wants a store of its own."""
