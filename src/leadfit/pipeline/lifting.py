"""Lifts a lead by a person's hand, over the intent gate or a forced tier; never over fit."""

from __future__ import annotations

from dataclasses import replace

from leadfit import score
from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import moving, owners
from leadfit.pipeline.case import Desk, Routed
from leadfit.pipeline.rating import RatedLead, known_now, rate_lead
from leadfit.pipeline.tape import taped
from leadfit.records import Lead, Tier
from leadfit.store.lifts import Lift


def lift(desk: Desk, lead_id: str, *, by: str, reason: str) -> Lift:
    """Lift an open lead over a gate that a person may override, and keep that it was done.

    The lead goes the way of any other that rises: a new clock, the actions of its tier, another
    owner where the rules name one. It never falls again while it is open.

    Args:
        desk: Where the decision is made.
        lead_id: The lead.
        by: Who does it.
        reason: Why.

    Raises:
        NotFound: There is no such lead.
        NotPossible: The lead is closed or was never rated, or no person can lift it: it does not
            pass the fit gate, has the tier already, or its model has no gate to override.
    """
    who = desk.session.accounts.contact_key(by)  # an address is no word for a log
    entry = {"call": "lift", "lead_id": lead_id, "who": who}
    lead, tier, decision_id = lift_at(taped(desk, entry), lead_id, who)
    kept = Lift(
        decision_id=decision_id,
        lead_id=lead_id,
        tier=tier,
        from_tier=lead.tier or tier,
        by=by,
        reason=reason,
        at=desk.now,
    )
    desk.session.lifts.add(kept)
    told = {
        "lead_id": lead_id,
        "decision_id": decision_id,
        "by": who,
        "tier": int(tier),
        "reason_hmac": desk.session.signals.digest(reason.encode()).hex(),
    }
    desk.session.signals.append("lift", desk.now, told)
    desk.world.reach("lift.kept")
    return kept


def lift_at(desk: Desk, lead_id: str, who: str) -> tuple[Lead, Tier, str]:
    """Make the decision of :func:`lift`, by what the desk is told.

    Returns:
        The lead as it was, its tier now, and the id of the decision.

    Raises:
        NotFound: There is no such lead.
        NotPossible: It cannot be lifted.
    """
    leads = desk.session.leads
    lead, latest = leads.get(lead_id), leads.rated(lead_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    if not lead.is_open or latest is None or latest.score is None:
        raise NotPossible(f"lead {lead_id}", "it is closed" if latest else "it was never rated")
    subject, account = known_now(desk, lead, latest)
    whom = RatedLead(
        lead_id=lead_id, created_at=lead.created_at, channel=lead.source, account=account
    )
    rated = rate_lead(desk, whom, subject, lifted_by=who)
    if not score.is_lifted(rated.score):
        why_not = score.why_not_lifted(rated.score) or "nothing holds it back"
        raise NotPossible(f"lead {lead_id}", why_not)
    if lead.tier is not None and lead.tier <= rated.score.tier:
        raise NotPossible(f"lead {lead_id}", f"it is Tier {lead.tier.value} already")
    told = replace(lead, facts=rated.subject.facts)
    routed = Routed()
    present = leads.assignment(lead_id)
    if present is not None and leads.touched_at(lead_id) is None:
        routed = moving.raise_tier(desk, told, account, rated.score, present, desk.now)
    made = owners.keep_again(
        desk, told, latest=replace(latest, subject=rated.subject), rated=rated.score, routed=routed
    )
    return lead, rated.score.tier, made
