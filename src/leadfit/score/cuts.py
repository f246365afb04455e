"""A cut that lets as many pass as the one before, when what it cuts has another scale."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DIGITS: Final = 6
"""Decimals of a cut; scores have no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedCut:
    """A cut and what it does to the scores it was derived from.

    Attributes:
        cut: Scores of this and more pass.
        pass_rate: Share that passes; with many equal scores it may miss what was asked for.
        asked: The pass rate that was asked for.
    """

    cut: float
    pass_rate: float
    asked: float


def pass_rate(scores: Sequence[float], cut: float) -> float:
    """Return the share of scores that reach a cut; 0 for none.

    >>> pass_rate([10, 20, 30, 40], 30)
    0.5
    """
    return sum(score >= cut for score in scores) / len(scores) if scores else 0.0


def derive_cut(scores: Sequence[float], rate: float) -> DerivedCut:
    """Return the cut on other scores whose pass rate is nearest to the one there was.

    Equal scores pass together. Between two cuts that miss the rate by the same, fewer pass.

    Args:
        scores: What is cut now, such as the learned score of every account that was rated.
        rate: Share that passed before, from 0 to 1; see :func:`pass_rate`.

    Raises:
        ValueError: There is no score, or the rate is no share.

    >>> derive_cut([12.5, 31.0, 44.0, 80.0], 0.5)
    DerivedCut(cut=44.0, pass_rate=0.5, asked=0.5)
    """
    if not scores or not 0 <= rate <= 1:
        raise ValueError(f"scores and a rate from 0 to 1, not {len(scores)} scores and {rate}")
    ordered = sorted(round(score, DIGITS) for score in scores)
    # Where nobody is to pass, the cut lies just over the best score.
    tried = [*sorted(set(ordered)), round(ordered[-1] + 10.0**-DIGITS, DIGITS)]
    rates = [(len(ordered) - bisect_left(ordered, cut)) / len(ordered) for cut in tried]
    _, place = min((round(abs(each - rate), 12), -n) for n, each in enumerate(rates))
    return DerivedCut(cut=tried[-place], pass_rate=rates[-place], asked=rate)
