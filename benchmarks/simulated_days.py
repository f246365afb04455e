"""Simulated days: senders, reps, deaths of the process and outages of receivers, and a checker.

The decision code is the real one, the store a real SQLite file; time, the process and everything
outside are simulated (``leadfit.testing.sim``). Every run has a seed of its own, and a checker that
shares no code with Leadfit reads its file and what was seen from outside. Finished runs are kept,
so that a benchmark that was broken off, or that has done its ``--minutes``, goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TypedDict, cast

from recording import RESULTS, commit, record

from leadfit.app.files import DATABASE
from leadfit.testing.sim import Manners, Play
from leadfit.testing.sim.check import faults

FIRST_SEED = 20_000
# Days get dearer as open leads gather: many short runs see more for the same time.
SMALL, FULL = (4, 25), (400, 25)
MEMORY = Path("/dev/shm")  # noqa: S108 -- a new folder is made in it
KEPT = RESULTS / "simulated_days.runs.json"


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run came to."""

    seed: int
    days: int
    signals: int
    crashes: int
    places: int
    absences: int
    actions: int
    clocks_fired: int
    most_late_s: float
    faults: int
    first_faults: list[str]
    seconds: float


def play(seed: int, days: int) -> Run:
    """Play so many days."""
    begun = perf_counter()
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        workspace = Path(folder) / "workspace"
        history = Play(workspace, seed=seed, days=days, manners=Manners(signals=10)).run()
        found = faults(workspace / DATABASE, history)
    return Run(
        seed=seed,
        days=days,
        signals=len(history.acknowledged),
        crashes=len(history.crashes),
        places=len(set(history.crashes)),
        absences=len(history.absences),
        actions=len(history.effects),
        clocks_fired=len(history.late_s),
        most_late_s=round(max(history.late_s, default=0.0), 3),
        faults=len(found),
        first_faults=found[:5],
        seconds=round(perf_counter() - begun, 1),
    )


class Kept(TypedDict):
    """Runs that are done, and which commit they are runs of."""

    commit: str | None
    runs: list[dict[str, object]]


def main() -> None:
    """Play the days that are not kept yet, and record what all came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no run after so long")
    parser.add_argument("--processes", type=int, default=2, help="runs at the same time")
    asked = parser.parse_args()
    until_s = perf_counter() + 60 * asked.minutes
    full: bool = asked.full
    runs, days = FULL if full else SMALL
    kept: Kept = {"commit": commit(), "runs": []}
    if full and KEPT.exists():
        kept = cast("Kept", json.loads(KEPT.read_text("utf-8")))
    played = {each["seed"] for each in kept["runs"]}
    left = [seed for seed in range(FIRST_SEED, FIRST_SEED + runs) if seed not in played]
    with ProcessPoolExecutor(asked.processes) as pool:
        while left and perf_counter() < until_s:
            now, left = left[: asked.processes], left[asked.processes :]
            kept["runs"] += [asdict(run) for run in pool.map(play, now, [days] * len(now))]
            if full:
                RESULTS.mkdir(exist_ok=True)
                KEPT.write_text(json.dumps(kept), "utf-8")
    if left:
        print(f"{len(left)} of {runs} runs are left; run it again to go on")
        return
    done = [Run(**each) for each in kept["runs"]]  # type: ignore[arg-type]  # as asdict wrote them
    record(
        "simulated_days",
        {
            "commit": kept["commit"],
            "runs": len(done),
            "days": sum(each.days for each in done),
            "signals acknowledged": sum(each.signals for each in done),
            "deaths of the process": sum(each.crashes for each in done),
            "reps away": sum(each.absences for each in done),
            "actions done": sum(each.actions for each in done),
            "clocks fired": sum(each.clocks_fired for each in done),
            "worst lateness of a clock, s": max(each.most_late_s for each in done),
            "faults found": sum(each.faults for each in done),
            "first faults": [fault for each in done for fault in each.first_faults][:10],
            "seconds of one core": round(sum(each.seconds for each in done)),
        },
        full=full,
    )
    if full:
        KEPT.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
