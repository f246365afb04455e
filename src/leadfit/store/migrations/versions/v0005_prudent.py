"""What is weighed before it is done: bought facts and their proofs, policy changes, experiments.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table

from leadfit.store.types import NUMBER, WHOLE, WORDS, only

revision = "0005"
down_revision: str | None = "0004"

metadata = MetaData()

publications = Table(
    "publications",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("seq", WHOLE, nullable=False),
    Column("at_us", WHOLE, nullable=False),
    Column("change", WORDS, nullable=False),
    Column("policy_digest", WORDS, nullable=False),
    Column("artifact_digest", WORDS),
    Column("said_by", WORDS, nullable=False),
    Column("reason", WORDS, nullable=False),
    Column("before_policy", WORDS, nullable=False),
    Column("before_artifact", WORDS),
    Column("plan_digest", WORDS),
    Column("restores", Integer),
    sqlite_strict=True,
)

lifts = Table(
    "lifts",
    metadata,
    Column("decision_id", WORDS, primary_key=True),
    Column("lead_id", WORDS, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("from_tier", Integer, nullable=False),
    Column("by", WORDS, nullable=False),
    Column("reason", WORDS),
    Column("at_us", WHOLE, nullable=False),
    Index("lifts_lead", "lead_id"),
    Index("lifts_at", "at_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

trials = Table(
    "trials",
    metadata,
    Column("experiment", WORDS, primary_key=True),
    Column("lead_id", WORDS, primary_key=True),
    Column("cluster_id", WORDS, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("arm", WORDS, nullable=False),
    Column("target_minutes", NUMBER, nullable=False),
    Column("chances", WORDS, nullable=False),
    Column("draw", WORDS, nullable=False),
    Column("enrolled_us", WHOLE, nullable=False),
    Index("trials_cluster", "experiment", "cluster_id", "enrolled_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

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
    Column("holder", WORDS),
    Column("lease_us", WHOLE),
    Column("ticket", WORDS),
    Column("answer_id", WORDS),
    Column("done_us", WHOLE),
    Column("changed", Integer),
    Index("purchases_signal", "signal_id"),
    Index("purchases_lead", "lead_id", **only("lead_id IS NOT NULL")),
    Index("purchases_open", "vendor", "next_us", **only("state IN ('wanted', 'asked')")),
    Index("purchases_answered", "whom_kind", "whom_key", **only("state = 'answered'")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

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

vendor_audits = Table(
    "vendor_audits",
    metadata,
    Column("vendor", WORDS, primary_key=True),
    Column("at_us", WHOLE, primary_key=True, autoincrement=False),
    Column("body", WORDS, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

enrich_waits = Table(
    "enrich_waits",
    metadata,
    Column("signal_id", WORDS, primary_key=True),
    Column("began_us", WHOLE, nullable=False),
    Column("until_us", WHOLE, nullable=False),
    Column("is_open", Integer, nullable=False),
    Index("enrich_waits_open", "until_us", **only("is_open = 1")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

certificates = Table(
    "certificates",
    metadata,
    Column("decision_id", WORDS, primary_key=True),
    Column("lead_id", WORDS),
    Column("digest", WORDS, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("certificates_lead", "lead_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

fact_values = Table(
    "fact_values",
    metadata,
    Column("fact", WORDS, primary_key=True),
    Column("value", WORDS, primary_key=True),
    Column("seen", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

_ADDED: tuple[tuple[str, Column[Any]], ...] = ()


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    metadata.create_all(op.get_bind())
