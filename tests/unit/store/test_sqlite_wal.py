"""How far the write-ahead log has come."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadfit.store.sqlite_wal import PAGE, WalGauge


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database whose log is moved only when a test says so."""
    with closing(sqlite3.connect(tmp_path / "some.sqlite3", isolation_level=None)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA wal_autocheckpoint = 0")
        opened.execute("CREATE TABLE kept (content BLOB)")
        yield opened


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[WalGauge]:
    """A gauge that calls 20 pages long."""
    made = WalGauge(tmp_path / "some.sqlite3", 20)
    yield made
    made.close()


def write(connection: sqlite3.Connection, pages: int) -> None:
    """Write about so many pages."""
    connection.execute("INSERT INTO kept VALUES (zeroblob(?))", (pages * PAGE,))


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move the whole log into the database."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert not busy


def test_pages_that_were_written_are_seen(connection: sqlite3.Connection, gauge: WalGauge) -> None:
    write(connection, 10)
    assert gauge.has(10)
    assert not gauge.has(20)


def test_after_a_checkpoint_the_log_is_counted_anew_though_its_file_stays_long(
    connection: sqlite3.Connection, gauge: WalGauge
) -> None:
    write(connection, 30)
    checkpoint(connection)
    write(connection, 3)
    assert gauge.has(3)
    assert not gauge.has(20)


def test_a_log_is_called_long_once_a_step(connection: sqlite3.Connection, gauge: WalGauge) -> None:
    write(connection, 15)
    assert not gauge.is_long()
    write(connection, 15)
    assert gauge.is_long()
    assert not gauge.is_long()
    write(connection, 15)
    assert gauge.is_long()


def test_a_log_that_began_anew_is_long_only_after_a_whole_step(
    connection: sqlite3.Connection, gauge: WalGauge
) -> None:
    write(connection, 30)
    assert gauge.is_long()
    checkpoint(connection)
    write(connection, 15)
    assert not gauge.is_long()
    write(connection, 15)
    assert gauge.is_long()


def test_a_log_that_was_moved_holds_nothing_new_until_more_is_written(
    connection: sqlite3.Connection, gauge: WalGauge
) -> None:
    write(connection, 30)
    assert gauge.has_new(1)
    _, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    gauge.moved(pages, moved)
    assert gauge.has(1)
    assert not gauge.has_new(1)
    write(connection, 3)
    assert gauge.has_new(1)
    assert not gauge.has_new(20)


def test_a_log_that_could_not_be_moved_as_a_whole_holds_what_is_new(
    connection: sqlite3.Connection, gauge: WalGauge
) -> None:
    write(connection, 30)
    gauge.moved(31, 12)
    assert gauge.has_new(20)


def test_a_store_without_a_log_has_no_pages(gauge: WalGauge) -> None:
    assert not gauge.has(1)
    assert not gauge.is_long()
