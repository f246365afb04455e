"""Rates an open lead again when nobody sent anything: the quarterly recycle check."""

from __future__ import annotations

from dataclasses import replace

from leadfit.pipeline import moving, owners
from leadfit.pipeline.case import Desk, InForce, Routed
from leadfit.pipeline.rating import RatedLead, known_now, rate_lead
from leadfit.pipeline.tape import taped
from leadfit.store import Session
from leadfit.world import World


def recheck(world: World, session: Session, in_force: InForce, lead_id: str) -> bool:
    """Rate an open lead by what is known now; return whether its tier rose.

    The facts of its account may have changed since, what learning says of it, and the policy. A
    lead that rises goes the way of any other that does, with the time of its new tier from now on.
    One that would fall stays as it is, as does one that is closed or was never rated.
    """
    desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
    return recheck_at(taped(desk, {"call": "recheck", "lead_id": lead_id}), lead_id)


def recheck_at(desk: Desk, lead_id: str) -> bool:
    """Do what :func:`recheck` does, by what the desk is told."""
    leads = desk.session.leads
    lead, latest = leads.get(lead_id), leads.rated(lead_id)
    if lead is None or not lead.is_open or latest is None or latest.score is None:
        return False
    subject, account = known_now(desk, lead, latest)
    whom = RatedLead(
        lead_id=lead_id, created_at=lead.created_at, channel=lead.source, account=account
    )
    rated = rate_lead(desk, whom, subject)
    desk.world.reach("recheck.rated")
    if lead.tier is not None and rated.score.tier >= lead.tier:
        return False
    told = replace(lead, facts=rated.subject.facts)
    routed = Routed()
    present = leads.assignment(lead_id)
    if present is not None and leads.touched_at(lead_id) is None:
        routed = moving.raise_tier(desk, told, account, rated.score, present, desk.now)
    latest = replace(latest, subject=rated.subject)
    owners.keep_again(desk, told, latest=latest, rated=rated.score, routed=routed)
    return True
