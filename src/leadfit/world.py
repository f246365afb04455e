"""The one seam to time, ids, randomness and failpoints.

Everything that is not a function of its inputs comes from a :class:`World`, so that a test or a
replay can put another one in its place.
"""

from __future__ import annotations

import hashlib
import random  # noqa: TID251 -- this is the seam
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol


class World(Protocol):
    """What a room may ask of the outside."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time, never earlier than the answer before."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never steps back; only differences mean something."""

    def wait(self, seconds: float) -> None:
        """Wait for ``seconds``."""

    def new_id(self, prefix: str) -> str:
        """Return a new id such as ``lead_01J...``; ids of one world sort by the time of making."""

    def token(self) -> str:
        """Return an unguessable token of 256 bits."""

    def reach(self, failpoint: str) -> None:
        """Name a point of the program where a test may stop it; does nothing otherwise."""


class SystemWorld:
    """The real clock and the system's randomness.

    Args:
        wall: The clock of the machine.
        monotonic: Seconds on a clock that nobody sets.

    >>> SystemWorld().new_id("lead").startswith("lead_")
    True
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 -- this is the seam
        monotonic: Callable[[], float] = time.monotonic,  # noqa: TID251 -- this is the seam
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._last_s = 0.0

    def now(self) -> datetime:
        """Return the present as an aware UTC time, never earlier than the answer before.

        When the clock of the machine is set back, time goes on by the monotonic clock, so that
        deadlines neither wait for the lost time nor come before it is theirs; it follows the clock
        of the machine again when that has caught up. A clock that is set forward is followed.
        """
        with self._lock:
            present, at_s = self._wall(), self._monotonic()
            if present < self._last:
                present = self._last + timedelta(seconds=max(0.0, at_s - self._last_s))
            self._last, self._last_s = present, at_s
            return present

    def monotonic_s(self) -> float:
        """Return the system's monotonic clock in seconds."""
        return self._monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep for ``seconds``."""
        time.sleep(seconds)  # noqa: TID251 -- this is the seam

    def new_id(self, prefix: str) -> str:
        """Return ``prefix_`` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
        millis = int(self.now().timestamp() * 1000)
        # Five bits of each random byte are one character.
        drawn = secrets.token_bytes(16).translate(_OF_BYTES).decode("ascii")
        return f"{prefix}_{_of_seconds(millis >> 10)}{_PAIRS[millis & 1023]}{drawn}"

    def token(self) -> str:
        """Return 256 random bits as 52 characters."""
        return crockford(secrets.randbits(256), 52)

    def reach(self, failpoint: str) -> None:
        """Do nothing: only tests stop at failpoints."""


_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_OF_BYTES = "".join(_CROCKFORD[byte & 31] for byte in range(256)).encode("ascii")


def crockford(number: int, length: int) -> str:
    """Return ``number`` in Crockford's base 32, lower case, padded to ``length`` characters.

    >>> crockford(32, 3)
    '010'
    """
    pairs = (length + 1) // 2
    text = "".join([_PAIRS[number >> 10 * place & 1023] for place in reversed(range(pairs))])
    return text[len(text) - length :]


@lru_cache(maxsize=8)
def _of_seconds(spans: int) -> str:
    """Return the beginning of an id, from spans of 1,024 ms; many are made in one."""
    return crockford(spans, 8)


def seeded(*parts: object) -> random.Random:
    """Return a generator seeded by ``parts``, the same in every process and Python version.

    >>> seeded("audit", 7).random() == seeded("audit", 7).random()
    True
    """
    text = "\x1f".join(str(part) for part in parts)
    return random.Random(hashlib.sha256(text.encode()).digest())  # noqa: S311 -- not for secrets


@contextmanager
def timed(world: World) -> Iterator[list[float]]:
    """Measure a block; the list holds its seconds once the block has ended.

    >>> with timed(SystemWorld()) as seconds:
    ...     pass
    >>> seconds[0] >= 0
    True
    """
    started = world.monotonic_s()
    seconds: list[float] = []
    try:
        yield seconds
    finally:
        seconds.append(world.monotonic_s() - started)
