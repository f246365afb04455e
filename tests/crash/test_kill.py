"""A process killed at any point loses nothing that was acknowledged and does nothing twice."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.app import Settings
from leadfit.store.views import SignalState

CHILD = Path(__file__).with_name("child.py")
POINTS = (
    "accept.read", "accept.added", "accept.stored", "store.before_commit", "store.after_commit",
    "decide.matched", "decide.identified", "decide.rated", "decide.ranked", "decide.claimed",
    "decide.assigned", "decide.planned", "decide.kept", "decide.settled", "deliver.picked",
    "deliver.sending", "deliver.tried", "deliver.performed", "deliver.settled",
)  # fmt: skip
ONCE = {"deliver.picked", "deliver.sending", "deliver.performed", "deliver.settled"}
CASES = [(point, 1 if point in ONCE else 2) for point in POINTS]
CASES += [("store.before_commit", 5), ("store.after_commit", 7), ("deliver.tried", 4)]

ON_POSTGRESQL = [
    ("accept.added", 2), ("accept.stored", 2), ("store.before_commit", 5),
    ("store.after_commit", 7), ("decide.kept", 2), ("deliver.sending", 1), ("deliver.tried", 4),
]  # fmt: skip


def run_until_killed(
    workspace: Path, point: str, time: int, acknowledged: Path, url: str = ""
) -> list[str]:
    environment = os.environ | {"LEADFIT_DATABASE_URL": url}  # noqa: TID251 -- passed on
    ended = subprocess.run(
        [sys.executable, str(CHILD), str(workspace), point, str(time), str(acknowledged)],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    return acknowledged.read_text().split()


@pytest.mark.parametrize(("point", "time"), CASES, ids=[f"{point}-{time}" for point, time in CASES])
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(
    tmp_path: Path, point: str, time: int
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    acknowledged = run_until_killed(workspace, point, time, tmp_path / "acknowledged")
    with open_leadfit(workspace) as leadfit:
        check_told(leadfit, acknowledged)
    check_whole(workspace)


@pytest.mark.parametrize(("point", "time"), ON_POSTGRESQL, ids=[each[0] for each in ON_POSTGRESQL])
def test_nothing_is_lost_or_done_twice_on_postgresql_either(
    tmp_path: Path, postgres_url: str, point: str, time: int
) -> None:
    settings = Settings(database_url=postgres_url)
    workspace = create_workspace(tmp_path / "workspace", settings=settings)
    told = run_until_killed(workspace, point, time, tmp_path / "acknowledged", postgres_url)
    with open_leadfit(workspace, settings=settings) as leadfit:
        check_told(leadfit, told, rounds=100)


def check_told(leadfit: Leadfit, acknowledged: list[str], rounds: int = 1) -> None:
    """Finish what was begun, and check what the workspace then says of itself."""
    leadfit.decide_pending()
    # The duty of a killed process is free once the server has seen its connection end.
    for _ in range(rounds):
        if leadfit.deliver():
            break
        leadfit.world.wait(0.02)
    states = [leadfit.signal(signal_id).status for signal_id in acknowledged]
    assert states == [SignalState.DECIDED] * len(acknowledged)
    assert leadfit.verify().intact
    counts = leadfit.status().counts
    assert (counts.signals_pending, counts.signals_dead, counts.unassigned) == (0, 0, 0)
    views = leadfit.leads()
    contacts = Counter(view.contact.email for view in views if view.contact is not None)
    assert set(contacts.values()) <= {1}
    done = [
        each.action.key for view in views for each in view.actions if each.state.value == "done"
    ]
    lines = (leadfit.folder / "outbox.jsonl").read_text("utf-8").splitlines()
    assert Counter(json.loads(line)["key"] for line in lines) == Counter(done)


def check_whole(workspace: Path) -> None:
    """Check, past our own code, what must hold of the tables together."""
    store = sqlite3.connect(workspace / "leadfit.sqlite3")
    owners = store.execute(
        "SELECT lead_id, count(*) FROM assignments WHERE ended_us IS NULL GROUP BY lead_id"
    ).fetchall()
    torn = store.execute(
        "SELECT count(*) FROM leads WHERE owner_id IS NOT (SELECT owner_id FROM assignments"
        " WHERE assignments.lead_id = leads.lead_id AND ended_us IS NULL)"
    ).fetchone()
    undecided = store.execute(
        "SELECT count(*) FROM signals WHERE status = 'decided' AND signal_id NOT IN"
        " (SELECT signal_id FROM decisions)"
    ).fetchone()
    sound = store.execute("PRAGMA integrity_check").fetchone()
    strangers = store.execute("PRAGMA foreign_key_check").fetchall()
    store.close()
    assert {number for _, number in owners} <= {1}
    assert (torn, undecided, sound, strangers) == ((0,), (0,), ("ok",), [])
