"""Checks the whole log, by several processes where it is long."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from leadfit.errors import BadInput, Fault, shorten
from leadfit.jobs.workers.spread import OpenStore, spread
from leadfit.store import Store, chain
from leadfit.store.views import Stretch, Verification

_STRETCH: Final = 25_000
"""Rows that are worth a process of their own."""
_A_WORKER: Final = 8
"""Stretches of each worker, so that none waits for long on the others."""


def verify(
    store: Store,
    open_store: OpenStore | None,
    *,
    workers: int = 1,
    anchors: Sequence[str] = (),
) -> Verification:
    """Check the log from its first row to the kept head, and what it gives the digests of.

    Args:
        store: The store.
        open_store: Opens it again, in a process of its own; without it all is done here.
        workers: How many processes share the work. Each checks stretches of the log; that the
            first row of one follows the last row of the one before is checked here.
        anchors: What earlier checks gave as their ``anchor``, kept outside of the store.

    Raises:
        BadInput: An anchor is none.
    """
    noted = tuple(map(_read, anchors))
    last = store.read(lambda session: session.signals.last())
    most = min(last // _STRETCH, workers * _A_WORKER)
    if open_store is None or workers <= 1 or most <= 1:
        return store.read(lambda session: session.signals.verify((), noted))
    bounds = tuple(pairwise(last * number // most for number in range(most + 1)))
    walked = spread(store, open_store, _walk, bounds, workers)
    # What came meanwhile, and what can only be said of the whole, is looked at in one snapshot.
    return store.read(lambda session: session.signals.verify(walked, noted))


def _read(anchor: str) -> chain.Anchor:
    try:
        return chain.read_anchor(anchor)
    except ValueError as error:
        allowed = "a row's number, a colon and 64 hexadecimal digits, as verify prints them"
        raise BadInput(Fault(place="anchor", came=shorten(anchor), allowed=allowed)) from error


def _walk(store: Store, bounds: tuple[int, int]) -> Stretch:
    return store.read(lambda session: session.signals.walk(*bounds))
