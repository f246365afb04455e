"""What a person says of a lead: checked here, and told to the line."""

from __future__ import annotations

from datetime import datetime

from leadfit import pipeline
from leadfit.app.matching import check_said
from leadfit.errors import BadInput, Fault
from leadfit.policy import Policy
from leadfit.records import Kind
from leadfit.store import Store
from leadfit.store.views import Feedback
from leadfit.world import World


def hear(
    world: World,
    store: Store,
    policy: Policy,
    *,
    lead_id: str,
    kind: Kind,
    by: str,
    at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Record what a person did or said; clocks and actions follow.

    Args:
        world: Time.
        store: The store.
        policy: The policy in force; it says which names are those of programs.
        lead_id: The lead.
        kind: ``touched``, ``accepted`` or ``rejected``.
        by: Who, usually a rep id.
        at: When; now, if it is not given.
        reason: In words; needed where the lead is turned down.

    Raises:
        NotFound: No lead has this id.
        BadInput: The time is in the future or has no zone, a rejection has no reason, a touch is
            that of a program, or the words cannot be kept.
    """
    if kind is Kind.REJECTED and not (reason or "").strip():
        raise BadInput(Fault(place="reason", came=repr(reason), allowed="a reason"))
    now = world.now()
    when = now if at is None else at
    if when.tzinfo is None or when > now:
        allowed = "a time with a zone, not after now"
        raise BadInput(Fault(place="at", came=when.isoformat(), allowed=allowed))
    check_said("by", by, reason)
    if kind is Kind.TOUCHED and pipeline.is_automatic(by, policy):
        allowed = "a person: the policy says in sla.automatic that this is a program"
        raise BadInput(Fault(place="by", came=repr(by), allowed=allowed))
    said = Feedback(lead_id=lead_id, kind=kind, by=by, at=when, reason=reason)
    store.write(lambda session: pipeline.hear(session, said, policy))
