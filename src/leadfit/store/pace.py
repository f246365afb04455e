"""Gives out the times at which a vendor may be called, so that no limit is ever exceeded.

Several limits hold at once, each so many calls within so many seconds. Calls are spaced evenly by
the limits of a minute or less, so that they come in a stream and not in spikes; the others are
counted in parts of their time, each part until its last call is out of sight, so that the count is
never too low. What holds in every window that
slides also holds in every fixed one, wherever that begins, so that nothing need be known of when a
vendor starts to count.

A part is 1/500 of its window: of the calls a limit permits at least 500 in 501 are given out.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Final

PARTS: Final = 500
"""Parts into which a window is divided for counting."""

_SECOND: Final = 1_000_000
_SMOOTH: Final = 60 * _SECOND

Limits = Mapping[int, int]
"""Most calls within so many microseconds, by these."""


class Pace:
    """The calls of one vendor to which the same limits apply.

    Args:
        body: What :meth:`body` returned before; empty for a pace that nothing is known of.

    >>> pace = Pace()
    >>> limits = {1_000_000: 2}
    >>> [pace.take(limits, now_us=0) for _ in range(4)]
    [0, 500001, 1002000, 1502001]
    """

    def __init__(self, body: str = "") -> None:
        told = json.loads(body) if body else {}
        self._last_us: int | None = told.get("last")
        self._until_us: int = told.get("until", 0)
        self._told: dict[int, int] = {int(k): v for k, v in told.get("limits", {}).items()}
        self._parts: dict[int, deque[list[int]]] = {
            int(span): deque(parts) for span, parts in told.get("parts", {}).items()
        }
        self._sums = {span: sum(part[1] for part in parts) for span, parts in self._parts.items()}

    def body(self) -> str:
        """Return everything as text."""
        return json.dumps(
            {
                "last": self._last_us,
                "until": self._until_us,
                "limits": self._told,
                "parts": {span: list(parts) for span, parts in self._parts.items()},
            },
            separators=(",", ":"),
        )

    def follow(self, now_us: int, *, ahead_us: int) -> None:
        """Note that the clock was set back, where a turn lies further ahead than any is given.

        What was counted counts as if it were made now, so that no limit is exceeded and nobody
        waits for the lost time: for a window of the limit at the most.

        Args:
            now_us: The time.
            ahead_us: How far ahead a turn may lie.
        """
        if self._last_us is None or self._last_us <= now_us + ahead_us:
            return
        self._until_us = max(0, self._until_us - (self._last_us - now_us))
        self._last_us = now_us
        for span, parts in self._parts.items():
            latest_us = _end_of_part(span, now_us)
            for part in parts:
                part[0] = min(part[0], latest_us)

    def in_force(self, limits: Limits) -> Limits:
        """Return limits, lowered where the vendor itself told of a lower one.

        Args:
            limits: Those of the profile or the policy.
        """
        return {span: min(most, self._told.get(span, most)) for span, most in limits.items()}

    def free_us(self, limits: Limits, *, now_us: int) -> int:
        """Return the first time from ``now_us`` on at which a call may be made."""
        at_us = max(now_us, self._until_us)
        told = self.in_force(limits)
        if not told:
            return at_us
        if self._last_us is not None:
            smooth = [span for span in told if span <= _SMOOTH] or [min(told)]
            at_us = max(at_us, self._last_us + max(span // told[span] + 1 for span in smooth))
        for span, most in told.items():
            at_us = self._below(span, most, at_us)
        return at_us

    def take(self, limits: Limits, *, now_us: int, latest_us: int | None = None) -> int | None:
        """Take the next time; ``None`` when it would be after ``latest_us``, and nothing is taken.

        Args:
            limits: Those that hold, but for what the vendor told.
            now_us: Not before this time.
            latest_us: Not after it.
        """
        at_us = self.free_us(limits, now_us=now_us)
        if latest_us is not None and at_us > latest_us:
            return None
        self._last_us = at_us
        for span in self.in_force(limits):
            self._count(span, at_us, 1)
        return at_us

    def hold(self, until_us: int) -> None:
        """Make no call before a time."""
        self._until_us = max(self._until_us, until_us)

    def hear(
        self,
        span_us: int,
        limits: Limits,
        *,
        most: int | None,
        left: int | None,
        reset_us: int | None,
        now_us: int,
    ) -> None:
        """Take what an answer says of one limit.

        Args:
            span_us: Length of the window.
            limits: Those of the profile.
            most: The limit, as the vendor has it.
            left: Calls that are left of it: fewer than we count when somebody else calls, too.
            reset_us: When all are there again.
            now_us: When it was said.
        """
        if most is not None and most > 0:
            self._told[span_us] = most
        known = self.in_force(limits).get(span_us)
        if left is None or known is None:
            return
        if left <= 0:
            self.hold(reset_us if reset_us is not None else now_us + span_us)
            return
        self._forget(span_us, now_us)
        others = known - left - self._sums.get(span_us, 0)
        if others > 0:
            self._count(span_us, now_us, others)

    def taken(self, span_us: int, now_us: int) -> int:
        """Return how many calls are counted in a window that ends now."""
        self._forget(span_us, now_us)
        return self._sums.get(span_us, 0)

    def _below(self, span: int, most: int, at_us: int) -> int:
        """Return the first time from ``at_us`` on at which fewer than ``most`` are in sight."""
        self._forget(span, at_us)
        total = self._sums.get(span, 0)
        for end_us, number in self._parts.get(span, ()):
            if total < most:
                break
            total -= number
            at_us = max(at_us, end_us)
        return at_us

    def _forget(self, span: int, at_us: int) -> None:
        parts = self._parts.get(span)
        while parts and parts[0][0] <= at_us:
            self._sums[span] -= parts.popleft()[1]

    def _count(self, span: int, at_us: int, number: int) -> None:
        end_us = _end_of_part(span, at_us)
        parts = self._parts.setdefault(span, deque())
        if parts and parts[-1][0] == end_us:
            parts[-1][1] += number
        else:
            parts.append([end_us, number])
        self._sums[span] = self._sums.get(span, 0) + number


def _end_of_part(span: int, at_us: int) -> int:
    """Return when the last call of the part in which ``at_us`` lies is out of sight."""
    size = max(1, span // PARTS)
    return (at_us // size + 1) * size + span


def spans(windows: Mapping[float, int]) -> Limits:
    """Return limits by seconds as limits by microseconds.

    >>> spans({60: 5})
    {60000000: 5}
    """
    return {round(seconds * _SECOND): most for seconds, most in windows.items()}
