"""Files of an export read as text, column by column, with every fault at its exact place."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, overload

import duckdb

from leadfit.errors import Words
from leadfit.exports.faults import Faults

MAX_CELL = 1_000_000
"""Characters a cell may hold."""
MAX_RECORD_BYTES = 8_000_000
"""Bytes one row may take, so that an unclosed quote cannot swallow a file."""
MAX_COLUMNS = 10_000
"""Columns a file may have."""
MAX_UNPACKED_BYTES = 4 * 1024**3
"""Bytes a packed file may grow to."""
MAX_PACKING = 200
"""A packed file that grows by more than this factor, past 8 MB, is taken for a trap."""
SUFFIXES = (".csv.gz", ".csv", ".parquet")

_UNPACKED_FREE = 8 * 1024**2
_UNPACKED_FREE_PARQUET = 64 * 1024**2
_CHUNK = 4096
_KEPT_APART = 20_000
_SEPARATOR = "\x1f"


class Packed(Sequence[str | None]):
    """A column of mostly different texts, kept as a few long ones: a sixth of the memory.

    Args:
        chunks: Texts of ``_CHUNK`` rows each, the last perhaps of fewer; a whole chunk is either
            a list or its texts joined, a blank being an empty text.
        length: Number of rows.
    """

    def __init__(self, chunks: list[list[str | None] | str], length: int) -> None:
        self._chunks = chunks
        self._length = length
        self._opened: tuple[int, list[str | None]] = (-1, [])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str | None]:
        for chunk in self._chunks:
            yield from _unpacked(chunk)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return list(self)[index]
        number, row = divmod(range(self._length)[index], _CHUNK)
        if self._opened[0] != number:
            self._opened = number, _unpacked(self._chunks[number])
        return self._opened[1][row]


def _packed(texts: list[str | None]) -> list[str | None] | str:
    joined = _SEPARATOR.join([text or "" for text in texts])
    # A text that holds the separator itself leaves its chunk as it is.
    return joined if joined.count(_SEPARATOR) == len(texts) - 1 else texts


def _unpacked(chunk: list[str | None] | str) -> list[str | None]:
    if isinstance(chunk, str):
        return [text or None for text in chunk.split(_SEPARATOR)]
    return chunk


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Rows of one or more files of the same kind, as text by column; a blank is ``None``.

    Attributes:
        name: What messages call it.
        files: For each row, the file it stands in.
        rows: For each row, its number in that file.
    """

    name: str
    columns: dict[str, Sequence[str | None]]
    files: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def stem(file: Path) -> str:
    """Return the file's name without the suffix that says how it is stored.

    >>> stem(Path("Leads.csv.gz"))
    'Leads'
    """
    for suffix in SUFFIXES:
        if file.name.lower().endswith(suffix):
            return file.name[: -len(suffix)]
    return file.stem


def find(folder: Path, faults: Faults) -> list[Path]:
    """Return the CSV and Parquet files of a folder, by name; a file stands for itself."""
    if folder.is_file():
        if not folder.name.lower().endswith(SUFFIXES):
            faults.file(folder.name, folder.name, f"a file that ends in {', '.join(SUFFIXES)}")
            return []
        return [folder]
    if not folder.is_dir():
        faults.file(str(folder), Words("nothing there"), "a folder or file that exists")
        return []
    found = sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.name.lower().endswith(SUFFIXES)
    )
    if not found:
        faults.file(
            str(folder),
            Words("a folder without data"),
            f"at least one file that ends in {', '.join(SUFFIXES)}",
        )
    by_stem: dict[str, Path] = {}
    for file in found:
        other = by_stem.setdefault(stem(file).lower(), file)
        if other is not file:
            faults.file(
                file.name, Words(f"the same table as {other.name}"), "one file for each table"
            )
    return found


def header(file: Path, faults: Faults) -> list[str]:
    """Return the column names of a file."""
    return list(read(file, faults, wanted=lambda _: False, limit=0).columns)


def read(
    file: Path,
    faults: Faults,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    limit: int | None = None,
) -> Sheet:
    """Return a file's rows; a faulty row is left out and added to ``faults``.

    Args:
        file: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        faults: Where faults go.
        wanted: Says by name which columns are kept; others come back without values.
        limit: Stop after about so many rows.
    """
    keeper = _Keeper(file.name)
    _fill(file, keeper, faults, wanted, limit)
    return keeper.sheet()


