"""Rates a lead with all that the store knows for it; each rating of a live lead comes here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from leadfit import propensity, score
from leadfit.pipeline.case import Case, Desk, Who
from leadfit.records import Account, Activity, Decision, Facts, Lead, Score, Subject

ACTIVITIES: Final = 50
"""Activities a lead is rated by, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A score, and what it was made from."""

    subject: Subject
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedLead:
    """The lead that is rated.

    Attributes:
        created_at: When it was opened; now for one that is being opened.
        channel: Its source.
        domains: Registrable domains of who sent the signal, beside those of the account.
    """

    lead_id: str
    created_at: datetime
    channel: str | None
    account: Account | None
    domains: tuple[str, ...] = ()


def whom_of(case: Case, who: Who, lead_id: str, lead: Lead | None = None) -> RatedLead:
    """Return the lead that a signal is about, as it is rated.

    Args:
        case: The signal.
        who: Whom it is about.
        lead_id: The lead's id, also of one that is being opened.
        lead: The lead, if it was opened before.
    """
    domain = case.keys.domain
    return RatedLead(
        lead_id=lead_id,
        created_at=case.desk.now if lead is None else lead.created_at,
        channel=case.signal.source if lead is None else lead.source,
        account=who.account,
        domains=() if domain is None else (domain,),
    )


def rate_lead(
    desk: Desk,
    whom: RatedLead,
    subject: Subject,
    lifted_by: str | None = None,
    also: tuple[Activity, ...] = (),
) -> Rated:
    """Rate a lead by what is known of it now.

    Under Model C the store is asked for the lead's own activities; what they and the channel
    measure is kept with the subject, so that the decision alone makes the score again.

    Args:
        desk: Where the decision is made.
        whom: The lead.
        subject: Its facts and activities.
        lifted_by: Who overrides the intent gate or a forced tier.
        also: Activities of its own that are not in the store yet.
    """
    policy, artifact = desk.policy, desk.in_force.artifact
    listed = _listed(desk, whom, subject.listed)
    if listed != subject.listed or subject.measured:
        subject = replace(subject, listed=listed, measured={})
    model = None if artifact is None else artifact.propensity
    if policy.score.model == "C" and model is not None:
        own = desk.session.lifts.own_activities(
            lead_id=whom.lead_id,
            account_id=None if whom.account is None else whom.account.account_id,
            created_at=whom.created_at,
            since=desk.now - timedelta(days=propensity.LOOK_BACK_DAYS),
        )
        measured = propensity.measure(model, (*own, *also), whom.channel, desk.now)
        subject = replace(subject, measured=measured)
    found = score.rate(
        subject, artifact, policy, now=desk.now, lead_id=whom.lead_id, lifted_by=lifted_by
    )
    return Rated(subject=subject, score=found)


def known_now(desk: Desk, lead: Lead, latest: Decision) -> tuple[Subject, Account | None]:
    """Return what is known of an open lead now, and its account.

    Args:
        desk: Where the decision is made.
        lead: The lead.
        latest: The decision that rated it last; what it knew of the account was said long ago.
    """
    session = desk.session
    account = None if lead.account_id is None else session.accounts.account(lead.account_id)
    activities = session.leads.activities(
        lead_id=lead.lead_id,
        contact_id=lead.contact_id,
        account_id=lead.account_id,
        limit=ACTIVITIES,
    )
    facts = {**latest.subject.facts, **_of_account(account)}
    return replace(latest.subject, facts=facts, activities=activities), account


def _of_account(account: Account | None) -> Facts:
    if account is None:
        return {}
    country = {} if account.country is None else {"country": account.country}
    return {**account.facts, **country}


def _listed(desk: Desk, whom: RatedLead, before: Iterable[str]) -> tuple[str, ...]:
    """Return the lists the domains stand on; a lead that stood on one of them by itself stays."""
    rules = desk.policy.score
    if not any(less.domains for less in rules.less.values()):
        return ()
    of_account = () if whom.account is None else whom.account.domains
    now = score.lists_of(rules, [*whom.domains, *of_account])
    kept = {name for name in before if name in rules.less and rules.less[name].domains}
    return tuple(name for name in rules.less if name in kept or name in now)
