"""Decisions made again and log rows checked, a second: >= 10,000 and >= 200,000 on two cores.

A workspace decides signals in bulk; `leadfit replay` with two workers makes every decision again
and must find each the same, byte for byte; `leadfit verify` then walks the log, with two workers as
well. A smaller workspace is then decided again by one worker and by four, under other hash seeds
and threads, and without a network: all must say the same. With ``--full`` the decided workspace is
kept in the system's folder for temporary files, so that a run that was stopped goes on;
``--decisions N`` is content with fewer than the published million, and the figures name how many.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from recording import record

import leadfit
from leadfit.world import SystemWorld, seeded

T = TypeVar("T")

LEADFIT = "from leadfit.cli import main; main()"
NO_NETWORK = f"""
import sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit(f"{{event}} {{args}}")
sys.addaudithook(refuse)
{LEADFIT}
"""
PUBLISHED = 1_000_000
ON_THE_AXES = 4_000
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


def said(folder: Path, *options: str, program: str = LEADFIT, **environment: str) -> object:
    """Return the digest over all decisions, as a process of its own finds it."""
    ended = subprocess.run(
        [sys.executable, "-c", program, "--workspace", str(folder), "replay", "--json", *options],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,  # noqa: TID251 -- handed on
    )
    return json.loads(ended.stdout)["digest"] if ended.returncode == 0 else ended.stderr


def axes(folder: Path) -> dict[str, bool]:
    """Return what was changed about a replay, and whether the same came out."""
    decide(folder, ON_THE_AXES)
    plain = said(folder)
    return {
        "four_workers": said(folder, "--workers", "4") == plain,
        "another_hash_seed": said(folder, PYTHONHASHSEED="7") == plain,
        "one_thread": said(folder, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1") == plain,
        "two_threads": said(folder, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2") == plain,
        "no_network": said(folder, program=NO_NETWORK) == plain,
    }


def cpu_s() -> float:
    """Return the CPU time of this process and of its workers that ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """Return an answer with the seconds and the CPU seconds it took."""
    begun, spent = time.perf_counter(), cpu_s()
    answer = work()
    return answer, time.perf_counter() - begun, cpu_s() - spent


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published size")
    parser.add_argument("--decisions", type=int, default=PUBLISHED, help="of a full run")
    asked = parser.parse_args()
    full = bool(asked.full)
    decisions = asked.decisions if full else ON_THE_AXES
    with tempfile.TemporaryDirectory() as made:
        kept = Path(tempfile.gettempdir()) / "leadfit-benchmark-replay"
        folder = kept if full else Path(made) / "workspace"
        decided = decide(folder, decisions)
        with leadfit.open_leadfit(folder) as opened:
            two, two_s, two_cpu_s = timed(lambda: opened.replay(workers=2))
            one, one_s = two, 0.0
            if not full:
                one, one_s, _ = timed(opened.replay)
            verified, verify_s, verify_cpu_s = timed(lambda: opened.verify(workers=2))
            anchored = opened.verify(anchors=[verified.anchor or ""]).intact
        store = folder / "leadfit.sqlite3"
        same = axes(Path(made) / "axes")
        record(
            "replay",
            {
                "decisions": two.decisions,
                "same": two.same,
                "different": two.different,
                "replayed_a_second_two_workers": round(two.decisions / two_s),
                "replayed_a_second_one_worker": round(one.decisions / one_s) if one_s else None,
                "replay_cpu_us_a_decision": round(1e6 * two_cpu_s / two.decisions),
                "workers_agree": one.digest == two.digest,
                "same_bytes": {"decisions": ON_THE_AXES, **same},
                "decided_a_second": round(decided),
                "log_rows": verified.rows,
                "verified_rows_a_second": round(verified.rows / verify_s),
                "verify_cpu_us_a_row": round(1e6 * verify_cpu_s / verified.rows, 1),
                "anchor_holds": anchored,
                "store_bytes_a_decision": round(store.stat().st_size / two.decisions),
            },
            full=full,
        )
    right = two.holds and two.same == two.decisions and one.digest == two.digest
    right = right and verified.intact and anchored and all(same.values())
    fast = two.decisions / two_s >= REPLAYED_A_SECOND
    quick = verified.rows / verify_s >= VERIFIED_A_SECOND
    return 0 if right and ((fast and quick) or not full) else 1


if __name__ == "__main__":
    sys.exit(main())
