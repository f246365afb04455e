"""What people say and do about a lead, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from leadfit.errors import NotFound
from leadfit.records import Action, ClockKind, Kind
from leadfit.store import Session
from leadfit.store.views import Feedback


def hear(session: Session, feedback: Feedback) -> None:
    """Keep what a person said about a lead and do what follows from it.

    A touch stops both touch clocks. A rejection closes the lead, stops its clocks and cancels
    what was not begun. An acceptance is kept and stops nothing: nobody has spoken to the lead yet.

    Raises:
        NotFound: No lead has this id.
    """
    if session.leads.get(feedback.lead_id) is None:
        raise NotFound("lead", feedback.lead_id)
    session.leads.add_feedback(feedback)
    if feedback.kind is Kind.TOUCHED:
        session.leads.touch(feedback.lead_id, feedback.at)
        stop_touch_clocks(session, feedback.lead_id, feedback.at, by="touch")
    elif feedback.kind is Kind.REJECTED:
        end(session, feedback.lead_id, feedback.at, by="rejected")


def enrolled(session: Session, action: Action, at: datetime) -> None:
    """Stop the touch clocks of an enrolment's own assignment; nobody spoke to the lead by it."""
    present = session.leads.assignment(action.lead_id)
    if present is not None and present.assignment_id == action.assignment_id:
        stop_touch_clocks(session, action.lead_id, at, by="enrolled")


def stop_touch_clocks(session: Session, lead_id: str, at: datetime, *, by: str) -> None:
    """Stop the clocks that wait for the first touch."""
    session.clocks.stop(
        lead_id, at, by, frozenset({ClockKind.ASSIGNMENT_TO_TOUCH, ClockKind.SIGNAL_TO_TOUCH})
    )


def end(session: Session, lead_id: str, at: datetime, *, by: str) -> None:
    """Close a lead: its clocks stop, and what was not begun is not done."""
    session.leads.close(lead_id)
    session.clocks.stop(lead_id, at, by)
    session.outbox.cancel(lead_id, at)
