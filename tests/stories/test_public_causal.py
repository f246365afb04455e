"""The adjustment of effects, held against public experiments whose answer is known.

Leadfit's effects are differences of chances, so amounts are asked as yes or no: whether there was
any income, whether a customer came back. The published amount (+1,794 dollars) does not apply.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leadfit.history import History, Step, Table
from leadfit.learn.effects import estimate
from leadfit.learn.facts import to_levels
from leadfit.learn.hazard import Watched
from leadfit.learn.past import Past
from leadfit.learn.result import Effect
from leadfit.learn.rules import Rules
from unit.learn.worlds import AS_OF

RULES = Rules()
SHARED = Path(os.environ.get("LEADFIT_SHARED") or Path(__file__).resolve().parents[3] / "shared")  # noqa: TID251 -- tests find their data by it
CAUSAL = SHARED / "data" / "causal"
needs_data = pytest.mark.skipif(not CAUSAL.is_dir(), reason="no ../shared/data/causal here")


def rows_of(name: str) -> list[dict[str, str]]:
    with gzip.open(CAUSAL / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def effect_of(  # noqa: PLR0917 -- a trial has this many sides
    rows: Sequence[Mapping[str, object]], treatment: str, value: str, numbers: Sequence[str],
    texts: Sequence[str], event: Sequence[bool],
) -> Effect:  # fmt: skip
    """Return the adjusted effect of ``treatment`` being ``value`` as the learner estimates it."""
    size, none = len(rows), Table(columns={})
    past = Past(
        history=History(
            as_of=AS_OF, accounts=none, leads=none, events=none, facts=none, spend=none,
            fact_columns=(),
        ),
        leads=size, created=np.full(size, np.nan), account=np.arange(size),
        account_ids=tuple(map(str, range(size))), first_row=np.arange(size), events={}, as_of=0.0,
    )  # fmt: skip
    blank = np.full(size, np.nan)
    watched = Watched(
        row=np.arange(size), cluster=np.arange(size), entry=blank, end=blank,
        event=np.array(event), timed=False, start=blank,
    )  # fmt: skip
    facts = [to_levels(treatment, [row[treatment] for row in rows], False, RULES)]
    for each in numbers:
        values = [float(str(row[each])) for row in rows]
        facts.append(to_levels(each, values, True, RULES))
    facts += [to_levels(each, [row[each] for row in rows], False, RULES) for each in texts]
    found = estimate(past, Step.CONVERTED, watched, facts, (), rules=RULES).effects
    chosen = [each for each in found if each.fact == treatment]
    exact = [each for each in chosen if each.value == value]
    if exact:
        return exact[0]
    # Of two values the second is shown; the first is its reverse.
    other = chosen[0]
    return replace(other, value=value, effect=-other.effect, low=-other.high, high=-other.low)


def difference(event: Sequence[bool], treated: Sequence[bool]) -> tuple[float, float]:
    """Return the difference of two shares and its standard error."""
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
    trial, census = rows_of("nsw_mixtape.csv.gz"), rows_of("cps_mixtape.csv.gz")
    treated = [row for row in trial if float(row["treat"]) > 0]
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
        [float(row["re78"]) > 0 for row in trial], [float(row["treat"]) > 0 for row in trial]
    )

    found = effect_of(
        rows, "treat", "yes", ("age", "educ", "re74", "re75"),
        ("black", "hisp", "marr", "nodegree", "without_74", "without_75"), works,
    )  # fmt: skip

    assert difference(works, [row["treat"] == "yes" for row in rows])[0] < -0.08
    assert found.low > 0
    own = (found.high - found.low) / 3.92
    assert abs(found.effect - truth) < 2 * np.hypot(own, error)


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
