"""Faults of an export, collected with their places so that one run names all of them."""

from __future__ import annotations

from dataclasses import dataclass

from leadfit.errors import BadInput, Fault, shorten

LISTED = 100
"""At most this many faults are spelled out; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A fault in one row of one file.

    Attributes:
        row: Row of a CSV file with the header as row 1; record number from 1 in a Parquet file;
            ``None`` when the whole file is meant.
    """

    file: str
    row: int | None
    column: str | None
    came: str
    allowed: str

    def as_fault(self) -> Fault:
        """Return the fault with its place in words."""
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
        if self.column is not None:
            place += f" column {self.column}"
        return Fault(place=place, came=self.came, allowed=self.allowed)


class Faults:
    """What was found wrong so far.

    Args:
        keep_all: Keep every fault of a row, so that rejected rows can be written out.
    """

    def __init__(self, *, keep_all: bool = False) -> None:
        self._keep_all = keep_all
        self.of_files: list[Located] = []
        self.of_rows: list[Located] = []
        self.count = 0
        self.bad_rows: dict[str, set[int]] = {}

    def file(self, file: str, came: object, allowed: str, *, column: str | None = None) -> None:
        """Add a fault that makes a whole file unusable."""
        self.count += 1
        self.of_files.append(
            Located(file=file, row=None, column=column, came=shorten(came), allowed=allowed)
        )

    def row(self, file: str, row: int, column: str | None, came: object, allowed: str) -> None:
        """Add a fault of one row."""
        self.count += 1
        self.bad_rows.setdefault(file, set()).add(row)
        if self._keep_all or len(self.of_rows) < LISTED:
            self.of_rows.append(
                Located(file=file, row=row, column=column, came=shorten(came), allowed=allowed)
            )

    def is_bad(self, file: str, row: int) -> bool:
        """Return whether a fault of this row was added."""
        return row in self.bad_rows.get(file, ())

    def stop_if_any(self, *, rows_too: bool = True) -> None:
        """Raise ``BadInput`` with every fault found, the first hundred spelled out.

        Raises:
            BadInput: When there is a fault of a file, or of a row and ``rows_too`` is set.
        """
        if not self.of_files and not (rows_too and self.count):
            return
        listed = [fault.as_fault() for fault in (*self.of_files, *self.of_rows)][:LISTED]
        rest = self.count - len(listed)
        if rest > 0:
            listed.append(
                Fault(
                    place="the export",
                    came=f"{rest} more faults, not listed",
                    allowed="none; mend those above first",
                )
            )
        raise BadInput(listed)
