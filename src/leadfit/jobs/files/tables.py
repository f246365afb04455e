"""Tables in files: the one that is read, and those written whole or not at all."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leadfit.errors import BadInput, Fault, Words, shorten
from leadfit.exports import sheets
from leadfit.exports.faults import Faults

FORMULA: Final = frozenset("=+-@\t\r")
"""First characters by which a spreadsheet takes a text for a formula (OWASP, CSV injection)."""
_WRITTEN: Final = (".csv", ".parquet")


def find_table(path: Path, faults: Faults, allowed: str | None = None) -> Path | None:
    """Return the file itself if it is there and can hold a table, else add a fault.

    Args:
        path: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        faults: What is wrong is added here.
        allowed: What is wanted in words; by default a file with one of the endings.
    """
    if not path.is_file():
        wanted = allowed or f"a {', '.join(sheets.SUFFIXES)} file"
        faults.file(str(path), Words("nothing there"), wanted)
        return None
    return next(iter(sheets.find(path, faults)), None)


def is_one_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, there or not yet there."""
    return one.resolve() == other.resolve() or (
        one.exists() and other.exists() and one.samefile(other)
    )


def check_places(
    given: Iterable[Path | None],
    *,
    tables: Mapping[str, Path | None],
    texts: Mapping[str, Path | None] | None = None,
) -> None:
    """Refuse places that cannot be written, before any work and any other file.

    Args:
        given: Files that are read; none of them is written over.
        tables: Where tables go, by option.
        texts: Where texts go.

    Raises:
        BadInput: A place has another ending or no folder, or is a file that is read or another
            place.
    """
    faults = []
    places = {**tables, **(texts or {})}
    for option, path in places.items():
        if path is None:
            continue
        if option in tables and not path.name.lower().endswith(_WRITTEN):
            faults.append(_fault(option, path, "a .csv or .parquet file"))
        elif not path.parent.is_dir() or path.is_dir():
            faults.append(_fault(option, path, "a file in a folder that exists"))
    if faults:
        raise BadInput(faults)
    taken = [each for each in given if each is not None]
    for option, path in places.items():
        if path is None:
            continue
        if any(is_one_file(each, path) for each in taken):
            allowed = "a file of its own, not one that is read or written beside it"
            faults.append(_fault(option, path, allowed))
        taken.append(path)
    if faults:
        raise BadInput(faults)


def _fault(option: str, path: Path, allowed: str) -> Fault:
    place = f"--{option.replace('_', '-')}"
    return Fault(place=place, came=shorten(str(path)), allowed=allowed)


def write_text(path: Path, text: str) -> None:
    """Write a text with a line end after it, whole or not at all.

    Raises:
        BadInput: The place cannot be written.
    """
    try:
        with _beside(path) as part:
            part.write_text(text + "\n", "utf-8")
            part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a place of its own on the same disk: two who write one file must not share a half."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:80]}.") as folder:
        yield Path(folder) / "part"


def write_table(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[str] = (),
) -> None:
    """Write rows as :func:`open_table` does.

    Raises:
        BadInput: The place cannot be written.
    """
    with open_table(path, header, numbers=numbers) as write:
        for row in rows:
            write(row)


@contextmanager
def open_table(
    path: Path,
    header: Sequence[str],
    *,
    numbers: Collection[str] = (),
) -> Iterator[Callable[[Sequence[object]], object]]:
    """Give what writes one row as CSV or Parquet, by the ending of the name.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it. Where
    the block ends in an error the file stays as it was. Memory does not grow with the rows.

    Args:
        path: A ``.csv`` or ``.parquet`` file; it is replaced.
        header: Names of the columns; a float in a row is written so that it is read back exactly.
        numbers: Columns that are numbers in Parquet; the others are text.

    Raises:
        BadInput: The place cannot be written.
    """
    parquet = path.name.lower().endswith(".parquet")
    typed = [name in numbers for name in header]
    with open_lines(path, header, numbers=numbers) as write_text:
        write = csv.writer(_Lines(write_text), lineterminator="\n").writerow

        def write_guarded(row: Sequence[object]) -> None:
            cells = zip(row, typed, strict=True)
            write([cell if is_typed else guarded(cell) for cell, is_typed in cells])

        yield write if parquet else write_guarded


class _Lines:
    """What a CSV writer writes to."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write


@contextmanager
def open_lines(
    path: Path,
    header: Sequence[str],
    *,
    numbers: Collection[str] = (),
    truths: Collection[str] = (),
) -> Iterator[Callable[[str], object]]:
    """Give what writes lines of CSV that are ready; else as :func:`open_table`.

    Raises:
        BadInput: The place cannot be written.
    """
    parquet = path.name.lower().endswith(".parquet")
    types = dict.fromkeys(numbers, "DOUBLE") | dict.fromkeys(truths, "BOOLEAN")
    try:
        with _beside(path) as part:
            with part.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(header)
                yield file.write
            (_packed(part, path, header, types) if parquet else part).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def guarded(cell: object) -> object:
    """Return a cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell and cell[0] in FORMULA else cell


def _unwritable(path: Path, error: OSError) -> BadInput:
    came = error.strerror or "a place that cannot be written"
    return BadInput(Fault(place=str(path), came=came, allowed="a writable file"))


def _packed(part: Path, path: Path, header: Sequence[str], types: Mapping[str, str]) -> Path:
    """Return the Parquet file beside ``part`` that holds the same."""
    import duckdb  # noqa: PLC0415 -- slow to import, and CSV needs none

    beside = part.with_name("packed")
    quoted = [str(each).replace("'", "''") for each in (part, beside)]
    shown = ", ".join(
        f"{each}::{types[each]} AS {each}" if each in types else each for each in header
    )
    try:
        with duckdb.connect(config={"memory_limit": "512MB", "threads": 2}) as connection:
            # DuckDB takes no parameters in these places; the paths are quoted above.
            connection.execute(
                f"COPY (SELECT {shown} FROM read_csv('{quoted[0]}', header = true, "  # noqa: S608 -- quoted paths
                "all_varchar = true, delim = ',', quote = '\"', escape = '\"', parallel = false)) "
                f"TO '{quoted[1]}' (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise BadInput(Fault(place=str(path), came=first, allowed="a writable file")) from error
    return beside
