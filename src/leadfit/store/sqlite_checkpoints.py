"""Moves SQLite's write-ahead log into the file while the writer goes on.

A checkpoint syncs twice and writes thousands of pages, and whoever waits for the writer would wait
for that, too. SQLite lets another connection do it beside the writer; what the writer added in the
meantime is left for a short one of its own, after which the log begins anew
(https://www.sqlite.org/wal.html, "Checkpointing").
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from leadfit.errors import LeadfitError
from leadfit.log import logger

_log = logger("store")


def checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    """Move the log into the file as far as readers let it; one that fails is tried again later.

    Args:
        connection: Of the store.
        mode: ``PASSIVE`` waits for nobody; ``TRUNCATE`` waits for readers and empties the log.
    """
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.Error as error:
        _log.warning("store.checkpoint_failed", error=str(error))


class CheckpointsBeside:
    """A thread with a connection of its own; both are made when they are first needed.

    Args:
        connect: Returns a connection to the store.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin a checkpoint, or another one after that which is under way."""
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="leadfit-checkpoints", daemon=True
            )
            self._thread.start()

    def has_ended(self) -> bool:
        """Return whether one has ended since this was last asked."""
        ended = self._ended.is_set()
        self._ended.clear()
        return ended

    def close(self) -> None:
        """Wait for the one that is under way, and end."""
        self._closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            connection = self._connect()
        except LeadfitError as error:
            _log.warning("store.checkpoint_failed", error=str(error))
            return
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._closed:
                    return
                checkpoint(connection, "PASSIVE")
                self._ended.set()
        finally:
            connection.close()
