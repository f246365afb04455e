"""What the alerts of matching cost and find: simulated matchers of known error.

Run ``python benchmarks/match_watch.py [--full]``. Three parts, each by simulation with the
functions that Leadfit itself uses:

* ``wrong links``: matchers with a known share of wrong links, 50 audited links a week for two
  years. How often a week alerts, how often it would alert on the share itself instead of its
  bound, how often the matcher steps back to review within a year, and after how many weeks.
* ``intervals``: whole weeks of 500 signals with known truth, of which 2 % are drawn and the rest
  up to 47 topped up. How often the truth lies above the lower and below the upper bound; each is
  meant to be at least 95 %.
* ``holds``: match rates of known truth at 100 and 500 signals a week. How often two weeks on end
  alert.

Every share stands with its Monte-Carlo standard error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from recording import asked_for_full, quantile, record

from leadfit.policy import load_starter
from leadfit.records import Band, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Link, Review, ReviewKind
from leadfit.watch import (
    Audit,
    KpiName,
    MatchKpis,
    Period,
    Rows,
    alerts,
    match_kpis,
    must_step_back,
)
from leadfit.world import seeded

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 -- its type alone; every sequence is seeded

POLICY: Final = load_starter()
RULES: Final = POLICY.matching.watch
MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
WEEK: Final = timedelta(days=7)
AUDITED: Final = 50
YEAR: Final = 52


def share(hits: int, count: int) -> dict[str, float]:
    """Return a share with its Monte-Carlo standard error."""
    value = hits / count
    error = math.sqrt(max(value * (1 - value), 1 / count) / count)
    return {"share": round(value, 5), "error": round(error, 5)}


@cache
def audit(wrong: int, judged: int) -> Audit:
    found = wrong / judged if judged else None
    return Audit(
        judged=judged, wrong=wrong, share=found, effective=judged,
        promised=RULES.wrong_target, more=1,
    )  # fmt: skip


@cache
def steps_back(wrong: int, judged: int) -> bool:
    return must_step_back(audit(wrong, judged))


@cache
def alerts_at(wrong: int, judged: int) -> bool:
    return audit(wrong, judged).lower(0.95) > RULES.wrong_alert


def wrong_links(true: float, companies: int) -> dict[str, object]:
    """Watch matchers whose true share of wrong links is known."""
    weeks = beyond = by_point = back = 0
    after: list[int] = []
    for company in range(companies):
        random = seeded("wrong links", true, company)
        found: list[int] = []
        stepped = 0
        for week in range(2 * YEAR):
            found.append(sum(random.random() < true for _ in range(AUDITED)))
            weeks += 1
            beyond += alerts_at(found[-1], AUDITED)
            by_point += found[-1] / AUDITED > RULES.wrong_alert
            window = found[-RULES.proof_weeks :]
            if not stepped and steps_back(sum(window), AUDITED * len(window)):
                stepped = week + 1
        back += 0 < stepped <= YEAR
        after.append(stepped or 10_000)
    median = quantile(after, 0.5)
    return {
        "true_share": true,
        "weeks_that_alert": share(beyond, weeks),
        "weeks_that_would_alert_on_the_share": share(by_point, weeks),
        "stepped_back_within_a_year": share(back, companies),
        "median_weeks_until_it_stepped_back": None if median > 2 * YEAR else median,
    }


def simulated_week(
    number: int, random: Random, *, signals: int, wrong: float, missed: float
) -> tuple[list[Link], list[Review]]:
    """Return a week of links and judged reviews of a company with known truth.

    Of the signals 75 % are linked at once, 10 % reviewed (half of them links), 15 % new; three in
    four of the new have a candidate, of which the share ``missed`` is the right account.
    """
    links: list[Link] = []
    reviews: list[Review] = []
    start = MONDAY + number * WEEK
    lists: dict[ReviewKind, list[tuple[Link, bool]]] = {ReviewKind.AUDIT: [], ReviewKind.MISSED: []}
    for place in range(signals):
        roll, at = random.random(), start + place * (WEEK / signals)
        name = f"s-{number}-{place}"
        if roll < 0.75:
            link = _link(name, at, Band.AUTO, 0.98, account="a")
            lists[ReviewKind.AUDIT].append((link, random.random() >= wrong))
        elif roll < 0.85:
            link = _link(name, at, Band.REVIEW, 0.93, possible="a")
            reviews.append(_review(link, ReviewKind.LINK, 1.0, is_same=random.random() < 0.5))
        else:
            has_candidate = random.random() < 0.75
            link = _link(name, at, Band.NEW, 0.5, possible="a" if has_candidate else None)
            if has_candidate:
                lists[ReviewKind.MISSED].append((link, random.random() < missed))
        links.append(link)
    for kind, wanted in ((ReviewKind.AUDIT, 36), (ReviewKind.MISSED, 11)):
        reviews += _drawn(lists[kind], kind, wanted, random)
    return links, reviews


def _drawn(
    pairs: Sequence[tuple[Link, bool]], kind: ReviewKind, wanted: int, random: Random
) -> list[Review]:
    """Draw 2 % at once and the rest later, with the chances that are recorded."""
    numbered = sorted((random.random(), place) for place in range(len(pairs)))
    chance = numbered[wanted][0] if len(numbered) > wanted else 1.0
    drawn = [(0.02 if number < 0.02 else chance, place)
             for number, place in numbered if number < max(0.02, chance)]  # fmt: skip
    return [_review(pairs[place][0], kind, each, is_same=pairs[place][1]) for each, place in drawn]


def _link(
    name: str, at: datetime, band: Band, probability: float,
    *, account: str | None = None, possible: str | None = None,
) -> Link:  # fmt: skip
    return Link(
        signal_id=name, lead_id=name, decided_at=at, band=band, probability=probability,
        method="domain", account_id=account, possible_account_id=possible,
    )  # fmt: skip


def _review(link: Link, kind: ReviewKind, chance: float, *, is_same: bool) -> Review:
    return Review(
        review_id=f"{link.signal_id}-{kind.value}", kind=kind, record_kind=RecordKind.ACCOUNT,
        left_id=link.signal_id, right_id="a", probability=link.probability,
        opened_at=link.decided_at, signal_id=link.signal_id, chosen_with=chance,
        decided_at=link.decided_at + timedelta(minutes=5),
        relation=Relation.SAME if is_same else Relation.DIFFERENT,
    )  # fmt: skip


def intervals(weeks: int, *, wrong: float, missed: float, pooled: int) -> dict[str, object]:
    """Count how often the truth lies within the bounds of ``pooled`` weeks together."""
    at_once, unlinked, by_hand = 0.75, 0.15 * 0.75, 0.05
    truth = {
        KpiName.FALSE_POSITIVE: wrong,
        KpiName.FALSE_NEGATIVE: unlinked * missed
        / (unlinked * missed + at_once * (1 - wrong) + by_hand),
    }  # fmt: skip
    over = dict.fromkeys(truth, 0)
    under = dict.fromkeys(truth, 0)
    for run in range(weeks):
        random = seeded("intervals", wrong, missed, pooled, run)
        links: list[Link] = []
        reviews: list[Review] = []
        for number in range(pooled):
            more = simulated_week(number, random, signals=500, wrong=wrong, missed=missed)
            links += more[0]
            reviews += more[1]
        period = Period(start=MONDAY, end=MONDAY + pooled * WEEK)
        found = match_kpis(Rows(links, reviews), POLICY, period=period, now=period.end)
        for kpi in (found.false_positive, found.false_negative):
            over[kpi.name] += kpi.low <= truth[kpi.name]
            under[kpi.name] += kpi.high is not None and truth[kpi.name] <= kpi.high
    return {
        "weeks_together": pooled,
        **{
            name.value: {
                "truth": round(true, 5),
                "at_least_the_lower_bound": share(over[name], weeks),
                "at_most_the_upper_bound": share(under[name], weeks),
            }
            for name, true in truth.items()
        },
    }


def holds(true: float, signals: int, pairs: int) -> dict[str, object]:
    """Count how often two weeks on end alert about the match rate."""
    told = by_point = 0
    for number in range(pairs):
        random = seeded("holds", true, signals, number)
        weeks = [_week_of_rate(true, signals, random) for _ in range(2)]
        told += bool(alerts(weeks, POLICY))
        by_point += all((week.match_rate.value or 0) < RULES.match_rate_alert for week in weeks)
    return {
        "true_rate": true,
        "signals_a_week": signals,
        "alerts": share(told, pairs),
        "would_alert_on_the_share": share(by_point, pairs),
    }


@cache
def _rate(hits: int, signals: int) -> MatchKpis:
    links = [
        _link(f"s{n}", MONDAY, Band.AUTO if n < hits else Band.NEW, 0.98,
              account="a" if n < hits else None)
        for n in range(signals)
    ]  # fmt: skip
    period = Period(start=MONDAY, end=MONDAY + WEEK)
    return match_kpis(Rows(links, []), POLICY, period=period, now=period.end)


def _week_of_rate(true: float, signals: int, random: Random) -> MatchKpis:
    return _rate(sum(random.random() < true for _ in range(signals)), signals)


def main() -> None:
    """Run the three parts."""
    full = asked_for_full(__doc__)
    companies, runs, pairs = (2_000, 2_000, 5_000) if full else (100, 100, 500)
    record(
        "match_watch",
        {
            "audited_a_week": AUDITED,
            "wrong_links": [
                wrong_links(true, companies)
                for true in (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05)
            ],
            "intervals": [
                intervals(runs, wrong=wrong, missed=missed, pooled=pooled)
                for wrong, missed in ((0.005, 0.2), (0.03, 0.4))
                for pooled in (1, 4)
            ],
            "holds": [
                holds(true, signals, pairs)
                for true in (0.95, 0.92, 0.90, 0.85)
                for signals in (100, 500)
            ],
        },
        full=full,
    )


if __name__ == "__main__":
    main()
