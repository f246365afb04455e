"""What the statements of the store need of a connection, whatever database it leads to.

The statements are written once, in what SQLite and PostgreSQL have in common, with SQLite's
placeholders: ``?``, ``?1`` and ``:name``. A driver's connection of SQLite is a :class:`Connection`
as it is; :mod:`leadfit.store.postgres_connection` makes one of a driver's of PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Values = Sequence[object] | Mapping[str, object]
Row = tuple[Any, ...]
Found = Any
"""A row or ``None``; who asks knows which of its columns may be empty."""


class Cursor(Protocol):
    """Answer of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement that writes wrote."""

    def fetchone(self) -> Found:
        """Return the next row, or ``None``."""

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Row]: ...


class Connection(Protocol):
    """A connection in a transaction."""

    @property
    def total_changes(self) -> int:
        """How many rows were written since it was opened."""

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        """Run a statement."""

    def executemany(self, statement: str, rows: Iterable[Values], /) -> Cursor:
        """Run a statement that writes, once for every row of values."""
