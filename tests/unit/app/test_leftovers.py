"""Files that a killed process left half written beside their place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from leadfit import create_workspace, open_leadfit


def gone() -> int:
    """Return the number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def left(path: Path, hours: float) -> Path:
    path.write_bytes(b"half")
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))
    return path


def test_leftovers_of_processes_that_are_gone_are_dropped_when_a_workspace_is_opened(
    tmp_path: Path,
) -> None:
    folder, ended = create_workspace(tmp_path / "workspace"), gone()
    stale = [
        left(folder / f"policy.mirrored.{ended}.new", 2),
        left(folder / "policy" / f"policy.toml.{ended}.new", 2),
    ]
    kept = [
        left(folder / "policy" / f"policy.toml.{os.getpid()}.new", 2),
        left(folder / "policy" / f"reps.csv.{ended}.new", 0.5),
        left(folder / "policy" / "mine.new", 2),
        left(folder / "policy" / "reps.2026.new.csv", 2),
    ]
    with open_leadfit(folder):
        pass
    assert [each.exists() for each in stale] == [False, False]
    assert all(each.exists() for each in kept)
