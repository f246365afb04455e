"""Decisions with what they were made from, read in the order of the log."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Final, cast

from leadfit.store.codec import to_us
from leadfit.store.decided import open_decision, open_inputs
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_people import SqlPeople
from leadfit.store.sql_signals import signal_of
from leadfit.store.told import Statement, Told, Unreadable

_COLUMNS: Final = """
SELECT decisions.decision_id, decisions.seq, decisions.lead_id, decisions.policy_digest,
    decisions.artifact_digest, decisions.body, decisions.inputs, decisions.sealed,
    log.body, signals.event_id, statements.token, people.key, statements.body
FROM decisions
LEFT JOIN signals ON signals.signal_id = decisions.signal_id
LEFT JOIN log ON log.seq = signals.seq
LEFT JOIN statements ON statements.signal_id = decisions.signal_id
LEFT JOIN people ON people.token = statements.token
"""
_PAGE: Final = f"""{_COLUMNS}
WHERE decisions.seq > ? AND decisions.seq <= ?
ORDER BY decisions.seq LIMIT ?
"""
_ONE: Final = f"{_COLUMNS} WHERE decisions.decision_id = ?"
_PERSON: Final = b'"person":"'

# What the readers of stored bytes raise on bytes that nobody wrote so.
_NOT_READ: Final = (zlib.error, ValueError, KeyError, TypeError, AttributeError)


class SqlToldDecisions:
    """See :class:`leadfit.store.told.ToldDecisions`."""

    def __init__(self, connection: Connection, people: SqlPeople, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._people = people
        self._accounts = accounts

    def bounds(self, since: datetime | None) -> tuple[int, int, int]:
        """Return the log numbers of the first and last decision from a time on, and how many."""
        row = self._connection.execute(
            "SELECT min(seq), max(seq), count(seq) FROM decisions WHERE decided_us >= ?",
            (-(2**62) if since is None else to_us(since),),
        ).fetchone()
        return (0, 0, 0) if row[0] is None else (row[0], row[1], row[2])

    def without_inputs(self) -> int:
        """Return how many decisions an older Leadfit made, of which less was kept."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM decisions WHERE seq IS NULL"
        ).fetchone()
        return int(count)

    def page(self, after: int, last: int, limit: int) -> tuple[Told | Unreadable, ...]:
        """Return decisions behind one number of the log, up to another."""
        rows = self._connection.execute(_PAGE, (after, last, limit)).fetchall()
        return tuple(self._read(row) for row in rows)

    def of(self, decision_id: str) -> Told | Unreadable | None:
        """Return one decision."""
        row = self._connection.execute(_ONE, (decision_id,)).fetchone()
        return None if row is None else self._read(row)

    def _read(self, row: Row) -> Told | Unreadable:
        decision_id, seq, lead_id = row[:3]
        if row[8] is None:
            why = "the signal it was made on is missing"
        else:
            try:
                return self._told(row)
            except _NOT_READ:
                why = "what it was made from cannot be read: it was changed"
        return Unreadable(decision_id=decision_id, seq=seq, lead_id=lead_id, why=why)

    def _told(self, row: Row) -> Told:
        """Return a decision with what it was made from.

        Raises:
            ValueError: Values are there that cannot be opened; what else is raised on bytes that
                nobody wrote so is named above.
        """
        decision_id, seq, lead_id, policy, artifact, body, inputs, sealed, *of_signal = row
        logged, event_id, token, key, statement = of_signal
        said = None if token is None else self._people.open(token, key, statement)
        if said is None and key is not None:
            raise ValueError("the values of the signal or the key of its person")
        spoken = cast("Statement", said or {})
        people, lacks = ({}, False) if sealed is None else self._accounts.unseal(sealed)
        return Told(
            decision_id=decision_id,
            seq=seq,
            lead_id=lead_id,
            policy_digest=policy,
            artifact_digest=artifact,
            text=open_decision(body),
            signal=signal_of(logged, event_id, spoken),
            statement=spoken,
            inputs=open_inputs(inputs),
            people=people,
            is_erased=token is None and _PERSON in bytes(logged),
            lacks_people=lacks,
        )
