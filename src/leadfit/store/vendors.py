"""What a store keeps for whoever calls vendors: budgets, the ledger of calls, whom was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from leadfit.buying import VENDOR, Purchase, PurchaseState
from leadfit.store.pace import Limits


class CallState(StrEnum):
    """How a call of a vendor ended; the first two are under way.

    ``missed`` brought nothing, ``refused`` brought something that was not taken, ``held`` was not
    carried out by the vendor, and of one ``unclear`` nobody knows whether it was: it counts as
    paid.
    """

    OPEN = "open"
    LATER = "later"
    ANSWERED = "answered"
    MISSED = "missed"
    REFUSED = "refused"
    HELD = "held"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a call costs, in millionths of the currency and of a credit."""

    money: int = 0
    credits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a call may begin.

    Attributes:
        limits: Its rate limits; none, and it is not paced.
        bucket: Calls of one vendor that share them.
        most: The most it can cost; so much is set aside before it begins.
        money_a_month: Millionths that may be spent in a calendar month; ``None`` for no limit.
        credits_a_month: The same in millionths of a credit.
        fresh_since: Nobody may have been paid for the same since.
        latest: It begins no later than this.
    """

    limits: Limits
    bucket: str
    most: Bill
    money_a_month: int | None
    credits_a_month: int | None
    fresh_since: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What came of the wish to call a vendor.

    Attributes:
        call_id: The call in the ledger; ``None`` when it may not begin.
        at: When it is made; or, without a call, when it may be wished for again.
        why_not: ``money``, ``credits``, ``asked`` or ``rate``.
    """

    call_id: str | None = None
    at: datetime
    why_not: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """A purchase as it stands.

    Attributes:
        doubts: Calls of which nobody knows whether they were carried out.
        ticket: What the vendor said to ask again by; empty to ask the same again.
        answer_id: The signal that holds the answer.
        changed: Whether the decision came out otherwise; ``None`` while that is not known.
    """

    purchase: Purchase
    state: PurchaseState
    reason: str | None = None
    attempts: int = 0
    doubts: int = 0
    ticket: str | None = None
    answer_id: str | None = None
    done_at: datetime | None = None
    changed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call ended, to be written into the ledger.

    Attributes:
        state: How the call ended.
        cost: What it cost.
        facts: Names of the facts it brought, sorted.
        reason: A fixed word, where it brought nothing.
        status: HTTP status, where there was one.
        then: State of the purchase.
        next_at: When it is tried again, if it is.
        ticket: What it is asked again by.
        answer_id: The signal that holds the answer.
    """

    state: CallState
    then: PurchaseState
    cost: Bill = field(default_factory=Bill)
    facts: tuple[str, ...] = ()
    reason: str | None = None
    status: int | None = None
    next_at: datetime | None = None
    ticket: str | None = None
    answer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What is used of a vendor's month, in millionths.

    Attributes:
        reserved: What calls under way may still cost.
        spent: What calls that ended cost.
    """

    reserved: int = 0
    spent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorCall:
    """One line of the ledger.

    Attributes:
        lead_id: The lead it was made for, where there was one by then.
        signal_id: The signal whose decision it was made for.
        latency_s: Seconds from the request to the whole answer; ``None`` while it is under way.
        decision_id: The decision it was made for, once that was made.
        changed: Whether the decision came out otherwise; ``None`` while that is not known.
    """

    call_id: str
    purchase_id: str
    vendor: str
    at: datetime
    state: CallState
    signal_id: str
    lead_id: str | None = None
    reason: str | None = None
    status: int | None = None
    cost: Bill = field(default_factory=Bill)
    facts: tuple[str, ...] = ()
    latency_s: float | None = None
    decision_id: str | None = None
    changed: bool | None = None


class Vendors(Protocol):
    """Calls of vendors, for any number of workers; every method is of one transaction."""

    def ready(self, now: datetime) -> tuple[str, ...]:
        """Return the vendors of which something is to be bought now."""

    def holders(self, now: datetime) -> tuple[str, ...]:
        """Return who holds purchases whose lease runs on."""

    def due(
        self, vendor: str, now: datetime, limit: int, gone: Sequence[str] = ()
    ) -> tuple[PurchaseView, ...]:
        """Return what is to be bought of a vendor now, the longest waiting first.

        Those somebody asks about now are left out, unless that one is ``gone`` or took too long.
        """

    def begin(
        self,
        purchase: Purchase,
        terms: Terms,
        *,
        call_id: str,
        holder: str,
        now: datetime,
        lease: datetime,
    ) -> Begun:
        """Set aside what a call may cost, take its turn, and write that it begins.

        Of a call that had begun before and was lost nobody knows whether it was carried out: it
        is written down as paid.
        """

    def again(self, purchase_id: str, holder: str, lease: datetime) -> str | None:
        """Take a purchase whose answer is not ready up again; return the call that goes on."""

    def end(self, call_id: str, ended: Ended, now: datetime) -> None:
        """Write how a call ended; what was set aside and not spent is free again."""

    def give_up(self, purchase_id: str, reason: str, now: datetime) -> None:
        """Write that a purchase brings nothing, and no call is made for it."""

    def put_off(self, purchase_id: str, until: datetime) -> None:
        """Let a purchase that has not begun be due later."""

    def view(self, purchase_id: str) -> PurchaseView | None:
        """Return how a purchase stands."""

    def views(self, limit: int, vendor: str | None = None) -> tuple[PurchaseView, ...]:
        """Return the latest purchases, newest first."""

    def note_changed(self, purchase_id: str, *, changed: bool) -> None:
        """Write whether a decision came out otherwise by what was bought."""

    def spent(self, vendor: str, month: str) -> Mapping[str, Spent]:
        """Return what is used of a month, by ``money`` and ``credits``."""

    def calls(self, since: datetime, until: datetime) -> tuple[VendorCall, ...]:
        """Return the calls that began in a time, oldest first."""

    def answered(self, vendor: str) -> Mapping[tuple[str, str], str]:
        """Return the signal of the latest answer about each subject, by its kind and key."""

    def ledger_faults(self, limit: int) -> tuple[str, ...]:
        """Return what of purchases, calls and budgets does not fit together, the first of it.

        In words, with the place. The ledger is no part of the log: whoever changes all of it alike
        is not found.
        """

    def keep_audit(self, vendor: str, at: datetime, body: str) -> None:
        """Keep what an audit of a vendor came to."""

    def latest_audit(self, vendor: str) -> tuple[datetime, str] | None:
        """Return what the latest audit of a vendor came to."""


def gate_name(vendor: str) -> str:
    """Return the name under which it is kept whether a vendor is called at all.

    >>> gate_name("apollo")
    'vendor:apollo'
    """
    return f"{VENDOR}{vendor}"


def month_of(at: datetime) -> str:
    """Return the calendar month in UTC, as budgets have it."""
    return f"{at:%Y-%m}"
