"""The store in one SQLite file: one writer thread with group commit, readers of their own.

A group is committed with a full sync. A checkpoint waits until the writer is idle or the log of the
file is long, and until the answers of its group are out. The writer alone makes them, and none of a
log that was moved already: SQLite before 3.51.3 may lose a commit that another connection makes at
that moment (https://www.sqlite.org/wal.html, "The WAL-Reset Bug").
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from leadfit.errors import BadInput, DamagedStore, Fault, LeadfitError, NotPossible, StoreBusy
from leadfit.log import logger
from leadfit.store import backfill
from leadfit.store.base import Session
from leadfit.store.migrate import LATEST, make, migrate, revision_of
from leadfit.store.sql_head import HeldHead, StoredHead
from leadfit.store.sql_session import SqlSession
from leadfit.store.sqlite_read_only import check_unchanged, connect_to_read, seen
from leadfit.store.sqlite_wal import WalGauge
from leadfit.store.writing import GroupWriter, Transactions
from leadfit.world import World

T = TypeVar("T")

_BUSY_MS: Final = 5_000
_IDLE_S: Final = 0.05
_REST_S: Final = 1.0
# A checkpoint moves about this many pages in the time of a few syncs.
_PAGES_WORTH_A_CHECKPOINT: Final = 2_000
_PAGES_AT_MOST: Final = 4_000

_log = logger("store")


class _SqliteTransactions:
    """See :class:`leadfit.store.writing.Transactions`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        secret: bytes,
        world: World,
        path: Path,
    ) -> None:
        self._connection = connection
        self._stored_head = StoredHead(connection)
        self._head = HeldHead(self._stored_head.write)
        self._path = path
        self._gauge = WalGauge(path, _PAGES_AT_MOST)
        self.session = SqlSession(connection, secret, world, self._head)

    def begin(self) -> None:
        """Begin a transaction that no other writer can disturb."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._head.begin(self._stored_head.read())
        self.session.begin()

    def mark(self) -> None:
        """Begin a piece."""
        self._connection.execute("SAVEPOINT piece")
        self._head.mark()
        self.session.tallies.mark()

    def keep(self) -> None:
        """End a piece that was done."""
        self._connection.execute("RELEASE piece")

    def take_back(self) -> bool:
        """Undo the piece; ``False`` when the whole transaction is lost with it."""
        if not self._connection.in_transaction:
            return False
        self.session.forget()
        self._head.take_back()
        self._connection.execute("ROLLBACK TO piece")
        self._connection.execute("RELEASE piece")
        return True

    def commit(self) -> None:
        """Make the transaction durable."""
        self._head.keep()
        self.session.tallies.write()
        self._connection.execute("COMMIT")

    def give_up(self) -> None:
        """End the transaction without a trace."""
        self.session.forget()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def named(self, error: BaseException) -> BaseException:
        """Return our error where the disk is in trouble: no fault of the work, and may pass."""
        if _is_of_the_work(error):
            return error
        if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
            return _ours(error, self._path)
        return error

    def after_group(self) -> None:
        """Keep the log of the file short."""
        if self._gauge.is_long():
            self._checkpoint("PASSIVE")

    def chores(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """Return checkpoints, for an idle time."""
        return (
            (_IDLE_S, partial(self._checkpoint_of, _PAGES_WORTH_A_CHECKPOINT)),
            (_REST_S, partial(self._checkpoint_of, 1)),
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._checkpoint("TRUNCATE")
        self._gauge.close()
        self._connection.close()

    def _checkpoint_of(self, pages: int) -> None:
        if self._gauge.has_new(pages):
            self._checkpoint("PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        try:
            row = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            self._gauge.moved(*row[1:])
        except sqlite3.Error as error:
            _log.warning("store.checkpoint_failed", error=str(error))


class SqliteStore:
    """See :class:`leadfit.store.base.Store`.

    The file and its lock are made when they are missing; an older schema is brought up to date
    when nobody else writes to it.

    Args:
        path: The file.
        secret: Keys the digests by which bodies are compared.
        world: Time, ids and failpoints.
        read_only: It cannot be written to; whatever would write is refused.

    Raises:
        BadInput: It is to be read alone, and that is not possible where it lies.
        NewerStore: A newer Leadfit wrote the file; it is left as it is.
        DamagedStore: The file is no store.
    """

    is_near = True

    def __init__(self, path: Path, *, secret: bytes, world: World, read_only: bool = False) -> None:
        self._path = path
        self._secret = secret
        self._world = world
        self._read_only = read_only
        self._seen = seen(path) if read_only else None
        self._lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._free: deque[tuple[SqlSession, sqlite3.Connection]] = deque()
        self._ownership: sqlite3.Connection | None = None
        self._writer = GroupWriter(world, self._open_transactions, self._own)
        self._prepare()

    def _prepare(self) -> None:
        if self._path.exists() and not self._path.stat().st_size:
            # SQLite would take it for a new database: what was in it would be lost in silence.
            raise DamagedStore(str(self._path), "the file is empty, it holds 0 bytes")
        if not self._path.exists():
            self._make()
        connection = self._connect()
        try:
            revision = revision_of(connection, self._path)
            if self._read_only:
                _check_up_to_date(revision, self._path, connection)
                return
            if revision != LATEST:
                self._own()
                if revision is not None:
                    backfill.mark(connection)
                migrate(self._path)
            if backfill.is_marked(connection):
                self._own()
                backfill.backfill(connection, self._secret, self._world)
        finally:
            connection.close()

    def _make(self) -> None:
        """Make the file whole beside its place, so that one without tables is never ours."""
        self._own()
        making = self._path.with_name(f"{self._path.name}.new")
        for end in ("", "-journal", "-wal", "-shm"):
            making.with_name(f"{making.name}{end}").unlink(missing_ok=True)
        # Personal values lie in it: for its owner's eyes only, from the first byte.
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        make(making)
        self._world.reach("store.made")
        making.replace(self._path)

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            return connect_to_read(self._path, timeout_s=_BUSY_MS / 1000)
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
        if self._read_only:
            why = "it can only be read: the file, its folder or the disk cannot be written to"
            raise NotPossible(str(self._path), why)
        beside = self._path.with_name(f"{self._path.name}.writer")
        connection = sqlite3.connect(
            beside, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            why = (
                f"another process writes to {self._path}, such as leadfit serve: do it on its "
                "pages or over HTTP, or stop it first"
            )
            raise StoreBusy(why, 5.0, elsewhere=True) from error
        self._ownership = connection

    @property
    def is_idle(self) -> bool:
        """No work waits for the writer."""
        return self._writer.is_idle

    @property
    def waiting(self) -> int:
        """Pieces of work that wait for the writer."""
        return self._writer.waiting

    def submit(self, work: Callable[[Session], T], *, later: bool = False) -> Future[T]:
        """Queue a piece of work; the answer comes after the commit is durable."""
        return self._writer.submit(work, later=later)

    def write(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work and return its answer once the commit is durable."""
        return self._writer.submit(work).result()

    def write_beside(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work on API keys alone, whichever process is the one that writes.

        The one that writes keeps nothing of them in memory, and its own transactions are short: it
        and this one wait for each other.
        """
        if self._read_only:
            self._own()
        connection = self._connect()
        transactions = _SqliteTransactions(connection, self._secret, self._world, self._path)
        try:
            transactions.begin()
            answer = work(transactions.session)
            self._world.reach("store.before_commit_beside")
            transactions.commit()
        except BaseException as error:
            transactions.give_up()
            raise transactions.named(error) from error
        finally:
            connection.close()
        return answer

    def _open_transactions(self) -> Transactions:
        connection = self._connect()
        # What a piece would have to take back is more than SQLite keeps in memory by itself: it
        # would make a file for nearly every decision.
        connection.execute("PRAGMA temp_store = MEMORY")
        return _SqliteTransactions(connection, self._secret, self._world, self._path)

    def scrub(self) -> bool:
        """Overwrite or drop what deleted rows left behind; ``False`` when somebody is in the way.

        The file itself was overwritten where the rows stood; what is left of them in its log goes
        with the log.
        """
        connection = self._connect()
        try:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        return not busy

    def may_do(self, duty: str) -> bool:  # noqa: ARG002 -- every duty is its own
        """Return whether this process does a duty now: always, since no other writes."""
        return True

    def read(self, work: Callable[[Session], T]) -> T:
        """Read in one consistent snapshot, from any thread."""
        session, connection = self._reader()
        connection.execute("BEGIN")
        session.begin()
        try:
            answer = work(session)
        except sqlite3.DatabaseError as error:
            if self._seen is not None:
                check_unchanged(self._path, self._seen)
            raise _ours(error, self._path) from error
        finally:
            connection.execute("ROLLBACK")
            self._free.append((session, connection))
        if self._seen is not None:
            check_unchanged(self._path, self._seen)
        return answer

    def _reader(self) -> tuple[SqlSession, sqlite3.Connection]:
        """Return a connection that nobody reads by; the one used last has most in memory.

        There are as many as were ever in use at once, not one for each thread that ever read:
        each keeps pages in memory of its own.
        """
        try:
            return self._free.pop()
        except IndexError:
            connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        with self._lock:
            self._readers.append(connection)
        return SqlSession(connection, self._secret, self._world), connection

    def close(self) -> None:
        """Finish queued work and let go of the store."""
        if not self._writer.close():
            return
        for connection in self._readers:
            connection.close()
        if self._ownership is not None:
            self._ownership.close()


def _check_up_to_date(revision: str | None, path: Path, connection: sqlite3.Connection) -> None:
    if revision != LATEST or backfill.is_marked(connection):
        came = "tables of an older Leadfit, in a place that cannot be written to"
        allowed = "a copy where it can be: opening it brings the tables up to date"
        raise BadInput(Fault(place=str(path), came=came, allowed=allowed))


def _is_of_the_work(error: BaseException) -> bool:
    """A statement that cannot be run, such as one with too many values, whoever tries it when."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
        and "no such table" not in str(error)
    )


def _ours(error: sqlite3.Error, path: Path) -> LeadfitError:
    """Return our error for one of the driver's."""
    words = str(error)
    if any(sign in words for sign in ("malformed", "not a database", "corrupt", "no such table")):
        return DamagedStore(str(path), words)
    return StoreBusy(f"{path}: {words}", 5.0)
