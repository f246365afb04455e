"""What is put aside stands in nobody's way: steps and signals that fail, large storms, counts.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Index, Integer, MetaData, Table

from leadfit.store.types import WHOLE, WORDS, only

revision = "0006"
down_revision: str | None = "0005"

metadata = MetaData()

tellings = Table(
    "tellings",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("recipient", WORDS, nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("destination", WORDS, nullable=False),
    Column("number", WHOLE, nullable=False),
    Column("began_us", WHOLE, nullable=False),
    Column("ended_us", WHOLE),
    Index("tellings_open", "began_us", **only("ended_us IS NULL")),
    Index("tellings_last", "recipient", "kind", "destination", "ended_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

tallies = Table(
    "tallies",
    metadata,
    Column("name", WORDS, primary_key=True),
    Column("number", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

_ADDED: tuple[tuple[str, Column[Any]], ...] = (
    ("signals", Column("tries", Integer)),
    ("signals", Column("again_us", WHOLE)),
    ("clocks", Column("owed_us", WHOLE)),
    ("clocks", Column("tries", Integer)),
    ("clocks", Column("aside_us", WHOLE)),
    ("clocks", Column("trouble", WORDS)),
)

_FINAL = "'done', 'cancelled', 'dropped', 'folded', 'withheld'"
_COUNTED = (
    "SELECT 'accounts', count(*) FROM accounts",
    "SELECT 'contacts', count(*) FROM contacts",
    "SELECT 'decisions', count(*) FROM decisions",
    "SELECT 'leads/' || coalesce(CAST(tier AS TEXT), '-'), count(*) FROM leads GROUP BY tier",
    "SELECT 'actions', count(*) FROM outbox",
    f"SELECT 'actions/' || state, count(*) FROM outbox WHERE state IN ({_FINAL}) GROUP BY state",  # noqa: S608 -- fixed words
)


def upgrade() -> None:
    """Take the step: it adds, and counts once what is kept counted from here on."""
    for table, column in _ADDED:
        op.add_column(table, column)
    op.create_index(
        "signals_again", "signals", ["again_us"],
        **only("status = 'waiting' AND again_us IS NOT NULL"),
    )  # fmt: skip
    op.create_index("clocks_running", "clocks", ["lead_id"], **only("stopped_us IS NULL"))
    op.create_index(
        "clocks_aside", "clocks", ["aside_us"],
        **only("stopped_us IS NULL AND aside_us IS NOT NULL"),
    )  # fmt: skip
    op.create_index("outbox_ambiguous", "outbox", ["next_us"], **only("state = 'ambiguous'"))
    metadata.create_all(op.get_bind())
    for query in _COUNTED:
        op.execute(f"INSERT INTO tallies (name, number) {query}")
