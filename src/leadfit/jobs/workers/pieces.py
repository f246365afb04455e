"""Pieces of a job's work, done side by side in the groups of the one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future

from leadfit.errors import Retryable
from leadfit.log import logger
from leadfit.store import Session, Store

_log = logger("jobs.pieces")

Piece = Callable[[Session], bool]
"""A piece of work in a transaction of its own; says whether it changed anything."""


def do_all(store: Store, pieces: Iterable[Piece], *, job: str) -> int:
    """Do pieces of work side by side; return how many changed something.

    One that fails is logged and stops no other; the job finds it again in its next round.

    Args:
        store: Where they write.
        pieces: What is done.
        job: Named in the log.

    Raises:
        StoreBusy: The store cannot take more now; what was done stays done.
    """
    begun: list[Future[bool]] = [store.submit(piece) for piece in pieces]
    done = 0
    for answer in begun:
        try:
            done += answer.result()
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one piece
            _log.error("piece.failed", round=job, error=type(error).__name__)
    return done
