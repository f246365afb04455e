"""Merges two records that were found to be one, and takes a merge back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import feedback
from leadfit.pipeline.case import Desk
from leadfit.records import Account, Contact, Kind, Lead, Reason
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.pairs.merging import join_accounts, join_contacts
from leadfit.store import Session
from leadfit.store.matching import Merge, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A record that would stand for two.

    Attributes:
        provenance: For each field of it, the id of the record the value is from.
        members: The records it would stand for, the survivor first.
        gives_way: The open lead that would be closed, because its contact has an older one.
    """

    record: Account | Contact
    provenance: Mapping[str, str]
    members: tuple[str, ...]
    gives_way: str | None = None


def merge(  # noqa: PLR0917 -- two records with who says they are one, and why
    desk: Desk,
    kind: RecordKind,
    survivor_id: str,
    absorbed_id: str,
    by: str,
    reason: str | None = None,
    review: Review | None = None,
) -> Merge:
    """Let one record stand for two; ids, rows and history of both stay.

    Where both contacts have an open lead, the older one goes on alone: one contact has one owner.

    Raises:
        NotFound: One of them is not on record.
        NotPossible: One is merged already, or both are the same.
    """
    session = desk.session
    joined = preview(session, kind, survivor_id, absorbed_id)
    evidence: tuple[Reason, ...] = () if review is None else review.evidence
    survivor, absorbed = (_key(session, kind, each) for each in (survivor_id, absorbed_id))
    made = Merge(
        merge_id=desk.world.new_id("merge"),
        record_kind=kind,
        survivor_id=survivor,
        absorbed_id=absorbed,
        merged_at=desk.now,
        by=by,
        reason=reason,
        review_id=None if review is None else review.review_id,
        probability=None if review is None else review.probability,
        card_digest=None if review is None else review.card_digest,
        evidence=evidence,
        provenance=joined.provenance,
    )
    session.merges.make(made)
    if kind is RecordKind.CONTACT:
        _settle_leads(session, joined.members, made)
    _log(desk, "merge", made, by)
    desk.world.reach("merge.made")
    return session.merges.get(made.merge_id) or made


def unmerge(desk: Desk, merge_id: str, by: str, reason: str | None = None) -> Merge:
    """Take a merge back: both records answer as before, and what it stopped goes on.

    Merges may be taken back in any order; what is left is as if the one had never been made. What
    came in while the merge held stays with the record it was written to.

    Raises:
        NotFound: There is no such merge.
        NotPossible: It was taken back before.
    """
    merges = desk.session.merges
    made = merges.get(merge_id)
    if made is None:
        raise NotFound("merge", merge_id)
    members = merges.members(made.record_kind, merges.survivor(made.record_kind, made.survivor_id))
    if not merges.undo(merge_id, at=desk.now, by=by, reason=reason):
        raise NotPossible(f"merge {merge_id}", "it was taken back before")
    if made.record_kind is RecordKind.CONTACT:
        _settle_leads(desk.session, members, made)
    _log(desk, "unmerge", made, by)
    desk.world.reach("merge.undone")
    return merges.get(merge_id) or made


def latest(desk: Desk, record_id: str, kind: RecordKind | None = None) -> Merge:
    """Return the newest merge of a record that still holds.

    Raises:
        NotFound: None of its merges holds.
    """
    made = desk.session.merges.of(desk.session.accounts.contact_key(record_id))
    found = (
        each
        for each in made
        if each.undone_at is None and (kind is None or each.record_kind is kind)
    )
    newest = next(found, None)
    if newest is None:
        raise NotFound("record with a merge to take back", record_id)
    return newest


def preview(session: Session, kind: RecordKind, survivor_id: str, absorbed_id: str) -> Joined:
    """Return the record that would stand for two, and change nothing.

    Raises:
        NotFound: One of them is not on record.
        NotPossible: One is merged already, or both are the same.
    """
    merges = session.merges
    survivor, absorbed = (_key(session, kind, each) for each in (survivor_id, absorbed_id))
    for key, came in ((survivor, survivor_id), (absorbed, absorbed_id)):
        if not _is_there(session, kind, key):
            raise NotFound(kind.value, came)
    subject = f"merge of {absorbed} into {survivor}"
    if survivor == absorbed:
        raise NotPossible(subject, "a record cannot be merged into itself")
    for each in (survivor, absorbed):
        if (into := merges.survivor(kind, each)) != each:
            raise NotPossible(subject, f"{each} is merged into {into} already")
    sides = (tuple(merges.members(kind, survivor)), tuple(merges.members(kind, absorbed)))
    members = (*sides[0], *sides[1])
    if kind is RecordKind.ACCOUNT:
        accounts = [own for each in members if (own := session.accounts.own_account(each))]
        account, provenance = join_accounts(accounts)
        return Joined(record=account, provenance=provenance, members=members)
    contacts = [who for each in members if (who := session.accounts.own_contact(each))]
    contact, provenance = join_contacts(contacts)
    open_leads = [next(iter(session.leads.open_leads(side)), None) for side in sides]
    both = [each for each in open_leads if each is not None]
    gives_way = max(both, key=_age).lead_id if len(both) > 1 else None
    return Joined(record=contact, provenance=provenance, members=members, gives_way=gives_way)


