"""The store in one SQLite file: one writer thread with group commit, readers of their own.

A piece of work runs in a savepoint of a transaction that it shares with the pieces that wait
beside it; the transaction is committed with a full sync, and only then are the pieces answered.
A checkpoint waits until the writer is idle or the log of the file is long, and until the answers
of its group are out.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from leadfit.errors import DamagedStore, LeadfitError, StoreBusy
from leadfit.log import logger
from leadfit.store.base import Session
from leadfit.store.migrate import LATEST, migrate, revision_of
from leadfit.store.sqlite_session import SqliteSession
from leadfit.store.sqlite_wal import WalGauge
from leadfit.world import World

T = TypeVar("T")

_GROUP: Final = 128
_GROUP_S: Final = 0.02
_QUEUE: Final = 10_000
_BUSY_MS: Final = 5_000
_IDLE_S: Final = 0.05
_REST_S: Final = 1.0
# A checkpoint moves about this many pages in the time of a few syncs.
_PAGES_WORTH_A_CHECKPOINT: Final = 2_000
_PAGES_AT_MOST: Final = 4_000

_log = logger("store")


@dataclass(slots=True)
class _Piece(Generic[T]):
    work: Callable[[Session], T]
    answer: Future[T]
    result: T | None = None
    error: BaseException | None = None

    def attempt(self, connection: sqlite3.Connection, session: Session, path: Path) -> None:
        """Run the work in a savepoint; what it raises is its caller's alone."""
        connection.execute("SAVEPOINT piece")
        try:
            self.result = self.work(session)
        except BaseException as error:  # noqa: BLE001 -- handed to the caller who sent the work
            # Trouble with the disk is no fault of the work, and may pass.
            if isinstance(error, sqlite3.OperationalError):
                error = _ours(error, path)
            self.error = error
            if connection.in_transaction:
                connection.execute("ROLLBACK TO piece")
                connection.execute("RELEASE piece")
        else:
            connection.execute("RELEASE piece")

    def settle(self) -> None:
        """Answer the caller; the group is durable."""
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)  # type: ignore[arg-type]  # no error, so a result


