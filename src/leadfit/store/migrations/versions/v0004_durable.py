"""One durable decision: what its rooms keep beside it.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, MetaData

revision = "0004"
down_revision: str | None = "0003"

metadata = MetaData()

_ADDED: tuple[tuple[str, Column[object]], ...] = ()


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    metadata.create_all(op.get_bind())
