"""What a reviewer decides about a pair, and what follows from it."""

from __future__ import annotations

from typing import Final, assert_never

from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import merging, owners
from leadfit.pipeline.case import Desk
from leadfit.pipeline.tape import contacts_with_accounts
from leadfit.records import Lead, Match, Reason, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind

_UNANSWERED: Final = "nobody answered in time, and a weak address waits no longer"


def settle(
    desk: Desk, review_id: str, relation: Relation, *, reviewer: str, reason: str | None = None
) -> Review:
    """Write what a reviewer decided and do what follows, all in one transaction.

    A lead that waited for its account gets it, or is told apart, and is given an owner at once.
    Two records that are the same are merged. An audited link that was wrong is taken back.
    ``related`` never merges and never links.

    Raises:
        NotFound: There is no such review.
        NotPossible: Somebody decided before.
    """
    session = desk.session
    review = session.reviews.get(review_id)
    if review is None:
        raise NotFound("review", review_id)
    done = session.reviews.decide(
        review_id, relation, at=desk.now, reviewer=reviewer, reason=reason
    )
    if not done:
        why = f"{review.reviewer or 'somebody'} decided it before"
        raise NotPossible(f"review {review_id}", why)
    who = session.accounts.contact_key(reviewer)  # an address is no word for a log
    told = {"review_id": review_id, "relation": relation.value, "reviewer": who}
    session.signals.append("review", desk.now, told)
    is_same = relation is Relation.SAME
    match review.kind:
        case ReviewKind.LINK | ReviewKind.MISSED:
            _answer_lead(desk, review, reviewer, reason, is_same=is_same)
        case ReviewKind.DUPLICATE:
            if is_same:
                _merge(desk, review, review.left_id, reviewer, reason)
        case ReviewKind.AUDIT:
            if not is_same:
                take_back(desk, review)
        case ReviewKind.STATED:
            pass  # decided as it is opened; nobody is asked
        case never:
            assert_never(never)
    desk.world.reach("review.settled")
    return session.reviews.get(review_id) or review


def _answer_lead(
    desk: Desk, review: Review, reviewer: str, reason: str | None, *, is_same: bool
) -> None:
    lead = _lead(desk, review)
    if lead is None:
        return
    if is_same:
        join(desk, review, lead, reviewer, reason)
    desk.session.leads.settle_possible(lead.lead_id)
    if lead.is_open and desk.session.leads.assignment(lead.lead_id) is None:
        owners.find_owner(desk.world, desk.session, desk.in_force, lead.lead_id)


def end_unanswered(desk: Desk, review: Review) -> bool:
    """End a review that nobody answered in time; its lead goes on as one that was not linked.

    It keeps its pointer to the account that it may be of. Nothing is learned from silence: the
    review has no answer, and is neither a label nor a wrong link.
    """
    if not desk.session.reviews.close(review.review_id, desk.now, _UNANSWERED):
        return False
    lead = _lead(desk, review)
    told = {"review_id": review.review_id, "relation": None, "reviewer": None}
    desk.session.signals.append("review", desk.now, told)
    if lead is not None and lead.is_open and desk.session.leads.assignment(lead.lead_id) is None:
        owners.find_owner(desk.world, desk.session, desk.in_force, lead.lead_id)
    return True


def join(desk: Desk, review: Review, lead: Lead, reviewer: str, reason: str | None) -> None:
    """Give a lead its account; an account that was made for the lead is merged into it.

    An account that was there before stays what it is: the question was about the lead alone.
    """
    session, merges = desk.session, desk.session.merges
    account_id = merges.survivor(RecordKind.ACCOUNT, review.right_id)
    own = None if lead.account_id is None else merges.survivor(RecordKind.ACCOUNT, lead.account_id)
    if own == account_id:
        return
    if own is not None and own == lead.account_id and has_new_account(session, lead):
        _merge(desk, review, own, reviewer, reason)
        return
    session.leads.link(lead.lead_id, account_id)
    if lead.contact_id is not None:
        session.accounts.link_contact(lead.contact_id, account_id)


def evidence_of(match: Match) -> tuple[Reason, ...]:
    """Return the reasons of a match that a review may hold.

    An identifier nobody has on record is repeated in its reason, and it may be personal.
    """
    return tuple(each for each in match.reasons if not each.rule.startswith("unknown."))


def has_new_account(session: Session, lead: Lead) -> bool:
    """Return whether the account of a lead was made by the signal that opened the lead."""
    own = None if lead.account_id is None else session.accounts.own_account(lead.account_id)
    return own is not None and own.created_at == lead.created_at and own.created_at is not None


def _merge(desk: Desk, review: Review, absorbed_id: str, reviewer: str, reason: str | None) -> None:
    kind = review.record_kind
    survivor = desk.session.merges.survivor(kind, review.right_id)
    absorbed = desk.session.merges.survivor(kind, absorbed_id)
    if survivor != absorbed:
        merging.merge(desk, kind, survivor, absorbed, reviewer, reason, review)


def take_back(desk: Desk, review: Review) -> None:
    """Undo a link that was found wrong: the lead and the contact it brought stand alone again."""
    session = desk.session
    lead = _lead(desk, review)
    if lead is None or lead.account_id is None:
        return
    if session.merges.survivor(RecordKind.ACCOUNT, lead.account_id) != session.merges.survivor(
        RecordKind.ACCOUNT, review.right_id
    ):
        return
    session.leads.link(lead.lead_id, None)
    if lead.contact_id is not None and not _was_there(session, lead):
        session.accounts.part_contact(lead.contact_id, lead.account_id)


def _was_there(session: Session, lead: Lead) -> bool:
    """Return whether the lead's contact was in an account before the lead came."""
    first = next((each for each in session.leads.decisions(lead.lead_id) if each.opened), None)
    told = None if first is None else session.leads.inputs(first.decision_id)
    return told is not None and lead.contact_id in contacts_with_accounts(told)


def _lead(desk: Desk, review: Review) -> Lead | None:
    return None if review.lead_id is None else desk.session.leads.get(review.lead_id)
