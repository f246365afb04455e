"""What a person says of a lead's account unasked: takes it out of one, or puts it into one.

Nothing is rewritten: what was decided before stays, and the answer is a review of its own kind,
decided as it is opened. It holds for the person's next signals as any reviewer's does.
"""

from __future__ import annotations

from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import owners, reviews
from leadfit.pipeline.case import Desk
from leadfit.records import Lead, Match, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review, ReviewKind

_ABOUT_A_LEAD = frozenset((ReviewKind.LINK, ReviewKind.AUDIT, ReviewKind.MISSED))


def unlink(
    desk: Desk,
    lead_id: str,
    relation: Relation,
    *,
    by: str,
    reason: str | None = None,
) -> Review:
    """Take a lead, and the contact it brought, out of its account; its owner stays.

    Args:
        desk: The transaction.
        lead_id: The lead.
        relation: How its sender stands to the account: ``different`` or ``related``.
        by: Who says so.
        reason: Why.

    Returns:
        The answer as it is kept. Where the very link waits for an audit, that is what is answered.

    Raises:
        NotFound: No lead has this id.
        NotPossible: It has no account, or one that was made for it, or ``relation`` is ``same``.
    """
    session, lead = desk.session, _lead(desk, lead_id)
    if relation is Relation.SAME:
        raise NotPossible(f"lead {lead_id}", "what is the same account is not taken out of it")
    if lead.account_id is None:
        raise NotPossible(f"lead {lead_id}", "it has no account")
    account_id = session.merges.survivor(RecordKind.ACCOUNT, lead.account_id)
    if reviews.has_new_account(session, lead):
        why = f"account {lead.account_id} was made for it"
        if account_id != lead.account_id:
            why += f" and is merged into {account_id}; take the merge back (unmerge)"
        raise NotPossible(f"lead {lead_id}", why)
    waiting = _waiting(desk, lead, account_id)
    if waiting is not None and waiting.kind is ReviewKind.AUDIT:
        return reviews.settle(desk, waiting.review_id, relation, reviewer=by, reason=reason)
    said = _say(desk, lead, account_id, relation, by, reason)
    reviews.take_back(desk, said)
    desk.world.reach("link.undone")
    return said


def link(
    desk: Desk, lead_id: str, account_id: str, *, by: str, reason: str | None = None
) -> Review:
    """Put a lead into an account, and take it out of the one that it is in.

    An account that was made for the lead is merged into the other, as by a review's ``same``.
    What waits for a reviewer about the lead is answered by it.

    Raises:
        NotFound: No lead or no account has this id.
        NotPossible: The lead is in that account.
    """
    session, lead = desk.session, _lead(desk, lead_id)
    wanted = session.accounts.account(account_id)
    if wanted is None:
        raise NotFound("account", account_id)
    own = lead.account_id and session.merges.survivor(RecordKind.ACCOUNT, lead.account_id)
    if own == wanted.account_id:
        raise NotPossible(f"lead {lead_id}", f"it is in account {wanted.account_id}")
    waiting = _waiting(desk, lead, wanted.account_id)
    if own and not reviews.has_new_account(session, lead):
        unlink(desk, lead_id, Relation.DIFFERENT, by=by, reason=reason)
        lead = _lead(desk, lead_id)
    _answer_others(desk, lead, wanted.account_id, by, reason)
    if waiting is not None and waiting.kind is not ReviewKind.AUDIT:
        return reviews.settle(desk, waiting.review_id, Relation.SAME, reviewer=by, reason=reason)
    said = _say(desk, lead, wanted.account_id, Relation.SAME, by, reason)
    reviews.join(desk, said, lead, by, reason)
    session.leads.settle_possible(lead_id)
    is_rated = session.leads.rated(lead_id) is not None  # what came by an import is not
    if lead.is_open and is_rated and session.leads.assignment(lead_id) is None:
        owners.find_owner(desk.world, session, desk.in_force, lead_id)
    desk.world.reach("link.made")
    return said


def _lead(desk: Desk, lead_id: str) -> Lead:
    lead = desk.session.leads.get(lead_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    return lead


def _waiting(desk: Desk, lead: Lead, account_id: str) -> Review | None:
    """Return the open question about the very pair."""
    return next(
        (
            each
            for each in desk.session.reviews.of_lead(lead.lead_id)
            if each.is_open
            and each.kind in _ABOUT_A_LEAD
            and desk.session.merges.survivor(RecordKind.ACCOUNT, each.right_id) == account_id
        ),
        None,
    )


def _answer_others(desk: Desk, lead: Lead, account_id: str, by: str, reason: str | None) -> None:
    """A lead that is known to be of one account is not of the others it might have been of."""
    for each in desk.session.reviews.of_lead(lead.lead_id):
        of = desk.session.merges.survivor(RecordKind.ACCOUNT, each.right_id)
        if each.is_open and each.kind in _ABOUT_A_LEAD and of != account_id:
            desk.session.reviews.decide(
                each.review_id, Relation.DIFFERENT, at=desk.now, reviewer=by, reason=reason
            )


def _say(  # noqa: PLR0917 -- a pair with who says what of it, and why
    desk: Desk, lead: Lead, account_id: str, relation: Relation, by: str, reason: str | None
) -> Review:
    """Keep what was said; of the match that opened the lead it has the evidence."""
    session = desk.session
    first = next((each for each in session.leads.decisions(lead.lead_id) if each.opened), None)
    match: Match | None = None if first is None else first.match
    said = Review(
        review_id=desk.world.new_id("review"),
        kind=ReviewKind.STATED,
        record_kind=RecordKind.ACCOUNT,
        left_id=lead.lead_id,
        right_id=account_id,
        lead_id=lead.lead_id,
        signal_id=None if first is None else first.signal_id,
        probability=0.0 if match is None else match.probability,
        card_digest=None if match is None else match.card_digest,
        evidence=() if match is None else reviews.evidence_of(match),
        opened_at=desk.now,
        decided_at=desk.now,
        reviewer=by,
        relation=relation,
        reason=reason,
    )
    session.reviews.open(said)
    told = {
        "review_id": said.review_id, "relation": relation.value, "lead_id": lead.lead_id,
        "account_id": account_id, "by": session.accounts.contact_key(by),
    }  # fmt: skip
    session.signals.append("link", desk.now, told)
    return said