def stream(
    file: Path,
    faults: Faults,
    *,
    start: Callable[[list[str]], None],
    take: Callable[[int, list[str]], None],
) -> None:
    """Hand a file's rows over one by one, so that memory does not grow with the file.

    Args:
        file: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        faults: Where faults go; a faulty row is not handed over.
        start: Gets the column names, once, before any row.
        take: Gets the number of each row and its cells; a blank is the empty text.
    """
    _fill(file, _Hander(file.name, start, take), faults, lambda _: True, None)


def _fill(
    file: Path,
    keeper: _Keeper,
    faults: Faults,
    wanted: Callable[[str], bool],
    limit: int | None,
) -> None:
    """Read a file into ``keeper``; what cannot be read goes to ``faults``."""
    try:
        if file.name.lower().endswith(".parquet"):
            _read_parquet(file, keeper, wanted, limit)
        else:
            _read_csv(file, keeper, faults, wanted, limit)
    except _Unreadable as unreadable:
        where = unreadable
        if where.row is None:
            faults.file(file.name, Words(where.came), where.allowed, column=where.column)
        else:
            faults.row(file.name, where.row, where.column, Words(where.came), where.allowed)
            faults.file(
                file.name, Words(f"a file that stops making sense at row {where.row}"), "see there"
            )
    except (OSError, EOFError, zlib.error) as error:
        faults.file(file.name, Words(str(error) or "a broken file"), "a file that can be read")


def records(file: Path, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield row number and cells of a CSV file one by one, to fetch rows that were rejected."""
    with _opened(file) as stream:
        lines = _Lines(stream, file)
        previous = csv.field_size_limit(MAX_RECORD_BYTES)
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=delimiter(file)), start=1):
                lines.record_done()
                yield number, cells
        except (csv.Error, _Unreadable) as error:
            faults.file(file.name, Words(str(error)), "a file that can be read twice")
        finally:
            csv.field_size_limit(previous)


def delimiter(file: Path) -> str:
    """Return what parts the columns of a CSV file, by its first line: comma unless it has none."""
    with _opened(file) as stream:
        first = stream.readline(MAX_RECORD_BYTES)
    counts = {mark: first.count(mark.encode()) for mark in ",;\t"}
    return "," if counts[","] or not any(counts.values()) else max(counts, key=lambda m: counts[m])


class _Unreadable(Exception):  # noqa: N818 -- it is caught in this module and never seen outside
    def __init__(
        self, came: str, allowed: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        self.came, self.allowed, self.row, self.column = came, allowed, row, column
        super().__init__(f"{came}; allowed: {allowed}")


class _Lines:
    """Decoded lines of a stream, with limits on a row's size and on unpacking."""

    def __init__(self, stream: BinaryIO, file: Path) -> None:
        self._stream = stream
        self._packed_bytes = file.stat().st_size if file.name.lower().endswith(".gz") else 0
        self._at = 0
        self._record: list[bytes] = []
        self.record_bytes = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_RECORD_BYTES + 1 - self.record_bytes):
            self._record.append(line)
            self.record_bytes += len(line)
            if self.record_bytes > MAX_RECORD_BYTES:
                raise _TooLong
            try:
                text = line.decode("utf-8-sig" if self._at == 0 else "utf-8")
            except UnicodeDecodeError as error:
                raise _NotUtf8(self._at + error.start, line[error.start]) from error
            self._at += len(line)
            self._check_unpacking()
            yield text

    def record_done(self) -> None:
        """Start counting anew: a whole row was taken."""
        self._record.clear()
        self.record_bytes = 0

    def record_so_far(self) -> list[str]:
        """Return the row being read as far as it came."""
        return [b"".join(self._record).decode("utf-8", "replace")]

    def _check_unpacking(self) -> None:
        if not self._packed_bytes or self._at <= _UNPACKED_FREE:
            return
        if self._at > MAX_UNPACKED_BYTES or self._at > self._packed_bytes * MAX_PACKING:
            raise _Unreadable(
                f"{self._packed_bytes} bytes that unpack to over {self._at}",
                f"at most {MAX_UNPACKED_BYTES} bytes and {MAX_PACKING} times the packed size",
            )


