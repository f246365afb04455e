"""Spreads readings of the store over processes, each of which opens the store for itself."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, TypeVar

from leadfit.collector import collect_seldom
from leadfit.store import Store

_PART: Final = 5_000
"""Rows of the log in one part; parts are the same however many workers there are."""

P = TypeVar("P")
R = TypeVar("R")

OpenStore = Callable[[], Store]
"""Opens the store once more; can be sent to another process."""


def spread(
    store: Store,
    open_store: OpenStore | None,
    work: Callable[[Store, P], R],
    parts: Sequence[P],
    workers: int,
) -> list[R]:
    """Do a piece of work for each part; return the answers in the order of the parts.

    Args:
        store: The store.
        open_store: Without it all is done here.
        work: A function of a module, so that another process finds it by its name.
        parts: What it is called with; can be sent to another process, as can be its answers.
        workers: How many processes share the work; with one, or one part, it is done here.
    """
    if open_store is None or workers <= 1 or len(parts) <= 1:
        return [work(store, each) for each in parts]
    with ProcessPoolExecutor(
        min(workers, len(parts)),
        mp_context=get_context("spawn"),
        initializer=_open,
        initargs=(open_store,),
    ) as pool:
        return list(pool.map(partial(_in_worker, work), parts))


def parts_of(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of parts of the log: behind the first number, up to the second.

    Edges lie at the same rows whatever is left out before ``first``, so that what is said of a part
    does not depend on it.

    Args:
        first: Number of the first row; 0 where there is none.
        last: Number of the last row.

    >>> list(parts_of(3, 10_002))
    [(2, 5000), (5000, 10000), (10000, 10002)]
    """
    after = first - 1
    while first and after < last:
        upto = min(last, (after // _PART + 1) * _PART)
        yield after, upto
        after = upto


_here: Final[list[Store]] = []
"""The store of a worker process."""


def _open(open_store: OpenStore) -> None:
    # What is loaded stays, and what is made is dropped at once but for a few small circles.
    gc.freeze()
    collect_seldom()
    _here.append(open_store())


def _in_worker(work: Callable[[Store, P], R], part: P) -> R:
    return work(_here[0], part)
