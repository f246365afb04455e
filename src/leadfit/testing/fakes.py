"""Stand-ins for the outside that behave the same at every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from leadfit.world import crockford, seeded


class FrozenWorld:
    """A world whose time moves only when told, with ids and tokens from a seed.

    Args:
        start: The first answer of :meth:`now`; aware.
        seed: Seed of ids and tokens.
        at_failpoint: Called with a failpoint's name and how often it was reached; may raise.

    >>> world = FrozenWorld(seed=1)
    >>> world.pass_time(60)
    >>> world.monotonic_s()
    60.0
    """

    def __init__(
        self,
        start: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC),
        *,
        seed: int = 0,
        at_failpoint: Callable[[str, int], None] | None = None,
    ) -> None:
        self._start = start
        self._passed_s = 0.0
        self._random = seeded("frozen world", seed)
        self._made = 0
        self._at_failpoint = at_failpoint
        self.reached: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return the frozen time."""
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic_s(self) -> float:
        """Return the seconds that have passed since the start."""
        return self._passed_s

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        """Move the clock forward."""
        self._passed_s += seconds

    def new_id(self, prefix: str) -> str:
        """Return the next id of the seed's sequence."""
        self._made += 1
        return f"{prefix}_{crockford(self._made, 10)}{crockford(self._random.getrandbits(80), 16)}"

    def token(self) -> str:
        """Return the next token of the seed's sequence."""
        return crockford(self._random.getrandbits(256), 52)

    def reach(self, failpoint: str) -> None:
        """Count the failpoint and hand it to ``at_failpoint``."""
        self.reached[failpoint] += 1
        if self._at_failpoint is not None:
            self._at_failpoint(failpoint, self.reached[failpoint])
