"""Breach steps, notices of them, and assignments with their deadlines."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from leadfit.records import Action, Assignment, ClockKind, Tier
from leadfit.store.breaches import Breach, Handled, Storm, Touch
from leadfit.store.codec import from_us, maybe_time, pack_text, to_us, unpack
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_outbox import CANCEL_BY_KEY
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
_WAITING: Final = """
SELECT recipient, kind, destination, key, lead_id, assignment_id, due_us, fields FROM notices
WHERE told_by IS NULL ORDER BY due_us, key
"""
_LAST: Final = """
SELECT max(told_us) FROM notices
WHERE recipient = ? AND kind = ? AND destination = ? AND told_by <> ''
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
        groups: dict[tuple[str, str, str], list[Action]] = defaultdict(list)
        for recipient, kind, destination, *rest in self._connection.execute(_WAITING).fetchall():
            groups[recipient, kind, destination].append(_action(recipient, kind, destination, rest))
        return tuple(
            Storm(
                recipient=group[0],
                kind=group[1],
                destination=group[2],
                notices=tuple(notices),
                told_at=maybe_time(self._connection.execute(_LAST, group).fetchone()[0]),
            )
            for group, notices in groups.items()
        )

    def tell(self, keys: Sequence[str], by: str, at: datetime) -> None:
        """Write that notices were told by the action with the key ``by``."""
        self._connection.executemany(
            "UPDATE notices SET told_by = ?, told_us = ? WHERE key = ? AND told_by IS NULL",
            [(by, to_us(at), key) for key in keys],
        )

    def withdraw(self, lead_id: str, at: datetime) -> int:
        """Let the notices of a lead rest that were not told yet; return how many."""
        return self._connection.execute(
            "UPDATE notices SET told_by = '', told_us = ? WHERE lead_id = ? AND told_by IS NULL",
            (to_us(at), lead_id),
        ).rowcount

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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        return self._connection.execute(
            CANCEL_BY_KEY.format(",".join("?" * len(keys))), (to_us(at), *keys)
        ).rowcount


def _action(recipient: str, kind: str, destination: str, rest: Sequence[object]) -> Action:
    key, lead_id, assignment_id, due_us, fields = rest
    return Action(
        key=str(key),
        kind=kind,
        destination=destination,
        lead_id=str(lead_id),
        assignment_id=None if assignment_id is None else str(assignment_id),
        due_at=from_us(int(str(due_us))),
        recipients=(recipient,) if recipient else (),
        fields=json.loads(str(fields)),
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
