"""Group commit: one thread writes for a process, whatever the store is kept in.

A piece of work runs in a savepoint of a transaction that it shares with the pieces that wait
beside it; the transaction is committed for good, and only then are the pieces answered.

Whoever waits goes first. A group that somebody waits for from its beginning takes in no piece that
nobody waits for. Where somebody comes while such pieces are done, the group goes on for a few
milliseconds, so that one commit stands for more than one of them, and then all are answered.
"""

from __future__ import annotations

import itertools
import math
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from leadfit.errors import LeadfitError, StoreBusy
from leadfit.log import logger
from leadfit.store.base import Session
from leadfit.world import World

T = TypeVar("T")

# How much one sync makes durable, and how much may wait for it: measured in docs/performance.md.
_GROUP: Final = 128
_GROUP_S: Final = 0.02
_SHARED_S: Final = 0.008
"""Seconds after which no piece that nobody waits for is begun, once somebody waits."""
_QUEUE: Final = 10_000
_BEHIND: Final = 5_000
"""Pieces by which one that nobody waits for stands behind the others: it is passed, but not for
ever."""

_log = logger("store")


class Transactions(Protocol):
    """The transactions of one connection that writes; used by one thread."""

    @property
    def session(self) -> Session:
        """What pieces of work write by."""

    def begin(self) -> None:
        """Begin a transaction that no other writer can disturb."""

    def mark(self) -> None:
        """Begin a piece."""

    def keep(self) -> None:
        """End a piece that was done; what it wrote has been taken without an error."""

    def take_back(self) -> bool:
        """Undo the piece; ``False`` when the whole transaction is lost with it."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def give_up(self) -> None:
        """End the transaction without a trace, as far as it goes."""

    def named(self, error: BaseException) -> BaseException:
        """Return our error for one of the driver's that may pass; any other as it is."""

    def after_group(self) -> None:
        """Do what is due when the answers of a group are out."""

    def chores(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """Return what to do after so many seconds without work, in order."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(slots=True)
class _Piece(Generic[T]):
    work: Callable[[Session], T]
    answer: Future[T]
    later: bool
    result: T | None = None
    error: BaseException | None = None

    def attempt(self, transactions: Transactions) -> bool:
        """Run the work in a savepoint; what it raises is its caller's alone.

        Returns:
            Whether the transaction goes on.
        """
        transactions.mark()
        try:
            self.result = self.work(transactions.session)
            transactions.keep()
        except BaseException as error:  # noqa: BLE001 -- handed to the caller who sent the work
            self.error = transactions.named(error)
            return transactions.take_back()
        return True

    def settle(self) -> None:
        """Answer the caller; the group is durable."""
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)  # type: ignore[arg-type]  # no error, so a result


# Its turn, a number of its own, and the piece; ``None`` behind all pieces ends the writer.
_Place = tuple[float, int, _Piece[object] | None]


class GroupWriter:
    """Takes pieces of work from any thread and does them in one.

    Args:
        world: Time and failpoints.
        open_transactions: Called in the writer's thread when the first piece comes.
        before_first: Called before that, in the thread of the caller; may raise.
    """

    def __init__(
        self,
        world: World,
        open_transactions: Callable[[], Transactions],
        before_first: Callable[[], None],
    ) -> None:
        self._world = world
        self._open = open_transactions
        self._before_first = before_first
        self._queue: queue.PriorityQueue[_Place] = queue.PriorityQueue(_QUEUE)
        self._places = itertools.count()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failed: BaseException | None = None

    @property
    def is_idle(self) -> bool:
        """No work waits."""
        return self._queue.empty()

    @property
    def waiting(self) -> int:
        """Pieces of work that wait."""
        return self._queue.qsize()

    def submit(self, work: Callable[[Session], T], *, later: bool = False) -> Future[T]:
        """Queue a piece of work; the answer comes after the commit is durable.

        Args:
            work: The piece.
            later: Nobody waits for it: pieces that somebody waits for go first, up to thousands.

        Raises:
            StoreBusy: The queue is full, or the writer has stopped.
        """
        answer: Future[T] = Future()
        with self._lock:
            self._start()
            try:
                place = next(self._places)
                turn = place + _BEHIND if later else place
                self._queue.put_nowait((turn, place, _Piece(work, answer, later)))  # type: ignore[arg-type]  # any answer
            except queue.Full:
                raise StoreBusy("the queue of the store is full", 1.0) from None
        return answer

    def close(self) -> bool:
        """Finish queued work and stop; ``False`` when that was done before."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            thread = self._thread
        if thread is not None:
            # Without the lock: a writer that fails needs it to empty a queue that is full.
            self._queue.put(self._end())
            thread.join()
        return True

    def _end(self) -> _Place:
        """Return the place behind every piece."""
        return math.inf, next(self._places), None

    def _start(self) -> None:
        if self._closed:
            raise StoreBusy("the store is closed", 5.0)
        if self._failed is not None:
            raise self._failed
        if self._thread is None:
            self._before_first()
            self._thread = threading.Thread(target=self._run, name="leadfit-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        transactions: Transactions | None = None
        try:
            transactions = self._open()
            while (piece := self._next(transactions)) is not None:
                self._do_group(transactions, piece)
                transactions.after_group()
        except BaseException as error:  # noqa: BLE001 -- the outermost edge of the writer thread
            _log.error("store.writer_failed", error=type(error).__name__)
            self._fail(error if transactions is None else transactions.named(error))
        finally:
            if transactions is not None:
                transactions.close()

    def _next(self, transactions: Transactions) -> _Piece[object] | None:
        """Wait for a piece; use the time for chores."""
        try:
            return self._queue.get_nowait()[-1]
        except queue.Empty:
            pass
        for patience_s, chore in transactions.chores():
            try:
                return self._queue.get(timeout=patience_s)[-1]
            except queue.Empty:
                chore()
        return self._queue.get()[-1]

    def _do_group(self, transactions: Transactions, first: _Piece[object]) -> None:
        group: list[_Piece[object]] = []
        try:
            transactions.begin()
            self._world.reach("store.begun")
            self._gather(transactions, first, group)
            self._world.reach("store.before_commit")
            transactions.commit()
            self._world.reach("store.after_commit")
        except BaseException as error:
            ours = transactions.named(error)
            try:
                transactions.give_up()
            finally:
                for piece in group or [first]:
                    piece.answer.set_exception(ours)
            if not isinstance(error, Exception):
                raise
            return
        for piece in group:
            piece.settle()

    def _gather(
        self, transactions: Transactions, first: _Piece[object], group: list[_Piece[object]]
    ) -> None:
        """Run ``first`` and what waits behind it, up to a number and a time."""
        began = self._world.monotonic_s()
        is_waited_for = False
        piece: _Piece[object] | None = first
        while piece is not None:
            group.append(piece)
            is_waited_for = is_waited_for or not piece.later
            if not piece.attempt(transactions) and piece.error is not None:
                # A full or failing disk takes the whole transaction with it.
                raise piece.error
            self._world.reach("store.piece_kept")
            took = self._world.monotonic_s() - began
            if len(group) >= _GROUP or took >= _GROUP_S:
                return
            may_share = not is_waited_for or (first.later and took < _SHARED_S)
            piece = self._next_of_group(may_share=may_share)

    def _next_of_group(self, *, may_share: bool) -> _Piece[object] | None:
        """Take the next piece that goes with the present group; ``None`` where there is none.

        Args:
            may_share: A piece that nobody waits for goes with it, too.
        """
        with self._queue.mutex:
            waiting = self._queue.queue
            ahead = waiting[0][-1] if waiting else None
        if ahead is None or (ahead.later and not may_share):
            return None
        return self._queue.get_nowait()[-1]

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, LeadfitError):
            error = StoreBusy("the writer of the store has stopped", 30.0)
        with self._lock:
            self._failed = error
            while True:
                try:
                    piece = self._queue.get_nowait()[-1]
                except queue.Empty:
                    return
                if piece is not None:
                    piece.answer.set_exception(error)
