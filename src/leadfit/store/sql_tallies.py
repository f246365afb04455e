"""How many rows there are of what is never deleted, kept as they are written.

Whoever adds rows says so; a transaction writes the sums once, before its commit, so that neither a
decision pays for them nor does anybody count whole tables. Actions are counted in all and in the
states they never leave; the others are few and have indexes of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from leadfit.store.sql import Connection, Cursor, Row

ACTIONS: Final = "actions"
FINAL: Final = ("done", "cancelled", "dropped", "folded", "withheld")
"""States of actions that are counted as they are reached."""

_WRITE: Final = """
INSERT INTO tallies (name, number) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET number = tallies.number + excluded.number
"""


class Tallies:
    """The tallies of one connection; what a piece adds counts once it is kept.

    Args:
        connection: In a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: Counter[str] = Counter()
        self._piece: Counter[str] = Counter()
        self._written: list[tuple[str, Cursor]] = []

    def add(self, name: str, number: int = 1) -> None:
        """Say that there are more rows of a name, or fewer."""
        if number:
            self._piece[name] += number

    def add_written(self, name: str, cursor: Cursor) -> None:
        """Say that a statement wrote rows of a name; how many is asked when the piece is kept."""
        self._written.append((name, cursor))

    def ended(self, states: Iterable[Row]) -> None:
        """Say that actions reached a state each; only those they never leave are counted."""
        for (state,) in states:
            if state in FINAL:
                self.add(f"{ACTIONS}/{state}")

    def begin(self) -> None:
        """Forget what a transaction before left that was not committed."""
        self._kept.clear()
        self.take_back()

    def mark(self) -> None:
        """Keep what the piece before added; another begins."""
        for name, cursor in self._written:
            self._kept[name] += max(0, cursor.rowcount)
        if self._piece:
            self._kept.update(self._piece)
        self.take_back()

    def take_back(self) -> None:
        """Forget what the piece added."""
        self._piece.clear()
        self._written.clear()

    def write(self) -> None:
        """Write the sums of the transaction; it is about to be committed."""
        self.mark()
        rows = [(name, number) for name, number in sorted(self._kept.items()) if number]
        if rows:
            self._connection.executemany(_WRITE, rows)
        self._kept.clear()

    def read(self) -> Mapping[str, int]:
        """Return the numbers as they were committed, by name."""
        rows = self._connection.execute("SELECT name, number FROM tallies ORDER BY name")
        return dict(rows.fetchall())
