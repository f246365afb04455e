"""Alerts rest on bounds and hold for weeks; a disproved promise makes matching step back."""

from __future__ import annotations

import math

import pytest

from leadfit.records import Band, Relation
from leadfit.store.matching import Link, ReviewKind
from leadfit.watch import Audit, KpiName, MatchKpis, alerts, must_step_back
from leadfit.watch.alerts import STEP_BACK_CONFIDENCE
from leadfit.world import seeded
from unit.watch import build
from unit.watch.build import HOUR, MONDAY, POLICY, WEEK

HONEST = 0.005
AUDITED = 50


def rated(number: int, linked: int, signals: int) -> MatchKpis:
    at = MONDAY + number * WEEK + HOUR
    made = build.links(Band.AUTO, linked, at) + build.links(Band.NEW, signals - linked, at)
    return build.kpis(made, [], number)


def audited_week(wrong: int, judged: int) -> MatchKpis:
    made = build.links(Band.AUTO, judged)
    reviews = [
        build.review(
            each, ReviewKind.AUDIT, Relation.DIFFERENT if n < wrong else Relation.SAME, chance=0.1
        )
        for n, each in enumerate(made)
    ]
    return build.kpis(made, reviews)


def audit(wrong: int, judged: int) -> Audit:
    return Audit(
        judged=judged, wrong=wrong, share=wrong / judged if judged else None,
        effective=judged, promised=HONEST, more=1,
    )  # fmt: skip


def named(weeks: list[MatchKpis]) -> set[KpiName]:
    return {each.kpi.name for each in alerts(weeks, POLICY)}


def test_a_low_match_rate_alerts_in_its_second_week() -> None:
    low = [rated(0, 400, 500), rated(1, 400, 500)]
    assert named(low[:1]) == set()
    (alert,) = alerts(low, POLICY)
    assert alert.kpi.name is KpiName.MATCH_RATE
    assert alert.weeks == 2
    assert "80 %" in alert.words
    assert "alert below 92 %" in alert.words


def test_a_good_week_in_between_ends_the_hold() -> None:
    assert named([rated(0, 400, 500), rated(1, 490, 500), rated(2, 400, 500)]) == set()


def test_a_rate_below_the_limit_by_chance_alone_does_not_alert() -> None:
    weeks = [rated(0, 45, 50), rated(1, 45, 50)]
    assert all((week.match_rate.value or 1) < 0.92 for week in weeks)
    assert named(weeks) == set()


def test_wrong_links_alert_after_one_week_by_their_lower_bound() -> None:
    assert named([audited_week(2, 50)]) == set()
    assert named([audited_week(3, 50)]) == {KpiName.FALSE_POSITIVE}


def test_missed_links_alert_after_one_week() -> None:
    made = [*build.links(Band.AUTO, 70), *build.links(Band.NEW, 30)]
    found = [build.review(each, ReviewKind.MISSED, Relation.SAME) for each in made[70:]]
    audits = [build.review(each, ReviewKind.AUDIT, Relation.SAME) for each in made[:70]]
    assert named([build.kpis(made, [*found, *audits])]) == {KpiName.FALSE_NEGATIVE}


def test_an_old_queue_alerts_after_one_week() -> None:
    made: list[Link] = build.links(Band.REVIEW, 6)
    late = [build.review(each, ReviewKind.LINK, Relation.SAME, after=49 * HOUR) for each in made]
    soon = [build.review(each, ReviewKind.LINK, Relation.SAME, after=47 * HOUR) for each in made]
    assert named([build.kpis(made, late)]) == {KpiName.REVIEW_AGE}
    assert KpiName.REVIEW_AGE not in named([build.kpis(made, soon)])


def test_no_week_alerts_about_nothing() -> None:
    assert alerts([], POLICY) == ()


def test_an_honest_matcher_hardly_ever_alerts_where_its_share_would_in_every_fifth_week() -> None:
    """The chance of each count of wrong links among 50, and what would be said of it."""
    on_bound = on_share = 0.0
    for wrong in range(8):
        chance = math.comb(AUDITED, wrong) * HONEST**wrong * (1 - HONEST) ** (AUDITED - wrong)
        on_bound += chance * bool(named([audited_week(wrong, AUDITED)]))
        on_share += chance * (wrong / AUDITED > 0.01)
    assert on_share == pytest.approx(0.222, abs=0.001)
    assert on_bound == pytest.approx(0.0021, abs=0.0005)


def stepped_back_after(true: float, run: int) -> int | None:
    random = seeded("stepping back", true, run)
    found: list[int] = []
    for week in range(52):
        found.append(sum(random.random() < true for _ in range(AUDITED)))
        window = found[-POLICY.matching.watch.proof_weeks :]
        if must_step_back(audit(sum(window), AUDITED * len(window))):
            return week + 1
    return None


def test_a_matcher_that_keeps_its_promise_stays() -> None:
    years = [stepped_back_after(0.0025, run) for run in range(40)]
    assert years.count(None) == 40


def test_a_matcher_wrong_three_times_in_a_hundred_steps_back_within_weeks() -> None:
    years = [stepped_back_after(0.03, run) or 99 for run in range(40)]
    assert sorted(years)[20] <= 6
    assert max(years) <= 20


def test_what_is_only_not_proved_is_no_reason_to_step_back() -> None:
    assert not must_step_back(audit(0, 0))
    assert not must_step_back(audit(0, 50))
    assert not must_step_back(audit(2, 200))
    assert must_step_back(audit(6, 200))
    assert audit(6, 200).lower(STEP_BACK_CONFIDENCE) > HONEST


def test_the_policy_sets_the_hold() -> None:
    watch = POLICY.matching.watch.model_copy(update={"match_rate_weeks": 1})
    matching = POLICY.matching.model_copy(update={"watch": watch})
    rules = POLICY.model_copy(update={"matching": matching})
    assert alerts([rated(0, 400, 500)], rules)
