"""The outbox, destinations and dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from leadfit.records import Action
from leadfit.store.codec import from_us, maybe_time, maybe_us, pack_text, to_us
from leadfit.store.outbox import DeadLetter, Gate, GateState, Lease
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_tallies import ACTIONS, FINAL, Tallies
from leadfit.store.sql_views import ACTION, action_view
from leadfit.store.views import ActionState, ActionView

_OPEN: Final = "('pending', 'sending', 'ambiguous')"
# What is said once and at once waits for nothing; a mail waits for a pause that failed.
_FIRST: Final = "('alert', 'page')"
_MAILS: Final = "('sequence', 'nurture')"
_BEHIND: Final = f"""
EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.lead_id = outbox.lead_id AND earlier.destination = outbox.destination
    AND earlier.kind NOT IN {_FIRST}
    AND (earlier.state IN {_OPEN} OR (
        earlier.kind = 'pause_sequence' AND earlier.state IN ('dead', 'refused')
        AND outbox.kind IN {_MAILS}
    ))
    AND (earlier.due_us < outbox.due_us
         OR (earlier.due_us = outbox.due_us AND earlier.rowid < outbox.rowid))
)
"""  # noqa: S608 -- fixed words
_CLAIMED: Final = f"""
SELECT {ACTION} FROM outbox
WHERE destination = ? AND state IN {_OPEN} AND next_us <= ?
AND (state <> 'sending' OR lease_us IS NULL OR lease_us <= ? OR holder IN ({{}}))
AND (kind IN {_FIRST} OR lead_id = '' OR NOT {_BEHIND})
ORDER BY next_us, rowid LIMIT ?
"""  # noqa: S608 -- fixed words and placeholders
# From one destination to the next by the index, however much waits for a later time.
_READY: Final = f"""
WITH RECURSIVE known (name) AS (
    SELECT min(destination) FROM outbox WHERE state IN {_OPEN}
    UNION ALL
    SELECT (SELECT min(destination) FROM outbox
            WHERE state IN {_OPEN} AND destination > known.name)
    FROM known WHERE known.name IS NOT NULL
)
SELECT name FROM known JOIN outbox ON outbox.rowid = (
    SELECT rowid FROM outbox WHERE destination = known.name AND state IN {_OPEN}
    ORDER BY next_us, rowid LIMIT 1
)
WHERE next_us <= ? ORDER BY next_us, outbox.rowid
"""  # noqa: S608 -- fixed words
# What is being sent cannot be stopped; it is marked, and ends with that try if it was not taken.
_CANCEL: Final = (
    "UPDATE outbox SET state = CASE WHEN state = 'sending' THEN state ELSE 'cancelled' END,"
    " done_us = ? WHERE"
)
CANCEL_OF_LEAD: Final = (
    f"{_CANCEL} lead_id = ? AND state IN ('pending', 'ambiguous', 'sending') RETURNING state"
)
CANCEL_BY_KEY: Final = (
    f"{_CANCEL} state IN ('pending', 'sending') AND key IN ({{}}) RETURNING state"
)
_CANCELLED_TRIES: Final = """
UPDATE outbox SET state = 'cancelled', doubts = doubts + 1, holder = NULL, lease_us = NULL
WHERE destination = ? AND state = 'sending' AND done_us IS NOT NULL
AND (lease_us IS NULL OR lease_us <= ? OR holder IN ({}))
RETURNING state
"""
_GOES_ON: Final = """
UPDATE outbox SET state = CASE WHEN done_us IS NULL THEN ? ELSE 'cancelled' END,
    next_us = coalesce(?, next_us), error = ?, doubts = doubts + ?, holder = NULL, lease_us = NULL
WHERE key = ? AND state = 'sending' AND {} RETURNING state
"""
_ENDED: Final = f"""
UPDATE outbox SET state = ?, error = ?, done_us = ?, doubts = doubts + ?, holder = NULL,
    lease_us = NULL WHERE key = ? AND state NOT IN {FINAL} AND {{}}
