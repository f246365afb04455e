"""The recorded past, runs of learning and scores of accounts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, cast

from leadfit.history import Step, Table
from leadfit.records import Fact, Kind
from leadfit.store.codec import from_us, maybe_time, maybe_us, pack_text, to_us, unpack
from leadfit.store.decided import open_decision
from leadfit.store.past import (
    AccountScore,
    LearningRun,
    PastEvent,
    PastExport,
    PastFact,
    PastLead,
    PastSpend,
    Recorded,
    ScoredAccount,
)
from leadfit.store.personal import is_personal, part_facts
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_signals import SqlSignals

# What a person says about a lead is kept as feedback, whatever signal reported it.
_HEARD: Final = (Kind.ACCEPTED.value, Kind.REJECTED.value, Kind.TOUCHED.value)
_TELLING: Final = (
    Kind.QUALIFIED, Kind.STALLED, Kind.CONVERTED, Kind.LOST, Kind.EXPANDED, Kind.CONTRACTED,
    Kind.RENEWED, Kind.CHURNED, Kind.USED, Kind.TICKET,
)  # fmt: skip
_DATES: Final = (*_TELLING, Kind.ACCEPTED, Kind.WORKED, Kind.REJECTED)
_REASON: Final = 200

_LEADS: Final = """
SELECT leads.lead_id,
    CASE WHEN is_imported = 1 THEN past_leads.created_us ELSE leads.created_us END,
    leads.account_id, leads.source, leads.owner_id, leads.tier, leads.is_imported, leads.facts,
    past_leads.body, first.body
