"""A simulator of whole days: the real decision code, virtual time, faults of everything outside."""

from __future__ import annotations

from leadfit.testing.sim.company import Manners
from leadfit.testing.sim.history import History
from leadfit.testing.sim.play import Play
from leadfit.testing.sim.receivers import Effect, Faults, Receiver
from leadfit.testing.sim.world import Crash, SimWorld

__all__ = ["Crash", "Effect", "Faults", "History", "Manners", "Play", "Receiver", "SimWorld"]
