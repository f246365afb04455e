"""By how much a pair stands out among the pairs of its two records."""

from __future__ import annotations

from leadfit.jobs.file_matching.judging import margins_of


def test_a_pair_stands_out_by_what_it_is_over_the_next_best_of_either_record() -> None:
    weights = [(0, 1, 8.0), (0, 2, 3.0), (3, 1, 5.0)]
    assert margins_of(weights, prior=-10.0) == {(0, 1): 3.0, (0, 2): -5.0, (3, 1): -3.0}


def test_a_record_whose_every_pair_weighs_less_than_nothing_known_has_a_margin_too() -> None:
    assert margins_of([(0, 1, -12.0), (2, 3, -10.0)], prior=-10.0) == {(0, 1): -2.0, (2, 3): 0.0}


def test_the_best_of_one_record_is_held_against_the_prior_where_it_has_no_rival() -> None:
    assert margins_of([(0, 1, 4.0), (2, 1, -12.0)], prior=-10.0) == {(0, 1): 14.0, (2, 1): -16.0}
