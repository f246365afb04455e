"""What the drift watch says of calm and of falling scores."""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

import numpy as np
import pytest

from leadfit import learn
from leadfit.history import History, Step
from leadfit.learn.drift.baseline import fit_curve, psi
from leadfit.learn.drift.charts import ClosedLeads, correlation, win_rate, windows
from leadfit.learn.drift.delay import months_to_see
from leadfit.learn.drift.detect import (
    MULTIPLES,
    detector,
    from_decisions,
    from_events,
    stands,
    together,
    watch_detector,
)
from leadfit.learn.result import Estimate
from unit.learn.drifting import Fading, fade, leave
from unit.learn.worlds import START

FELL_ON = 550.0


@pytest.fixture(scope="module")
def calm() -> History:
    return fade(Fading(seed=1))


@pytest.fixture(scope="module")
def fallen() -> History:
    return fade(Fading(seed=2, falls_on=FELL_ON))


def test_a_calm_score_raises_no_alarm(calm: History) -> None:
    found = learn.drift(calm)
    assert found.level in {"calm", "watch"}
    assert not found.segments
    assert found.win_rate is not None
    assert not found.win_rate.fired


def test_a_fall_is_an_alarm_within_two_months_and_the_segment_is_named(fallen: History) -> None:
    found = learn.drift(fallen)
    assert found.level == "alarm"
    assert found.joint is not None
    assert found.joint.alarm_since is not None
    late = found.joint.alarm_since - START
    assert timedelta(days=FELL_ON) < late < timedelta(days=FELL_ON + 61)
    assert found.joint.likely_onset is not None
    assert abs((found.joint.likely_onset - START).days - FELL_ON) < 31
    assert [(each.fact, each.value) for each in found.segments] == [("industry", "saas")]
    assert "industry = saas" in found.words


def test_accept_and_reject_are_seen_before_wins(fallen: History) -> None:
    since = {each.step: each.alarm_since for each in learn.drift(fallen).steps}
    first, later = since[Step.ACCEPTED], since[Step.CONVERTED]
    assert first is not None
    assert later is None or first < later


def test_parts_of_a_changed_win_rate_sum_to_it(fallen: History) -> None:
    found = learn.drift(fallen)
    assert found.win_rate is not None
    total = math.fsum(each.points.value or 0.0 for each in found.blame)
    assert total == pytest.approx(found.win_rate.points.value, abs=1e-9)
    assert [each.part for each in found.blame] == [
        *("lead_mix", "icp_fit", "follow_up_speed", "rep", "rest")
    ]


def test_slow_follow_up_is_blamed_for_the_wins_it_costs() -> None:
    history = fade(Fading(seed=3, slower_from=900.0))
    found = learn.drift(history)
    assert found.win_rate is not None
    assert found.win_rate.fired
    parts = {each.part: each.points for each in found.blame}
    high = parts["follow_up_speed"].high
    assert high is not None
    assert high < -0.02
    fit = parts["icp_fit"].low
    assert fit is not None
    assert fit < 0.05


def test_fewer_leads_make_longer_delays(calm: History) -> None:
    found = learn.drift(calm)
    alarms = {each.leads_a_month: each for each in found.delays if each.level == "alarm"}
    few, many = alarms[300.0].sudden_months, alarms[1000.0].sudden_months
    assert few is not None
    assert many is not None
    assert many < few


def test_the_age_of_a_profile_and_its_lag_are_told(fallen: History) -> None:
    made, update = START + timedelta(days=300), START + timedelta(days=700)
    found = learn.drift(fallen, updated_at=[made, update])
    assert found.age.updated
    assert found.age.age_days == pytest.approx((fallen.as_of - update).days)
    assert found.age.first_evidence_at is not None
    lag = (update - found.age.first_evidence_at).total_seconds() / 86400
    assert found.age.lag_days == pytest.approx(lag)


