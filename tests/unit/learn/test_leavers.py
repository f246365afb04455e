"""What leavers keep of their value: no worse for customers who are followed for different times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from leadfit import learn
from leadfit.learn.ladder import climb
from leadfit.learn.leavers import log_kept
from leadfit.learn.past import read_past
from leadfit.learn.rules import Rules
from unit.learn.worlds import SPAN_DAYS, Event, World, history_of, make

MONTH = 365.25 / 12
PAYS = 1_000.0


def kept(
    customers: int, *, rate: float = 0.03, leavers_pay: float = 1.0, seed: int = 3
) -> tuple[float, float] | None:
    """Learn from customers who pay every month until they leave, most of them not long seen."""
    rng = np.random.default_rng(seed)
    won = SPAN_DAYS - rng.uniform(0.5, 30.0, customers) * MONTH
    months = rng.exponential(1 / rate, customers)
    events: list[Event] = []
    for n, (start, stays) in enumerate(zip(won, months, strict=True)):
        account, amount = f"a{n}", PAYS * (leavers_pay if stays <= 24 else 1.0)
        events.append((start, "converted", account, f"l{n}", None, None))
        events.append((start + 1, "used", account, None, None, 10))
        events += [
            (start + month * MONTH, "used", account, None, amount, 1)
            for month in range(24)
            if month < stays and start + month * MONTH < SPAN_DAYS
        ]
        if start + stays * MONTH < SPAN_DAYS:
            events.append((start + stays * MONTH, "churned", account, None, None, None))
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{n}" for n in range(customers)],
        "account_id": [f"a{n}" for n in range(customers)],
        "created_at": [None] * customers,
    }
    past = read_past(history_of(leads, events, []))
    return log_kept(past, climb(past), Rules(), np.random.default_rng(1))


def true_kept(rate: float) -> float:
    """The months a leaver pays of 24, by plain calculation: it pays as long as it stays."""
    stays = np.exp(-rate * np.arange(24))
    all_left = 1 - np.exp(-rate * 24)
    return float((stays - np.exp(-rate * 24)).sum() / all_left / 24)


@pytest.mark.parametrize("rate", [0.01, 0.03, 0.08])
def test_a_leaver_keeps_the_months_it_stays(rate: float) -> None:
    found = kept(3_000, rate=rate)
    assert found is not None
    assert found[0] == pytest.approx(np.log(true_kept(rate)), abs=0.08)
    assert abs(found[0] - np.log(true_kept(rate))) < 3 * found[1]


def test_leavers_who_paid_half_keep_half_as_much() -> None:
    alike, half = kept(3_000), kept(3_000, leavers_pay=0.5)
    assert alike is not None
    assert half is not None
    # Leavers not seen to leave yet pay half among the others, so a little of it is missed.
    assert half[0] - alike[0] == pytest.approx(np.log(0.5), abs=0.08)


def test_few_customers_are_less_sure_than_many() -> None:
    few, many = kept(100), kept(3_000)
    assert few is not None
    assert many is not None
    assert few[1] > 2 * many[1]


def test_fewer_than_five_leavers_say_nothing() -> None:
    assert kept(40, rate=0.001) is None


def test_a_history_whose_customers_all_but_all_leave_has_findings() -> None:
    """So few were seen to stay that in some draws nobody does to the end of the two years."""
    world = World(
        seed=49, leads=103, facts=4, convert_rate=0.0625, expand_rate=0.25, churn_rate=0.25
    )
    detractor = learn.benchmark(make(world).history).detractor
    assert 0 < detractor.low < detractor.value < detractor.high < 1
