"""Capacity slots, and turns of the rotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit.store.codec import to_us
from leadfit.store.owners import Held
from leadfit.store.sql import Connection

_MOST_POOLS: Final = 256
_NO_TURNS: Final[Mapping[str, int]] = {}

# A slot is busy until its window has passed, both as it was when the slot was taken and as it is
# now: a policy that makes the window longer frees nothing early, one that makes it shorter neither.
_BUSY: Final = "(busy_until_us > :now OR claimed_us > :since)"

# One guarded statement: two claims can never get the same slot, on any store. Slots beyond the
# number of now, from before it was lowered, count until they are free.
_CLAIM: Final = f"""
UPDATE slots SET busy_until_us = :until, claimed_us = :now, lead_id = :lead
WHERE rep_id = :rep AND slot = (
    SELECT slot FROM slots WHERE rep_id = :rep AND slot <= :slots
    AND busy_until_us <= :now AND coalesce(claimed_us, 0) <= :since
    AND (SELECT count(*) FROM slots WHERE rep_id = :rep AND {_BUSY}) < :slots
    ORDER BY slot LIMIT 1
) AND busy_until_us <= :now AND coalesce(claimed_us, 0) <= :since
RETURNING slot
"""  # noqa: S608 -- fixed texts


@dataclass(frozen=True, slots=True)
class _Loads:
    """What the rows of a question came to, and what follows from them."""

    busy: Mapping[str, int]
    turns: Mapping[str, int]
    of_pools: Mapping[str, Mapping[str, int]]
    least: int
    held: Mapping[str, Held]


def _held(
    rep_ids: Sequence[str],
    busy: Mapping[str, int],
    turns: Mapping[str, int],
    of_pools: Mapping[str, Mapping[str, int]],
    before: _Loads | None,
) -> _Loads:
    """Return what reps hold; most hold what they held when they were asked for last.

    A decision changes the row of one rep or two, and records of all take time to make.
    """
    # Just before the least of the others: level with it, the order of ids would decide.
    least = min((turns[rep_id] for rep_id in rep_ids if rep_id in turns), default=1) - 1
    held: dict[str, Held] = {}
    changed: Iterable[str] = rep_ids
    if before is not None:
        held |= before.held
        others = _changed(busy, before.busy) | _changed(turns, before.turns)
        others |= {
            rep_id
            for rep_id in of_pools.keys() | before.of_pools.keys()
            if of_pools.get(rep_id) != before.of_pools.get(rep_id)
        }
        if least != before.least:
            others |= {rep_id for rep_id in rep_ids if rep_id not in turns}
        changed = others & held.keys()
    for rep_id in changed:
        held[rep_id] = Held(
            slots_taken=busy.get(rep_id, 0),
            last_turn=turns.get(rep_id, least),
            turns=of_pools.get(rep_id, _NO_TURNS),
        )
    return _Loads(busy, turns, of_pools, least, held)


def _changed(now: Mapping[str, int], before: Mapping[str, int]) -> set[str]:
    """Return the names whose numbers differ, or which only one of the two has."""
    return {name for name, _ in now.items() ^ before.items()}


class SqlCapacity:
    """See :class:`leadfit.store.base.Capacity`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._before: dict[tuple[tuple[str, ...], tuple[str, ...]], _Loads] = {}

    def loads(
        self,
        rep_ids: Sequence[str],
        now: datetime,
        *,
        window: timedelta = timedelta(0),
        pools: Sequence[str] = (),
    ) -> Mapping[str, Held]:
        """Return each rep's busy slots and turns; a rep without a turn is next, once."""
        busy: dict[str, int] = dict(
            self._connection.execute(
                f"SELECT rep_id, count(*) FROM slots WHERE {_BUSY} GROUP BY rep_id",  # noqa: S608 -- fixed texts
                {"now": to_us(now), "since": to_us(now - window)},
            ).fetchall()
        )
        turns: dict[str, int] = dict(
            self._connection.execute("SELECT rep_id, turn FROM turns").fetchall()
        )
        of_pools: dict[str, dict[str, int]] = {}
        if pools:
            rows = self._connection.execute(
                "SELECT rep_id, pool, turn FROM pool_turns"  # noqa: S608 -- placeholders only
                f" WHERE pool IN ({','.join('?' * len(pools))})",
                tuple(pools),
            )
            for rep_id, pool, turn in rows:
                of_pools.setdefault(rep_id, {})[pool] = turn
        if len(self._before) > _MOST_POOLS:
            self._before.clear()
        key = (tuple(rep_ids), tuple(pools))
        found = _held(rep_ids, busy, turns, of_pools, self._before.get(key))
        self._before[key] = found
        return found.held

    def claim(
        self, rep_id: str, *, slots: int, lead_id: str, now: datetime, until: datetime
    ) -> int | None:
        """Take one of a rep's slots from ``now`` until ``until``; ``None`` when all are busy."""
        values = {
            "rep": rep_id,
            "slots": slots,
            "lead": lead_id,
            "now": to_us(now),
            "until": to_us(until),
            "since": to_us(now - (until - now)),
        }
        row = self._connection.execute(_CLAIM, values).fetchone()
        if row is None and self._add_slots(rep_id, slots):
            row = self._connection.execute(_CLAIM, values).fetchone()
        return None if row is None else int(row[0])

    def _add_slots(self, rep_id: str, slots: int) -> bool:
        (have,) = self._connection.execute(
            "SELECT count(*) FROM slots WHERE rep_id = ? AND slot <= ?", (rep_id, slots)
        ).fetchone()
        if have >= slots:
            return False
        self._connection.executemany(
            "INSERT INTO slots (rep_id, slot, busy_until_us) VALUES (?, ?, 0)"
            " ON CONFLICT (rep_id, slot) DO NOTHING",
            [(rep_id, number) for number in range(1, slots + 1)],
        )
        return True

    def take_turn(self, rep_id: str, pool: str | None = None) -> int:
        """Put a rep at the end of a pool's rotation; return the number of the turn.

        Numbers are of one series over all pools, so that they also tell whose turn anywhere is
        longest past.
        """
        (turn,) = self._connection.execute(
            "INSERT INTO turns (rep_id, turn)"
            " VALUES (?, (SELECT coalesce(max(turn), 0) + 1 FROM turns))"
            " ON CONFLICT (rep_id) DO UPDATE SET turn = excluded.turn RETURNING turn",
            (rep_id,),
        ).fetchone()
        if pool is not None:
            self._connection.execute(
                "INSERT INTO pool_turns (pool, rep_id, turn) VALUES (?, ?, ?)"
                " ON CONFLICT (pool, rep_id) DO UPDATE SET turn = excluded.turn",
                (pool, rep_id, turn),
            )
        return int(turn)
