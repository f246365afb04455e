"""The tables of matching; see :mod:`leadfit.store.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from leadfit.store.types import NUMBER, WHOLE, WORDS, metadata, only

# Records by the keyed digest of a blocking key; nothing in it can be read back.
blocking = Table(
    "blocking",
    metadata,
    Column("key", WHOLE, primary_key=True, autoincrement=False),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("record_id", WORDS, primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# How each signal that opens a lead was matched; what the match KPIs are counted from.
links = Table(
    "links",
    metadata,
    Column("signal_id", WORDS, primary_key=True),
    Column("lead_id", WORDS),
    Column("decided_us", WHOLE, nullable=False),
    Column("band", WORDS, nullable=False),
    Column("probability", NUMBER, nullable=False),
    Column("method", WORDS, nullable=False),
    Column("account_id", WORDS),
    Column("possible_account_id", WORDS),
    Column("is_new_account", Integer, nullable=False),
    Column("card_digest", WORDS),
    Index("links_decided", "decided_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Pairs a person is asked about: links in doubt, possible duplicates, and the audit of links made.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", WORDS, primary_key=True),
    Column("kind", WORDS, nullable=False),
    Column("record_kind", WORDS, nullable=False),
    Column("left_id", WORDS, nullable=False),
    Column("right_id", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("signal_id", WORDS),
    Column("probability", NUMBER, nullable=False),
    Column("stratum", WORDS, nullable=False),
    Column("chosen_with", NUMBER, nullable=False),
    Column("card_digest", WORDS),
    Column("evidence", WORDS, nullable=False),
    Column("opened_us", WHOLE, nullable=False),
    Column("due_us", WHOLE),
    Column("alerted_us", WHOLE),
    Column("decided_us", WHOLE),
    Column("reviewer", WORDS),
    Column("relation", WORDS),
    Column("reason", WORDS),
    Index("reviews_open", "due_us", **only("decided_us IS NULL")),
    Index("reviews_decided", "decided_us", **only("decided_us IS NOT NULL")),
    Index("reviews_lead", "lead_id", **only("lead_id IS NOT NULL")),
    Index(
        "reviews_pair", "kind", "left_id", "right_id", unique=True,
        **only("decided_us IS NULL"),
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)  # fmt: skip

# Every merge that was made; undoing one takes back its pointer and keeps this row.
merges = Table(
    "merges",
    metadata,
    Column("merge_id", WORDS, primary_key=True),
    Column("record_kind", WORDS, nullable=False),
    Column("survivor_id", WORDS, nullable=False),
    Column("absorbed_id", WORDS, nullable=False),
    Column("merged_us", WHOLE, nullable=False),
    Column("by", WORDS, nullable=False),
    Column("reason", WORDS),
    Column("review_id", WORDS),
    Column("probability", NUMBER),
    Column("card_digest", WORDS),
    Column("evidence", WORDS, nullable=False),
    Column("provenance", WORDS, nullable=False),
    Column("closed_lead_id", WORDS),
    Column("undone_us", WHOLE),
    Column("undone_by", WORDS),
    Column("undone_reason", WORDS),
    Index("merges_absorbed", "absorbed_id"),
    Index("merges_survivor", "survivor_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
