"""The head of the log: number and hash of its last row, kept so that a cut tail shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from leadfit.store import chain
from leadfit.store.sql import Connection


class ChainHead(Protocol):
    """Number and hash of the last row of the log."""

    def read(self) -> tuple[int, bytes] | None:
        """Return them, if anything is in the log."""

    def write(self, seq: int, made: bytes) -> None:
        """Keep them."""


class StoredHead:
    """The head as it stands in its table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self) -> tuple[int, bytes] | None:
        """Return number and hash of the last row."""
        found: tuple[int, bytes] | None = self._connection.execute(
            "SELECT seq, hash FROM log_head WHERE one = 1"
        ).fetchone()
        return found

    def write(self, seq: int, made: bytes) -> None:
        """Keep number and hash of the last row."""
        self._connection.execute(
            "INSERT INTO log_head (one, seq, hash) VALUES (1, ?, ?)"
            " ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            (seq, made),
        )


class HeldHead:
    """The head of the log in a transaction of whoever alone writes to it.

    It is written once, before the commit, however many rows the transaction adds.

    Args:
        write: Writes it.
    """

    def __init__(self, write: Callable[[int, bytes], None]) -> None:
        self._write = write
        self._kept = self._marked = self._now = (0, chain.GENESIS)

    def begin(self, head: tuple[int, bytes] | None) -> None:
        """Begin a transaction with the head as it stands."""
        self._kept = self._marked = self._now = head or (0, chain.GENESIS)

    def mark(self) -> None:
        """Begin a piece."""
        self._marked = self._now

    def take_back(self) -> None:
        """Undo the piece."""
        self._now = self._marked

    def keep(self) -> None:
        """Write the head, before the commit."""
        if self._now != self._kept:
            self._write(*self._now)

    def read(self) -> tuple[int, bytes]:
        """Return number and hash of the last row."""
        return self._now

    def write(self, seq: int, made: bytes) -> None:
        """Note number and hash of the last row."""
        self._now = (seq, made)
