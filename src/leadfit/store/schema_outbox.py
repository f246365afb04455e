"""The tables of deliveries; see :mod:`leadfit.store.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table

from leadfit.store.types import WHOLE, WORDS, metadata, only

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
    # Who is sending it and until when that is believed; how often nobody knew how a try ended.
    Column("holder", WORDS),
    Column("lease_us", WHOLE),
    Column("doubts", Integer, nullable=False, server_default="0"),
    # When a person asked for another try; when it was also sent by another channel.
    Column("again_us", WHOLE),
    Column("fallback_us", WHOLE),
    Index("outbox_lead", "lead_id"),
    Index(
        "outbox_ready", "destination", "next_us",
        **only("state IN ('pending', 'sending', 'ambiguous')"),
    ),
    Index("outbox_sending", "holder", **only("state = 'sending'")),
    Index("outbox_ambiguous", "next_us", **only("state = 'ambiguous'")),
    Index("outbox_dead", "done_us", **only("state IN ('dead', 'refused')")),
    Index(
        "outbox_waiting", "due_us",
        **only(
            "state IN ('pending', 'sending', 'ambiguous') AND fallback_us IS NULL"
            " AND kind IN ('alert', 'page')"
        ),
    ),
    sqlite_strict=True,
)  # fmt: skip

# Which destinations are left alone until when, and why: breakers, pauses, Retry-After.
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

# What we wrote into another system and may hear back from it, by keyed digests of the values.
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

# How often a field that we had written came back with another value.
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
