"""The figures of matching: what is counted, by which weight, within which bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.bounds import upper_bound
from leadfit.records import Band, Relation
from leadfit.store.matching import Review, ReviewKind
from leadfit.watch import KpiName, Rows, match_kpis, week_of, weeks_before
from leadfit.world import seeded
from unit.watch import build
from unit.watch.build import HOUR, MONDAY, POLICY, WEEK

SAME, DIFFERENT = Relation.SAME, Relation.DIFFERENT


def test_both_match_rates_are_counted() -> None:
    made = [
        *build.links(Band.AUTO, 7),
        build.link("fresh", Band.NEW, candidate=False, is_new_account=True),
        build.link("asked", Band.REVIEW),
        build.link("alone", Band.NEW, candidate=False),
    ]
    found = build.kpis(made, [])
    assert found.signals == 10
    assert found.match_rate.value == 0.8
    assert found.linked_to_existing.value == 0.7
    assert found.match_rate.low < 0.8 < (found.match_rate.high or 0)


def test_a_lead_whose_account_a_reviewer_found_counts_as_linked() -> None:
    asked = build.link("asked", Band.REVIEW)
    before = build.kpis([asked], [build.review(asked, ReviewKind.LINK)])
    after = build.kpis([asked], [build.review(asked, ReviewKind.LINK, SAME)])
    assert (before.match_rate.value, after.match_rate.value) == (0, 1)
    assert after.linked_to_existing.value == 1


def test_a_link_an_audit_took_back_no_longer_counts() -> None:
    (made,) = build.links(Band.AUTO, 1)
    found = build.kpis([made], [build.review(made, ReviewKind.AUDIT, DIFFERENT)])
    assert found.match_rate.value == 0


def test_a_week_without_signals_has_no_rate_and_alerts_nobody() -> None:
    found = build.kpis([], [])
    assert [each.value for each in found.kpis] == [None] * 5
    assert not any(each.is_beyond or each.is_proved for each in found.kpis)


def test_wrong_links_are_those_that_are_not_the_same() -> None:
    made = build.links(Band.AUTO, 50)
    answers = [DIFFERENT, Relation.RELATED, *[SAME] * 48]
    reviews = [
        build.review(each, ReviewKind.AUDIT, answer)
        for each, answer in zip(made, answers, strict=True)
    ]
    found = build.kpis(made, reviews).false_positive
    assert found.value == pytest.approx(0.04)
    assert found.sample == 50
    assert found.high == pytest.approx(upper_bound(2, 50))


def test_audits_of_weeks_drawn_with_unequal_chances_are_weighed_by_them() -> None:
    first = build.links(Band.AUTO, 10)
    second = build.links(Band.AUTO, 10, MONDAY + WEEK + HOUR)
    reviews = [
        *(build.review(each, ReviewKind.AUDIT, SAME, chance=0.5, after=WEEK) for each in first),
        *(build.review(each, ReviewKind.AUDIT, DIFFERENT, chance=0.1) for each in second),
    ]
    found = build.kpis([*first, *second], reviews, 1)
    assert found.false_positive.value == pytest.approx(10 / (2 + 10))
    assert found.audit.effective == pytest.approx(144 / (4 + 100) * 10)


def test_a_second_draw_of_a_week_gives_the_first_its_chance() -> None:
    made = build.links(Band.AUTO, 40)
    reviews = [
        build.review(each, ReviewKind.AUDIT, SAME, chance=0.02 if n < 4 else 0.4)
        for n, each in enumerate(made)
    ]
    assert build.kpis(made, reviews).audit.effective == pytest.approx(40)


def test_a_link_of_an_earlier_week_counts_when_it_is_judged() -> None:
    made = build.links(Band.AUTO, 5)
    reviews = [build.review(each, ReviewKind.AUDIT, SAME, after=8 * 24 * HOUR) for each in made]
    assert build.kpis(made, reviews, 0).false_positive.sample == 0
    assert build.kpis(made, reviews, 1).false_positive.sample == 5


def test_what_was_told_of_wrong_links_does_not_change_by_later_judgments() -> None:
    made = build.links(Band.AUTO, 6)
    early = [build.review(each, ReviewKind.AUDIT, SAME) for each in made[:5]]
    late = build.review(made[5], ReviewKind.AUDIT, DIFFERENT, after=8 * 24 * HOUR)
    before = build.kpis(made, [*early, replace(late, decided_at=None, relation=None)])
    assert build.kpis(made, [*early, late]).false_positive == before.false_positive


def test_missed_links_are_estimated_from_the_sample_of_those_not_linked() -> None:
    made = [*build.links(Band.AUTO, 75), *build.links(Band.NEW, 20), *build.links(Band.REVIEW, 5)]
    audits = [build.review(each, ReviewKind.AUDIT, SAME) for each in made[:75]]
    sample = [
        build.review(each, ReviewKind.MISSED, SAME if n == 0 else DIFFERENT, chance=0.5)
        for n, each in enumerate(made[75:85])
    ]
    asked = [build.review(each, ReviewKind.LINK, SAME) for each in made[95:]]
    found = build.kpis(made, [*audits, *sample, *asked]).false_negative
    assert found.value == pytest.approx(2 / (2 + 75 + 5))
    assert found.low < 2 / 82 < (found.high or 0)


def test_without_a_sample_of_those_not_linked_nothing_is_said_of_missed_links() -> None:
    found = build.kpis([*build.links(Band.AUTO, 75), *build.links(Band.NEW, 20)], [])
    assert (found.false_negative.value, found.false_negative.high) == (None, 1.0)
    assert not found.false_negative.is_proved


def test_a_lead_without_a_candidate_is_no_missed_link() -> None:
    alone = [build.link(f"alone-{n}", Band.NEW, candidate=False) for n in range(100)]
    made = [*build.links(Band.AUTO, 10), *build.links(Band.NEW, 1)]
    reviews = [build.review(made[-1], ReviewKind.MISSED, SAME)]
    found = build.kpis([*made, *alone], reviews).false_negative
    assert found.value == pytest.approx(1 / 11)


def asked(hours: list[float | None]) -> list[Review]:
    made = build.links(Band.REVIEW, len(hours))
    return [
        build.review(each, ReviewKind.LINK, None if h is None else SAME, after=(h or 0) * HOUR)
        for each, h in zip(made, hours, strict=True)
    ]


def age(reviews: list[Review], hours_later: float) -> tuple[float | None, float, int, int]:
    now = MONDAY + HOUR + hours_later * HOUR
    found = match_kpis(Rows([], reviews), POLICY, period=build.week(), now=now)
    return found.review_age.value, found.review_age.low, found.waiting, found.overdue


def test_the_age_is_the_median_hours_until_a_decision() -> None:
    assert age(asked([1, 2, 30, 40, 50]), 100)[0] == 30


def test_an_open_review_is_as_old_as_it_is() -> None:
    reviews = asked([None, None, None])
    assert age(reviews, 10)[0] == 10
    assert age(reviews, 30)[0] == 30


def test_open_reviews_leave_the_median_without_an_upper_bound() -> None:
    def high(hours: list[float | None]) -> float | None:
        rows = Rows([], asked(hours))
        now = MONDAY + 100 * HOUR
        return match_kpis(rows, POLICY, period=build.week(), now=now).review_age.high

    assert high([1, 2, 3, 4, 5, 6, 7, 8]) == 7
    assert high([1, 2, 3, 4, 5, 6, 7, None]) == 7
    assert high([1, 2, 3, 4, 5, 6, None, None]) is None
    assert high([None] * 8) is None


def test_the_clock_makes_open_reviews_overdue() -> None:
    reviews = asked([1, None, None])
    assert age(reviews, 23)[2:] == (2, 0)
    assert age(reviews, 24)[2:] == (2, 2)


def test_audits_have_no_clock_and_are_not_in_the_queue() -> None:
    made = build.links(Band.AUTO, 3)
    found = build.kpis(made, [build.review(each, ReviewKind.AUDIT) for each in made])
    assert (found.review_age.sample, found.waiting, found.unjudged) == (0, 0, 3)


def test_a_review_left_from_last_week_is_in_the_queue_of_this_week() -> None:
    (made,) = build.links(Band.REVIEW, 1)
    found = build.kpis([made], [build.review(made, ReviewKind.LINK)], 1)
    assert found.review_age.sample == 1
    assert found.overdue == 1


@pytest.mark.parametrize(("count", "rank"), [(4, 0), (5, 1), (8, 2), (20, 6), (100, 42)])
def test_the_median_is_bounded_by_the_order_statistic_of_the_sign_test(
    count: int, rank: int
) -> None:
    reviews = asked([float(n) for n in range(1, count + 1)])
    assert age(reviews, 24 * 6)[1] == rank


def test_the_bound_of_the_median_holds_in_nineteen_of_twenty_weeks() -> None:
    held = 0
    for run in range(200):
        random = seeded("ages", run)
        hours: list[float | None] = [random.expovariate(1 / 30) for _ in range(25)]
        held += age(asked(hours), 24 * 6)[1] <= 30 * 0.6931471805599453
    assert held / 200 >= 0.92  # 95 %, less two standard errors


def test_weeks_are_whole_and_end_before_now() -> None:
    now = datetime(2026, 3, 18, 12, tzinfo=UTC)
    found = weeks_before(now, 2)
    assert [each.start.day for each in found] == [2, 9]
    assert found[-1].end == week_of(now) <= now


def test_a_moment_belongs_to_one_week() -> None:
    first, second = weeks_before(MONDAY + 2 * WEEK, 2)
    edge = MONDAY + WEEK
    assert edge not in first
    assert edge in second
    assert edge - timedelta(microseconds=1) in first
    assert {each.name for each in build.kpis([], []).kpis} == set(KpiName)
