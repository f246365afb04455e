"""Checkpoints beside the writer: one at a time, whatever is in their way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadfit.store.sqlite_checkpoints import CheckpointsBeside

PATIENCE_S = 10.0


class Gated(sqlite3.Connection):
    """Waits in every statement until the gate is open; counts them."""

    gate: threading.Event
    begun: list[str]
    has_begun: threading.Event

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        del parameters
        self.begun.append(sql)
        self.has_begun.set()
        assert self.gate.wait(PATIENCE_S)
        return super().execute(sql)


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    path = tmp_path / "s.sqlite3"
    connection = sqlite3.connect(path, factory=Gated, check_same_thread=False)
    connection.gate, connection.begun = threading.Event(), []
    connection.has_begun = threading.Event()
    yield connection
    connection.close()


def waited_for(is_so: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(is_so() or pause.wait(0.01) for _ in range(int(PATIENCE_S / 0.01)))


def test_no_checkpoint_begins_right_behind_another(gated: Gated) -> None:
    beside = CheckpointsBeside(lambda: gated)
    beside.begin()
    assert gated.has_begun.wait(PATIENCE_S)
    assert beside.is_under_way
    beside.begin()
    gated.has_begun.clear()
    gated.gate.set()
    assert waited_for(lambda: not beside.is_under_way)
    beside.begin()  # the writer has not asked for its end yet: its own short one is not done
    assert not gated.has_begun.wait(0.1)
    assert (beside.has_ended(), beside.has_ended()) == (True, False)
    beside.begin()
    assert waited_for(beside.has_ended)
    beside.close()
    assert len(gated.begun) == 2


def test_a_checkpoint_without_a_connection_ends_and_the_next_one_tries_anew(gated: Gated) -> None:
    gated.gate.set()
    answers = [sqlite3.OperationalError("unable to open database file"), None]

    def connect() -> sqlite3.Connection:
        if (error := answers.pop(0)) is not None:
            raise error
        return gated

    beside = CheckpointsBeside(connect)
    beside.begin()
    assert waited_for(beside.has_ended)
    assert gated.begun == []
    beside.begin()
    assert waited_for(beside.has_ended)
    beside.close()
    assert gated.begun == ["PRAGMA wal_checkpoint(PASSIVE)"]
