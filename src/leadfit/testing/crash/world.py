"""The real world, with a clock that can be put forward, and a failpoint that kills the process."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import datetime, timedelta

from leadfit.world import SystemWorld


class KillingWorld(SystemWorld):
    """The system's world until a failpoint is reached for the given time: kill -9, from within.

    Args:
        forward_s: Seconds by which its clock is ahead.
        failpoint: Where the process dies; ``None`` for the place that ``time`` counts over all.
        time: Which time it is reached; 0 for never.
    """

    def __init__(
        self, *, forward_s: float = 0.0, failpoint: str | None = None, time: int = 0
    ) -> None:
        super().__init__()
        self._failpoint = failpoint
        self._time = time
        self.forward_s = forward_s
        self.reached: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return the present, put forward."""
        return super().now() + timedelta(seconds=self.forward_s)

    def monotonic_s(self) -> float:
        """Return seconds on a clock that is put forward, too."""
        return super().monotonic_s() + self.forward_s

    def pass_time(self, seconds: float) -> None:
        """Put the clock forward."""
        self.forward_s += seconds

    def reach(self, failpoint: str) -> None:
        """Count the failpoint, and die there if it is the one."""
        self.reached[failpoint] += 1
        times = self.reached.total() if self._failpoint is None else self.reached[self._failpoint]
        here = self._failpoint in {None, failpoint}
        if self._time and here and times == self._time:
            os.kill(os.getpid(), signal.SIGKILL)
