"""What is read out of a trace, and the disks that a power cut may leave.

``traced/trace.json`` is a recorded trace of a small store (``traced/record.py``): six signals are
stored and answered one after another, with a checkpoint and another thread between.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from leadfit.testing.crash.power import rebuild
from leadfit.testing.crash.trace import (
    Acknowledged,
    Trace,
    read_trace,
    transactions,
    uncovered,
)
from leadfit.world import seeded

RECORDED = json.loads(Path(__file__).with_name("traced").joinpath("trace.json").read_text("utf-8"))
LINES: list[str] = RECORDED["lines"]
STORE: str = RECORDED["store"]
LOG = f"{STORE}-wal"
BEFORE = {STORE: base64.b64decode(RECORDED["before"])}
TOLD = [
    Acknowledged(mark=f"signal_{number:04}".encode(), port=RECORDED["port"], nth=number)
    for number in range(6)
]
SEEDS = 4


def changed(*changes: tuple[str, str]) -> list[str]:
    """Return the lines with words replaced, each of which stands in one line at least."""
    lines = LINES
    for old, new in changes:
        assert any(old in line for line in lines)
        lines = [line.replace(old, new) for line in lines]
    return lines


def wrong(lines: list[str]) -> list[bytes]:
    return [each.mark for each, _ in uncovered(read_trace(lines), LOG, TOLD)]


def is_sync(line: str) -> bool:
    return "sync(" in line or "sync resumed" in line


def answers() -> list[int]:
    return [number for number, line in enumerate(LINES) if "sendto(" in line]


def test_a_trace_holds_every_transaction_and_every_answer_in_order() -> None:
    trace = read_trace(LINES)
    kept = list(transactions(trace, LOG))
    assert len(kept) == 7
    assert [each.status for each in trace.answers[RECORDED["port"]]] == [202] * 6
    for told, number in zip(TOLD, [0, 1, 2, 3, 5, 6], strict=True):
        first = next(place for place, each in enumerate(kept) if told.mark in each.content)
        assert first == number


def test_a_call_that_others_came_between_begins_and_ends_in_its_two_lines() -> None:
    trace = read_trace(LINES)
    parted = [each for each in trace.changes if each.ended > each.begun]
    assert parted
    for each in parted:
        assert "unfinished" in LINES[each.begun]
        assert "resumed" in LINES[each.ended]


def test_answers_that_waited_for_a_sync_are_covered() -> None:
    assert wrong(LINES) == []


def test_without_syncs_nothing_is_covered() -> None:
    lines = [line for line in LINES if not is_sync(line)]
    assert wrong(lines) == [each.mark for each in TOLD]


@pytest.mark.parametrize("number", range(6))
def test_an_answer_that_goes_out_before_its_sync_is_found(number: int) -> None:
    """The last sync before the answer is moved behind it."""
    lines, answer = list(LINES), answers()[number]
    since = answers()[number - 1] if number else 0
    moved = [line for line in lines[since:answer] if is_sync(line)]
    lines = [
        *lines[:since],
        *(line for line in lines[since:answer] if not is_sync(line)),
        lines[answer],
        *moved,
        *lines[answer + 1 :],
    ]
    assert wrong(lines) == [TOLD[number].mark]


def test_a_sync_that_is_not_over_when_the_answer_goes_out_covers_nothing() -> None:
    lines, answer = list(LINES), answers()[0]
    sync = max(number for number in range(answer) if is_sync(lines[number]))
    process = lines[sync].split()[0]
    begun, ended = lines[sync].split(")")[0], f"{process} <... fdatasync resumed>) = 0"
    lines[sync : answer + 1] = [f"{begun} <unfinished ...>", lines[answer], ended]
    # The answer is another thread's: one that syncs cannot answer meanwhile.
    lines[sync + 1] = lines[sync + 1].replace(process, "1", 1)
    assert wrong(lines) == [TOLD[0].mark]


def test_a_sync_that_failed_covers_nothing() -> None:
    lines = [
        line.replace("= 0", "= -1 EIO (Input/output error)") if is_sync(line) else line
        for line in LINES
    ]
    assert wrong(lines) == [each.mark for each in TOLD]


def test_what_was_never_written_is_not_covered() -> None:
    never = Acknowledged(mark=b"signal_9999", port=RECORDED["port"], nth=0)
    ((found, words),) = uncovered(read_trace(LINES), LOG, [never])
    assert (found, "never written" in words) == (never, True)


@pytest.mark.parametrize(
    "changes", [(('", 512, 56)', '"..., 512, 56)'),), (("pwrite64(", "pwritev("),)]
)
def test_a_write_that_is_not_shown_whole_is_refused(changes: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="line"):
        read_trace(changed(*changes))


def test_a_write_to_the_log_that_is_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes at 57"):
        list(transactions(read_trace(changed((", 512, 56)", ", 512, 57)"))), LOG))


def kept_after(folder: Path, trace: Trace, cut: int, seed: int) -> set[bytes]:
    """Return the rows of the store that is found after a cut; it must be sound."""
    disk = rebuild(BEFORE, trace, cut, seeded("cut", cut, seed), [STORE, LOG])
    folder.mkdir()
    for path, content in disk.files.items():
        (folder / Path(path).name).write_bytes(content)
    with closing(sqlite3.connect(folder / Path(STORE).name)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {mark.encode() for (mark,) in connection.execute("SELECT mark FROM kept")}


def test_no_cut_loses_what_was_answered_before_it(tmp_path: Path) -> None:
    trace = read_trace(LINES)
    sent = trace.answers[RECORDED["port"]]
    for cut in range(len(LINES) + 1):
        told = {each.mark for each in TOLD if sent[each.nth].begun < cut}
        for seed in range(SEEDS):
            assert told <= kept_after(tmp_path / f"{cut}-{seed}", trace, cut, seed)


def test_a_disk_that_syncs_nothing_loses_what_was_answered(tmp_path: Path) -> None:
    trace = replace(read_trace(LINES), syncs=())
    # Before the checkpoint: what no sync covers may then damage the file itself.
    cut = answers()[2] + 1
    lost = [
        {each.mark for each in TOLD[:3]} - kept_after(tmp_path / f"{seed}", trace, cut, seed)
        for seed in range(20)
    ]
    assert sum(map(bool, lost)) >= 10


def test_of_what_no_sync_covers_all_some_or_nothing_is_there() -> None:
    trace = read_trace(LINES)
    cut = answers()[0] - 1
    whole = rebuild(BEFORE, trace, len(LINES), seeded("whole"), [STORE, LOG]).files[LOG]
    found = {
        rebuild(BEFORE, trace, cut, seeded("cut", seed), [STORE, LOG]).files[LOG]
        for seed in range(200)
    }
    header = next(each for each in trace.changes if each.path == LOG and each.at == 0)
    assert len(found) >= 4
    assert {each[:32] for each in found} == {header.content}, "the synced header is always there"
    assert len(whole) > max(map(len, found))


def test_a_write_may_be_torn_at_sectors() -> None:
    trace = read_trace(LINES)
    # A page of 512 bytes at 56 lies in two sectors.
    cut = answers()[0] - 1
    page = next(each for each in trace.changes if each.path == LOG and each.at == 56)
    assert page.content is not None
    parts = set()
    for seed in range(300):
        log = rebuild(BEFORE, trace, cut, seeded("torn", seed), [STORE, LOG]).files[LOG]
        first, second = log[56:512].ljust(456, b"\0"), log[512:568].ljust(56, b"\0")
        parts.add((first == page.content[:456], second == page.content[456:]))
    assert parts == {(True, True), (True, False), (False, True), (False, False)}
