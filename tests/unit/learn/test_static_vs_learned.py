"""A static profile beside the learned score: on accounts the score has not seen, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from leadfit import learn
from leadfit.history import History, Table
from leadfit.learn import cross_fitting, static_vs_learned
from leadfit.learn.checks import proportion
from leadfit.learn.facts import read_confounders, read_facts
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, read_past
from leadfit.learn.result import Estimate, Finding, StaticFindings
from leadfit.learn.rules import Rules
from leadfit.learn.weights import weigh
from unit.learn.worlds import Planted, World, make

RULES = Rules()
IDEAL = learn.read_static({"rule": [{"fact": "f01", "in": ["yes"]}]})


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make(
        World(
            seed=7411, leads=1500, facts=6,
            convert={"f00": 0.8}, expand={"f02": 0.9}, churn={"f03": 0.8},
        )
    )  # fmt: skip


def standing(history: History) -> Floats:
    past = read_past(history)
    ladder = climb(past)
    facts, confounders = read_facts(past, RULES), read_confounders(past, RULES)
    weights, detractor = weigh(past, ladder, RULES, np.random.default_rng(1))
    found = cross_fitting.cross_fit(past, facts, confounders, weights, detractor, RULES)
    assert found is not None
    assert found.folds == RULES.folds
    return found.standing


def keep_events(history: History, keep: Sequence[bool]) -> History:
    columns = {
        name: [value for value, stays in zip(values, keep, strict=True) if stays]
        for name, values in history.events.columns.items()
    }
    return replace(history, events=Table(columns=columns))


def fold_of(history: History) -> Bools:
    """Return which leads are of the first fold, as they are dealt."""
    names = read_past(history).account_ids
    return np.array([cross_fitting.lot(name) % RULES.folds == 0 for name in names])


def test_what_became_of_an_account_never_moves_its_own_standing(planted: Planted) -> None:
    history = planted.history
    first = fold_of(history)
    own = {f"a{n}" for n in np.flatnonzero(first)}
    silent = keep_events(history, [a not in own for a in history.events.columns["account_id"]])
    past, mute = read_past(history), read_past(silent)
    facts, confounders = read_facts(past, RULES), read_confounders(past, RULES)
    weights, detractor = weigh(past, climb(past), RULES, np.random.default_rng(1))
    seen, unseen = (
        cross_fitting.cross_fit(each, facts, confounders, weights, detractor, RULES)
        for each in (past, mute)
    )
    assert seen is not None
    assert unseen is not None
    assert (seen.standing[first] == unseen.standing[first]).all()
    assert (seen.standing[~first] != unseen.standing[~first]).any()


def test_a_past_without_some_accounts_is_read_as_if_they_had_never_been(planted: Planted) -> None:
    history = planted.history
    past = read_past(history)
    left_out = np.zeros(past.rows, dtype=np.bool_)
    left_out[::3] = True
    gone = {past.account_ids[n] for n in past.account[left_out]}
    leads = {
        name: [v for v, out in zip(values, left_out, strict=True) if not out]
        for name, values in history.leads.columns.items()
    }
    fewer = keep_events(history, [a not in gone for a in history.events.columns["account_id"]])
    read, cut = (
        read_past(replace(fewer, leads=Table(columns=leads))),
        cross_fitting.without(past, left_out),
    )
    assert cut.account_ids == read.account_ids
    assert (cut.created == read.created).all()
    assert (cut.first_row == read.first_row).all()
    one, other = climb(cut), climb(read)
    for step, reached in one.reached.items():
        assert (reached == other.reached[step]).all()
        assert np.array_equal(one.at[step], other.at[step], equal_nan=True)


def test_where_facts_mean_nothing_the_learned_score_earns_nothing_more() -> None:
    made = make(World(seed=7412, leads=1500, facts=40))
    found = compared(made.history)
    assert found.same_number is not None
    times = found.same_number.revenue_ratio
    assert times.low is not None
    assert times.high is not None
    assert times.low < 1.0 < times.high


def test_accounts_with_equal_scores_are_not_ranked_by_age(planted: Planted) -> None:
    found = standing(planted.history)
    created = read_past(planted.history).created
    codes = np.array(
        ["".join(str(int(v)) for v in row) for row in zip(*planted.facts.values(), strict=True)]
    )
    same = codes == max(set(codes), key=codes.tolist().count)
    assert same.sum() >= 40
    assert abs(np.corrcoef(found[same], created[same])[0, 1]) < 0.4


def compared(history: History) -> StaticFindings:
    found = learn.benchmark(history, static_icp=IDEAL).static_icp
    assert found is not None
    return found


def test_both_the_same_number_and_the_best_tenth_are_compared(planted: Planted) -> None:
    found = compared(planted.history)
    assert found.same_number is not None
    assert found.top_decile is not None
    assert found.same_number.accounts == found.accounts_called_ideal
    assert found.top_decile.accounts == 150
    assert found.same_number.revenue_per_account == found.learned_revenue_per_account
    assert "learned without it (5 folds by account)" in found.scored_how
    for each in (found, found.same_number, found.top_decile):
        share = each.detractors_inside_share
        assert share.low is not None
        assert share.value is not None
        assert share.high is not None
        assert 0 <= share.low <= share.value <= share.high <= 1


def test_the_ratio_is_of_the_two_revenues_an_account(planted: Planted) -> None:
    found = compared(planted.history)
    assert found.same_number is not None
    one, other = found.learned_revenue_per_account.value, found.revenue_per_account.value
    assert one is not None
    assert other is not None
    assert found.same_number.revenue_ratio.value == pytest.approx(one / other)


def test_accounts_that_the_tier_never_judged_are_on_neither_side(planted: Planted) -> None:
    tiers = [None if n % 2 else ("1" if n % 4 else "2") for n in range(1500)]
    tiers[::10] = ["1"] * 150
    columns = {**planted.history.leads.columns, "tier": tiers}
    found = learn.benchmark(replace(planted.history, leads=Table(columns=columns))).static_icp
    assert found is not None
    assert found.top_decile is not None
    assert found.top_decile.accounts == sum(tier is not None for tier in tiers) // 10


def test_too_few_outcomes_leave_the_learned_side_blank() -> None:
    few = make(World(seed=7413, leads=60, facts=2, convert_rate=0.003))
    found = compared(few.history)
    assert found.same_number is None
    assert found.top_decile is None
    assert found.learned_revenue_per_account == Estimate()
    assert "Too little" in found.scored_how


def test_the_interval_of_a_ratio_is_that_of_a_bootstrap_by_account() -> None:
    rng = np.random.default_rng(7414)
    size = 2000
    revenue = np.where(rng.random(size) < 0.3, rng.lognormal(8.0, 0.8, size), 0.0)
    one, other = np.arange(500), np.arange(300, 1300)
    found = static_vs_learned.ratio(revenue, one, other)
    drawn = []
    for _ in range(1500):
        times = np.bincount(rng.integers(0, size, size), minlength=size)
        means = [(revenue * times)[part].sum() / times[part].sum() for part in (one, other)]
        drawn.append(means[0] / means[1])
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.04)


def test_a_ratio_to_nothing_or_of_a_handful_has_no_interval() -> None:
    revenue = np.array([5.0, 5.0, 0.0, 0.0, *[1.0] * 40])
    assert static_vs_learned.ratio(revenue, np.array([0, 1]), np.array([2, 3])) == Estimate()
    few = static_vs_learned.ratio(revenue, np.array([0, 1]), np.arange(4, 44))
    assert (few.value, few.low, few.high) == (5.0, None, None)


def test_leads_of_one_account_that_go_alike_count_as_one() -> None:
    by_account = np.arange(200) < 60
    hit, account = np.repeat(by_account, 5), np.repeat(np.arange(200), 5)
    found, alone = static_vs_learned.clustered_share(hit, account), proportion(60, 200)
    assert found.value == alone.value
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    apart = static_vs_learned.clustered_share(hit, np.arange(1000))
    assert apart.low == pytest.approx(proportion(300, 1000).low)


@pytest.mark.parametrize(
    ("low", "high", "finding"),
    [
        (2.1, 2.9, Finding.REPRODUCED),
        (1.1, 1.9, Finding.REFUTED),
        (3.1, 5.0, Finding.REFUTED),
        (1.5, 2.5, Finding.CANNOT_TELL),
        (None, None, Finding.CANNOT_TELL),
    ],
)
def test_a_common_claim_is_judged_by_the_whole_interval(
    low: float | None, high: float | None, finding: Finding
) -> None:
    found = Estimate(value=2.0, low=low, high=high)
    assert (
        static_vs_learned.hold("2-3x", "top_decile.revenue_ratio", found, (2.0, 3.0)).finding
        is finding
    )