"""  # noqa: S608 -- fixed words
# Nobody has taken it over since: each try has a number of its own until a person asks for more.
_HELD: Final = "state = 'sending' AND holder = ? AND attempts = ?"
_ANYWAY: Final = "TRUE"
_DEAD: Final = (
    "SELECT key, kind, destination, done_us, error, lead_id, attempts, doubts, recipients, fields,"
    " assignment_id, due_us FROM outbox WHERE state IN ('dead', 'refused')"
)
_DEAD_CLOCKS: Final = (
    "SELECT key, kind, step, aside_us, trouble, lead_id, tries, assignment_id, owed_us FROM clocks"
    " WHERE stopped_us IS NULL AND aside_us IS NOT NULL"
)
_DEAD_SIGNALS: Final = (
    "SELECT signals.signal_id, signals.kind, signals.source, signals.received_us, signals.reason,"
    " log.body FROM signals JOIN log ON log.seq = signals.seq WHERE signals.status = 'dead'"
)


@lru_cache(maxsize=4096)
def _recipients(rep_ids: tuple[str, ...]) -> str:
    return pack_text(rep_ids)


class SqlOutbox:
    """See :class:`leadfit.store.outbox.Outbox`."""

    def __init__(self, connection: Connection, tallies: Tallies) -> None:
        self._connection = connection
        self._tallies = tallies

    def queue(self, action: Action, now: datetime, *, withheld: bool = False) -> None:
        """Queue an action; one with the same key is never queued again."""
        self.queue_all([action], now, withheld=withheld)

    def queue_all(
        self, actions: Sequence[Action], now: datetime, *, withheld: bool = False
    ) -> None:
        """Queue actions in this order, each as :meth:`queue` does."""
        self._insert(actions, now, ActionState.WITHHELD if withheld else ActionState.PENDING)

    def fold(self, actions: Sequence[Action], now: datetime, words: str) -> None:
        """Put actions on record that were told of together with others, by another action."""
        self._insert(actions, now, ActionState.FOLDED, done_us=to_us(now), words=words)

    def _insert(
        self,
        actions: Sequence[Action],
        now: datetime,
        state: ActionState,
        *,
        done_us: int | None = None,
        words: str | None = None,
    ) -> None:
        now_us = to_us(now)
        rows: list[tuple[object, ...]] = []
        for each in actions:
            due_us = to_us(each.due_at)
            rows.append(
                (
                    each.key, each.kind, each.destination, each.lead_id, each.assignment_id,
                    due_us, _recipients(each.recipients), pack_text(each.fields), state.value,
                    max(due_us, now_us), words, done_us,
                )
            )  # fmt: skip
        if not rows:
            return
        written = self._connection.executemany(
            "INSERT INTO outbox (key, kind, destination, lead_id, assignment_id, due_us,"
            " recipients, fields, state, attempts, next_us, error, done_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            rows,
        )
        self._tallies.add_written(ACTIONS, written)
        if state.value in FINAL:
            self._tallies.add_written(f"{ACTIONS}/{state.value}", written)

    def due(self, now: datetime, limit: int) -> tuple[ActionView, ...]:
        """Return actions to be carried out or looked up, in the order of their times."""
        rows = self._connection.execute(
            f"SELECT {ACTION} FROM outbox WHERE state IN {_OPEN}"  # noqa: S608 -- fixed columns
            " AND next_us <= ? ORDER BY next_us, rowid LIMIT ?",
            (to_us(now), limit),
        )
        return tuple(action_view(row) for row in rows)

    def get(self, key: str) -> ActionView | None:
        """Return one action."""
        row = self._connection.execute(
            f"SELECT {ACTION} FROM outbox WHERE key = ?",  # noqa: S608 -- fixed columns
            (key,),
        ).fetchone()
        return None if row is None else action_view(row)

    def ready(self, now: datetime) -> tuple[str, ...]:
        """Return the destinations for which something is due, the longest waiting first."""
        rows = self._connection.execute(_READY, (to_us(now),)).fetchall()
        return tuple(row[0] for row in rows)

    def holders(self, now: datetime) -> tuple[str, ...]:
        """Return who holds actions in sending whose lease runs on."""
        rows = self._connection.execute(
            "SELECT DISTINCT holder FROM outbox WHERE state = 'sending'"
            " AND holder IS NOT NULL AND lease_us > ? ORDER BY holder",
            (to_us(now),),
        )
        return tuple(row[0] for row in rows)

    def claim(
        self,
        destination: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        limit: int,
        gone: Sequence[str] = (),
    ) -> tuple[ActionView, ...]:
        """Write that tries of due actions begin; return them in the state they were in before."""
        now_us, holders = to_us(now), ",".join("?" * len(gone))
        cancelled = self._connection.execute(
            _CANCELLED_TRIES.format(holders), (destination, now_us, *gone)
        )
        self._tallies.ended(cancelled.fetchall())
        rows = self._connection.execute(
            _CLAIMED.format(holders), (destination, now_us, now_us, *gone, limit)
        ).fetchall()
        views = tuple(action_view(row) for row in rows)
        if views:
            self._connection.execute(
                "UPDATE outbox SET attempts = attempts + 1,"  # noqa: S608 -- placeholders only
                " doubts = doubts + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,"
                " state = 'sending', holder = ?, lease_us = ?"
                f" WHERE key IN ({','.join('?' * len(views))})",
                (holder, to_us(until), *(view.action.key for view in views)),
            )
        return views

    def settle(
        self,
        key: str,
        state: ActionState,
        *,
        at: datetime,
        next_at: datetime | None = None,
        error: str | None = None,
        doubt: bool = False,
        lease: Lease | None = None,
    ) -> bool:
        """Write how a try ended, unless another took it over since; return whether it was."""
        mine = () if lease is None else (lease.holder, lease.attempt)
        only = _ANYWAY if lease is None else _HELD
        if state in (ActionState.PENDING, ActionState.AMBIGUOUS):
            again = (state.value, maybe_us(next_at), error, int(doubt), key, *mine)
            rows = self._connection.execute(_GOES_ON.format(only), again).fetchall()
            self._tallies.ended(rows)
            return bool(rows)
        values = (state.value, error, to_us(at), int(doubt), key, *mine)
        ended = self._connection.execute(_ENDED.format(only), values)
        if state.value in FINAL:
            self._tallies.add_written(f"{ACTIONS}/{state.value}", ended)
        return bool(ended.rowcount)

    def cancel(self, lead_id: str, at: datetime) -> int:
        """Cancel the open actions of a lead, after the try for what is being sent."""
        marked = self._connection.execute(CANCEL_OF_LEAD, (to_us(at), lead_id)).fetchall()
        self._tallies.ended(marked)
        return len(marked)

    def resume(self, lead_id: str, at: datetime) -> None:
        """Queue the actions of a lead again that were cancelled at the time ``at``."""
        resumed = self._connection.execute(
            "UPDATE outbox SET done_us = NULL,"
            " state = CASE WHEN state = 'sending' THEN state ELSE 'pending' END"
            " WHERE lead_id = ? AND state IN ('cancelled', 'sending') AND done_us = ?"
            " RETURNING state",
            (lead_id, to_us(at)),
        ).fetchall()
        self._tallies.add(f"{ACTIONS}/cancelled", -sum(state == "pending" for (state,) in resumed))

    def waiting(
        self, due_before: datetime, destinations: Sequence[str], limit: int
    ) -> tuple[ActionView, ...]:
        """Return alerts and pages that were due by then, wait still and were not looked at."""
        places = ",".join("?" * len(destinations))
        rows = self._connection.execute(
            f"SELECT {ACTION} FROM outbox WHERE state IN {_OPEN} AND fallback_us IS NULL"  # noqa: S608 -- fixed columns and placeholders
            # Of few alerts that are late, not of all that waits at a destination: by their index.
            f" AND kind IN {_FIRST} AND due_us <= ? AND destination || '' IN ({places})"
            " ORDER BY due_us, rowid LIMIT ?",
            (to_us(due_before), *destinations, limit),
        )
        return tuple(action_view(row) for row in rows)

    def fell_back(self, key: str, at: datetime) -> None:
        """Write that an alert or page was looked at for another channel."""
        self._connection.execute(
            "UPDATE outbox SET fallback_us = ? WHERE key = ?", (to_us(at), key)
        )

    def doubtful(self, limit: int) -> tuple[ActionView, ...]:
        """Return open actions with a doubt, those due first."""
        rows = self._connection.execute(
            f"SELECT {ACTION} FROM outbox WHERE state IN {_OPEN} AND doubts > 0"  # noqa: S608 -- fixed columns
            " ORDER BY next_us, rowid LIMIT ?",
            (limit,),
        )
        return tuple(action_view(row) for row in rows)

    def hasten(self, destination: str, now: datetime) -> int:
        """Let actions of a destination that are due, and wait for a next try, have it now."""
        now_us = to_us(now)
        return self._connection.execute(
            "UPDATE outbox SET next_us = ? WHERE destination = ?"
            " AND state IN ('pending', 'ambiguous') AND next_us > ? AND due_us <= ?",
            (now_us, destination, now_us, now_us),
        ).rowcount


class SqlDestinations:
    """See :class:`leadfit.store.outbox.Destinations`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def gate(self, destination: str) -> Gate:
        """Return how a destination is sent to; one nothing is known of is open."""
        row = self._connection.execute(
            "SELECT destination, state, until_us, why, failing_us FROM destinations"
            " WHERE destination = ?",
            (destination,),
        ).fetchone()
        return Gate(destination=destination) if row is None else _gate(row)

    def set_gate(self, gate: Gate, at: datetime) -> None:
        """Write how a destination is sent to from now on."""
        self._connection.execute(
            "INSERT INTO destinations (destination, state, until_us, why, failing_us, changed_us)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (destination) DO UPDATE SET"
            " state = excluded.state, until_us = excluded.until_us, why = excluded.why,"
            " failing_us = excluded.failing_us, changed_us = excluded.changed_us",
            (
                gate.destination, gate.state.value, maybe_us(gate.until), gate.why,
                maybe_us(gate.failing_since), to_us(at),
            ),
        )  # fmt: skip

    def gates(self) -> tuple[Gate, ...]:
        """Return every destination that something was written of, by name."""
        rows = self._connection.execute(
            "SELECT destination, state, until_us, why, failing_us FROM destinations"
            " ORDER BY destination"
        )
        return tuple(_gate(row) for row in rows)

    def backlog(self, now: datetime) -> Mapping[str, tuple[int, datetime | None]]:
        """Return for each destination how much is due and since when the oldest is."""
        rows = self._connection.execute(
            f"SELECT destination, count(*), min(due_us) FROM outbox WHERE state IN {_OPEN}"  # noqa: S608 -- fixed words
            " AND due_us <= ? GROUP BY destination ORDER BY destination",
            (to_us(now),),
        )
        return {row[0]: (row[1], maybe_time(row[2])) for row in rows}


