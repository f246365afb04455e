"""Leads decided in bulk on SQLite: at least 1,000 a second by one process.

Signals of as many contacts at a few firms are stored first; every one opens a lead. Then one
process decides what is pending, and nothing else: the clock runs over that alone, on the wall and
on the processor. Afterwards the statements of a decision are counted on a smaller workspace, apart,
since counting takes time of its own.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from firm_signals import firm_signals
from recording import asked_for_full, record

import leadfit
from leadfit.collector import collect_seldom

GATE = 1_000
BATCH = 50
WARM = 200
COUNTED = 200
KINDS = ("demo_request", "form_fill")


class Statements:
    """Counts the statements of the connections that are opened from now on."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self._opened: list[sqlite3.Connection] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, given: tuple[object, ...]) -> None:
        if event == "sqlite3.connect/handle" and isinstance(given[0], sqlite3.Connection):
            self._opened.append(given[0])

    def begin(self) -> None:
        """Count from here on, whatever connection still is open."""
        for connection in self._opened:
            with suppress(sqlite3.ProgrammingError):
                connection.set_trace_callback(self._count)

    def _count(self, statement: str) -> None:
        self.found[statement.split(maxsplit=1)[0].upper()] += 1


def fill(folder: Path, many: int) -> None:
    """Make a workspace with this many signals that wait for a decision."""
    leadfit.create_workspace(folder)
    sent = firm_signals(many, KINDS)
    with leadfit.open_leadfit(folder) as opened:
        for first in range(0, many, BATCH):
            opened.accept_many(sent[first : first + BATCH])


def decide(folder: Path, many: int) -> tuple[float, float]:
    """Decide everything, the first few before the clock runs; return wall and CPU seconds."""
    with leadfit.open_leadfit(folder) as opened:
        opened.decide_pending(WARM)
        begun, spent = time.perf_counter(), time.process_time()
        while opened.decide_pending():
            pass
        took = time.perf_counter() - begun, time.process_time() - spent
        counts = opened.status().counts
        decided = (counts.signals_pending, counts.leads, counts.decisions)
        if decided != (0, many, many) or not opened.verify().intact:
            raise SystemExit(f"not every signal opened a lead: {counts}")
    return took


def main() -> int:
    """Measure, count, and return 1 where the gate does not hold at the published size."""
    full = asked_for_full(__doc__)
    collect_seldom()  # as every command does
    many = 10_000 if full else 1_000
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as made:
        fill(Path(made) / "timed", many)
        wall_s, cpu_s = decide(Path(made) / "timed", many)
        fill(Path(made) / "counted", WARM + COUNTED)
        statements = Statements()
        with leadfit.open_leadfit(Path(made) / "counted") as opened:
            opened.decide_pending(WARM)
            statements.begin()
            opened.decide_pending(COUNTED)
        counted = statements.found
    timed = many - WARM
    a_second = round(timed / wall_s)
    figures = {
        "leads": timed,
        "decided_a_second": a_second,
        "cpu_ms_a_lead": round(cpu_s / timed * 1000, 3),
        "statements_a_lead": round(counted.total() / COUNTED, 1),
        "of_them_by_kind": {kind: round(n / COUNTED, 1) for kind, n in counted.most_common()},
        "load_before": load,
    }
    record("bulk", figures, full=full)
    return 1 if full and a_second < GATE else 0


if __name__ == "__main__":
    sys.exit(main())
