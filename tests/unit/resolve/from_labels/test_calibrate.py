"""Maps of probability, on scores whose truth is known."""

from __future__ import annotations

import math

import pytest

from leadfit.resolve.from_labels.calibrate import (
    Judged,
    calibrated,
    calibration_error,
    fit_calibration,
    kind_for,
    logit,
    reliability,
    sigmoid,
)
from leadfit.resolve.model.card import Calibration, MapKind
from leadfit.world import seeded


def overconfident(count: int, *, seed: int) -> list[Judged]:
    """Pairs whose stated log odds are twice the true ones."""
    random = seeded("calibrate", seed)
    found = []
    for _ in range(count):
        odds = random.uniform(-4, 4)
        is_match = random.random() < sigmoid(odds)
        found.append(Judged(probability=sigmoid(2 * odds), is_match=is_match))
    return found


def applied(calibration: Calibration, judged: list[Judged]) -> list[Judged]:
    return [
        Judged(probability=calibrated(calibration, each.probability), is_match=each.is_match)
        for each in judged
    ]


@pytest.mark.parametrize("kind", list(MapKind))
def test_a_map_brings_an_overconfident_matcher_to_the_truth(kind: MapKind) -> None:
    calibration = fit_calibration(overconfident(2_000, seed=1), kind)
    fresh = overconfident(4_000, seed=2)
    before = calibration_error(fresh)
    after = calibration_error(applied(calibration, fresh))
    assert before is not None
    assert after is not None
    assert before > 0.08
    assert after < 0.03


def test_platt_finds_the_slope_that_was_planted() -> None:
    slope, shift = fit_calibration(overconfident(20_000, seed=3), MapKind.PLATT).parameters
    assert slope == pytest.approx(0.5, abs=0.03)
    assert shift == pytest.approx(0.0, abs=0.06)


@pytest.mark.parametrize("kind", list(MapKind))
def test_a_map_never_turns_two_pairs_round(kind: MapKind) -> None:
    backward = [
        Judged(probability=p, is_match=is_match)
        for p, is_match in [(0.1, True), (0.3, True), (0.6, True), (0.8, False), (0.9, False)] * 40
    ]
    calibration = fit_calibration(backward, kind)
    values = [calibrated(calibration, step / 200) for step in range(201)]
    assert values == sorted(values)
    assert all(0 < value < 1 for value in values)


def test_without_a_map_a_probability_is_what_it_was() -> None:
    assert calibrated(None, 0.4) == 0.4


def test_labels_of_one_kind_give_no_map() -> None:
    with pytest.raises(ValueError, match="at least one match"):
        fit_calibration([Judged(probability=0.9, is_match=True)] * 50)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (99, MapKind.PLATT),
        (199, MapKind.PLATT),
        (200, MapKind.BETA),
        (1_000, MapKind.BETA),
        (1_001, MapKind.ISOTONIC),
    ],
)
def test_more_labels_carry_a_freer_map(labels: int, kind: MapKind) -> None:
    assert kind_for(labels) is kind


def test_a_pair_that_stands_for_many_counts_as_many() -> None:
    few = [Judged(probability=0.8, is_match=False, weight=9.0)] * 30
    many = [Judged(probability=0.8, is_match=True)] * 30
    calibration = fit_calibration([*few, *many], MapKind.PLATT)
    assert calibrated(calibration, 0.8) < 0.3


def test_the_edges_of_probability_stay_short_of_certain() -> None:
    assert 0 < sigmoid(-1e9) < 1e-15
    assert 1 - 1e-15 < sigmoid(1e9) < 1
    assert math.isfinite(logit(0.0))
    assert math.isfinite(logit(1.0))


def test_the_calibration_error_is_the_mean_gap() -> None:
    sample = [
        *(Judged(probability=0.95, is_match=number < 8) for number in range(10)),
        *(Judged(probability=0.55, is_match=number < 6) for number in range(10)),
    ]
    assert calibration_error(sample) == pytest.approx((0.15 + 0.05) / 2)
    assert calibration_error(sample, over=0.9) == pytest.approx(0.15)
    assert calibration_error(sample, over=0.99) is None


def test_a_reliability_table_holds_every_pair_once() -> None:
    sample = [*overconfident(500, seed=4), Judged(probability=0.0, is_match=False)]
    lines = reliability(sample, bins=7)
    assert sum(line.pairs for line in lines) == len(sample)
    assert lines[0].low == 0
    assert lines[-1].high == pytest.approx(1)
    empty = reliability([], bins=2)
    assert all(line.stated is None and line.observed is None for line in empty)
