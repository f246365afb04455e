"""Breach steps, notices of them, and assignments with their deadlines."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from leadfit.records import Action, Assignment, ClockKind, Tier
from leadfit.store.breaches import Breach, Handled, Storm, Telling, Touch
from leadfit.store.codec import from_us, maybe_time, pack_text, to_us, unpack
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_outbox import CANCEL_BY_KEY
from leadfit.store.sql_tallies import Tallies
from leadfit.store.sql_views import ACTION, action_view

_ADD: Final = """
INSERT INTO breaches (key, kind, step, lead_id, assignment_id, owner_id, tier, due_us, fired_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
"""
_BETWEEN: Final = """
SELECT key, kind, step, lead_id, assignment_id, owner_id, tier, due_us, fired_us FROM breaches
WHERE fired_us >= ? AND fired_us < ? ORDER BY fired_us, due_us, key
"""
_NOTIFY: Final = """
INSERT INTO notices (key, recipient, kind, destination, lead_id, assignment_id, due_us, fields)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
"""
_NOTICE: Final = "recipient, kind, destination, key, lead_id, assignment_id, due_us, fields"
_WAITING: Final = """
SELECT recipient, kind, destination, count(*), min(due_us) FROM notices WHERE told_by IS NULL
GROUP BY recipient, kind, destination ORDER BY min(due_us), recipient, kind, destination
"""
_FIRST: Final = f"""
SELECT {_NOTICE} FROM notices
WHERE told_by IS NULL AND recipient = ? AND kind = ? AND destination = ?
ORDER BY due_us, key LIMIT ?
"""  # noqa: S608 -- fixed columns
# By the index of what was told; what was withdrawn meanwhile was told by nothing.
_GATHERED: Final = """
FROM notices WHERE recipient = ? AND kind = ? AND destination = ? AND told_us >= ? AND told_by = ?
"""
_TELLINGS: Final = """
SELECT key, recipient, kind, destination, number, began_us FROM tellings WHERE ended_us IS NULL
ORDER BY began_us, key
"""
WITHDRAW: Final = """
UPDATE notices SET told_by = '', told_us = ? WHERE lead_id = ?
AND (told_by IS NULL OR told_by IN (SELECT key FROM tellings WHERE ended_us IS NULL))
"""
_LAST: Final = """
SELECT max(at_us) FROM (
    SELECT max(told_us) AS at_us FROM notices
    WHERE recipient = ?1 AND kind = ?2 AND destination = ?3 AND told_by <> ''
    UNION ALL
    SELECT max(ended_us) FROM tellings WHERE recipient = ?1 AND kind = ?2 AND destination = ?3
) AS last
"""
_TOLD: Final = """
SELECT min(recipient), min(kind), count(*) FROM notices
WHERE told_by <> '' AND told_us >= ? AND told_us < ? GROUP BY told_by ORDER BY told_by
"""
_HANDLED: Final = """
SELECT assignments.body, assignments.ended_us, clocks.deadline_us, clocks.stopped_us,
    clocks.stopped_by, clocks.breached_us
FROM clocks JOIN assignments USING (assignment_id)
WHERE clocks.kind = 'assignment_to_touch' AND deadline_us >= ? AND deadline_us < ?
ORDER BY deadline_us, clocks.key
"""
_TOUCHES: Final = """
SELECT lead_id, by, at_us FROM feedback WHERE kind = 'touched' AND lead_id IN (
    SELECT lead_id FROM clocks
    WHERE clocks.kind = 'assignment_to_touch' AND deadline_us >= ? AND deadline_us < ?
) ORDER BY at_us, seq
"""


class SqlBreaches:
    """See :class:`leadfit.store.breaches.Breaches`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, breach: Breach) -> None:
        """Keep a step that was taken; once by its key."""
        self._connection.execute(
            _ADD,
            (
                breach.key, breach.kind.value, breach.step, breach.lead_id, breach.assignment_id,
                breach.owner_id, None if breach.tier is None else int(breach.tier),
                to_us(breach.due_at), to_us(breach.fired_at),
            ),
        )  # fmt: skip

    def between(self, start: datetime, end: datetime) -> tuple[Breach, ...]:
        """Return the steps that fired from ``start`` up to ``end``, in that order."""
        rows = self._connection.execute(_BETWEEN, (to_us(start), to_us(end)))
        return tuple(
            Breach(
                key=key,
                kind=ClockKind(kind),
                step=step,
                lead_id=lead_id,
                assignment_id=assignment_id,
                owner_id=owner_id,
                tier=None if tier is None else Tier(tier),
                due_at=from_us(due_us),
                fired_at=from_us(fired_us),
            )
            for key, kind, step, lead_id, assignment_id, owner_id, tier, due_us, fired_us in rows
        )

    def notify(self, action: Action) -> None:
        """Keep what is to be told, for each of its recipients by itself; once by its key."""
        several = len(action.recipients) > 1
        for recipient in action.recipients or ("",):
            self._connection.execute(
                _NOTIFY,
                (
                    f"{action.key}/{recipient}" if several else action.key, recipient, action.kind,
                    action.destination, action.lead_id, action.assignment_id,
                    to_us(action.due_at), pack_text(action.fields),
                ),
            )  # fmt: skip

    def waiting(self) -> tuple[Storm, ...]:
        """Return what waits to be told, by person, kind and destination."""
        storms = [
            Storm(recipient=recipient, kind=kind, destination=destination, number=int(number))
            for recipient, kind, destination, number, _ in self._connection.execute(
                _WAITING
            ).fetchall()
        ]
        return tuple(replace(each, told_at=self.told_at(each)) for each in storms)

    def told_at(self, storm: Storm) -> datetime | None:
        """Return when the person of a storm was last told of the like there."""
        return maybe_time(self._connection.execute(_LAST, _group(storm)).fetchone()[0])

    def first(self, storm: Storm, limit: int) -> tuple[Action, ...]:
        """Return notices of a storm that wait, in the order in which they were due."""
        rows = self._connection.execute(_FIRST, (*_group(storm), limit))
        return tuple(_action(row) for row in rows)

    def tell(self, keys: Sequence[str], by: str, at: datetime) -> None:
        """Write that notices were told, or are being told, by the action with the key ``by``."""
        self._connection.executemany(
            "UPDATE notices SET told_by = ?, told_us = ? WHERE key = ? AND told_by IS NULL",
            [(by, to_us(at), key) for key in keys],
        )

    def begin_telling(self, telling: Telling) -> None:
        """Write that a storm is being told of; once by its key."""
        storm = telling.storm
        self._connection.execute(
            "INSERT INTO tellings (key, recipient, kind, destination, number, began_us)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (telling.key, *_group(storm), storm.number, to_us(telling.began_at)),
        )

    def tellings(self) -> tuple[Telling, ...]:
        """Return what is being told of and has not ended, the longest first."""
        return tuple(
            Telling(
                key=key,
                storm=Storm(
                    recipient=recipient, kind=kind, destination=destination, number=int(number)
                ),
                began_at=from_us(began_us),
            )
            for key, recipient, kind, destination, number, began_us in self._connection.execute(
                _TELLINGS
            ).fetchall()
        )

    def gathered(self, telling: Telling) -> tuple[Action, ...]:
        """Return the notices that are told by a telling, in the order in which they were due."""
        rows = self._connection.execute(
            f"SELECT {_NOTICE} {_GATHERED} ORDER BY due_us, key",
            _of(telling),
        )
        return tuple(_action(row) for row in rows)

    def count_gathered(self, telling: Telling) -> int:
        """Return how many notices are told by a telling."""
        row = self._connection.execute(f"SELECT count(*) {_GATHERED}", _of(telling)).fetchone()
        return int(row[0])

    def end_telling(self, key: str, at: datetime) -> bool:
        """Write that a telling has ended; ``False`` when it had before."""
        changed = self._connection.execute(
            "UPDATE tellings SET ended_us = ? WHERE key = ? AND ended_us IS NULL", (to_us(at), key)
        )
        return changed.rowcount == 1

    def withdraw(self, lead_id: str, at: datetime) -> int:
        """Let the notices of a lead rest that were not told yet; return how many."""
        return self._connection.execute(WITHDRAW, (to_us(at), lead_id)).rowcount

    def told(self, start: datetime, end: datetime) -> tuple[tuple[str, str, int], ...]:
        """Return person, kind and number of notices of each action told from ``start`` on."""
        rows = self._connection.execute(_TOLD, (to_us(start), to_us(end)))
        return tuple((recipient, kind, int(number)) for recipient, kind, number in rows)

    def handled(self, start: datetime, end: datetime) -> tuple[Handled, ...]:
        """Return the assignments whose deadline lies from ``start`` up to ``end``, in order."""
        span = (to_us(start), to_us(end))
        touches: dict[str, list[Touch]] = defaultdict(list)
        for lead_id, by, at_us in self._connection.execute(_TOUCHES, span).fetchall():
            touches[lead_id].append(Touch(by=by, at=from_us(at_us)))
        rows = [_handled(row) for row in self._connection.execute(_HANDLED, span)]
        return tuple(
            replace(each, touches=tuple(touches.get(each.assignment.lead_id, ()))) for each in rows
        )


