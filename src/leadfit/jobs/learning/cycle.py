"""Learns anew while a workspace is served, once a cycle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from leadfit.errors import Permanent
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.store import Store
from leadfit.world import World

_log = logger("jobs.cycle")


class Cycle:
    """Begins a run of learning when the latest one is a cycle old.

    Args:
        world: Time.
        store: Knows when the latest run was.
        policy: Its ``learn.every_hours`` is the length of a cycle; 0 is no cycle.
        learn: A run of learning.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        policy: Callable[[], Policy],
        learn: Callable[[], object],
    ) -> None:
        self._world = world
        self._store = store
        self._policy = policy
        self._learn = learn
        self._tried_at: datetime | None = None

    def round(self, limit: int) -> int:  # noqa: ARG002 -- a round of a loop is asked so
        """Learn if it is time; return 0, since no further round need follow at once.

        A run that cannot be made, as where nothing is recorded yet, is tried a cycle later.
        """
        hours = self._policy().learn.every_hours
        if not hours or self._world.now() < self._due(timedelta(hours=hours)):
            return 0
        self._tried_at = self._world.now()
        try:
            self._learn()
        except Permanent as error:
            _log.error("cycle.failed", error=error.code)
        return 0

    def _due(self, length: timedelta) -> datetime:
        if self._tried_at is None:
            runs = self._store.read(lambda session: session.past.learnings(1))
            if not runs:
                return self._world.now()
            self._tried_at = runs[0].at
        return self._tried_at + length
