"""Many connections of several processes claim the slots of one rep at the same time.

Each connection claims as fast as it can, at times spread over several windows and in no order. It
says which claims it was given; nothing else is looked at when they are judged.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from leadfit.store.sql_capacity import SqlCapacity
from leadfit.testing.ownership import beyond
from leadfit.world import seeded

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    from leadfit.store.sql import Connection

WINDOW: Final = timedelta(hours=48)
_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_WAIT_S: Final = 120.0
_LONGEST_S: Final = 1200.0
_MICROSECOND: Final = timedelta(microseconds=1)

Given = tuple[int, int]
"""Number of the run, and microseconds from its start at which a claim was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What is raced.

    Attributes:
        url: Address of a PostgreSQL store, or the path of a SQLite file.
        runs: Each has a rep of its own.
        processes: Processes at the same time.
        connections: Connections of each process.
        claims: Claims of each connection in a run.
        slots: Slots of each rep.
        spread: Claims lie within so much time.
        careless: Count, then write, as it must not be done: whether a race finds what is wrong.
    """

    url: str
    runs: int
    processes: int = 4
    connections: int = 16
    claims: int = 4
    slots: int = 15
    spread: timedelta = timedelta(hours=120)
    careless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the claims that were given say.

    Attributes:
        over: Runs in which a window held more than the slots.
        most: Most leads any window held.
        given: Claims that were given, in all runs.
    """

    runs: int
    over: int
    most: int
    given: int


def race(wanted: Race) -> Judged:
    """Run a race and judge it by the claims that were given.

    Args:
        wanted: The store must have its tables and no other work.

    Raises:
        RuntimeError: A connection failed, so that there is nothing to judge by.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(wanted.processes * wanted.connections)
    answers: Queue[tuple[list[Given], int]] = context.Queue()
    workers = [
        context.Process(target=_work, args=(wanted, number, barrier, answers))
        for number in range(wanted.processes)
    ]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=_LONGEST_S) for _ in workers]
    for worker in workers:
        worker.join()
    if sum(finished for _, finished in told) != wanted.processes * wanted.connections:
        raise RuntimeError("a connection failed, and what it was given is not known")
    given = [each for claims, _ in told for each in claims]
    return judge(given, wanted.runs, wanted.slots)


def judge(given: Sequence[Given], runs: int, slots: int) -> Judged:
    """Count runs in which a sliding window held more than the slots.

    >>> judge([(0, 0), (0, 1), (1, 0)], 2, 1)
    Judged(runs=2, over=1, most=2, given=3)
    """
    times: dict[int, list[int]] = {run: [] for run in range(runs)}
    for run, at_us in given:
        times[run].append(at_us)
    counts = {
        run: max((count for _, count in beyond(sorted(each), 0, WINDOW)), default=0)
        for run, each in times.items()
    }
    return Judged(
        runs=runs,
        over=sum(count > slots for count in counts.values()),
        most=max(counts.values(), default=0),
        given=len(given),
    )


def _work(
    wanted: Race, process: int, barrier: Barrier, answers: Queue[tuple[list[Given], int]]
) -> None:
    """Be one process: a thread for each connection."""
    given: list[Given] = []
    finished: list[tuple[int, int]] = []
    threads = [
        threading.Thread(
            target=_claim_all, args=(wanted, (process, number), barrier, given, finished)
        )
        for number in range(wanted.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put((given, len(finished)))


def _claim_all(
    wanted: Race,
    who: tuple[int, int],
    barrier: Barrier,
    given: list[Given],
    finished: list[tuple[int, int]],
) -> None:
    with _connected(wanted.url) as connection:
        for run in range(wanted.runs):
            draw = seeded("capacity race", run, *who)
            times = [draw.random() * wanted.spread for _ in range(wanted.claims)]
            barrier.wait(_WAIT_S)
            won = [at for at in times if connection.claim(f"rep_{run}", at, wanted)]
            given.extend((run, at // _MICROSECOND) for at in won)
    finished.append(who)


class _Claiming(Protocol):
    def claim(self, rep_id: str, at: timedelta, wanted: Race) -> bool: ...


class _Claims:
    """Claims, each in a transaction of its own."""

    def __init__(self, connection: Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin

    def claim(self, rep_id: str, at: timedelta, wanted: Race) -> bool:
        now = _START + at
        self._connection.execute(self._begin)
        if wanted.careless:
            slot = self._careless(rep_id, now, wanted.slots)
        else:
            slot = SqlCapacity(self._connection).claim(
                rep_id, slots=wanted.slots, lead_id="lead", now=now, until=now + WINDOW
            )
        self._connection.execute("COMMIT")
        return slot is not None

    def _careless(self, rep_id: str, now: datetime, slots: int) -> int | None:
        at_us = (now - _START) // _MICROSECOND
        since = at_us - WINDOW // _MICROSECOND
        until = at_us + WINDOW // _MICROSECOND
        (busy,) = self._connection.execute(
            "SELECT count(*) FROM slots WHERE rep_id = ? AND claimed_us > ? AND claimed_us < ?",
            (rep_id, since, until),
        ).fetchone()
        if busy >= slots:
            return None
        self._connection.execute(
            "INSERT INTO slots (rep_id, slot, busy_until_us, claimed_us) VALUES (?,"
            " (SELECT coalesce(max(slot), 0) + 1 + CAST(random() * 1000000 AS integer)"
            " FROM slots WHERE rep_id = ?), ?, ?)",
            (rep_id, rep_id, until, at_us),
        )
        return 1


@contextmanager
def _connected(url: str) -> Iterator[_Claiming]:
    if "://" not in url:
        with closing(sqlite3.connect(Path(url), timeout=_WAIT_S, isolation_level=None)) as raw:
            # Whether a claim outlives a power cut is asked elsewhere.
            raw.execute("PRAGMA synchronous = OFF")
            yield _Claims(raw, "BEGIN IMMEDIATE")
        return
    from leadfit.store.postgres_connection import (  # noqa: PLC0415 -- an extra
        PostgresConnection,
        connect,
    )

    with closing(connect(url, statement_s=60, lock_s=60, idle_s=60)) as opened:
        yield _Claims(PostgresConnection(opened), "BEGIN ISOLATION LEVEL READ COMMITTED")
