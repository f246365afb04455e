"""One durable decision: what its rooms keep beside it.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table

from leadfit.store.types import WHOLE, WORDS, only

revision = "0004"
down_revision: str | None = "0003"

metadata = MetaData()

destinations = Table(
    "destinations",
    metadata,
    Column("destination", WORDS, primary_key=True),
    Column("state", WORDS, nullable=False),
    Column("until_us", WHOLE),
    Column("why", WORDS),
    Column("failing_us", WHOLE),
    Column("changed_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

echoes = Table(
    "echoes",
    metadata,
    Column("system", WORDS, primary_key=True),
    Column("object_id", WORDS, primary_key=True),
    Column("field", WORDS, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("version", WORDS),
    Column("written_us", WHOLE, nullable=False),
    Column("until_us", WHOLE, nullable=False),
    Column("used_us", WHOLE),
    Index("echoes_until", "until_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

echo_rounds = Table(
    "echo_rounds",
    metadata,
    Column("system", WORDS, primary_key=True),
    Column("object_id", WORDS, primary_key=True),
    Column("field", WORDS, primary_key=True),
    Column("rounds", Integer, nullable=False),
    Column("since_us", WHOLE, nullable=False),
    Column("until_us", WHOLE, nullable=False),
    Index("echo_rounds_until", "until_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

contents = Table(
    "contents",
    metadata,
    Column("digest", WORDS, primary_key=True),
    Column("kind", WORDS, nullable=False),
    Column("seq", WHOLE, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

erased = Table(
    "erased",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("at_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

breaches = Table(
    "breaches",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("kind", WORDS, nullable=False),
    Column("step", WORDS, nullable=False),
    Column("lead_id", WORDS, nullable=False),
    Column("assignment_id", WORDS),
    Column("owner_id", WORDS),
    Column("tier", Integer),
    Column("due_us", WHOLE, nullable=False),
    Column("fired_us", WHOLE, nullable=False),
    Index("breaches_fired", "fired_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("recipient", WORDS, nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("destination", WORDS, nullable=False),
    Column("lead_id", WORDS, nullable=False),
    Column("assignment_id", WORDS),
    Column("due_us", WHOLE, nullable=False),
    Column("fields", WORDS, nullable=False),
    Column("told_by", WORDS),
    Column("told_us", WHOLE),
    Index("notices_waiting", "due_us", **only("told_by IS NULL")),
    Index("notices_told", "recipient", "kind", "destination", "told_us"),
    Index("notices_lead", "lead_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

source_hours = Table(
    "source_hours",
    metadata,
    Column("source", WORDS, primary_key=True),
    Column("hour_us", WHOLE, primary_key=True, autoincrement=False),
    Column("received", WHOLE, nullable=False),
    Column("without_email", WHOLE, nullable=False),
    Column("without_key", WHOLE, nullable=False),
    Index("source_hours_hour", "hour_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

refused_signals = Table(
    "refused_signals",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("at_us", WHOLE, nullable=False),
    Column("source", WORDS, nullable=False),
    Column("event_id", WORDS, nullable=False),
    Column("code", WORDS, nullable=False),
    Column("reason", WORDS, nullable=False),
    Column("person", LargeBinary),
    Column("body", WORDS, nullable=False),
    Index("refused_signals_at", "at_us"),
    Index("refused_signals_person", "person", **only("person IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

pool_turns = Table(
    "pool_turns",
    metadata,
    Column("pool", WORDS, primary_key=True),
    Column("rep_id", WORDS, primary_key=True),
    Column("turn", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

overrides = Table(
    "overrides",
    metadata,
    Column("assignment_id", WORDS, primary_key=True),
    Column("lead_id", WORDS, nullable=False),
    Column("from_id", WORDS),
    Column("to_id", WORDS, nullable=False),
    Column("by", WORDS, nullable=False),
    Column("reason", WORDS, nullable=False),
    Column("at_us", WHOLE, nullable=False),
    Index("overrides_at", "at_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

_ADDED: tuple[tuple[str, Column[Any]], ...] = (
    ("people", Column("key", LargeBinary)),
    ("decisions", Column("seq", WHOLE)),
    ("decisions", Column("sealed", LargeBinary)),
    ("clocks", Column("deadline_us", WHOLE)),
    ("outbox", Column("holder", WORDS)),
    ("outbox", Column("lease_us", WHOLE)),
    ("outbox", Column("doubts", Integer, nullable=False, server_default="0")),
    ("outbox", Column("again_us", WHOLE)),
    ("outbox", Column("fallback_us", WHOLE)),
    ("slots", Column("claimed_us", WHOLE)),
    ("keys", Column("expires_us", WHOLE)),
    ("keys", Column("used_us", WHOLE)),
    ("keys", Column("revoked_us", WHOLE)),
)

_OPEN = "state IN ('pending', 'sending', 'ambiguous')"


def upgrade() -> None:
    """Take the step."""
    for table, column in _ADDED:
        op.add_column(table, column)
    op.create_index("decisions_seq", "decisions", ["seq"], **only("seq IS NOT NULL"))
    # The deadline of a clock that was moved before this step is not known any more.
    op.execute("UPDATE clocks SET deadline_us = due_us WHERE step = 0")
    op.create_index(
        "clocks_deadline", "clocks", ["deadline_us"], **only("kind = 'assignment_to_touch'")
    )
    op.drop_index("outbox_due", "outbox")
    op.create_index("outbox_ready", "outbox", ["destination", "next_us"], **only(_OPEN))
    op.create_index("outbox_sending", "outbox", ["holder"], **only("state = 'sending'"))
    op.create_index("outbox_dead", "outbox", ["done_us"], **only("state IN ('dead', 'refused')"))
    op.create_index(
        "outbox_waiting", "outbox", ["due_us"],
        **only(f"{_OPEN} AND fallback_us IS NULL AND kind IN ('alert', 'page')"),
    )  # fmt: skip
    op.create_index("slots_claimed", "slots", ["claimed_us", "rep_id"])
    op.create_index("leads_open_owner", "leads", ["owner_id"], **only("is_open = 1"))
    op.create_index(
        "leads_wanting_another", "leads", ["retry_us"],
        **only("is_open = 1 AND owner_id IS NOT NULL AND retry_us IS NOT NULL"),
    )  # fmt: skip
    metadata.create_all(op.get_bind())