class _TooLong(Exception):  # noqa: N818 -- private, turned into a fault where the row is known
    pass


class _NotUtf8(Exception):  # noqa: N818 -- private, turned into a fault where the row is known
    def __init__(self, offset: int, byte: int) -> None:
        self.offset, self.byte = offset, byte
        super().__init__(f"byte {byte:#04x} at offset {offset}")


def _opened(file: Path) -> BinaryIO:
    if file.name.lower().endswith(".gz"):
        return BufferedReader(gzip.open(file, "rb"), 1 << 20)
    return file.open("rb", buffering=1 << 20)


def _read_csv(
    file: Path,
    keeper: _Keeper,
    faults: Faults,
    wanted: Callable[[str], bool],
    limit: int | None,
) -> None:
    mark = delimiter(file)
    previous = csv.field_size_limit(MAX_RECORD_BYTES)
    number, names = 0, list[str]()
    with _opened(file) as stream:
        lines = _Lines(stream, file)
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=mark), start=1):
                if number == 1:
                    names = _checked_names(cells)
                    keeper.start(names, wanted)
                    if limit == 0:
                        break
                elif any(cells):  # spreadsheets leave rows of nothing but separators
                    fault = _fault_in(names, cells, lines.record_bytes)
                    if fault is None:
                        keeper.add(number, cells)
                    else:
                        column, came, allowed = fault
                        faults.row(file.name, number, column, Words(came), allowed)
                lines.record_done()
                if limit is not None and number > limit:
                    break
        except (csv.Error, _TooLong, _NotUtf8) as error:
            raise _at_row(error, lines, number + 1, names, mark) from error
        finally:
            csv.field_size_limit(previous)
    if number == 0:
        raise _Unreadable("an empty file", "a header row")
    keeper.flush()