FROM leads
LEFT JOIN past_leads ON past_leads.lead_id = leads.lead_id AND leads.is_imported = 1
LEFT JOIN (
    SELECT lead_id, min(rowid) AS opening FROM decisions WHERE lead_id IS NOT NULL GROUP BY lead_id
) AS openings ON openings.lead_id = leads.lead_id AND leads.is_imported = 0
LEFT JOIN decisions AS first ON first.rowid = openings.opening
WHERE leads.created_us <= :until
ORDER BY leads.created_us, leads.lead_id
"""
_PAST_EVENTS: Final = """
SELECT at_us, kind, lead_id, account_id, amount, currency, reason, value, NULL
FROM past_events WHERE at_us IS NULL OR at_us <= :until
ORDER BY at_us NULLS FIRST, key
"""
# A report about a lead is an activity and, where a person stands behind it, feedback: one of both.
_LIVE_EVENTS: Final = f"""
SELECT at_us, kind, lead_id, account_id, NULL, NULL, reason, NULL, NULL FROM (
    SELECT seq, at_us, kind, feedback.lead_id, account_id, reason
    FROM feedback JOIN leads USING (lead_id) WHERE at_us <= :until ORDER BY at_us, seq
) AS heard
UNION ALL
SELECT at_us, kind, lead_id, account_id, NULL, NULL, NULL, NULL, body FROM (
    SELECT activities.at_us, activities.kind, activities.lead_id,
        coalesce(activities.account_id, leads.account_id, contacts.account_id) AS account_id,
        CASE WHEN activities.kind IN ({", ".join(f"'{kind}'" for kind in _TELLING)})
            THEN log.body END AS body
    FROM activities
    LEFT JOIN leads ON leads.lead_id = activities.lead_id
    LEFT JOIN contacts ON contacts.contact_id = activities.contact_id
    LEFT JOIN signals ON signals.signal_id = activities.signal_id
    LEFT JOIN log ON log.seq = signals.seq
    WHERE activities.at_us <= :until
        AND activities.kind NOT IN ({", ".join(f"'{kind}'" for kind in _HEARD)})
    ORDER BY activities.at_us, activities.signal_id
) AS reported
"""  # noqa: S608 -- kinds of our own
_LATEST: Final = f"""
SELECT max(at_us) FROM (
    SELECT max(as_of_us) AS at_us FROM past_exports
    UNION ALL SELECT max(at_us) FROM feedback
    UNION ALL SELECT max(at_us) FROM activities
        WHERE kind IN ({", ".join(f"'{kind}'" for kind in _DATES)})
) AS latest
"""  # noqa: S608 -- kinds of our own
_ACCOUNTS: Final = """
SELECT account_id, parent_account_id, country, created_us, owner_id, facts
FROM accounts WHERE created_us IS NULL OR created_us <= :until ORDER BY account_id
"""
_FACTS: Final = """
SELECT account_id, fact, value, known_us FROM past_facts
WHERE known_us <= :until ORDER BY account_id, fact, known_us
"""
_SPEND: Final = """
SELECT month_us, channel, amount, currency FROM past_spend
WHERE month_us <= :until ORDER BY month_us, channel, currency
"""
_MERGED: Final = "SELECT account_id FROM accounts WHERE merged_into IS NOT NULL"
_TO_SCORE: Final = """
SELECT account_id, country, facts, (
    SELECT facts FROM leads WHERE leads.account_id = accounts.account_id
    ORDER BY created_us DESC, lead_id DESC LIMIT 1
) FROM accounts WHERE account_id > ? AND merged_into IS NULL ORDER BY account_id LIMIT ?
"""
_SCORE: Final = "account_id, score, detractor, flagged, artifact_digest, as_of_us, scored_us"


class SqlPast:
    """See :class:`leadfit.store.past.PastRecords`."""

    def __init__(self, connection: Connection, signals: SqlSignals, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._signals = signals
        self._accounts = accounts

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> int:
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        return self._connection.total_changes - before

    def add_export(self, export: PastExport, at: datetime) -> bool:
        """Keep what an import said of its whole; ``False`` where the same was said before."""
        body = pack_text(export)
        digest = hashlib.sha256(body.encode()).digest()
        added = self._insert(
            "INSERT INTO past_exports (digest, at_us, as_of_us, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (digest) DO NOTHING",
            [(digest, to_us(at), to_us(export.as_of), body)],
        )
        return added > 0

    def exports(self) -> tuple[PastExport, ...]:
        """Return what imports said, the oldest ``as_of`` first."""
        rows = self._connection.execute("SELECT body FROM past_exports ORDER BY as_of_us, digest")
        return tuple(_export(row[0]) for row in rows)

    def add_leads(self, leads: Iterable[PastLead]) -> int:
        """Keep what past leads have beyond their records; return how many are new."""
        return self._insert(
            "INSERT INTO past_leads (lead_id, created_us, body) VALUES (?, ?, ?)"
            " ON CONFLICT (lead_id) DO NOTHING",
            (
                (each.lead_id, maybe_us(each.created_at), pack_text(part_facts(each.extras)[0]))
                for each in leads
            ),
        )

    def add_events(self, events: Iterable[PastEvent]) -> int:
        """Add events whose keys are not there; return how many are new."""
        return self._insert(
            "INSERT INTO past_events (key, at_us, kind, lead_id, account_id, contact_id, amount,"
            " currency, reason, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            (
                (
                    each.key, maybe_us(each.at), each.kind, each.lead_id, each.account_id,
                    None if each.contact_id is None
                    else self._accounts.contact_key(each.contact_id),
                    each.amount, each.currency, _open_reason(each.reason), each.value,
                )
                for each in events
            ),
        )  # fmt: skip

    def add_facts(self, facts: Iterable[PastFact]) -> int:
        """Add facts that are not there, by account, name and time; return how many are new."""
        return self._insert(
            "INSERT INTO past_facts (account_id, fact, known_us, value) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account_id, fact, known_us) DO NOTHING",
            (
                (each.account_id, each.fact, to_us(each.known_at), pack_text(each.value))
                for each in facts
                if not is_personal(each.fact, each.value)
            ),
        )

    def add_spend(self, spend: Iterable[PastSpend]) -> int:
        """Write spend by month, channel and currency; return how many amounts are new."""
        return self._insert(
            "INSERT INTO past_spend (month_us, channel, currency, amount) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (month_us, channel, currency) DO UPDATE SET amount = excluded.amount"
            " WHERE past_spend.amount <> excluded.amount",
            ((to_us(each.month), each.channel, each.currency or "", each.amount) for each in spend),
        )

    def latest_event(self) -> datetime | None:
        """Return the time of the latest import, outcome, use or feedback."""
        return maybe_time(self._connection.execute(_LATEST).fetchone()[0])

    def recorded(self, as_of: datetime) -> Recorded:
        """Return everything recorded up to ``as_of``, imported and live."""
        until = {"until": to_us(as_of)}
        query = self._connection.execute
        past = [_event(row) for row in query(_PAST_EVENTS, until)]
        live = [_event(row) for row in query(_LIVE_EVENTS, until)]
        live.sort(key=lambda event: (event[0], event[1], str(event[2])))
        merged = {row[0]: self._accounts.survivor_of(row[0]) for row in query(_MERGED)}
        return Recorded(
            exports=self.exports(),
            leads=_followed(_table(_LEAD_NAMES, map(_lead, query(_LEADS, until))), merged),
            accounts=_table(_ACCOUNT_NAMES, self._read_accounts(merged, until)),
            events=_followed(_table(_EVENT_NAMES, [*past, *live]), merged),
            live_from=len(past),
            facts=_followed(_table(_FACT_NAMES, map(_fact, query(_FACTS, until))), merged),
            spend=_table(_SPEND_NAMES, map(_spend, query(_SPEND, until))),
        )

    def _read_accounts(
        self, merged: Mapping[str, str], until: Mapping[str, int]
    ) -> Iterable[Sequence[object]]:
        """Return accounts as they were recorded; merged ones once, as the survivor."""
        survivors = set(merged.values())
        for row in self._connection.execute(_ACCOUNTS, until):
            own = _account(row)
            if row[0] in merged:
                continue
            joined = self._accounts.account(row[0]) if row[0] in survivors else None
            if joined is None:
                yield own
                continue
            yield (
                joined.account_id, joined.parent_account_id, joined.country, own[3],
                joined.owner_id, part_facts(joined.facts)[0],
            )  # fmt: skip

    def add_learning(self, learning: LearningRun) -> int:
        """Keep a run of learning, in the log too; return its number."""
        told = {
            "artifact_digest": learning.artifact_digest,
            "as_of": learning.as_of,
            "published": learning.published,
        }
        seq = self._signals.append("learning", learning.at, told)
        self._connection.execute(
            "INSERT INTO learnings (seq, at_us, as_of_us, artifact_digest, published, body)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                seq, to_us(learning.at), to_us(learning.as_of), learning.artifact_digest,
                int(learning.published), pack_text(learning.body),
            ),
        )  # fmt: skip
        return seq

    def learnings(self, limit: int) -> tuple[LearningRun, ...]:
        """Return runs of learning, newest first."""
        rows = self._connection.execute(
            "SELECT at_us, as_of_us, artifact_digest, published, body FROM learnings"
            " ORDER BY seq DESC LIMIT ?",
            (limit,),
        )
        return tuple(
            LearningRun(
                at=from_us(at_us),
                as_of=from_us(as_of_us),
                artifact_digest=digest,
                published=bool(published),
                body=json.loads(body),
            )
            for at_us, as_of_us, digest, published, body in rows
        )

    def to_score(self, after: str | None, limit: int) -> Sequence[ScoredAccount]:
        """Return what scoring looks at of the next accounts, by their ids."""
        rows = self._connection.execute(_TO_SCORE, (after or "", limit))
        return [
            ScoredAccount(
                account_id=account_id,
                country=country,
                facts=json.loads(facts),
                lead_facts={} if lead_facts is None else json.loads(lead_facts),
            )
            for account_id, country, facts, lead_facts in rows
        ]

    def scores_of(self, account_ids: Sequence[str]) -> Mapping[str, AccountScore]:
        """Return the scores of accounts that have one."""
        return scores_of(self._connection, account_ids)

    def keep_scores(self, scores: Iterable[AccountScore]) -> int:
        """Write scores that differ from what is there; return how many did."""
        return self._insert(
            f"INSERT INTO account_scores ({_SCORE}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- fixed columns
            " ON CONFLICT (account_id) DO UPDATE SET score = excluded.score,"
            " detractor = excluded.detractor, flagged = excluded.flagged,"
            " artifact_digest = excluded.artifact_digest, as_of_us = excluded.as_of_us,"
            " scored_us = excluded.scored_us"
            " WHERE (account_scores.score, account_scores.detractor, account_scores.flagged,"
            " account_scores.artifact_digest, account_scores.as_of_us) <>"
            " (excluded.score, excluded.detractor, excluded.flagged,"
            " excluded.artifact_digest, excluded.as_of_us)",
            (
                (
                    each.account_id, each.score, each.detractor, int(each.flagged),
                    each.artifact_digest, to_us(each.as_of), to_us(each.scored_at),
                )
                for each in scores
            ),
        )  # fmt: skip


_LEAD_NAMES: Final = (
    "lead_id", "created_at", "account_id", "source", "owner_id", "tier", "is_live", "facts",
    "extras",
)  # fmt: skip
_ACCOUNT_NAMES: Final = (
    "account_id", "parent_account_id", "country", "created_at", "owner_id", "facts",
)  # fmt: skip
_FACT_NAMES: Final = ("account_id", "fact", "value", "known_at")
_SPEND_NAMES: Final = ("month", "channel", "amount", "currency")
_EVENT_NAMES: Final = (
    "at", "kind", "lead_id", "account_id", "amount", "currency", "reason", "value", "told",
)  # fmt: skip


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return Table(columns=dict(zip(names, columns, strict=True)))


def _followed(table: Table, merged: Mapping[str, str]) -> Table:
    """Return a table whose accounts are those that stand for merged ones."""
    if not merged:
        return table
    columns = dict(table.columns)
    columns["account_id"] = [merged.get(cast("str", each), each) for each in columns["account_id"]]
    return Table(columns=columns)


def _lead(row: Sequence[object]) -> tuple[object, ...]:
    lead_id, created_us, account_id, source, owner_id, tier, imported, facts, extras, first = row
    known = json.loads(cast("str", facts))
    if first is not None:
        # As they were when it was opened: a later fact may follow the outcome.
        opened = json.loads(open_decision(cast("bytes", first)))
        known = opened.get("subject", {}).get("facts", {})
        tier = (opened.get("score") or {}).get("tier", tier)
    return (
        lead_id, maybe_time(cast("int | None", created_us)), account_id, source, owner_id, tier,
        not imported, known, {} if extras is None else json.loads(cast("str", extras)),
    )  # fmt: skip


def _account(row: Sequence[object]) -> tuple[object, ...]:
    account_id, parent, country, created_us, owner_id, facts = row
    known: dict[str, Fact] = part_facts(json.loads(cast("str", facts)))[0]
    return account_id, parent, country, maybe_time(cast("int | None", created_us)), owner_id, known


def _fact(row: Sequence[object]) -> tuple[object, ...]:
    account_id, fact, value, known_us = row
    return account_id, fact, json.loads(cast("str", value)), from_us(cast("int", known_us))


def _spend(row: Sequence[object]) -> tuple[object, ...]:
    month_us, channel, amount, currency = row
    return from_us(cast("int", month_us)), channel, amount, currency or None


def _event(row: Sequence[object]) -> tuple[object, ...]:
    at_us, kind, lead_id, account_id, amount, currency, reason, value, body = row
    told = None if body is None else json.loads(cast("bytes", body)).get("facts", {})
    return (
        maybe_time(cast("int | None", at_us)), kind, lead_id, account_id, amount, currency,
        _open_reason(cast("str | None", reason)), value, told,
    )  # fmt: skip


def _export(body: str) -> PastExport:
    found = unpack(PastExport, body)
    # The codec leaves the insides of a mapping as JSON has them.
    until = cast("Mapping[str, str]", found.observed_until)
    return replace(
        found,
        observed_until={name: datetime.fromisoformat(at) for name, at in until.items()},
        proxies={Step(step): words for step, words in found.proxies.items()},
    )


def _open_reason(reason: str | None) -> str | None:
    """Return a reason unless it names an address."""
    return None if reason is None or is_personal("reason", reason) else reason[:_REASON]


def _score(row: Sequence[object]) -> AccountScore:
    account_id, score, detractor, flagged, digest, as_of_us, scored_us = row
    return AccountScore(
        account_id=cast("str", account_id),
        score=cast("float", score),
        detractor=cast("float", detractor),
        flagged=bool(flagged),
        artifact_digest=cast("str", digest),
        as_of=from_us(cast("int", as_of_us)),
        scored_at=from_us(cast("int", scored_us)),
    )


def scores_of(connection: Connection, account_ids: Sequence[str]) -> Mapping[str, AccountScore]:
    """Return the scores of accounts that have one."""
    marks = ",".join("?" * len(account_ids))
    rows = connection.execute(
        f"SELECT {_SCORE} FROM account_scores WHERE account_id IN ({marks})",  # noqa: S608 -- fixed columns
        tuple(account_ids),
    )
    return {row[0]: _score(row) for row in rows}
