"""A store that runs by a frozen clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld()


@pytest.fixture
def store(tmp_path: Path, world: FrozenWorld) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    yield store
    store.close()
