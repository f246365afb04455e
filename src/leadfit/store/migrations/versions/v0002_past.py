"""The recorded past, runs of learning and the scores of accounts.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from leadfit.store.types import NUMBER, WHOLE, WORDS

revision = "0002"
down_revision: str | None = "0001"

metadata = MetaData()

# Only named here, so that a key can point to it.
accounts = Table("accounts", metadata, Column("account_id", WORDS, primary_key=True))

# What an import said about its whole: fact columns, proxies, how far each outcome was watched.
past_exports = Table(
    "past_exports",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at_us", WHOLE, nullable=False),
    Column("as_of_us", WHOLE, nullable=False),
    Column("body", WORDS, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What a past lead has beyond the columns of leads.
past_leads = Table(
    "past_leads",
    metadata,
    Column("lead_id", WORDS, primary_key=True),
    Column("created_us", WHOLE),
    Column("body", WORDS, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_events = Table(
    "past_events",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("at_us", WHOLE),
    Column("kind", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("account_id", WORDS, nullable=False),
    Column("contact_id", WORDS),
    Column("amount", WHOLE),
    Column("currency", WORDS),
    Column("reason", WORDS),
    Column("value", NUMBER),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_facts = Table(
    "past_facts",
    metadata,
    Column("account_id", WORDS, primary_key=True),
    Column("fact", WORDS, primary_key=True),
    Column("known_us", WHOLE, primary_key=True, autoincrement=False),
    Column("value", WORDS, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_spend = Table(
    "past_spend",
    metadata,
    Column("month_us", WHOLE, primary_key=True, autoincrement=False),
    Column("channel", WORDS, primary_key=True),
    Column("currency", WORDS, primary_key=True),
    Column("amount", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Every run of learning; its number is that of its row in the log.
learnings = Table(
    "learnings",
    metadata,
    Column("seq", WHOLE, primary_key=True, autoincrement=False),
    Column("at_us", WHOLE, nullable=False),
    Column("as_of_us", WHOLE, nullable=False),
    Column("artifact_digest", WORDS),
    Column("published", Integer, nullable=False),
    Column("body", WORDS, nullable=False),
    sqlite_strict=True,
)

account_scores = Table(
    "account_scores",
    metadata,
    Column("account_id", WORDS, ForeignKey("accounts.account_id"), primary_key=True),
    Column("score", NUMBER, nullable=False),
    Column("detractor", NUMBER, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("artifact_digest", WORDS, nullable=False),
    Column("as_of_us", WHOLE, nullable=False),
    Column("scored_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

_MADE = (
    past_exports,
    past_leads,
    past_events,
    past_facts,
    past_spend,
    learnings,
    account_scores,
)


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind(), tables=_MADE)


def downgrade() -> None:
    """Drop the tables."""
    metadata.drop_all(op.get_bind(), tables=_MADE)
