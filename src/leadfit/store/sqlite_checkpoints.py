"""Moves SQLite's write-ahead log into the file while the writer goes on.

A checkpoint syncs twice and writes thousands of pages, and whoever waits for the writer would wait
for that, too. SQLite lets another connection do it beside the writer; what the writer added in the
meantime is left for a short one of its own, after which the log begins anew
(https://www.sqlite.org/wal.html, "Checkpointing").

One that begins when the whole log has been moved can damage the file with an SQLite before 3.51.3
if a commit begins the log anew at that moment (the same page, "The WAL-Reset Bug"). So one beside
is begun just after a commit and never behind another one, and while it is under way the writer
makes none: then there is always something left to move, and no commit begins the log anew.
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

    All calls come from one thread, the writer's.

    Args:
        connect: Returns a connection to the store.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._begun = False
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def is_under_way(self) -> bool:
        """One was begun and has not ended."""
        return self._begun and not self._ended.is_set()

    def begin(self) -> None:
        """Begin a checkpoint, unless one is under way or its end was not asked for yet.

        Where there is no thread or connection for it, it ends at once, and the next one tries anew.
        """
        if self._begun:
            return
        self._begun = True
        self._ended.clear()
        self._wanted.set()
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="leadfit-checkpoints", daemon=True)
            self._thread = thread
            try:
                thread.start()
            except RuntimeError as error:
                self._give_up(error)

    def has_ended(self) -> bool:
        """Return whether one has ended since this was last asked."""
        if not self._begun or not self._ended.is_set():
            return False
        self._begun = False
        return True

    def close(self) -> None:
        """Wait for the one that is under way, and end."""
        self._closed = True
        self._wanted.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        try:
            connection = self._connect()
        except (LeadfitError, sqlite3.Error) as error:
            self._give_up(error)
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

    def _give_up(self, error: Exception) -> None:
        """Leave it to the writer, whose own checkpoint follows the end of this one."""
        _log.warning("store.checkpoint_failed", error=str(error))
        self._thread = None
        self._ended.set()
