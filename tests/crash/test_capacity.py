"""Many connections of several processes never give a rep more leads than there are slots."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld
from leadfit.testing.capacity_race import Race, race

RUNS = 3


@pytest.fixture
def sqlite_file(tmp_path: Path) -> str:
    path = tmp_path / "store.sqlite3"
    SqliteStore(path, secret=b"s", world=FrozenWorld()).close()
    return str(path)


def test_processes_on_one_sqlite_file_never_give_a_sixteenth_lead(sqlite_file: str) -> None:
    found = race(Race(url=sqlite_file, runs=RUNS))
    assert (found.over, found.most) == (0, 15)
    assert found.given > RUNS * 15


def test_connections_to_postgresql_never_give_a_sixteenth_lead(postgres_url: str) -> None:
    found = race(Race(url=postgres_url, runs=RUNS))
    assert (found.over, found.most) == (0, 15)
    assert found.given > RUNS * 15


def test_the_race_finds_a_store_that_counts_and_then_writes(postgres_url: str) -> None:
    found = race(Race(url=postgres_url, runs=RUNS, careless=True))
    assert found.over > 0
