"""Capacity slots, and turns of the rotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class SqlCapacity:
    """See :class:`leadfit.store.base.Capacity`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._before: dict[tuple[str, ...], dict[str, Held]] = {}

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
        # Just before the least of the others: level with it, the order of ids would decide.
        least = min((turns[rep_id] for rep_id in rep_ids if rep_id in turns), default=1) - 1
        if len(self._before) > _MOST_POOLS:
            self._before.clear()
        before = self._before.setdefault(tuple(pools), {})
        found: dict[str, Held] = {}
        for rep_id in rep_ids:
            taken, last = busy.get(rep_id, 0), turns.get(rep_id, least)
            of_pool = of_pools.get(rep_id, _NO_TURNS)
            held = before.get(rep_id)
            if (
                held is None
                or held.last_turn != last
                or held.slots_taken != taken
                or held.turns != of_pool
            ):
                # Most are as they were when they were asked for last: records take time to make.
                held = Held(slots_taken=taken, last_turn=last, turns=of_pool)
                before[rep_id] = held
            found[rep_id] = held
        return found

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
