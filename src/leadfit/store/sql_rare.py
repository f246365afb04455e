"""What is rare, asked once a transaction: whether any record is merged, whether anybody was erased.

A decision follows the pointer of every record it reads. Where no record of a kind points anywhere
there is nothing to follow, and one question tells that for a whole group of decisions.
"""

from __future__ import annotations

from typing import Final

from leadfit.resolve.model.card import RecordKind
from leadfit.store.sql import Connection

_MERGED: Final = {
    RecordKind.ACCOUNT: "SELECT 1 FROM accounts WHERE merged_into IS NOT NULL LIMIT 1",
    RecordKind.CONTACT: "SELECT 1 FROM contacts WHERE merged_into IS NOT NULL LIMIT 1",
}
_ERASED: Final = "SELECT 1 FROM erased LIMIT 1"


class Rare:
    """Answers of one transaction.

    Whoever writes what was asked for calls :meth:`forget`, as does whoever begins a transaction or
    takes a piece of it back.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, bool] = {}

    def forget(self) -> None:
        """Ask again."""
        self._known.clear()

    def has_merged(self, kind: RecordKind) -> bool:
        """Return whether any record of a kind is merged into another."""
        return self._any(_MERGED[kind])

    def has_erased(self) -> bool:
        """Return whether anybody was erased."""
        return self._any(_ERASED)

    def _any(self, statement: str) -> bool:
        found = self._known.get(statement)
        if found is None:
            found = self._connection.execute(statement).fetchone() is not None
            self._known[statement] = found
        return found
