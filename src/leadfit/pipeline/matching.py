"""Finds whom a signal is about, asks a reviewer where it is in doubt, and keeps how it was matched.

What is asked of reviewers for counting, the audit of links made at once and of leads not linked,
is drawn by the digest of the signal's id, so that a replay draws the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from leadfit import orchestrate, resolve
from leadfit.pipeline import colleagues, sisters
from leadfit.pipeline.case import Case, Desk, Who
from leadfit.pipeline.owners import Doubt
from leadfit.pipeline.reviews import evidence_of
from leadfit.policy import Policy
from leadfit.records import (
    Band,
    Candidate,
    Match,
    Score,
    Signal,
    Tier,
)
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.starter import colleague_card
from leadfit.resolve.reviewed import as_reviewed, in_question
from leadfit.store.matching import Link, Review, ReviewKind

_POSSIBLE: Final = 3
_ALL: Final = 2**64


def find(desk: Desk, signal: Signal) -> Case:
    """Match a signal: by identifiers first, then by the weight of what is alike."""
    accounts, policy = desk.session.accounts, desk.policy
    card = desk.in_force.card
    shared = () if card is None else card.shared_domains
    keys = resolve.keys(signal, policy, shared=shared)
    candidates = accounts.candidates(keys, desk.now)
    match = resolve.decide(signal, keys, candidates, policy, now=desk.now)
    if match.method != "exact" and signal.identifiers.phone is not None:
        candidates = (*candidates, *colleagues.by_phone(desk, signal, keys))
        match = resolve.decide(signal, keys, candidates, policy, now=desk.now)
    if card is not None and not resolve.is_settled(match):
        columns = resolve.account_side(signal, keys, policy)
        blocked = accounts.blocked(RecordKind.ACCOUNT, columns, policy.matching.most_candidates)
        candidates = (*candidates, *blocked.candidates)
        match = resolve.decide(signal, keys, candidates, policy, now=desk.now, card=card)
        match = resolve.noted(match, blocked.skipped, blocked.left_out)
    match = _as_reviewed(desk, match, candidates)
    match = sisters.doubted(desk, signal, keys, match)
    if match.contact_id is None and match.account_id is not None:
        match = colleagues.with_colleague(desk, signal, keys, match)
    desk.world.reach("decide.matched")
    return Case(desk=desk, signal=signal, keys=keys, candidates=candidates, match=match)


def _as_reviewed(desk: Desk, match: Match, candidates: Sequence[Candidate]) -> Match:
    """Leave a link unmade that a reviewer is asked about, or has said no to."""
    contact = in_question(match, candidates)
    if contact is None or match.account_id is None:
        return match
    of_account = desk.session.merges.survivor(RecordKind.ACCOUNT, match.account_id)
    for each in desk.session.reviews.of_contact(contact.contact_id):
        is_asked = each.is_open and each.kind is ReviewKind.LINK
        if each.kind is ReviewKind.DUPLICATE or not (is_asked or each.relation):
            continue
        if desk.session.merges.survivor(RecordKind.ACCOUNT, each.right_id) == of_account:
            return as_reviewed(match, each.relation, desk.policy)
    return match


def doubt(case: Case, who: Who, tier: Tier) -> Doubt | None:
    """Return which accounts a lead under review may be of, or ``None`` where nothing is in doubt.

    Nobody else may be right: the review then has the time of the lead's first touch.
    """
    if case.match.band is not Band.REVIEW or case.match.possible_account_id is None:
        return None
    ids = dict.fromkeys((case.match.possible_account_id, *case.match.candidates))
    wanted = [each for each in ids if each != who.account_id][:_POSSIBLE]
    found = (case.desk.session.accounts.account(each) for each in wanted)
    minutes = case.desk.policy.tier(tier).sla_minutes
    hours = case.desk.policy.matching.review_hours
    within = min(timedelta(minutes=minutes), timedelta(hours=hours))
    return Doubt(
        accounts=tuple(each for each in found if each is not None),
        until=case.desk.now + within,
        is_of_own=who.account is not None
        and not any(each.rule == "domain.new" for each in case.match.reasons),
    )


def keep(case: Case, who: Who, lead_id: str, rated: Score, in_doubt: Doubt | None) -> None:
    """Write how the lead that was opened was matched, and what a reviewer is asked about it."""
    desk, match = case.desk, case.match
    is_new = any(each.rule == "domain.new" for each in match.reasons)
    desk.session.links.add(
        Link(
            signal_id=case.signal.signal_id,
            lead_id=lead_id,
            decided_at=desk.now,
            band=match.band,
            probability=match.probability,
            method=match.method,
            account_id=who.account_id,
            possible_account_id=match.possible_account_id,
            is_new_account=is_new and who.account_id is not None,
            card_digest=match.card_digest,
        )
    )
    if in_doubt is not None:
        _ask(case, lead_id, rated, in_doubt)
    else:
        _sample(case, lead_id)
    _ask_about_colleague(case, who, lead_id)


def _ask(case: Case, lead_id: str, rated: Score, in_doubt: Doubt) -> None:
    """Ask a reviewer which account the lead is of; at once where it has nobody until then."""
    desk = case.desk
    waits = desk.session.leads.assignment(lead_id) is None
    hours = timedelta(hours=desk.policy.matching.review_hours)
    due_at = in_doubt.until if waits else desk.now + hours
    review = _review(case, lead_id, ReviewKind.LINK)
    alerted_at, weak = desk.now if waits else None, case.keys.set_aside or "all"
    desk.session.reviews.open(replace(review, due_at=due_at, alerted_at=alerted_at, stratum=weak))
    if waits:
        words = f"no rep is right under every account Tier {rated.tier.value} lead may be of"
        tell_reviewers(desk, review.review_id, lead_id, words)


def owner_meanwhile(case: Case, who: Who) -> str | None:
    """Return who has the open lead of the one that a new contact may be: one person, one owner."""
    if who.alike is None or who.alike.open_lead_id is None:
        return None
    lead = case.desk.session.leads.get(who.alike.open_lead_id)
    return None if lead is None else lead.owner_id


def _ask_about_colleague(case: Case, who: Who, lead_id: str) -> None:
    """Ask whether a new contact is another of the same account under another address.

    Nothing is merged, and the lead does not wait for the answer.
    """
    desk, found = case.desk, who.alike
    if found is None or who.contact is None:
        return
    review = _review(case, lead_id, ReviewKind.DUPLICATE)
    desk.session.reviews.open(
        replace(
            review,
            record_kind=RecordKind.CONTACT,
            left_id=who.contact.contact_id,
            right_id=found.contact_id,
            probability=found.probability,
            card_digest=colleague_card().digest,
            evidence=found.evidence,
            due_at=desk.now + timedelta(hours=desk.policy.matching.review_hours),
        )
    )


def _sample(case: Case, lead_id: str) -> None:
    """Draw a share of links made at once, and of leads that were not linked, for an audit."""
    match, rules = case.match, case.desk.policy.matching
    named = any(each.rule == "crm_id" for each in match.reasons)
    if match.band is Band.AUTO and match.account_id is not None and not named:
        kind, share, stratum = ReviewKind.AUDIT, rules.audit_share, "over auto"
    elif match.band is Band.NEW and match.possible_account_id is not None:
        kind, share, stratum = ReviewKind.MISSED, rules.missed_share, "new"
    else:
        return
    if drawn(case.signal.signal_id) < share:
        review = _review(case, lead_id, kind)
        case.desk.session.reviews.open(
            replace(review, stratum=stratum, chosen_with=share, due_at=None)
        )


def drawn(signal_id: str) -> float:
    """Return a number from 0 to 1 that depends on the id alone, uniform over ids."""
    digest = hashlib.blake2b(signal_id.encode(), digest_size=8, person=b"audit")
    return int.from_bytes(digest.digest(), "big") / _ALL


def _review(case: Case, lead_id: str, kind: ReviewKind) -> Review:
    match = case.match
    return Review(
        review_id=case.desk.world.new_id("review"),
        kind=kind,
        record_kind=RecordKind.ACCOUNT,
        left_id=lead_id,
        right_id=match.account_id or match.possible_account_id or "",
        probability=match.probability,
        opened_at=case.desk.now,
        lead_id=lead_id,
        signal_id=case.signal.signal_id,
        card_digest=match.card_digest,
        evidence=evidence_of(match),
    )


def reviewers(policy: Policy) -> tuple[str, ...]:
    """Return who is told of urgent and overdue reviews: those named, else every manager."""
    return policy.matching.reviewers or policy.managers


def tell_reviewers(desk: Desk, review_id: str, lead_id: str, words: str) -> None:
    """Queue an alert to the reviewers, once a review and state."""
    desk.session.outbox.queue(
        orchestrate.alert(
            f"{lead_id}/{review_id}/alert",
            to=reviewers(desk.policy),
            fields={"review": review_id, "words": words},
            now=desk.now,
            lead_id=lead_id,
        ),
        desk.now,
    )
