"""What a store keeps of how fast vendors may be called, for all workers together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from leadfit.store.pace import Limits


class Paces(Protocol):
    """Turns at vendors, by bucket of calls that a vendor counts together."""

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

    def free_at(self, vendor: str, bucket: str, limits: Limits, now: datetime) -> datetime:
        """Return when the vendor may be called next."""

    def hold(self, vendor: str, bucket: str, until: datetime) -> None:
        """Let nobody call a vendor before a time."""

    def hear(
        self,
        vendor: str,
        bucket: str,
        limits: Limits,
        said: Mapping[int, tuple[int | None, int | None, datetime | None]],
        now: datetime,
    ) -> None:
        """Take what an answer says: limit, what is left and when it begins anew, by window."""

    def counted(
        self, vendor: str, bucket: str, limits: Limits, now: datetime
    ) -> Mapping[int, tuple[int, int]]:
        """Return for each window, in microseconds, the calls counted in it and its limit."""
