"""The table of experiments; see :mod:`leadfit.store.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from leadfit.store.types import NUMBER, WHOLE, WORDS, metadata

# Who was drawn into which arm of an experiment, with the chances at that time; never changed.
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
