"""Stores that cannot be written to are read whole, or refused in words."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leadfit.errors import BadInput, NotPossible, StoreBusy
from leadfit.records import Lead
from leadfit.store import Session, SqliteStore
from leadfit.testing import FrozenWorld

SECRET = b"k" * 32
WORLD = FrozenWorld()


def lead(session: Session, lead_id: str) -> None:
    session.leads.add(Lead(lead_id=lead_id, created_at=WORLD.now()), WORLD.now(), None)


def leads(session: Session) -> int:
    return session.counts(WORLD.now()).leads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store with two leads that was closed: no log is left beside it."""
    made = tmp_path / "leadfit.sqlite3"
    with closing(SqliteStore(made, secret=SECRET, world=WORLD)) as store:
        store.write(lambda session: lead(session, "l1"))
        store.write(lambda session: lead(session, "l2"))
    return made


@pytest.fixture
def cut_short(tmp_path: Path) -> Path:
    """Return the files of a store as they lay when its process was killed: one lead in the log."""
    made, copy = tmp_path / "leadfit.sqlite3", tmp_path / "copy" / "leadfit.sqlite3"
    copy.parent.mkdir()
    with closing(SqliteStore(made, secret=SECRET, world=WORLD)) as store:
        store.write(lambda session: lead(session, "l1"))
        with closing(sqlite3.connect(made)) as reading:
            # A reader keeps the log from being taken into the file.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM leads").fetchone()
            store.write(lambda session: lead(session, "l2"))
            for end in ("", "-wal", "-shm"):
                shutil.copy(f"{made}{end}", f"{copy}{end}")
    return copy


def read_only(path: Path) -> SqliteStore:
    return SqliteStore(path, secret=SECRET, world=WORLD, read_only=True)


def test_a_store_is_read_without_a_file_being_made_beside_it(path: Path) -> None:
    before = {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir()}
    with closing(read_only(path)) as store:
        assert store.read(leads) == 2
    assert {each.name: each.stat().st_mtime_ns for each in path.parent.iterdir()} == before


def test_whatever_would_write_is_refused(path: Path) -> None:
    with closing(read_only(path)) as store:
        for write in (store.write, store.write_beside):
            with pytest.raises(NotPossible, match="it can only be read"):
                write(lambda session: lead(session, "l3"))
        assert store.read(leads) == 2


def test_what_lies_in_the_log_alone_is_read_too(cut_short: Path) -> None:
    with closing(read_only(cut_short)) as store:
        assert store.read(leads) == 2


def test_a_log_that_cannot_be_read_is_named_and_the_store_is_refused(
    cut_short: Path, tmp_path: Path
) -> None:
    log = cut_short.with_name("leadfit.sqlite3-wal")
    log.unlink()
    log.symlink_to(tmp_path)  # nobody can read a folder as a log, not even the superuser
    with pytest.raises(BadInput) as caught:
        read_only(cut_short)
    assert "leadfit.sqlite3-wal: came a log that cannot be read here" in str(caught.value)
    assert "the latest transactions lie in that log alone" in str(caught.value)


def test_what_somebody_writes_meanwhile_is_not_read_by_halves(path: Path) -> None:
    with (
        closing(read_only(path)) as store,
        closing(SqliteStore(path, secret=SECRET, world=WORLD)) as other,
    ):
        assert store.read(leads) == 2
        other.write(lambda session: lead(session, "l3"))
        with pytest.raises(StoreBusy, match="was written to by another process"):
            store.read(leads)


def test_tables_of_an_older_leadfit_are_not_touched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as older, older:
        older.execute("UPDATE alembic_version SET version_num = '0004'")
    with pytest.raises(BadInput, match="tables of an older Leadfit"):
        read_only(path)
