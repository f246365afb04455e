"""Token buckets: how much a key or a source may send, over time and at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

# Buckets that are remembered: a limit of memory.
_MOST: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class Buckets:
    """A bucket for each name; the least used are forgotten when there are too many.

    >>> buckets = Buckets()
    >>> buckets.wait_s("key", 3, per_second=1, burst=3, now_s=0.0)
    0.0
    >>> buckets.wait_s("key", 1, per_second=1, burst=3, now_s=0.5)
    0.5
    """

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(
        self, name: str, tokens: int, *, per_second: float, burst: int, now_s: float
    ) -> float:
        """Take tokens and return 0, or take none and return the seconds until they are there.

        More than a whole bucket is taken from a full one, which then owes the rest.

        Args:
            name: Whose bucket.
            tokens: How many.
            per_second: How many come in a second.
            burst: How many it holds.
            now_s: Seconds on a monotonic clock.
        """
        bucket = self._buckets.pop(name, None) or _Bucket(float(burst), now_s)
        self._buckets[name] = bucket
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        bucket.tokens = min(burst, bucket.tokens + (now_s - bucket.at_s) * per_second)
        bucket.at_s = now_s
        needed = min(tokens, burst)
        if bucket.tokens < needed:
            return (needed - bucket.tokens) / per_second
        bucket.tokens -= tokens
        return 0.0
