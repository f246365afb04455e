"""What is weighed before it is done: bought facts and their proofs, policy changes, experiments.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, MetaData

revision = "0005"
down_revision: str | None = "0004"

metadata = MetaData()

_ADDED: tuple[tuple[str, Column[Any]], ...] = ()


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    metadata.create_all(op.get_bind())
