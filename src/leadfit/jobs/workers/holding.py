"""What a process holds of a queue: its name there, who else is gone, what it could not yet write.

Deliveries and purchases are begun by one process, written down as its own, and ended by it. When
it ends before that, another takes over what it held.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from leadfit.store import Store
from leadfit.world import World

O = TypeVar("O")  # noqa: E741 -- the outcome


class Holding(Generic[O]):
    """The part of a process in one kind of queue; safe to use from any thread.

    Args:
        world: Ids.
        store: Says who is still there.
        verb: What holders do, which names their duty in the store.
        kind: What a holder is called; begins its name.
    """

    def __init__(self, world: World, store: Store, verb: str, kind: str) -> None:
        self._world = world
        self._store = store
        self._verb = verb
        self._kind = kind
        self._lock = threading.Lock()
        self._name: str | None = None
        self._unsettled: list[O] = []

    def name(self) -> str:
        """Return the name under which this process holds what it begins; it ends with it."""
        with self._lock:
            if self._name is None:
                self._name = self._world.new_id(self._kind)
            self._store.may_do(self._duty(self._name))
            return self._name

    def held_as(self) -> str:
        """Return the name under which this process held what it began, without asking anybody."""
        with self._lock:
            return self._name or ""

    def gone(self, holders: Iterable[str]) -> tuple[str, ...]:
        """Return the holders that have ended: what they had begun is taken over at once."""
        return tuple(
            each for each in holders if each != self._name and self._store.may_do(self._duty(each))
        )

    def keep(self, outcomes: Sequence[O]) -> None:
        """Keep how tries ended, which the store could not take."""
        with self._lock:
            self._unsettled.extend(outcomes)

    def unsettled(self) -> list[O]:
        """Hand out what was kept, once."""
        with self._lock:
            kept, self._unsettled = self._unsettled, []
            return kept

    def _duty(self, holder: str) -> str:
        return f"{self._verb} as {holder}"
