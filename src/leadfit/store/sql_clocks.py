"""Clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from leadfit.records import Clock, ClockKind
from leadfit.store.codec import from_us, maybe_us, to_us
from leadfit.store.sql import Connection
from leadfit.store.sql_views import CLOCK, clock_of
from leadfit.store.views import Incident

# Nobody stopped it since, and its step is the one that was read.
_AS_READ: Final = (
    "key = ? AND stopped_us IS NULL AND step = ?"
    " AND coalesce(owed_us, due_us, -1) = coalesce(?, -1)"
)


class SqlClocks:
    """See :class:`leadfit.store.base.Clocks`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, clock: Clock) -> None:
        """Start a clock; one with the same key is never started again."""
        self.start_all([clock])

    def start_all(self, clocks: Sequence[Clock]) -> None:
        """Start clocks, each as :meth:`start` does."""
        self._connection.executemany(
            "INSERT INTO clocks (key, kind, lead_id, assignment_id, started_us, due_us, step,"
            " deadline_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            [
                (
                    each.key, each.kind.value, each.lead_id, each.assignment_id,
                    to_us(each.started_at), maybe_us(each.due_at), each.step,
                    maybe_us(each.due_at),
                )
                for each in clocks
            ],
        )  # fmt: skip

    def stop(
        self, lead_id: str, at: datetime, by: str, kinds: frozenset[ClockKind] | None = None
    ) -> int:
        """Stop running clocks of a lead, of some kinds or all; return how many."""
        chosen = sorted(kind.value for kind in (ClockKind if kinds is None else kinds))
        return self._connection.execute(
            # A touch may be told of later than the clock of the next owner began.
            "UPDATE clocks SET stopped_us = CASE WHEN started_us > ? THEN started_us ELSE ? END,"  # noqa: S608 -- placeholders only
            " stopped_by = ? WHERE lead_id = ?"
            f" AND stopped_us IS NULL AND kind IN ({','.join('?' * len(chosen))})",
            (to_us(at), to_us(at), by, lead_id, *chosen),
        ).rowcount

    def resume(self, lead_id: str, by: str) -> None:
        """Let the clocks of a lead run on that were stopped ``by`` something that is undone."""
        self._connection.execute(
            "UPDATE clocks SET stopped_us = NULL, stopped_by = NULL"
            " WHERE lead_id = ? AND stopped_by = ?",
            (lead_id, by),
        )

    def stop_one(self, key: str, at: datetime, by: str) -> None:
        """Stop one clock."""
        self._connection.execute(
            "UPDATE clocks SET stopped_us = ?, stopped_by = ? WHERE key = ? AND stopped_us IS NULL",
            (to_us(at), by, key),
        )

    def again(self, key: str, at: datetime) -> None:
        """Let a clock that runs be due once more."""
        self._connection.execute(
            "UPDATE clocks SET due_us = ?, owed_us = NULL, tries = NULL, aside_us = NULL"
            " WHERE key = ? AND stopped_us IS NULL",
            (to_us(at), key),
        )

    def due(self, now: datetime, limit: int) -> tuple[Clock, ...]:
        """Return running clocks that are due, in due order."""
        rows = self._connection.execute(
            f"SELECT {CLOCK} FROM clocks WHERE stopped_us IS NULL AND due_us IS NOT NULL"  # noqa: S608 -- fixed columns
            " AND due_us <= ? ORDER BY due_us, rowid LIMIT ?",
            (to_us(now), limit),
        )
        return tuple(clock_of(row) for row in rows)

    def advance(self, clock: Clock, *, step: int, due_at: datetime | None, now: datetime) -> bool:
        """Write that a clock's step fired; ``False`` when somebody stopped or moved it before."""
        now_us = to_us(now)
        late_us = None if clock.due_at is None else max(0, now_us - to_us(clock.due_at))
        changed = self._connection.execute(
            "UPDATE clocks SET step = ?, due_us = ?, breached_us = coalesce(breached_us, ?),"  # noqa: S608 -- fixed words
            " late_us = ?, owed_us = NULL, tries = NULL, trouble = NULL"
            f" WHERE {_AS_READ}",
            (
                step,
                maybe_us(due_at),
                now_us,
                late_us,
                clock.key,
                clock.step,
                maybe_us(clock.due_at),
            ),
        )
        return changed.rowcount == 1

    def tries(self, key: str) -> int:
        """Return how often the next step of a clock was tried and failed."""
        row = self._connection.execute("SELECT tries FROM clocks WHERE key = ?", (key,)).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def failed(self, clock: Clock, *, again_at: datetime | None, why: str, now: datetime) -> bool:
        """Write that a clock's step failed; ``False`` when somebody stopped or moved it before."""
        changed = self._connection.execute(
            "UPDATE clocks SET owed_us = coalesce(owed_us, due_us), due_us = ?, aside_us = ?,"  # noqa: S608 -- fixed words
            f" tries = coalesce(tries, 0) + 1, trouble = ? WHERE {_AS_READ}",
            (
                maybe_us(again_at),
                to_us(now) if again_at is None else None,
                why,
                clock.key,
                clock.step,
                maybe_us(clock.due_at),
            ),
        )
        return changed.rowcount == 1

    def add_incident(self, incident: Incident) -> None:
        """Keep an incident, once by its key."""
        self._connection.execute(
            "INSERT INTO incidents (key, lead_id, at_us, words) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            (incident.key, incident.lead_id, to_us(incident.at), incident.words),
        )

    def incidents(self, since: datetime) -> tuple[Incident, ...]:
        """Return incidents from ``since`` on, oldest first."""
        rows = self._connection.execute(
            "SELECT key, lead_id, at_us, words FROM incidents WHERE at_us >= ? ORDER BY at_us, key",
            (to_us(since),),
        )
        return tuple(
            Incident(key=key, lead_id=lead_id, at=from_us(at_us), words=words)
            for key, lead_id, at_us, words in rows
        )
