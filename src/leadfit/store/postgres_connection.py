"""A connection to PostgreSQL that takes the statements of the store as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8BinaryDumper

from leadfit.errors import BadInput, DamagedStore, Fault, StoreBusy
from leadfit.log import logger
from leadfit.store.sql import Cursor, Values

Raw = psycopg.Connection[tuple[Any, ...]]

OLDEST: Final = 15
"""The oldest PostgreSQL the store is made for."""

_log = logger("store")

_CONNECT_S: Final = 5
_PREPARED: Final = 512
# A server that is not told notices a vanished machine after hours; its locks would last as long.
_SETTINGS: Final = """
SET jit = off; SET statement_timeout = '{statement_s}s'; SET lock_timeout = '{lock_s}s';
SET idle_in_transaction_session_timeout = '{idle_s}s'; SET timezone = 'UTC';
SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3
"""
_PART: Final = re.compile(r"'(?:[^']|'')*'|\?(\d*)|:([a-z_]+)|%|\bIN \(\)|\bAS BLOB\b")
_SAID_OTHERWISE: Final = {"%": "%%", "IN ()": "IN (NULL)", "AS BLOB": "AS bytea"}
_NUL: Final = "\0"
_FOR_NUL: Final = "\ufffd"


class PostgresConnection:
    """See :class:`leadfit.store.sql.Connection`.

    In a pipeline nothing waits for the answer of a statement until somebody looks at one; an error
    then comes with a later statement, or with :meth:`wait`.

    A NUL, which PostgreSQL keeps in no text, is written and looked up as U+FFFD.
    """

    def __init__(self, raw: Raw, pipeline: psycopg.Pipeline | None = None) -> None:
        self.raw = raw
        self._pipeline = pipeline
        self._uncounted: list[psycopg.Cursor[tuple[Any, ...]]] = []
        self._changes = 0

    @property
    def total_changes(self) -> int:
        """How many rows were written by :meth:`executemany`."""
        if self._uncounted:
            self.wait()
            self._changes += sum(max(0, cursor.rowcount) for cursor in self._uncounted)
            self._uncounted.clear()
        return self._changes

    def wait(self) -> None:
        """Wait for the answers that are due.

        Raises:
            psycopg.Error: A statement failed.
        """
        if self._pipeline is not None:
            self._pipeline.sync()

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        """Run a statement."""
        query, is_numbered = in_postgresql(statement)
        cursor = self.raw.cursor(binary=True)
        cursor.execute(query, _given(values, is_numbered=is_numbered))
        return cast("Cursor", cursor if self._pipeline is None else _Due(cursor, self.wait))

    def executemany(self, statement: str, rows: Iterable[Values], /) -> Cursor:
        """Run a statement that writes, once for every row of values."""
        query, is_numbered = in_postgresql(statement)
        cursor = self.raw.cursor()
        given = [_given(each, is_numbered=is_numbered) for each in rows]
        if given:
            cursor.executemany(query, given)
            self._uncounted.append(cursor)
        return cast("Cursor", cursor)


class _Due:
    """Answer of a statement in a pipeline."""

    __slots__ = ("_cursor", "_wait", "fetchall", "fetchone")

    def __init__(self, cursor: psycopg.Cursor[tuple[Any, ...]], wait: Callable[[], None]) -> None:
        self._cursor = cursor
        self._wait = wait
        self.fetchone = cursor.fetchone
        self.fetchall = cursor.fetchall

    @property
    def rowcount(self) -> int:
        if self._cursor.pgresult is None:
            self._wait()
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())


@lru_cache(maxsize=2048)
def in_postgresql(statement: str) -> tuple[str, bool]:
    """Return a statement with the driver's placeholders, and whether they stand for numbers.

    >>> in_postgresql("SELECT 1 FROM log WHERE seq > ?1 AND kind LIKE 'a?%'")
    ("SELECT 1 FROM log WHERE seq > %(p1)s AND kind LIKE 'a?%%'", True)
    """
    is_numbered = False

    def said(part: re.Match[str]) -> str:
        nonlocal is_numbered
        whole, number, name = part[0], part[1], part[2]
        if whole[0] == "?":
            is_numbered = is_numbered or bool(number)
            return f"%(p{number})s" if number else "%s"
        if name is not None:
            return f"%({name})s"
        return _SAID_OTHERWISE.get(whole) or whole.replace("%", "%%")

    return _PART.sub(said, statement), is_numbered


def _given(values: Values, *, is_numbered: bool) -> Sequence[object] | Mapping[str, object]:
    """Return values as the driver takes them."""
    if isinstance(values, Mapping):
        return {name: _kept(value) for name, value in values.items()}
    if is_numbered:
        return {f"p{number}": _kept(value) for number, value in enumerate(values, start=1)}
    return [_kept(value) for value in values]


def _kept(value: object) -> object:
    if type(value) is str and _NUL in value:
        return value.replace(_NUL, _FOR_NUL)
    return value


def place_of(url: str) -> str:
    """Return where an address leads to, without who asks and by which password.

    Raises:
        BadInput: It is no address of PostgreSQL.

    >>> place_of("postgresql://jo:secret@db.example.com/leadfit")
    'PostgreSQL at db.example.com, database leadfit'
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise BadInput(
            Fault(
                place="LEADFIT_DATABASE_URL",
                came="an address that cannot be read",
                allowed="postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            )
        ) from None
    host, name = parts.get("host") or "this machine", parts.get("dbname") or "of the user"
    return f"PostgreSQL at {host}, database {name}"


def connect(url: str, *, statement_s: int, lock_s: int, idle_s: int) -> Raw:
    """Return a new connection that commits by itself until it is told to begin.

    Args:
        url: The address.
        statement_s: Seconds after which the server ends a statement.
        lock_s: Seconds after which it gives up waiting for a lock.
        idle_s: Seconds after which it ends a transaction that does nothing; 0 for never.

    Raises:
        StoreBusy: There is no connection to be had now.
        BadInput: The server is too old, or its texts are not in UTF-8.
    """
    place = place_of(url)
    try:
        raw: Raw = psycopg.connect(
            url, autocommit=True, client_encoding="UTF8", connect_timeout=_CONNECT_S,
            application_name="leadfit",
            keepalives_idle=10, keepalives_interval=5, keepalives_count=3,
        )  # fmt: skip
        raw.prepared_max = _PREPARED
        raw.adapters.register_dumper(int, Int8BinaryDumper)
        settings = _SETTINGS.format(statement_s=statement_s, lock_s=lock_s, idle_s=idle_s)
        raw.execute(settings)
        if raw.execute("SHOW synchronous_commit").fetchone() == ("off",):
            # An acknowledged signal must survive a power cut.
            raw.execute("SET synchronous_commit = on")
    except psycopg.Error as error:
        raise named(error, place) from error
    _check(raw, place)
    return raw


def _check(raw: Raw, place: str) -> None:
    version = raw.info.server_version // 10_000
    encoding = raw.info.parameter_status("server_encoding")
    if version >= OLDEST and encoding == "UTF8":
        return
    raw.close()
    raise BadInput(
        Fault(
            place=place,
            came=f"PostgreSQL {version}, texts in {encoding}",
            allowed=f"PostgreSQL {OLDEST} or newer, texts in UTF8",
        )
    )


def named(error: psycopg.Error, place: str) -> Exception:
    """Return our error for one of the driver's that tells of the server; any other as it is.

    Words of the server that may name hosts and users go to the log, not to whoever asked.
    """
    if isinstance(
        error,
        psycopg.errors.UndefinedTable
        | psycopg.errors.DataCorrupted
        | psycopg.errors.IndexCorrupted,
    ):
        return DamagedStore(place, first_line(error))
    passes = psycopg.OperationalError | psycopg.InterfaceError
    if isinstance(error, passes | psycopg.errors.ReadOnlySqlTransaction):
        _log.warning("store.server_trouble", error=first_line(error))
        return StoreBusy("the database of the store does not answer as it should", 5.0)
    return error


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says."""
    return str(error).partition("\n")[0] or type(error).__name__
