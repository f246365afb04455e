"""What tests and a sandbox need: another world, a simulated company, fakes."""

from __future__ import annotations

from leadfit.testing import planted
from leadfit.testing.fakes import FrozenWorld

__all__ = ["FrozenWorld", "planted"]
