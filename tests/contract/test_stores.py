"""Every store does what every store must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadfit.store import SqliteStore, Store
from leadfit.testing import (
    FrozenWorld,
    check_breaches,
    check_enriching,
    check_intake,
    check_lifts,
    check_matching,
    check_outbox,
    check_owners,
    check_publications,
    check_store,
    check_trials,
    check_trouble,
    check_vendors,
)
from leadfit.testing.check_store import Bench

CHECKS = (
    *check_store.CHECKS,
    *check_matching.CHECKS,
    *check_outbox.CHECKS,
    *check_owners.CHECKS,
    *check_breaches.CHECKS,
    *check_publications.CHECKS,
    *check_intake.CHECKS,
    *check_enriching.CHECKS,
    *check_lifts.CHECKS,
    *check_trials.CHECKS,
    *check_trouble.CHECKS,
    *check_vendors.CHECKS,
)


class BenchOf:
    def __init__(self, open_store: Callable[[FrozenWorld], Store]) -> None:
        self.world = FrozenWorld()
        self._open = open_store
        self.store = open_store(self.world)

    def reopen(self) -> None:
        self.store.close()
        self.store = self._open(self.world)


@pytest.fixture
def sqlite_bench(tmp_path: Path) -> Iterator[BenchOf]:
    path = tmp_path / "store.sqlite3"
    bench = BenchOf(lambda world: SqliteStore(path, secret=b"s" * 32, world=world))
    yield bench
    bench.store.close()


@pytest.fixture
def postgres_bench(postgres_url: str) -> Iterator[BenchOf]:
    from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra

    bench = BenchOf(lambda world: PostgresStore(postgres_url, secret=b"s" * 32, world=world))
    yield bench
    bench.store.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_sqlite_store_does_what_every_store_must(
    sqlite_bench: BenchOf, check: Callable[[Bench], None]
) -> None:
    check(sqlite_bench)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_postgresql_store_does_what_every_store_must(
    postgres_bench: BenchOf, check: Callable[[Bench], None]
) -> None:
    check(postgres_bench)
