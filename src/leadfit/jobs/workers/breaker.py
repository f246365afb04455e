"""When a destination is left alone, and when it is tried again."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from leadfit.policy.delivery import DeliverRules
from leadfit.store.outbox import Gate, GateState

# One action that fails for ever says nothing of its destination, whatever the policy.
_LEAST_ACTIONS = 2
# So many actions fail at once only where the destination does; their counts begin anew.
_MOST_FAILING = 10_000


class Breaker:
    """Counts the failures of one destination and says how it is sent to from now on.

    The gate it speaks of is kept in the store, where every process sees it; failures are counted
    by each process for itself. One action that fails for ever never closes a gate alone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: deque[tuple[datetime, str]] = deque()
        self._worked_at: datetime | None = None
        self._alone: dict[str, int] = {}

    def failed_alone(self, key: str) -> int:
        """Return how often an action failed while its destination took others."""
        return self._alone.get(key, 0)

    def forget(self, key: str) -> None:
        """Forget an action that has ended."""
        self._alone.pop(key, None)

    def worked_since(self, at: datetime) -> bool:
        """Return whether the destination took something after ``at``."""
        return self._worked_at is not None and self._worked_at > at

    def worked(self, gate: Gate, now: datetime) -> Gate:
        """Return the gate after an answer that makes sense."""
        with self._lock:
            self._failed.clear()
            self._worked_at = now
        if gate.state is GateState.PAUSED and gate.until is not None and gate.until > now:
            return gate
        return Gate(destination=gate.destination)

    def failed(
        self, gate: Gate, key: str, why: str, rules: DeliverRules, *, now: datetime, spread: float
    ) -> Gate:
        """Return the gate after a failure.

        Args:
            gate: As it is now.
            key: The action that failed.
            why: In words.
            rules: When a gate is closed, and for how long.
            now: When it failed.
            spread: 0 to 1: where the end of the pause lies in the second half of its length.
        """
        since = gate.failing_since or now
        took_others = self.worked_since(now - timedelta(seconds=rules.longest_backoff_s))
        with self._lock:
            if took_others:
                if len(self._alone) >= _MOST_FAILING:
                    self._alone.clear()
                self._alone[key] = self._alone.get(key, 0) + 1
            self._failed.append((now, key))
            while self._failed[0][0] < now - timedelta(seconds=rules.window_s):
                self._failed.popleft()
            broken = (
                len(self._failed) >= rules.failures
                and len({each for _, each in self._failed}) >= _LEAST_ACTIONS
            )
        if gate.state is GateState.PAUSED and gate.until is not None and gate.until > now:
            return replace(gate, failing_since=since)
        if broken or gate.state is not GateState.OPEN:
            until = now + timedelta(seconds=rules.open_s * (1 + spread) / 2)
            return replace(gate, state=GateState.BROKEN, until=until, why=why, failing_since=since)
        return replace(gate, why=why, failing_since=since)

    @staticmethod
    def paused(gate: Gate, why: str, wait_s: float, *, now: datetime) -> Gate:
        """Return the gate after a receiver asked to be left alone."""
        until = now + timedelta(seconds=wait_s)
        if gate.until is not None and gate.state is GateState.PAUSED:
            until = max(until, gate.until)
        return replace(
            gate, state=GateState.PAUSED, until=until, why=why,
            failing_since=gate.failing_since or now,
        )  # fmt: skip

    @staticmethod
    def trying(gate: Gate, until: datetime) -> Gate:
        """Return the gate while one action finds out whether the destination works again."""
        return replace(gate, state=GateState.TRYING, until=until)
