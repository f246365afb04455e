"""A review as a person sees it: both records, the evidence, and what each answer will do.

Row permissions are those of the sales team: a rep sees records of nobody, of the rep's own team,
and of those who report to the rep. Of any other record it is said that a possible duplicate
exists, how likely it is, and whom to ask; none of its values, and no evidence, which would tell
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from leadfit import resolve
from leadfit.canonical import Plain, document
from leadfit.errors import NotFound
from leadfit.pipeline.matching import reviewers
from leadfit.pipeline.reviews import has_new_account
from leadfit.policy import Policy
from leadfit.records import Account, Contact, Lead, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.pairs.side_by_side import (
    ComparedField,
    account_values,
    contact_values,
    fact_values,
    line_up,
    listed,
)
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two records of a review.

    Attributes:
        what: ``lead``, ``account`` or ``contact``.
        record_id: Its id, or ``None`` where it is hidden from the viewer.
        ask: Whom a viewer who may not see it can ask.
    """

    what: str
    record_id: str | None
    title: str
    owner_id: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    is_hidden: bool = False
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A review with both its records.

    Attributes:
        rows: The records field by field; empty where one of them is hidden.
        answers: What each answer will do, in words; empty for a review that is decided.
        waits: The lead has no owner until the review is decided.
    """

    review: Review
    left: Side
    right: Side
    rows: tuple[ComparedField, ...] = ()
    answers: Mapping[Relation, str] = field(default_factory=dict)
    waits: bool = False


def sides(
    session: Session, policy: Policy, review: Review, viewer: str | None = None
) -> Sides | None:
    """Return a review with its records, or ``None`` where the viewer may see neither.

    Args:
        session: A transaction to read in.
        policy: Who is on which team, and how identifiers are read.
        review: The review.
        viewer: Id of the rep who looks; ``None`` is a reviewer or admin, who sees everything.

    Raises:
        NotFound: No rep has the id ``viewer``.
    """
    if viewer is not None and policy.rep(viewer) is None:
        raise NotFound("rep", viewer)
    lead = None if review.lead_id is None else session.leads.get(review.lead_id)
    if review.kind is ReviewKind.DUPLICATE or lead is None:
        left = _record(session, review, review.left_id)
    else:
        left = _lead(session, policy, review, lead)
    right = _record(session, review, review.right_id)
    shown = tuple(_seen(policy, viewer, each) for each in (left, right))
    if all(each.is_hidden for each in shown):
        return None
    waits = lead is not None and lead.is_open and session.leads.assignment(lead.lead_id) is None
    if any(each.is_hidden for each in shown):
        return _told_apart(review, shown[0], shown[1], waits=waits)
    return Sides(
        review=review,
        left=left,
        right=right,
        rows=line_up(left.values, right.values),
        answers=_answers(session, review, lead, left, right) if review.is_open else {},
        waits=waits,
    )


def may_see(policy: Policy, viewer: str | None, owner_id: str | None) -> bool:
    """Return whether a rep may see the values of a record of this owner."""
    if viewer is None or owner_id is None or viewer == owner_id:
        return True
    own, other = policy.rep(viewer), policy.rep(owner_id)
    if own is None or other is None:
        return False
    if own.team is not None and own.team == other.team:
        return True
    above, seen = other.manager_id, {owner_id}
    while above is not None and above not in seen:
        if above == viewer:
            return True
        seen.add(above)
        rep = policy.rep(above)
        above = None if rep is None else rep.manager_id
    return False


def _seen(policy: Policy, viewer: str | None, side: Side) -> Side:
    if may_see(policy, viewer, side.owner_id):
        return side
    owner = None if side.owner_id is None else policy.rep(side.owner_id)
    boss = None if owner is None else owner.manager_id
    return Side(
        what=side.what,
        record_id=None,
        title=f"{'an' if side.what == 'account' else 'a'} {side.what} you may not see",
        is_hidden=True,
        ask=reviewers(policy) if boss is None else (boss,),
    )


def _told_apart(review: Review, left: Side, right: Side, *, waits: bool) -> Sides:
    """Return a review of which one record is hidden: that it exists and how likely it is."""
    told = Review(
        review_id=review.review_id,
        kind=review.kind,
        record_kind=review.record_kind,
        left_id=left.record_id or "",
        right_id=right.record_id or "",
        lead_id=None if left.is_hidden else review.lead_id,
        probability=review.probability,
        opened_at=review.opened_at,
        due_at=review.due_at,
        decided_at=review.decided_at,
        relation=review.relation,
    )
    return Sides(review=told, left=left, right=right, waits=waits)


def _record(session: Session, review: Review, record_id: str) -> Side:
    """Return a record as a side: as it was recorded, once the two stand for each other."""
    kind, merges = review.record_kind, session.merges
    survivors = {merges.survivor(kind, each) for each in (review.left_id, review.right_id)}
    is_one = len(survivors) == 1
    if kind is RecordKind.ACCOUNT:
        of = session.accounts.own_account if is_one else session.accounts.account
        account = of(record_id)
        if account is None:
            return Side(what="account", record_id=record_id, title=record_id)
        return Side(
            what="account", record_id=account.account_id, title=account.name,
            owner_id=account.owner_id, values=account_values(account),
        )  # fmt: skip
    who = session.accounts.own_contact if is_one else session.accounts.contact
    contact = who(record_id)
    if contact is None:
        return Side(what="contact", record_id=record_id, title=record_id)
    at = _account(session, contact.account_id)
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    return Side(
        what="contact", record_id=contact.contact_id,
        title=name or contact.email or contact.contact_id,
        owner_id=_owner(session, contact, at), values=contact_values(contact, at),
    )  # fmt: skip


def _owner(session: Session, contact: Contact, at: Account | None) -> str | None:
    """Return the owner of a contact: of its account, else of its open lead."""
    if at is not None and at.owner_id is not None:
        return at.owner_id
    lead_id = session.leads.open_lead_of(contact.contact_id)
    lead = None if lead_id is None else session.leads.get(lead_id)
    return None if lead is None else lead.owner_id


def _lead(session: Session, policy: Policy, review: Review, lead: Lead) -> Side:
    """Return a lead as a side: what its signal said, then what is known of its contact."""
    came = None if review.signal_id is None else session.signals.read(review.signal_id)
    own = None if lead.account_id is None else session.accounts.own_account(lead.account_id)
    contact = None if lead.contact_id is None else session.accounts.contact(lead.contact_id)
    said: dict[str, str | None] = {}
    if came is not None:
        keys, given = resolve.keys(came, policy), came.identifiers
        said = {"name": given.company, "domains": keys.domain}
    is_linked = own is not None and not has_new_account(session, lead)
    known = account_values(own) if own is not None and not is_linked else {}
    country = lead.facts.get("country")
    values: dict[str, str | None] = {
        "name": said.get("name") or known.get("name"),
        "domains": known.get("domains") or said.get("domains"),
        "country": known.get("country") or (None if country is None else str(country)),
        "owner": lead.owner_id,
        "created": f"{lead.created_at:%Y-%m-%d}",
        "source": lead.source,
        "account": listed([own.name]) if own is not None and is_linked else None,
    }
    if contact is not None:
        at_all = contact_values(contact)
        named = ("first_name", "last_name", "email", "title", "phone")
        values |= {name: at_all.get(name) for name in named}
    values |= {name: value for name, value in fact_values(lead.facts) if name != "facts.country"}
    title = values["name"] or values.get("email") or values["domains"] or lead.lead_id
    return Side(
        what="lead", record_id=lead.lead_id, title=title, owner_id=lead.owner_id,
        values={name: value for name, value in values.items() if value},
    )  # fmt: skip


def _account(session: Session, account_id: str | None) -> Account | None:
    return None if account_id is None else session.accounts.account(account_id)


def _answers(
    session: Session, review: Review, lead: Lead | None, left: Side, right: Side
) -> dict[Relation, str]:
    if review.kind is ReviewKind.DUPLICATE or lead is None:
        kind, merges = review.record_kind, session.merges
        if merges.survivor(kind, review.left_id) == merges.survivor(kind, review.right_id):
            kept = "the two are merged already, and stay so until unmerge; the answer is kept"
            return dict.fromkeys(Relation, kept)
        apart = "both stay as they are; nothing is merged"
        return {
            Relation.SAME: f"{left.title} is merged into {right.title}; unmerge takes it back",
            Relation.RELATED: f"{apart}; that they are relatives is kept as the answer",
            Relation.DIFFERENT: apart,
        }
    if review.kind is ReviewKind.AUDIT:
        taken = f"the lead is taken out of {right.title}"
        return {
            Relation.SAME: "the link is right and stays",
            Relation.RELATED: f"{taken}: it is of a relative",
            Relation.DIFFERENT: taken,
        }
    waits = lead.is_open and session.leads.assignment(lead.lead_id) is None
    then = ", and is given an owner at once" if waits else ", and keeps its owner"
    alone = "has an account of its own" if lead.account_id else "stays without an account"
    made = has_new_account(session, lead)
    merged = "; the account made for it is merged, and unmerge takes it back" if made else ""
    return {
        Relation.SAME: f"the lead goes to {right.title}{then if lead.is_open else ''}{merged}",
        Relation.RELATED: f"the lead {alone}{then if lead.is_open else ''}; nothing is merged",
        Relation.DIFFERENT: f"the lead {alone}{then if lead.is_open else ''}",
    }


def without_values(found: Sides) -> Sides:
    """Return a review without the values of its records, for a list."""
    return replace(found, rows=(), answers={})


def sides_document(found: Sides) -> dict[str, Plain]:
    """Return a review as a JSON object: its own fields on top, its records below."""
    shown = document(found)
    review = shown.pop("review")
    return {**(review if isinstance(review, dict) else {}), **shown}
