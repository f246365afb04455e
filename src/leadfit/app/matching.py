"""What people do about matches: review them, merge records, take merges back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from leadfit import pipeline
from leadfit.errors import BadInput, Fault, NotFound, shorten
from leadfit.pipeline import Desk, InForce, Joined, Sides
from leadfit.records import Account, Contact, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session, Store
from leadfit.store.matching import Merge, Review, ReviewKind
from leadfit.world import World

T = TypeVar("T")

_MOST: Final = 500
_LONGEST: Final = 500
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS: Final = re.compile(r"[\t\r\n]")


class Matching:
    """The part of :class:`leadfit.Leadfit` that concerns matches; safe to use from any thread.

    Args:
        world: Time, ids and failpoints.
        store: The store.
        in_force: Returns the rules in force.
        wake: Told which job has work now.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        in_force: Callable[[], InForce],
        wake: Callable[[str], None],
    ) -> None:
        self._world = world
        self._store = store
        self._in_force = in_force
        self._wake = wake

    def reviews(
        self, limit: int = 50, *, after: str | None = None, kind: ReviewKind | None = None
    ) -> tuple[Review, ...]:
        """Return open reviews, those due first; ``after`` is the last one of the page before."""
        most = max(0, min(limit, _MOST))
        return self._store.read(
            lambda session: session.reviews.waiting(most, after=after, kind=kind)
        )

    def queue(
        self,
        limit: int = 50,
        *,
        after: str | None = None,
        kind: ReviewKind | None = None,
        viewer: str | None = None,
    ) -> tuple[Sides, ...]:
        """Return open reviews with what their records are called, those due first.

        Args:
            limit: At most so many.
            after: The last review of the page before.
            kind: Only these.
            viewer: Id of the rep who looks; see :meth:`sides`.

        Raises:
            NotFound: No rep has the id ``viewer``.
        """
        most, policy = max(0, min(limit, _MOST)), self._in_force().policy
        if viewer is not None and policy.rep(viewer) is None:
            raise NotFound("rep", viewer)

        def look(session: Session) -> tuple[Sides, ...]:
            found: list[Sides] = []
            last = after
            while len(found) < most:
                page = session.reviews.waiting(most, after=last, kind=kind)
                for each in page:
                    shown = pipeline.sides(session, policy, each, viewer)
                    if shown is not None:
                        found.append(pipeline.without_values(shown))
                if len(page) < most:
                    break
                last = page[-1].review_id
            return tuple(found[:most])

        return self._store.read(look)

    def review(self, review_id: str) -> Review:
        """Return one review.

        Raises:
            NotFound: No review has this id.
        """
        found = self._store.read(lambda session: session.reviews.get(review_id))
        if found is None:
            raise NotFound("review", review_id)
        return found

    def sides(self, review_id: str, *, viewer: str | None = None) -> Sides:
        """Return a review with both records side by side and what each answer will do.

        Args:
            review_id: The review.
            viewer: Id of the rep who looks. Of a record owned by somebody outside the rep's team a
                rep sees that a possible duplicate exists, how likely it is and whom to ask, and
                none of its values; ``None`` is a reviewer or admin, who sees everything.

        Raises:
            NotFound: No review has this id, the viewer may see neither record, or no rep has the
                id ``viewer``.
        """
        policy = self._in_force().policy

        def look(session: Session) -> Sides | None:
            review = session.reviews.get(review_id)
            return None if review is None else pipeline.sides(session, policy, review, viewer)

        found = self._store.read(look)
        if found is None:
            raise NotFound("review", review_id)
        return found

    def of_lead(self, lead_id: str) -> tuple[Review, ...]:
        """Return the reviews of a lead, the open ones first."""
        return self._store.read(lambda session: session.reviews.of_lead(lead_id))

    def settle(
        self, review_id: str, relation: Relation, *, reviewer: str, reason: str | None = None
    ) -> Review:
        """Write what a reviewer decided, and do what follows from it.

        Raises:
            NotFound: No review has this id.
            NotPossible: Somebody decided before.
            BadInput: Nobody is named.
        """
        check_said("reviewer", reviewer, reason)
        settled = self._write(
            lambda desk: pipeline.settle(
                desk, review_id, relation, reviewer=reviewer, reason=reason
            )
        )
        self._wake("deliver")
        return settled

    def link(self, lead_id: str, account_id: str, *, by: str, reason: str | None = None) -> Review:
        """Put a lead into an account, and take it out of the one that it is in.

        Returns:
            What was said, as a decided review.

        Raises:
            NotFound: No lead or no account has this id.
            NotPossible: The lead is in that account.
            BadInput: Nobody is named.
        """
        check_said("by", by, reason)
        said = self._write(
            lambda desk: pipeline.link(desk, lead_id, account_id, by=by, reason=reason)
        )
        self._wake("deliver")
        return said

    def unlink(
        self,
        lead_id: str,
        *,
        by: str,
        relation: Relation = Relation.DIFFERENT,
        reason: str | None = None,
    ) -> Review:
        """Take a lead, and the contact it brought, out of its account; its owner stays.

        Args:
            lead_id: The lead.
            by: Who says so.
            relation: How its sender stands to the account: ``different`` or ``related``.
            reason: Why.

        Returns:
            What was said, as a decided review.

        Raises:
            NotFound: No lead has this id.
            NotPossible: It has no account, or one that was made for it.
            BadInput: Nobody is named.
        """
        check_said("by", by, reason)
        return self._write(
            lambda desk: pipeline.unlink(desk, lead_id, relation, by=by, reason=reason)
        )

    def merge(
        self,
        survivor_id: str,
        absorbed_id: str,
        *,
        by: str,
        kind: RecordKind = RecordKind.ACCOUNT,
        reason: str | None = None,
    ) -> Merge:
        """Let one record stand for two.

        Raises:
            NotFound: One of them is not on record.
            NotPossible: One is merged already, or both are the same.
            BadInput: Nobody is named.
        """
        check_said("by", by, reason)
        return self._write(
            lambda desk: pipeline.merge(desk, kind, survivor_id, absorbed_id, by, reason)
        )

    def preview(
        self, survivor_id: str, absorbed_id: str, *, kind: RecordKind = RecordKind.ACCOUNT
    ) -> Joined:
        """Return the record a merge would make, with where each value is from; change nothing.

        Raises:
            NotFound: One of them is not on record.
            NotPossible: One is merged already, or both are the same.
        """
        return self._store.read(
            lambda session: pipeline.preview(session, kind, survivor_id, absorbed_id)
        )

    def unmerge(
        self,
        record_id: str,
        *,
        by: str,
        kind: RecordKind | None = None,
        merge_id: str | None = None,
        reason: str | None = None,
    ) -> Merge:
        """Take back a merge, by its own id, or the newest one of a record by the record's id.

        Args:
            record_id: A merge, or a record that has part in one.
            by: Who takes it back.
            kind: Only a record of this kind is meant.
            merge_id: This merge of the record, instead of its newest one.
            reason: Why.

        Raises:
            NotFound: There is no such merge that still holds.
            NotPossible: It was taken back before.
            BadInput: Nobody is named.
        """
        check_said("by", by, reason)

        def undo(desk: Desk) -> Merge:
            return pipeline.unmerge(desk, _meant(desk, record_id, kind, merge_id), by, reason)

        undone = self._write(undo)
        self._wake("deliver")
        return undone

    def merges(self, record_id: str) -> tuple[Merge, ...]:
        """Return the merges a record has part in, newest first."""
        return self._store.read(
            lambda session: session.merges.of(session.accounts.contact_key(record_id))
        )

    def record(self, kind: RecordKind, record_id: str) -> Account | Contact | None:
        """Return a record as it stands now, with what was merged into it."""

        def look(session: Session) -> Account | Contact | None:
            if kind is RecordKind.ACCOUNT:
                return session.accounts.account(record_id)
            return session.accounts.contact(record_id)

        return self._store.read(look)

    def _write(self, work: Callable[[Desk], T]) -> T:
        return self._store.write(
            lambda session: work(
                Desk(
                    world=self._world,
                    session=session,
                    in_force=self._in_force(),
                    now=self._world.now(),
                )
            )
        )


