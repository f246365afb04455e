"""Moves a lead that was given away before a vendor's answer came, where the answer says so.

A lead that waited no longer is given away by what was known. Its answer comes all the same, and a
territory or a skill may then call for somebody else. The lead is moved only where the answer is
what changes it: reps are ranked by the facts before and by those after, at the same loads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from leadfit.buying import VENDOR
from leadfit.pipeline import owners
from leadfit.pipeline.case import Case, Routed
from leadfit.records import Account, Assignment, Decision, Facts, Kind, Lead, Place, Reason, Score

RULE: Final = "route.answered"


def move_by_answer(
    case: Case,
    lead: Lead,
    account: Account | None,
    rated: Score,
    *,
    before: Decision,
    present: Assignment,
) -> Routed:
    """Give an untouched lead anew where a bought answer changes whom the rules name for it.

    Its owner keeps it where the rules name that rep now, too, where nobody whom they name is free,
    where a person chose the owner, and where the answer was bought for a signal that joined a lead
    with an owner: nothing was bought to change that one. The history is kept, a new clock begins,
    and the clock from the signal to the first touch runs on.

    Args:
        case: The signal that brings the answer.
        lead: The lead with the facts that are known now.
        account: Its account.
        rated: Its score by them.
        before: The decision that rated it last, by the facts that were known then.
        present: Its present assignment.

    Returns:
        The new assignment with what follows from it; nothing of all that where the lead stays.
    """
    desk = case.desk
    if not _may_move(case, lead, present):
        return Routed()
    tier = rated.tier if lead.tier is None else min(lead.tier, rated.tier)
    unowned = replace(lead, owner_id=None, tier=tier)
    rated = replace(rated, tier=tier)
    known_before = replace(unowned, facts=before.subject.facts)
    was = _first(owners.rank(desk, known_before, account, rated))
    ranked = owners.rank(desk, unowned, account, rated)
    first = _first(ranked)
    if first is None or ranked.ranking is None or (was and was.rep_id == first.rep_id):
        return Routed()
    named = tuple(each for each in ranked.ranking.places if _is_alike(each, first))
    if present.owner_id in {each.rep_id for each in named}:
        return Routed()
    because = Reason(rule=RULE, words=_words(case, before.subject.facts, lead.facts, present))
    reasons = (*ranked.ranking.reasons, because)
    ranked = replace(ranked, ranking=replace(ranked.ranking, places=named, reasons=reasons))
    place = owners.claim(desk, ranked, lead.lead_id)
    if place is None:
        return Routed()
    desk.world.reach("move.answered")
    return owners.give(
        desk, unowned, rated, ranked,
        place=place,
        signal_at=desk.session.leads.signal_at(lead.lead_id) or lead.created_at,
        number=present.number + 1,
    )  # fmt: skip


def _may_move(case: Case, lead: Lead, present: Assignment) -> bool:
    came, session = case.signal, case.desk.session
    if came.kind is not Kind.ENRICHED or not came.source.startswith(VENDOR):
        return False
    if present.place.rule == "by_hand" or session.leads.touched_at(lead.lead_id) is not None:
        return False
    bought = session.purchases.get(came.event_id)
    return bought is not None and bought.lead_id is None


def _first(ranked: Routed) -> Place | None:
    """Return the first place, or nothing where nobody is free."""
    places = () if ranked.ranking is None else ranked.ranking.places
    return places[0] if places else None


def _is_alike(one: Place, other: Place) -> bool:
    """Return whether the rules name two reps by the same right; only their turn differs."""
    return (one.rule, one.pool) == (other.rule, other.pool)


def _words(case: Case, before: Facts, after: Facts, present: Assignment) -> str:
    names = ", ".join(sorted(name for name in after if before.get(name) != after[name]))
    vendor = case.signal.source.removeprefix(VENDOR)
    return f"taken from {present.owner_id}: {vendor} said {names} after the lead was given away"
