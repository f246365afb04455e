"""A process that writes actions into a file is killed at any time: each stands there once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from crash.lines import BATCH
from leadfit.world import SystemWorld, seeded

KILLS = 12
WORKER = Path(__file__).with_name("lines.py")


def test_each_action_stands_in_the_file_once_however_often_its_writer_is_killed(
    tmp_path: Path,
) -> None:
    path, acknowledged = tmp_path / "outbox.jsonl", tmp_path / "acknowledged"
    random, world = seeded("kills of a writer", 1), SystemWorld()
    for number in range(KILLS):
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        with subprocess.Popen([sys.executable, str(WORKER), str(path), str(acknowledged)]) as child:
            until_s = world.monotonic_s() + 30
            while not (acknowledged.exists() and acknowledged.stat().st_size > before):
                assert child.poll() is None
                assert world.monotonic_s() < until_s
                world.wait(0.002)
            world.wait(0.02 * random.random())
            child.kill()
        if number % 3 == 0:  # as a power cut may leave the last line
            with path.open("rb+") as file:
                whole = path.read_bytes()
                batches = len(acknowledged.read_bytes().splitlines())
                if len(keys_of(whole)) > batches * BATCH:
                    file.truncate(len(whole) - 7)
    found = Counter(keys_of(path.read_bytes()))
    batches = len(acknowledged.read_bytes().splitlines())
    expected = {f"{number}/{each}" for number in range(batches) for each in range(BATCH)}
    assert batches >= KILLS
    assert expected <= set(found), "an action that was acknowledged is not there"
    assert [key for key, times in found.items() if times > 1] == []


def keys_of(content: bytes) -> list[str]:
    keys = []
    for line in content.splitlines():
        with suppress(ValueError):
            keys.append(json.loads(line)["key"])
    return keys