def check_said(place: str, by: str, reason: str | None = None) -> None:
    """Refuse who decides, and why, where it cannot be kept or is not what it looks like.

    Control characters, marks of direction and what is not text have no place in a name.

    Raises:
        BadInput: Nobody is named, or one of the two holds such characters or is too long.
    """
    faults = []
    if not by.strip() or len(by) > _LONGEST or _UNSEEN.search(by):
        allowed = f"who decides, 1 to {_LONGEST} characters that can be seen"
        faults.append(Fault(place=place, came=shorten(by), allowed=allowed))
    if reason is not None and (len(reason) > _LONGEST or _UNSEEN.search(_BREAKS.sub(" ", reason))):
        allowed = f"at most {_LONGEST} characters that can be seen"
        faults.append(Fault(place="reason", came=shorten(reason), allowed=allowed))
    if faults:
        raise BadInput(faults)


def _meant(desk: Desk, record_id: str, kind: RecordKind | None, merge_id: str | None) -> str:
    """Return the id of the merge that is to be taken back."""
    merges = desk.session.merges
    if merge_id is not None:
        of = merges.of(desk.session.accounts.contact_key(record_id))
        if merge_id not in {each.merge_id for each in of if kind in {None, each.record_kind}}:
            raise NotFound("merge", merge_id)
        return merge_id
    if kind is None and merges.get(record_id) is not None:
        return record_id
    return pipeline.latest(desk, record_id, kind).merge_id
