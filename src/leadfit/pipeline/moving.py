"""Moves leads that have an owner: a tier that rises, an owner who is not there, a person's hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from leadfit import orchestrate, route
from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import owners
from leadfit.pipeline.case import Desk, Routed
from leadfit.pipeline.tape import apart, taped
from leadfit.records import (
    Account,
    Action,
    Assignment,
    ClockKind,
    Fact,
    Lead,
    Place,
    Plan,
    Ranking,
    Reason,
    Rep,
    Score,
)
from leadfit.store.owners import Override
from leadfit.store.views import Incident


def raise_tier(  # noqa: PLR0917 -- a lead with all that its owner depends on
    desk: Desk,
    lead: Lead,
    account: Account | None,
    rated: Score,
    present: Assignment,
    signal_at: datetime,
) -> Routed:
    """Route an untouched lead by its higher tier.

    The present owner comes first where the rules name that owner for the new tier, too. Where
    nobody of the new tier is free, the present owner keeps the lead and has the time of the new
    tier; the manager is told. An owner without a free slot is given nothing: the time is the same,
    and somebody else is looked for. What the higher tier promises counts from the signal that
    raised the lead.
    """
    unowned = replace(lead, owner_id=None, tier=rated.tier)
    ranked = owners.rank(desk, unowned, account, rated)
    place = owners.claim(desk, ranked, lead.lead_id, prefer=present.owner_id)
    if place is None:
        place = _kept(desk, ranked, lead.lead_id, rated, present)
        _tell_of_nobody(desk, rated, present)
    if place is None:
        _hasten(desk, lead, rated, present)
        return ranked
    # What the lower tier had in mind for later, such as a nurture drip, would cross the call.
    desk.session.outbox.cancel(lead.lead_id, desk.now)
    return owners.give(
        desk, unowned, rated, ranked,
        place=place, signal_at=signal_at, number=present.number + 1, raised_from=present.tier,
    )  # fmt: skip


def _kept(
    desk: Desk, ranked: Routed, lead_id: str, rated: Score, present: Assignment
) -> Place | None:
    """Return the present owner's place, unless the owner is not there or has no slot free."""
    if why_absent(desk.policy.rep(present.owner_id), desk) is not None:
        return None
    needs_slot = ranked.ranking is not None and ranked.ranking.needs_slot
    if needs_slot and not owners.has_slot(desk, present.owner_id, lead_id):
        return None
    words = f"keeps the lead: nobody of Tier {rated.tier.value} is free"
    return Place(rep_id=present.owner_id, rule="kept", words=words)


def _hasten(desk: Desk, lead: Lead, rated: Score, present: Assignment) -> None:
    """Give the present assignment the time of the new tier, and look for somebody else."""
    kind = ClockKind.ASSIGNMENT_TO_TOUCH
    # What was drawn was drawn inside the lower tier.
    risen = replace(present, tier=rated.tier, assigned_at=desk.now, arm=None, target_minutes=None)
    plan = orchestrate.plan(risen, lead, rated, desk.policy, now=desk.now)
    desk.session.clocks.stop(lead.lead_id, desk.now, "raised", frozenset({kind}))
    for clock in plan.clocks:
        if clock.kind is kind:
            key = f"{clock.key}/tier-{rated.tier.value}"
            desk.session.clocks.start(replace(clock, key=key))
    desk.session.leads.retry_at(lead.lead_id, owners.tried_again_at(desk))


def _tell_of_nobody(desk: Desk, rated: Score, present: Assignment) -> None:
    """Tell the manager that a lead rose and nobody who works its tier is free."""
    rep = desk.policy.rep(present.owner_id)
    manager_id = None if rep is None else rep.manager_id
    words = f"rose to Tier {rated.tier.value} and nobody who works that tier is free"
    key = f"{present.lead_id}/{present.number}/nobody-of-tier-{rated.tier.value}"
    desk.session.outbox.queue(
        orchestrate.alert(
            key,
            to=(manager_id or present.owner_id,),
            fields={"tier": int(rated.tier), "words": words},
            now=desk.now,
            lead_id=present.lead_id,
            assignment_id=present.assignment_id,
        ),
        desk.now,
    )
    incident = Incident(key=key, lead_id=present.lead_id, at=desk.now, words=words)
    desk.session.clocks.add_incident(incident)


