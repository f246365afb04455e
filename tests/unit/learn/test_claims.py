"""Claims: first facts are found, then values within them, within and over all outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from leadfit.history import Step
from leadfit.learn.claims import Contrasted, Findings, judge, judge_together, robustness_value
from leadfit.learn.effects import estimate
from leadfit.learn.facts import read_facts
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.result import Claim, Effect
from leadfit.learn.rules import Rules
from leadfit.learn.watch import watch
from leadfit.levels import BLANK
from unit.learn.worlds import World, make

RULES = Rules()
STEPS = (Step.ACCEPTED, Step.CONVERTED, Step.EXPANDED)


def watched() -> Watched:
    none = np.zeros(400)
    rows = np.arange(400)
    event = rows % 2 == 0
    return Watched(
        row=rows, cluster=rows, entry=none, end=none + 9, event=event, timed=True, start=none
    )


def row(fact: str, value: str, z: float, joint: float) -> Contrasted:
    return Contrasted(
        fact=fact,
        value=value,
        effect=0.01 * z,
        error=0.01,
        clusters=400,
        freedom=380,
        units=100,
        events=50,
        blurred=None,
        crude=(0.01 * z, z),
        most=Claim.CAUSED,
        joint=joint,
    )


def drawn(seed: int, facts: int = 12, values: int = 4) -> list[Contrasted]:
    """Draw facts of which a third do something, with Wald's test of the values' own z."""
    rng = np.random.default_rng(seed)
    found: list[Contrasted] = []
    for n in range(facts):
        z = rng.normal(4.0 * (n % 3 == 0), 1.0, values)
        joint = float(stats.chi2.sf(float((z**2).sum()), values))
        found += [row(f"f{n}", f"v{k}", float(each), joint) for k, each in enumerate(z)]
    return found


def findings(step: Step, rows: Sequence[Contrasted]) -> Findings:
    seen = watched()
    return Findings(
        step=step,
        watched=seen,
        effects=judge(rows, step, seen, RULES),
        rows=tuple(rows),
        notices=(),
    )


def q_of(effects: Sequence[Effect]) -> list[float]:
    return [effect.q_value for effect in effects]


@pytest.mark.parametrize("seed", range(5))
def test_within_a_fact_a_larger_p_never_has_a_smaller_q(seed: int) -> None:
    rows = drawn(seed)
    effects = judge(rows, Step.CONVERTED, watched(), RULES)
    for fact in {each.fact for each in rows}:
        own = [
            (abs(r.effect), e.q_value) for r, e in zip(rows, effects, strict=True) if r.fact == fact
        ]
        ordered = [q for _, q in sorted(own, reverse=True)]
        assert ordered == sorted(ordered)
        assert all(0.0 <= q <= 1.0 for q in ordered)


@pytest.mark.parametrize("seed", range(5))
def test_a_value_never_has_a_smaller_q_than_its_fact(seed: int) -> None:
    rows = drawn(seed)
    joint = {each.fact: each.joint for each in rows}
    of_fact = dict(zip(joint, stats.false_discovery_control([*joint.values()]), strict=True))
    for effect in judge(rows, Step.CONVERTED, watched(), RULES):
        assert effect.q_value >= of_fact[effect.fact] - 1e-12


def test_a_fact_not_found_passes_none_of_its_values() -> None:
    rows = [row("quiet", "v0", 9.0, 0.4), row("quiet", "v1", 0.1, 0.4), row("loud", "v0", 9.0, 0.0)]
    effects = judge(rows, Step.CONVERTED, watched(), RULES)
    assert [effect.claim for effect in effects] == [
        Claim.INSUFFICIENT,
        Claim.INSUFFICIENT,
        Claim.CAUSED,
    ]


def test_values_are_tested_at_the_rate_times_the_share_of_facts_found() -> None:
    """One of ten facts is found: its value has to pass at a tenth of the rate."""
    silent = [row(f"f{n}", "v0", 0.1, 0.9) for n in range(9)]
    one = row("found", "v0", 2.6, 1e-6)
    p = float(2 * stats.t.sf(2.6, 399))
    *_, effect = judge([*silent, one], Step.CONVERTED, watched(), RULES)
    assert effect.q_value == pytest.approx(10 * p)
    assert effect.claim is Claim.INSUFFICIENT
    (alone,) = judge([one], Step.CONVERTED, watched(), RULES)
    assert alone.q_value == pytest.approx(p)
    assert alone.claim is Claim.CAUSED


@pytest.mark.parametrize("seed", range(5))
def test_a_q_value_is_the_larger_of_its_outcome_and_of_all_outcomes(seed: int) -> None:
    rows = [drawn(10 * seed + n) for n in range(len(STEPS))]
    found = [findings(step, own) for step, own in zip(STEPS, rows, strict=True)]
    named = [
        replace(each, fact=f"{step} {each.fact}")
        for step, own in zip(STEPS, rows, strict=True)
        for each in own
    ]
    whole = q_of(judge(named, Step.CONVERTED, watched(), RULES))
    own_q = [q for each in found for q in q_of(each.effects)]
    judged = [effect for each in judge_together(found, RULES) for effect in each.effects]
    joint = {(n, each.fact): each.joint for n, own in enumerate(rows) for each in own}
    shut = 5 * float(stats.false_discovery_control(list(joint.values())).min())
    whole = [max(q, shut) for q in whole]
    assert q_of(judged) == pytest.approx([max(pair) for pair in zip(own_q, whole, strict=True)])
    for effect in judged:
        assert (effect.claim is Claim.CAUSED) == (effect.q_value <= RULES.false_discovery_rate)


def test_facts_that_do_nothing_are_claimed_in_one_world_of_twenty_at_most() -> None:
    rng = np.random.default_rng(3)
    claimed = 0
    for _ in range(200):
        rows: list[Contrasted] = []
        for n in range(10):
            z = rng.normal(0.0, 1.0, 3)
            joint = float(stats.chi2.sf(float((z**2).sum()), 3))
            rows += [row(f"f{n}", f"v{k}", float(each), joint) for k, each in enumerate(z)]
        effects = judge(rows, Step.CONVERTED, watched(), RULES)
        claimed += any(effect.claim is Claim.CAUSED for effect in effects)
    # Two standard errors over .05.
    assert claimed <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)


def test_where_nothing_matters_for_any_outcome_hardly_one_world_in_a_hundred_claims() -> None:
    rng = np.random.default_rng(4)
    claimed, worlds = 0, 400
    for _ in range(worlds):
        steps = []
        for step in STEPS:
            z = rng.normal(0.0, 1.0, 20)
            rows = [
                row(f"f{n}", "yes", float(each), float(2 * stats.norm.sf(abs(each))))
                for n, each in enumerate(z)
            ]
            steps.append(findings(step, rows))
        judged = judge_together(steps, RULES)
        claimed += any(e.claim is Claim.CAUSED for found in judged for e in found.effects)
    # Three standard errors over .01.
    assert claimed <= worlds * 0.01 + 3 * np.sqrt(worlds * 0.01 * 0.99)


@pytest.mark.parametrize("joint", [1e-5, 9e-4, 1.1e-3, 4e-3])
def test_a_lone_fact_is_claimed_only_if_the_whole_past_is_open(joint: float) -> None:
    rows = [row("a", "yes", 6.0, joint), *(row(f"n{n}", "yes", 0.1, 0.9) for n in range(9))]
    (found,) = judge_together([findings(Step.CONVERTED, rows)], RULES)
    is_open = 10 * joint <= RULES.any_claim_level
    assert (found.effects[0].claim is Claim.CAUSED) == is_open
    assert found.effects[0].q_value == pytest.approx(50 * joint)


def test_a_value_that_hardly_anybody_reached_with_is_judged_by_its_odds_as_well() -> None:
    rows = [
        replace(row("a", "low", -4.0, 1e-6), odds=-1.5),
        *(row(f"n{n}", "yes", 0.1, 0.9) for n in range(4)),
    ]
    (low, *_) = judge(rows, Step.CONVERTED, watched(), RULES)
    assert low.claim is Claim.INSUFFICIENT
    (sure, *_) = judge([replace(rows[0], odds=-4.2), *rows[1:]], Step.CONVERTED, watched(), RULES)
    assert sure.claim is Claim.CAUSED


def test_values_with_few_outcomes_are_not_called_lower_more_often_than_they_say() -> None:
    past = read_past(make(World(seed=73, leads=1200, facts=1, convert_rate=0.004)).history)
    seen = watch(past, climb(past), Step.CONVERTED, RULES)
    (fact,) = read_facts(past, RULES)
    rng = np.random.default_rng(0)
    plain, both = 0, 0
    for _ in range(150):
        dealt = replace(fact, codes=(rng.random(past.rows) < 0.1).astype(np.int64))
        (found,) = estimate(past, Step.CONVERTED, seen, (dealt,), (), rules=RULES).rows
        plain += abs(found.effect / found.error) > 1.96
        both += min(abs(found.effect / found.error), abs(found.odds)) > 1.96
    assert both <= plain
    # Two standard errors over .05.
    assert both <= 150 * 0.05 + 2 * np.sqrt(150 * 0.05 * 0.95)


def test_walds_test_of_a_fact_that_does_nothing_is_as_often_small_as_it_says() -> None:
    past = read_past(make(World(seed=71, leads=900, facts=1, convert_rate=0.03)).history)
    seen, confounders = watch(past, climb(past), Step.CONVERTED, RULES), ()
    (fact,) = read_facts(past, RULES)
    labels = ("a", "b", "c", "d", BLANK)
    four = replace(fact, read=replace(fact.read, levels=labels, values=labels[:4]))
    rng = np.random.default_rng(0)
    p_values: list[float] = []
    for _ in range(80):
        dealt = replace(four, codes=rng.integers(0, 5, past.rows))
        found = estimate(past, Step.CONVERTED, seen, (dealt,), confounders, rules=RULES)
        assert len({each.joint for each in found.rows}) == 1
        p_values.append(found.rows[0].joint)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_walds_test_of_a_strong_fact_is_small_and_of_one_that_does_nothing_is_not() -> None:
    past = read_past(make(World(seed=72, leads=1500, facts=2, convert={"f01": 1.2})).history)
    seen = watch(past, climb(past), Step.CONVERTED, RULES)
    found = estimate(past, Step.CONVERTED, seen, read_facts(past, RULES), (), rules=RULES)
    joint = {each.fact: each.joint for each in found.rows}
    assert joint["f01"] < 1e-6 < joint["f00"]


def test_no_rows_no_effects() -> None:
    assert judge([], Step.CONVERTED, watched(), RULES) == ()
    assert judge_together([findings(Step.CONVERTED, [])], RULES)[0].effects == ()


@pytest.mark.parametrize(
    ("t", "freedom", "value"),
    [
        # Of Cinelli and Hazlett 2020, table 1: the effect of being harmed in Darfur.
        (4.18, 783, 0.139),
        (-4.18, 783, 0.139),
        (0.0, 100, 0.0),
        (1e-300, 100, 0.0),
        (1e12, 1, 1.0),
        (1e300, 1, 1.0),
    ],
)
def test_the_robustness_value_is_that_of_its_authors_at_any_size(
    t: float, freedom: float, value: float
) -> None:
    assert robustness_value(t, freedom) == pytest.approx(value, abs=5e-4)
