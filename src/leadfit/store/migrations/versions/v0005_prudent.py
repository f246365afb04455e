"""What is weighed before it is done: bought facts and their proofs, policy changes, experiments.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Index, Integer, MetaData, Table

from leadfit.store.types import NUMBER, WHOLE, WORDS

revision = "0005"
down_revision: str | None = "0004"

metadata = MetaData()

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

_ADDED: tuple[tuple[str, Column[Any]], ...] = ()


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    metadata.create_all(op.get_bind())
