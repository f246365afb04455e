"""Decisions made again and log rows checked, a second: >= 10,000 and >= 200,000 on two cores.

A workspace decides signals in bulk; `leadfit replay` with two workers makes every decision again
and must find each the same, byte for byte, with one worker as with two; `leadfit verify` then walks
the log. With ``--full`` the decided workspace is kept in the system's folder for temporary files,
so that a run that was stopped goes on.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from recording import asked_for_full, record

import leadfit
from leadfit.world import SystemWorld, seeded

REPLAYED_A_SECOND = 10_000
VERIFIED_A_SECOND = 200_000
FIRMS = 2_000
BATCH = 200
KINDS = ("demo_request", "form_fill", "pricing_view", "email_reply", "page_view")
INDUSTRIES = ("software", "manufacturing", "retail", "logistics", "health")


def body(number: int) -> dict[str, object]:
    """Return one signal of somebody at one of the firms; every fifth person comes back."""
    random = seeded("replay", number)
    person = number if number % 5 else max(0, number - random.randrange(1, 500))
    return {
        "source": "benchmark",
        "event_id": f"event-{number}",
        "kind": random.choice(KINDS),
        "at": f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}",
        "identifiers": {
            "email": f"person{person}@firm{person % FIRMS}.com",
            "title": random.choice(("VP Operations", "Analyst", "CFO")),
        },
        "facts": {"employees": random.randrange(10, 5000), "industry": random.choice(INDUSTRIES)},
    }


def decide(folder: Path, decisions: int) -> float:
    """Fill a workspace up to so many decisions; return how many were made a second."""
    if not (folder / "policy").is_dir():
        leadfit.create_workspace(folder)
    with leadfit.open_leadfit(folder) as opened:
        made = opened.status().counts.decisions
        begun, first = time.perf_counter(), made
        while made < decisions:
            opened.accept_many([body(number) for number in range(made, made + BATCH)])
            while opened.decide_pending():
                pass
            made += BATCH
        return (made - first) / max(1e-9, time.perf_counter() - begun)


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    decisions = 1_000_000 if full else 4_000
    with tempfile.TemporaryDirectory() as made:
        kept = Path(tempfile.gettempdir()) / "leadfit-benchmark-replay"
        folder = kept if full else Path(made) / "workspace"
        decided = decide(folder, decisions)
        with leadfit.open_leadfit(folder) as opened:
            begun = time.perf_counter()
            two = opened.replay(workers=2)
            two_s = time.perf_counter() - begun
            one_s, one = 0.0, two
            if not full:
                begun = time.perf_counter()
                one = opened.replay(workers=1)
                one_s = time.perf_counter() - begun
            begun = time.perf_counter()
            verified = opened.verify()
            verify_s = time.perf_counter() - begun
        store = folder / "leadfit.sqlite3"
        record(
            "replay",
            {
                "decisions": two.decisions,
                "same": two.same,
                "different": two.different,
                "replayed_a_second_two_workers": round(two.decisions / two_s),
                "replayed_a_second_one_worker": round(one.decisions / one_s) if one_s else None,
                "workers_agree": one.digest == two.digest,
                "decided_a_second": round(decided),
                "log_rows": verified.rows,
                "verified_rows_a_second": round(verified.rows / verify_s),
                "store_bytes_a_decision": round(store.stat().st_size / two.decisions),
            },
            full=full,
        )
    right = two.holds and two.same == two.decisions and one.digest == two.digest
    fast = two.decisions / two_s >= REPLAYED_A_SECOND
    quick = verified.rows / verify_s >= VERIFIED_A_SECOND
    return 0 if right and verified.intact and ((fast and quick) or not full) else 1


if __name__ == "__main__":
    sys.exit(main())
