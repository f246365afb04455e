"""Workers that share a store never call a vendor above any of its limits, and hardly below."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.store import SqliteStore
from leadfit.store.pace import spans
from leadfit.testing import FrozenWorld
from leadfit.testing.rate_race import Kept, RateRace, limits_of_profiles, race

SOME = ("hunter/find/all", "lusha/enrich/pro", "zoominfo/enrich/builder", "apollo/enrichment/free")
TURNS = 1_200


@pytest.fixture
def sqlite_file(tmp_path: Path) -> str:
    path = tmp_path / "store.sqlite3"
    SqliteStore(path, secret=b"s", world=FrozenWorld()).close()
    return str(path)


def run(url: str, *, careless: bool = False) -> tuple[Kept, ...]:
    every = limits_of_profiles()
    vendors = {name: every[name] for name in SOME}
    return race(RateRace(url=url, turns=TURNS, careless=careless), vendors)


def check(found: tuple[Kept, ...]) -> None:
    assert [each.vendor for each in found] == list(SOME)
    for each in found:
        assert (each.turns, each.over) == (TURNS, 0), each
        assert 0.99 <= each.used <= 1, each
        if all(span >= 60_000_000 for span in each.limits):
            assert each.shortest_us >= 60_000_000 // each.limits[60_000_000]


def test_threads_on_sqlite_keep_to_every_limit(sqlite_file: str) -> None:
    check(run(sqlite_file))


def test_processes_on_postgresql_keep_to_every_limit(postgres_url: str) -> None:
    check(run(postgres_url))


def test_the_race_finds_workers_that_count_for_themselves(sqlite_file: str) -> None:
    assert all(each.over > 0 for each in run(sqlite_file, careless=True))


def test_every_vendor_with_known_limits_is_raced() -> None:
    names = {name.partition("/")[0] for name in limits_of_profiles()}
    assert names == {"apollo", "lusha", "hunter", "zoominfo", "clearbit", "6sense"}
    assert limits_of_profiles()["clearbit/find/legacy"] == spans({60: 600})
