"""Run the benchmarks: ``python benchmarks/run.py [--full] [--only NAME]``.

Each benchmark is a program of its own that prints its figures and keeps them in
``benchmarks/results/NAME.json`` with machine and date; ``--full`` gives the published sizes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOT_ONE = {
    "firm_signals",
    "run",
    "recording",
    "planted_worlds",
    "public_records",
    "small_trees",
    "splink_peer",
    "targeting",
    "traced_server",
}
PEERS = ("doubleml", "econml", "lightgbm", "sklearn")
"""What learn_peers compares Leadfit with."""


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_ONE)


def main() -> int:
    """Run what was asked for and return the number of benchmarks that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    parser.add_argument("--only", choices=names(), help="one benchmark")
    asked = parser.parse_args()
    failed = 0
    for name in [asked.only] if asked.only else names():
        print(f"== {name}", flush=True)
        missing = [peer for peer in PEERS if find_spec(peer) is None]
        if name == "learn_peers" and missing:
            print(f"skipped: no {', '.join(missing)}; `make bench ONLY=learn_peers` installs them")
            continue
        if name == "resolve_spark" and find_spec("pyspark") is None:
            print("skipped: no pyspark, which `make bench ONLY=resolve_spark` installs")
            continue
        command = [sys.executable, str(HERE / f"{name}.py"), *(["--full"] if asked.full else [])]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