class SqlDeadLetters:
    """See :class:`leadfit.store.outbox.DeadLetters`."""

    def __init__(self, connection: Connection, tallies: Tallies) -> None:
        self._connection = connection
        self._tallies = tallies

    def page(self, limit: int, what: str | None = None) -> tuple[DeadLetter, ...]:
        """Return the newest dead letters, of one sort or all."""
        found = sorted(self._found(limit, what), key=lambda each: (each.at, each.key), reverse=True)
        return tuple(found[:limit])

    def _found(self, limit: int, what: str | None) -> Iterator[DeadLetter]:
        if what in (None, "action"):
            rows = self._connection.execute(
                f"{_DEAD} ORDER BY done_us DESC, rowid DESC LIMIT ?", (limit,)
            )
            yield from (_dead_action(row) for row in rows)
        if what in (None, "clock"):
            rows = self._connection.execute(
                f"{_DEAD_CLOCKS} ORDER BY aside_us DESC, rowid DESC LIMIT ?", (limit,)
            )
            yield from (_dead_clock(row) for row in rows)
        if what in (None, "signal"):
            rows = self._connection.execute(
                f"{_DEAD_SIGNALS} ORDER BY signals.seq DESC LIMIT ?", (limit,)
            )
            yield from (_dead_signal(row) for row in rows)

    def get(self, key: str) -> DeadLetter | None:
        """Return one."""
        row = self._connection.execute(f"{_DEAD} AND key = ?", (key,)).fetchone()
        if row is not None:
            return _dead_action(row)
        row = self._connection.execute(
            f"{_DEAD_SIGNALS} AND signals.signal_id = ?", (key,)
        ).fetchone()
        if row is not None:
            return _dead_signal(row)
        row = self._connection.execute(f"{_DEAD_CLOCKS} AND key = ?", (key,)).fetchone()
        return None if row is None else _dead_clock(row)

    def retry(self, key: str, at: datetime) -> bool:
        """Let it be tried again in its old place in the order; ``False`` if it is not dead."""
        now_us = to_us(at)
        changed = self._connection.execute(
            "UPDATE outbox SET state = 'pending', next_us = ?, again_us = ?, done_us = NULL,"
            " attempts = 0 WHERE key = ? AND state IN ('dead', 'refused')",
            (now_us, now_us, key),
        ).rowcount
        return (
            bool(changed)
            or self._signal(key, "accepted")
            or self._clock("due_us = ?, tries = NULL, aside_us = NULL", key, now_us)
        )

    def drop(self, key: str, at: datetime) -> bool:
        """Give it up for good; ``False`` if it is not dead."""
        changed = self._connection.execute(
            "UPDATE outbox SET state = 'dropped', done_us = ?"
            " WHERE key = ? AND state IN ('dead', 'refused')",
            (to_us(at), key),
        ).rowcount
        self._tallies.add(f"{ACTIONS}/dropped", changed)
        return (
            bool(changed)
            or self._signal(key, "dropped")
            or self._clock("stopped_us = ?, stopped_by = 'dropped'", key, to_us(at))
        )

    def _clock(self, change: str, key: str, at_us: int) -> bool:
        return bool(
            self._connection.execute(
                f"UPDATE clocks SET {change} WHERE key = ?"  # noqa: S608 -- fixed words
                " AND stopped_us IS NULL AND aside_us IS NOT NULL",
                (at_us, key),
            ).rowcount
        )

    def _signal(self, signal_id: str, status: str) -> bool:
        return bool(
            self._connection.execute(
                "UPDATE signals SET status = ?, tries = NULL"
                " WHERE signal_id = ? AND status = 'dead'",
                (status, signal_id),
            ).rowcount
        )


