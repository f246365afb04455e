"""What a disk would hold had power failed at some moment of a trace.

What a sync covers is there. Of what no sync covered yet each write may be there, may be missing, or
may be there in some of its sectors: a disk, and the system before it, write in the order they like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random  # noqa: TID251 -- a type; every generator is seeded
from typing import Final

from leadfit.testing.crash.trace import Change, Sync, Trace

_SECTOR: Final = 512
_KEPT, _TORN = 0.4, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Files as they are found when power is back.

    Attributes:
        files: By path; one that is not there is missing.
        at_risk: Changes that no sync covered.
        lost: How many of them are missing or torn.
    """

    files: Mapping[str, bytes]
    at_risk: int
    lost: int


def rebuild(
    before: Mapping[str, bytes], trace: Trace, cut: int, random: Random, paths: Iterable[str]
) -> Disk:
    """Return what the disk holds if power fails as line ``cut`` of a trace begins.

    Args:
        before: The files at the begin of the trace, all of them synced.
        trace: What was done.
        cut: What began in this line or later never happened.
        random: Says what became of each change that no sync covered.
        paths: The files that are looked at.
    """
    wanted = set(paths)
    files = {path: bytearray(content) for path, content in before.items() if path in wanted}
    syncs: defaultdict[str, list[Sync]] = defaultdict(list)
    for sync in trace.syncs:
        if sync.ended < cut:
            syncs[sync.path].append(sync)
    at_risk = lost = 0
    for change in trace.changes:
        if change.begun >= cut:
            break
        if change.path not in wanted:
            continue
        if any(change.ended < sync.begun for sync in reversed(syncs[change.path])):
            _apply(files, change, sectors=None)
            continue
        at_risk += 1
        lost += _perhaps(files, change, random)
    return Disk(
        files={path: bytes(content) for path, content in files.items()}, at_risk=at_risk, lost=lost
    )


def _perhaps(files: dict[str, bytearray], change: Change, random: Random) -> bool:
    """Apply a change, or a part of it, or nothing; return whether anything is missing."""
    chance = random.random()
    if chance < _KEPT:
        _apply(files, change, sectors=None)
        return False
    if chance < _TORN and change.content is not None:
        first, last = change.at // _SECTOR, (change.at + len(change.content) - 1) // _SECTOR
        kept = {each for each in range(first, last + 1) if random.random() < 0.5}
        _apply(files, change, sectors=kept)
        return len(kept) < last - first + 1
    return True


def _apply(files: dict[str, bytearray], change: Change, *, sectors: set[int] | None) -> None:
    """Apply a change, in whole or in the ``sectors`` of the file that are named."""
    if change.content is None:
        if change.at < 0:
            files.pop(change.path, None)
            return
        held = files.setdefault(change.path, bytearray())
        del held[change.at :]
        held.extend(bytes(change.at - len(held)))
        return
    held = files.setdefault(change.path, bytearray())
    end = change.at + len(change.content)
    for sector in range(change.at // _SECTOR, (end - 1) // _SECTOR + 1):
        if sectors is not None and sector not in sectors:
            continue
        start, stop = max(change.at, sector * _SECTOR), min(end, (sector + 1) * _SECTOR)
        held.extend(bytes(max(0, stop - len(held))))
        held[start:stop] = change.content[start - change.at : stop - change.at]
