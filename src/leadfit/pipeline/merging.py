"""Merges two records that were found to be one, and takes a merge back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from leadfit.errors import NotFound, NotPossible
from leadfit.pipeline import feedback
from leadfit.pipeline.case import Desk
from leadfit.records import Reason
from leadfit.resolve.card import RecordKind
from leadfit.resolve.merging import join_accounts, join_contacts
from leadfit.store.matching import Merge, Review

T = TypeVar("T")


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
    provenance = _provenance(desk, kind, survivor_id, absorbed_id)
    evidence: tuple[Reason, ...] = () if review is None else review.evidence
    merge_id = desk.world.new_id("merge")
    younger = _younger_lead(desk, survivor_id, absorbed_id) if kind is RecordKind.CONTACT else None
    made = Merge(
        merge_id=merge_id,
        record_kind=kind,
        survivor_id=survivor_id,
        absorbed_id=absorbed_id,
        merged_at=desk.now,
        by=by,
        reason=reason,
        review_id=None if review is None else review.review_id,
        probability=None if review is None else review.probability,
        card_digest=None if review is None else review.card_digest,
        evidence=evidence,
        provenance=provenance,
        closed_lead_id=younger,
    )
    session.merges.make(made)
    if younger is not None:
        feedback.end(session, younger, desk.now, by=_stopper(merge_id))
    _log(desk, "merge", made, by)
    desk.world.reach("merge.made")
    return made


def unmerge(desk: Desk, merge_id: str, by: str, reason: str | None = None) -> Merge:
    """Take a merge back: both records answer as before, and what it stopped goes on.

    What came in while the merge held stays with the record it was written to.

    Raises:
        NotFound: There is no such merge.
        NotPossible: It was taken back before.
    """
    merges = desk.session.merges
    made = merges.get(merge_id)
    if made is None:
        raise NotFound("merge", merge_id)
    if not merges.undo(merge_id, at=desk.now, by=by, reason=reason):
        raise NotPossible(f"merge {merge_id}", "it was taken back before")
    if made.closed_lead_id is not None:
        desk.session.leads.reopen(made.closed_lead_id)
        desk.session.clocks.resume(made.closed_lead_id, _stopper(merge_id))
        desk.session.outbox.resume(made.closed_lead_id, made.merged_at)
    _log(desk, "unmerge", made, by)
    desk.world.reach("merge.undone")
    return merges.get(merge_id) or made


def latest(desk: Desk, record_id: str) -> Merge:
    """Return the newest merge of a record that still holds.

    Raises:
        NotFound: None of its merges holds.
    """
    found = (each for each in desk.session.merges.of(record_id) if each.undone_at is None)
    made = next(found, None)
    if made is None:
        raise NotFound("merge of", record_id)
    return made


def _provenance(
    desk: Desk, kind: RecordKind, survivor_id: str, absorbed_id: str
) -> Mapping[str, str]:
    accounts, ids = desk.session.accounts, (survivor_id, absorbed_id)
    if kind is RecordKind.ACCOUNT:
        return join_accounts([_there(accounts.own_account(each), kind, each) for each in ids])[1]
    return join_contacts([_there(accounts.own_contact(each), kind, each) for each in ids])[1]


def _there(found: T | None, kind: RecordKind, record_id: str) -> T:
    if found is None:
        raise NotFound(kind.value, record_id)
    return found


def _younger_lead(desk: Desk, survivor_id: str, absorbed_id: str) -> str | None:
    """Return the younger of two open leads; ``None`` where only one contact has one."""
    leads = desk.session.leads
    ids = [leads.open_lead_of(each) for each in (survivor_id, absorbed_id)]
    found = [lead for each in ids if each is not None and (lead := leads.get(each)) is not None]
    if len(found) < 2:
        return None
    return max(found, key=lambda lead: (lead.created_at, lead.lead_id)).lead_id


def _stopper(merge_id: str) -> str:
    return f"merged {merge_id}"


def _log(desk: Desk, kind: str, made: Merge, by: str) -> None:
    desk.session.signals.append(
        kind,
        desk.now,
        {
            "merge_id": made.merge_id,
            "record_kind": made.record_kind.value,
            "survivor_id": made.survivor_id,
            "absorbed_id": made.absorbed_id,
            "by": by,
        },
    )
