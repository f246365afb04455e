"""Holds the ledger of calls against what else is written of them, and names what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leadfit.buying import VENDOR
from leadfit.store.sql import Connection

_BUDGETS: Final = """
SELECT vendor, month, unit, sum(spent), sum(reserved), sum(made), sum(under_way) FROM (
    SELECT vendor, month, unit, spent, reserved, 0 AS made, 0 AS under_way FROM vendor_budgets
    UNION ALL SELECT vendor, month, 'money', 0, 0, money,
        CASE WHEN state IN ('open', 'later') THEN reserved_money ELSE 0 END FROM vendor_calls
    UNION ALL SELECT vendor, month, 'credits', 0, 0, credits,
        CASE WHEN state IN ('open', 'later') THEN reserved_credits ELSE 0 END FROM vendor_calls
) AS both_sides
GROUP BY vendor, month, unit
HAVING sum(spent) <> sum(made) OR sum(reserved) <> sum(under_way)
ORDER BY vendor, month, unit
"""
_WITHOUT_PURCHASE: Final = """
SELECT call_id FROM vendor_calls WHERE NOT EXISTS
    (SELECT 1 FROM purchases WHERE purchases.purchase_id = vendor_calls.purchase_id)
ORDER BY call_id
"""
_NOT_ANSWERED: Final = """
SELECT call_id FROM vendor_calls JOIN purchases USING (purchase_id)
WHERE vendor_calls.state = 'answered' AND purchases.state <> 'answered' ORDER BY call_id
"""
_WITHOUT_CALL: Final = """
SELECT purchase_id FROM purchases WHERE state = 'answered' AND NOT EXISTS
    (SELECT 1 FROM vendor_calls WHERE vendor_calls.purchase_id = purchases.purchase_id
     AND vendor_calls.state = 'answered')
ORDER BY purchase_id
"""
_WITHOUT_ANSWER: Final = """
SELECT purchase_id FROM purchases WHERE state = 'answered' AND NOT EXISTS
    (SELECT 1 FROM signals WHERE signals.signal_id = purchases.answer_id
     AND signals.source = ? || purchases.vendor AND signals.event_id = purchases.purchase_id)
ORDER BY purchase_id
"""


def ledger_faults(connection: Connection) -> Iterator[str]:
    """Yield what of purchases, calls and budgets does not fit together, in words, with its place.

    The ledger is no part of the log: whoever changes all of it alike is not found.

    Args:
        connection: Of the transaction.
    """
    for vendor, month, unit, *amounts in connection.execute(_BUDGETS):
        spent, reserved, made, under_way = (float(each) / 1_000_000 for each in amounts)
        yield (
            f"vendor_budgets, {vendor}, {month}, {unit}: {spent:.10g} spent and {reserved:.10g} "
            f"set aside, while its calls come to {made:.10g} and {under_way:.10g}"
        )
    for table, question, values, words in (
        ("vendor_calls", _WITHOUT_PURCHASE, (), "its purchase is missing"),
        ("vendor_calls", _NOT_ANSWERED, (), "it was answered, and its purchase was not"),
        ("purchases", _WITHOUT_CALL, (), "no call of the ledger was answered"),
        ("purchases", _WITHOUT_ANSWER, (VENDOR,), "its answer is not in the log"),
    ):
        for (key,) in connection.execute(question, values):
            yield f"{table}, {key}: {words}"
