"""The numbers of the business: four files, one digest, every fault named at once."""

from __future__ import annotations

from leadfit.policy.diff import Category, Difference, diff
from leadfit.policy.load import from_files, load, load_starter, starter_files
from leadfit.policy.policy import Holiday, Policy, Territory
from leadfit.policy.schema import Play, PolicyFile
from leadfit.policy.tiers import TierRules

__all__ = [
    "Category",
    "Difference",
    "Holiday",
    "Play",
    "Policy",
    "PolicyFile",
    "Territory",
    "TierRules",
    "diff",
    "from_files",
    "load",
    "load_starter",
    "starter_files",
]
