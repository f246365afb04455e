"""Counts by source and hour, what could not be taken, and API keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from leadfit.store.codec import from_us, maybe_time, maybe_us, to_us
from leadfit.store.intake import AccessKey, RefusedSignal, SourceHour
from leadfit.store.sql import Connection

# What strangers can make us keep: a limit of safety.
_MOST_OF_A_SOURCE: Final = 1_000
_LONGEST_BODY: Final = 65_536


class SqlIntake:
    """See :class:`leadfit.store.intake.Intake`."""

    def __init__(self, connection: Connection, secret: bytes) -> None:
        self._connection = connection
        self._secret = secret

    def count(self, hours: Iterable[SourceHour]) -> None:
        """Add to the counts of sources and hours."""
        self._connection.executemany(
            "INSERT INTO source_hours (source, hour_us, received, without_email, without_key)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (source, hour_us) DO UPDATE SET"
            " received = source_hours.received + excluded.received,"
            " without_email = source_hours.without_email + excluded.without_email,"
            " without_key = source_hours.without_key + excluded.without_key",
            [
                (each.source, to_us(each.hour), each.received, each.without_email, each.without_key)
                for each in hours
            ],
        )

    def hours(self, since: datetime, until: datetime) -> Sequence[SourceHour]:
        """Return the counts of every source from ``since`` on and before ``until``, in order."""
        rows = self._connection.execute(
            "SELECT source, hour_us, received, without_email, without_key FROM source_hours"
            " WHERE hour_us >= ? AND hour_us < ? ORDER BY source, hour_us",
            (to_us(since), to_us(until)),
        )
        return [
            SourceHour(
                source=source,
                hour=from_us(hour_us),
                received=received,
                without_email=without_email,
                without_key=without_key,
            )
            for source, hour_us, received, without_email, without_key in rows
        ]

    def refuse(self, refused: RefusedSignal, email: str | None) -> bool:
        """Keep what could not be taken; ``False`` when it is kept already or too much is kept."""
        (kept,) = self._connection.execute(
            "SELECT count(*) FROM refused_signals WHERE source = ?", (refused.source,)
        ).fetchone()
        if kept >= _MOST_OF_A_SOURCE:
            return False
        person = None if email is None else self._person(email)
        return (
            self._connection.execute(
                "INSERT INTO refused_signals"
                " (key, at_us, source, event_id, code, reason, person, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (
                    refused.key, to_us(refused.at), refused.source, refused.event_id, refused.code,
                    refused.reason, person, refused.body[:_LONGEST_BODY],
                ),
            ).rowcount
            > 0
        )  # fmt: skip

    def refused(self, limit: int, after: str | None = None) -> tuple[RefusedSignal, ...]:
        """Return what could not be taken, newest first, behind the key ``after``."""
        rows = self._connection.execute(
            "SELECT key, at_us, source, event_id, code, reason, body FROM refused_signals"
            " WHERE ? = 1 OR at_us < (SELECT at_us FROM refused_signals WHERE key = ?)"
            " OR (at_us = (SELECT at_us FROM refused_signals WHERE key = ?) AND key > ?)"
            " ORDER BY at_us DESC, key LIMIT ?",
            (int(after is None), after or "", after or "", after or "", limit),
        )
        return tuple(
            RefusedSignal(
                key=key,
                at=from_us(at_us),
                source=source,
                event_id=event_id,
                code=code,
                reason=reason,
                body=body,
            )
            for key, at_us, source, event_id, code, reason, body in rows
        )

    def refused_count(self) -> int:
        """Return how many are kept."""
        (count,) = self._connection.execute("SELECT count(*) FROM refused_signals").fetchone()
        return int(count)

    def drop_refused(self, before: datetime) -> int:
        """Forget what could not be taken before a time; return how many."""
        return self._connection.execute(
            "DELETE FROM refused_signals WHERE at_us < ?", (to_us(before),)
        ).rowcount

    def forget(self, email: str) -> int:
        """Forget what a person's normalised address stands in; return how many."""
        return self._connection.execute(
            "DELETE FROM refused_signals WHERE person = ?", (self._person(email),)
        ).rowcount

    def _person(self, email: str) -> bytes:
        return hmac.digest(self._secret, b"refused\0" + email.encode(), "sha256")


class SqlAccessKeys:
    """See :class:`leadfit.store.intake.AccessKeys`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        key_hash: bytes,
        prefix: str,
        scope: str,
        at: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """Keep a key's hash."""
        self._connection.execute(
            "INSERT INTO keys (hash, prefix, scope, created_us, expires_us) VALUES (?, ?, ?, ?, ?)",
            (key_hash, prefix, scope, to_us(at), maybe_us(expires_at)),
        )

    def scope(self, key_hash: bytes, now: datetime) -> str | None:
        """Return the scope of the key with this hash, unless it has ended."""
        row = self._connection.execute(
            "SELECT scope FROM keys WHERE hash = ? AND revoked_us IS NULL"
            " AND (expires_us IS NULL OR expires_us > ?)",
            (key_hash, to_us(now)),
        ).fetchone()
        return None if row is None else str(row[0])

    def all(self) -> tuple[AccessKey, ...]:
        """Return every key, oldest first."""
        rows = self._connection.execute(
            "SELECT prefix, scope, created_us, expires_us, used_us, revoked_us FROM keys"
            " ORDER BY created_us, prefix"
        )
        return tuple(
            AccessKey(
                prefix=prefix,
                scope=scope,
                created_at=from_us(created_us),
                expires_at=maybe_time(expires_us),
                used_at=maybe_time(used_us),
                revoked_at=maybe_time(revoked_us),
            )
            for prefix, scope, created_us, expires_us, used_us, revoked_us in rows
        )

    def revoke(self, prefix: str, at: datetime) -> bool:
        """End a key; ``False`` when there is none of this prefix that holds."""
        return (
            self._connection.execute(
                "UPDATE keys SET revoked_us = ? WHERE prefix = ? AND revoked_us IS NULL",
                (to_us(at), prefix),
            ).rowcount
            > 0
        )

    def used(self, key_hash: bytes, at: datetime) -> None:
        """Write that a key was used."""
        self._connection.execute(
            "UPDATE keys SET used_us = ? WHERE hash = ? AND (used_us IS NULL OR used_us < ?)",
            (to_us(at), key_hash, to_us(at)),
        )
