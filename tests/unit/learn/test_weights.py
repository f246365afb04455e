"""Signal weights: the prior without data, the data where there are some, the order always."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from leadfit.history import Step
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.result import Weight
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.weights import weigh
from unit.learn.worlds import START, Event, World, history_of, make


def weights_of(world: World) -> tuple[dict[Step, Weight], Weight]:
    past = read_past(make(world).history)
    return weigh(past, climb(past), Rules(), np.random.default_rng(7))


def test_without_data_weights_stay_at_their_defaults() -> None:
    past = read_past(history_of({"lead_id": [], "created_at": [], "account_id": []}, [], []))
    weights, detractor = weigh(past, climb(past), Rules(), np.random.default_rng(7))
    assert [weights[step].value for step in LADDER] == pytest.approx([22, 38, 58, 100])
    assert detractor.value == pytest.approx(0.75)
    assert all(weights[step].low < weights[step].value for step in LADDER[:3])


def test_the_weight_of_a_win_follows_recorded_revenue() -> None:
    # A win pays 1,000, an expansion 800 more; about six in ten expand within two years, so a win
    # is worth about (1,000 + .6 x 800) / 1,800 = .82 of an expansion.
    weights, _ = weights_of(World(seed=51, leads=12_000, convert_rate=0.03))
    assert 75 < weights[Step.CONVERTED].value < 90
    assert weights[Step.CONVERTED].high - weights[Step.CONVERTED].low < 20


@pytest.mark.parametrize("seed", range(4))
def test_weights_rise_along_the_ladder_and_lie_in_their_intervals(seed: int) -> None:
    weights, detractor = weights_of(World(seed=seed, leads=1500, convert_rate=0.02))
    values = [weights[step].value for step in LADDER]
    assert values == sorted(values)
    for weight in (*weights.values(), detractor):
        assert weight.low <= weight.value <= weight.high


def test_few_customers_hardly_move_the_weights() -> None:
    weights, detractor = weights_of(World(seed=3, leads=60, convert_rate=0.005))
    assert weights[Step.CONVERTED].value == pytest.approx(58, abs=15)
    assert detractor.value == pytest.approx(0.75, abs=0.1)


def test_links_count_leads_and_not_accounts_that_come_again() -> None:
    # Every account comes twice; each lead has half a chance to be qualified and won, by itself.
    rng = np.random.default_rng(8)
    leads: dict[str, list[object]] = {"lead_id": [], "account_id": [], "created_at": []}
    events: list[Event] = []
    for n in range(2_000):
        lead, account, day = f"l{n}", f"a{n // 2}", float(rng.uniform(0, 300) + 400 * (n % 2))
        leads["lead_id"].append(lead)
        leads["account_id"].append(account)
        leads["created_at"].append(START + timedelta(days=day))
        events.append((day + 1, "accepted", account, lead, None, None))
        events.append((day + 2, "worked", account, lead, None, None))
        if rng.random() < 0.5:
            events.append((day + 9, "qualified", account, lead, None, None))
            if rng.random() < 0.5:
                events.append((day + 30, "converted", account, lead, None, None))
    past = read_past(history_of(leads, events, []))
    weights, _ = weigh(past, climb(past), Rules(), np.random.default_rng(7))
    values = [weights[step].value for step in (Step.ACCEPTED, Step.QUALIFIED, Step.CONVERTED)]
    assert values[0] / values[1] == pytest.approx(0.5, abs=0.04)
    assert values[1] / values[2] == pytest.approx(0.5, abs=0.05)
