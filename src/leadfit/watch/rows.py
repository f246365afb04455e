"""What is read of kept links and reviews; the store's records have these fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from leadfit.records import Band, Relation

LINK: Final = "link"
AUDIT: Final = "audit"
MISSED: Final = "missed"
"""Kinds of reviews: a lead waits; a link made at once; a lead that was not linked."""

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


def judged(
    links: Sequence[LinkRow], reviews: Sequence[ReviewRow], kind: str, period: Period
) -> tuple[Judged, ...]:
    """Return the pairs of a kind that were decided in a period.

    Draws of one week are nested: a pair is drawn if its number is below the share, and a later,
    larger draw of the same week has the larger share. So every pair of the week had the largest
    chance that is recorded for its week, whichever draw brought it.

    Args:
        links: Every link of the weeks whose pairs are judged.
        reviews: Every review of those weeks, decided or not.
        kind: ``link``, ``audit`` or ``missed``.
        period: When it was decided.
    """
    made = {link.signal_id: link.decided_at for link in links}

    def week(review: ReviewRow) -> datetime:
        signal_id = review.signal_id or ""
        return week_of(made.get(signal_id, review.opened_at))

    of_kind = [review for review in reviews if review.kind == kind]
    chances: dict[datetime, float] = {}
    for review in of_kind:
        chances[week(review)] = max(review.chosen_with, chances.get(week(review), 0.0))
    return tuple(
        Judged(
            probability=review.probability,
            is_same=review.relation is Relation.SAME,
            weight=1 / chances[week(review)],
            card_digest=review.card_digest,
        )
        for review in of_kind
        if review.decided_at in period
    )
