"""The next deadline, on the wall of the owner's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.app.deadlines import next_deadline
from leadfit.policy import load_starter
from leadfit.records import Clock, ClockKind, Lead, Tier
from leadfit.store.views import ClockView, LeadView
from leadfit.testing.builders import assignment

POLICY = load_starter()
AT = datetime(2026, 3, 9, 13, tzinfo=UTC)  # Monday, 9:00 in New York since the day before
MINUTE = timedelta(minutes=1)


def running(kind: ClockKind, minutes: float | None, *, step: int = 0) -> ClockView:
    due_at = None if minutes is None else AT + minutes * MINUTE
    clock = Clock(
        key=kind.value, kind=kind, lead_id="lead_1", assignment_id="a", started_at=AT,
        due_at=due_at, step=step,
    )  # fmt: skip
    return ClockView(clock=clock)


def view(*clocks: ClockView, owner_id: str | None = "rep_ada") -> LeadView:
    lead = Lead(lead_id="lead_1", created_at=AT, owner_id=owner_id, tier=Tier.ONE)
    given = None if owner_id is None else assignment(owner_id, Tier.ONE, now=AT)
    return LeadView(lead=lead, assignment=given, clocks=clocks)


def test_the_soonest_deadline_is_told_in_the_zone_of_the_owner() -> None:
    both = view(running(ClockKind.SIGNAL_TO_TOUCH, 20), running(ClockKind.ASSIGNMENT_TO_TOUCH, 15))
    found = next_deadline(both, POLICY)
    assert found is not None
    assert found.words == "first touch by Monday 09 March 2026 09:15 (America/New_York)"
    assert (found.due_at, found.local) == (AT + 15 * MINUTE, "2026-03-09T09:15:00-04:00")


def test_a_broken_promise_names_the_next_step_of_the_ladder() -> None:
    found = next_deadline(view(running(ClockKind.ASSIGNMENT_TO_TOUCH, 30, step=1)), POLICY)
    assert found is not None
    assert found.what == "breach step reassign"
    again = next_deadline(view(running(ClockKind.ASSIGNMENT_TO_TOUCH, 31, step=3)), POLICY)
    assert again is not None
    assert again.what == "another owner"


def test_a_lead_without_an_owner_is_told_in_utc() -> None:
    waiting = view(running(ClockKind.SIGNAL_TO_ASSIGNMENT, 5), owner_id=None)
    found = next_deadline(waiting, POLICY)
    assert found is not None
    assert found.words == "an owner by Monday 09 March 2026 13:05 (UTC)"


def test_where_nothing_is_due_there_is_no_deadline() -> None:
    measured = running(ClockKind.SIGNAL_TO_ASSIGNMENT, None)
    stopped = ClockView(
        clock=running(ClockKind.ASSIGNMENT_TO_TOUCH, 15).clock, stopped_at=AT, stopped_by="touch"
    )
    assert next_deadline(view(measured, stopped), POLICY) is None
