"""Purchases as the line of one lead sees them: what can be bought, what was, what it brought."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from leadfit.buying import (
    BoughtFacts,
    Closed,
    Flip,
    Market,
    Offer,
    Purchase,
    PurchaseState,
    PurchaseStatus,
    Whom,
)
from leadfit.errors import DamagedStore
from leadfit.policy.enrichment import EnrichRules, VendorRules, millionths, offer_of
from leadfit.store.codec import from_us, pack_text, to_us
from leadfit.store.outbox import Gate, GateState
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_outbox import SqlDestinations
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.vendors import gate_name, month_of

T = TypeVar("T")

PURCHASE: Final = (
    "purchase_id, signal_id, vendor, whom_kind, whom_key, facts, flips, chance, value, price,"
    " asked_us, until_us, lead_id"
)
_OPEN: Final = "('wanted', 'asked')"
_JUDGED: Final = "('answered', 'missed', 'refused')"
# Fewer calls say less of a vendor than what the policy says.
_ENOUGH_CALLS: Final = 30
_LATEST_CALLS: Final = 200
# What is written of a destination begins with the code of the error.
_WHY: Final[Mapping[str, str]] = {
    "receiver_denied": "no_credential",
    "receiver_on_hold": "credits",
    "receiver_busy": "rate",
}


class SqlPurchases:
    """See :class:`leadfit.store.purchases.Purchases`."""

    def __init__(self, connection: Connection, signals: SqlSignals) -> None:
        self._connection = connection
        self._signals = signals
        self._destinations = SqlDestinations(connection)

    def market(self, rules: EnrichRules, about: Sequence[Whom], now: datetime) -> Market:
        """Return what can be bought now about these subjects, in the order of the policy."""
        offers: list[Offer] = []
        closed: list[Closed] = []
        for vendor in rules.vendors:
            wanted = [whom for whom in about if vendor.facts_of(whom.kind)]
            if not wanted:
                continue
            reason = self._shut(vendor, rules, now)
            chance = vendor.hit_rate if reason else self._hit_rate(vendor)
            since = now - timedelta(days=rules.fresh_days)
            for whom in wanted:
                why = reason or ("asked" if self._was_asked(vendor.name, whom, since) else None)
                if why is not None:
                    closed.append(Closed(vendor=vendor.name, whom=whom, reason=why))
                else:
                    offers.append(offer_of(vendor, whom, chance))
        return Market(offers=tuple(offers), closed=tuple(closed))

    def buy(self, purchase: Purchase) -> None:
        """Keep a purchase that is to be made; one with the same id is never kept twice."""
        self._connection.execute(
            f"INSERT INTO purchases ({PURCHASE}, state, attempts, doubts, next_us)"  # noqa: S608 -- fixed columns
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'wanted', 0, 0, ?)"
            " ON CONFLICT (purchase_id) DO NOTHING",
            (
                purchase.purchase_id, purchase.signal_id, purchase.vendor, purchase.whom.kind,
                purchase.whom.key, pack_text(purchase.facts), pack_text(purchase.flips),
                purchase.chance, purchase.value, purchase.price, to_us(purchase.asked_at),
                to_us(purchase.until), purchase.lead_id, to_us(purchase.asked_at),
            ),
        )  # fmt: skip

    def of_signal(self, signal_id: str) -> tuple[PurchaseStatus, ...]:
        """Return how the purchases for a signal stand, in the order in which they were kept."""
        rows = self._connection.execute(
            "SELECT purchase_id, vendor, state, reason FROM purchases WHERE signal_id = ?"
            " ORDER BY asked_us, purchase_id",
            (signal_id,),
        )
        return tuple(
            PurchaseStatus(
                purchase_id=row[0], vendor=row[1], state=PurchaseState(row[2]), reason=row[3]
            )
            for row in rows
        )

    def get(self, purchase_id: str) -> Purchase | None:
        """Return a purchase."""
        row = self._connection.execute(
            f"SELECT {PURCHASE} FROM purchases WHERE purchase_id = ?",  # noqa: S608 -- fixed columns
            (purchase_id,),
        ).fetchone()
        if row is None:
            return None
        return as_written("purchases", purchase_id, lambda: purchase_of(row))

    def answers(self, about: Sequence[Whom], since: datetime) -> tuple[BoughtFacts, ...]:
        """Return what vendors answered about these subjects since a time, oldest first."""
        found = [answer for whom in about for answer in self._answers(whom, since)]
        return tuple(sorted(found, key=lambda each: (each.at, each.purchase_id)))

    def _answers(self, whom: Whom, since: datetime) -> Iterator[BoughtFacts]:
        rows = self._connection.execute(
            "SELECT purchase_id, vendor, answer_id, done_us FROM purchases"
            " WHERE whom_kind = ? AND whom_key = ? AND state = 'answered' AND done_us >= ?",
            (whom.kind, whom.key, to_us(since)),
        ).fetchall()
        for purchase_id, vendor, answer_id, done_us in rows:
            held = self._signals.read(answer_id)
            if held is not None:
                yield BoughtFacts(
                    purchase_id=purchase_id,
                    vendor=vendor,
                    whom=whom,
                    signal_id=answer_id,
                    at=from_us(done_us),
                    facts=held.facts,
                )

    def _shut(self, vendor: VendorRules, rules: EnrichRules, now: datetime) -> str | None:
        gate = self._destinations.gate(gate_name(vendor.name))
        if _is_shut(gate, now):
            return _WHY.get((gate.why or "").partition(":")[0], "breaker")
        latest_us = to_us(now + timedelta(seconds=rules.wait_seconds))
        row = self._connection.execute(
            "SELECT min(free_us) FROM vendor_paces WHERE vendor = ?", (vendor.name,)
        ).fetchone()
        if row[0] is not None and row[0] > latest_us:
            return "rate"
        return self._over_budget(vendor, now)

    def _over_budget(self, vendor: VendorRules, now: datetime) -> str | None:
        """Return ``money`` or ``credits`` where one more call is not in the month's budget."""
        used: dict[str, int] = dict(
            self._connection.execute(
                "SELECT unit, reserved + spent FROM vendor_budgets WHERE vendor = ? AND month = ?",
                (vendor.name, month_of(now)),
            ).fetchall()
        )
        (waiting,) = self._connection.execute(
            "SELECT count(*) FROM purchases WHERE vendor = ? AND state = 'wanted'", (vendor.name,)
        ).fetchone()
        calls = waiting + 1
        money = used.get("money", 0) + calls * millionths(vendor.price)
        credit = used.get("credits", 0) + calls * millionths(vendor.credits_a_call)
        if vendor.money_a_month is not None and money > millionths(vendor.money_a_month):
            return "money"
        if vendor.credits_a_month is not None and credit > millionths(vendor.credits_a_month):
            return "credits"
        return None

    def _was_asked(self, vendor: str, whom: Whom, since: datetime) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM vendor_subjects WHERE vendor = ?1 AND whom_kind = ?2 AND whom_key = ?3"  # noqa: S608 -- fixed words
            " AND asked_us > ?4 UNION ALL SELECT 1 FROM purchases WHERE vendor = ?1"
            f" AND whom_kind = ?2 AND whom_key = ?3 AND state IN {_OPEN} LIMIT 1",
            (vendor, whom.kind, whom.key, to_us(since)),
        ).fetchone()
        return row is not None

    def _hit_rate(self, vendor: VendorRules) -> float:
        """Return the share of the latest calls that brought something, once there are enough."""
        rows = self._connection.execute(
            f"SELECT state FROM vendor_calls WHERE vendor = ? AND state IN {_JUDGED}"  # noqa: S608 -- fixed words
            " ORDER BY at_us DESC LIMIT ?",
            (vendor.name, _LATEST_CALLS),
        ).fetchall()
        if len(rows) < _ENOUGH_CALLS:
            return vendor.hit_rate
        hits = [row for row in rows if row[0] == "answered"]
        return len(hits) / len(rows)


def as_written(table: str, key: str, read: Callable[[], T]) -> T:
    """Return what is read of a row.

    Raises:
        DamagedStore: It is not what was written.
    """
    try:
        return read()
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise DamagedStore(f"{table}, {key}", "it is not what was written") from error


def purchase_of(row: Row) -> Purchase:
    """Return the purchase of a row of :data:`PURCHASE`."""
    return Purchase(
        purchase_id=row[0],
        signal_id=row[1],
        vendor=row[2],
        whom=Whom(kind=row[3], key=row[4]),
        facts=tuple(json.loads(row[5])),
        flips=tuple(Flip(each) for each in json.loads(row[6])),
        chance=row[7],
        value=row[8],
        price=row[9],
        asked_at=from_us(row[10]),
        until=from_us(row[11]),
        lead_id=row[12],
    )


def _is_shut(gate: Gate, now: datetime) -> bool:
    return gate.state is not GateState.OPEN and gate.until is not None and gate.until > now
