"""What a scrape, a start and a storm cost in a large store on SQLite.

A store of the fifth schema is filled with leads, decisions, clocks and actions of some
years. The counts of `/metrics` are read by counting whole tables, and stray clocks are looked for
among all clocks, as it was done by that schema; then the store is brought up to date, and both are
read as they are now. At last a storm of breaches is told of, while somebody else writes and waits.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from recording import asked_for_full, record

from leadfit.jobs.promises.telling import tell
from leadfit.policy import load_starter
from leadfit.records import Action
from leadfit.store import Session, SqliteStore, Store
from leadfit.store.migrate import migrate
from leadfit.world import SystemWorld

ROUNDS = 5
STRAY_BEFORE = """
SELECT clocks.key FROM clocks JOIN leads ON leads.lead_id = clocks.lead_id
WHERE stopped_us IS NULL AND (is_open = 0 OR (clocks.kind = 'assignment_to_touch'
    AND NOT EXISTS (SELECT 1 FROM assignments WHERE ended_us IS NULL
        AND assignments.assignment_id = clocks.assignment_id)))
ORDER BY clocks.key LIMIT 1000
"""
WHOLE = (
    "SELECT count(*) FROM accounts",
    "SELECT count(*) FROM contacts",
    "SELECT count(*) FROM leads",
    "SELECT count(*) FROM decisions",
    "SELECT count(*) FROM clocks WHERE stopped_us IS NULL",
    "SELECT tier, count(*) FROM leads WHERE tier IS NOT NULL GROUP BY tier",
    "SELECT state, count(*) FROM outbox GROUP BY state",
)
# Of each lead two clocks and four actions; the newest ones are open and their clocks run.
FILL = """
INSERT INTO accounts (account_id, name, is_customer, facts)
SELECT 'a' || n, 'Firm ' || n, 0, '{"employees":500,"industry":"software","city":"Boston"}'
FROM numbers;
INSERT INTO contacts (contact_id, account_id) SELECT 'c' || n, 'a' || n FROM numbers;
INSERT INTO leads (lead_id, created_us, signal_us, account_id, contact_id, facts, owner_id, tier,
    is_open, is_imported)
SELECT printf('lead_%010d', n), n, n, 'a' || n, 'c' || n, '{"employees":500}',
    'rep_' || (n % 50), 1 + n % 3, n > :closed, 0 FROM numbers;
INSERT INTO decisions (decision_id, signal_id, lead_id, decided_us, policy_digest, body, inputs,
    seq)
SELECT printf('decision_%010d', n), 's' || n, printf('lead_%010d', n), n, 'd', zeroblob(300),
    zeroblob(300), n FROM numbers;
INSERT INTO assignments (assignment_id, lead_id, owner_id, assigned_us, body)
SELECT printf('assignment_%010d', n), printf('lead_%010d', n), 'rep_1', n, '{}' FROM numbers;
INSERT INTO clocks (key, kind, lead_id, assignment_id, started_us, due_us, step, stopped_us,
    deadline_us)
SELECT printf('lead_%010d/%d', n, k), iif(k, 'assignment_to_touch', 'signal_to_touch'),
    printf('lead_%010d', n), printf('assignment_%010d', n), n, 9000000000000000 + n, 0,
    iif(n > :closed, NULL, n), 9000000000000000 + n
FROM numbers, (SELECT 0 AS k UNION ALL SELECT 1);
INSERT INTO outbox (key, kind, destination, lead_id, due_us, recipients, fields, state, attempts,
    next_us, done_us)
SELECT printf('lead_%010d/1/%d', n, k), 'task', 'crm', printf('lead_%010d', n), n, '["rep_1"]',
    '{"tier":1,"playbook":"call"}',
    iif(k < 3, 'done', iif(n > :closed, 'pending', 'cancelled')), 1, 9000000000000000, n
