"""The frozen values of buying facts: what is offered, what is bought and why, what came of it.

Money is in millionths of the currency's main unit (``1_500_000`` is 1.50), since a call may cost
a fraction of a cent. Nothing here holds a personal value: subjects are named by ids, domains and
keyed digests, and what a vendor answered stands in a stored signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from leadfit.records import Facts

MILLION: Final = 1_000_000
"""Millionths of the main unit of a currency in one of it."""
VENDOR: Final = "vendor:"
"""Sources of signals that carry what a vendor answered begin so; its name follows."""
DOMAIN: Final = "domain"
"""The fact by which a lead without an account finds one: the company's web domain."""

WhomKind = Literal["lead", "contact", "company"]


class Flip(StrEnum):
    """What of a decision a fact could change."""

    TIER = "tier"
    OWNER = "owner"
    ATTRIBUTION = "attribution"


class PurchaseState(StrEnum):
    """How far a purchase has come; ``missed`` and ``failed`` brought no fact."""

    WANTED = "wanted"
    ASKED = "asked"
    ANSWERED = "answered"
    MISSED = "missed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whom facts are asked about.

    Attributes:
        kind: A lead (what holds for one occasion), a contact or a company.
        key: A signal id, a keyed digest of an address, or a domain or account id.
    """

    kind: WhomKind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One call that can be made now.

    Attributes:
        vendor: Name of the vendor in the policy.
        whom: Whom it is about.
        facts: Facts it may bring, under the names of the policy, sorted.
        price: Millionths of the currency, for an answer.
        price_of_miss: The same for an answer that brings nothing; 0 where misses are free.
        chance: Chance that it brings the facts, 0 to 1.
    """

    vendor: str
    whom: Whom
    facts: tuple[str, ...]
    price: int
    price_of_miss: int = 0
    chance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why a vendor makes no offer now.

    Attributes:
        reason: ``breaker``, ``rate``, ``credits``, ``money``, ``asked`` (it was asked about this
            subject within the time an answer stays fresh) or ``no_credential``.
    """

    vendor: str
    whom: Whom
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What can be bought about some subjects now, and what cannot."""

    offers: tuple[Offer, ...] = ()
    closed: tuple[Closed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One call that is to be made, and why.

    Attributes:
        purchase_id: Its id, and the event id of the signal that brings the answer.
        signal_id: The signal that waits for the answer; its identifiers are what is asked by.
        facts: What is wanted; the vendor may bring more.
        flips: What the facts could change, in words fixed for scripts.
        chance: Chance that the answer changes the decision, from 0 to 1.
        value: Millionths of the currency that a changed decision is worth on average.
        price: Millionths of the currency.
        until: The signal waits no longer than this; an answer that comes later is still kept.
    """

    purchase_id: str
    signal_id: str
    vendor: str
    whom: Whom
    facts: tuple[str, ...]
    flips: tuple[Flip, ...]
    chance: float
    value: int
    price: int
    asked_at: datetime
    until: datetime
    lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseStatus:
    """How a purchase stands.

    Attributes:
        reason: Why it failed, such as ``breaker`` or ``timeout``; a fixed word.
    """

    purchase_id: str
    vendor: str
    state: PurchaseState
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """An answer may still come."""
        return self.state in {PurchaseState.WANTED, PurchaseState.ASKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtFacts:
    """Facts that were bought and are still fresh, as the stored signal of the answer holds them."""

    purchase_id: str
    vendor: str
    whom: Whom
    signal_id: str
    at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A proof that nothing which could be bought changes a decision; see docs/enrichment.md.

    Attributes:
        body: Canonical JSON: digests of the policy, the artifact and the known facts, the facts
            that are missing with their admissible values, bounds by part, what follows.
        digest: SHA-256 of ``body``, as 64 hex digits.
    """

    body: str
    digest: str