class SqliteStore:
    """See :class:`leadfit.store.base.Store`.

    The file and its lock are made when they are missing; an older schema is brought up to date
    when nobody else writes to it.

    Args:
        path: The file.
        secret: Keys the digests by which bodies are compared.
        world: Time, ids and failpoints.

    Raises:
        NewerStore: A newer Leadfit wrote the file; it is left as it is.
        DamagedStore: The file is no store.
    """

    def __init__(self, path: Path, *, secret: bytes, world: World) -> None:
        self._path = path
        self._secret = secret
        self._world = world
        self._queue: queue.Queue[_Piece[object] | None] = queue.Queue(_QUEUE)
        self._lock = threading.Lock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._ownership: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failed: LeadfitError | None = None
        self._prepare()

    # ---- opening ----

    def _prepare(self) -> None:
        if not self._path.exists():
            # Personal values lie in it: for its owner's eyes only, from the first byte.
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        connection = self._connect()
        try:
            revision = revision_of(connection, self._path)
        finally:
            connection.close()
        if revision != LATEST:
            self._own()
            migrate(self._path)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "secure_delete = ON",
                "cache_size = -65536",
                "wal_autocheckpoint = 0",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _ours(error, self._path) from error
        return connection

    def _own(self) -> None:
        """Become the one process that writes; the system lets go of it when the process ends.

        The lock is SQLite's own on a file beside the store, so that it holds on every system.
        """
        if self._ownership is not None:
            return
        beside = self._path.with_name(f"{self._path.name}.writer")
        connection = sqlite3.connect(
            beside, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            raise StoreBusy(f"another process writes to {self._path}", 5.0) from error
        self._ownership = connection

    # ---- writing ----

    @property
    def is_idle(self) -> bool:
        """No work waits for the writer."""
        return self._queue.empty()

    def submit(self, work: Callable[[Session], T]) -> Future[T]:
        """Queue a piece of work; the answer comes after the commit is durable."""
        answer: Future[T] = Future()
        with self._lock:
            self._start()
            try:
                self._queue.put_nowait(_Piece(work, answer))  # type: ignore[arg-type]  # any answer
            except queue.Full:
                raise StoreBusy("the queue of the store is full", 1.0) from None
        return answer

    def write(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work and return its answer once the commit is durable."""
        return self.submit(work).result()

    def _start(self) -> None:
        if self._closed:
            raise StoreBusy("the store is closed", 5.0)
        if self._failed is not None:
            raise self._failed
        if self._thread is None:
            self._own()
            self._thread = threading.Thread(target=self._run, name="leadfit-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        gauge = WalGauge(self._path, _PAGES_AT_MOST)
        try:
            connection = self._connect()
            session = SqliteSession(connection, self._secret, self._world)
            while (piece := self._next(connection, gauge)) is not None:
                self._do_group(connection, session, piece)
                if gauge.is_long():
                    self._checkpoint(connection, "PASSIVE")
        except BaseException as error:  # noqa: BLE001 -- the outermost edge of the writer thread
            _log.error("store.writer_failed", error=type(error).__name__)
            self._fail(error)
        finally:
            gauge.close()
            if connection is not None:
                self._checkpoint(connection, "TRUNCATE")
                connection.close()

    def _next(self, connection: sqlite3.Connection, gauge: WalGauge) -> _Piece[object] | None:
        """Wait for a piece; use the time for a checkpoint."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            pass
        for patience, worth in ((_IDLE_S, _PAGES_WORTH_A_CHECKPOINT), (_REST_S, 1)):
            try:
                return self._queue.get(timeout=patience)
            except queue.Empty:
                if gauge.has(worth):
                    self._checkpoint(connection, "PASSIVE")
        return self._queue.get()

    def _do_group(
        self, connection: sqlite3.Connection, session: Session, first: _Piece[object]
    ) -> None:
        group: list[_Piece[object]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._gather(connection, session, first, group)
            self._world.reach("store.before_commit")
            connection.execute("COMMIT")
            self._world.reach("store.after_commit")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            ours = _ours(error, self._path) if isinstance(error, sqlite3.Error) else error
            for piece in group or [first]:
                piece.answer.set_exception(ours)
            if not isinstance(error, Exception):
                raise
            return
        for piece in group:
            piece.settle()

    def _gather(
        self,
        connection: sqlite3.Connection,
        session: Session,
        first: _Piece[object],
        group: list[_Piece[object]],
    ) -> None:
        """Run ``first`` and what waits behind it, up to a number and a time."""
        until = self._world.monotonic_s() + _GROUP_S
        piece: _Piece[object] | None = first
        while piece is not None:
            group.append(piece)
            piece.attempt(connection, session, self._path)
            if not connection.in_transaction and piece.error is not None:
                # A full or failing disk takes the whole transaction with it.
                raise piece.error
            if len(group) >= _GROUP or self._world.monotonic_s() >= until:
                return
            try:
                piece = self._queue.get_nowait()
            except queue.Empty:
                return
            if piece is None:
                self._queue.put(None)

    def _checkpoint(self, connection: sqlite3.Connection, mode: str) -> None:
        try:
            connection.execute(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error as error:
            _log.warning("store.checkpoint_failed", error=str(error))

    def _fail(self, error: BaseException) -> None:
        ours = (
            _ours(error, self._path)
            if isinstance(error, sqlite3.Error)
            else StoreBusy("the writer of the store has stopped", 30.0)
        )
        with self._lock:
            self._failed = ours
            while True:
                try:
                    piece = self._queue.get_nowait()
                except queue.Empty:
                    return
                if piece is not None:
                    piece.answer.set_exception(ours)

    # ---- reading ----

    def read(self, work: Callable[[Session], T]) -> T:
        """Read in one consistent snapshot, from any thread."""
        session, connection = self._reader()
        connection.execute("BEGIN")
        try:
            return work(session)
        except sqlite3.DatabaseError as error:
            raise _ours(error, self._path) from error
        finally:
            connection.execute("ROLLBACK")

    def _reader(self) -> tuple[SqliteSession, sqlite3.Connection]:
        found: tuple[SqliteSession, sqlite3.Connection] | None = getattr(
            self._local, "reader", None
        )
        if found is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            with self._lock:
                self._readers.append(connection)
            found = SqliteSession(connection, self._secret, self._world), connection
            self._local.reader = found
        return found

    # ---- closing ----

    def close(self) -> None:
        """Finish queued work and let go of the store."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()
        for connection in self._readers:
            connection.close()
        if self._ownership is not None:
            self._ownership.close()


def _ours(error: sqlite3.Error, path: Path) -> LeadfitError:
    """Return our error for one of the driver's."""
    words = str(error)
    if any(sign in words for sign in ("malformed", "not a database", "corrupt", "no such table")):
        return DamagedStore(str(path), words)
    return StoreBusy(f"{path}: {words}", 5.0)
