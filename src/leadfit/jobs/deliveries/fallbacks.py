"""Alerts and pages that did not get through are sent by another channel, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit.connectors.base import INSTEAD
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import Session, Store
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import ActionView
from leadfit.world import World

_TELLING: Final = frozenset({"alert", "page"})
# The size of a round: no number of the business, and nothing that is sent hangs on it.
_LOOKED_AT: Final = 200


class Fallbacks:
    """The other channels of destinations.

    Args:
        world: Time and failpoints.
        store: Holds the queues.
        policy: The policy in force.
        others: Destinations that take an alert when its own does not, best first.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        policy: Callable[[], Policy],
        others: Mapping[str, Sequence[str]],
    ) -> None:
        self._world = world
        self._store = store
        self._policy = policy
        self._others = others

    def fall_back(self) -> int:
        """Send alerts and pages that did not get through by another channel, too.

        Returns:
            How many were queued there.
        """
        if not self._others or not self._policy().acts:
            return 0
        late = self._store.read(self._late)
        if not late:
            return 0
        moved = self._store.write(partial(self._send_instead, late))
        self._world.reach("deliver.fell_back")
        return moved

    def _late(self, session: Session) -> tuple[ActionView, ...]:
        """Return alerts and pages that did not get through, where another channel works."""
        before = self._world.now() - timedelta(seconds=self._policy().deliver.fallback_s)
        helped = [each for each in self._others if self._first_open(session, each) is not None]
        return session.outbox.waiting(before, helped, _LOOKED_AT) if helped else ()

    def _send_instead(self, late: Sequence[ActionView], session: Session) -> int:
        now = self._world.now()
        return sum(self.tell_otherwise(session, view.action, now) for view in late)

    def tell_otherwise(
        self, session: Session, action: Action, now: datetime, *, is_over: bool = False
    ) -> bool:
        """Queue an alert or a page for another channel, too; return whether that was done.

        Args:
            session: The transaction.
            action: It was not taken in time.
            now: The time.
            is_over: It never will be: where no other channel works, it waits for the first one.
        """
        if action.kind not in _TELLING:
            return False
        tiers = self._policy().deliver.fallback_tiers
        wanted = action.kind == "page" or action.fields.get("tier") in tiers
        if not wanted or INSTEAD in action.fields:
            session.outbox.fell_back(action.key, now)
            return False
        other = self._first_open(session, action.destination)
        if other is None and is_over:
            other = next(iter(self._others.get(action.destination, ())), None)
        if other is None:
            return False
        session.outbox.queue(_instead(action, other, now), now)
        session.outbox.fell_back(action.key, now)
        return True

    def _first_open(self, session: Session, destination: str) -> str | None:
        for other in self._others.get(destination, ()):
            gate: Gate = session.destinations.gate(other)
            if gate.state is GateState.OPEN and gate.failing_since is None:
                return other
        return None


def _instead(action: Action, destination: str, now: datetime) -> Action:
    return replace(
        action,
        key=f"{action.key}/instead",
        kind="page" if destination == "pager" else "alert",
        destination=destination,
        due_at=now,
        fields={**action.fields, INSTEAD: action.destination},
    )
