"""What the store does about one person: forgets, hands out, keeps from coming back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whom a request is about, by what identifies a person.

    Attributes:
        email: Normalised address.
        contact_id: Id of a contact, as the customer or Leadfit gave it.
    """

    email: str | None = None
    contact_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was removed of a person.

    Attributes:
        persons: Rows of personal values, each with its key.
        contacts: Contacts that now stand for nobody.
        statements: Signals whose personal values went.
        leads: Leads that stay without a person.
        texts: Free texts of people about those leads and contacts that went.
        decisions: Decisions that can no longer be made again, since they rest on these values.
        marks: How many marks keep the person from being brought back.
    """

    persons: int = 0
    contacts: int = 0
    statements: int = 0
    leads: int = 0
    texts: int = 0
    decisions: int = 0
    marks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything that is kept of a person.

    Attributes:
        contacts: Contact ids with their values.
        signals: What was said, by signal: source, kind, time and personal values.
        leads: Ids of leads.
    """

    contacts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    signals: Sequence[Mapping[str, object]] = ()
    leads: tuple[str, ...] = ()


class Persons(Protocol):
    """What is kept of a person, and its end."""

    def is_erased(self, named: Named) -> bool:
        """Return whether a person was erased and must not be brought back."""

    def erase(self, named: Named, at: datetime) -> Erasure:
        """Remove what is kept of a person with its key, and mark that nobody brings it back."""

    def erase_marked(self, at: datetime) -> int:
        """Erase everybody who is marked, as after a restore; return how many there were."""

    def marks(self) -> tuple[bytes, ...]:
        """Return the marks of everybody who was erased, in their order."""

    def add_marks(self, marks: Iterable[bytes], at: datetime) -> None:
        """Take marks in that were kept outside of the store."""

    def readmit(self, named: Named, at: datetime) -> bool:
        """Take the marks of a person away; ``False`` where there were none."""

    def record(self, named: Named) -> Record:
        """Return everything that is kept of a person."""
