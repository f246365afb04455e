"""The two models and their edges."""

from __future__ import annotations

import pytest

from leadfit.policy.scoring import TierCuts, Weights
from leadfit.records import Tier
from leadfit.score.models import (
    Components,
    composite,
    fit_gate,
    in_points,
    intent_gate,
    tier_by_gates,
    tier_by_total,
)

WEIGHTS, CUTS = Weights(), TierCuts()
EXAMPLE = Components(fit=35, engagement=22, intent=12, authority=8)


def test_points_and_percentages_give_one_result() -> None:
    given = in_points(WEIGHTS, fit=87.5, engagement=22 / 30 * 100, intent=60, authority=80)
    assert composite(EXAMPLE) == composite(given) == 77


def test_a_percentage_beyond_a_hundred_is_refused() -> None:
    with pytest.raises(ValueError, match=r"intent: came 100\.5; allowed: 0 to 100"):
        in_points(WEIGHTS, fit=87.5, engagement=0, intent=100.5, authority=0)


def test_all_points_together_are_a_hundred() -> None:
    full = in_points(WEIGHTS, fit=100, engagement=100, intent=100, authority=100)
    assert composite(full) == 100
    assert (fit_gate(full, WEIGHTS), intent_gate(full, WEIGHTS)) == (100, 100)


def test_gates_are_on_a_scale_of_a_hundred() -> None:
    assert (fit_gate(EXAMPLE, WEIGHTS), intent_gate(EXAMPLE, WEIGHTS)) == (87.5, 68)


@pytest.mark.parametrize(
    ("total", "tier"),
    [(100, 1), (75, 1), (74.999999, 2), (74.5, 2), (50, 2), (49.999999, 3), (0, 3)],
)
def test_model_a_has_no_gap_between_tiers(total: float, tier: int) -> None:
    assert tier_by_total(total, CUTS)[0] is Tier(tier)


@pytest.mark.parametrize(
    ("fit", "intent", "tier"),
    [
        (70, 60, 1),
        (100, 100, 1),
        (70, 59.999999, 2),
        (70, 59.5, 2),
        (70, 40, 2),
        (70, 39.999999, 3),
        (69.999999, 100, 3),
        (0, 0, 3),
    ],
)
def test_model_b_has_no_gap_and_no_way_round_the_fit_gate(
    fit: float, intent: float, tier: int
) -> None:
    assert tier_by_gates(fit, intent, CUTS)[0] is Tier(tier)


@pytest.mark.parametrize(
    ("intent", "words"),
    [(49.9997, "intent 50 of 100 reaches 40"), (59.999999, "intent 59.999999 of 100 reaches 40"),
     (39.96, "intent 39.96 of 100 is below 40"), (64.14, "intent 64.1 of 100 reaches 60")],
)  # fmt: skip
def test_a_gate_is_told_with_one_decimal_and_never_as_on_its_other_side(
    intent: float, words: str
) -> None:
    assert words in tier_by_gates(85, intent, CUTS)[1].words
