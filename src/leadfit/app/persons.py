"""What the operator does about one person: erase, readmit, export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from leadfit import resolve
from leadfit.app.files import write_whole
from leadfit.canonical import Plain, document, plain
from leadfit.errors import BadInput, Fault, shorten
from leadfit.records import Decision
from leadfit.store import Session, Store
from leadfit.store.persons import Erasure, Named, Record
from leadfit.world import World

T = TypeVar("T")

# An erasure waits two seconds for readers that keep old pages of the file from being overwritten.
_TRIES: Final = 40
_BETWEEN_S: Final = 0.05
_PURPOSE: Final = "to find out who a business enquiry is from, and who answers it how soon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What came of an erasure.

    Attributes:
        scrubbed: Nothing of what was deleted is left in the files of the store; ``False`` where a
            reader was in the way, so that the next erasure or the end of the server does it.
    """

    removed: Erasure
    scrubbed: bool


class Persons:
    """The part of :class:`leadfit.Leadfit` that concerns single persons.

    Args:
        world: Time.
        store: The store.
        kept: File in which the marks of erased persons stand, too: a store that was restored has
            those of its own time.
    """

    def __init__(self, world: World, store: Store, kept: Path) -> None:
        self._world = world
        self._store = store
        self._kept = kept

    def erase(self, person: str) -> Erased:
        """Remove what is kept of a person, with the person's key, for good.

        Decisions stay, and their bytes, which name nobody; nobody brings the person back. One who
        is not on record is kept out as well.

        Args:
            person: An e-mail address, or the id of a contact.

        Raises:
            BadInput: It is neither.
            StoreBusy: Another process writes to the store.
        """
        named = _named(person)
        now = self._world.now()
        removed = self._with_marks(lambda session: session.persons.erase(named, now))
        self._world.reach("erase.marked")
        return Erased(removed=removed, scrubbed=self._scrub())

    def erase_again(self) -> int:
        """Erase everybody who was erased before, as after a backup was restored.

        Returns:
            How many had come back.
        """
        now = self._world.now()
        done = self._with_marks(lambda session: session.persons.erase_marked(now))
        self._scrub()
        return done

    def _with_marks(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work by the marks of the store and of the file, and write them down."""
        now = self._world.now()
        kept = tuple(bytes.fromhex(line) for line in self._lines())

        def whole(session: Session) -> tuple[T, tuple[bytes, ...]]:
            session.persons.add_marks(kept, now)
            return work(session), session.persons.marks()

        answer, marks = self._store.write(whole)
        self._world.reach("erase.committed")
        if marks != kept:
            write_whole(self._kept, "".join(f"{mark.hex()}\n" for mark in marks).encode())
        return answer

    def _lines(self) -> list[str]:
        return self._kept.read_text("ascii").split() if self._kept.exists() else []

    def _scrub(self) -> bool:
        for _ in range(_TRIES):
            if self._store.scrub():
                return True
            self._world.wait(_BETWEEN_S)
        return False

    def readmit(self, person: str) -> bool:
        """Let an erased person come in again, as by that person's wish.

        Returns:
            ``False`` where nobody by this address or id was kept out.

        Raises:
            BadInput: It is neither an address nor an id.
        """
        named = _named(person)
        now = self._world.now()
        return self._with_marks(lambda session: session.persons.readmit(named, now))

    def export(self, person: str) -> Mapping[str, Plain]:
        """Return everything that is kept of a person, and what was decided about it and why.

        Raises:
            BadInput: It is neither an address nor an id.
        """
        named = _named(person)

        def read(session: Session) -> Mapping[str, Plain]:
            kept = session.persons.record(named)
            return {
                **document(kept),
                "leads": [_lead(session, each) for each in kept.leads],
                "sources": plain(sorted(_sources(kept))),
                "purpose": _PURPOSE,
            }

        return self._store.read(read)


def _named(person: str) -> Named:
    """Read an address or the id of a contact.

    Raises:
        BadInput: It is neither.
    """
    said = person.strip()
    email = resolve.email_key(said) if "@" in said else None
    if not said or ("@" in said and email is None):
        allowed = "an e-mail address, or the id of a contact"
        raise BadInput(Fault(place="person", came=shorten(person), allowed=allowed))
    # Some systems use the address itself as the id.
    return Named(email=email, contact_id=said)


def _sources(kept: Record) -> set[str]:
    return {str(each["source"]) for each in kept.signals}


def _lead(session: Session, lead_id: str) -> Plain:
    """Return what was decided about a lead, in words, and where it was told."""
    view = session.leads.view(lead_id)
    decisions = session.leads.decisions(lead_id)
    return {
        "lead_id": lead_id,
        "owner_id": None if view is None else view.lead.owner_id,
        "tier": None if view is None else plain(view.lead.tier),
        "recipients": plain(
            {each.action.destination for each in (() if view is None else view.actions)}
        ),
        "decisions": [_decision(each) for each in decisions],
    }


def _decision(decision: Decision) -> Plain:
    score = decision.score
    reasons = (*decision.match.reasons, *(() if score is None else score.reasons))
    return {
        "decided_at": plain(decision.decided_at),
        "facts": plain(decision.subject.facts),
        "score": None if score is None else round(score.total, 1),
        "reasons": plain([each.words for each in reasons]),
    }
