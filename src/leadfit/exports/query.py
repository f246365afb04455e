"""Tables derived by SQL over an export's own files, in a locked embedded engine."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from sys import intern

import duckdb

from leadfit.errors import Words
from leadfit.exports.faults import Faults
from leadfit.exports.mapping import Derived
from leadfit.exports.sheets import MAX_RECORD_BYTES, Sheet, delimiter

MEMORY = "512MB"
TIME_S = 30.0
"""Seconds that all derived tables of a mapping may take together."""
MAX_ROWS = 2_000_000
MAX_CHARACTERS = 200_000_000
"""What a derived table may hold, each cell counted as its characters and one more."""
_CHUNK = 5_000
_AGAIN_S = 0.1


def derive(
    made: Sequence[Derived],
    sources: Mapping[str, Sequence[Path]],
    faults: Faults,
    *,
    time_s: float = TIME_S,
) -> dict[str, Sheet]:
    """Return the derived tables as sheets of text, each usable by those after it.

    The tables that the queries name are loaded first; then access to files and the network is
    switched off and the configuration locked, before any of the user's SQL runs.
    """
    sheets: dict[str, Sheet] = {}
    if not made:
        return sheets
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": 2,
        "temp_directory": "",
    }
    with duckdb.connect(config=settings) as connection:
        done = threading.Event()
        threading.Thread(target=_interrupt, args=(connection, time_s, done), daemon=True).start()
        try:
            _load(connection, made, sources)
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            for number, query in enumerate(made):
                sheet = _run(connection, number, query, faults, time_s)
                if sheet is None:
                    break
                sheets[query.name] = sheet
        finally:
            done.set()
    return sheets


def _interrupt(connection: duckdb.DuckDBPyConnection, time_s: float, done: threading.Event) -> None:
    """Stop what runs past the time, again and again: one call is lost between two queries."""
    done.wait(time_s)
    while not done.wait(_AGAIN_S):
        connection.interrupt()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _load(
    connection: duckdb.DuckDBPyConnection,
    made: Sequence[Derived],
    sources: Mapping[str, Sequence[Path]],
) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    words = {word for query in made for word in re.findall(r"\w+", query.sql)}
    for name, files in sources.items():
        if name not in words or not files:
            continue
        parts = [_reader(file) for file in files]
        # DuckDB takes no parameters in CREATE TABLE; names and paths are quoted.
        connection.execute(f'CREATE TABLE "{name}" AS ' + " UNION ALL BY NAME ".join(parts))


def _reader(file: Path) -> str:
    if file.name.lower().endswith(".parquet"):
        return f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet({_quoted(str(file))})"  # noqa: S608 -- a quoted path
    packing = "gzip" if file.name.lower().endswith(".gz") else "none"
    return (
        f"SELECT * FROM read_csv({_quoted(str(file))}, header = true, all_varchar = true, "  # noqa: S608 -- quoted paths and letters
        f"delim = {_quoted(delimiter(file))}, quote = '\"', escape = '\"', "
        f"compression = '{packing}', max_line_size = {MAX_RECORD_BYTES})"
    )


def _run(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    query: Derived,
    faults: Faults,
    time_s: float,
) -> Sheet | None:
    place = f"derive.{number}.sql"
    try:
        statements = duckdb.extract_statements(query.sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            faults.file(place, Words("something other than one SELECT"), "one SELECT statement")
            return None
        text = query.sql.strip().rstrip(";")
        connection.execute(f'CREATE TABLE "{query.name}" AS ({text}\n)')
        return _fetched(connection, query.name, place, faults)
    except duckdb.InterruptException:
        faults.file(place, Words(f"a query that ran past {time_s:g} s"), "a query that ends sooner")
    except duckdb.Error as error:
        first = str(error).splitlines()[0][:200]
        faults.file(place, Words(first), "a SELECT over the sources of the mapping")
    return None


def _fetched(
    connection: duckdb.DuckDBPyConnection, name: str, place: str, faults: Faults
) -> Sheet | None:
    rows = connection.execute(f'SELECT COLUMNS(*)::VARCHAR FROM "{name}" LIMIT {MAX_ROWS + 1}')  # noqa: S608 -- a name of the mapping, letters only
    names = [column[0] for column in rows.description or ()]
    columns: list[list[str | None]] = [[] for _ in names]
    count = characters = 0
    while chunk := rows.fetchmany(_CHUNK):
        count += len(chunk)
        for values, column in zip(zip(*chunk, strict=True), columns, strict=True):
            characters += sum(1 if value is None else len(value) + 1 for value in values)
            # Equal texts are kept once.
            column.extend(None if value is None else intern(value) for value in values)
        if characters > MAX_CHARACTERS:
            faults.file(
                place,
                Words(f"over {MAX_CHARACTERS} characters"),
                f"at most {MAX_CHARACTERS} characters in a derived table",
            )
            return None
    if count > MAX_ROWS:
        faults.file(place, Words(f"over {MAX_ROWS} rows"), f"at most {MAX_ROWS} rows")
        return None
    return Sheet(
        name=f"derived table {name}",
        columns={**dict(zip(names, columns, strict=True))},
        files=[f"derived table {name}"] * count,
        rows=list(range(1, count + 1)),
    )
