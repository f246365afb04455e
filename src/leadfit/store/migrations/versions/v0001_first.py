"""The first tables.

The definitions are a copy that stays as it is when ``leadfit.store.schema`` moves on.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from leadfit.store.types import WHOLE, WORDS, only

revision = "0001"
down_revision: str | None = None

metadata = MetaData()

log = Table(
    "log",
    metadata,
    Column("seq", WHOLE, primary_key=True, autoincrement=False),
    Column("at_us", WHOLE, nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_strict=True,
)

# One row: the last row of the log, so that a cut tail shows.
log_head = Table(
    "log_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", WHOLE, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_strict=True,
)

signals = Table(
    "signals",
    metadata,
    Column("seq", WHOLE, primary_key=True, autoincrement=False),
    Column("signal_id", WORDS, nullable=False, unique=True),
    Column("source", WORDS, nullable=False),
    Column("event_id", WORDS, nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("received_us", WHOLE, nullable=False),
    Column("status", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("reason", WORDS),
    UniqueConstraint("source", "event_id", name="signals_event"),
    Index("signals_pending", "seq", **only("status = 'accepted'")),
    Index("signals_dead", "seq", **only("status = 'dead'")),
    sqlite_strict=True,
)

# Personal values, apart from the log: what is known of a person now, and what a signal said.
people = Table(
    "people",
    metadata,
    Column("token", WORDS, primary_key=True),
    Column("email", WORDS),
    Column("body", WORDS, nullable=False),
    Index("people_email", "email", **only("email IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

statements = Table(
    "statements",
    metadata,
    Column("signal_id", WORDS, primary_key=True),
    Column("token", WORDS, ForeignKey("people.token"), nullable=False),
    Column("body", WORDS, nullable=False),
    Index("statements_token", "token"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", WORDS, primary_key=True),
    Column("name", WORDS, nullable=False),
    Column("parent_account_id", WORDS),
    Column("owner_id", WORDS),
    Column("country", WORDS),
    Column("is_customer", Integer, nullable=False),
    Column("facts", WORDS, nullable=False),
    Column("created_us", WHOLE),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

domains = Table(
    "domains",
    metadata,
    Column("domain", WORDS, primary_key=True),
    Column("account_id", WORDS, ForeignKey("accounts.account_id"), primary_key=True),
    Index("domains_account", "account_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", WORDS, primary_key=True),
    Column("account_id", WORDS, ForeignKey("accounts.account_id")),
    Column("token", WORDS, ForeignKey("people.token")),
    Column("created_us", WHOLE),
    Index("contacts_token", "token"),
    Index("contacts_account", "account_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

leads = Table(
    "leads",
    metadata,
    Column("lead_id", WORDS, primary_key=True),
    Column("created_us", WHOLE, nullable=False),
    Column("signal_us", WHOLE, nullable=False),
    Column("account_id", WORDS, ForeignKey("accounts.account_id")),
    Column("possible_account_id", WORDS),
    Column("contact_id", WORDS, ForeignKey("contacts.contact_id")),
    Column("source", WORDS),
    Column("facts", WORDS, nullable=False),
    Column("owner_id", WORDS),
    Column("tier", Integer),
    Column("is_open", Integer, nullable=False),
    Column("is_imported", Integer, nullable=False),
    Column("decision_id", WORDS),
    Column("touched_us", WHOLE),
    Column("retry_us", WHOLE),
    Index("leads_newest", "created_us", "lead_id"),
    Index("leads_tier", "tier", "created_us", "lead_id"),
    Index("leads_owner", "owner_id", "created_us", "lead_id"),
    Index("leads_contact", "contact_id", **only("is_open = 1")),
    Index("leads_account", "account_id"),
    Index(
        "leads_unassigned",
        "retry_us",
        **only("is_open = 1 AND owner_id IS NULL AND is_imported = 0"),
    ),
    sqlite_strict=True,
)

activities = Table(
    "activities",
    metadata,
    Column("signal_id", WORDS, primary_key=True),
    Column("at_us", WHOLE, nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("contact_id", WORDS),
    Column("account_id", WORDS),
    Index("activities_lead", "lead_id", "at_us", **only("lead_id IS NOT NULL")),
    Index("activities_contact", "contact_id", "at_us", **only("contact_id IS NOT NULL")),
    Index(
        "activities_account",
        "account_id",
        "at_us",
        **only("contact_id IS NULL AND account_id IS NOT NULL"),
    ),
    sqlite_strict=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", WORDS, primary_key=True),
    Column("signal_id", WORDS, nullable=False),
    Column("lead_id", WORDS),
    Column("decided_us", WHOLE, nullable=False),
    Column("policy_digest", WORDS, nullable=False),
    Column("artifact_digest", WORDS),
    Column("body", LargeBinary, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Index("decisions_lead", "lead_id", "decided_us", **only("lead_id IS NOT NULL")),
    sqlite_strict=True,
)

assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", WORDS, primary_key=True),
    Column("lead_id", WORDS, ForeignKey("leads.lead_id"), nullable=False),
    Column("owner_id", WORDS, nullable=False),
    Column("assigned_us", WHOLE, nullable=False),
    Column("ended_us", WHOLE),
    Column("body", WORDS, nullable=False),
    Index("assignments_lead", "lead_id", "assigned_us"),
    # One owner at a time, whatever the code above does.
    Index("assignments_one_owner", "lead_id", unique=True, **only("ended_us IS NULL")),
    sqlite_strict=True,
)

slots = Table(
    "slots",
    metadata,
    Column("rep_id", WORDS, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("busy_until_us", WHOLE, nullable=False),
    Column("lead_id", WORDS),
    Index("slots_busy", "busy_until_us", "rep_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

turns = Table(
    "turns",
    metadata,
    Column("rep_id", WORDS, primary_key=True),
    Column("turn", WHOLE, nullable=False),
    Index("turns_turn", "turn"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

clocks = Table(
    "clocks",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("kind", WORDS, nullable=False),
    Column("lead_id", WORDS, ForeignKey("leads.lead_id"), nullable=False),
    Column("assignment_id", WORDS),
    Column("started_us", WHOLE, nullable=False),
    Column("due_us", WHOLE),
    Column("step", Integer, nullable=False),
    Column("stopped_us", WHOLE),
    Column("stopped_by", WORDS),
    Column("breached_us", WHOLE),
    Column("late_us", WHOLE),
    Index("clocks_lead", "lead_id"),
    Index("clocks_due", "due_us", **only("stopped_us IS NULL AND due_us IS NOT NULL")),
    sqlite_strict=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("kind", WORDS, nullable=False),
    Column("destination", WORDS, nullable=False),
    Column("lead_id", WORDS, nullable=False),
    Column("assignment_id", WORDS),
    Column("due_us", WHOLE, nullable=False),
    Column("recipients", WORDS, nullable=False),
    Column("fields", WORDS, nullable=False),
    Column("state", WORDS, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", WHOLE, nullable=False),
    Column("error", WORDS),
    Column("done_us", WHOLE),
    Index("outbox_lead", "lead_id"),
    Index("outbox_due", "next_us", **only("state IN ('pending', 'sending')")),
    sqlite_strict=True,
)

feedback = Table(
    "feedback",
    metadata,
    Column("seq", WHOLE, primary_key=True, autoincrement=False),
    Column("lead_id", WORDS, ForeignKey("leads.lead_id"), nullable=False),
    Column("kind", WORDS, nullable=False),
    Column("by", WORDS, nullable=False),
    Column("at_us", WHOLE, nullable=False),
    Column("reason", WORDS),
    Index("feedback_lead", "lead_id"),
    sqlite_strict=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("key", WORDS, primary_key=True),
    Column("lead_id", WORDS, nullable=False),
    Column("at_us", WHOLE, nullable=False),
    Column("words", WORDS, nullable=False),
    Index("incidents_at", "at_us"),
    sqlite_strict=True,
)

keys = Table(
    "keys",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("prefix", WORDS, nullable=False),
    Column("scope", WORDS, nullable=False),
    Column("created_us", WHOLE, nullable=False),
    sqlite_strict=True,
)


_APPEND_ONLY = """
CREATE TRIGGER log_keeps_rows_{verb} BEFORE {verb} ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
"""
_APPEND_ONLY_POSTGRESQL = (
    """
    CREATE FUNCTION log_keeps_rows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$
    """,
    """
    CREATE TRIGGER log_keeps_rows BEFORE UPDATE OR DELETE ON log
    FOR EACH ROW EXECUTE FUNCTION log_keeps_rows()
    """,
    """
    CREATE TRIGGER log_keeps_all_rows BEFORE TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_keeps_rows()
    """,
)
# SQLite numbers the rows of these tables by itself, and rows of one time come in that order.
_NUMBERED = ("assignments", "clocks", "decisions", "outbox")


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        for statement in _APPEND_ONLY_POSTGRESQL:
            op.execute(statement)
        for table in _NUMBERED:
            op.execute(f"ALTER TABLE {table} ADD rowid bigint GENERATED ALWAYS AS IDENTITY")
        # A keyed digest by which a workspace knows its store; the head is there from the start,
        # since writers take turns by its lock.
        op.execute("ALTER TABLE log_head ADD secret_check bytea")
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(_APPEND_ONLY.format(verb=verb))


def downgrade() -> None:
    """Drop the tables."""
    metadata.drop_all(op.get_bind())
