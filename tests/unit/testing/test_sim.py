"""The simulator is the same for the same seed, and its checker sees what does not hold."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit.app.files import DATABASE
from leadfit.testing.sim import History, Manners, Play
from leadfit.testing.sim.check import Promises, faults
from leadfit.testing.sim.history import Absence

BUSY = Manners(signals=10, hot=0.4, crashes=8, restarts=1, absences=0.5, outages=0.5)
ALL_DECISIONS = "SELECT decision_id, policy_digest, body FROM decisions ORDER BY decision_id"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """A workspace after six busy days among faults, and what was seen of it from outside."""
    folder = tmp_path_factory.mktemp("sim") / "workspace"
    return folder / DATABASE, Play(folder, seed=5, days=6, manners=BUSY).run()


def test_days_full_of_faults_leave_nothing_to_complain_about(
    played: tuple[Path, History],
) -> None:
    store, history = played
    assert faults(store, history) == []


def test_the_days_hold_what_they_are_to_try(played: tuple[Path, History]) -> None:
    store, history = played
    assert len(history.crashes) >= 5
    assert len(set(history.crashes)) >= 4
    assert len(history.downs) > len(history.crashes)
    assert history.absences
    assert history.touches
    assert history.late_s
    assert any(effect.is_repeat for effect in history.effects)
    assert any(not effect.answered for effect in history.effects)
    with closing(sqlite3.connect(store)) as connection:
        tiers = dict(connection.execute("SELECT tier, count(*) FROM leads GROUP BY tier"))
    assert {1, 3} <= set(tiers)


def test_the_same_seed_gives_the_same_decisions_byte_for_byte(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        history = Play(tmp_path / name, seed=9, days=2, manners=BUSY).run()
        with closing(sqlite3.connect(tmp_path / name / DATABASE)) as connection:
            told.append((connection.execute(ALL_DECISIONS).fetchall(), history))
    assert told[0] == told[1]
    assert told[0][0]


TAMPERED = {
    "a signal is lost": "DELETE FROM signals WHERE rowid = (SELECT min(rowid) FROM signals)",
    "two owners at one time": (
        "UPDATE assignments SET ended_us = ended_us + 1 WHERE ended_us IS NOT NULL"
    ),
    "a gap between owners": (
        "UPDATE assignments SET ended_us = ended_us - 1 WHERE ended_us IS NOT NULL"
    ),
    "the lead names another owner": "UPDATE leads SET owner_id = 'rep_x' WHERE owner_id NOT NULL",
    "no owner and no clock": (
        "UPDATE leads SET owner_id = NULL; DELETE FROM clocks; DELETE FROM assignments"
    ),
    "an action nobody queued": "DELETE FROM outbox WHERE state = 'done'",
    "called done and not done": "UPDATE outbox SET state = 'done' WHERE state = 'pending'",
    "left in the queue": "UPDATE outbox SET state = 'pending' WHERE state = 'done'",
    "fired after a touch": (
        "UPDATE clocks SET breached_us = stopped_us + 60000000 WHERE stopped_by = 'touch'"
    ),
    "decided without a decision": "DELETE FROM decisions",
}


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED.keys())
def test_the_checker_sees(tmp_path: Path, played: tuple[Path, History], statement: str) -> None:
    store, history = played
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(store, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript(statement)
    assert faults(copy, history) != []


def test_the_checker_sees_a_window_that_is_too_full(played: tuple[Path, History]) -> None:
    store, history = played
    assert faults(store, history, Promises(slots=1, tiers=frozenset({1, 2, 3}))) != []


def test_the_checker_sees_a_lead_given_to_somebody_away(played: tuple[Path, History]) -> None:
    store, history = played
    with closing(sqlite3.connect(store)) as connection:
        (owner,) = connection.execute("SELECT min(owner_id) FROM assignments").fetchone()
    away = Absence(rep_id=owner, since=history.acknowledged[0].at - timedelta(days=1), until=None)
    assert faults(store, replace(history, absences=[away])) != []


def test_the_checker_sees_what_was_done_twice_or_too_early(played: tuple[Path, History]) -> None:
    store, history = played
    first = history.effects[0]
    twice = replace(first, destination="crm", is_repeat=True)
    early = replace(first, at=first.due_at - timedelta(minutes=1))
    assert faults(store, replace(history, effects=[*history.effects, twice])) != []
    assert faults(store, replace(history, effects=[*history.effects, early])) != []


def test_the_checker_sees_a_clock_that_fires_late(played: tuple[Path, History]) -> None:
    store, history = played
    assert faults(store, replace(history, late_s=[*history.late_s, 6.0])) != []
