"""A decision is the same however it was made and wherever it is made again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.store.decided import open_decision, open_inputs
from leadfit.testing import FrozenWorld
from leadfit.world import crockford
from lived import FACTS, START, live


class CountingWorld(FrozenWorld):
    """Ids count what was made of a kind, whatever else was made in between."""

    def __init__(self) -> None:
        super().__init__(START)
        self._of_kind: Counter[str] = Counter()

    def new_id(self, prefix: str) -> str:
        """Return the next id of its kind."""
        self._of_kind[prefix] += 1
        return f"{prefix}_{crockford(self._of_kind[prefix], 26)}"


def bodies() -> list[dict[str, object]]:
    """Return signals of a few people, some of whom come again and rise in tier."""
    kinds = ("demo_request", "form_fill", "pricing_view", "demo_request", "calculator")
    return [
        {
            "source": "web-form",
            "event_id": f"event-{number}",
            "kind": kinds[number % 5],
            "at": START.isoformat(),
            "identifiers": {"email": f"jo{number % 17}@firm{number % 6}.com", "title": "VP Sales"},
            "facts": {**FACTS, "employees": 40 * number},
        }
        for number in range(60)
    ]


def decided(folder: Path, batch: int) -> list[tuple[str, dict[str, object]]]:
    """Decide all signals, so many at a time; return the decisions with what they were told."""
    world = CountingWorld()
    workspace = create_workspace(folder, world=world)
    said = bodies()
    with open_leadfit(workspace, world=world) as leadfit:
        for first in range(0, len(said), batch):
            part = said[first : first + batch]
            leadfit.accept(part[0]) if batch == 1 else leadfit.accept_many(part)
            leadfit.decide_pending()
        assert leadfit.replay().same == len(said)
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection:
        rows = connection.execute("SELECT body, inputs FROM decisions ORDER BY seq").fetchall()
    return [(open_decision(body), open_inputs(inputs)) for body, inputs in rows]


def test_one_by_one_and_all_at_once_make_the_same_bytes(tmp_path: Path) -> None:
    one = decided(tmp_path / "one", 1)
    assert len(one) == 60
    assert decided(tmp_path / "many", 60) == one
    assert decided(tmp_path / "some", 7) == one


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return live(tmp_path_factory.mktemp("lived"), FrozenWorld(START))


def digest(workspace: Path, **environment: str) -> object:
    """Return the digest over all decisions, as another process finds it."""
    ended = subprocess.run(
        [sys.executable, "-m", "leadfit", "--workspace", str(workspace), "replay", "--json"],
        capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | environment,  # noqa: TID251 -- handed on
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)["digest"]


def test_threads_of_the_linear_algebra_a_locale_and_a_zone_change_nothing(workspace: Path) -> None:
    plain = digest(workspace, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    assert digest(workspace, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2") == plain
    assert digest(workspace, LC_ALL="C", TZ="Asia/Kolkata", PYTHONHASHSEED="7") == plain
