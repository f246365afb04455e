"""Pieces of a job's work, done side by side in the groups of the one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from leadfit.errors import StoreBusy
from leadfit.log import logger
from leadfit.store import Session, Store

_log = logger("jobs.pieces")

Piece = Callable[[Session], bool]
"""A piece of work in a transaction of its own; says whether it changed anything."""


P = TypeVar("P", bound=Piece)


def do_all(
    store: Store,
    pieces: Iterable[P],
    *,
    job: str,
    after_failure: Callable[[P, Exception], Piece] | None = None,
) -> int:
    """Do pieces of work side by side; return how many changed something.

    One that fails is logged and stops no other; the job finds it again in its next round.

    Args:
        store: Where they write.
        pieces: What is done.
        job: Named in the log.
        after_failure: Makes the piece that is done in the place of one that failed.

    Raises:
        StoreBusy: The store cannot take more now; what was done stays done.
    """
    begun = [(piece, store.submit(piece)) for piece in pieces]
    done = 0
    instead: list[Piece] = []
    for piece, answer in begun:
        try:
            done += answer.result()
        except StoreBusy:
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one piece
            _log.error("piece.failed", round=job, error=type(error).__name__)
            if after_failure is not None:
                instead.append(after_failure(piece, error))
    if instead:
        done += do_all(store, instead, job=job)
    return done
