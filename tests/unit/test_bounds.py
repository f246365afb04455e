"""Exact bounds of shares, against published values and the binomial itself."""

from __future__ import annotations

import math

import pytest

from leadfit.bounds import clean_pairs, incomplete_beta, lower_bound, upper_bound, weighted_share


def at_most(hits: int, count: int, share: float) -> float:
    return math.fsum(
        math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(hits + 1)
    )


@pytest.mark.parametrize(("hits", "count"), [(0, 50), (1, 50), (3, 200), (48, 50)])
def test_at_the_upper_bound_so_few_hits_have_a_chance_of_five_percent(
    hits: int, count: int
) -> None:
    assert at_most(hits, count, upper_bound(hits, count)) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("hits", "count"), [(1, 50), (3, 200), (50, 50)])
def test_at_the_lower_bound_so_many_hits_have_a_chance_of_five_percent(
    hits: int, count: int
) -> None:
    assert 1 - at_most(hits - 1, count, lower_bound(hits, count)) == pytest.approx(0.05, abs=1e-6)


def test_the_incomplete_beta_is_the_tail_of_the_binomial() -> None:
    assert incomplete_beta(8, 13, 0.5) == pytest.approx(1 - at_most(7, 20, 0.5), abs=1e-12)


def test_equal_weights_leave_a_share_and_its_number_as_they_are() -> None:
    share, effective = weighted_share([True, False, False, False], [7.0] * 4)
    assert share == 0.25
    assert effective == pytest.approx(4.0)


def test_unequal_weights_move_the_share_and_make_the_sample_smaller() -> None:
    share, effective = weighted_share([True, False, False], [2.0, 1.0, 1.0])
    assert share == 0.5
    assert effective == pytest.approx(16 / 6)


def test_no_weight_is_no_sample() -> None:
    assert weighted_share([], []) == (0.0, 0.0)


def test_nobody_proves_a_share_of_nothing() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        clean_pairs(0.0)
