"""The adjustment of effects, held against public experiments whose answer is known.

On chances amounts are asked as yes or no: whether there was any income, whether a customer came
back. On amounts they are asked as they are: dollars, kilograms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from leadfit.history import Step
from leadfit.learn.effects import estimate
from leadfit.learn.facts import to_levels
from leadfit.learn.result import Claim, Effect
from stories.experiments import (
    CAUSAL,
    GAIN,
    RULES,
    amount_of,
    hillstrom,
    ihdp,
    lalonde,
    nhefs,
    past_of,
    read,
    rows_of,
    standard_error,
    trial,
)

needs_data = pytest.mark.skipif(not CAUSAL.is_dir(), reason="no ../shared/data/causal here")


def effect_of(  # noqa: PLR0917 -- a trial has this many sides
    rows: Sequence[Mapping[str, object]], treatment: str, value: str, numbers: Sequence[str],
    texts: Sequence[str], event: Sequence[bool],
) -> Effect:  # fmt: skip
    """Return the adjusted effect of ``treatment`` being ``value`` as the learner estimates it."""
    past, watched = past_of(len(rows), event)
    facts = [to_levels(treatment, [row[treatment] for row in rows], False, RULES)]
    facts += read(rows, numbers, texts)
    found = estimate(past, Step.CONVERTED, watched, facts, (), rules=RULES).effects
    chosen = [each for each in found if each.fact == treatment]
    exact = [each for each in chosen if each.value == value]
    if exact:
        return exact[0]
    # Of two values the second is shown; the first is its reverse.
    other = chosen[0]
    return replace(other, value=value, effect=-other.effect, low=-other.high, high=-other.low)


def difference(event: Sequence[float], treated: Sequence[bool]) -> tuple[float, float]:
    """Return the difference of two means and its standard error."""
    e, t = np.array(event, dtype=float), np.array(treated)
    one, two = e[t], e[~t]
    error = np.sqrt(one.var() / len(one) + two.var() / len(two))
    return float(one.mean() - two.mean()), float(error)


@needs_data
@pytest.mark.parametrize("arm", ["Mens E-Mail", "Womens E-Mail"])
def test_in_an_experiment_the_adjusted_effect_is_the_difference_in_means(arm: str) -> None:
    """Hillstrom half A: randomised, so that there is nothing to adjust for."""
    rows = [
        row for row in rows_of("hillstrom_half_a.csv.gz") if row["treatment"] in {arm, "No E-Mail"}
    ]
    visited = [row["visit"] == "1" for row in rows]

    found = effect_of(
        rows, "treatment", arm, ("recency", "history"),
        ("mens", "womens", "zip_code", "newbie", "channel"), visited,
    )  # fmt: skip

    means, error = difference(visited, [row["treatment"] == arm for row in rows])
    assert abs(found.effect - means) < error / 4
    assert found.low <= means <= found.high


@needs_data
def test_adjustment_turns_the_sign_that_a_comparison_with_strangers_gets_wrong() -> None:
    """LaLonde: trained men against the census; the experiment says that training brought work."""
    run, census = rows_of("nsw_mixtape.csv.gz"), rows_of("cps_mixtape.csv.gz")
    treated = [row for row in run if float(row["treat"]) > 0]
    rows = [
        {
            **row,
            "treat": "yes" if float(row["treat"]) > 0 else "no",
            "without_74": str(float(row["re74"]) == 0),
            "without_75": str(float(row["re75"]) == 0),
        }
        for row in [*treated, *census]
    ]
    works = [float(row["re78"]) > 0 for row in rows]
    truth, error = difference(
        [float(row["re78"]) > 0 for row in run], [float(row["treat"]) > 0 for row in run]
    )

    found = effect_of(
        rows, "treat", "yes", ("age", "educ", "re74", "re75"),
        ("black", "hisp", "marr", "nodegree", "without_74", "without_75"), works,
    )  # fmt: skip

    assert difference(works, [row["treat"] == "yes" for row in rows])[0] < -0.08
    assert found.low > 0
    own = (found.high - found.low) / 3.92
    assert abs(found.effect - truth) < 2 * np.hypot(own, error)


PUBLISHED = 1_794.0
"""What training added to earnings in 1978, by the experiment."""


@needs_data
def test_training_is_found_to_pay_what_the_experiment_says_though_strangers_earn_far_more() -> None:
    """LaLonde 1986 in the sample of Dehejia and Wahba 1999, CPS as the comparison."""
    study = lalonde()
    run = trial()
    truth, error = difference(run.amount.tolist(), run.treated.tolist())
    raw, _ = difference(study.amount.tolist(), study.treated.tolist())

    found = amount_of(study)

    assert truth == pytest.approx(PUBLISHED, abs=1)
    assert raw == pytest.approx(-8_498, abs=1)
    assert found.raw == pytest.approx(raw)
    # Within one standard error: the experiment's (671) and the estimate's own.
    assert abs(found.effect - PUBLISHED) < min(error, standard_error(found))
    assert found.claim is not Claim.NOT_IDENTIFIED


@needs_data
def test_what_strangers_would_have_earned_by_training_is_refused_for_want_of_any_like_them() -> (
    None
):
    study = lalonde()
    assert amount_of(replace(study, value="no")).claim is Claim.NOT_IDENTIFIED


@needs_data
def test_those_who_give_up_smoking_gain_as_much_weight_as_is_published() -> None:
    """NHEFS, Hernan and Robins: 3.4 to 3.5 kilograms, 2.6 to 4.3."""
    study = nhefs()
    raw, _ = difference(study.amount.tolist(), study.treated.tolist())

    found = amount_of(study)

    assert raw == pytest.approx(2.54, abs=0.01)
    assert 3.1 < found.effect < 3.8
    assert found.low < 3.4 < found.high
    assert found.q_value < 0.001


@needs_data
@pytest.mark.parametrize("arm", ["Mens E-Mail", "Womens E-Mail"])
def test_in_an_experiment_what_is_spent_more_is_the_difference_in_means(arm: str) -> None:
    study = hillstrom(arm)
    means, error = difference(study.amount.tolist(), study.treated.tolist())

    found = amount_of(study)

    assert abs(found.effect - means) < error / 4
    assert standard_error(found) == pytest.approx(error, rel=0.05)


@needs_data
def test_outcomes_that_bend_are_told_closer_than_by_the_plain_difference() -> None:
    """IHDP with drawn outcomes (Hill 2011): the truth is known in every draw."""
    studies = [ihdp(seed) for seed in range(8)]
    found = [amount_of(study) for study in studies]

    assert sum(each.low <= GAIN <= each.high for each in found) >= 7
    mine = np.median([abs(each.effect - GAIN) for each in found])
    assert mine < np.median([abs(each.raw - GAIN) for each in found]) / 2


def test_a_treatment_given_to_those_better_off_is_told_from_what_they_had_before() -> None:
    rng = np.random.default_rng(4)
    before, group = rng.normal(size=6000), rng.integers(0, 3, 6000)
    treated = rng.random(6000) < 1 / (1 + np.exp(-1.2 * before - 0.5 * (group == 1)))
    chances = [
        1 / (1 + np.exp(-(0.8 * before + 0.7 * (group == 1) + on * 0.4 - 0.5))) for on in (0, 1)
    ]
    truth = float((chances[1] - chances[0]).mean())
    event = (rng.random(6000) < np.where(treated, chances[1], chances[0])).tolist()
    rows = [
        {"treat": "yes" if t else "no", "before": str(b), "group": f"g{g}"}
        for t, b, g in zip(treated, before, group, strict=True)
    ]

    found = effect_of(rows, "treat", "yes", ("before",), ("group",), event)

    assert difference(event, treated.tolist())[0] > truth + 0.12
    assert abs(found.effect - truth) < 0.04
