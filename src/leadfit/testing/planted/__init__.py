"""A simulated B2B company whose truth is known: the sandbox, and the measure of ``learn``.

Same dials, same bytes, on every machine. What it recorded goes into an export folder; what is true
goes into another.
"""

from __future__ import annotations

from leadfit.testing.planted.company import Company, simulate
from leadfit.testing.planted.dials import Confounding, Dials, Hazards
from leadfit.testing.planted.facts import Role
from leadfit.testing.planted.folder import write
from leadfit.testing.planted.report import truth_of
from leadfit.testing.planted.sampling import policy_files, sample
from leadfit.testing.planted.signals import Arrival, SignalCase, arrivals, new_signals
from leadfit.testing.planted.truth import TrueAccount, TrueEffect

__all__ = [
    "Arrival",
    "Company",
    "Confounding",
    "Dials",
    "Hazards",
    "Role",
    "SignalCase",
    "TrueAccount",
    "TrueEffect",
    "arrivals",
    "new_signals",
    "policy_files",
    "sample",
    "simulate",
    "truth_of",
    "write",
]
