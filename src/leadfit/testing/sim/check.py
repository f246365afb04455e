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
from itertools import pairwise
from pathlib import Path
from typing import Final

from leadfit.testing.sim.history import History

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_LATE_S: Final = 5.0
_SETTLED: Final = frozenset({"done", "cancelled", "folded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
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


def faults(store: Path, history: History, rules: Rules | None = None) -> list[str]:
    """Return everything that does not hold, in words; empty when all does.

    Args:
        store: The SQLite file of a workspace that has come to rest.
        history: What was seen from outside.
        rules: What was promised.
    """
    promised = rules or Rules()
    with closing(sqlite3.connect(store)) as connection:
        return [
            *history.broken,
            *_lost(connection, history),
            *_owners(connection),
            *_gaps(connection, history),
            *_absent(connection, history),
            *_over_capacity(connection, promised),
            *_actions(connection, history, promised),
            *_clocks(connection, history),
            *_whole(connection),
        ]


def _at(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


# ---- signals -------------------------------------------------------------------------------


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


# ---- owners --------------------------------------------------------------------------------


def _assignments(connection: sqlite3.Connection) -> dict[str, list[tuple[int, int | None, str]]]:
    found: dict[str, list[tuple[int, int | None, str]]] = defaultdict(list)
    rows = connection.execute(
        "SELECT lead_id, assigned_us, ended_us, owner_id FROM assignments"
        " ORDER BY lead_id, assigned_us, ended_us IS NULL, ended_us"
    )
    for lead_id, assigned_us, ended_us, owner_id in rows:
        found[lead_id].append((assigned_us, ended_us, owner_id))
    return found


def _owners(connection: sqlite3.Connection) -> Iterator[str]:
    """No two owners at one time, and the lead names the last."""
    named = dict(connection.execute("SELECT lead_id, owner_id FROM leads WHERE is_imported = 0"))
    for lead_id, held in _assignments(connection).items():
        for (_, ended_us, owner), (next_us, _, other) in pairwise(held):
            if ended_us is None or ended_us > next_us:
                yield f"lead {lead_id} belonged to {owner} and {other} at {_at(next_us)}"
        last = held[-1]
        if last[1] is None and named.get(lead_id) != last[2]:
            yield f"lead {lead_id} names {named.get(lead_id)}, its assignment {last[2]}"
        if last[1] is not None and named.get(lead_id) is not None:
            yield f"lead {lead_id} names {named[lead_id]} and has no assignment"


def _gaps(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """A lead without an owner is looked at: a clock ran, or nothing did, or the lead is closed."""
    held = _assignments(connection)
    waits = {
        lead_id: (started_us, stopped_us)
        for lead_id, started_us, stopped_us in connection.execute(
            "SELECT lead_id, started_us, stopped_us FROM clocks"
            " WHERE kind = 'signal_to_assignment' AND due_us IS NOT NULL OR"
            " (kind = 'signal_to_assignment' AND breached_us IS NOT NULL)"
        )
    }
    rows = connection.execute(
        "SELECT lead_id, created_us, is_open, retry_us FROM leads WHERE is_imported = 0"
    )
    for lead_id, created_us, is_open, retry_us in rows:
        own = held.get(lead_id, [])
        if not own and is_open and lead_id not in waits:
            yield f"lead {lead_id} of {_at(created_us)} is open, has no owner, and no clock runs"
        if not own and is_open and retry_us is None:
            yield f"lead {lead_id} of {_at(created_us)} has no owner and none is looked for"
        for (_, ended_us, _), (next_us, _, _) in pairwise(own):
            if ended_us is not None and ended_us < next_us and not _down(history, ended_us):
                yield f"lead {lead_id} had no owner from {_at(ended_us)} to {_at(next_us)}"
        if own and own[0][0] > created_us and lead_id not in waits:
            yield f"lead {lead_id} waited for its first owner, and no clock ran"


def _down(history: History, us: int) -> bool:
    at = _at(us)
    return any(since <= at <= until for since, until in history.downs)


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


def _over_capacity(connection: sqlite3.Connection, rules: Rules) -> Iterator[str]:
    """No rep has more leads of the tiers that count than slots in any window."""
    given: dict[str, list[int]] = defaultdict(list)
    rows = connection.execute(
        "SELECT owner_id, assigned_us, json_extract(body, '$.tier') FROM assignments"
        " ORDER BY owner_id, assigned_us"
    )
    for owner, us, tier in rows:
        if tier in rules.tiers:
            given[owner].append(us)
    window_us = rules.window // _MICROSECOND
    for owner, times in given.items():
        for first, beyond in zip(times, times[rules.slots :], strict=False):
            if beyond - first < window_us:
                yield f"{owner} was given {rules.slots + 1} leads from {_at(first)} on"


# ---- actions -------------------------------------------------------------------------------


def _actions(connection: sqlite3.Connection, history: History, rules: Rules) -> Iterator[str]:
    """What was queued is done, once where the receiver keeps keys, and nothing else is."""
    queued = {
        key: (state, destination, due_us)
        for key, state, destination, due_us in connection.execute(
            "SELECT key, state, destination, due_us FROM outbox"
        )
    }
    (last_us,) = connection.execute("SELECT max(done_us) FROM outbox").fetchone()
    done = Counter(effect.key for effect in history.effects)
    for key, (state, _, due_us) in queued.items():
        if state == "done" and done[key] == 0:
            yield f"action {key} is called done and no receiver has it"
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


# ---- clocks --------------------------------------------------------------------------------


def _clocks(connection: sqlite3.Connection, history: History) -> Iterator[str]:
    """Clocks fire on time, and none after a person's touch."""
    worst = max(history.late_s, default=0.0)
    if worst > _MOST_LATE_S:
        yield f"a clock fired {worst:.3f} s late"
    first_touch: dict[str, datetime] = {}
    for touch in history.touches:
        first_touch.setdefault(touch.lead_id, touch.at)
    rows = connection.execute(
        "SELECT lead_id, kind, breached_us FROM clocks WHERE breached_us IS NOT NULL"
        " AND kind IN ('assignment_to_touch', 'signal_to_touch')"
    )
    for lead_id, kind, breached_us in rows:
        touched = first_touch.get(lead_id)
        if touched is not None and breached_us > _us(touched) + _MOST_LATE_S * 10**6:
            yield f"the clock {kind} of {lead_id} fired after the touch at {touched}"


# ---- the file ------------------------------------------------------------------------------


def _whole(connection: sqlite3.Connection) -> Iterator[str]:
    if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        yield "the file is damaged"
    if connection.execute("PRAGMA foreign_key_check").fetchall():
        yield "a row points at one that is not there"
    (undecided,) = connection.execute(
        "SELECT count(*) FROM signals WHERE status = 'decided'"
        " AND signal_id NOT IN (SELECT signal_id FROM decisions)"
    ).fetchone()
    if undecided:
        yield f"{undecided} signals are called decided and no decision is kept"
