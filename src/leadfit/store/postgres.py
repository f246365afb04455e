"""The store in a PostgreSQL database: one writer thread a process, several processes.

The groups of all processes take turns by the lock of the row ``log_head``: whoever holds it sees
everything that was decided before, so that a contact gets one lead, a rotation stays even and the
log is one chain, exactly as with a single writer. A turn lasts one group, 20 ms or so, and ends
with its durable commit or with the connection of a process that dies.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final, TypeVar

import psycopg

from leadfit.errors import BadInput, DamagedStore, Fault, StoreBusy
from leadfit.store import chain
from leadfit.store.base import Session
from leadfit.store.migrate import LATEST, known, upgrade
from leadfit.store.postgres_connection import (
    PostgresConnection,
    Raw,
    connect,
    first_line,
    named,
    place_of,
)
from leadfit.store.postgres_readers import Readers
from leadfit.store.sql_head import HeldHead
from leadfit.store.sql_session import SqlSession
from leadfit.store.writing import GroupWriter
from leadfit.world import World

T = TypeVar("T")

_STATEMENT_S: Final = 60
_LOCK_S: Final = 15
_IDLE_S: Final = 60
_MIGRATION_S: Final = 3600
_AFTER_FAILURE_S: Final = 1.0
_CHUNK: Final = 2_000
_PERSONAL: Final = ("people", "statements", "refused_signals")
_NUMBER: Final = "hashtextextended(current_schema() || '/leadfit/' || %s, 0)"
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_TURN: Final = "SELECT seq, hash FROM log_head WHERE one = 1 FOR UPDATE"


class PostgresStore:
    """See :class:`leadfit.store.base.Store`.

    Its tables are made in the first schema of the search path, or brought up to date.

    Args:
        url: ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``, or any other address libpq reads.
        secret: Keys the digests by which bodies are compared; the same in every process.
        world: Time, ids and failpoints.

    Raises:
        StoreBusy: The server cannot be reached now.
        NewerStore: A newer Leadfit made the tables; they are left as they are.
        DamagedStore: The schema holds tables of something else.
        BadInput: The server does not do, or the store was made with another secret.
    """

    is_near = False

    def __init__(self, url: str, *, secret: bytes, world: World) -> None:
        self._url = url
        self._place = place_of(url)
        self._secret = secret
        self._world = world
        self._lock = threading.Lock()
        self._duties: Raw | None = None
        self._mine: set[str] = set()
        self._prepare()
        self._readers = Readers(url, secret, world)
        self._writer = GroupWriter(
            world, lambda: _PostgresTransactions(url, secret, world), lambda: None
        )

    def _prepare(self) -> None:
        try:
            raw = connect(self._url, statement_s=_STATEMENT_S, lock_s=_LOCK_S, idle_s=_IDLE_S)
        except StoreBusy as error:
            # Whoever opens a store is its operator, and wants to know what is wrong with it.
            said = first_line(error.__cause__ or error)
            raise StoreBusy(f"{self._place}: {said}", 5.0) from error
        try:
            if (revision := _revision(raw, self._place)) != LATEST:
                make_tables(self._url)
                if revision is not None:
                    self._seal_old(raw)
            self._know(raw)
        except psycopg.Error as error:
            raise named(error, self._place) from error
        finally:
            raw.close()

    def _seal_old(self, raw: Raw) -> None:
        """Seal persons whose values an older Leadfit wrote openly."""
        session = SqlSession(PostgresConnection(raw), self._secret, self._world)
        done = _CHUNK
        while done == _CHUNK:
            with raw.transaction():
                done = session.people.seal_old(_CHUNK)

    def _know(self, raw: Raw) -> None:
        """Make the head of an empty log, and refuse a store of another workspace."""
        check = hmac.digest(self._secret, b"leadfit store", "sha256")
        raw.execute(
            "INSERT INTO log_head (one, seq, hash, secret_check) VALUES (1, 0, %s, %s)"
            " ON CONFLICT (one) DO NOTHING",
            (chain.GENESIS, check),
        )
        if raw.execute("SELECT secret_check FROM log_head").fetchone() != (check,):
            raise BadInput(
                Fault(
                    place="secret.key",
                    came=f"another secret than the one the store in {self._place} was made with",
                    allowed="the secret.key of the workspace that made it, or an empty schema",
                )
            )

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

    def scrub(self) -> bool:
        """Drop what deleted rows left behind; ``False`` when somebody is in the way."""
        raw = connect(self._url, statement_s=_MIGRATION_S, lock_s=_LOCK_S, idle_s=_IDLE_S)
        try:
            for table in _PERSONAL:
                raw.execute(f"VACUUM (FULL) {table}")
        except psycopg.OperationalError:
            return False
        finally:
            raw.close()
        return True

    def write_beside(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work on API keys: as any other, since several processes may write."""
        return self.write(work)

    def may_do(self, duty: str) -> bool:
        """Return whether this process is the one that does a duty now, such as ``deliver``.

        It is while its connection for duties holds, and the server knows when that ends.
        """
        with self._lock:
            try:
                return self._has(duty)
            except (psycopg.Error, StoreBusy):
                self._drop_duties()
                return False

    def _has(self, duty: str) -> bool:
        if self._duties is None:
            self._duties = connect(self._url, statement_s=_LOCK_S, lock_s=_LOCK_S, idle_s=0)
        if duty in self._mine:
            self._duties.execute("SELECT 1")
            return True
        row = self._duties.execute(f"SELECT pg_try_advisory_lock({_NUMBER})", (duty,)).fetchone()
        if row == (True,):
            self._mine.add(duty)
        return duty in self._mine

    def _drop_duties(self) -> None:
        self._mine.clear()
        if self._duties is not None:
            self._duties.close()
            self._duties = None

    def read(self, work: Callable[[Session], T]) -> T:
        """Read in one consistent snapshot, from any thread."""
        return self._readers.read(work)

    def close(self) -> None:
        """Finish queued work and let go of the store."""
        self._writer.close()
        self._readers.close()
        with self._lock:
            if self._duties is not None:
                # Now, not when the server sees the connection end.
                with suppress(psycopg.Error):
                    self._duties.execute("SELECT pg_advisory_unlock_all()")
            self._drop_duties()


