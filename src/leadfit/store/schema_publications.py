"""The table of rules that were put in force; see :mod:`leadfit.store.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from leadfit.store.types import WHOLE, WORDS, metadata

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
