"""Rejections the score does not expect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from leadfit import learn
from leadfit.learn.rejects import exact
from unit.learn.drifting import Fading, fade


def test_a_segment_nobody_weighted_is_named_with_counts() -> None:
    history = fade(Fading(seed=21, leads=2500, falls_on=300.0))
    found = learn.rejections(history)
    assert [(each.fact, each.value) for each in found] == [("industry", "saas")]
    first = found[0]
    assert first.rejected > first.expected
    assert first.words.startswith(f"industry = saas: {first.rejected:,} of {first.decided:,}")


def test_nothing_is_named_where_the_score_says_all() -> None:
    named = [len(learn.rejections(fade(Fading(seed=seed, leads=1500)))) for seed in range(30, 38)]
    assert sum(many > 0 for many in named) <= 1


def test_an_exact_chance_agrees_with_fishers_in_one_stratum() -> None:
    table = [[8, 2], [5, 15]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert exact(np.array([30]), np.array([13]), np.array([10]), 8) == pytest.approx(expected)
