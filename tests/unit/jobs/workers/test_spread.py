"""Work that processes share, each with the store opened for itself."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from leadfit.jobs.workers.spread import Workers
from leadfit.store import SqliteStore, Store
from leadfit.testing import FrozenWorld


def opened(path: Path) -> SqliteStore:
    return SqliteStore(path, secret=b"s", world=FrozenWorld())


def squared(store: Store, number: int) -> tuple[int, int]:
    assert store.read(lambda session: session.told.bounds(None))[2] == 0
    return number * number, os.getpid()


@pytest.mark.parametrize(("workers", "others"), [(1, False), (2, True)])
def test_answers_are_the_same_and_in_the_same_order_whoever_works(
    tmp_path: Path, workers: int, others: bool
) -> None:
    path = tmp_path / "s.sqlite3"
    store = opened(path)
    try:
        with Workers(store, partial(opened, path), workers) as hands:
            found = hands.each(squared, [3, 1, 2])
            beside = hands.beside(squared, 5)()
    finally:
        store.close()
    assert [number for number, _ in (*found, beside)] == [9, 1, 4, 25]
    assert all((place != os.getpid()) is others for _, place in (*found, beside))


def test_one_part_is_done_here_and_so_is_what_is_begun_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    store = opened(path)
    try:
        with Workers(store, partial(opened, path), 2) as hands:
            assert hands.each(squared, [3]) == [(9, os.getpid())]
            assert hands.beside(squared, 5)() == (25, os.getpid())
    finally:
        store.close()
