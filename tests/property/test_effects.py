"""Effects: causes are found, what rides along is not, and intervals mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from leadfit.history import Known, Step
from leadfit.learn.claims import Findings
from leadfit.learn.effects import estimate
from leadfit.learn.facts import read_confounders, read_facts
from leadfit.learn.hazard import Watched, cut, fit, gram
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.result import Claim, Effect
from leadfit.learn.rules import Rules
from leadfit.learn.watch import watch
from unit.learn.worlds import Planted, World, make

RULES = Rules()


def find(planted: Planted, step: Step, rules: Rules = RULES) -> Findings:
    past = read_past(planted.history)
    watched = watch(past, climb(past), step, rules)
    return estimate(
        past, step, watched, read_facts(past, rules), read_confounders(past, rules), rules=rules
    )


def of(findings: Findings, fact: str) -> Effect:
    """The effect of ``yes`` against ``no``."""
    (effect,) = [effect for effect in findings.effects if effect.fact == fact]
    return effect


def signed(effect: Effect) -> float:
    return effect.effect if effect.value == "yes" else -effect.effect


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make(
        World(
            seed=11,
            leads=6000,
            convert={"f01": 0.6},
            expand={"f03": 0.8, "f04": -0.8},
            churn={"f06": 0.9},
            riders=("f07",),
            cell_riders=("f08",),
        )
    )


def test_a_cause_is_claimed_with_its_sign(planted: Planted) -> None:
    found = find(planted, Step.EXPANDED)
    assert of(found, "f03").claim is Claim.CAUSED
    assert signed(of(found, "f03")) > 0 > signed(of(found, "f04"))


def test_a_detractor_is_found_for_churn_and_not_for_expansion(planted: Planted) -> None:
    assert of(find(planted, Step.CHURNED_AFTER_USE), "f06").claim is Claim.CAUSED
    assert of(find(planted, Step.EXPANDED), "f06").claim is Claim.INSUFFICIENT


def test_a_fact_that_rides_on_a_channel_has_an_interval_over_zero(planted: Planted) -> None:
    found = find(planted, Step.CONVERTED)
    rider = of(found, "f07")
    assert rider.low < 0 < rider.high
    assert rider.claim is Claim.INSUFFICIENT


def test_confounding_by_an_interaction_is_taken_out_by_the_cells(planted: Planted) -> None:
    rider = of(find(planted, Step.CONVERTED), "f08")
    assert rider.low < 0 < rider.high


def test_without_the_confounders_the_rider_would_look_like_a_cause(planted: Planted) -> None:
    past = read_past(planted.history)
    watched = watch(past, climb(past), Step.CONVERTED, RULES)
    bare = estimate(past, Step.CONVERTED, watched, read_facts(past, RULES), (), rules=RULES)
    assert of(bare, "f08").q_value < 0.05
    assert {effect.claim for effect in bare.effects} <= {Claim.ASSOCIATED, Claim.INSUFFICIENT}


def test_what_only_looked_like_an_effect_is_named(planted: Planted) -> None:
    codes = {(n.code, n.field) for n in find(planted, Step.CONVERTED).notices}
    assert ("confounded", "f08") in codes


def test_a_snapshot_fact_is_associated_at_most() -> None:
    world = World(seed=11, leads=6000, expand={"f03": 0.9}, known=Known.SNAPSHOT)
    assert of(find(make(world), Step.EXPANDED), "f03").claim is Claim.ASSOCIATED


def test_intervals_cover_the_planted_truth_about_nineteen_times_in_twenty() -> None:
    hits, total, false, claimed = 0, 0, 0, 0
    for seed in range(10):
        made = make(World(seed=seed, leads=3000, facts=20, expand={"f03": 0.7, "f04": -0.6}))
        for effect in find(made, Step.EXPANDED).effects:
            truth = made.truth[Step.EXPANDED][effect.fact]
            truth = truth if effect.value == "yes" else -truth
            hits += effect.low <= truth <= effect.high
            total += 1
            claimed += effect.claim is Claim.CAUSED
            false += effect.claim is Claim.CAUSED and truth == 0.0
    assert 0.90 <= hits / total <= 0.99
    assert claimed >= 6
    assert false / claimed <= 0.15


def test_a_copy_of_a_cause_is_not_identified() -> None:
    made = make(World(seed=3, leads=3000, expand={"f03": 0.9}))
    columns = {**made.history.leads.columns}
    columns["f05"] = columns["f03"]
    history = type(made.history)(
        **{
            name: getattr(made.history, name)
            for name in made.history.__dataclass_fields__
            if name != "leads"
        },
        leads=type(made.history.leads)(columns=columns),
    )
    copied = Planted(history=history, truth=made.truth, facts=made.facts, value=made.value)
    found = find(copied, Step.EXPANDED)
    assert of(found, "f03").claim is Claim.NOT_IDENTIFIED
    assert of(found, "f05").claim is Claim.NOT_IDENTIFIED


def watched_of(end: list[float], event: list[bool]) -> Watched:
    n = len(end)
    return Watched(
        row=np.arange(n),
        cluster=np.arange(n),
        entry=np.zeros(n),
        end=np.array(end),
        event=np.array(event),
        timed=True,
        start=np.zeros(n),
    )


def test_the_regression_gives_back_the_rate_of_plain_follow_up() -> None:
    watched = watched_of([6.0, 12.0, 12.0, 3.0], [True, False, False, True])
    baseline = cut(watched, 12.0)
    found = fit(np.empty((4, 0)), baseline, np.empty(0))
    expected = baseline.event.sum(axis=0) / baseline.exposure.sum(axis=0)
    assert np.exp(found.alpha) == pytest.approx(expected, rel=1e-6)


def test_every_interval_of_the_baseline_has_an_event() -> None:
    rng = np.random.default_rng(1)
    watched = watched_of(list(rng.exponential(8, 300).clip(0, 12)), list(rng.random(300) < 0.1))
    baseline = cut(watched, 12.0)
    assert (baseline.event.sum(axis=0) > 0).all()
    assert baseline.months.sum() == pytest.approx(12.0)
    assert baseline.event.sum() == watched.events


def test_clusters_widen_the_error_when_units_repeat() -> None:
    rng = np.random.default_rng(5)
    column = np.repeat(rng.random(60) < 0.5, 10).astype(float)[:, None]
    event = np.repeat(rng.random(60) < 0.3, 10)
    watched = watched_of([12.0] * 600, list(event))
    baseline = cut(watched, 12.0)
    apart = fit(column, baseline, np.zeros(1), clusters=np.arange(600))
    together = fit(column, baseline, np.zeros(1), clusters=np.repeat(np.arange(60), 10))
    assert together.covariance[-1, -1] > 5 * apart.covariance[-1, -1]


def test_errors_of_a_large_fit_are_those_of_the_scores_written_out() -> None:
    rng = np.random.default_rng(6)
    units = 50_000
    columns = (rng.random((units, 4)) < 0.3).astype(float)
    end = np.minimum(rng.exponential(20 * np.exp(-0.4 * columns[:, 0])), 12.0)
    watched = watched_of(list(end), list(end < 12.0))
    baseline, ridge = cut(watched, 12.0), np.full(4, 0.5)
    found = fit(columns, baseline, ridge, clusters=np.arange(units))
    expected = baseline.exposure * np.exp(found.alpha + (columns @ found.beta)[:, None])
    rest = baseline.event - expected
    scores = np.concatenate([rest, columns * rest.sum(axis=1)[:, None]], axis=1)
    size = len(found.alpha)
    hessian = np.zeros((size + 4, size + 4))
    hessian[:size, :size] = np.diag(expected.sum(axis=0))
    hessian[size:, :size] = columns.T @ expected
    hessian[:size, size:] = hessian[size:, :size].T
    hessian[size:, size:] = (columns * expected.sum(axis=1)[:, None]).T @ columns + np.diag(ridge)
    bread = np.linalg.inv(hessian)
    assert found.covariance == pytest.approx(bread @ scores.T @ scores @ bread, rel=1e-7, abs=1e-12)
    shuffled = rng.permutation(units)
    again = fit(columns, baseline, ridge, clusters=shuffled)
    assert again.covariance == pytest.approx(found.covariance, rel=1e-12)


@pytest.mark.parametrize("units", [1, 2047, 2048, 5000])
def test_cross_products_by_stretches_are_those_of_the_whole(units: int) -> None:
    rng = np.random.default_rng(units)
    columns, root = rng.normal(size=(units, 5)), rng.random(units)
    whole = (columns * root[:, None] ** 2).T @ columns
    assert gram(columns, root) == pytest.approx(whole, rel=1e-10, abs=1e-10)
    assert gram(np.asfortranarray(columns), root) == pytest.approx(whole, rel=1e-10, abs=1e-10)