def make_tables(url: str) -> None:
    """Take the steps a store lacks; of several processes one does, and the others wait for it.

    Args:
        url: Its address.

    Raises:
        StoreBusy: The server cannot be reached now.
    """
    # Slow to import, and needed only when there is a step to take.
    from sqlalchemy import create_engine, text  # noqa: PLC0415 -- as said above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 -- as said above

    def open_one() -> Raw:
        raw = connect(url, statement_s=_MIGRATION_S, lock_s=_MIGRATION_S, idle_s=0)
        raw.autocommit = False
        return raw

    engine = create_engine("postgresql+psycopg://", creator=open_one, poolclass=NullPool)
    number = _NUMBER.replace("%s", "'migration'")
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({number})"))
        upgrade(connection)
    engine.dispose()


class _PostgresTransactions:
    """See :class:`leadfit.store.writing.Transactions`."""

    def __init__(self, url: str, secret: bytes, world: World) -> None:
        self._url = url
        self._place = place_of(url)
        self._secret = secret
        self._world = world
        self._failed_s: float | None = None
        self._connection: PostgresConnection | None = None

    def _connected(self) -> PostgresConnection:
        """Return the connection, a new one where it was lost."""
        if self._connection is not None and not self._connection.raw.closed:
            return self._connection
        now_s = self._world.monotonic_s()
        if self._failed_s is not None and 0 <= now_s - self._failed_s < _AFTER_FAILURE_S:
            # Whoever waits in the queue is told at once, not after a try of its own.
            raise StoreBusy("the database of the store cannot be reached", 5.0)
        self._failed_s = now_s
        raw = connect(self._url, statement_s=_STATEMENT_S, lock_s=_LOCK_S, idle_s=_IDLE_S)
        self._failed_s = None
        # It lasts as long as the connection, and ends with it.
        self._pipeline = ExitStack()
        pipeline = self._pipeline.enter_context(raw.pipeline())
        self._connection = PostgresConnection(raw, pipeline)
        self._head = HeldHead(partial(_write_head, self._connection))
        self.session = SqlSession(self._connection, self._secret, self._world, self._head)
        return self._connection

    def begin(self) -> None:
        """Begin a transaction, and wait for the turn; a connection lost at rest is replaced."""
        old = self._connection
        connection = self._connected()
        try:
            self._take_turn(connection)
        except psycopg.OperationalError:
            if connection is not old or not connection.raw.closed:
                raise
            self._take_turn(self._connected())

    def _take_turn(self, connection: PostgresConnection) -> None:
        connection.execute(_BEGIN)
        head = connection.execute(_TURN).fetchone()
        if head is None:
            raise DamagedStore(f"{self._place}, table log_head", "its row is missing")
        self._head.begin(head)
        self.session.begin()

    def _do(self, *statements: str) -> PostgresConnection:
        if self._connection is None:
            raise StoreBusy("the database of the store cannot be reached", 5.0)
        for statement in statements:
            self._connection.execute(statement)
        return self._connection

    def mark(self) -> None:
        """Begin a piece."""
        self._do("SAVEPOINT piece")
        self._head.mark()
        self.session.tallies.mark()

    def keep(self) -> None:
        """End a piece that was done, once its last statement was answered."""
        self._do("RELEASE piece").wait()

    def take_back(self) -> bool:
        """Undo the piece; ``False`` when the whole transaction is lost with it."""
        try:
            self._clear()
            self.session.forget()
            self._do("ROLLBACK TO piece", "RELEASE piece").wait()
        except psycopg.Error:
            return False
        self._head.take_back()
        return True

    def _clear(self) -> None:
        """Take the answers of a failed piece from the pipeline."""
        with suppress(psycopg.Error):
            self._do().wait()

    def commit(self) -> None:
        """Make the transaction durable and end the turn."""
        self._head.keep()
        self.session.tallies.write()
        self._do("COMMIT").wait()

    def give_up(self) -> None:
        """End the transaction without a trace; a connection in doubt is not used again."""
        if self._connection is None:
            return
        self.session.forget()
        try:
            self._clear()
            self._do("ROLLBACK").wait()
        except psycopg.Error:
            self.close()

    def named(self, error: BaseException) -> BaseException:
        """Return our error for one of the driver's that may pass."""
        return named(error, self._place) if isinstance(error, psycopg.Error) else error

    def after_group(self) -> None:
        """Nothing is due."""

    def chores(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """Return nothing: the server keeps house by itself."""
        return ()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is None:
            return
        if not self._connection.raw.closed:
            with suppress(psycopg.Error):
                self._pipeline.close()
        self._connection.raw.close()


def _write_head(connection: PostgresConnection, seq: int, made: bytes) -> None:
    connection.execute("UPDATE log_head SET seq = ?, hash = ? WHERE one = 1", (seq, made))


def _revision(raw: Raw, place: str) -> str | None:
    """Return the schema revision of a store, or ``None`` for an empty schema."""
    rows = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    tables = {row[0] for row in rows}
    if not tables:
        if raw.execute("SELECT current_schema()").fetchone() == (None,):
            raise BadInput(
                Fault(place=place, came="no schema in the search path", allowed="one that exists")
            )
        return None
    if not {"alembic_version", "log_head"} <= tables:
        raise DamagedStore(place, "its schema holds tables that Leadfit did not make")
    return known(raw.execute("SELECT version_num FROM alembic_version").fetchall(), place)
