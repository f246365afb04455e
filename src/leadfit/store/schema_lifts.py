"""The table of overridden tiers; see :mod:`leadfit.store.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from leadfit.store.types import WHOLE, WORDS, metadata

# Leads that a person lifted over the intent gate, or over a tier that a flag forced.
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