def test_given_scores_are_watched_in_place_of_the_column(calm: History) -> None:
    ids = [str(each) for each in calm.leads.columns["lead_id"]]
    noise = np.random.default_rng(5).random(len(ids))
    found = learn.drift(calm, dict(zip(ids, noise.tolist(), strict=True)))
    assert found.level == "cannot_tell"
    assert found.score_name == "given scores"


def test_an_artifact_is_watched_from_the_day_it_was_made(fallen: History) -> None:
    keep = START + timedelta(days=500)
    events = fallen.events.columns
    rows = [n for n, at in enumerate(events["at"]) if at <= keep]  # type: ignore[operator]  # times, in this history
    leads = fallen.leads.columns
    young = [n for n, at in enumerate(leads["created_at"]) if at <= keep]  # type: ignore[operator]  # times, in this history
    past = dataclasses.replace(
        fallen,
        as_of=keep,
        events=type(fallen.events)(
            columns={name: [col[n] for n in rows] for name, col in events.items()}
        ),
        leads=type(fallen.leads)(
            columns={name: [col[n] for n in young] for name, col in leads.items()}
        ),
    )
    artifact = learn.fit(past)
    found = learn.drift(fallen, artifact)
    assert found.level == "alarm"
    assert found.age.made_at == keep


def test_a_mix_that_moved_much_gets_a_new_baseline_and_no_alarm() -> None:
    found = learn.drift(fade(Fading(seed=5, moves_on=FELL_ON)))
    assert found.level != "alarm"
    assert found.rebaselined_at
    since = (found.rebaselined_at[0] - START).days
    assert FELL_ON < since < FELL_ON + 100
    assert max(each.psi or 0.0 for each in found.months) > 0.25


def test_a_history_without_times_cannot_tell(calm: History) -> None:
    found = learn.drift(dataclasses.replace(calm, times_known=False))
    assert found.level == "cannot_tell"
    assert found.joint is None


def test_a_moved_mix_has_a_high_psi_and_a_steady_one_has_not() -> None:
    rng = np.random.default_rng(4)
    before = rng.standard_normal(5000)
    assert psi(before, rng.standard_normal(2000)) < 0.05
    assert psi(before, rng.standard_normal(2000) + 1) > 0.25


def test_a_win_rate_fires_at_just_over_five_points_with_enough_leads_and_not_at_noise() -> None:
    def asked(units: int, hits: tuple[int, int]) -> bool:
        won = np.zeros(2 * units, np.bool_)
        won[: hits[0]] = True
        won[units : units + hits[1]] = True
        start = np.concatenate([np.linspace(0, 300, units), np.linspace(400, 480, units)])
        closed = ClosedLeads(of="leads", row=np.arange(2 * units), start=start, won=won)
        before, now = windows(closed, 0.0, 365.0)
        found = win_rate(closed, before, now, Estimate(), learn.DriftRules())
        assert found is not None
        return found.fired

    assert asked(10_000, (3000, 2490))
    assert not asked(100, (30, 24))
    assert not asked(10_000, (3000, 2510))


def test_the_latent_correlation_does_not_fall_when_wins_become_rare() -> None:
    rng = np.random.default_rng(6)
    score = rng.standard_normal(40_000)
    scale = 0.6 * score + 0.8 * rng.standard_normal(40_000)
    plain, latent = zip(*(correlation(score, scale > cut) for cut in (0.0, 2.0)), strict=True)
    assert (plain[0].value or 0) - (plain[1].value or 0) > 0.1
    assert latent[0] == pytest.approx(0.6, abs=0.03)
    assert latent[1] == pytest.approx(0.6, abs=0.06)


