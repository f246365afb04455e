"""The tables, as SQLAlchemy Core metadata.

Migrations are made from it and a test demands that they lead to it. Times are whole microseconds
since 1970 in UTC, in columns named ``..._us``; records are canonical JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_Whole = BigInteger().with_variant(Integer(), "sqlite")

log = Table(
    "log",
    metadata,
    Column("seq", _Whole, primary_key=True, autoincrement=False),
    Column("at_us", _Whole, nullable=False),
    Column("kind", Text, nullable=False),
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
    Column("seq", _Whole, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_strict=True,
)

signals = Table(
    "signals",
    metadata,
    Column("seq", _Whole, primary_key=True, autoincrement=False),
    Column("signal_id", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("received_us", _Whole, nullable=False),
    Column("status", Text, nullable=False),
    Column("lead_id", Text),
    Column("reason", Text),
    UniqueConstraint("source", "event_id", name="signals_event"),
    Index("signals_pending", "seq", sqlite_where=text("status = 'accepted'")),
    Index("signals_dead", "seq", sqlite_where=text("status = 'dead'")),
    sqlite_strict=True,
)

# Personal values, apart from the log: what is known of a person now, and what a signal said.
people = Table(
    "people",
    metadata,
    Column("token", Text, primary_key=True),
    Column("email", Text),
    Column("body", Text, nullable=False),
    Column("normal", Text),
    Index("people_email", "email", sqlite_where=text("email IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

statements = Table(
    "statements",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("token", Text, ForeignKey("people.token"), nullable=False),
    Column("body", Text, nullable=False),
    Index("statements_token", "token"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_account_id", Text),
    Column("owner_id", Text),
    Column("country", Text),
    Column("is_customer", Integer, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_us", _Whole),
    Column("merged_into", Text),
    Column("normal", Text),
    Index("accounts_merged", "merged_into", sqlite_where=text("merged_into IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Which account answers at which domain; one domain may be of several accounts, one after another.
domains = Table(
    "domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), primary_key=True),
    Column("role", Text, nullable=False, server_default="primary"),
    Column("source", Text, nullable=False, server_default="import"),
    Column("since_us", _Whole),
    Column("until_us", _Whole),
    Index("domains_account", "account_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    Column("token", Text, ForeignKey("people.token")),
    Column("created_us", _Whole),
    Column("merged_into", Text),
    Index("contacts_token", "token"),
    Index("contacts_account", "account_id"),
    Index("contacts_merged", "merged_into", sqlite_where=text("merged_into IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

leads = Table(
    "leads",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("created_us", _Whole, nullable=False),
    Column("signal_us", _Whole, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    Column("possible_account_id", Text),
    Column("contact_id", Text, ForeignKey("contacts.contact_id")),
    Column("source", Text),
    Column("facts", Text, nullable=False),
    Column("owner_id", Text),
    Column("tier", Integer),
    Column("is_open", Integer, nullable=False),
    Column("is_imported", Integer, nullable=False),
    Column("decision_id", Text),
    Column("touched_us", _Whole),
    Column("retry_us", _Whole),
    Index("leads_newest", "created_us", "lead_id"),
    Index("leads_tier", "tier", "created_us", "lead_id"),
    Index("leads_owner", "owner_id", "created_us", "lead_id"),
    Index("leads_contact", "contact_id", sqlite_where=text("is_open = 1")),
    Index("leads_account", "account_id"),
    Index(
        "leads_unassigned",
        "retry_us",
        sqlite_where=text("is_open = 1 AND owner_id IS NULL AND is_imported = 0"),
    ),
    sqlite_strict=True,
)

activities = Table(
    "activities",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("at_us", _Whole, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lead_id", Text),
    Column("contact_id", Text),
    Column("account_id", Text),
    Index("activities_lead", "lead_id", "at_us", sqlite_where=text("lead_id IS NOT NULL")),
    Index("activities_contact", "contact_id", "at_us", sqlite_where=text("contact_id IS NOT NULL")),
    Index(
        "activities_account",
        "account_id",
        "at_us",
        sqlite_where=text("contact_id IS NULL AND account_id IS NOT NULL"),
    ),
    sqlite_strict=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("signal_id", Text, nullable=False),
    Column("lead_id", Text),
    Column("decided_us", _Whole, nullable=False),
    Column("policy_digest", Text, nullable=False),
    Column("artifact_digest", Text),
    Column("body", LargeBinary, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Index("decisions_lead", "lead_id", "decided_us", sqlite_where=text("lead_id IS NOT NULL")),
    sqlite_strict=True,
)

assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", Text, primary_key=True),
    Column("lead_id", Text, ForeignKey("leads.lead_id"), nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("assigned_us", _Whole, nullable=False),
    Column("ended_us", _Whole),
    Column("body", Text, nullable=False),
    Index("assignments_lead", "lead_id", "assigned_us"),
    # One owner at a time, whatever the code above does.
    Index("assignments_one_owner", "lead_id", unique=True, sqlite_where=text("ended_us IS NULL")),
    sqlite_strict=True,
)

slots = Table(
    "slots",
    metadata,
    Column("rep_id", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("busy_until_us", _Whole, nullable=False),
    Column("lead_id", Text),
    Index("slots_busy", "busy_until_us", "rep_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

turns = Table(
    "turns",
    metadata,
    Column("rep_id", Text, primary_key=True),
    Column("turn", _Whole, nullable=False),
    Index("turns_turn", "turn"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

clocks = Table(
    "clocks",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("lead_id", Text, ForeignKey("leads.lead_id"), nullable=False),
    Column("assignment_id", Text),
    Column("started_us", _Whole, nullable=False),
    Column("due_us", _Whole),
    Column("step", Integer, nullable=False),
    Column("stopped_us", _Whole),
    Column("stopped_by", Text),
    Column("breached_us", _Whole),
    Column("late_us", _Whole),
    Index("clocks_lead", "lead_id"),
    Index("clocks_due", "due_us", sqlite_where=text("stopped_us IS NULL AND due_us IS NOT NULL")),
    sqlite_strict=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("assignment_id", Text),
    Column("due_us", _Whole, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", _Whole, nullable=False),
    Column("error", Text),
    Column("done_us", _Whole),
    Index("outbox_lead", "lead_id"),
    Index("outbox_due", "next_us", sqlite_where=text("state IN ('pending', 'sending')")),
    sqlite_strict=True,
)

feedback = Table(
    "feedback",
    metadata,
    Column("seq", _Whole, primary_key=True, autoincrement=False),
    Column("lead_id", Text, ForeignKey("leads.lead_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at_us", _Whole, nullable=False),
    Column("reason", Text),
    Index("feedback_lead", "lead_id"),
    sqlite_strict=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("lead_id", Text, nullable=False),
    Column("at_us", _Whole, nullable=False),
    Column("words", Text, nullable=False),
    Index("incidents_at", "at_us"),
    sqlite_strict=True,
)

keys = Table(
    "keys",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("prefix", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_us", _Whole, nullable=False),
    sqlite_strict=True,
)

# ---- the recorded past, which learning reads -----------------------------------------------

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

# ---- matching --------------------------------------------------------------------------------

# Records by the keyed digest of a blocking key; nothing in it can be read back.
blocking = Table(
    "blocking",
    metadata,
    Column("key", _Whole, primary_key=True, autoincrement=False),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("record_id", Text, primary_key=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# How each signal that opens a lead was matched; what the match KPIs are counted from.
links = Table(
    "links",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("lead_id", Text),
    Column("decided_us", _Whole, nullable=False),
    Column("band", Text, nullable=False),
    Column("probability", REAL, nullable=False),
    Column("method", Text, nullable=False),
    Column("account_id", Text),
    Column("possible_account_id", Text),
    Column("is_new_account", Integer, nullable=False),
    Column("card_digest", Text),
    Index("links_decided", "decided_us"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Pairs a person is asked about: links in doubt, possible duplicates, and the audit of links made.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("record_kind", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("lead_id", Text),
    Column("signal_id", Text),
    Column("probability", REAL, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("chosen_with", REAL, nullable=False),
    Column("card_digest", Text),
    Column("evidence", Text, nullable=False),
    Column("opened_us", _Whole, nullable=False),
    Column("due_us", _Whole),
    Column("alerted_us", _Whole),
    Column("decided_us", _Whole),
    Column("reviewer", Text),
    Column("relation", Text),
    Column("reason", Text),
    Index("reviews_open", "due_us", sqlite_where=text("decided_us IS NULL")),
    Index("reviews_decided", "decided_us", sqlite_where=text("decided_us IS NOT NULL")),
    Index("reviews_lead", "lead_id", sqlite_where=text("lead_id IS NOT NULL")),
    Index(
        "reviews_pair", "kind", "left_id", "right_id", unique=True,
        sqlite_where=text("decided_us IS NULL"),
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)  # fmt: skip

# Every merge that was made; undoing one takes back its pointer and keeps this row.
merges = Table(
    "merges",
    metadata,
    Column("merge_id", Text, primary_key=True),
    Column("record_kind", Text, nullable=False),
    Column("survivor_id", Text, nullable=False),
    Column("absorbed_id", Text, nullable=False),
    Column("merged_us", _Whole, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    Column("review_id", Text),
    Column("probability", REAL),
    Column("card_digest", Text),
    Column("evidence", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("closed_lead_id", Text),
    Column("undone_us", _Whole),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    Index("merges_absorbed", "absorbed_id"),
    Index("merges_survivor", "survivor_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
