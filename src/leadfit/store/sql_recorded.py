"""Recorded decisions as a rehearsal of other rules wants them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from leadfit.records import Facts, Tier
from leadfit.store.codec import from_us, maybe_time, to_us
from leadfit.store.decided import open_decision, open_inputs_text
from leadfit.store.recorded import Fate, RecordedDecision
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_people import SqlPeople

_PAGE: Final = """
SELECT decisions.decision_id, decisions.seq, decisions.lead_id, decisions.policy_digest,
    decisions.artifact_digest, decisions.body, decisions.inputs,
    statements.token, people.key, statements.body
FROM decisions
LEFT JOIN statements ON statements.signal_id = decisions.signal_id
LEFT JOIN people ON people.token = statements.token
WHERE decisions.seq > ? AND decisions.seq <= ?
ORDER BY decisions.seq LIMIT ?
"""
_FATES: Final = """
SELECT leads.lead_id, leads.created_us, leads.tier, first.owner_id, first.assigned_us,
    leads.touched_us, leads.is_open, won.lead_id IS NOT NULL
FROM leads
LEFT JOIN (
    SELECT assignments.lead_id, assignments.owner_id, assignments.assigned_us
    FROM assignments JOIN (
        SELECT lead_id, min(assigned_us) AS assigned_us FROM assignments GROUP BY lead_id
    ) AS earliest ON earliest.lead_id = assignments.lead_id
        AND earliest.assigned_us = assignments.assigned_us
) AS first ON first.lead_id = leads.lead_id
LEFT JOIN (
    SELECT DISTINCT lead_id FROM activities WHERE kind = 'converted' AND lead_id IS NOT NULL
) AS won ON won.lead_id = leads.lead_id
WHERE leads.is_imported = 0 AND leads.created_us >= ?
ORDER BY leads.created_us, leads.lead_id
"""
_EVER: Final = -(2**62)
_OPENED: Final = '"opened":true'
_RATED: Final = '"score":{'


class SqlRecorded:
    """See :class:`leadfit.store.recorded.RecordedDecisions`."""

    def __init__(self, connection: Connection, people: SqlPeople, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._people = people
        self._accounts = accounts

    def page(self, after: int, last: int, limit: int) -> tuple[tuple[RecordedDecision, ...], int]:
        """Return decisions that rated a lead, and the number of the log to go on behind."""
        rows = self._connection.execute(_PAGE, (after, last, limit)).fetchall()
        found = (self._read(row) for row in rows if row[2] is not None)
        goes_on = rows[-1][1] if len(rows) == limit else last
        return tuple(each for each in found if each is not None), goes_on

    def _read(self, row: Row) -> RecordedDecision | None:
        decision_id, seq, lead_id, policy, artifact, body, inputs, token, key, statement = row
        text = open_decision(body)
        if _RATED not in text:
            return None
        said = None if token is None else self._people.open(token, key, statement)
        return RecordedDecision(
            seq=seq,
            decision_id=decision_id,
            lead_id=lead_id,
            policy_digest=policy,
            artifact_digest=artifact,
            body=json.loads(text),
            personal=cast("Facts", (said or {}).get("subject", {})),
            inputs=open_inputs_text(inputs) if _OPENED in text else None,
            is_erased=said is None,
        )

    def incumbents(self, contact_ids: Sequence[str]) -> Mapping[str, tuple[str | None, str | None]]:
        """Return owner and account of the latest imported lead of each contact that has one."""
        if not contact_ids:
            return {}
        keys = {self._accounts.contact_key(each): each for each in contact_ids}
        rows = self._connection.execute(
            "SELECT contact_id, owner_id, account_id FROM leads WHERE is_imported = 1"  # noqa: S608 -- placeholders only
            f" AND contact_id IN ({','.join('?' * len(keys))}) ORDER BY created_us, lead_id",
            tuple(keys),
        ).fetchall()
        return {keys[contact]: (owner, account) for contact, owner, account in rows}

    def withheld(self) -> int:
        """Return how many actions were put on record alone."""
        row = self._connection.execute(
            "SELECT count(*) FROM outbox WHERE state = 'withheld'"
        ).fetchone()
        return int(row[0])

    def fates(self, since: datetime | None) -> tuple[Fate, ...]:
        """Return what became of every live lead that was opened from a time on."""
        start = _EVER if since is None else to_us(since)
        rows = self._connection.execute(_FATES, (start,)).fetchall()
        return tuple(_fate(row) for row in rows)


def _fate(row: Row) -> Fate:
    lead_id, opened_us, tier, owner_id, assigned_us, touched_us, is_open, won = row
    return Fate(
        lead_id=lead_id,
        opened_at=from_us(opened_us),
        tier=None if tier is None else Tier(tier),
        owner_id=owner_id,
        assigned_at=maybe_time(assigned_us),
        touched_at=maybe_time(touched_us),
        is_open=bool(is_open),
        won=bool(won),
    )
