"""A plan over recorded decisions: 100,000 in <= 60 s on two cores, and no byte is changed by it.

A simulated company sends signals, which are decided and in part touched while time passes. Then a
policy with lower gates and fewer slots is planned, with two workers and with one: both must say the
same, every file of the workspace and every table of its store must have the hash it had before, and
the processor time for 100,000 decisions is told. With ``--full`` the decided workspace is kept in
the system's folder for temporary files, so that a run that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from recording import asked_for_full, record

import leadfit
from leadfit.jobs.files.plans import write_plan
from leadfit.testing import FrozenWorld, planted

ALLOWED_S = 60.0
DECISIONS = 100_000
BATCH = 500
BATCH_S = 5_400.0
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CHANGES = (("b_tier_one = 60", "b_tier_one = 45"), ("slots = 15", "slots = 8"))


def decide(folder: Path, decisions: int) -> None:
    """Fill a workspace up to so many decisions."""
    company = planted.simulate(planted.Dials(seed=5, leads=2_000))
    if not (folder / "policy").is_dir():
        leadfit.create_workspace(folder)
        for name, text in planted.policy_files(company).items():
            (folder / "policy" / name).write_text(text, "utf-8")
    signals = planted.new_signals(company, decisions, until=START)
    with leadfit.open_leadfit(folder) as opened:
        made = opened.status().counts.decisions
    world = FrozenWorld(START, seed=made)
    world.pass_time(made / BATCH * BATCH_S)
    with leadfit.open_leadfit(folder, world=world, sends=False) as opened:
        while made < decisions:
            opened.accept_many(signals[made : made + BATCH])
            while opened.decide_pending(BATCH):
                pass
            world.pass_time(BATCH_S)
            for view in opened.leads(limit=BATCH // 3):
                if view.lead.owner_id is not None and view.lead.is_open:
                    opened.touch(view.lead.lead_id, by=view.lead.owner_id)
            made += BATCH


def hashes(folder: Path) -> Mapping[str, str]:
    """Return the hash of every file, and of every table of the store."""
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".sqlite3-wal", ".sqlite3-shm"}
    }
    with closing(sqlite3.connect(f"file:{folder / 'leadfit.sqlite3'}?mode=ro", uri=True)) as store:
        tables = store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        for (name,) in tables.fetchall():
            total = hashlib.sha256()
            for row in store.execute(f'SELECT * FROM "{name}"'):
                total.update(repr(row).encode())
            found[f"table {name}"] = total.hexdigest()
    return found


def cpu_s() -> float:
    """Return the processor time of this process and of those it waited for."""
    used = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    decisions = DECISIONS if full else 2_000
    with tempfile.TemporaryDirectory() as made:
        kept = Path(tempfile.gettempdir()) / "leadfit-benchmark-plan"
        folder = kept if full else Path(made) / "workspace"
        decide(folder, decisions)
        policy = Path(made) / "policy"
        policy.mkdir()
        for path in (folder / "policy").iterdir():
            text = path.read_text("utf-8")
            for old, new in CHANGES:
                text = text.replace(old, new)
            (policy / path.name).write_text(text, "utf-8")
        before = hashes(folder)
        plans, used, took = [], [], []
        for workers in (2, 1):
            with leadfit.open_leadfit(folder, sends=False) as opened:
                cpu, begun = cpu_s(), time.perf_counter()
                plans.append(opened.plans.plan(policy, workers=workers))
                write_plan(plans[-1])
                took.append(time.perf_counter() - begun)
                used.append(cpu_s() - cpu)
        unchanged = hashes(folder) == before
        two, one = plans
        agree = (two.effects, two.leads) == (one.effects, one.leads)
        replayed = int(str(one.effects["decisions"]))
        record(
            "plan",
            {
                "decisions": replayed,
                "leads_opened": one.effects["leads_opened"],
                "two_workers_s": round(took[0], 2),
                "one_worker_s": round(took[1], 2),
                "two_workers_cpu_s_per_100000": round(used[0] / replayed * DECISIONS, 1),
                "one_worker_cpu_s_per_100000": round(used[1] / replayed * DECISIONS, 1),
                "files_and_tables": len(before),
                "unchanged": unchanged,
                "workers_agree": agree,
            },
            full=full,
        )
    fast = took[0] <= ALLOWED_S * replayed / DECISIONS
    return 0 if unchanged and agree and (fast or not full) else 1


if __name__ == "__main__":
    sys.exit(main())