def _checked_names(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > MAX_COLUMNS:
        raise _Unreadable(f"{len(names)} columns", f"at most {MAX_COLUMNS} columns")
    seen = set[str]()
    for position, name in enumerate(names):
        if "\0" in name or (not name and len(names) == 1):
            raise _Unreadable(f"column {position + 1} named {name!r}", "a header row in UTF-8 text")
        if name and name in seen:
            raise _Unreadable(
                f"two columns named {name!r}", "each name once in the header", column=name
            )
        seen.add(name)
    return [name or f"column {position + 1}" for position, name in enumerate(names)]


def _fault_in(names: list[str], cells: list[str], size: int) -> tuple[str | None, str, str] | None:
    """Return the column, what came and what is allowed, when a row cannot be taken."""
    if len(cells) != len(names):
        return None, f"{len(cells)} cells", f"{len(names)}, as in the header"
    if size > MAX_CELL:
        for name, cell in zip(names, cells, strict=True):
            if len(cell) > MAX_CELL:
                return name, f"{len(cell)} characters", f"at most {MAX_CELL} characters in a cell"
    if "\0" in "".join(cells):
        name = next(name for name, cell in zip(names, cells, strict=True) if "\0" in cell)
        return name, "a NUL byte", "text without NUL bytes"
    return None


def _at_row(error: Exception, lines: _Lines, row: int, names: list[str], mark: str) -> _Unreadable:
    so_far = _cells_so_far(lines, mark)
    if isinstance(error, _NotUtf8):
        broken = next((i for i, cell in enumerate(so_far) if "\ufffd" in cell), None)
        column = names[broken] if broken is not None and broken < len(names) else None
        return _Unreadable(
            f"byte {error.byte:#04x} at byte offset {error.offset}, which is not UTF-8",
            "UTF-8 text; save the file as UTF-8 (it looks like Latin-1 or Windows-1252)",
            row=row,
            column=column,
        )
    if isinstance(error, _TooLong):
        longest = max(range(len(so_far)), key=lambda i: len(so_far[i]), default=0)
        column = names[longest] if longest < len(names) else None
        return _Unreadable(
            f"over {MAX_RECORD_BYTES} bytes in one row",
            f"at most {MAX_CELL} characters in a cell; look for a quote that is never closed",
            row=row,
            column=column,
        )
    return _Unreadable(
        f"text that is not CSV ({error})",
        "rows that end in LF or CRLF, and quotes around cells with line ends",
        row=row,
    )


def _cells_so_far(lines: _Lines, mark: str) -> list[str]:
    try:
        return next(csv.reader(lines.record_so_far(), delimiter=mark), [])
    except csv.Error:
        return []


class _Keeper:
    """Collects rows by column; equal texts of a column are kept once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._names: list[str] = []
        self._kept: list[int] = []
        self._chunks: list[list[list[str | None] | str]] = []
        self._seen: list[dict[str, str | None]] = []
        self._waiting: list[list[str]] = []
        self._rows: list[int] = []

    def start(self, names: list[str], wanted: Callable[[str], bool]) -> None:
        self._names = names
        self._kept = [position for position, name in enumerate(names) if wanted(name)]
        self._chunks = [[] for _ in names]
        self._seen = [{"": None} for _ in names]

    def add(self, number: int, cells: list[str]) -> None:
        self._rows.append(number)
        self._waiting.append(cells)
        if len(self._waiting) == _CHUNK:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        by_column = list(zip(*self._waiting, strict=True))
        for position in self._kept:
            texts, seen = by_column[position], self._seen[position]
            if len(seen) > _KEPT_APART:
                # Nearly every text differs here: there is nothing to share.
                stripped = [text.strip() or None for text in texts]
                self._chunks[position].append(_packed(stripped))
                continue
            seen.update((text, text.strip() or None) for text in set(texts).difference(seen))
            self._chunks[position].append([*map(seen.__getitem__, texts)])
        self._waiting.clear()

    def sheet(self) -> Sheet:
        self.flush()
        return Sheet(
            name=self._name,
            columns=dict(zip(self._names, map(self._column, self._chunks), strict=True)),
            files=[self._name] * len(self._rows),
            rows=self._rows,
        )

    def _column(self, chunks: list[list[str | None] | str]) -> Sequence[str | None]:
        if any(isinstance(chunk, str) for chunk in chunks):
            return Packed(chunks, len(self._rows))
        column: list[str | None] = []
        for chunk in chunks:
            column += _unpacked(chunk)
        return column


class _Hander(_Keeper):
    """Hands rows on and keeps none."""

    def __init__(
        self, name: str, start: Callable[[list[str]], None], take: Callable[[int, list[str]], None]
    ) -> None:
        super().__init__(name)
        self._begin = start
        self._take = take

    def start(self, names: list[str], wanted: Callable[[str], bool]) -> None:  # noqa: ARG002 -- all are
        self._begin(names)

    def add(self, number: int, cells: list[str]) -> None:
        self._take(number, cells)

    def flush(self) -> None:
        return None


def _read_parquet(
    file: Path, keeper: _Keeper, wanted: Callable[[str], bool], limit: int | None
) -> None:
    quoted = "'" + str(file).replace("'", "''") + "'"
    with duckdb.connect(config={"memory_limit": "512MB", "threads": 2}) as connection:
        try:
            connection.execute("SET TimeZone = 'UTC'")
            # The name of the file is quoted above; DuckDB takes no parameter in this place.
            rows = connection.execute(
                f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet({quoted})"  # noqa: S608 -- a quoted path
                + ("" if limit is None else f" LIMIT {limit}")
            )
            keeper.start([column[0] for column in rows.description or ()], wanted)
            number = unpacked = 0
            most = max(_UNPACKED_FREE_PARQUET, file.stat().st_size * MAX_PACKING)
            while chunk := rows.fetchmany(_CHUNK):
                for cells in chunk:
                    number += 1
                    texts = [cell or "" for cell in cells]
                    unpacked += sum(map(len, texts)) + len(texts)
                    keeper.add(number, texts)
                if unpacked > min(most, MAX_UNPACKED_BYTES):
                    raise _Unreadable(
                        f"{file.stat().st_size} bytes that unpack to over {unpacked}",
                        f"at most {MAX_UNPACKED_BYTES} bytes and {MAX_PACKING} times the file",
                    )
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise _Unreadable(f"not Parquet ({first[:120]})", "a readable Parquet file") from error
