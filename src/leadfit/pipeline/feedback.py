"""What people say and do about a lead, and what follows from it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from leadfit import orchestrate
from leadfit.errors import NotFound
from leadfit.policy import Policy
from leadfit.policy.policy import fact_name, to_yes
from leadfit.records import Action, ClockKind, Facts, Kind
from leadfit.store import Session
from leadfit.store.views import Feedback


def is_automatic(by: str, policy: Policy, facts: Facts | None = None) -> bool:
    """Return whether a touch or a reply is that of a program, by its name or its facts.

    Args:
        by: Who it is said to be; a rep of the policy is a person whatever the name holds.
        policy: ``sla.automatic`` and ``sla.automatic_facts``.
        facts: What the report says besides.
    """
    said = {fact_name(name): value for name, value in (facts or {}).items()}
    if any(to_yes(said.get(fact_name(name))) for name in policy.sla.automatic_facts):
        return True
    if policy.rep(by) is not None:
        return False
    name = by.casefold()
    return any(
        re.search(rf"(?<![^\W\d_]){re.escape(word.casefold())}(?![^\W\d_])", name)
        for word in policy.sla.automatic
    )


def hear(session: Session, feedback: Feedback, policy: Policy) -> None:
    """Keep what a person said about a lead and do what follows from it.

    A touch stops both touch clocks, as of the time at which it happened; one from before the
    lead's signal, give or take what clocks may differ by, is no touch of this lead. A rejection
    closes the lead, stops its clocks and cancels what was not begun. An acceptance is kept and
    stops nothing: nobody has spoken to the lead yet.

    Raises:
        NotFound: No lead has this id.
    """
    if session.leads.get(feedback.lead_id) is None:
        raise NotFound("lead", feedback.lead_id)
    session.leads.add_feedback(feedback)
    if feedback.kind is Kind.TOUCHED:
        since = session.leads.signal_at(feedback.lead_id)
        skew = timedelta(minutes=policy.signal.future_minutes)
        if since is not None and feedback.at >= since - skew:
            session.leads.touch(feedback.lead_id, max(feedback.at, since))
            stop_touch_clocks(session, feedback.lead_id, feedback.at, by="touch")
    elif feedback.kind is Kind.REJECTED:
        end(session, feedback.lead_id, feedback.at, by="rejected")


def enrolled(session: Session, action: Action, at: datetime) -> None:
    """Stop the touch clocks of an enrolment's own assignment; nobody spoke to the lead by it."""
    present = session.leads.assignment(action.lead_id)
    if present is not None and present.assignment_id == action.assignment_id:
        stop_touch_clocks(session, action.lead_id, at, by="enrolled")


def carried_out(session: Session, action: Action, at: datetime, *, is_done: bool) -> None:
    """Do what follows when an action was carried out, or given up as dead.

    An enrolment stops the touch clocks. What recurs is queued anew, unless the lead has ended or
    risen since, or has replied to what is written to it by itself.

    Args:
        session: The transaction that writes the end of the action.
        action: The action.
        at: When it ended.
        is_done: It was carried out.
    """
    if is_done and action.fields.get("counts_as_touch"):
        enrolled(session, action, at)
    next_one = orchestrate.following(action, now=at)
    lead = None if next_one is None else session.leads.get(action.lead_id)
    if next_one is None or lead is None or not lead.is_open:
        return
    if lead.tier is not None and lead.tier != action.fields.get("tier"):
        return
    if orchestrate.mails([action]) and session.leads.replied_since(action.lead_id, action.due_at):
        return
    session.outbox.queue(next_one, at)


def replied(session: Session, lead_id: str, at: datetime) -> int:
    """Cancel what would still be written to a lead by itself: it replied; return how many."""
    waiting = session.unbegun.of_lead(lead_id)
    return session.unbegun.cancel(orchestrate.mails(waiting), at)


def stop_touch_clocks(session: Session, lead_id: str, at: datetime, *, by: str) -> None:
    """Stop the clocks that wait for the first touch; nobody need be told of them any more."""
    session.clocks.stop(
        lead_id, at, by, frozenset({ClockKind.ASSIGNMENT_TO_TOUCH, ClockKind.SIGNAL_TO_TOUCH})
    )
    session.breaches.withdraw(lead_id, at)


def end(session: Session, lead_id: str, at: datetime, *, by: str) -> None:
    """Close a lead: its clocks stop, and what was not begun is not done."""
    session.leads.close(lead_id)
    session.clocks.stop(lead_id, at, by)
    session.breaches.withdraw(lead_id, at)
    session.outbox.cancel(lead_id, at)
