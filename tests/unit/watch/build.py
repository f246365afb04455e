"""Links and reviews by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.policy import load_starter
from leadfit.records import Band, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Link, Review, ReviewKind
from leadfit.watch import MatchKpis, Period, Rows, match_kpis

POLICY = load_starter()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


def week(number: int = 0) -> Period:
    return Period(start=MONDAY + number * WEEK, end=MONDAY + (number + 1) * WEEK)


def link(
    name: str,
    band: Band,
    *,
    at: datetime = MONDAY + HOUR,
    probability: float | None = None,
    candidate: bool = True,
    is_new_account: bool = False,
) -> Link:
    """Return a link whose account is ``a``, or whose candidate is ``a``."""
    stated = {Band.AUTO: 0.98, Band.REVIEW: 0.93, Band.NEW: 0.5}[band]
    is_linked = band is Band.AUTO
    return Link(
        signal_id=name,
        lead_id=f"lead-{name}",
        decided_at=at,
        band=band,
        probability=stated if probability is None else probability,
        method="domain",
        account_id="a" if is_linked else ("new" if is_new_account else None),
        possible_account_id="a" if candidate and not is_linked else None,
        is_new_account=is_new_account,
    )


def review(
    of: Link,
    kind: ReviewKind,
    relation: Relation | None = None,
    *,
    chance: float = 1.0,
    after: timedelta = HOUR,
    card_digest: str | None = None,
) -> Review:
    """Return a review of a link, decided ``after`` it was opened if there is a relation."""
    return Review(
        review_id=f"{of.signal_id}-{kind.value}",
        kind=kind,
        record_kind=RecordKind.ACCOUNT,
        left_id=of.lead_id or "",
        right_id="a",
        probability=of.probability,
        opened_at=of.decided_at,
        signal_id=of.signal_id,
        chosen_with=chance,
        card_digest=card_digest,
        due_at=of.decided_at + 24 * HOUR if kind is ReviewKind.LINK else None,
        decided_at=None if relation is None else of.decided_at + after,
        relation=relation,
    )


def links(band: Band, count: int, at: datetime = MONDAY + HOUR) -> list[Link]:
    return [link(f"{band.value}-{at:%m%d}-{n}", band, at=at) for n in range(count)]


def kpis(made: list[Link], reviews: list[Review], number: int = 0) -> MatchKpis:
    period = week(number)
    return match_kpis(Rows(made, reviews), POLICY, period=period, now=period.end)
