"""The tables, as SQLAlchemy Core metadata.

Migrations are made from it and a test demands that they lead to it. Times are whole microseconds
since 1970 in UTC, in columns named ``..._us``; records are canonical JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from leadfit.store import (
    schema_enriching,
    schema_lifts,
    schema_matching,
    schema_outbox,
    schema_publications,
    schema_trials,
    schema_vendors,
)
from leadfit.store.types import NUMBER, WHOLE, WORDS, metadata, only

__all__ = [
    "metadata",
    "schema_enriching",
    "schema_lifts",
    "schema_matching",
    "schema_outbox",
    "schema_publications",
    "schema_trials",
    "schema_vendors",
]

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
    # How often deciding it failed for a while, and when it is tried again.
    Column("tries", Integer),
    Column("again_us", WHOLE),
    UniqueConstraint("source", "event_id", name="signals_event"),
    Index("signals_pending", "seq", **only("status = 'accepted'")),
    Index("signals_dead", "seq", **only("status = 'dead'")),
    Index("signals_again", "again_us", **only("status = 'waiting' AND again_us IS NOT NULL")),
    sqlite_strict=True,
)

# Personal values, apart from the log: what is known of a person now, and what a signal said.
people = Table(
    "people",
    metadata,
    Column("token", WORDS, primary_key=True),
    Column("email", WORDS),
    Column("body", WORDS, nullable=False),
    Column("normal", WORDS),
    Column("key", LargeBinary),
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
    Column("merged_into", WORDS),
    Column("normal", WORDS),
    Index("accounts_merged", "merged_into", **only("merged_into IS NOT NULL")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Which account answers at which domain; one domain may be of several accounts, one after another.
domains = Table(
    "domains",
    metadata,
    Column("domain", WORDS, primary_key=True),
    Column("account_id", WORDS, ForeignKey("accounts.account_id"), primary_key=True),
    Column("role", WORDS, nullable=False, server_default="primary"),
    Column("source", WORDS, nullable=False, server_default="import"),
    Column("since_us", WHOLE),
    Column("until_us", WHOLE),
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
    Column("merged_into", WORDS),
    Index("contacts_token", "token"),
    Index("contacts_account", "account_id"),
    Index("contacts_merged", "merged_into", **only("merged_into IS NOT NULL")),
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
    Index("leads_open_owner", "owner_id", **only("is_open = 1")),
    Index(
        "leads_wanting_another",
        "retry_us",
        **only("is_open = 1 AND owner_id IS NOT NULL AND retry_us IS NOT NULL"),
    ),
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
    Column("seq", WHOLE),
    Column("sealed", LargeBinary),
    Index("decisions_lead", "lead_id", "decided_us", **only("lead_id IS NOT NULL")),
    Index("decisions_seq", "seq", **only("seq IS NOT NULL")),
    sqlite_strict=True,
)

# Every policy, artifact and model card that ever decided, by its digest; written once.
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

# Who was erased, by the keyed digest of an address or id, so that nobody is brought back.
erased = Table(
    "erased",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("at_us", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
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
    Column("claimed_us", WHOLE),
    Index("slots_busy", "busy_until_us", "rep_id"),
    Index("slots_claimed", "claimed_us", "rep_id"),
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

# Turns of each pool's own rotation; the numbers are those of `turns`.
pool_turns = Table(
    "pool_turns",
    metadata,
    Column("pool", WORDS, primary_key=True),
    Column("rep_id", WORDS, primary_key=True),
    Column("turn", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Leads that a person gave to another rep than the rules had.
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
    # The deadline it was started with: `due_us` moves on with the steps of the ladder.
    Column("deadline_us", WHOLE),
    # Of a step that fails: when it was due (`due_us` is then when it is tried again), how often it
    # was tried, since when it is put aside, and why.
    Column("owed_us", WHOLE),
    Column("tries", Integer),
    Column("aside_us", WHOLE),
    Column("trouble", WORDS),
    Index("clocks_lead", "lead_id"),
    Index("clocks_due", "due_us", **only("stopped_us IS NULL AND due_us IS NOT NULL")),
    Index("clocks_running", "lead_id", **only("stopped_us IS NULL")),
    Index("clocks_aside", "aside_us", **only("stopped_us IS NULL AND aside_us IS NOT NULL")),
    Index("clocks_deadline", "deadline_us", **only("kind = 'assignment_to_touch'")),
    sqlite_strict=True,
)

# Every breach step that was taken, for good: whose lead, when it was due and when it fired.
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

# What is told of a breach to one person; those of a storm are told together, by one action.
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
    # The action by which it was told; empty when there was no need any more.
    Column("told_by", WORDS),
    Column("told_us", WHOLE),
    Index("notices_waiting", "due_us", **only("told_by IS NULL")),
    Index("notices_told", "recipient", "kind", "destination", "told_us"),
    Index("notices_lead", "lead_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Storms that are being told of, by the key of the one action: a large one takes several
# transactions, and until it is ended its notices are gathered and nothing is queued.
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

# How many rows there are of what is never deleted, kept with them: nobody has to count them.
tallies = Table(
    "tallies",
    metadata,
    Column("name", WORDS, primary_key=True),
    Column("number", WHOLE, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
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
    Column("expires_us", WHOLE),
    Column("used_us", WHOLE),
    Column("revoked_us", WHOLE),
    sqlite_strict=True,
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

# Bodies as they came, for a person to look at; kept for days, and apart from the log.
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
