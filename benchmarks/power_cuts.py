"""Cuts the power of a server at random moments, and looks for what it had acknowledged.

``leadfit serve`` runs under strace. For each cut the disk is rebuilt as it may be found when power
is back: every write that a sync covered is there; of each other the whole, some sectors or nothing.
The workspace is opened on it and must be whole: everything acknowledged before the cut is on record
and is decided, the log verifies, the file is sound. The same cuts of the same trace without its
syncs must lose something, or the look would prove nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random  # noqa: TID251 -- a type; every generator is seeded

from recording import asked_for_full, commit, record
from traced_server import Seen, can_trace, see

import leadfit
from leadfit.app import Settings
from leadfit.app.files import DATABASE
from leadfit.errors import LeadfitError
from leadfit.testing.crash.power import Disk, rebuild
from leadfit.testing.crash.trace import Acknowledged, Trace
from leadfit.world import seeded

SMALL, FULL = (16, 10), (120, 50)
"""Signals of each way, and cuts."""
SEED = 77


def main() -> None:
    """Cut the power as often as was asked for, and record what was lost."""
    full = asked_for_full(__doc__)
    if not can_trace():
        print("skipped: no strace that may trace on this machine")
        return
    begun_at = commit()
    signals, cuts = FULL if full else SMALL
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        seen = see(place, signals)
        disks = [_cut(seen, seen.trace, number) for number in range(cuts)]
        faults = [_faults(place / "again", seen, cut, disk) for cut, disk in disks]
        bare = replace(seen.trace, syncs=())
        control = [_faults(place / "again", seen, *_cut(seen, bare, each)) for each in range(cuts)]
    told = [len(_told(seen, cut)) for cut, _ in disks]
    figures = {
        "commit": begun_at,
        "cuts": cuts,
        "cuts with changes that no sync covered": sum(disk.at_risk > 0 for _, disk in disks),
        "changes lost or torn": sum(disk.lost for _, disk in disks),
        "acknowledged before the cuts": sum(told),
        "cuts with a fault": sum(bool(each) for each in faults),
        "first faults": [each[0] for each in faults if each][:5],
        "cuts with a fault if no sync had been seen": sum(bool(each) for each in control),
    }
    record("power_cuts", figures, full=full)


def _cut(seen: Seen, trace: Trace, number: int) -> tuple[int, Disk]:
    """Return the line of a cut, and the disk after it."""
    random = seeded("power cut", SEED, number)
    paths = [seen.store, f"{seen.store}-wal"]
    cut = _moment(seen, random)
    before = {seen.store: (seen.folder / DATABASE).read_bytes()}
    return cut, rebuild(before, trace, cut, random, paths)


def _moment(seen: Seen, random: Random) -> int:
    """Return a moment after the first acknowledgement, just after a write or a sync."""
    every = (each for told in seen.acknowledged.values() for each in told)
    first = min(seen.trace.answers[each.port][each.nth].begun for each in every)
    lines = {each.ended for each in seen.trace.changes} | {each.ended for each in seen.trace.syncs}
    return 1 + random.choice(sorted(each for each in lines if each > first))


def _told(seen: Seen, cut: int) -> list[tuple[str, Acknowledged]]:
    return [
        (way, each)
        for way, told in seen.acknowledged.items()
        for each in told
        if seen.trace.answers[each.port][each.nth].begun < cut
    ]


def _faults(folder: Path, seen: Seen, cut: int, disk: Disk) -> list[str]:
    """Return what does not hold of what is found when power is back, in words."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(seen.folder, folder)
    (folder / DATABASE).unlink()
    for path, content in disk.files.items():
        (folder / Path(path).name).write_bytes(content)
    try:
        return [f"cut in line {cut}: {each}" for each in _look(folder, _told(seen, cut))]
    except (LeadfitError, sqlite3.Error) as error:
        return [f"cut in line {cut}: the store cannot be used: {error}"]


def _look(folder: Path, told: Sequence[tuple[str, Acknowledged]]) -> Iterator[str]:
    with leadfit.open_leadfit(folder, settings=Settings(), sends=False) as opened:
        opened.decide_pending(100_000)
        found = opened.verify()
        if not found.intact:
            yield f"the log does not hold: {found.faults[0]}"
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            yield "the file is damaged"
        if connection.execute("PRAGMA foreign_key_check").fetchall():
            yield "a row points at one that is not there"
        decided = {
            row[0]
            for row in connection.execute("SELECT signal_id FROM signals WHERE status = 'decided'")
        }
        touched = {row[0] for row in connection.execute('SELECT "by" FROM feedback')}
    for way, each in told:
        kept = touched if way == "touch" else decided
        if each.mark.decode() not in kept:
            yield f"{way} {each.mark.decode()} was acknowledged and is not there"


if __name__ == "__main__":
    main()
