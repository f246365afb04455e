"""Holds what a store says of itself to what was seen from outside.

Reads the SQLite file with its own statements, beside the history that the simulation kept, and
shares no code with what it checks.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from leadfit.testing.ownership import gaps, over_capacity, overlaps, read
from leadfit.testing.sim.history import History

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_LATE_S: Final = 5.0
_SETTLED: Final = frozenset({"done", "cancelled", "folded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What the policy of the simulated workspace promises, said again.

    Attributes:
        slots: Leads a rep may be given in a window.
        window: Length of the window.
        tiers: Tiers that count.
        keeps_keys: Destinations whose receivers do nothing twice.
    """

    slots: int = 15
    window: timedelta = timedelta(hours=48)
    tiers: frozenset[int] = frozenset({1})
    keeps_keys: frozenset[str] = frozenset({"crm", "pager", "email", "ads", "log"})


def faults(store: Path, history: History, rules: Promises | None = None) -> list[str]:
    """Return everything that does not hold, in words; empty when all does.

    Args:
        store: The SQLite file of a workspace that has come to rest.
        history: What was seen from outside.
        rules: What was promised.
    """
    promised = rules or Promises()
    with closing(sqlite3.connect(store)) as connection:
        owners = read(connection)
        return [
            *history.broken,
            *_lost(connection, history),
            *overlaps(owners),
            *gaps(owners),
            *over_capacity(
                owners, lambda _: promised.slots, window=promised.window, tiers=promised.tiers
            ),
            *_absent(connection, history),
            *_actions(connection, history, promised),
            *_clocks(connection, history),
            *_whole(connection),
        ]


def _at(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _lost(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """Every acknowledged signal is there and decided, and a repeat had the first answer."""
    states = dict(connection.execute("SELECT signal_id, status FROM signals"))
    first: dict[tuple[str, str], str] = {}
    for told in history.acknowledged:
        state = states.get(told.signal_id)
        if state != "decided":
            yield f"signal {told.signal_id} was acknowledged at {told.at} and is {state}"
        known = first.setdefault((told.source, told.event_id), told.signal_id)
        if known != told.signal_id:
            yield f"event {told.event_id} was taken twice: {known}, {told.signal_id}"


def _absent(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """Nobody is given a lead while away or gone."""
    away = defaultdict(list)
    for each in history.absences:
        away[each.rep_id].append((each.since, each.until))
    for lead_id, us, owner in connection.execute(
        "SELECT lead_id, assigned_us, owner_id FROM assignments"
    ):
        for since, until in away.get(owner, ()):
            # The clock on the wall may be set back by a few seconds when a process begins again.
            begun = since + timedelta(seconds=_MOST_LATE_S)
            if begun <= _at(us) and (until is None or _at(us) < until):
                yield f"lead {lead_id} went to {owner} at {_at(us)}, who is away since {since}"


def _actions(connection: sqlite3.Connection, history: History, rules: Promises) -> Iterator[str]:
    """What was queued is done, once where the receiver keeps keys, and nothing else is."""
    queued = {
        key: (state, destination, due_us, done_us)
        for key, state, destination, due_us, done_us in connection.execute(
            "SELECT key, state, destination, due_us, done_us FROM outbox"
        )
    }
    (last_us,) = connection.execute("SELECT max(done_us) FROM outbox").fetchone()
    done = Counter(effect.key for effect in history.effects)
    for key, (state, destination, due_us, done_us) in queued.items():
        if state == "done" and done[key] == 0:
            yield f"action {key} is called done and no receiver has it"
        if state == "dead" and _was_out(history, destination, done_us):
            continue  # its deadline passed while nobody could be told; it waits for a person
        if state not in _SETTLED and last_us is not None and due_us < last_us - 10**6 * 86_400:
            yield f"action {key}, due {_at(due_us)}, is still {state}"
    for effect in history.effects:
        if effect.key not in queued:
            yield f"{effect.destination} did {effect.key}, which nobody queued"
        if effect.at < effect.due_at - timedelta(seconds=_MOST_LATE_S):
            yield f"action {effect.key} was done at {effect.at}, before it was due {effect.due_at}"
        if effect.is_repeat and effect.destination in rules.keeps_keys:
            yield f"{effect.destination} did {effect.key} twice"
        elif effect.is_repeat and not effect.is_marked:
            yield f"{effect.destination} did {effect.key} twice and was not told that it may have"


def _was_out(history: History, destination: str, at_us: int) -> bool:
    at = _at(at_us)
    return any(
        each.destination == destination and each.since <= at <= each.until
        for each in history.outages
    )


def _clocks(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """Clocks fire on time, and none after the touch of a person that it waited for."""
    worst = max(history.late_s, default=0.0)
    if worst > _MOST_LATE_S:
        yield f"a clock fired {worst:.3f} s late"
    touches: dict[str, list[int]] = defaultdict(list)
    for touch in history.touches:
        touches[touch.lead_id].append(_us(touch.at))
    rows = connection.execute(
        "SELECT lead_id, kind, started_us, breached_us FROM clocks WHERE breached_us IS NOT NULL"
        " AND kind IN ('assignment_to_touch', 'signal_to_touch')"
    )
    tolerated_us = round(_MOST_LATE_S * 10**6)
    for lead_id, kind, started_us, breached_us in rows:
        # Another owner has a clock of his own, which a touch before it does not stop.
        for at_us in touches.get(lead_id, ()):
            if started_us <= at_us and breached_us > at_us + tolerated_us:
                yield f"the clock {kind} of {lead_id} fired after the touch at {_at(at_us)}"


def _whole(connection: sqlite3.Connection) -> Iterator[str]:
    if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        yield "the file is damaged"
    if connection.execute("PRAGMA foreign_key_check").fetchall():
        yield "a row points at one that is not there"
    (undecided,) = connection.execute(
        "SELECT count(*) FROM signals WHERE status = 'decided'"
        " AND signal_id NOT IN (SELECT signal_id FROM decisions)"
        " AND NOT (lead_id IS NULL AND coalesce(reason, '') LIKE 'an echo of what we wrote%')"
    ).fetchone()
    if undecided:
        yield f"{undecided} signals are called decided and no decision is kept"
