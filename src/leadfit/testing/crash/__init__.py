"""The crash matrix: a process killed at every point, and what must hold of what it leaves."""

from __future__ import annotations

from leadfit.testing.crash.matrix import Bench, KillPoint, named_cases, random_cases
from leadfit.testing.crash.rows import copy_rows, copy_store

__all__ = ["Bench", "KillPoint", "copy_rows", "copy_store", "named_cases", "random_cases"]
