"""What people do to a workspace, done here or by the process that writes to its store.

A workspace in a file has one writer, which is the server while one runs. A command beside it hands
what it was asked to do over to the server, which does it by the same calls and the same checks, and
tells the answer; see :mod:`leadfit.app.errand_folder`. Where this process may write, it does it
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from leadfit.app.changing import Changing
from leadfit.app.delivering import Delivering
from leadfit.app.errand_folder import ErrandFolder, Said, Unreadable
from leadfit.app.matching import Matching
from leadfit.app.persons import Erased, Persons
from leadfit.app.routing import Routing
from leadfit.canonical import document, moment
from leadfit.errors import StoreBusy
from leadfit.records import Assignment, Kind, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.lifts import Lift
from leadfit.store.matching import Merge, Review
from leadfit.store.outbox import DeadLetter, Gate
from leadfit.store.persons import Erasure
from leadfit.store.publications import Publication
from leadfit.store.views import LeadView
from leadfit.world import World

E = TypeVar("E", bound=StrEnum)

_HISTORY: Final = "leadfit policy history says what came of it"
_OUTBOX: Final = "leadfit outbox says whether it was done"
_AGAIN: Final = "do it again: what was done by then is not undone by it"


class Hear(Protocol):
    """Records what a person did or said about a lead; returns the lead."""

    def __call__(
        self, lead_id: str, kind: Kind, by: str, at: datetime | None, reason: str | None = None
    ) -> LeadView:
        """Do so; the time is now, where none is given."""


class Errands:
    """What people do, here or by the process that writes; safe to use from any thread.

    Every call raises what its namesake of :class:`leadfit.Leadfit` and its parts raises, whoever
    does it, and ``StoreBusy`` where another process writes to the store and takes no errands.

    Args:
        world: Time and ids.
        folder: The workspace.
        policies: Changes the policy where this process may write.
        routing: Gives leads to reps.
        matching: Decides reviews, links and merges.
        deliveries: Settles dead letters and ends pauses.
        persons: Erases and readmits.
        hear: Records what people say of leads.
        lead: Returns a lead by its id.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        policies: Changing,
        routing: Routing,
        matching: Matching,
        deliveries: Delivering,
        persons: Persons,
        hear: Hear,
        lead: Callable[[str], LeadView],
    ) -> None:
        self._folder = ErrandFolder(world, folder)
        self._policies, self._routing, self._matching = policies, routing, matching
        self._deliveries, self._persons, self._hear, self._lead = deliveries, persons, hear, lead
        # Each answers with what the record that it made is found by.
        self._does: Mapping[str, Callable[[_Read], Said]] = {
            "apply": self._do_apply,
            "rollback": self._do_rollback,
            "assign": self._do_assign,
            "lift": self._do_lift,
            "hear": self._do_hear,
            "settle": self._do_settle,
            "link": self._do_link,
            "unlink": self._do_unlink,
            "merge": self._do_merge,
            "unmerge": self._do_unmerge,
            "retry": self._do_retry,
            "drop": self._do_drop,
            "resume": self._do_resume,
            "erase": self._do_erase,
            "readmit": self._do_readmit,
        }

    def open(self) -> None:
        """Take errands from now on; end those that a server left behind."""
        self._folder.open()

    def round(self, limit: int) -> int:
        """Do what is asked, in the order it was asked in; return how many errands ended."""
        return self._folder.round(limit, self._do)

    def _do(self, said: Said) -> Said:
        does = self._does.get(str(said.get("what")))
        if does is None:
            raise Unreadable(str(said.get("what")))
        return does(_Read(said))

    def _done(self, what: str, look: str, **said: str | None) -> Said:
        """Do it here, or have it done by the process that writes."""
        asked = {"what": what, "look": look, **said}
        try:
            return self._do(asked)
        except StoreBusy as busy:
            if not busy.elsewhere:
                raise
            return self._folder.ask(asked, busy)

    def apply(self, content: bytes, *, by: str, reason: str) -> Publication:
        """Publish exactly the policy of a plan; see :meth:`leadfit.app.changing.Changing.apply`."""
        try:
            plan = content.decode()
        except UnicodeDecodeError:
            return self._policies.apply(content, by=by, reason=reason)  # refused as no plan
        return self._published(self._done("apply", _HISTORY, plan=plan, by=by, reason=reason))

    def rollback(self, *, by: str, reason: str, to: str | None = None) -> Publication:
        """Put back what was in force; see :meth:`leadfit.app.changing.Changing.rollback`."""
        return self._published(self._done("rollback", _HISTORY, by=by, reason=reason, to=to))

    def _published(self, answer: Said) -> Publication:
        self._policies.follow()
        return next(each for each in self._policies.history() if each.number == answer["number"])

    def _do_apply(self, read: _Read) -> Said:
        content, by, reason = read.text("plan").encode(), read.text("by"), read.text("reason")
        return {"number": self._policies.apply(content, by=by, reason=reason).number}

    def _do_rollback(self, read: _Read) -> Said:
        by, reason, to = read.text("by"), read.text("reason"), read.maybe("to")
        return {"number": self._policies.rollback(by=by, reason=reason, to=to).number}

    def assign(self, lead_id: str, rep_id: str, *, by: str, reason: str) -> Assignment:
        """Give a lead to a rep by hand; see :meth:`leadfit.app.routing.Routing.assign`."""
        answer = self._done(
            "assign", _why(lead_id), lead_id=lead_id, rep_id=rep_id, by=by, reason=reason
        )
        return next(
            each
            for each in self._routing.assignments(lead_id)
            if each.assignment_id == answer["assignment_id"]
        )

    def _do_assign(self, read: _Read) -> Said:
        lead_id, rep_id = read.text("lead_id"), read.text("rep_id")
        by, reason = read.text("by"), read.text("reason")
        made = self._routing.assign(lead_id, rep_id, by=by, reason=reason)
        return {"assignment_id": made.assignment_id}

    def lift(self, lead_id: str, *, by: str, reason: str) -> Lift:
        """Lift a lead over a gate by hand; see :meth:`leadfit.app.routing.Routing.lift`."""
        answer = self._done("lift", _why(lead_id), lead_id=lead_id, by=by, reason=reason)
        return next(
            each
            for each in self._routing.lifts(lead_id)
            if each.decision_id == answer["decision_id"]
        )

    def _do_lift(self, read: _Read) -> Said:
        lead_id, by, reason = read.text("lead_id"), read.text("by"), read.text("reason")
        return {"decision_id": self._routing.lift(lead_id, by=by, reason=reason).decision_id}

    def touch(self, lead_id: str, by: str, at: datetime | None = None) -> LeadView:
        """Record that a person touched the lead; see :meth:`leadfit.Leadfit.touch`."""
        return self._heard(lead_id, Kind.TOUCHED, by, at=at)

    def accept_lead(self, lead_id: str, by: str) -> LeadView:
        """Record that a person took the lead on; see :meth:`leadfit.Leadfit.accept_lead`."""
        return self._heard(lead_id, Kind.ACCEPTED, by)

    def reject_lead(self, lead_id: str, by: str, reason: str) -> LeadView:
        """Record that a person turned the lead down; see :meth:`leadfit.Leadfit.reject_lead`."""
        return self._heard(lead_id, Kind.REJECTED, by, reason=reason)

    def _heard(
        self,
        lead_id: str,
        kind: Kind,
        by: str,
        *,
        at: datetime | None = None,
        reason: str | None = None,
    ) -> LeadView:
        # A time without a zone is refused as such, wherever that is done.
        when = None if at is None else at.isoformat() if at.tzinfo is None else moment(at)
        self._done(
            "hear", _why(lead_id),
            lead_id=lead_id, kind=kind.value, by=by, when=when, reason=reason,
        )  # fmt: skip
        return self._lead(lead_id)

    def _do_hear(self, read: _Read) -> Said:
        lead_id, by, reason = read.text("lead_id"), read.text("by"), read.maybe("reason")
        kind = read.one_of(Kind, "kind")
        self._hear(lead_id, kind, by, read.time("when"), reason)
        return {"lead_id": lead_id}

    def settle(
        self, review_id: str, relation: Relation, *, reviewer: str, reason: str | None = None
    ) -> Review:
        """Decide a review; see :meth:`leadfit.app.matching.Matching.settle`."""
        look = f"leadfit review {review_id} says whether it is decided"
        self._done(
            "settle", look, review_id=review_id, relation=relation.value, by=reviewer, reason=reason
        )
        return self._matching.review(review_id)

    def _do_settle(self, read: _Read) -> Said:
        review_id, by, relation = (
            read.text("review_id"),
            read.text("by"),
            read.one_of(Relation, "relation"),
        )
        self._matching.settle(review_id, relation, reviewer=by, reason=read.maybe("reason"))
        return {"review_id": review_id}

    def link(self, lead_id: str, account_id: str, *, by: str, reason: str | None = None) -> Review:
        """Put a lead into an account; see :meth:`leadfit.app.matching.Matching.link`."""
        answer = self._done(
            "link", _why(lead_id), lead_id=lead_id, account_id=account_id, by=by, reason=reason
        )
        return self._matching.review(str(answer["review_id"]))

    def _do_link(self, read: _Read) -> Said:
        lead_id, account_id, by = read.text("lead_id"), read.text("account_id"), read.text("by")
        said = self._matching.link(lead_id, account_id, by=by, reason=read.maybe("reason"))
        return {"review_id": said.review_id}

    def unlink(
        self,
        lead_id: str,
        *,
        by: str,
        relation: Relation = Relation.DIFFERENT,
        reason: str | None = None,
    ) -> Review:
        """Take a lead out of its account; see :meth:`leadfit.app.matching.Matching.unlink`."""
        answer = self._done(
            "unlink", _why(lead_id),
            lead_id=lead_id, relation=relation.value, by=by, reason=reason,
        )  # fmt: skip
        return self._matching.review(str(answer["review_id"]))

    def _do_unlink(self, read: _Read) -> Said:
        lead_id, by, relation = (
            read.text("lead_id"),
            read.text("by"),
            read.one_of(Relation, "relation"),
        )
        said = self._matching.unlink(lead_id, by=by, relation=relation, reason=read.maybe("reason"))
        return {"review_id": said.review_id}

    def merge(
        self,
        survivor_id: str,
        absorbed_id: str,
        *,
        by: str,
        kind: RecordKind = RecordKind.ACCOUNT,
        reason: str | None = None,
    ) -> Merge:
        """Let one record stand for two; see :meth:`leadfit.app.matching.Matching.merge`."""
        answer = self._done(
            "merge", _merges(survivor_id),
            survivor_id=survivor_id, absorbed_id=absorbed_id, by=by, kind=kind.value,
            reason=reason,
        )  # fmt: skip
        return self._merge_of(answer)

    def _do_merge(self, read: _Read) -> Said:
        survivor_id, absorbed_id = read.text("survivor_id"), read.text("absorbed_id")
        by, kind, reason = read.text("by"), read.one_of(RecordKind, "kind"), read.maybe("reason")
        made = self._matching.merge(survivor_id, absorbed_id, by=by, kind=kind, reason=reason)
        return {"merge_id": made.merge_id, "record_id": made.survivor_id}

    def unmerge(self, record_id: str, *, by: str, reason: str | None = None) -> Merge:
        """Take back a merge; see :meth:`leadfit.app.matching.Matching.unmerge`."""
        look = _merges(record_id)
        return self._merge_of(
            self._done("unmerge", look, record_id=record_id, by=by, reason=reason)
        )

    def _do_unmerge(self, read: _Read) -> Said:
        record_id, by = read.text("record_id"), read.text("by")
        undone = self._matching.unmerge(record_id, by=by, reason=read.maybe("reason"))
        return {"merge_id": undone.merge_id, "record_id": undone.survivor_id}

    def _merge_of(self, answer: Said) -> Merge:
        found = self._matching.merges(str(answer["record_id"]))
        return next(each for each in found if each.merge_id == answer["merge_id"])

    def retry(self, key: str, by: str) -> DeadLetter:
        """Let a dead letter be tried again; see :meth:`leadfit.app.delivering.Delivering.retry`."""
        return self._settled("retry", key, by)

    def drop(self, key: str, by: str) -> DeadLetter:
        """Give a dead letter up; see :meth:`leadfit.app.delivering.Delivering.drop`."""
        return self._settled("drop", key, by)

    def _settled(self, what: str, key: str, by: str) -> DeadLetter:
        # Settled it is a dead letter no more: it is told as it was.
        letter = self._deliveries.dead_letter(key)
        self._done(what, _OUTBOX, key=key, by=by)
        return letter

    def _do_retry(self, read: _Read) -> Said:
        return {"key": self._deliveries.retry(read.text("key"), read.text("by")).key}

    def _do_drop(self, read: _Read) -> Said:
        return {"key": self._deliveries.drop(read.text("key"), read.text("by")).key}

    def resume(self, destination: str, by: str) -> Gate:
        """End a pause of a destination; see :meth:`leadfit.app.delivering.Delivering.resume`."""
        gate = self._deliveries.held(destination)
        self._done("resume", _OUTBOX, destination=destination, by=by)
        return gate

    def _do_resume(self, read: _Read) -> Said:
        destination, by = read.text("destination"), read.text("by")
        self._deliveries.resume(destination, by)
        return {"destination": destination}

    def erase(self, person: str) -> Erased:
        """Erase a person; see :meth:`leadfit.app.persons.Persons.erase`."""
        answer = self._done("erase", _AGAIN, person=person)
        removed = Erasure(**cast("dict[str, int]", answer["removed"]))
        return Erased(removed=removed, scrubbed=bool(answer["scrubbed"]))

    def _do_erase(self, read: _Read) -> Said:
        return document(self._persons.erase(read.text("person")))

    def readmit(self, person: str) -> bool:
        """Let an erased person come in again; see :meth:`leadfit.app.persons.Persons.readmit`."""
        return bool(self._done("readmit", _AGAIN, person=person)["was_out"])

    def _do_readmit(self, read: _Read) -> Said:
        return {"was_out": self._persons.readmit(read.text("person"))}


class _Read:
    """What an errand says; a part that is missing or is no text makes it unreadable."""

    def __init__(self, said: Said) -> None:
        self._said = said

    def text(self, name: str) -> str:
        found = self.maybe(name)
        if found is None:
            raise Unreadable(name)
        return found

    def maybe(self, name: str) -> str | None:
        found = self._said.get(name)
        if found is not None and not isinstance(found, str):
            raise Unreadable(name)
        return found

    def one_of(self, kind: type[E], name: str) -> E:
        try:
            return kind(self.text(name))
        except ValueError as error:
            raise Unreadable(name) from error

    def time(self, name: str) -> datetime | None:
        said = self.maybe(name)
        try:
            return None if said is None else datetime.fromisoformat(said)
        except ValueError as error:
            raise Unreadable(name) from error


def _why(lead_id: str) -> str:
    return f"leadfit why {lead_id} says whether it was done"


def _merges(record_id: str) -> str:
    return f"leadfit merges {record_id} says whether it was done"
