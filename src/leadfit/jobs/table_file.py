"""Tables written to a file, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from leadfit.errors import BadInput, Fault

FORMULA: Final = frozenset("=+-@\t\r")
"""First characters by which a spreadsheet takes a text for a formula (OWASP, CSV injection)."""


def is_one_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, there or not yet there."""
    return one.resolve() == other.resolve() or (
        one.exists() and other.exists() and one.samefile(other)
    )


def write_table(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[str] = (),
) -> None:
    """Write rows as CSV or Parquet, by the ending of the name.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Args:
        path: A ``.csv`` or ``.parquet`` file; it is replaced.
        header: Names of the columns.
        rows: Their values; a float is written so that it is read back exactly.
        numbers: Columns that are numbers in Parquet; the others are text.

    Raises:
        BadInput: The place cannot be written.
    """
    parquet = path.name.lower().endswith(".parquet")
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file, lineterminator="\n").writerow
            write(header)
            for row in rows:
                write(row if parquet else [_guarded(cell) for cell in row])
        if parquet:
            _to_parquet(part, path, header, numbers)
        else:
            part.replace(path)
    except OSError as error:
        came = error.strerror or "a place that cannot be written"
        raise BadInput(Fault(place=str(path), came=came, allowed="a writable file")) from error
    finally:
        part.unlink(missing_ok=True)


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell and cell[0] in FORMULA else cell


def _to_parquet(part: Path, path: Path, header: Sequence[str], numbers: Collection[str]) -> None:
    import duckdb  # noqa: PLC0415 -- slow to import, and CSV needs none

    beside = path.with_name(f".{path.name}.packed")
    quoted = [str(each).replace("'", "''") for each in (part, beside)]
    shown = ", ".join(f"{name}::DOUBLE AS {name}" if name in numbers else name for name in header)
    try:
        with duckdb.connect(config={"memory_limit": "512MB", "threads": 2}) as connection:
            # DuckDB takes no parameters in these places; the paths are quoted above.
            connection.execute(
                f"COPY (SELECT {shown} FROM read_csv('{quoted[0]}', header = true, "  # noqa: S608 -- quoted paths
                "all_varchar = true, delim = ',', quote = '\"', escape = '\"', parallel = false)) "
                f"TO '{quoted[1]}' (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
        beside.replace(path)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise BadInput(Fault(place=str(path), came=first, allowed="a writable file")) from error
    finally:
        beside.unlink(missing_ok=True)
