"""What is weighed before it is done: bought facts and their proofs, policy changes, experiments.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Integer, MetaData, Table

from leadfit.store.types import WHOLE, WORDS

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

_ADDED: tuple[tuple[str, Column[Any]], ...] = ()


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    metadata.create_all(op.get_bind())
