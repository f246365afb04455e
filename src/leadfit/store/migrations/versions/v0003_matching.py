"""Matching: merges as pointers, roles of domains, blocking keys, links, reviews.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import REAL, BigInteger, Column, Index, Integer, MetaData, Table, Text, text

revision = "0003"
down_revision: str | None = "0002"

metadata = MetaData()

_Whole = BigInteger().with_variant(Integer(), "sqlite")

# Records by the keyed digest of a blocking key; nothing in it can be read back.
blocking = Table(
    "blocking",
    metadata,
    Column("key", _Whole, primary_key=True, autoincrement=False),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("record_id", Text, primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# How each signal that opens a lead was matched; what the match KPIs are counted from.
links = Table(
    "links",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("lead_id", Text),
    Column("decided_us", _Whole, nullable=False),
    Column("band", Text, nullable=False),
    Column("probability", REAL, nullable=False),
    Column("method", Text, nullable=False),
    Column("account_id", Text),
    Column("possible_account_id", Text),
    Column("is_new_account", Integer, nullable=False),
    Column("card_digest", Text),
    Index("links_decided", "decided_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Pairs a person is asked about: links in doubt, possible duplicates, and the audit of links made.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("record_kind", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("lead_id", Text),
    Column("signal_id", Text),
    Column("probability", REAL, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("chosen_with", REAL, nullable=False),
    Column("card_digest", Text),
    Column("evidence", Text, nullable=False),
    Column("opened_us", _Whole, nullable=False),
    Column("due_us", _Whole),
    Column("alerted_us", _Whole),
    Column("decided_us", _Whole),
    Column("reviewer", Text),
    Column("relation", Text),
    Column("reason", Text),
    Index("reviews_open", "due_us", sqlite_where=text("decided_us IS NULL")),
    Index("reviews_decided", "decided_us", sqlite_where=text("decided_us IS NOT NULL")),
    Index("reviews_lead", "lead_id", sqlite_where=text("lead_id IS NOT NULL")),
    Index(
        "reviews_pair", "kind", "left_id", "right_id", unique=True,
        sqlite_where=text("decided_us IS NULL"),
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)  # fmt: skip

# Every merge that was made; undoing one takes back its pointer and keeps this row.
merges = Table(
    "merges",
    metadata,
    Column("merge_id", Text, primary_key=True),
    Column("record_kind", Text, nullable=False),
    Column("survivor_id", Text, nullable=False),
    Column("absorbed_id", Text, nullable=False),
    Column("merged_us", _Whole, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("review_id", Text),
    Column("probability", REAL),
    Column("card_digest", Text),
    Column("evidence", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("closed_lead_id", Text),
    Column("undone_us", _Whole),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    Index("merges_absorbed", "absorbed_id"),
    Index("merges_survivor", "survivor_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

_ADDED = (
    ("accounts", Column("merged_into", Text)),
    ("accounts", Column("normal", Text)),
    ("contacts", Column("merged_into", Text)),
    ("people", Column("normal", Text)),
    ("domains", Column("role", Text, nullable=False, server_default="primary")),
    ("domains", Column("source", Text, nullable=False, server_default="import")),
    ("domains", Column("since_us", _Whole)),
    ("domains", Column("until_us", _Whole)),
)


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    for table in ("accounts", "contacts"):
        op.create_index(
            f"{table}_merged", table, ["merged_into"],
            sqlite_where=text("merged_into IS NOT NULL"),
        )  # fmt: skip
    metadata.create_all(op.get_bind())
