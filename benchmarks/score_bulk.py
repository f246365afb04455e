"""A million accounts scored as a list, against live scoring of the same rows one by one.

Run ``python benchmarks/score_bulk.py [--full]``. An artifact is learned from a planted company; the
list holds accounts whose facts are drawn from those of companies in no CRM, each fact by itself,
so that hardly two rows are alike. `leadfit score` writes it with reasons, by two processes beside
the one that reads and writes; the live kernel scores some of the same rows. Kept: seconds of the
command as a user waits for it, its CPU, the ratio to the CPU of live scoring, and how many rows of
the list differ in any byte from those of the live kernel.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import planted_worlds as worlds
from learn_gates import prospects
from recording import asked_for_full, record

from leadfit import learn
from leadfit.artifact import Artifact, evaluate, to_json
from leadfit.jobs.lists.scoring import RowScorer, reasons_json
from leadfit.testing import planted
from leadfit.world import SystemWorld, seeded, timed

SEED = 5330
LIVE = 20_000
COMPARED = 100_000


def fill(path: Path, rows: int) -> Artifact:
    """Write the list and return the artifact it is scored by."""
    world = worlds.plant(planted.Dials(seed=SEED, leads=4_000, facts=12))
    artifact = learn.fit(world.history)
    names = [fact.name for fact in world.company.facts]
    people = prospects(world.company)
    columns = [[str(each.values[n]) for each in people] for n in range(len(names))]
    columns.append([str(each.country) for each in people])
    dice = seeded(SEED, rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        write(["account_id", *names, "country"])
        for number in range(rows):
            write([f"account_{number}", *(dice.choice(column) for column in columns)])
    return artifact


def cpu_s() -> float:
    """Return the CPU seconds of this process and of those it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def live_s(path: Path, artifact: Artifact) -> float:
    """Return the CPU seconds of a row by live scoring, reasons and all."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(islice(csv.DictReader(file), LIVE))
    before = cpu_s()
    for row in rows:
        reasons_json(evaluate(artifact, dict(row)), artifact.flag_at)
    return (cpu_s() - before) / len(rows)


def differing(path: Path, out: Path, artifact: Artifact) -> tuple[int, int]:
    """Return how many rows were compared with the live kernel, and how many differ."""
    with (
        path.open(encoding="utf-8", newline="") as given,
        out.open(encoding="utf-8", newline="") as written,
    ):
        source, scored = csv.reader(given), csv.reader(written)
        names = next(source)[1:]
        next(scored)
        scorer = RowScorer(artifact, names, many_at_once=False)
        rows = list(islice(source, COMPARED))
        expected = scorer.score(rows).rows
        pairs = zip(expected, scored, strict=False)
        return len(rows), sum(list(one) != other for one, other in pairs)


def main() -> None:
    """Measure, print and keep the figures."""
    full = asked_for_full(__doc__)
    rows = 1_000_000 if full else 200_000
    world = SystemWorld()
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "accounts.csv", Path(folder) / "scored.csv"
        artifact = fill(path, rows)
        model = Path(folder) / "artifact.json"
        model.write_text(to_json(artifact), "utf-8")
        command = [sys.executable, "-m", "leadfit", "score", str(path), "--json"]
        command += ["--artifact", str(model), "--out", str(out)]
        before = cpu_s()
        with timed(world) as seconds:
            done = subprocess.run(command, capture_output=True, check=True)
        spent = cpu_s() - before
        a_row_s = live_s(path, artifact)
        compared, wrong = differing(path, out, artifact)
    figures = {
        "accounts": json.loads(done.stdout)["rows"],
        "facts": len(artifact.facts),
        "seconds": round(seconds[0], 2),
        "cpu_seconds": round(spent, 2),
        "live_microseconds_a_row": round(1e6 * a_row_s, 1),
        "live_cpu_seconds_for_all": round(a_row_s * rows, 1),
        "times_faster_by_cpu": round(a_row_s * rows / spent, 2),
        "rows_compared": compared,
        "rows_that_differ": wrong,
    }
    record("score_bulk", figures, full=full)


if __name__ == "__main__":
    main()
