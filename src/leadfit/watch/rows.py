"""What is read of kept links and reviews; the store's records have these fields."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from leadfit.records import Band, Relation

LINK: Final = "link"
AUDIT: Final = "audit"
MISSED: Final = "missed"
STATED: Final = "stated"
"""Kinds of reviews: a lead waits; a link made at once; a lead that was not linked; what a person
said unasked, which counts for its lead and, not being drawn, in no share."""

_DRAWN: Final = frozenset({AUDIT, MISSED})
_WEEK: Final = timedelta(days=7)


class LinkRow(Protocol):
    """How a signal that opened a lead was matched."""

    @property
    def signal_id(self) -> str:
        """The signal."""

    @property
    def decided_at(self) -> datetime:
        """When it was matched."""

    @property
    def band(self) -> Band:
        """What was done with it."""

    @property
    def probability(self) -> float:
        """Stated probability of the best candidate."""

    @property
    def account_id(self) -> str | None:
        """The account after resolution."""

    @property
    def possible_account_id(self) -> str | None:
        """The best candidate that was not linked."""

    @property
    def is_new_account(self) -> bool:
        """The account was made for this lead."""


class ReviewRow(Protocol):
    """A pair a person is asked about."""

    @property
    def kind(self) -> str:
        """Why a person is asked."""

    @property
    def signal_id(self) -> str | None:
        """The signal that was matched."""

    @property
    def probability(self) -> float:
        """Stated probability."""

    @property
    def chosen_with(self) -> float:
        """Chance with which it was drawn."""

    @property
    def card_digest(self) -> str | None:
        """The model card that weighed it."""

    @property
    def opened_at(self) -> datetime:
        """When a person was asked."""

    @property
    def due_at(self) -> datetime | None:
        """End of the review clock."""

    @property
    def decided_at(self) -> datetime | None:
        """When it was decided."""

    @property
    def relation(self) -> Relation | None:
        """What was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``start`` up to ``end``, exclusive; both aware."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime | None) -> bool:
        """Whether a time lies in it."""
        return at is not None and self.start <= at < self.end


def _said_at(review: ReviewRow) -> tuple[float, bool]:
    """Sort by time; who is put into another account is taken out of the first at one time."""
    at = review.decided_at
    return 0.0 if at is None else at.timestamp(), review.relation is Relation.SAME


def _counts(review: ReviewRow) -> bool:
    """Whether an answer makes or unmakes the link of its signal."""
    if review.decided_at is None or review.kind not in {LINK, AUDIT, MISSED, STATED}:
        return False
    return review.kind in {AUDIT, STATED} or review.relation is Relation.SAME


def week_of(at: datetime) -> datetime:
    """Return the Monday, 00:00 UTC, on which the week of ``at`` begins.

    >>> from datetime import UTC
    >>> week_of(datetime(2026, 3, 5, 15, tzinfo=UTC)).isoformat()
    '2026-03-02T00:00:00+00:00'
    """
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def weeks_before(now: datetime, count: int) -> tuple[Period, ...]:
    """Return the last ``count`` whole weeks before ``now``, oldest first."""
    end = week_of(now)
    return tuple(
        Period(start=end - number * _WEEK, end=end - (number - 1) * _WEEK)
        for number in range(count, 0, -1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A drawn pair that was decided.

    Attributes:
        weight: One over the chance with which a pair of its week was drawn.
    """

    probability: float
    is_same: bool
    weight: float
    card_digest: str | None


class Rows:
    """Links and reviews, sorted once for every period that is asked about.

    Draws of one week are nested: a pair is drawn if its number is below the share, and a later,
    larger draw of the same week has the larger share. So every pair of the week had the largest
    chance that is recorded for its week, whichever draw brought it.

    Args:
        links: At least those of the periods and of the weeks whose pairs were judged in them.
        reviews: At least those opened or decided since the first of ``links``, and all open ones.
    """

    def __init__(self, links: Iterable[LinkRow], reviews: Iterable[ReviewRow]) -> None:
        self._links = sorted(links, key=lambda each: (each.decided_at, each.signal_id))
        self._times = [link.decided_at for link in self._links]
        self.reviews = tuple(reviews)
        drawn = {each.signal_id for each in self.reviews if each.kind in _DRAWN}
        made = {each.signal_id: each.decided_at for each in self._links if each.signal_id in drawn}
        self._weeks = [
            week_of(made.get(each.signal_id or "", each.opened_at)) for each in self.reviews
        ]
        self._chances: dict[tuple[str, datetime], float] = {}
        for review, week in zip(self.reviews, self._weeks, strict=True):
            key = (review.kind, week)
            self._chances[key] = max(review.chosen_with, self._chances.get(key, 0.0))
        # What was said last of a signal holds; a no about a lead in doubt unmakes nothing.
        last = {
            each.signal_id: each for each in sorted(self.reviews, key=_said_at) if _counts(each)
        }
        self.found = frozenset(
            signal
            for signal, each in last.items()
            if each.kind != AUDIT and each.relation is Relation.SAME
        )
        self.lost = frozenset(
            signal for signal, each in last.items() if each.relation is not Relation.SAME
        )

    def links(self, period: Period) -> Sequence[LinkRow]:
        """Return the links made in a period, in order of time."""
        first = bisect_left(self._times, period.start)
        return self._links[first : bisect_left(self._times, period.end)]

    def judged(self, kind: str, period: Period) -> tuple[Judged, ...]:
        """Return the pairs of a kind, ``link``, ``audit`` or ``missed``, decided in a period."""
        return tuple(
            Judged(
                probability=review.probability,
                is_same=review.relation is Relation.SAME,
                weight=1 / self._chances[kind, week],
                card_digest=review.card_digest,
            )
            for review, week in zip(self.reviews, self._weeks, strict=True)
            if review.kind == kind and review.decided_at in period and review.relation is not None
        )
