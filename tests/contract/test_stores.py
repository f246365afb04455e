"""Every store does what every store must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadfit.store import SqliteStore, Store
from leadfit.testing import FrozenWorld, check_matching, check_store
from leadfit.testing.check_store import Bench

CHECKS = (*check_store.CHECKS, *check_matching.CHECKS)


class SqliteBench:
    def __init__(self, folder: Path) -> None:
        self.world = FrozenWorld()
        self._path = folder / "store.sqlite3"
        self.store: Store = self._open()

    def _open(self) -> SqliteStore:
        return SqliteStore(self._path, secret=b"s" * 32, world=self.world)

    def reopen(self) -> None:
        self.store.close()
        self.store = self._open()


@pytest.fixture
def sqlite_bench(tmp_path: Path) -> Iterator[SqliteBench]:
    bench = SqliteBench(tmp_path)
    yield bench
    bench.store.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_sqlite_store_does_what_every_store_must(
    sqlite_bench: SqliteBench, check: Callable[[Bench], None]
) -> None:
    check(sqlite_bench)
