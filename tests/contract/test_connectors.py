"""Every performer does what every performer must."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from leadfit.connectors import FilePerformer, Performer
from leadfit.testing import FrozenWorld
from leadfit.testing.check_connector import CHECKS, Receiver, make_action


class FileReceiver:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.performer: Performer = FilePerformer(path, world=FrozenWorld())

    def effects(self) -> Sequence[str]:
        return [json.loads(line)["key"] for line in self.path.read_text("utf-8").splitlines()]

    def restart(self) -> None:
        self.performer.close()
        self.performer = FilePerformer(self.path, world=FrozenWorld())


@pytest.fixture
def file_receiver(tmp_path: Path) -> Iterator[FileReceiver]:
    receiver = FileReceiver(tmp_path / "outbox.jsonl")
    yield receiver
    receiver.performer.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_file_performer_does_what_every_performer_must(
    file_receiver: FileReceiver, check: Callable[[Receiver], None]
) -> None:
    check(file_receiver)


def test_a_line_that_a_crash_cut_short_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    path.write_bytes(b'{"key":"whole"}\n{"key":"cut')
    performer = FilePerformer(path, world=FrozenWorld())
    assert performer.knows("whole")
    assert not performer.knows("cut")
    performer.perform(make_action("cut"))
    performer.close()
    lines = path.read_bytes().splitlines()
    assert lines[1] == b'{"key":"cut'
    assert json.loads(lines[2])["key"] == "cut"


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    FilePerformer(path, world=FrozenWorld()).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_closing_twice_does_not_close_the_file_that_got_the_number(tmp_path: Path) -> None:
    performer = FilePerformer(tmp_path / "outbox.jsonl", world=FrozenWorld())
    performer.close()
    with (tmp_path / "other").open("w", encoding="utf-8") as other:
        performer.close()
        other.write("still open")
        other.flush()
    assert (tmp_path / "other").read_text("utf-8") == "still open"
