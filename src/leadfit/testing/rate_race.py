"""Many workers of several processes take turns at vendors, each by a clock of its own.

Nothing waits in earnest: a worker's clock stands where its latest turn was. What is judged are the
times of all turns together, against every limit, in windows that slide and in fixed ones.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leadfit.connectors.vendors import Profiles
from leadfit.store import Session, SqliteStore, Store
from leadfit.store.pace import Limits, spans
from leadfit.testing.fakes import FrozenWorld
from leadfit.world import SystemWorld, seeded

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_AHEAD: Final = timedelta(days=400)
_MOST_AT_ONCE: Final = 200
_WAIT_S: Final = 1_200.0
_OFFSETS: Final = 7
_SMOOTH: Final = 60_000_000
_STORE_SECRET: Final = b"of the race"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRace:
    """What is raced.

    Attributes:
        url: Address of a PostgreSQL store, or the path of a SQLite file.
        turns: Turns at each vendor, of all workers together.
        workers: Processes on PostgreSQL, threads of one process on SQLite, which one writes to.
        careless: Give every worker a count of its own, as it must not be done.
    """

    url: str
    turns: int
    workers: int = 4
    careless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the turns at one vendor say.

    Attributes:
        turns: Turns that were given.
        over: Windows above a limit, sliding and fixed.
        used: Share of the permitted rate: the time the limits want for so many turns at least, by
            the time they took.
        shortest_us: Shortest time between two turns.
    """

    vendor: str
    limits: Limits
    turns: int
    over: int
    used: float
    shortest_us: int


def limits_of_profiles() -> Mapping[str, Limits]:
    """Return the limits of every profile that has some, by vendor, bucket and plan."""
    profiles = Profiles()
    return {
        f"{name}/{bucket}/{plan}": spans({rate.seconds: rate.calls for rate in rates})
        for name in profiles.names()
        for bucket, each in profiles.get(name).rates.items()
        for plan, rates in each.plans.items()
    }


def race(wanted: RateRace, vendors: Mapping[str, Limits]) -> tuple[Kept, ...]:
    """Race, and judge every vendor.

    Args:
        wanted: What is raced.
        vendors: Limits by vendor.
    """
    each = -(-wanted.turns // wanted.workers)
    run = _in_processes if wanted.url.startswith("postgres") else _in_threads
    taken = run(wanted, vendors, each)
    return tuple(
        judge(name, limits, sorted(at for one in taken for at in one[name]))
        for name, limits in vendors.items()
    )


Taken = Mapping[str, Sequence[int]]


def _in_threads(wanted: RateRace, vendors: Mapping[str, Limits], each: int) -> list[Taken]:
    store = SqliteStore(Path(wanted.url), secret=_STORE_SECRET, world=FrozenWorld())
    try:
        with ThreadPoolExecutor(wanted.workers) as pool:
            return list(
                pool.map(
                    lambda number: take_turns(store, vendors, each, number, wanted),
                    range(wanted.workers),
                )
            )
    finally:
        store.close()


def _in_processes(wanted: RateRace, vendors: Mapping[str, Limits], each: int) -> list[Taken]:
    context = multiprocessing.get_context("spawn")
    answers: Queue[Taken] = context.Queue()
    processes = [
        context.Process(target=_process, args=(wanted, dict(vendors), each, number, answers))
        for number in range(wanted.workers)
    ]
    for process in processes:
        process.start()
    taken = [answers.get(timeout=_WAIT_S) for _ in processes]
    for process in processes:
        process.join()
    return taken


def _process(
    wanted: RateRace,
    vendors: Mapping[str, Limits],
    each: int,
    number: int,
    answers: Queue[Taken],
) -> None:
    with _postgres(wanted.url) as store:
        answers.put(take_turns(store, vendors, each, number, wanted))


@contextmanager
def _postgres(url: str) -> Iterator[Store]:
    from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra

    store = PostgresStore(url, secret=_STORE_SECRET, world=SystemWorld())
    try:
        yield store
    finally:
        store.close()


def take_turns(
    store: Store, vendors: Mapping[str, Limits], turns: int, number: int, wanted: RateRace
) -> Taken:
    """Take turns at every vendor, now at one and now at another; return their times.

    Args:
        store: Gives them out.
        vendors: Limits by vendor.
        turns: How many at each.
        number: Of the worker.
        wanted: What is raced.
    """
    random = seeded("rate race", number)
    taken: dict[str, list[int]] = {name: [] for name in vendors}
    open_names = list(vendors)
    while open_names:
        name = random.choice(open_names)
        mine = taken[name]
        many = min(turns - len(mine), random.randint(1, _MOST_AT_ONCE))
        now = _START if not mine else _START + mine[-1] * _MICROSECOND
        bucket = f"of {number}" if wanted.careless else "all"
        at = store.write(partial(_take, (name, bucket), vendors[name], now, many))
        mine += [(each - _START) // _MICROSECOND for each in at]
        if len(mine) >= turns:
            open_names.remove(name)
    return taken


def _take(
    place: tuple[str, str], limits: Limits, now: datetime, many: int, session: Session
) -> Sequence[datetime]:
    return session.paces.take(*place, limits, now=now, latest=now + _AHEAD, number=many)


def judge(name: str, limits: Limits, times: Sequence[int]) -> Kept:
    """Return what turns say, by nothing but their times.

    Args:
        name: The vendor.
        limits: Calls by the length of a window in microseconds.
        times: When the turns were, in order.
    """
    over = sum(
        _sliding(times, span, most) + _fixed(times, span, most) for span, most in limits.items()
    )
    return Kept(
        vendor=name,
        limits=limits,
        turns=len(times),
        over=over,
        used=soonest(limits, len(times)) / max(1, times[-1] - times[0]),
        shortest_us=min((later - earlier for earlier, later in pairwise(times)), default=0),
    )


def _sliding(times: Sequence[int], span: int, most: int) -> int:
    """Return how many windows that end with a turn hold more than the limit."""
    held: deque[int] = deque()
    over = 0
    for at in times:
        held.append(at)
        while held[0] <= at - span:
            held.popleft()
        over += len(held) > most
    return over


def _fixed(times: Sequence[int], span: int, most: int) -> int:
    """Return how many fixed windows hold more than the limit, wherever they begin."""
    over = 0
    for part in range(_OFFSETS):
        offset = span * part // _OFFSETS
        window, held = -1, 0
        for at in times:
            this = (at + offset) // span
            held = held + 1 if this == window else 1
            window = this
            over += held == most + 1
    return over


def soonest(limits: Limits, turns: int) -> int:
    """Return when the last of many turns is, at the soonest that all limits permit, from 0.

    Each turn is as early as it can be by an exact count of all turns before it, evenly spaced by
    limits of a minute or less.

    Args:
        limits: Calls by the length of a window in microseconds.
        turns: How many.

    >>> soonest({1_000_000: 2, 3_600_000_000: 3}, 4)
    3600000000
    """
    gap = max((span / most for span, most in limits.items() if span <= _SMOOTH), default=0.0)
    held: dict[int, deque[float]] = {span: deque(maxlen=most) for span, most in limits.items()}
    at = -gap
    for _ in range(turns):
        at += gap
        for span, most in limits.items():
            if len(held[span]) == most:
                at = max(at, held[span][0] + span)
        for each in held.values():
            each.append(at)
    return round(at)