def _key(session: Session, kind: RecordKind, record_id: str) -> str:
    return session.accounts.contact_key(record_id) if kind is RecordKind.CONTACT else record_id


def _is_there(session: Session, kind: RecordKind, record_id: str) -> bool:
    if kind is RecordKind.ACCOUNT:
        return session.accounts.own_account(record_id) is not None
    return session.accounts.own_contact(record_id) is not None


def _settle_leads(session: Session, contacts: Sequence[str], changed: Merge) -> None:
    """Close and open leads so that each person has one open lead, by the merges that hold now.

    Args:
        session: The transaction, with the pointers as they are from now on.
        contacts: Everybody the change concerns.
        changed: The merge that was made or taken back just now.
    """
    held = _held(session, contacts)
    before = {each.merge_id: each for each in (*held, changed)}
    closed = {key: each.closed_lead_id for key, each in before.items() if each.closed_lead_id}
    suspended = [lead for each in closed.values() if (lead := _suspended(session, each))]
    leads = [*session.leads.open_leads(contacts), *suspended]
    wanted, going_on = _replay(held, leads)
    for merge_id, lead_id in closed.items():
        if wanted.get(merge_id) == lead_id:
            continue
        if lead_id in going_on or lead_id in wanted.values():
            _wake(session, lead_id, before[merge_id])
    for each in held:
        gives_way = wanted.get(each.merge_id)
        if gives_way == closed.get(each.merge_id):
            continue
        session.merges.closes(each.merge_id, gives_way)
        if gives_way is not None:
            feedback.end(session, gives_way, each.merged_at, by=_stopper(each))


def _suspended(session: Session, lead_id: str) -> Lead | None:
    """Return a lead that a merge keeps closed; one that a person turned down is closed for good."""
    view = session.leads.view(lead_id)
    if view is None or any(each.kind is Kind.REJECTED for each in view.feedback):
        return None
    return view.lead


def _held(session: Session, contacts: Sequence[str]) -> list[Merge]:
    """Return the merges that hold among contacts, in the order they were made."""
    found = [
        each
        for contact_id in contacts
        for each in session.merges.of(contact_id)
        if each.absorbed_id == contact_id
        and each.record_kind is RecordKind.CONTACT
        and each.undone_at is None
    ]
    return sorted(found, key=lambda each: (each.merged_at, each.merge_id))


def _replay(held: Sequence[Merge], leads: Sequence[Lead]) -> tuple[dict[str, str], set[str]]:
    """Return which lead each merge closes, made in their order, and which leads go on.

    Of two leads the one that runs goes on, else the older: nobody loses a lead that is being
    worked because a merge was taken back.
    """
    going_on: dict[str, Lead] = {}
    for lead in sorted(leads, key=_age, reverse=True):
        if lead.contact_id is not None:
            going_on[lead.contact_id] = lead
    stands_for: dict[str, str] = {}

    def root(contact_id: str) -> str:
        while contact_id in stands_for:
            contact_id = stands_for[contact_id]
        return contact_id

    wanted: dict[str, str] = {}
    for each in held:
        survivor, absorbed = root(each.survivor_id), root(each.absorbed_id)
        stands_for[absorbed] = survivor
        both = [going_on.pop(side) for side in (survivor, absorbed) if side in going_on]
        if len(both) > 1:
            wanted[each.merge_id] = max(both, key=_age).lead_id
        if both:
            going_on[survivor] = min(both, key=_age)
    return wanted, {each.lead_id for each in going_on.values()}


def _age(lead: Lead) -> tuple[bool, object, str]:
    return (not lead.is_open, lead.created_at, lead.lead_id)


def _wake(session: Session, lead_id: str, closed_by: Merge) -> None:
    session.leads.reopen(lead_id)
    session.clocks.resume(lead_id, _stopper(closed_by))
    session.outbox.resume(lead_id, closed_by.merged_at)
    if (touched_at := session.leads.touched_at(lead_id)) is not None:
        feedback.stop_touch_clocks(session, lead_id, touched_at, by="touch")


def _stopper(made: Merge) -> str:
    return f"merged {made.merge_id}"


def _log(desk: Desk, kind: str, made: Merge, by: str) -> None:
    desk.session.signals.append(
        kind,
        desk.now,
        {
            "merge_id": made.merge_id,
            "record_kind": made.record_kind.value,
            "survivor_id": made.survivor_id,
            "absorbed_id": made.absorbed_id,
            "by": desk.session.accounts.contact_key(by),
        },
    )
