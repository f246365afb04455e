"""What is asked of a vendor of facts, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from leadfit.buying import WhomKind
from leadfit.connectors.base import NotTaken
from leadfit.errors import Permanent
from leadfit.records import Facts

FIELDS: Final = (
    "domain", "email", "phone", "company", "name", "first_name", "last_name", "title", "reference",
)  # fmt: skip
"""What a lookup can be made of; nothing else of a lead ever goes to a vendor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is asked about whom.

    Attributes:
        kind: A lead, a contact or a company.
        fields: What is known of the subject, by names of :data:`FIELDS`; ``reference`` is ours and
            says nothing of anybody.
        facts: Names of the policy of the facts that are wanted.
    """

    kind: WhomKind
    fields: Mapping[str, str]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What an answer says of one rate limit.

    Attributes:
        seconds: Its length.
        most: Calls within it.
        left: Calls that are left of it.
        reset: When all are there again.
    """

    seconds: float
    most: int | None = None
    left: int | None = None
    reset: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """An answer of a vendor.

    Attributes:
        facts: What it brought, under names of the policy; empty for a miss.
        refused: Why the answer was not taken as a whole, a fixed word: ``garbage``,
            ``wrong_type``, ``too_large``, ``cut_short``, ``other_subject``.
        left_out: Facts that came and were not taken, each with the reason.
        later_s: It is not ready: seconds after which to ask again.
        ticket: What to ask again by; empty to ask the same again.
        windows: What it says of the vendor's limits.
    """

    facts: Facts = field(default_factory=dict)
    status: int | None = None
    refused: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    later_s: float | None = None
    ticket: str = ""
    windows: tuple[Window, ...] = ()


class CannotAsk(Permanent):
    """A vendor cannot be asked about a subject: what it is asked by is not known."""

    code = "vendor_cannot_ask"


class TooFast(NotTaken):
    """A vendor works, and takes no more calls for now; nothing was done."""

    code = "vendor_too_fast"


class Vendor(Protocol):
    """A vendor of facts, ready to be asked. Safe to use from any thread."""

    @property
    def is_local(self) -> bool:
        """It is a file here: nothing is paced, and nothing can be lost on the way."""

    def limits(self, kind: WhomKind) -> Mapping[float, int]:
        """Return the most calls within so many seconds, for lookups about this kind."""

    def bucket(self, kind: WhomKind) -> str:
        """Return the name under which calls about this kind are counted together."""

    def ask(self, lookup: Lookup, ticket: str | None = None) -> Brought:
        """Ask, or ask again by a ticket.

        Raises:
            CannotAsk: What it is asked by is not known; nothing was sent.
            TooFast: It takes no more calls for now; nothing was done.
            NotTaken: It could not be reached; nothing was done.
            OnHold: It takes nothing for now: a quota, credits, a credential, the set-up.
            RecordRefused: It will never answer this lookup; nothing was done.
            Unclear: Nobody knows whether it was carried out.
        """
