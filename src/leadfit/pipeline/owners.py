"""Gives leads their owners: rank, claim a slot, assign, plan, begin. The store guards each step.

What moves a lead that has an owner stands in :mod:`leadfit.pipeline.moving`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from leadfit import orchestrate, route
from leadfit.errors import NotFound
from leadfit.pipeline.case import Desk, InForce, Routed
from leadfit.pipeline.drawing import draw, kept
from leadfit.pipeline.feedback import stop_touch_clocks
from leadfit.pipeline.tape import apart, taped
from leadfit.policy import Policy
from leadfit.records import (
    Account,
    Assignment,
    Clock,
    ClockKind,
    Decision,
    Lead,
    Place,
    Plan,
    Reason,
    Rep,
    RepLoad,
    Score,
    Tier,
)
from leadfit.resolve.relatives.hierarchy import RoutingLevel, routing_account
from leadfit.store import Session
from leadfit.store.codec import encode
from leadfit.store.owners import Held
from leadfit.world import World

_LOADS: Final = "loads of reps as they were of late, by pools"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is not known of a lead whose match waits for a reviewer.

    Attributes:
        accounts: Accounts on record it may be of, beside the one it has now.
        is_of_own: The account it has now is one it may be of, too: it was on record before.
        until: End of the review clock of a lead that nobody can have at once.
    """

    accounts: tuple[Account, ...]
    until: datetime
    is_of_own: bool = False


def give_first(  # noqa: PLR0917 -- a lead with all that its owner depends on
    desk: Desk,
    lead: Lead,
    account: Account | None,
    rated: Score,
    signal_at: datetime,
    doubt: Doubt | None = None,
    prefer: str | None = None,
) -> Routed:
    """Find the first owner of a lead; with nobody free, begin to look again.

    Who has the other lead of what may be the same person is preferred among those the rules name.

    A lead whose account is in doubt goes to whoever is right under every account it may be of.
    Where nobody is, it waits for the review, and for an owner as any other once that is overdue.
    Leads of the tier that wait already go first: what has just become free is theirs.
    """
    ranked = _ranked_with_doubt(desk, lead, account, rated, doubt)
    if ranked.ranking and ranked.ranking.places and _serve_waiting(desk, rated):
        ranked = _ranked_with_doubt(desk, lead, account, rated, doubt)
    desk.world.reach("decide.ranked")
    place = claim(desk, ranked, lead.lead_id, prefer=prefer)
    desk.world.reach("decide.claimed")
    if place is None:
        waits = doubt is not None and not (ranked.ranking and ranked.ranking.places)
        until = doubt.until if doubt is not None and waits else None
        return replace(ranked, plan=_wait(desk, lead, signal_at, until=until))
    if place.rep_id == prefer:
        place = replace(place, words=f"{place.words}, and has the lead of what may be one person")
    return give(desk, lead, rated, ranked, place=place, signal_at=signal_at, number=1)


def _ranked_with_doubt(
    desk: Desk, lead: Lead, account: Account | None, rated: Score, doubt: Doubt | None
) -> Routed:
    ranked = rank(desk, lead, account, rated)
    if doubt is None:
        return ranked
    rankings = [rank(desk, lead, each, rated).ranking for each in doubt.accounts]
    own = [ranked.ranking] if doubt.is_of_own or not rankings else []
    told = [each for each in (*own, *rankings) if each is not None]
    return replace(ranked, ranking=route.agree(told))


def tried_again_at(desk: Desk) -> datetime:
    """Return when somebody is looked for again for a lead that nobody can have now."""
    return desk.now + timedelta(seconds=desk.policy.route.retry_s)


def _serve_waiting(desk: Desk, rated: Score) -> bool:
    """Give owners to leads of a tier that came before; return whether one got one.

    Whoever became free a moment ago would else have the newest lead, and under a lasting overload
    the oldest would never have an owner.
    """
    most = desk.policy.route.served_first
    served = False
    for lead_id in desk.session.owners.waiting(rated.tier, tried_again_at(desk), most):
        if find_owner(desk.world, desk.session, desk.in_force, lead_id) is None:
            break
        served = True
    return served


def find_owner(
    world: World,
    session: Session,
    in_force: InForce,
    lead_id: str,
    because: Reason | None = None,
) -> str | None:
    """Give an open lead another owner, or its first; return the owner, ``None`` if nobody is free.

    The lead keeps its present owner when nobody else is free.

    Args:
        world: Time and ids.
        session: The transaction.
        in_force: The rules.
        lead_id: The lead.
        because: Why it is taken from its owner, for the decision.

    Raises:
        NotFound: No decision about this lead is on record.
    """
    desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
    entry = {"call": "owner", "lead_id": lead_id, "because": encode(because)}
    return apart(desk, "find_owner", lambda own: find_owner_at(taped(own, entry), lead_id, because))


