"""The recorded past, runs of learning and the scores of accounts.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

revision = "0002"
down_revision: str | None = "0001"

metadata = MetaData()

_Whole = BigInteger().with_variant(Integer(), "sqlite")

# Only named here, so that a key can point to it.
accounts = Table("accounts", metadata, Column("account_id", Text, primary_key=True))

# What an import said about its whole: fact columns, proxies, how far each outcome was watched.
past_exports = Table(
    "past_exports",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at_us", _Whole, nullable=False),
    Column("as_of_us", _Whole, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What a past lead has beyond the columns of leads.
past_leads = Table(
    "past_leads",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("created_us", _Whole),
    Column("body", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_events = Table(
    "past_events",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("at_us", _Whole),
    Column("kind", Text, nullable=False),
    Column("lead_id", Text),
    Column("account_id", Text, nullable=False),
    Column("contact_id", Text),
    Column("amount", _Whole),
    Column("currency", Text),
    Column("reason", Text),
    Column("value", REAL),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_facts = Table(
    "past_facts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("fact", Text, primary_key=True),
    Column("known_us", _Whole, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

past_spend = Table(
    "past_spend",
    metadata,
    Column("month_us", _Whole, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", _Whole, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Every run of learning; its number is that of its row in the log.
learnings = Table(
    "learnings",
    metadata,
    Column("seq", _Whole, primary_key=True, autoincrement=False),
    Column("at_us", _Whole, nullable=False),
    Column("as_of_us", _Whole, nullable=False),
    Column("artifact_digest", Text),
    Column("published", Integer, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_strict=True,
)

account_scores = Table(
    "account_scores",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("score", REAL, nullable=False),
    Column("detractor", REAL, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("artifact_digest", Text, nullable=False),
    Column("as_of_us", _Whole, nullable=False),
    Column("scored_us", _Whole, nullable=False),
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