def tell_play(desk: Desk, lead: Lead, rated: Score, was: Score | None, present: Assignment) -> Plan:
    """Tell the owner of a lead about a play that has come to hold since it was given.

    The owner keeps the lead, whatever skill the play calls for: somebody knows it already. What
    the play adds to the tier's actions is begun, and the owner is told the playbook; once a play
    and assignment.
    """
    play = desk.policy.play_of(rated)
    before = None if was is None else desk.policy.play_of(was)
    if play is None or play == before:
        return Plan()
    key = f"{lead.lead_id}/{present.number}/play-{play.name}"
    fields: dict[str, Fact] = {
        "tier": int(rated.tier),
        "play": play.name,
        "playbook": play.playbook,
    }
    if play.skill is not None:
        fields["skill"] = play.skill
    alert = orchestrate.alert(
        key,
        to=(present.owner_id,),
        fields=fields,
        now=desk.now,
        lead_id=lead.lead_id,
        assignment_id=present.assignment_id,
    )
    names = {each.action for each in play.actions}
    whole = orchestrate.plan(present, lead, rated, desk.policy, now=desk.now)
    added = (each for each in whole.actions if _name_of(each) in names)
    words = f"the play {play.name} holds now: {play.playbook}"
    plan = Plan(actions=(alert, *added), reasons=(Reason(rule="play.told", words=words),))
    owners.begin(desk.session, plan, desk.now, acts=desk.policy.acts)
    return plan


def _name_of(action: Action) -> str:
    """Return the name an action has in the policy, without the number of one of several."""
    return action.key.rpartition("/")[2].partition(".")[0]


def why_absent(rep: Rep | None, desk: Desk) -> str | None:
    """Return why a rep can own no lead now, in words; ``None`` for one who can."""
    if rep is None:
        return "is not among the reps of the policy"
    if not rep.active:
        return "works here no more"
    if route.is_away(rep, desk.now):
        until = "" if rep.away_to is None else f" until {rep.away_to:%Y-%m-%d %H:%M} UTC"
        return f"is away{until}"
    return None


def move_from_absent(desk: Desk, lead_id: str) -> str | None:
    """Give a lead whose owner is away or gone to somebody else; return the new owner.

    The history is kept, a new clock begins, and the clock from the signal to the first touch runs
    on. With nobody free the lead stays where it is and is tried again.

    Returns:
        ``None`` where nothing moved: nobody is free, the owner is there, the lead is closed, or
        the policy leaves such leads with their owner.
    """
    why = must_move(desk, lead_id)
    if why is None:
        return None
    because = Reason(rule="route.absent", words=why)
    owner_id = owners.find_owner(desk.world, desk.session, desk.in_force, lead_id, because)
    desk.world.reach("move.absent")
    return owner_id


def must_move(desk: Desk, lead_id: str) -> str | None:
    """Return why an open lead must leave its owner, in words; ``None`` where it stays."""
    lead = desk.session.leads.get(lead_id)
    if lead is None or not lead.is_open or lead.owner_id is None:
        return None
    why = why_absent(desk.policy.rep(lead.owner_id), desk)
    return None if why is None or not _may_move(desk, lead) else f"{lead.owner_id} {why}"


def _may_move(desk: Desk, lead: Lead) -> bool:
    rules, rep = desk.policy.route.absence, desk.policy.rep(lead.owner_id)
    is_gone = rep is None or not rep.active
    if desk.session.leads.touched_at(lead.lead_id) is not None:
        return rules.touched == "always" or (rules.touched == "gone" and is_gone)
    return is_gone or lead.tier is None or int(lead.tier) in rules.away


