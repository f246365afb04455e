"""Rates an open lead again when nobody sent anything: the quarterly recycle check."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from leadfit import score
from leadfit.pipeline import moving, owners
from leadfit.pipeline.case import Desk, InForce, Routed
from leadfit.pipeline.tape import taped
from leadfit.records import Account, Facts, Subject
from leadfit.store import Session
from leadfit.world import World

_ACTIVITIES: Final = 50


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
    account = None if lead.account_id is None else desk.session.accounts.account(lead.account_id)
    activities = leads.activities(
        lead_id=lead_id, contact_id=lead.contact_id, account_id=lead.account_id, limit=_ACTIVITIES
    )
    facts = {**latest.subject.facts, **_of_account(account)}
    subject = Subject(facts=facts, activities=activities)
    rated = score.rate(subject, desk.in_force.artifact, desk.policy, now=desk.now)
    desk.world.reach("recheck.rated")
    if lead.tier is not None and rated.tier >= lead.tier:
        return False
    told = replace(lead, facts=subject.facts)
    routed = Routed()
    present = leads.assignment(lead_id)
    if present is not None and leads.touched_at(lead_id) is None:
        routed = moving.raise_tier(desk, told, account, rated, present, desk.now)
    latest = replace(latest, subject=subject)
    owners.keep_again(desk, told, latest=latest, rated=rated, routed=routed)
    return True


def _of_account(account: Account | None) -> Facts:
    """Return what is known of the account now; it was said of the lead long ago."""
    if account is None:
        return {}
    country = {} if account.country is None else {"country": account.country}
    return {**account.facts, **country}
