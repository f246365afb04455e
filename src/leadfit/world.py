"""The one seam to time, ids, randomness and failpoints.

Everything that is not a function of its inputs comes from a :class:`World`, so that a test or a
replay can put another one in its place.
"""

from __future__ import annotations

import hashlib
import random  # noqa: TID251 -- this is the seam
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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

    >>> SystemWorld().new_id("lead").startswith("lead_")
    True
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present as an aware UTC time, never earlier than the answer before."""
        present = datetime.now(UTC)  # noqa: TID251 -- this is the seam
        self._last = max(self._last, present)
        return self._last

    def monotonic_s(self) -> float:
        """Return the system's monotonic clock in seconds."""
        return time.monotonic()  # noqa: TID251 -- this is the seam

    def wait(self, seconds: float) -> None:
        """Sleep for ``seconds``."""
        time.sleep(seconds)  # noqa: TID251 -- this is the seam

    def new_id(self, prefix: str) -> str:
        """Return ``prefix_`` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
        millis = int(self.now().timestamp() * 1000)
        return f"{prefix}_{crockford((millis << 80) | secrets.randbits(80), 26)}"

    def token(self) -> str:
        """Return 256 random bits as 52 characters."""
        return crockford(secrets.randbits(256), 52)

    def reach(self, failpoint: str) -> None:
        """Do nothing: only tests stop at failpoints."""


_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)


def crockford(number: int, length: int) -> str:
    """Return ``number`` in Crockford's base 32, lower case, padded to ``length`` characters.

    >>> crockford(32, 3)
    '010'
    """
    pairs = (length + 1) // 2
    text = "".join([_PAIRS[number >> 10 * place & 1023] for place in reversed(range(pairs))])
    return text[len(text) - length :]


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
