"""The tables of decisions that wait for bought facts, or need none; see the schema."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table

from leadfit.store.types import WHOLE, WORDS, metadata, only

# Signals that wait, or waited; where one stands is in `signals`.
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

# Why nothing that could be bought changed a decision; the digest stands in the decision, too.
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

# How often a value was found at a lead: the chance that a fact which is not known has it.
fact_values = Table(
    "fact_values",
    metadata,
    Column("fact", WORDS, primary_key=True),
    Column("value", WORDS, primary_key=True),
    Column("seen", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
