"""Intervals that may be looked at every day."""

from __future__ import annotations

import pytest

from leadfit.watch.anytime import ArmDifference, DrawnUnit, against_chance, difference
from leadfit.world import seeded

FAIR = {"fast": 0.5, "usual": 0.5}


def drawn(
    seed: int, number: int, *, usual: float, fast: float, chance: float = 0.5
) -> list[DrawnUnit]:
    """Draw units whose rates are these."""
    made, unit = [], seeded("anytime", seed).random
    for _ in range(number):
        treated = unit() < chance
        outcome = float(unit() < (fast if treated else usual))
        made.append(DrawnUnit(treated=treated, chance=chance, outcome=outcome))
    return made


def looks(units: list[DrawnUnit], every: int) -> list[ArmDifference]:
    return [difference(units[:seen]) for seen in range(every, len(units) + 1, every)]


def test_nobody_drawn_leaves_everything_open() -> None:
    assert difference([]) == ArmDifference(value=None, low=-1.0, high=1.0, units=0)


def test_arms_that_do_the_same_are_hardly_ever_told_apart_at_any_of_twenty_looks() -> None:
    worlds = [looks(drawn(seed, 1_000, usual=0.3, fast=0.3), 50) for seed in range(40)]
    wrong = sum(any(look.is_decided for look in world) for world in worlds)
    assert wrong <= 2  # of 40 at 95 %


def test_the_true_difference_stays_inside_at_every_look() -> None:
    worlds = [looks(drawn(seed, 1_000, usual=0.1, fast=0.3), 50) for seed in range(40)]
    missed = sum(any(not look.low <= 0.2 <= look.high for look in world) for world in worlds)
    assert missed <= 2


def test_a_difference_that_is_there_is_found() -> None:
    found = difference(drawn(1, 4_000, usual=0.1, fast=0.2))
    assert found.is_decided
    assert found.low > 0
    assert found.value == pytest.approx(0.1, abs=0.04)
    assert found.relative == pytest.approx(1.0, abs=0.5)


def test_uneven_shares_are_weighed_by_their_chances() -> None:
    found = difference(drawn(2, 8_000, usual=0.1, fast=0.25, chance=0.2))
    assert found.low > 0
    assert found.low <= 0.15 <= found.high


def test_more_units_narrow_the_interval() -> None:
    units = drawn(3, 4_000, usual=0.2, fast=0.2)
    few, many = difference(units[:500]), difference(units)
    assert many.high - many.low < few.high - few.low


def test_a_higher_confidence_widens_the_interval() -> None:
    units = drawn(4, 1_000, usual=0.2, fast=0.2)
    usual, surer = difference(units), difference(units, confidence=0.99)
    assert surer.low < usual.low < usual.high < surer.high


def test_rates_that_drift_alike_in_both_arms_are_no_difference() -> None:
    wrong = 0
    for seed in range(40):
        unit = seeded("drifting", seed).random
        units = []
        for number in range(1_000):
            outcome = float(unit() < (0.05 if number < 500 else 0.5))
            units.append(DrawnUnit(treated=unit() < 0.5, chance=0.5, outcome=outcome))
        wrong += any(look.is_decided for look in looks(units, 100))
    assert wrong <= 2


def test_draws_as_promised_stand() -> None:
    unit = seeded("draws").random
    told = [("fast" if unit() < 0.5 else "usual", FAIR) for _ in range(2_000)]
    assert against_chance(told) > 0.05


def test_an_arm_that_loses_one_lead_in_four_shows() -> None:
    unit = seeded("lost").random
    told = [("fast" if unit() < 3 / 7 else "usual", FAIR) for _ in range(2_000)]
    assert against_chance(told) < 0.001


def test_shares_that_the_policy_changed_on_the_way_are_no_fault_of_the_draw() -> None:
    unit = seeded("changed").random
    uneven = {"fast": 0.9, "usual": 0.1}
    told = [("fast" if unit() < 0.5 else "usual", FAIR) for _ in range(500)]
    told += [("fast" if unit() < 0.9 else "usual", uneven) for _ in range(500)]
    assert against_chance(told) > 0.05
