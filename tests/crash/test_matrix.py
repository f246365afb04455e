"""A process killed at any point loses nothing it acknowledged and does nothing twice."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from leadfit import create_workspace
from leadfit.app import Settings
from leadfit.app.files import DATABASE
from leadfit.testing.crash import Bench, KillPoint, copy_rows, copy_store, named_cases, random_cases
from leadfit.testing.crash.matrix import faults_of
from leadfit.testing.crash.outside import Outside

AT_EACH_POINT = 1
AT_RANDOM = 8
ON_POSTGRESQL = 8
NAMED = 60


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("matrix")
    return Bench(folder, create_workspace(folder / "template", settings=Settings()))


@pytest.fixture(scope="module")
def points(bench: Bench) -> Counter[str]:
    return bench.points()


def test_nothing_is_lost_by_a_death_at_any_named_point(bench: Bench, points: Counter[str]) -> None:
    cases = list(named_cases(points, AT_EACH_POINT))
    assert len(points) >= NAMED
    assert {case.failpoint for case in cases} == set(points)
    assert [fault for case in cases for fault in bench.run(case)] == []


def test_nothing_is_lost_by_a_death_at_random_points(bench: Bench, points: Counter[str]) -> None:
    cases = random_cases(points, AT_RANDOM, seed=3)
    assert [fault for case in cases for fault in bench.run(case)] == []


def test_nothing_is_lost_by_a_death_on_postgresql(
    tmp_path: Path, points: Counter[str], postgres_server: str, empty_postgres_url: str
) -> None:
    settings = Settings(database_url=empty_postgres_url)
    template = create_workspace(tmp_path / "template", settings=settings)
    original = urlsplit(empty_postgres_url).path.lstrip("/")
    on_server = Bench(
        tmp_path, template, rows=copy_rows,
        settings=lambda: copy_store(postgres_server, original, f"{original}_case"),
    )  # fmt: skip
    cases = random_cases(points, ON_POSTGRESQL, seed=4)
    assert [fault for case in cases for fault in on_server.run(case)] == []


def test_a_process_that_is_not_killed_is_told_of(bench: Bench) -> None:
    (fault,) = bench.run(KillPoint(failpoint="no.such_point", time=1))
    assert "ended with 0" in fault


TAMPERED = {
    "a signal": "DELETE FROM signals",
    "feedback": "DELETE FROM feedback",
    "a review": "DELETE FROM reviews",
    "an undoing": "UPDATE merges SET undone_us = NULL",
    "an action": "DELETE FROM outbox",
    "a key": "DELETE FROM keys",
    "what a person knew better": "DELETE FROM lifts",
    "what was refused": "DELETE FROM refused_signals",
}


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED.keys())
def test_the_checker_sees_that_it_is_lost(tmp_path: Path, bench: Bench, statement: str) -> None:
    bench.keep_to = tmp_path / "kept"
    assert bench.run(KillPoint(failpoint="sla.fired", time=1)) == []
    bench.keep_to = None
    told, file = Outside(tmp_path / "kept" / "outside"), tmp_path / "kept" / "workspace" / DATABASE
    assert list(faults_of(file, told)) == []
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statement)
    assert list(faults_of(file, told)) != []


def test_the_checker_sees_what_was_done_twice(tmp_path: Path, bench: Bench) -> None:
    bench.keep_to = tmp_path / "kept"
    assert bench.run(KillPoint(failpoint="deliver.tried", time=3)) == []
    bench.keep_to = None
    lines = tmp_path / "kept" / "outside" / "told.jsonl"
    effects = [
        line for line in lines.read_text("utf-8").splitlines()
        if json.loads(line)["what"] == "effect"
    ]  # fmt: skip
    with lines.open("a", encoding="utf-8") as file:
        file.write(effects[0] + "\n")
    told = Outside(lines.parent)
    assert list(faults_of(tmp_path / "kept" / "workspace" / DATABASE, told)) != []