def test_a_likelihood_ratio_of_a_block_has_mean_one_when_nothing_changed() -> None:
    rng = np.random.default_rng(7)
    score = rng.standard_normal(20_000)
    yes = rng.random(20_000) < 1 / (1 + np.exp(-score))
    curve = fit_curve(score, yes, np.zeros(20_000, np.int64))
    assert curve is not None
    later = rng.standard_normal(40_000)
    answer = rng.random(40_000) < 1 / (1 + np.exp(-later - 0.7))
    month = np.repeat(np.arange(40), 1000)
    found = from_decisions(curve, later, answer, month, np.arange(40_000.0), 0.0)
    mean = np.exp(found.log_ratio).mean(axis=0)
    assert mean[0] == pytest.approx(1.0, abs=0.1)
    assert mean[2] == pytest.approx(1.0, abs=0.3)


def test_a_level_that_moves_alone_leaves_the_evidence_as_it_was() -> None:
    rng = np.random.default_rng(8)
    score = rng.standard_normal(12_000)
    yes = rng.random(12_000) < 1 / (1 + np.exp(-score))
    curve = fit_curve(score, yes, np.arange(12_000) // 1000)
    assert curve is not None
    later = rng.standard_normal(6000)
    month = np.arange(6000) // 1000
    for level in (0.0, -1.5):
        answer = rng.random(6000) < 1 / (1 + np.exp(-later - level))
        found = from_decisions(curve, later, answer, month, np.arange(6000.0))
        assert (found.log_ratio.sum(axis=0)[3:] < 0).all()


def test_winners_without_a_better_score_are_evidence() -> None:
    rng = np.random.default_rng(9)
    score = rng.standard_normal(12_000)
    yes = rng.random(12_000) < 1 / (1 + np.exp(3.5 - 1.5 * score))
    curve = fit_curve(score, yes, np.arange(12_000) // 1000)
    assert curve is not None
    start = np.sort(rng.random(3000) * 90)
    won = np.where(rng.random(3000) < 0.05, start + 60.0, np.nan)
    month = (start // 30).astype(np.int64)
    later = rng.standard_normal(3000)
    found = from_events(curve, np.full(50, 60.0), later, start, won, month, (0.0, math.inf))
    assert found.log_ratio.sum(axis=0)[-1] > 10
    assert len(found.at) == int((~np.isnan(won)).sum())


def test_customers_who_leave_and_expand_are_watched_and_a_lost_hold_on_them_is_an_alarm() -> None:
    found = {each.step: each for each in learn.drift(leave(7301, falls_on=FELL_ON)).steps}
    for step in (Step.EXPANDED, Step.CHURNED_AFTER_USE):
        since = found[step].alarm_since
        assert since is not None, step
        assert since > START + timedelta(days=FELL_ON)


def test_customers_who_leave_and_expand_as_they_did_raise_few_alarms() -> None:
    levels = [learn.drift(leave(seed)).level for seed in range(7304, 7310)]
    assert levels.count("alarm") <= 1, levels


def test_a_score_that_favours_those_who_leave_has_no_hold_to_lose() -> None:
    found = learn.drift(leave(7303, right_way=False))
    assert Step.CHURNED_AFTER_USE not in {each.step for each in found.steps}


def test_who_left_before_use_is_no_longer_at_risk_of_leaving_after_it() -> None:
    rng = np.random.default_rng(10)
    score = rng.standard_normal(4000)
    yes = rng.random(4000) < 1 / (1 + np.exp(2 - score))
    curve = fit_curve(score, yes, np.zeros(4000, np.int64))
    assert curve is not None
    at = np.where(np.arange(3) == 0, 50.0, np.nan)
    sides = (np.full(9, 40.0), np.array([0.0, 9.0, -9.0]), np.zeros(3), at, np.zeros(3, np.int64))
    everyone = from_events(curve, *sides, (0.0, 99.0))
    gone = from_events(curve, *sides, (0.0, 99.0), 1.0, np.array([np.nan, 10.0, np.nan]))
    assert everyone.log_ratio[0, 0] > gone.log_ratio[0, 0]


def test_a_watch_comes_up_and_goes_again_while_an_alarm_stays() -> None:
    gained = np.zeros((400, len(MULTIPLES)))
    gained[100:110] = 1.0
    gained[200:] = -0.02
    on, log = stands(watch_detector(gained), 30.0), detector(gained)
    assert not on[:100].any()
    assert on[110]
    assert not on[-1]
    assert log.max() > math.log(1044)


def test_a_watch_never_rests_on_more_than_the_e_detector_of_its_multiple() -> None:
    rng = np.random.default_rng(11)
    gained = np.repeat(0.3 * rng.standard_normal((300, 1)) - 0.05, len(MULTIPLES), axis=1)
    assert (watch_detector(gained) <= detector(gained) + 1e-9).all()


def test_a_detector_fed_with_nothing_counts_the_weeks_begun() -> None:
    log = detector(np.zeros((21, len(MULTIPLES))))
    assert np.exp(log) == pytest.approx(np.repeat([1.0, 2.0, 3.0], 7))


def test_the_mean_of_detectors_lies_between_them() -> None:
    logs = np.array([[0.0, 5.0], [2.0, 1.0]])
    mean = together(logs, np.array([0.5, 0.5]))
    assert (mean < logs.max(axis=0)).all()
    assert (mean > logs.min(axis=0)).all()


def test_a_delay_beyond_five_years_is_not_given() -> None:
    assert months_to_see(5.0, 0.01, 0.2, 7.0, ramp_months=9.0) is None
    quick = months_to_see(1000.0, 0.13, 0.03, 7.0, ramp_months=0.0)
    assert quick is not None
    assert quick < 1.0


def test_expected_delays_lie_near_the_simulated_ones() -> None:
    """Medians of ``benchmarks/learn_drift.py``, whose baselines are known this well."""
    for a_month, guard, simulated in ((1000.0, 0.0275, (5.4, 0.75)), (300.0, 0.0513, (7.9, 2.3))):
        found = [
            months_to_see(a_month, 0.124, guard, math.log(1044), ramp_months=ramp)
            for ramp in (9.0, 0.0)
        ]
        assert found == pytest.approx(simulated, rel=0.15)


def test_customers_of_one_segment_that_are_noted_more_are_named_with_the_reason() -> None:
    made = leave(7320)
    leads, events = made.leads.columns, made.events.columns
    saas = [a for a, x in zip(leads["account_id"], leads["industry"], strict=True) if x == "saas"]
    day = made.as_of - timedelta(days=20)
    for value, expected in ((-1.0, True), (None, True), (1.0, False)):
        notes: dict[str, list[object]] = {
            "at": [day] * 300,
            "kind": ["health_note"] * 300,
            "account_id": saas[:300],
            "value": [value] * 300,
            "reason": ["no_value"] * 300,
        }
        size = made.events.rows
        blank: dict[str, list[object]] = {name: [None] * 300 for name in events}
        told = {
            name: [*events.get(name, [None] * size), *column]
            for name, column in (blank | notes).items()
        }
        found = learn.drift(dataclasses.replace(made, events=type(made.events)(columns=told)))
        named = [(each.fact, each.value, each.reason) for each in found.noted]
        assert named == ([("industry", "saas", "no_value")] if expected else [])


def test_a_history_without_notes_names_no_customers() -> None:
    assert learn.drift(leave(7321)).noted == ()


def test_a_watch_level_rises_with_volume_and_can_be_set() -> None:
    rules = learn.DriftRules()
    levels = [rules.watch_level(volume) for volume in (1.0, 300.0, 600.0, 1000.0, 9000.0)]
    assert levels == sorted(levels)
    assert levels[0] == levels[1] < levels[2] < levels[3] == levels[4] < rules.alarm_at
    assert learn.DriftRules(watch_at=40.0).watch_level(300.0) == 40.0


def test_a_watch_says_how_often_it_comes_without_cause() -> None:
    found = learn.drift(fade(Fading(seed=1)), rules=learn.DriftRules(watch_at=0.001))
    assert found.level == "watch"
    assert "of quarters show this without cause" in found.words
    assert found.age.first_evidence_at is not None