def find_owner_at(desk: Desk, lead_id: str, because: Reason | None = None) -> str | None:
    """Do what :func:`find_owner` does, by what the desk is told."""
    session, leads = desk.session, desk.session.leads
    lead = leads.get(lead_id)
    latest = leads.rated(lead_id)
    if lead is None or latest is None or latest.score is None:
        raise NotFound("lead", lead_id)
    account = None if lead.account_id is None else session.accounts.account(lead.account_id)
    lead = replace(lead, facts=latest.subject.facts)
    rated = latest.score if lead.tier is None else replace(latest.score, tier=lead.tier)
    ranked = rank(desk, lead, account, rated)
    if because is not None and ranked.ranking is not None:
        reasons = (*ranked.ranking.reasons, because)
        ranked = replace(ranked, ranking=replace(ranked.ranking, reasons=reasons))
    place = claim(desk, ranked, lead_id)
    if place is None:
        if lead.owner_id is None:
            leads.retry_at(lead_id, tried_again_at(desk))
        return None
    routed = give(
        desk, lead, rated, ranked,
        place=place,
        signal_at=leads.signal_at(lead_id) or lead.created_at,
        number=len(leads.assignments(lead_id)) + 1,
    )  # fmt: skip
    keep_again(desk, lead, latest=latest, rated=rated, routed=routed)
    return place.rep_id


def keep_again(
    desk: Desk,
    lead: Lead,
    *,
    latest: Decision,
    rated: Score,
    routed: Routed,
) -> str:
    """Write the decision that gave the lead another owner or tier; return its id."""
    decision = replace(
        latest,
        decision_id=desk.world.new_id("decision"),
        decided_at=desk.now,
        opened=False,
        score=rated,
        ranking=routed.ranking,
        assignment=routed.assignment,
        plan=routed.plan,
        policy_digest=desk.policy.digest,
        artifact_digest=desk.in_force.artifact_digest,
        card_digest=desk.in_force.card_digest,
        enrichment=None,
        certificate_digest=None,
        shadow=not desk.policy.acts,
    )
    desk.session.leads.add_decision(decision, {})
    desk.session.leads.rate(
        lead.lead_id, rated.tier, decision.decision_id, lead.facts, was=lead.tier
    )
    desk.world.reach("decide.kept")
    return decision.decision_id


def begin(session: Session, plan: Plan, now: datetime, *, acts: bool = True) -> None:
    """Start the clocks of a plan and queue its actions, each once by its key.

    What tells of a breach is kept aside, to be told with others like it.

    Args:
        session: The transaction.
        plan: What is to be begun.
        now: The time.
        acts: Where nothing is acted on, actions are put on record alone and no clock starts.
    """
    if not acts:
        session.outbox.queue_all(plan.actions, now, withheld=True)
        return
    session.clocks.start_all(plan.clocks)
    for action in plan.actions:
        if action.is_notice:
            session.breaches.notify(action)
    session.outbox.queue_all([each for each in plan.actions if not each.is_notice], now)


def hand_over(session: Session, ended: Assignment, begun: Assignment, now: datetime) -> None:
    """Let what waits for the owner before go on under the new one, or not be done at all."""
    waiting = session.unbegun.of_lead(begun.lead_id)
    found = orchestrate.hand_over(waiting, ended, begun, now=now)
    session.unbegun.cancel(found.cancelled, now)
    for action in found.kept:
        session.unbegun.readdress(action)


def routed_by(desk: Desk, account: Account | None) -> Account | None:
    """Return the account of its group that the policy routes by; a broken hierarchy has none.

    Args:
        desk: Where it is asked.
        account: The account, if there is one.
    """
    level = RoutingLevel(desk.policy.matching.routing_level)
    if account is None or level is RoutingLevel.ACCOUNT:
        return account
    over = {account.account_id: account}
    parents: dict[str, str | None] = {}
    each: Account | None = account
    while each is not None and each.account_id not in parents:
        parents[each.account_id] = each.parent_account_id
        over[each.account_id] = each
        parent = each.parent_account_id
        each = None if parent is None else desk.session.accounts.account(parent)
    # A parent that is not on record has no owner: the walk ends before it.
    known = {child: parent if parent in over else None for child, parent in parents.items()}
    return over[routing_account(account.account_id, known, level)]


def rank(desk: Desk, lead: Lead, account: Account | None, rated: Score) -> Routed:
    """Rank all reps for a lead by what the store knows of their loads now."""
    account = routed_by(desk, account)
    policy, reps = desk.policy, desk.policy.reps
    pools = route.pools(lead, account, rated, policy, now=desk.now)
    taken = desk.session.capacity.loads(
        [rep.rep_id for rep in reps],
        desk.now,
        window=timedelta(hours=policy.route.capacity.window_hours),
        pools=pools,
    )
    loads = _loads(policy, pools, taken)
    ranking = route.rank(lead, account, rated, loads, policy, now=desk.now)
    return Routed(ranking=ranking, loads=loads)


