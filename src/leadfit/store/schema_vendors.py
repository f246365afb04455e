"""The tables of facts that are bought; see :mod:`leadfit.store.schema`.

Money and credits are in millionths. Whom a call was about is a domain, an id or a keyed digest.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from leadfit.store.types import NUMBER, WHOLE, WORDS, metadata, only

purchases = Table(
    "purchases",
    metadata,
    Column("purchase_id", WORDS, primary_key=True),
    Column("signal_id", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("vendor", WORDS, nullable=False),
    Column("whom_kind", WORDS, nullable=False),
    Column("whom_key", WORDS, nullable=False),
    Column("facts", WORDS, nullable=False),
    Column("flips", WORDS, nullable=False),
    Column("chance", NUMBER, nullable=False),
    Column("value", WHOLE, nullable=False),
    Column("price", WHOLE, nullable=False),
    Column("asked_us", WHOLE, nullable=False),
    Column("until_us", WHOLE, nullable=False),
    Column("state", WORDS, nullable=False),
    Column("reason", WORDS),
    Column("attempts", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("next_us", WHOLE, nullable=False),
    # Who asks now and until when that is believed; what a vendor said to ask again by.
    Column("holder", WORDS),
    Column("lease_us", WHOLE),
    Column("ticket", WORDS),
    Column("answer_id", WORDS),
    Column("done_us", WHOLE),
    # Whether the decision came out otherwise than it would have; empty while that is not known.
    Column("changed", Integer),
    Index("purchases_signal", "signal_id"),
    Index("purchases_lead", "lead_id", **only("lead_id IS NOT NULL")),
    Index("purchases_open", "vendor", "next_us", **only("state IN ('wanted', 'asked')")),
    Index("purchases_answered", "whom_kind", "whom_key", **only("state = 'answered'")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# The ledger: every call, what it cost, what it brought. Rows are never taken away.
vendor_calls = Table(
    "vendor_calls",
    metadata,
    Column("call_id", WORDS, primary_key=True),
    Column("purchase_id", WORDS, nullable=False),
    Column("vendor", WORDS, nullable=False),
    Column("at_us", WHOLE, nullable=False),
    Column("ended_us", WHOLE),
    Column("state", WORDS, nullable=False),
    Column("reason", WORDS),
    Column("status", Integer),
    Column("month", WORDS, nullable=False),
    Column("reserved_money", WHOLE, nullable=False),
    Column("reserved_credits", WHOLE, nullable=False),
    Column("money", WHOLE, nullable=False),
    Column("credits", WHOLE, nullable=False),
    Column("facts", WORDS, nullable=False),
    Index("vendor_calls_purchase", "purchase_id"),
    Index("vendor_calls_at", "at_us"),
    Index("vendor_calls_vendor", "vendor", "at_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What was spent and what calls under way may still cost, by calendar month in UTC.
vendor_budgets = Table(
    "vendor_budgets",
    metadata,
    Column("vendor", WORDS, primary_key=True),
    Column("month", WORDS, primary_key=True),
    Column("unit", WORDS, primary_key=True),
    Column("reserved", WHOLE, nullable=False),
    Column("spent", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# When a vendor may be called next, for all processes together.
vendor_paces = Table(
    "vendor_paces",
    metadata,
    Column("vendor", WORDS, primary_key=True),
    Column("bucket", WORDS, primary_key=True),
    Column("version", WHOLE, nullable=False),
    Column("body", WORDS, nullable=False),
    Column("free_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Whom a vendor was asked about last, so that nobody pays twice within a time.
vendor_subjects = Table(
    "vendor_subjects",
    metadata,
    Column("vendor", WORDS, primary_key=True),
    Column("whom_kind", WORDS, primary_key=True),
    Column("whom_key", WORDS, primary_key=True),
    Column("purchase_id", WORDS, nullable=False),
    Column("asked_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What comparing a vendor's answers with the truth came to.
vendor_audits = Table(
    "vendor_audits",
    metadata,
    Column("vendor", WORDS, primary_key=True),
    Column("at_us", WHOLE, primary_key=True, autoincrement=False),
    Column("body", WORDS, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
