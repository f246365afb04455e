"""Calls of vendors: what is to be bought, what is set aside for it, and the ledger of all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from leadfit.buying import Purchase, PurchaseState
from leadfit.store.codec import from_us, maybe_time, maybe_us, pack_text, to_us
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_ledger import ledger_faults
from leadfit.store.sql_paces import SqlPaces, hold_to
from leadfit.store.sql_purchases import PURCHASE, as_written, purchase_of
from leadfit.store.vendors import (
    Begun,
    Bill,
    CallState,
    Ended,
    PurchaseView,
    Spent,
    Terms,
    VendorCall,
    month_of,
)

_NO_LIMIT: Final = 2**62
_OPEN: Final = "('wanted', 'asked')"
_UNDER_WAY: Final = "('open', 'later')"
_VIEW: Final = f"{PURCHASE}, state, reason, attempts, doubts, ticket, answer_id, done_us, changed"
_COLUMNS: Final = 13
_CALL: Final = (
    "vendor_calls.call_id, vendor_calls.purchase_id, vendor_calls.vendor, vendor_calls.at_us,"
    " vendor_calls.state, purchases.signal_id, coalesce(purchases.lead_id, signals.lead_id),"
    " vendor_calls.reason,"
    " vendor_calls.status, vendor_calls.money, vendor_calls.credits, vendor_calls.facts,"
    " vendor_calls.ended_us, purchases.changed,"
    # A signal may be decided again, by a person's hand or a breach; calls are made for the first.
    " (SELECT decisions.decision_id FROM decisions WHERE decisions.lead_id = signals.lead_id"
    " AND decisions.signal_id = signals.signal_id"
    " ORDER BY decisions.decided_us, decisions.decision_id LIMIT 1)"
)
# One guarded statement: what is set aside and spent never exceeds the limit, on any store.
_SET_ASIDE: Final = """
UPDATE vendor_budgets SET reserved = reserved + :wanted
WHERE vendor = :vendor AND month = :month AND unit = :unit
AND reserved + spent + :wanted <= :most
"""
_CLAIM: Final = """
INSERT INTO vendor_subjects (vendor, whom_kind, whom_key, purchase_id, asked_us)
VALUES (:vendor, :kind, :key, :purchase, :now)
ON CONFLICT (vendor, whom_kind, whom_key) DO UPDATE
SET purchase_id = excluded.purchase_id, asked_us = excluded.asked_us
WHERE vendor_subjects.asked_us <= :since OR vendor_subjects.purchase_id = excluded.purchase_id
"""


class SqlVendors:
    """See :class:`leadfit.store.vendors.Vendors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._paces = SqlPaces(connection)

    def ready(self, now: datetime) -> tuple[str, ...]:
        """Return the vendors of which something is to be bought now."""
        rows = self._connection.execute(
            f"SELECT DISTINCT vendor FROM purchases WHERE state IN {_OPEN} AND next_us <= ?"  # noqa: S608 -- fixed words
            " ORDER BY vendor",
            (to_us(now),),
        )
        return tuple(row[0] for row in rows)

    def holders(self, now: datetime) -> tuple[str, ...]:
        """Return who holds purchases whose lease runs on."""
        rows = self._connection.execute(
            "SELECT DISTINCT holder FROM purchases WHERE state = 'asked'"
            " AND holder IS NOT NULL AND lease_us > ? ORDER BY holder",
            (to_us(now),),
        )
        return tuple(row[0] for row in rows)

    def due(
        self, vendor: str, now: datetime, limit: int, gone: Sequence[str] = ()
    ) -> tuple[PurchaseView, ...]:
        """Return what is to be bought of a vendor now, the longest waiting first."""
        rows = self._connection.execute(
            f"SELECT {_VIEW} FROM purchases WHERE vendor = ? AND state IN {_OPEN}"  # noqa: S608 -- fixed words and placeholders
            " AND next_us <= ? AND (holder IS NULL OR lease_us <= ?"
            f" OR holder IN ({','.join('?' * len(gone))}))"
            " ORDER BY next_us, purchase_id LIMIT ?",
            (vendor, to_us(now), to_us(now), *gone, limit),
        )
        return tuple(as_written("purchases", row[0], partial(_purchase_view, row)) for row in rows)

    def view(self, purchase_id: str) -> PurchaseView | None:
        """Return how a purchase stands."""
        row = self._connection.execute(
            f"SELECT {_VIEW} FROM purchases WHERE purchase_id = ?",  # noqa: S608 -- fixed columns
            (purchase_id,),
        ).fetchone()
        if row is None:
            return None
        return as_written("purchases", row[0], partial(_purchase_view, row))

    def views(self, limit: int, vendor: str | None = None) -> tuple[PurchaseView, ...]:
        """Return the latest purchases, newest first."""
        rows = self._connection.execute(
            f"SELECT {_VIEW} FROM purchases WHERE vendor = coalesce(?, vendor)"  # noqa: S608 -- fixed columns
            " ORDER BY asked_us DESC, purchase_id DESC LIMIT ?",
            (vendor, limit),
        )
        return tuple(as_written("purchases", row[0], partial(_purchase_view, row)) for row in rows)

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
        """Set aside what a call may cost, take its turn, and write that it begins."""
        self._lose(purchase.purchase_id, now)
        # It is paid in the month in which its turn is.
        free = self._paces.free_at(purchase.vendor, terms.bucket, terms.limits, now)
        month = month_of(min(free, terms.latest))
        why_not = self._why_not(purchase, terms, month)
        if why_not is not None:
            return Begun(at=now, why_not=why_not)
        taken = self._paces.take(
            purchase.vendor, terms.bucket, terms.limits, now=now, latest=terms.latest
        )
        if not taken:
            return Begun(at=free, why_not="rate")
        self._claim(purchase, terms, now)
        self._set_aside(purchase.vendor, month, "money", terms.most.money, terms.money_a_month)
        self._set_aside(
            purchase.vendor, month, "credits", terms.most.credits, terms.credits_a_month
        )
        self._connection.execute(
            "UPDATE purchases SET state = 'asked', attempts = attempts + 1, holder = ?,"
            " lease_us = ?, ticket = NULL, reason = NULL WHERE purchase_id = ?",
            (holder, to_us(lease), purchase.purchase_id),
        )
        self._connection.execute(
            "INSERT INTO vendor_calls (call_id, purchase_id, vendor, at_us, state, month,"
            " reserved_money, reserved_credits, money, credits, facts)"
            " VALUES (?, ?, ?, ?, 'open', ?, ?, ?, 0, 0, '[]')",
            (
                call_id, purchase.purchase_id, purchase.vendor, to_us(taken[0]), month,
                terms.most.money, terms.most.credits,
            ),
        )  # fmt: skip
        return Begun(call_id=call_id, at=taken[0])

    def _why_not(self, purchase: Purchase, terms: Terms, month: str) -> str | None:
        whom, since = purchase.whom, to_us(terms.fresh_since)
        row = self._connection.execute(
            "SELECT 1 FROM vendor_subjects WHERE vendor = ? AND whom_kind = ? AND whom_key = ?"
            " AND asked_us > ? AND purchase_id <> ?",
            (purchase.vendor, whom.kind, whom.key, since, purchase.purchase_id),
        ).fetchone()
        if row is not None:
            return "asked"
        used = self.spent(purchase.vendor, month)
        for unit, wanted, most in (
            ("money", terms.most.money, terms.money_a_month),
            ("credits", terms.most.credits, terms.credits_a_month),
        ):
            each = used.get(unit, Spent())
            if most is not None and each.reserved + each.spent + wanted > most:
                return unit
        return None

    def _claim(self, purchase: Purchase, terms: Terms, now: datetime) -> None:
        claimed = self._connection.execute(
            _CLAIM,
            {
                "vendor": purchase.vendor,
                "kind": purchase.whom.kind,
                "key": purchase.whom.key,
                "purchase": purchase.purchase_id,
                "now": to_us(now),
                "since": to_us(terms.fresh_since),
            },
        ).rowcount
        hold_to(claimed == 1)

    def _set_aside(self, vendor: str, month: str, unit: str, wanted: int, most: int | None) -> None:
        self._connection.execute(
            "INSERT INTO vendor_budgets (vendor, month, unit, reserved, spent)"
            " VALUES (?, ?, ?, 0, 0) ON CONFLICT (vendor, month, unit) DO NOTHING",
            (vendor, month, unit),
        )
        taken = self._connection.execute(
            _SET_ASIDE,
            {
                "wanted": wanted,
                "vendor": vendor,
                "month": month,
                "unit": unit,
                "most": _NO_LIMIT if most is None else most,
            },
        ).rowcount
        hold_to(taken == 1)

    def _lose(self, purchase_id: str, now: datetime) -> None:
        """Write down a call that began and was lost: it may have been carried out and paid."""
        rows = self._connection.execute(
            "SELECT call_id, reserved_money, reserved_credits FROM vendor_calls"  # noqa: S608 -- fixed words
            f" WHERE purchase_id = ? AND state IN {_UNDER_WAY}",
            (purchase_id,),
        ).fetchall()
        for call_id, money, credit in rows:
            self._close(
                call_id, CallState.UNCLEAR, Bill(money=money, credits=credit), now, reason="lost"
            )
            self._connection.execute(
                "UPDATE purchases SET doubts = doubts + 1 WHERE purchase_id = ?", (purchase_id,)
            )

    def again(self, purchase_id: str, holder: str, lease: datetime) -> str | None:
        """Take a purchase whose answer is not ready up again; return the call that goes on."""
        row = self._connection.execute(
            "SELECT call_id FROM vendor_calls WHERE purchase_id = ? AND state = 'later'",
            (purchase_id,),
        ).fetchone()
        if row is None:
            return None
        self._connection.execute(
            "UPDATE purchases SET attempts = attempts + 1, holder = ?, lease_us = ?"
            " WHERE purchase_id = ?",
            (holder, to_us(lease), purchase_id),
        )
        return str(row[0])

    def end(self, call_id: str, ended: Ended, now: datetime) -> None:
        """Write how a call ended; what was set aside and not spent is free again."""
        row = self._connection.execute(
            f"SELECT purchase_id FROM vendor_calls WHERE call_id = ? AND state IN {_UNDER_WAY}",  # noqa: S608 -- fixed words
            (call_id,),
        ).fetchone()
        if row is None:
            # It took so long that another worker has written it down as lost.
            return
        purchase_id = row[0]
        if ended.state is CallState.LATER:
            self._connection.execute(
                "UPDATE vendor_calls SET state = 'later' WHERE call_id = ?", (call_id,)
            )
        else:
            self._close(
                call_id, ended.state, ended.cost, now,
                reason=ended.reason, status=ended.status, facts=ended.facts,
            )  # fmt: skip
        if ended.state is CallState.HELD:
            self._connection.execute(
                "DELETE FROM vendor_subjects WHERE purchase_id = ?", (purchase_id,)
            )
        goes_on = ended.then in {PurchaseState.WANTED, PurchaseState.ASKED}
        self._connection.execute(
            "UPDATE purchases SET state = ?, reason = ?, next_us = coalesce(?, next_us),"
            " ticket = ?, answer_id = ?, done_us = ?, doubts = doubts + ?,"
            " holder = NULL, lease_us = NULL WHERE purchase_id = ?",
            (
                ended.then.value, ended.reason, maybe_us(ended.next_at), ended.ticket,
                ended.answer_id, None if goes_on else to_us(now),
                int(ended.state is CallState.UNCLEAR), purchase_id,
            ),
        )  # fmt: skip

    def _close(
        self,
        call_id: str,
        state: CallState,
        cost: Bill,
        now: datetime,
        *,
        reason: str | None = None,
        status: int | None = None,
        facts: Sequence[str] = (),
    ) -> None:
        """Write the end of a call into the ledger, and what it cost into the budgets."""
        row = self._connection.execute(
            "SELECT vendor, month, reserved_money, reserved_credits FROM vendor_calls"
            " WHERE call_id = ?",
            (call_id,),
        ).fetchone()
        vendor, month, money, credit = row
        self._connection.execute(
            "UPDATE vendor_calls SET state = ?, ended_us = ?, reason = ?, status = ?, money = ?,"
            " credits = ?, facts = ? WHERE call_id = ?",
            (
                state.value, to_us(now), reason, status, cost.money, cost.credits,
                pack_text(tuple(facts)), call_id,
            ),
        )  # fmt: skip
        for unit, reserved, spent in (
            ("money", money, cost.money),
            ("credits", credit, cost.credits),
        ):
            self._connection.execute(
                "UPDATE vendor_budgets SET reserved = reserved - ?, spent = spent + ?"
                " WHERE vendor = ? AND month = ? AND unit = ?",
                (reserved, spent, vendor, month, unit),
            )

    def give_up(self, purchase_id: str, reason: str, now: datetime) -> None:
        """Write that a purchase brings nothing, and no call is made for it."""
        self._lose(purchase_id, now)
        self._connection.execute(
            "UPDATE purchases SET state = 'failed', reason = ?, done_us = ?, holder = NULL,"  # noqa: S608 -- fixed words
            f" lease_us = NULL WHERE purchase_id = ? AND state IN {_OPEN}",
            (reason, to_us(now), purchase_id),
        )

    def put_off(self, purchase_id: str, until: datetime) -> None:
        """Let a purchase that has not begun be due later."""
        self._connection.execute(
            "UPDATE purchases SET next_us = ? WHERE purchase_id = ?", (to_us(until), purchase_id)
        )

    def note_changed(self, purchase_id: str, *, changed: bool) -> None:
        """Write whether a decision came out otherwise by what was bought."""
        self._connection.execute(
            "UPDATE purchases SET changed = ? WHERE purchase_id = ?", (int(changed), purchase_id)
        )

    def spent(self, vendor: str, month: str) -> Mapping[str, Spent]:
        """Return what is used of a month, by ``money`` and ``credits``."""
        rows = self._connection.execute(
            "SELECT unit, reserved, spent FROM vendor_budgets WHERE vendor = ? AND month = ?",
            (vendor, month),
        )
        return {row[0]: Spent(reserved=row[1], spent=row[2]) for row in rows}

    def calls(self, since: datetime, until: datetime) -> tuple[VendorCall, ...]:
        """Return the calls that began in a time, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_CALL} FROM vendor_calls LEFT JOIN purchases"  # noqa: S608 -- fixed columns
            " ON purchases.purchase_id = vendor_calls.purchase_id"
            " LEFT JOIN signals ON signals.signal_id = purchases.signal_id"
            " WHERE vendor_calls.at_us >= ? AND vendor_calls.at_us < ?"
            " ORDER BY vendor_calls.at_us, vendor_calls.call_id",
            (to_us(since), to_us(until)),
        )
        return tuple(as_written("vendor_calls", row[0], partial(_call, row)) for row in rows)

    def answered(self, vendor: str) -> Mapping[tuple[str, str], str]:
        """Return the signal of the latest answer about each subject, by its kind and key."""
        rows = self._connection.execute(
            "SELECT whom_kind, whom_key, answer_id FROM purchases"
            " WHERE vendor = ? AND state = 'answered' ORDER BY done_us, purchase_id",
            (vendor,),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def ledger_faults(self, limit: int) -> tuple[str, ...]:
        """Return what of purchases, calls and budgets does not fit together, the first of it."""
        return tuple(islice(ledger_faults(self._connection), limit))

    def keep_audit(self, vendor: str, at: datetime, body: str) -> None:
        """Keep what an audit of a vendor came to."""
        self._connection.execute(
            "INSERT INTO vendor_audits (vendor, at_us, body) VALUES (?, ?, ?)"
            " ON CONFLICT (vendor, at_us) DO UPDATE SET body = excluded.body",
            (vendor, to_us(at), body),
        )

    def latest_audit(self, vendor: str) -> tuple[datetime, str] | None:
        """Return what the latest audit of a vendor came to."""
        row = self._connection.execute(
            "SELECT at_us, body FROM vendor_audits WHERE vendor = ? ORDER BY at_us DESC LIMIT 1",
            (vendor,),
        ).fetchone()
        return None if row is None else (from_us(row[0]), row[1])


def _purchase_view(row: Row) -> PurchaseView:
    state, reason, attempts, doubts, ticket, answer_id, done_us, changed = row[_COLUMNS:]
    return PurchaseView(
        purchase=purchase_of(row[:_COLUMNS]),
        state=PurchaseState(state),
        reason=reason,
        attempts=attempts,
        doubts=doubts,
        ticket=ticket,
        answer_id=answer_id,
        done_at=maybe_time(done_us),
        changed=None if changed is None else bool(changed),
    )


def _call(row: Row) -> VendorCall:
    if row[5] is None:
        message = "a call without its purchase"
        raise ValueError(message)
    return VendorCall(
        call_id=row[0],
        purchase_id=row[1],
        vendor=row[2],
        at=from_us(row[3]),
        state=CallState(row[4]),
        signal_id=row[5],
        lead_id=row[6],
        reason=row[7],
        status=row[8],
        cost=Bill(money=row[9], credits=row[10]),
        facts=tuple(json.loads(row[11])),
        latency_s=None if row[12] is None else max(0, row[12] - row[3]) / 1_000_000,
        changed=None if row[13] is None else bool(row[13]),
        decision_id=row[14],
    )
