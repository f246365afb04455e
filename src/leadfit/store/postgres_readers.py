"""Connections that only read, for any thread of a process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import psycopg

from leadfit.errors import StoreBusy
from leadfit.store.base import Session
from leadfit.store.postgres_connection import PostgresConnection, connect, named, place_of
from leadfit.store.sql_session import SqlSession
from leadfit.world import World

T = TypeVar("T")

MOST: Final = 8
"""Connections that read at once; who comes then waits."""

_WAIT_S: Final = 30.0
_STATEMENT_S: Final = 300
_LOCK_S: Final = 15
_IDLE_S: Final = 600
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Readers:
    """Lends a connection for one reading at a time.

    Args:
        url: The address.
        secret: Keys digests.
        world: Ids.
    """

    def __init__(self, url: str, secret: bytes, world: World) -> None:
        self._url = url
        self._place = place_of(url)
        self._secret = secret
        self._world = world
        self._free: queue.LifoQueue[tuple[PostgresConnection, SqlSession]] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(MOST)
        self._closed = False

    def read(self, work: Callable[[Session], T]) -> T:
        """Read in one consistent snapshot.

        Raises:
            StoreBusy: The server cannot be reached, or too many read already.
        """
        if not self._places.acquire(timeout=_WAIT_S):
            raise StoreBusy(f"{MOST} readings of the store run already", 1.0)
        try:
            connection, session = self._begun()
            try:
                return work(session)
            except psycopg.Error as error:
                raise named(error, self._place) from error
            finally:
                self._give_back(connection, session)
        finally:
            self._places.release()

    def _begun(self) -> tuple[PostgresConnection, SqlSession]:
        """Return a connection in a transaction; one that was lost while it rested is replaced."""
        if self._closed:
            raise StoreBusy("the store is closed", 5.0)
        while True:
            try:
                found = self._free.get_nowait()
            except queue.Empty:
                break
            try:
                found[0].raw.execute(_BEGIN)
            except psycopg.Error:
                found[0].raw.close()
                continue
            found[1].begin()
            return found
        raw = connect(self._url, statement_s=_STATEMENT_S, lock_s=_LOCK_S, idle_s=_IDLE_S)
        connection = PostgresConnection(raw)
        raw.execute(_BEGIN)
        return connection, SqlSession(connection, self._secret, self._world)

    def _give_back(self, connection: PostgresConnection, session: SqlSession) -> None:
        try:
            connection.raw.execute("ROLLBACK")
        except psycopg.Error:
            connection.raw.close()
            return
        if self._closed:
            connection.raw.close()
        else:
            self._free.put((connection, session))

    def close(self) -> None:
        """Let go of every connection."""
        self._closed = True
        while True:
            try:
                self._free.get_nowait()[0].raw.close()
            except queue.Empty:
                return
