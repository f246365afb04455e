"""Queues that a server works off in threads, from its start to its end."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from leadfit import jobs
from leadfit.jobs.workers.lanes import Queues
from leadfit.world import World

AFTER_ANSWER_S: Final = 0.005
"""Seconds after which the answer to a sender is out: sending would want the same core."""
_EVERY_S: Final = 0.1
"""Seconds from one round to the next while more and more is queued: each looks at every queue."""

V = TypeVar("V")
E = TypeVar("E")


class InThreads(Generic[V, E]):
    """Works queues off in threads while a server runs.

    Args:
        world: Time.
        queues: What is worked off.
        after_s: Seconds by which a round lets others go first.
    """

    def __init__(self, world: World, queues: Queues[V, E], after_s: float = 0.0) -> None:
        self._world = world
        self._queues = queues
        self._after_s = after_s
        self._lanes: jobs.Lanes[V, E] | None = None
        self._ticked_s = world.monotonic_s() - _EVERY_S

    def start(self) -> None:
        """Begin: rounds do something from now on."""
        self._lanes = jobs.Lanes(self._queues)

    def tick(self, _limit: int) -> int:
        """Wake the threads in whose queues something is due; nothing before the start."""
        now_s = self._world.monotonic_s()
        if self._after_s:
            self._world.wait(max(self._after_s, self._ticked_s + _EVERY_S - now_s))
        self._ticked_s = self._world.monotonic_s()
        if self._lanes is not None:
            self._lanes.tick()
        return 0

    def stop(self) -> None:
        """End when what is under way has been answered."""
        if self._lanes is not None:
            self._lanes.stop()
            self._lanes = None
