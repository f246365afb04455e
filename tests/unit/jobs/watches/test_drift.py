"""When the monthly check of the score is made; a story says what it finds and who is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit.app.files import write_whole
from leadfit.jobs import DriftCheck, DriftWatch
from leadfit.jobs.watches.drift import KEPT
from leadfit.pipeline import InForce
from leadfit.policy import load_starter
from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld

RULES = InForce(policy=load_starter())
DAY_S = 86_400.0


def watch(store: SqliteStore, world: FrozenWorld, folder: Path) -> DriftWatch:
    return DriftWatch(world, store, lambda: RULES, folder / "reports", write_whole)


def test_where_nothing_is_recorded_it_is_tried_a_day_later(
    store: SqliteStore, world: FrozenWorld, tmp_path: Path
) -> None:
    empty = watch(store, world, tmp_path)
    for _ in range(3):
        assert empty.round() == 0
        world.pass_time(DAY_S)
    latest = empty.latest()
    assert latest is not None
    assert not latest.is_made
    assert store.read(lambda session: session.outbox.due(world.now(), 9)) == ()


def test_a_damaged_note_of_the_latest_check_begins_anew(
    store: SqliteStore, world: FrozenWorld, tmp_path: Path
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / KEPT).write_text("{")
    again = watch(store, world, tmp_path)
    assert again.latest() is None
    assert again.round() == 0
    assert again.latest() is not None


@pytest.mark.parametrize(
    ("at", "due"), [("2026-01-31", "2026-02-01"), ("2026-12-01", "2027-01-01")]
)
def test_a_check_is_due_on_the_first_of_the_next_month(at: str, due: str) -> None:
    made = datetime.fromisoformat(at).replace(hour=23, tzinfo=UTC)
    assert DriftCheck(at=made, is_made=True).due_at == datetime.fromisoformat(f"{due}T00:00Z")
