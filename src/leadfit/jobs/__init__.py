"""What runs on a timer: deliveries, clocks, imports; and the threads that run them."""

from __future__ import annotations

from leadfit.jobs.bulk import import_history
from leadfit.jobs.deliver import deliver
from leadfit.jobs.loops import Loops
from leadfit.jobs.sla import run_clocks

__all__ = ["Loops", "deliver", "import_history", "run_clocks"]
