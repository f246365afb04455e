"""Model C: features as of a moment, censoring, calibration, refusal."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from leadfit import learn
from leadfit.errors import BadInput
from leadfit.history import History, Table
from leadfit.learn.ladder import climb
from leadfit.learn.model_c.rows import decayed_sums, moments
from leadfit.learn.past import read_past
from leadfit.propensity import (
    Measured,
    PropensityModel,
    chance_of,
    decayed,
    from_json,
    tier_of,
    to_json,
)
from unit.learn.drifting import Fading, fade
from unit.learn.worlds import START


@pytest.fixture(scope="module")
def history() -> History:
    return fade(Fading(seed=11, leads=5000, slope=2.0))


@pytest.fixture(scope="module")
def model(history: History) -> PropensityModel:
    made = learn.propensity(history).model
    assert made is not None
    return made


def until(history: History, days: float) -> History:
    """Return what of a history was known after so many days."""
    end = START + timedelta(days=days)
    tables = {}
    for name, time in (("leads", "created_at"), ("events", "at")):
        columns = getattr(history, name).columns
        rows = [n for n, at in enumerate(columns[time]) if at <= end]
        tables[name] = Table(columns={key: [col[n] for n in rows] for key, col in columns.items()})
    return dataclasses.replace(history, as_of=end, leads=tables["leads"], events=tables["events"])


def test_a_chance_is_calibrated_on_leads_it_has_not_seen(model: PropensityModel) -> None:
    held = model.hold_out
    assert held.ece < 0.07
    assert held.auc > 0.6
    assert held.brier < held.brier_of_rate
    assert sum(each.leads for each in held.reliability) == held.leads
    first = held.cuts[0]
    assert first.precision_low <= first.precision <= first.precision_high
    assert first.recall_low <= first.recall <= first.recall_high


def test_leads_too_young_to_tell_are_no_failures(history: History) -> None:
    found = learn.propensity(history)
    past = read_past(history)
    rows = moments(past, climb(past), (0.0, 14.0), 90.0, 14.0)
    assert found.censored == int((past.as_of - rows.at < 90.0).sum())
    assert found.rows + found.censored == len(rows.at)


def test_less_than_a_year_makes_no_model_and_says_why(history: History) -> None:
    found = learn.propensity(until(history, 300.0))
    assert found.model is None
    assert [each.code for each in found.notices] == ["too_little_history"]


def test_what_comes_later_does_not_change_what_was_known(history: History) -> None:
    short = until(history, 700.0)
    then, now = (
        (moments(past, climb(past), (0.0, 14.0), 90.0, 14.0), past)
        for past in (read_past(short), read_past(history))
    )
    seen = then[0].at < 700.0 - 1.0
    keys = {(row, at): n for n, (row, at) in enumerate(zip(now[0].row, now[0].at, strict=True))}
    places = [keys[row, at] for row, at in zip(then[0].row[seen], then[0].at[seen], strict=True)]
    for name, values in then[0].measured.items():
        np.testing.assert_allclose(values[seen], now[0].measured[name][places], atol=1e-9)


def test_engagement_counts_half_after_each_half_life_and_nothing_before_it_came() -> None:
    lead, day = np.array([0, 0, 1]), np.array([0.0, 10.0, 3.0])
    found = decayed_sums(lead, day, np.array([0, 0, 1, 2]), np.array([0.0, 14.0, 2.0, 5.0]), 14.0)
    assert found == pytest.approx([1.0, 0.5 + 2 ** (-4 / 14), 0.0, 0.0])
    assert found[1] == pytest.approx(decayed([14.0, 4.0], 14.0))


def test_a_model_survives_its_json_and_refuses_any_other(model: PropensityModel) -> None:
    text = to_json(model)
    assert from_json(text) == model
    for bad in ("", "{}", text.replace('"shape":1', '"shape":2'), text[:-1], text + "x"):
        with pytest.raises(BadInput):
            from_json(bad)


def test_reasons_of_a_chance_name_what_moved_it(model: PropensityModel) -> None:
    high = chance_of(model, {"industry": "saas"}, {"icp_score": 90.0})
    low = chance_of(model, {"industry": "retail"}, {"icp_score": 10.0})
    assert 0 < low.chance < high.chance < 1
    assert any(each.rule == "propensity.industry" for each in high.reasons)
    assert high.tier == tier_of(high.chance)


def test_a_chance_of_nothing_is_nothing_and_never_less(model: PropensityModel) -> None:
    weights = {"icp_score": -12.501, "demo_requests": -1.65, "emails": -1.65}
    measured = tuple(
        Measured(name=name, mean=0.0, scale=1.0, weight=weight) for name, weight in weights.items()
    )
    steep = dataclasses.replace(
        model, intercept=-2.649, facts=(), weights=(), measured=measured, calibration=(0.0, 1.0)
    )
    found = chance_of(steep, {}, dict.fromkeys(weights, 1.0))
    assert found.points < 0
    assert f"{found.chance:g}" == "0"
