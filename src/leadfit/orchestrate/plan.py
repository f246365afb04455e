"""Plans what follows from an assignment: the actions of its tier and play, and the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from leadfit.orchestrate.actions import make
from leadfit.orchestrate.alerts import alert
from leadfit.policy import Play, Policy
from leadfit.policy.calendar import add_minutes
from leadfit.policy.policy import fact_name, is_held_back
from leadfit.policy.tiers import LATE_ASSIGNMENT, ActionRule, TierRules
from leadfit.records import Action, Assignment, Clock, ClockKind, Lead, Plan, Reason, Score


def plan(
    assignment: Assignment, lead: Lead, score: Score, policy: Policy, *, now: datetime
) -> Plan:
    """Plan the actions and clocks of ``assignment``.

    Args:
        assignment: Who owns the lead since when; a reassignment has a higher number.
        lead: The lead.
        score: Its play adds actions; a detractor flag takes suppressed channels away.
        policy: Actions, deadlines and how minutes count, by tier.
        now: The time of the decision; actions are due from here on.

    Returns:
        Actions in the order in which they are to be queued, each with the key
        ``LEAD/ASSIGNMENT-NUMBER/ACTION``, and the clocks. What is begun once has the key
        ``LEAD/tier-TIER/ACTION``, so that a second owner of the tier does not begin it again.
        ``signal_to_assignment`` only measures and ended with this assignment; it and
        ``signal_to_touch`` begin with the first assignment and run on under another owner; a
        signal that raises the tier begins them anew. ``assignment_to_touch`` starts anew with
        every assignment.
        Carrying out an action with the field ``counts_as_touch`` stops both touch clocks.
    """
    rules = policy.tier(assignment.tier)
    play = policy.play_of(score)
    kept, reasons = _kept(assignment, lead, score, (policy, play))
    rep = policy.rep(assignment.owner_id)
    fields = {"tier": int(assignment.tier)}
    actions = make(
        kept,
        prefix=f"{lead.lead_id}/{assignment.number}",
        once_prefix=f"{lead.lead_id}/tier-{assignment.tier.value}",
        lead_id=lead.lead_id,
        assignment_id=assignment.assignment_id,
        owner_id=assignment.owner_id,
        manager_id=rep.manager_id if rep is not None else None,
        since=now,
        fields=fields if play is None else {**fields, "play": play.name, "playbook": play.playbook},
    )
    clocks = tuple(_clocks(assignment, rules, policy))
    return Plan(
        actions=(*actions, *_late_assignment(assignment, policy, now)),
        clocks=clocks,
        reasons=(*reasons, *_drawn(assignment, rules), *_deadline(assignment, clocks, rules)),
    )


def _kept(
    assignment: Assignment, lead: Lead, score: Score, by: tuple[Policy, Play | None]
) -> tuple[list[ActionRule], list[Reason]]:
    """Return the actions that are done, and words for each that is not."""
    policy, play = by
    rules = [*policy.tier(assignment.tier).actions, *(play.actions if play is not None else ())]
    asks = any(rule.needs_fact is not None for rule in rules)
    known = policy.known(lead.facts) if asks else {}
    flagged = is_held_back(score)
    kept: list[ActionRule] = []
    reasons: list[Reason] = []
    for rule in rules:
        if rule.needs_fact is not None and fact_name(rule.needs_fact) not in known:
            words = f"{rule.action} is left out: the fact {rule.needs_fact} is missing"
            reasons.append(Reason(rule="action.needs_fact", words=words))
        elif flagged and rule.channel is not None and rule.channel in policy.detractor.suppress:
            words = f"{rule.action} is left out: a detractor is kept out of {rule.channel}"
            reasons.append(Reason(rule="action.suppressed", words=words))
        else:
            kept.append(rule)
            if rule.once and assignment.number > 1:
                words = f"{rule.action} goes on if it was begun under an owner before"
                reasons.append(Reason(rule="action.once", words=words))
    return kept, reasons


def _clocks(assignment: Assignment, rules: TierRules, policy: Policy) -> Iterator[Clock]:
    lead_id, target = assignment.lead_id, target_minutes(assignment, rules)
    answers = _answers_a_signal(assignment)
    begun_by = lead_id if assignment.number == 1 else f"{lead_id}/{assignment.number}"
    if answers:
        yield Clock(
            key=f"{begun_by}/{ClockKind.SIGNAL_TO_ASSIGNMENT.value}",
            kind=ClockKind.SIGNAL_TO_ASSIGNMENT,
            lead_id=lead_id,
            assignment_id=assignment.assignment_id,
            started_at=assignment.signal_at,
            due_at=None,
        )
    yield Clock(
        key=f"{lead_id}/{assignment.number}/{ClockKind.ASSIGNMENT_TO_TOUCH.value}",
        kind=ClockKind.ASSIGNMENT_TO_TOUCH,
        lead_id=lead_id,
        assignment_id=assignment.assignment_id,
        started_at=assignment.assigned_at,
        due_at=due(assignment.owner_id, assignment.assigned_at, target, rules, policy),
    )
    if answers:
        # Where the policy allows a slower arm, nobody is told of a lead that is not late in it.
        limit = rules.end_to_end_minutes + max(0.0, target - rules.sla_minutes)
        yield Clock(
            key=f"{begun_by}/{ClockKind.SIGNAL_TO_TOUCH.value}",
            kind=ClockKind.SIGNAL_TO_TOUCH,
            lead_id=lead_id,
            assignment_id=assignment.assignment_id,
            started_at=assignment.signal_at,
            due_at=due(assignment.owner_id, assignment.signal_at, limit, rules, policy),
        )


def _answers_a_signal(assignment: Assignment) -> bool:
    """It is the first of the lead, or the signal raised its tier; not just another owner."""
    return assignment.number == 1 or assignment.raised_from is not None


def due(
    owner_id: str, start: datetime, minutes: float, rules: TierRules, policy: Policy
) -> datetime:
    """Return the deadline ``minutes`` after ``start``, as the tier counts minutes.

    An owner whom the policy does not know, or who never works again, has minutes of the wall.
    """
    rep = policy.rep(owner_id)
    if rules.clock == "working" and rep is not None:
        worked = add_minutes(rep, policy.closures, start, minutes)
        if worked is not None:
            return worked
    return start + timedelta(minutes=minutes)


def _late_assignment(assignment: Assignment, policy: Policy, now: datetime) -> Iterator[Action]:
    """Tell the manager about a lead that waited too long for its first owner."""
    waited = assignment.assigned_at - assignment.signal_at
    limit = policy.sla.assignment_minutes
    if not _answers_a_signal(assignment) or waited <= timedelta(minutes=limit):
        return
    rep = policy.rep(assignment.owner_id)
    manager_id = (rep.manager_id if rep is not None else None) or assignment.owner_id
    yield alert(
        f"{assignment.lead_id}/{assignment.number}/{LATE_ASSIGNMENT}",
        to=(manager_id,),
        now=now,
        lead_id=assignment.lead_id,
        assignment_id=assignment.assignment_id,
        fields={
            "tier": int(assignment.tier),
            "waited_minutes": round(waited.total_seconds() / 60, 3),
            "limit_minutes": limit,
        },
        is_notice=True,
    )


def target_minutes(assignment: Assignment, rules: TierRules) -> float:
    """Return the minutes to the first touch: those of the arm that was drawn, or of the tier."""
    drawn = assignment.target_minutes
    return rules.sla_minutes if drawn is None else drawn


def _drawn(assignment: Assignment, rules: TierRules) -> Iterator[Reason]:
    """Name the arm of an experiment that the lead was drawn into."""
    if assignment.arm is None or assignment.target_minutes is None:
        return
    experiment, _, arm = assignment.arm.partition("/")
    target, usual = assignment.target_minutes, rules.sla_minutes
    instead = "as for every lead of the tier" if target == usual else f"instead of {usual:g}"
    words = (
        f"drawn at random into the arm {arm} of the experiment {experiment}: first touch within "
        f"{target:g} minutes, {instead}"
    )
    yield Reason(rule="experiment.response", words=words)


def _deadline(
    assignment: Assignment, clocks: tuple[Clock, ...], rules: TierRules
) -> Iterator[Reason]:
    for clock in clocks:
        if clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH and clock.due_at is not None:
            how = "working minutes of the owner" if rules.clock == "working" else "minutes"
            by = f"{clock.due_at:%Y-%m-%d %H:%M} UTC"
            words = f"first touch within {target_minutes(assignment, rules):g} {how}, by {by}"
            yield Reason(rule="sla", words=words)