def _loads(
    policy: Policy, pools: tuple[str, ...], taken: Mapping[str, Held]
) -> tuple[RepLoad, ...]:
    """Return the loads of all reps; most are as they were for the lead before, and are kept."""
    key = (_LOADS, pools)
    before = cast("dict[str, tuple[Rep, Held, RepLoad]]", policy.worked_out.setdefault(key, {}))
    loads: list[RepLoad] = []
    for rep in policy.reps:
        held, last = taken[rep.rep_id], before.get(rep.rep_id)
        if last is None or last[1] is not held or last[0] is not rep:
            load = RepLoad(
                rep=rep,
                slots_taken=held.slots_taken,
                last_turn=held.last_turn,
                turns=held.turns,
            )
            before[rep.rep_id] = last = (rep, held, load)
        loads.append(last[2])
    return tuple(loads)


def claim(desk: Desk, ranked: Routed, lead_id: str, prefer: str | None = None) -> Place | None:
    """Take the first place with a free slot; the preferred rep's place goes first.

    A rep who keeps a lead takes no turn by it: those whose turn it is lose nothing.
    """
    if ranked.ranking is None:
        return None
    for place in sorted(ranked.ranking.places, key=lambda each: each.rep_id != prefer):
        if not ranked.ranking.needs_slot or has_slot(desk, place.rep_id, lead_id):
            return replace(place, pool=None) if place.rep_id == prefer else place
    return None


def has_slot(desk: Desk, rep_id: str, lead_id: str) -> bool:
    """Take one of a rep's slots; ``False`` when all are busy, or the policy knows no such rep."""
    rep, rules = desk.policy.rep(rep_id), desk.policy.route.capacity
    if rep is None:
        return False
    slot = desk.session.capacity.claim(
        rep_id,
        slots=route.slots_of(rep, desk.policy),
        lead_id=lead_id,
        now=desk.now,
        until=desk.now + timedelta(hours=rules.window_hours),
    )
    return slot is not None


def give(
    desk: Desk,
    lead: Lead,
    rated: Score,
    ranked: Routed,
    *,
    place: Place,
    signal_at: datetime,
    number: int,
    raised_from: Tier | None = None,
) -> Routed:
    """Write the owner, start the clocks and queue the actions."""
    session, now, lead_id = desk.session, desk.now, lead.lead_id
    ended = session.leads.assignment(lead_id) if number > 1 else None
    arm, minutes = draw(desk, lead, rated.tier) if number == 1 else kept(ended, rated.tier)
    assignment = Assignment(
        assignment_id=desk.world.new_id("assignment"), lead_id=lead_id, owner_id=place.rep_id,
        tier=rated.tier, signal_at=signal_at, assigned_at=now, place=place, number=number,
        raised_from=raised_from, arm=arm, target_minutes=minutes,
    )  # fmt: skip
    if number > 1:
        session.clocks.stop(lead_id, now, "reassigned", frozenset({ClockKind.ASSIGNMENT_TO_TOUCH}))
        session.leads.end_assignment(lead_id, now)
    if raised_from is not None:
        session.clocks.stop(lead_id, now, "raised", frozenset({ClockKind.SIGNAL_TO_TOUCH}))
    elif ended is not None:
        hand_over(session, ended, assignment, now)
        desk.world.reach("decide.handed_over")
    if place.pool is not None:
        session.capacity.take_turn(place.rep_id, place.pool)
    session.leads.assign(assignment)
    desk.world.reach("decide.assigned")
    owned = replace(lead, owner_id=place.rep_id)
    plan = orchestrate.plan(assignment, owned, rated, desk.policy, now=now)
    begin(session, plan, now, acts=desk.policy.acts)
    session.clocks.stop(lead_id, now, "assigned", frozenset({ClockKind.SIGNAL_TO_ASSIGNMENT}))
    if number == 1 and (touched_at := session.leads.touched_at(lead_id)) is not None:
        stop_touch_clocks(session, lead_id, touched_at, by="touch")
    desk.world.reach("decide.planned")
    return replace(ranked, assignment=assignment, plan=plan)


def _wait(desk: Desk, lead: Lead, signal_at: datetime, *, until: datetime | None = None) -> Plan:
    """Leave a lead without an owner in sight: it is tried again, and a clock runs."""
    again = until or tried_again_at(desk)
    desk.session.leads.retry_at(lead.lead_id, again)
    kind = ClockKind.SIGNAL_TO_ASSIGNMENT
    clock = Clock(
        key=f"{lead.lead_id}/{kind.value}",
        kind=kind,
        lead_id=lead.lead_id,
        assignment_id=None,
        started_at=signal_at,
        due_at=signal_at + timedelta(minutes=desk.policy.sla.assignment_minutes),
    )
    desk.session.clocks.start(clock)
    return Plan(clocks=(clock,))
