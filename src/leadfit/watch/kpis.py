"""The weekly figures of matching, each with the interval and the sample it rests on.

Alerts and promises rest on bounds. Every bound is one-sided at 95 %, so that a bound is beyond the
truth in at most one week of twenty: Clopper and Pearson (1934) for shares, with the effective
sample size of Korn and Graubard (1998) for audits; order statistics for the median.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from leadfit.bounds import (
    CONFIDENCE,
    clean_pairs,
    incomplete_beta,
    lower_bound,
    upper_bound,
    weighted_share,
)
from leadfit.policy import Policy
from leadfit.policy.schema import MatchWatchRules
from leadfit.records import Band
from leadfit.watch.bands import BandShare, band_shares
from leadfit.watch.rows import AUDIT, LINK, MISSED, Judged, LinkRow, Period, ReviewRow, Rows

_HALF: Final = 1 - (1 - CONFIDENCE) / 2
"""Two bounds that must both hold share the 5 %."""
_HOUR: Final = timedelta(hours=1)


class KpiName(StrEnum):
    """What is measured."""

    MATCH_RATE = "match_rate"
    """Signals that opened a lead and have an account once they are resolved."""
    LINKED_TO_EXISTING = "linked_to_existing"
    """Signals that opened a lead and were linked to an account that was there before."""
    FALSE_POSITIVE = "false_positive"
    """Wrong links among links made at once."""
    FALSE_NEGATIVE = "false_negative"
    """Links missed among those that should be made."""
    REVIEW_AGE = "review_age"
    """Median hours until a review is decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One figure of a period.

    Attributes:
        value: A share as a fraction, or hours; ``None`` where nothing was counted or judged.
        low: Lower bound, one-sided at 95 %.
        high: Upper bound, one-sided at 95 %; ``None`` where there is none, as for few hours.
        sample: Signals, judged pairs or reviews it rests on.
        target: What it should reach; ``None`` for a figure that is shown beside another.
        alert: Beyond this it alerts.
    """

    name: KpiName
    value: float | None
    low: float
    high: float | None
    sample: int
    target: float | None = None
    alert: float | None = None

    @property
    def is_rate_of_matches(self) -> bool:
        """More is better; of the others, less."""
        return self.name in {KpiName.MATCH_RATE, KpiName.LINKED_TO_EXISTING}

    @property
    def is_proved(self) -> bool:
        """The bound on the bad side is within the target."""
        if self.target is None or not self.sample:
            return False
        if self.is_rate_of_matches:
            return self.low >= self.target
        return self.high is not None and self.high <= self.target

    @property
    def is_beyond(self) -> bool:
        """The bound on the good side is beyond the alert: it is surely that bad."""
        if self.alert is None or not self.sample:
            return False
        if self.is_rate_of_matches:
            return self.high is not None and self.high < self.alert
        return self.low > self.alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What judged links that were made at once say about all of them.

    Attributes:
        judged: Links a person judged.
        wrong: How many of them were wrong.
        share: Weighted share of wrong links; ``None`` where none was judged.
        effective: Effective number of judged links.
        more: How many more judged links, all right, prove ``promised``; 0 where it is proved.
    """

    judged: int
    wrong: int
    share: float | None
    effective: float
    promised: float
    more: int

    @property
    def bound(self) -> float:
        """Upper 95 % bound on the share of wrong links; 1 where none was judged."""
        return upper_bound((self.share or 0.0) * self.effective, self.effective)

    def lower(self, confidence: float) -> float:
        """Return the lower bound on the share of wrong links, one-sided."""
        wrong = (self.share or 0.0) * self.effective
        return lower_bound(wrong, self.effective, confidence=confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchKpis:
    """How matching did in a period.

    Attributes:
        signals: Signals that opened a lead.
        waiting: Of the reviews with a clock, those open at the end.
        overdue: Of those, past due.
        unjudged: Pairs drawn for audit that nobody has judged.
    """

    period: Period
    signals: int
    match_rate: Kpi
    linked_to_existing: Kpi
    false_positive: Kpi
    false_negative: Kpi
    review_age: Kpi
    bands: tuple[BandShare, ...]
    audit: Audit
    waiting: int
    overdue: int
    unjudged: int

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """The figures in the order they are told."""
        return (
            self.match_rate,
            self.linked_to_existing,
            self.false_positive,
            self.false_negative,
            self.review_age,
        )


def match_kpis(rows: Rows, policy: Policy, *, period: Period, now: datetime) -> MatchKpis:
    """Return how matching did in a period.

    Shares of signals count those matched in the period. Wrong and missed links rest on what was
    judged in the period, whenever the pair was drawn: a judgment comes days after the link, and
    what was told of a week must not change afterwards.

    Args:
        rows: Links and reviews.
        policy: Targets and alerts.
        period: Usually a week.
        now: A review that is open has waited until now or the end of the period.
    """
    rules = policy.matching.watch
    own = rows.links(period)
    judgments = {kind: rows.judged(kind, period) for kind in (LINK, AUDIT, MISSED)}
    audit = audited(judgments[AUDIT], rules.wrong_target)
    end = min(period.end, now)
    queue = [review for review in rows.reviews if _waited(review, period)]
    still = [each for each in queue if not _is_decided(each, end)]
    return MatchKpis(
        period=period,
        signals=len(own),
        match_rate=_rate(KpiName.MATCH_RATE, own, rows, rules),
        linked_to_existing=_rate(KpiName.LINKED_TO_EXISTING, own, rows, rules),
        false_positive=_wrong(audit, rules),
        false_negative=_missed(own, judgments, audit, rules),
        review_age=_age(queue, end, rules),
        bands=band_shares(own),
        audit=audit,
        waiting=len(still),
        overdue=sum(each.due_at is not None and each.due_at <= end for each in still),
        unjudged=sum(
            each.kind in {AUDIT, MISSED} and each.decided_at is None and each.opened_at < period.end
            for each in rows.reviews
        ),
    )


def audited(pairs: Sequence[Judged], promised: float) -> Audit:
    """Return what judged links say about all links made at once."""
    wrong = [not pair.is_same for pair in pairs]
    share, effective = weighted_share(wrong, [pair.weight for pair in pairs])
    if upper_bound(share * effective, effective) <= promised:
        more = 0
    else:
        needed = clean_pairs(promised, wrong=math.ceil(share * effective - 1e-9))
        more = max(1, math.ceil(needed - effective))
    return Audit(
        judged=len(pairs),
        wrong=sum(wrong),
        share=share if pairs else None,
        effective=effective,
        promised=promised,
        more=more,
    )


def _rate(name: KpiName, own: Sequence[LinkRow], rows: Rows, rules: MatchWatchRules) -> Kpi:
    """Count signals; a lead a reviewer found the account of counts with those linked at once."""
    hits = 0
    for link in own:
        is_linked = link.account_id is not None and link.signal_id not in rows.lost
        if name is KpiName.LINKED_TO_EXISTING:
            is_linked = is_linked and not link.is_new_account and link.band is Band.AUTO
        hits += is_linked or link.signal_id in rows.found
    is_main = name is KpiName.MATCH_RATE
    return Kpi(
        name=name,
        value=hits / len(own) if own else None,
        low=lower_bound(hits, len(own)),
        high=1.0 if hits == len(own) else upper_bound(hits, len(own)),
        sample=len(own),
        target=rules.match_rate_target if is_main else None,
        alert=rules.match_rate_alert if is_main else None,
    )


def _wrong(audit: Audit, rules: MatchWatchRules) -> Kpi:
    return Kpi(
        name=KpiName.FALSE_POSITIVE,
        value=audit.share,
        low=audit.lower(CONFIDENCE),
        high=audit.bound,
        sample=audit.judged,
        target=rules.wrong_target,
        alert=rules.wrong_alert,
    )


def _missed(
    own: Sequence[LinkRow],
    judgments: Mapping[str, tuple[Judged, ...]],
    audit: Audit,
    rules: MatchWatchRules,
) -> Kpi:
    """Estimate missed links from the sample of leads that had a candidate and were not linked.

    Of the ``N`` such leads a share ``m`` was missed, as judged on the sample; of the ``A`` links
    made at once a share ``w`` is wrong, as audited; reviewers made ``R`` links. Missed among those
    that should be made: ``N m / (N m + A (1 - w) + R)``. The bounds take those of ``m`` and ``w``
    that are worst together, each at 97.5 %. A lead without any candidate is not in it.
    """
    pairs = judgments[MISSED]
    unlinked = sum(link.band is Band.NEW and link.possible_account_id is not None for link in own)
    at_once = sum(link.band is Band.AUTO and link.account_id is not None for link in own)
    by_hand = sum(pair.is_same for pair in judgments[LINK])
    share, effective = weighted_share(
        [pair.is_same for pair in pairs], [pair.weight for pair in pairs]
    )
    hits = share * effective
    w_high = upper_bound((audit.share or 0.0) * audit.effective, audit.effective, confidence=_HALF)

    def of(m: float, w: float) -> float:
        missed = unlinked * m
        true = missed + at_once * (1 - w) + by_hand
        return missed / true if true else 0.0

    return Kpi(
        name=KpiName.FALSE_NEGATIVE,
        value=of(share, audit.share or 0.0) if pairs else None,
        low=of(lower_bound(hits, effective, confidence=_HALF), audit.lower(_HALF)),
        high=of(upper_bound(hits, effective, confidence=_HALF), w_high) if pairs else 1.0,
        sample=len(pairs),
        target=rules.missed_target,
        alert=rules.missed_alert,
    )


def _waited(review: ReviewRow, period: Period) -> bool:
    """A review with a clock was open in the period."""
    is_open = review.decided_at is None or review.decided_at >= period.start
    return review.due_at is not None and review.opened_at < period.end and is_open


def _age(queue: Sequence[ReviewRow], end: datetime, rules: MatchWatchRules) -> Kpi:
    """Take the median over decided and open reviews; an open one counts as old as it is.

    What waits is older when it is decided. So the median is never told too high, and it has an
    upper bound only where the answers that are there give one whatever becomes of the rest.
    """
    ages = sorted(_hours(each, end) for each in queue)
    decided = sorted(_hours(each, end) for each in queue if _is_decided(each, end))
    rank = _median_rank(len(ages))
    highest = len(ages) - rank
    return Kpi(
        name=KpiName.REVIEW_AGE,
        value=_median(ages) if ages else None,
        low=ages[rank - 1] if rank else 0.0,
        high=decided[highest] if rank and highest < len(decided) else None,
        sample=len(ages),
        target=rules.age_target_hours,
        alert=rules.age_alert_hours,
    )


def _hours(review: ReviewRow, end: datetime) -> float:
    return (min(review.decided_at or end, end) - review.opened_at) / _HOUR


def _is_decided(review: ReviewRow, end: datetime) -> bool:
    return review.decided_at is not None and review.decided_at < end


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def _median_rank(count: int) -> int:
    """Return the rank of the order statistic that bounds a median from below; 0 for too few.

    The ``k``-th smallest is above the median with the chance that fewer than ``k`` of ``count``
    fair coins fall heads.
    """
    low, high = 0, count // 2 + 1
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - incomplete_beta(middle, count - middle + 1, 0.5) <= 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return low
