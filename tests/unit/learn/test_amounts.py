"""Effects on what a customer pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from leadfit.history import History, Known
from leadfit.learn import benchmark
from leadfit.learn.amounts.balancing import balance
from leadfit.learn.result import AmountEffect, Claim
from unit.learn.worlds import AS_OF, SPAN_DAYS, START, history_of

EUR = 100
WORTH = 250.0


def past_of(  # noqa: PLR0917 -- a past has this many sides
    customers: int = 1200, seed: int = 3, worth: float = WORTH, months: int = 34,
    known: Known = Known.CREATED, alone: bool = False,
) -> History:  # fmt: skip
    """Make customers whose channel decides their plan and what they pay; the plan adds ``worth``.

    With ``alone`` the plan is the channel under another name.
    """
    rng = np.random.default_rng(seed)
    partner = rng.random(customers) < 0.4
    pro = partner if alone else rng.random(customers) < np.where(partner, 0.8, 0.2)
    paid = 1000 + 600 * partner + worth * pro + rng.normal(0, 300, customers)
    last = SPAN_DAYS - 1
    won = last - rng.random(customers) * months * 30
    leads: dict[str, list[object]] = {
        "lead_id": [f"l{n}" for n in range(customers)],
        "account_id": [f"a{n}" for n in range(customers)],
        "created_at": [START + timedelta(days=float(day) - 20) for day in won],
        "source": ["partner" if each else "web" for each in partner],
        "plan": ["pro" if each else "basic" for each in pro],
        "coin": ["heads" if each else "tails" for each in rng.random(customers) < 0.5],
    }
    events = [
        (float(day), "converted", f"a{n}", f"l{n}", float(round(EUR * each)), None)
        for n, (day, each) in enumerate(zip(won, paid, strict=True))
    ]
    return history_of(leads, events, ["plan", "coin"], known=known)


def effect_of(history: History, value: str) -> AmountEffect:
    return next(each for each in benchmark(history).amount_effects if each.value == value)


def test_what_a_plan_is_worth_is_told_from_the_channel_that_sells_it() -> None:
    found = effect_of(past_of(), "pro")
    assert found.raw > EUR * (WORTH + 200)
    assert found.low < EUR * WORTH < found.high
    assert found.high - found.low < EUR * 200
    assert found.claim is Claim.CAUSED
    assert 0 < found.robustness < 1
    assert found.months == 12


def test_a_coin_is_worth_nothing() -> None:
    found = effect_of(past_of(), "heads")
    assert found.low < 0 < found.high
    assert found.claim is Claim.INSUFFICIENT


def test_a_value_that_comes_with_one_channel_alone_is_refused_and_the_channel_named() -> None:
    found = effect_of(past_of(alone=True), "pro")
    assert found.claim is Claim.NOT_IDENTIFIED
    assert found.apart is not None
    assert "source" in found.apart
    assert found.q_value == 1.0


def test_a_value_known_only_as_of_today_is_never_called_a_cause_of_money() -> None:
    assert effect_of(past_of(known=Known.SNAPSHOT), "pro").claim is Claim.ASSOCIATED


def test_a_young_past_counts_fewer_months_and_says_so() -> None:
    assert effect_of(past_of(months=10), "pro").months == 6


@pytest.mark.parametrize("history", [past_of(40), past_of(months=2)], ids=["few", "too young"])
def test_where_hardly_a_customer_was_seen_for_long_nothing_is_said(history: History) -> None:
    assert benchmark(history).amount_effects == ()


def test_the_profile_says_in_money_what_a_value_is_worth() -> None:
    history = past_of()
    lost = np.random.default_rng(5).random(4000) < 0.5
    more = replace(
        history.leads,
        columns={
            name: [*values, *_unsold(name, lost)] for name, values in history.leads.columns.items()
        },
    )
    found = benchmark(replace(history, leads=more))
    (row,) = [row for row in found.profile if (row.fact, row.value) == ("plan", "pro")]
    worth = next(each for each in found.amount_effects if each.value == "pro")
    shown = f"Worth EUR {worth.effect / EUR:+,.0f} a customer in its first 12 months"
    assert shown in row.why


def _unsold(name: str, lost: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[object]:
    """Return the column ``name`` of leads that never became customers, mostly on the basic plan."""
    size = len(lost)
    columns: dict[str, list[object]] = {
        "lead_id": [f"u{n}" for n in range(size)],
        "account_id": [f"ua{n}" for n in range(size)],
        "created_at": [AS_OF - timedelta(days=400 + n % 300) for n in range(size)],
        "source": ["partner" if each else "web" for each in lost],
        "plan": ["pro" if n % 5 == 0 else "basic" for n in range(size)],
        "coin": ["heads" if n % 2 else "tails" for n in range(size)],
    }
    return columns[name]


def test_intervals_hold_the_truth_nineteen_times_in_twenty() -> None:
    held = 0
    for seed in range(100, 140):
        found = effect_of(past_of(400, seed), "pro")
        held += found.low <= EUR * WORTH <= found.high
    assert held >= 34


def test_weights_are_never_negative_and_make_the_groups_alike() -> None:
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(2000, 6))
    inside = rng.random(2000) < 1 / (1 + np.exp(2 - columns[:, 0] - 0.5 * columns[:, 1]))
    before = columns[inside].mean(axis=0) - columns[~inside].mean(axis=0)
    found = balance(columns, inside, ~inside)
    assert found.weights.min() >= 0
    assert found.weights[inside].sum() == 0
    assert found.weights.sum() == pytest.approx(1)
    assert abs(before[0]) > 0.7
    assert np.abs(found.gaps).max() < found.within + 0.01
    assert found.effective < (~inside).sum()
