"""What every store must do with rules that are put in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from leadfit.records import Action, Clock, ClockKind
from leadfit.store import Session
from leadfit.store.publications import Change, Publication
from leadfit.store.told import ContentKind
from leadfit.store.views import ActionState
from leadfit.testing.check_store import Bench, assign, expect, make_lead

POLICY: Final = "a" * 64
OTHER: Final = "b" * 64


def _publish(session: Session, bench: Bench, number: int, digest: str, before: str) -> None:
    session.contents.keep(ContentKind.POLICY, digest, bench.world.now(), lambda: b"{}")
    session.publications.add(
        Publication(
            number=number,
            at=bench.world.now(),
            change=Change.APPLY,
            policy_digest=digest,
            artifact_digest=None,
            by="ada",
            reason="more for tier one",
            before_policy=before,
            plan_digest="c" * 64,
        )
    )


def what_is_in_force_is_there_after_reopening(bench: Bench) -> None:
    """The last one says what is in force; all are kept, and the log tells of them."""
    bench.store.write(lambda session: _publish(session, bench, 1, POLICY, OTHER))
    bench.store.write(lambda session: _publish(session, bench, 2, OTHER, POLICY))
    bench.reopen()
    latest = bench.store.read(lambda session: session.publications.latest())
    expect(latest is not None and latest.policy_digest == OTHER, f"in force is {latest}")
    both = bench.store.read(lambda session: session.publications.all())
    expect([each.number for each in both] == [1, 2], f"kept is {both}")
    expect(both[0].by == "ada" and both[0].plan_digest == "c" * 64, f"it says {both[0]}")
    found = bench.store.read(lambda session: session.signals.verify())
    expect(found.intact, f"the log is not intact: {found.faults}")
    head = bench.store.read(lambda session: session.publications.head())
    again = bench.store.read(lambda session: session.publications.hash_of(head.seq))
    expect(head.seq == found.rows and again == head.hash, f"the head is {head}")


def two_at_once_have_one_number(bench: Bench) -> None:
    """Who comes second with the number of the first leaves nothing behind."""
    bench.store.write(lambda session: _publish(session, bench, 1, POLICY, OTHER))
    try:
        bench.store.write(lambda session: _publish(session, bench, 1, OTHER, POLICY))
    except ValueError:
        pass
    else:
        expect(False, "a second publication took the number of the first")
    kept = bench.store.read(lambda session: session.publications.all())
    expect(len(kept) == 1 and kept[0].policy_digest == POLICY, f"kept is {kept}")


def what_is_withheld_is_never_due(bench: Bench) -> None:
    """Actions that wait end, and clocks of leads nobody was told of; nothing of them comes back."""
    now, later = bench.world.now(), bench.world.now() + timedelta(days=1)

    def begin(session: Session, is_told: bool) -> tuple[str, str]:
        lead_id = make_lead(session, bench.world).lead_id
        assign(session, lead_id, "rep_a", 1, now)
        assignment_id = f"{lead_id}-assignment-1"
        for name in ("alert", "mail"):
            action = Action(
                key=f"{lead_id}/{name}", kind=name, destination="chat", lead_id=lead_id,
                assignment_id=assignment_id, due_at=now,
            )  # fmt: skip
            session.outbox.queue(action, now)
        if is_told:
            session.outbox.settle(f"{lead_id}/alert", ActionState.DONE, at=now)
        session.clocks.start(
            Clock(
                key=f"{lead_id}/clock", kind=ClockKind.ASSIGNMENT_TO_TOUCH, lead_id=lead_id,
                assignment_id=assignment_id, started_at=now, due_at=now,
            )
        )  # fmt: skip
        return lead_id, f"{lead_id}/mail"

    told, mail = bench.store.write(lambda session: begin(session, is_told=True))
    untold, _ = bench.store.write(lambda session: begin(session, is_told=False))
    held = bench.store.write(lambda session: session.publications.withhold(now))
    expect(held == 3, f"{held} actions were withheld")
    for _ in range(2):
        due = bench.store.read(lambda session: session.outbox.due(later, 10))
        clocks = bench.store.read(lambda session: session.clocks.due(later, 10))
        running = [each.lead_id for each in clocks]
        expect(not due and running == [told], f"due is {due}; clocks of {running}, not of {told}")
        again = bench.store.write(lambda session: session.publications.withhold(later))
        expect(again == 0, f"{again} actions were withheld twice")
    view = bench.store.read(lambda session: session.outbox.get(mail))
    expect(view is not None and view.state is ActionState.WITHHELD, f"it is {view}")
    lead = bench.store.read(lambda session: session.leads.view(untold))
    stopped = None if lead is None else [each.stopped_by for each in lead.clocks]
    expect(stopped == ["withheld"], f"the clock nobody was told of was stopped by {stopped}")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    what_is_in_force_is_there_after_reopening,
    two_at_once_have_one_number,
    what_is_withheld_is_never_due,
)
