"""Spreads readings of the store over processes, each of which opens the store for itself."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, Self, TypeVar

from leadfit.collector import collect_seldom
from leadfit.store import Store

_PART: Final = 5_000
"""Rows of the log in one part; parts are the same however many workers there are."""

P = TypeVar("P")
R = TypeVar("R")

OpenStore = Callable[[], Store]
"""Opens the store once more; can be sent to another process."""


class Workers:
    """Processes that share the work; with one, or nothing to open the store by, all is done here.

    They end with the ``with`` block that this is used in.

    Args:
        store: The store.
        open_store: Opens it in another process.
        workers: How many processes there are at the most.
    """

    def __init__(self, store: Store, open_store: OpenStore | None, workers: int) -> None:
        self._store = store
        self._open_store = open_store if workers > 1 else None
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def each(self, work: Callable[[Store, P], R], parts: Sequence[P]) -> list[R]:
        """Do a piece of work for each part; return the answers in the order of the parts.

        Args:
            work: A function of a module, so that another process finds it by its name.
            parts: What it is called with; can be sent to another process, as can be its answers.
        """
        pool = self._begun() if len(parts) > 1 else None
        if pool is None:
            return [work(self._store, each) for each in parts]
        return list(pool.map(partial(_in_worker, work), parts))

    def beside(self, work: Callable[[Store, P], R], part: P) -> Callable[[], R]:
        """Begin a piece of work beside what is done here; the answer is what waits for its end.

        Where no other process has begun to work, it is done here at once.
        """
        if self._pool is None:
            done = work(self._store, part)
            return lambda: done
        return self._pool.submit(_in_worker, work, part).result

    def _begun(self) -> ProcessPoolExecutor | None:
        if self._pool is None and self._open_store is not None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=get_context("spawn"),
                initializer=_open,
                initargs=(self._open_store,),
            )
        return self._pool


def spread(
    store: Store,
    open_store: OpenStore | None,
    work: Callable[[Store, P], R],
    parts: Sequence[P],
    workers: int,
) -> list[R]:
    """Do a piece of work for each part as :meth:`Workers.each` does, and let the workers go.

    Args:
        store: The store.
        open_store: Without it all is done here.
        work: As :meth:`Workers.each` takes it; so are the parts.
        parts: What it is called with.
        workers: How many processes share the work; with one, or one part, it is done here.
    """
    with Workers(store, open_store, workers) as hands:
        return hands.each(work, parts)


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
    # At the end what is frozen would count as leaked by those who watch for that.
    atexit.register(gc.unfreeze)
    collect_seldom()
    _here.append(open_store())


def _in_worker(work: Callable[[Store, P], R], part: P) -> R:
    return work(_here[0], part)
