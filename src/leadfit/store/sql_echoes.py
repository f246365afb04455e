"""The echo ledger: what we wrote into other systems and may hear back from them.

Values are kept as keyed digests only.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from leadfit.records import Written
from leadfit.store.codec import to_us
from leadfit.store.outbox import EchoKind
from leadfit.store.sql import Connection


class SqlEchoes:
    """See :class:`leadfit.store.outbox.Echoes`."""

    def __init__(self, connection: Connection, secret: bytes) -> None:
        self._connection = connection
        self._secret = secret

    def note(self, written: Written, *, at: datetime, until: datetime) -> None:
        """Keep that a value is being written; the same again may be heard once more."""
        self._connection.execute(
            "INSERT INTO echoes (system, object_id, field, digest, version, written_us, until_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (system, object_id, field, digest)"
            " DO UPDATE SET version = excluded.version, written_us = excluded.written_us,"
            " until_us = excluded.until_us, used_us = NULL",
            (
                *_field(written), self._digest(written), written.version, to_us(at), to_us(until),
            ),
        )  # fmt: skip

    def hear(self, reported: Written, *, at: datetime) -> EchoKind:
        """Say what a reported change is, and use up the note of an echo."""
        now_us = to_us(at)
        used = self._connection.execute(
            "UPDATE echoes SET used_us = ? WHERE system = ? AND object_id = ? AND field = ?"
            " AND digest = ? AND used_us IS NULL AND until_us > ?"
            " AND (version IS NULL OR version = coalesce(?, version))",
            (now_us, *_field(reported), self._digest(reported), now_us, reported.version),
        ).rowcount
        if used:
            return EchoKind.ECHO
        near = self._connection.execute(
            "SELECT 1 FROM echoes WHERE system = ? AND object_id = ? AND field = ?"
            " AND until_us > ? LIMIT 1",
            (*_field(reported), now_us),
        ).fetchone()
        return EchoKind.OWN if near is None else EchoKind.NEAR

    def round(self, reported: Written, *, at: datetime, until: datetime) -> int:
        """Count a near miss of a field; return how many there were within the time."""
        now_us = to_us(at)
        (rounds,) = self._connection.execute(
            "INSERT INTO echo_rounds (system, object_id, field, rounds, since_us, until_us)"
            " VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT (system, object_id, field) DO UPDATE SET"
            " rounds = CASE WHEN echo_rounds.until_us > ?4 THEN echo_rounds.rounds + 1 ELSE 1 END,"
            " since_us = CASE WHEN echo_rounds.until_us > ?4 THEN echo_rounds.since_us ELSE ?4 END,"
            " until_us = excluded.until_us RETURNING rounds",
            (*_field(reported), now_us, to_us(until)),
        ).fetchone()
        return int(rounds)

    def near_misses(self) -> int:
        """Return how many near misses are remembered."""
        (number,) = self._connection.execute(
            "SELECT coalesce(sum(rounds), 0) FROM echo_rounds"
        ).fetchone()
        return int(number)

    def prune(self, at: datetime) -> int:
        """Forget what is too old; return how many notes."""
        now_us = to_us(at)
        self._connection.execute("DELETE FROM echo_rounds WHERE until_us <= ?", (now_us,))
        return self._connection.execute(
            "DELETE FROM echoes WHERE until_us <= ?", (now_us,)
        ).rowcount

    def _digest(self, written: Written) -> bytes:
        return hmac.new(self._secret, b"echo\0" + written.value.encode(), hashlib.sha256).digest()


def _field(written: Written) -> tuple[str, str, str]:
    return (written.system, written.object_id, written.name)
