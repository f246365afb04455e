"""Drafts a decision by what is on record, without writing anything: what bounds are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from leadfit.buying import DOMAIN, Whom, WhomKind
from leadfit.pipeline import identity, known, matching, owners, rating
from leadfit.pipeline import question as asked
from leadfit.pipeline.case import Case, Desk, Who
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import cells_of, routings
from leadfit.policy.groups import Groups
from leadfit.records import (
    OPENS_A_LEAD,
    Account,
    Activity,
    Band,
    Facts,
    Lead,
    RepLoad,
    Subject,
    Tier,
)


def question_of(case: Case, who: Who, bought: Facts, lead_id: str) -> Question | None:
    """Return what the decision about a signal hangs on; ``None`` where it gives no owner anew.

    Args:
        case: The signal with its match.
        who: Whom it is about, by what is on record.
        bought: Facts that were bought about it.
        lead_id: Id of the lead that is opened, if one is.
    """
    desk, lead = case.desk, who.lead
    opens = lead is None and case.signal.kind in OPENS_A_LEAD
    if not opens and (lead is None or not lead.is_open or lead.tier is None):
        return None
    subject = _subject(case, who, bought, lead_id)
    routed_by = owners.routed_by(desk, who.account)
    drafted = Lead(
        lead_id=lead_id if lead is None else lead.lead_id,
        created_at=desk.now if lead is None else lead.created_at,
        account_id=who.account_id,
        contact_id=who.contact_id,
        source=case.signal.source,
        facts=subject.facts,
    )
    question = Question(
        subject=subject,
        lead=drafted,
        accounts=(routed_by,),
        loads=(),
        in_force=desk.in_force,
        now=desk.now,
        is_unresolved=opens and _is_unresolved(case, who),
    )
    if lead is not None:
        present = desk.session.leads.assignment(lead.lead_id)
        question = replace(
            question,
            held=lead.tier,
            owner_id=None if present is None else present.owner_id,
            is_touched=desk.session.leads.touched_at(lead.lead_id) is not None,
        )
    else:
        question = replace(question, accounts=_possible(case, who, routed_by))
        question = replace(question, prefer=_preferred(case, who))
    question = replace(question, free=_free(case, who, question))
    return replace(question, loads=_loads(desk, question))


def _subject(case: Case, who: Who, bought: Facts, lead_id: str) -> Subject:
    """Put together what scoring will look at; the signal is an activity, too."""
    lead = who.lead
    before, listed = Subject(facts={}), tuple[str, ...]()
    if lead is not None:
        rated = case.desk.session.leads.rated(lead.lead_id)
        before = Subject(facts=lead.facts) if rated is None else rated.subject
        listed = before.listed
    activities = case.desk.session.leads.activities(
        lead_id=None if lead is None else lead.lead_id,
        contact_id=who.contact_id,
        account_id=who.account_id,
        limit=rating.ACTIVITIES,
    )
    own = Activity(kind=case.signal.kind, at=case.signal.at)
    subject = Subject(
        facts=known.facts_of(case, who, before.facts, bought),
        activities=(*activities, own)[-rating.ACTIVITIES :],
        listed=listed,
    )
    whom = rating.whom_of(case, who, lead_id if lead is None else lead.lead_id, lead)
    return rating.rate_lead(case.desk, whom, subject, also=(own,)).subject


def _is_unresolved(case: Case, who: Who) -> bool:
    if case.match.band is Band.REVIEW:
        return True
    return who.account is None and not identity.is_new_domain(case)


def _possible(case: Case, who: Who, own: Account | None) -> tuple[Account | None, ...]:
    """Return the accounts under which an owner must be right, as when the lead is given."""
    doubt = matching.doubt(case, who, Tier.ONE)
    if doubt is None:
        return (own,)
    others = tuple(owners.routed_by(case.desk, each) for each in doubt.accounts)
    return (own, *others) if doubt.is_of_own or not others else others


def _preferred(case: Case, who: Who) -> str | None:
    if who.alike is None or who.alike.open_lead_id is None:
        return None
    lead = case.desk.session.leads.get(who.alike.open_lead_id)
    return None if lead is None else lead.owner_id


def _loads(desk: Desk, question: Question) -> tuple[RepLoad, ...]:
    """Return the load of every rep, with turns in every pool that some completion asks about."""
    completions, _ = routings(question, cells_of(question))
    policy = desk.policy
    taken = desk.session.capacity.loads(
        [rep.rep_id for rep in policy.reps],
        desk.now,
        window=timedelta(hours=policy.route.capacity.window_hours),
        pools=asked.pools(question, asked.rated(question), completions),
    )
    return tuple(
        RepLoad(rep=rep, slots_taken=held.slots_taken, last_turn=held.last_turn, turns=held.turns)
        for rep in policy.reps
        for held in (taken[rep.rep_id],)
    )


def whom_of(case: Case, who: Who) -> Mapping[WhomKind, Whom]:
    """Return the subjects of a signal that a vendor could be asked about.

    Args:
        case: The signal.
        who: Whom it is about.
    """
    found: dict[WhomKind, Whom] = {"lead": Whom(kind="lead", key=case.signal.signal_id)}
    address = case.keys.email
    if address is not None:
        key = case.desk.session.accounts.contact_key(address)
        found["contact"] = Whom(kind="contact", key=key)
    elif who.contact_id is not None:
        found["contact"] = Whom(kind="contact", key=who.contact_id)
    company = case.keys.domain
    if company is None and who.account is not None:
        company = who.account.domains[0] if who.account.domains else who.account.account_id
    if company is not None:
        found["company"] = Whom(kind="company", key=company)
    return found


def _free(case: Case, who: Who, question: Question) -> tuple[str, ...]:
    """Return facts that are not known, or known from too long ago, and that somebody sells."""
    groups, rules = Groups(case.desk.policy), case.desk.policy.enrich
    about = set(whom_of(case, who))
    sold = {
        (groups.of(fact), kind)
        for vendor in rules.vendors
        for fact, kind in vendor.supplies.items()
    }
    lacks_domain = question.is_unresolved and case.keys.domain is None
    finds_domain = any(fact == DOMAIN and kind in about for fact, kind in sold)
    if lacks_domain and finds_domain:
        about.add("company")
    held = groups.held(question.subject.facts) - known.stale(case, who)
    return tuple(
        sorted(
            {
                fact
                for fact, kind in sold
                if kind in about and (lacks_domain if fact == DOMAIN else fact not in held)
            }
        )
    )