def assign_by_hand(desk: Desk, lead_id: str, rep_id: str, *, by: str, reason: str) -> Assignment:
    """Give an open lead to a rep whom a person chose, and keep that it was done.

    The rep must be there and, for a lead that takes a slot, have one free: nobody is given more
    than the policy allows, by hand neither. No turn of a rotation is taken.

    Raises:
        NotFound: There is no such lead or rep.
        NotPossible: The lead is closed or was never rated, the rep has it already, or the rep is
            away, gone or full.
    """
    desk = taped(desk, {"call": "hand", "lead_id": lead_id, "rep_id": rep_id})
    session = desk.session
    lead, latest = session.leads.get(lead_id), session.leads.rated(lead_id)
    rep = desk.policy.rep(rep_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    if rep is None:
        raise NotFound("rep", rep_id)
    if not lead.is_open or latest is None or latest.score is None:
        raise NotPossible(f"lead {lead_id}", "it is closed" if latest else "it was never rated")
    rated = latest.score if lead.tier is None else replace(latest.score, tier=lead.tier)
    needs_slot = _check_rep(desk, lead, rep, rated)
    who = session.accounts.contact_key(by)  # an address is no word for a log
    place = Place(rep_id=rep_id, rule="by_hand", words="was chosen by a person")
    told = Reason(rule="route.by_hand", words=f"given by hand by {who}")
    ranking = Ranking(places=(place,), needs_slot=needs_slot, reasons=(told,))
    lead = replace(lead, facts=latest.subject.facts)
    routed = owners.give(
        desk, lead, rated, Routed(ranking=ranking),
        place=place,
        signal_at=session.leads.signal_at(lead_id) or lead.created_at,
        number=len(session.leads.assignments(lead_id)) + 1,
    )  # fmt: skip
    owners.keep_again(desk, lead, latest=latest, rated=rated, routed=routed)
    made = routed.assignment
    assert made is not None  # noqa: S101 -- it was made two lines above
    _note(desk, lead, made, by=by, who=who, reason=reason)
    return made


def hear_of_hand(desk: Desk, lead_id: str, rep_id: str, *, by: str) -> None:
    """Give a lead to the rep to whom a person gave it in another system.

    A rep who cannot have it here, being away, gone, full or unknown, is not given it: the two
    systems then name different owners, and that is an incident of the week.
    """

    def give(own: Desk) -> str | None:
        try:
            made = assign_by_hand(own, lead_id, rep_id, by=by, reason="in another system")
        except (NotFound, NotPossible):
            return None
        return made.assignment_id

    if apart(desk, "by_hand", give) is not None:
        return
    # What another system calls its people may be an address: only our own ids are repeated.
    known = None if desk.policy.rep(rep_id) is None else rep_id
    words = f"was given to {known or 'a rep unknown here'} in another system, not possible here"
    key = f"{lead_id}/elsewhere/{known or 'unknown'}"
    incident = Incident(key=key, lead_id=lead_id, at=desk.now, words=words)
    desk.session.clocks.add_incident(incident)


def _check_rep(desk: Desk, lead: Lead, rep: Rep, rated: Score) -> bool:
    """Take a slot of the rep where one is needed; return whether one is."""
    absent = why_absent(rep, desk)
    if absent is not None:
        raise NotPossible(f"rep {rep.rep_id}", absent)
    if lead.owner_id == rep.rep_id:
        raise NotPossible(f"rep {rep.rep_id}", "has the lead already")
    needs_slot = int(rated.tier) in desk.policy.route.capacity.tiers
    if needs_slot and not owners.has_slot(desk, rep.rep_id, lead.lead_id):
        slots = route.slots_of(rep, desk.policy)
        raise NotPossible(f"rep {rep.rep_id}", f"all {slots} slots are taken")
    return needs_slot


def _note(desk: Desk, lead: Lead, made: Assignment, *, by: str, who: str, reason: str) -> None:
    desk.session.owners.add_override(
        Override(
            assignment_id=made.assignment_id,
            lead_id=lead.lead_id,
            from_id=lead.owner_id,
            to_id=made.owner_id,
            by=by,
            reason=reason,
            at=desk.now,
        )
    )
    told = {
        "lead_id": lead.lead_id,
        "from": lead.owner_id,
        "to": made.owner_id,
        "by": who,
        "reason_hmac": desk.session.signals.digest(reason.encode()).hex(),
    }
    desk.session.signals.append("override", desk.now, told)
    desk.world.reach("move.by_hand")
