"""Where a benchmark keeps its figures, with machine and date."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadfit.world import SystemWorld

RESULTS = Path(__file__).resolve().parent / "results"


def asked_for_full(description: str | None) -> bool:
    """Read the command line of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    return bool(parser.parse_args().full)


def commit() -> str | None:
    """Return which commit is measured, where git can say it."""
    here = RESULTS.parent
    head = ["git", "rev-parse", "--short", "HEAD"]
    # Results are written beside: only what is run can make a commit another one.
    changed = ["git", "diff", "--quiet", "HEAD", "--", "../src", "*.py"]
    try:
        said = subprocess.run(head, cwd=here, capture_output=True, text=True, check=False)
        is_changed = subprocess.run(changed, cwd=here, capture_output=True, check=False).returncode
    except OSError:
        return None
    name = said.stdout.strip()
    return f"{name}-dirty" if name and is_changed else name or None


def machine() -> dict[str, object]:
    """Describe this machine without naming it."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the sorted values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def record(name: str, figures: Mapping[str, object], *, full: bool) -> None:
    """Print the figures and keep them in ``benchmarks/results``."""
    document = {
        "benchmark": name,
        "date": f"{SystemWorld().now():%Y-%m-%d}",
        "size": "full" if full else "small",
        "machine": machine(),
        "figures": dict(figures),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(document, indent=1) + "\n"
    (RESULTS / f"{name}{'' if full else '.small'}.json").write_text(text, "utf-8")
    print(text, end="")