def _gate(row: Row) -> Gate:
    destination, state, until_us, why, failing_us = row
    return Gate(
        destination=destination,
        state=GateState(state),
        until=maybe_time(until_us),
        why=why,
        failing_since=maybe_time(failing_us),
    )


def _dead_action(row: Row) -> DeadLetter:
    return DeadLetter(
        key=row[0],
        what="action",
        kind=row[1],
        place=row[2],
        at=from_us(row[3]),
        reason=row[4] or "",
        lead_id=row[5] or None,
        attempts=row[6],
        doubts=row[7],
        payload={
            "recipients": json.loads(row[8]),
            "fields": json.loads(row[9]),
            "assignment_id": row[10],
            "due_at": from_us(row[11]).isoformat(),
        },
    )


def _dead_clock(row: Row) -> DeadLetter:
    return DeadLetter(
        key=row[0],
        what="clock",
        kind=row[1],
        place=f"step {row[2] + 1}",
        at=from_us(row[3]),
        reason=row[4] or "",
        lead_id=row[5],
        attempts=row[6] or 0,
        payload={"assignment_id": row[7], "due_at": from_us(row[8]).isoformat()},
    )


def _dead_signal(row: Row) -> DeadLetter:
    return DeadLetter(
        key=row[0],
        what="signal",
        kind=row[1],
        place=row[2],
        at=from_us(row[3]),
        reason=row[4] or "",
        payload=json.loads(row[5]),
    )
