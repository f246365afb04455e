"""Tests of what is read out of judged pairs."""

from __future__ import annotations

import pytest

from leadfit.jobs.file_matching.labels import Label, contradictions


@pytest.mark.parametrize(
    ("apart", "found"), [((0, 4), 1), ((2, 4), 1), ((1, 3), 1), ((0, 9), 0), ((8, 9), 0)]
)
def test_answers_that_contradict_each_other_over_a_chain_are_counted(
    apart: tuple[int, int], found: int
) -> None:
    chain = [Label(left=n, right=n + 1, is_match=True) for n in (2, 0, 3, 1)]
    left, right = apart
    assert contradictions([*chain, Label(left=left, right=right, is_match=False)]) == found