FROM numbers, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many leads there ever were, how many of them are open, and breaches of the storm."""

    leads: int
    open: int
    storm: int


SMALL = Size(leads=20_000, open=2_000, storm=1_000)
FULL = Size(leads=1_000_000, open=50_000, storm=10_000)


def fill(path: Path, size: Size) -> None:
    """Write a store as the fifth schema had it."""
    migrate(path, to="0005")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO numbers VALUES (?)", ((n,) for n in range(size.leads)))
    for statement in FILL.split(";"):
        given = {"closed": size.leads - size.open - 1} if ":closed" in statement else {}
        connection.execute(statement, given)
    connection.commit()
    connection.close()


def ms(work: Callable[[], object]) -> float:
    """Return the median CPU time of some rounds of ``work``, in milliseconds."""
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append((time.process_time() - begun) * 1000)
    return round(median(spent), 2)


def by_whole_tables(path: Path) -> dict[str, object]:
    """Count and look for stray clocks as it was done by the schema before."""
    plain = sqlite3.connect(path)
    plain.execute("PRAGMA cache_size = -65536")
    figures: dict[str, object] = {
        "counts_ms": ms(lambda: [plain.execute(query).fetchall() for query in WHOLE]),
        "stray_clocks_at_start_ms": ms(lambda: plain.execute(STRAY_BEFORE).fetchall()),
    }
    plain.close()
    return figures


def as_it_is(store: Store, world: SystemWorld) -> dict[str, object]:
    """Read counts and stray clocks as they are read now."""
    return {
        "counts_ms": ms(lambda: store.read(lambda session: session.counts(world.now()))),
        "stray_clocks_at_start_ms": ms(
            lambda: store.read(lambda session: session.owners.stray_clocks(1_000))
        ),
    }


def storm(store: Store, world: SystemWorld, size: Size) -> dict[str, object]:
    """Tell one person of a storm; return how long anybody else who wrote meanwhile waited."""
    now = world.now()

    def notify(session: Session) -> None:
        for number in range(size.storm):
            session.breaches.notify(
                Action(
                    key=f"lead_{number}/1/breach-page/page", kind="page", destination="pager",
                    lead_id=f"lead_{number}", assignment_id="a", recipients=("rep_max",),
                    fields={"tier": 1}, due_at=now - timedelta(seconds=number),
                )
            )  # fmt: skip

    store.write(notify)
    waits: list[float] = []
    is_over = threading.Event()

    def others() -> None:
        while not is_over.is_set():
            begun = time.perf_counter()
            store.write(lambda _session: None)
            waits.append(time.perf_counter() - begun)
            world.wait(0.001)

    thread = threading.Thread(target=others)
    thread.start()
    begun = time.perf_counter()
    told = tell(world, store, load_starter())
    took = time.perf_counter() - begun
    is_over.set()
    thread.join()
    return {
        "pages": told,
        "told_after_s": round(took, 2),
        "others_waited_ms": {"most": round(max(waits) * 1000), "writes": len(waits)},
    }


def main() -> None:
    """Fill, bring up to date, measure and record."""
    full = asked_for_full(__doc__)
    size = FULL if full else SMALL
    with tempfile.TemporaryDirectory(prefix="large") as place:
        path, world = Path(place) / "s.sqlite3", SystemWorld()
        fill(path, size)
        before = by_whole_tables(path)
        begun = time.process_time()
        migrate(path)
        migrated = round(time.process_time() - begun, 2)
        store = SqliteStore(path, secret=b"s" * 32, world=world)
        figures = {
            "leads": size.leads,
            "running_clocks": 2 * size.open,
            "actions": 4 * size.leads,
            "megabytes": round(path.stat().st_size / 1e6),
            "brought_up_to_date_cpu_s": migrated,
            "by_whole_tables": before,
            "as_it_is": as_it_is(store, world),
            "breaches_of_the_storm": size.storm,
            "storm": storm(store, world, size),
        }
        store.close()
    record("large_store", figures, full=full)


if __name__ == "__main__":
    main()
