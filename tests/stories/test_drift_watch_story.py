"""The monthly check of a score that no longer holds, made by the timer of a server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from leadfit.app.files import write_whole
from leadfit.jobs import DriftWatch, import_history
from leadfit.pipeline import InForce
from leadfit.policy import load_starter
from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld
from unit.learn.quarters import QUARTERS, company, until
from unit.learn.worlds import START

RULES = InForce(policy=load_starter())
DAY_S = 86_400.0
END = START + timedelta(days=QUARTERS[-1])


def test_what_the_check_finds_is_told_once_also_after_a_crash_and_a_restart(
    tmp_path: Path,
) -> None:
    world, folder = FrozenWorld(END), tmp_path / "reports"
    store = SqliteStore(tmp_path / "store.sqlite3", secret=b"s", world=world)
    import_history(world, store, until(company(7310), END))

    def watch() -> DriftWatch:
        return DriftWatch(world, store, lambda: RULES, folder, write_whole)

    def die(path: Path, content: bytes) -> None:
        raise OSError(f"{path}: no space for {len(content)} bytes")

    assert watch().round() == 0, "it is checked before the first day is over"
    world.pass_time(DAY_S)
    with pytest.raises(OSError, match="no space"):
        DriftWatch(world, store, lambda: RULES, folder, die).round()
    checked = watch()
    assert [checked.round(), checked.round(), watch().round()] == [1, 0, 0]
    later = END + timedelta(days=99)
    (alert,) = [each.action for each in store.read(lambda s: s.outbox.due(later, 99))]
    assert alert.key == f"drift/{world.now():%Y-%m}/alert"
    assert "The score: alarm." in str(alert.fields["words"])
    latest = checked.latest()
    assert latest is not None
    assert (latest.is_made, latest.is_found) == (True, True)
    assert "Does the profile still hold" in (folder / "review.html").read_text("utf-8")
    store.close()