class SqlUnbegun:
    """See :class:`leadfit.store.breaches.Unbegun`."""

    def __init__(self, connection: Connection, tallies: Tallies) -> None:
        self._connection = connection
        self._tallies = tallies

    def of_lead(self, lead_id: str) -> tuple[Action, ...]:
        """Return them in the order in which they are due."""
        rows = self._connection.execute(
            f"SELECT {ACTION} FROM outbox WHERE lead_id = ? AND state IN ('pending', 'sending')"  # noqa: S608 -- fixed columns
            " ORDER BY due_us, rowid",
            (lead_id,),
        )
        return tuple(action_view(row).action for row in rows)

    def readdress(self, action: Action) -> bool:
        """Write for whom and for which assignment one is done; ``False`` if it was begun."""
        changed = self._connection.execute(
            "UPDATE outbox SET recipients = ?, assignment_id = ? WHERE key = ?"
            " AND state = 'pending'",
            (pack_text(action.recipients), action.assignment_id, action.key),
        )
        return changed.rowcount == 1

    def cancel(self, keys: Sequence[str], at: datetime) -> int:
        """Cancel those with these keys, after the try for what is being sent; return how many."""
        if not keys:
            return 0
        marked = self._connection.execute(
            CANCEL_BY_KEY.format(",".join("?" * len(keys))), (to_us(at), *keys)
        ).fetchall()
        self._tallies.ended(marked)
        return len(marked)


def _group(storm: Storm) -> tuple[str, str, str]:
    return storm.recipient, storm.kind, storm.destination


def _of(telling: Telling) -> tuple[str, str, str, int, str]:
    return (*_group(telling.storm), to_us(telling.began_at), telling.key)


def _action(row: Row) -> Action:
    recipient, kind, destination, key, lead_id, assignment_id, due_us, fields = row
    return Action(
        key=key,
        kind=kind,
        destination=destination,
        lead_id=lead_id,
        assignment_id=assignment_id,
        due_at=from_us(due_us),
        recipients=(recipient,) if recipient else (),
        fields=json.loads(fields),
    )


def _handled(row: Row) -> Handled:
    body, ended_us, deadline_us, stopped_us, stopped_by, breached_us = row
    return Handled(
        assignment=unpack(Assignment, body),
        deadline_at=from_us(deadline_us),
        ended_at=maybe_time(ended_us),
        stopped_at=maybe_time(stopped_us),
        stopped_by=stopped_by,
        breached_at=maybe_time(breached_us),
    )
