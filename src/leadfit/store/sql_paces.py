"""When vendors may be called next, in SQL; no two workers ever take the same turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from leadfit.errors import StoreBusy
from leadfit.store.codec import from_us, maybe_us, to_us
from leadfit.store.enriching import CLOCK_SET_BACK
from leadfit.store.pace import Limits, Pace
from leadfit.store.sql import Connection
from leadfit.store.sql_purchases import as_written

T = TypeVar("T")


class SqlPaces:
    """See :class:`leadfit.store.paces.Paces`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(
        self,
        vendor: str,
        bucket: str,
        limits: Limits,
        *,
        now: datetime,
        latest: datetime,
        number: int = 1,
    ) -> tuple[datetime, ...]:
        """Take up to ``number`` times at which the vendor may be called, none after ``latest``."""
        now_us, latest_us = to_us(now), to_us(latest)
        ahead = max(CLOCK_SET_BACK, latest - now)

        def take_all(pace: Pace) -> tuple[datetime, ...]:
            _follow(pace, now, ahead)
            taken: list[datetime] = []
            while len(taken) < number:
                at_us = pace.take(limits, now_us=now_us, latest_us=latest_us)
                if at_us is None:
                    break
                taken.append(from_us(at_us))
            return tuple(taken)

        return self._paced(vendor, bucket, limits, now, take_all)

    def free_at(self, vendor: str, bucket: str, limits: Limits, now: datetime) -> datetime:
        """Return when the vendor may be called next."""
        _, pace = self._pace(vendor, bucket)
        _follow(pace, now)
        return from_us(pace.free_us(limits, now_us=to_us(now)))

    def hold(self, vendor: str, bucket: str, until: datetime) -> None:
        """Let nobody call a vendor before a time."""
        self._paced(vendor, bucket, {}, until, lambda pace: pace.hold(to_us(until)))

    def hear(
        self,
        vendor: str,
        bucket: str,
        limits: Limits,
        said: Mapping[int, tuple[int | None, int | None, datetime | None]],
        now: datetime,
    ) -> None:
        """Take what an answer says: limit, what is left and when it begins anew, by window."""

        def hear(pace: Pace) -> None:
            _follow(pace, now)
            for span, (most, left, reset) in said.items():
                pace.hear(
                    span, limits, most=most, left=left, reset_us=maybe_us(reset),
                    now_us=to_us(now),
                )  # fmt: skip

        self._paced(vendor, bucket, limits, now, hear)

    def counted(
        self, vendor: str, bucket: str, limits: Limits, now: datetime
    ) -> Mapping[int, tuple[int, int]]:
        """Return for each window, in microseconds, the calls counted in it and its limit."""
        _, pace = self._pace(vendor, bucket)
        _follow(pace, now)
        in_force = pace.in_force(limits)
        return {span: (pace.taken(span, to_us(now)), most) for span, most in in_force.items()}

    def _pace(self, vendor: str, bucket: str) -> tuple[int, Pace]:
        row = self._connection.execute(
            "SELECT version, body FROM vendor_paces WHERE vendor = ? AND bucket = ?",
            (vendor, bucket),
        ).fetchone()
        if row is None:
            return 0, Pace()
        return row[0], as_written("vendor_paces", vendor, lambda: Pace(row[1]))

    def _paced(
        self, vendor: str, bucket: str, limits: Limits, now: datetime, work: Callable[[Pace], T]
    ) -> T:
        """Change a pace; nobody else may have changed it meanwhile."""
        version, pace = self._pace(vendor, bucket)
        answer = work(pace)
        free_us, body = pace.free_us(limits, now_us=to_us(now)), pace.body()
        kept = self._connection.execute(
            "INSERT INTO vendor_paces (vendor, bucket, version, body, free_us)"
            " VALUES (?1, ?2, ?3 + 1, ?4, ?5) ON CONFLICT (vendor, bucket) DO UPDATE SET"
            " version = excluded.version, body = excluded.body, free_us = excluded.free_us"
            " WHERE vendor_paces.version = ?3",
            (vendor, bucket, version, body, free_us),
        ).rowcount
        hold_to(kept == 1)
        return answer


def _follow(pace: Pace, now: datetime, ahead: timedelta = CLOCK_SET_BACK) -> None:
    pace.follow(to_us(now), ahead_us=ahead // timedelta(microseconds=1))


def hold_to(kept: bool) -> None:
    """Undo a piece of work whose guard failed: another worker was quicker.

    Raises:
        StoreBusy: It failed.
    """
    if not kept:
        raise StoreBusy("another worker calls the same vendor", 0.05)
