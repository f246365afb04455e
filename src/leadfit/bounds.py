"""Shares that were counted in a sample: bounds, how large a sample proves one, and in words.

Several rooms promise shares: no more than so many wrong links, so many missed ones. A promise is
held by an exact bound, never by the share itself; a figure that is only shown has the interval of
Wilson. Both stand below the stages because those do not know each other.

Methods: the exact one-sided bounds of Clopper and Pearson (1934); the score interval of Wilson
(1927); for pairs drawn with unequal chances the effective sample size of Korn and Graubard (1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

CONFIDENCE: Final = 0.95
NORMAL_95: Final = 1.959963984540054
"""How many standard deviations of a normal estimate hold 95 % of it, on both sides."""

_EACH_SIDE: Final = 0.975
_POWER: Final = 0.8
_TOLERANCE: Final = 1e-12


def upper_bound(wrong: float, pairs: float, *, confidence: float = CONFIDENCE) -> float:
    """Return the Clopper-Pearson upper bound of a share; 1 if nothing was judged.

    Args:
        wrong: Wrong pairs; a fraction if pairs were weighted.
        pairs: Judged pairs, or their effective number.
        confidence: One-sided.

    >>> round(upper_bound(0, 200), 4), round(upper_bound(0, 600), 5)
    (0.0149, 0.00498)
    """
    if pairs <= 0 or wrong >= pairs:
        return 1.0
    return _beta_quantile(confidence, wrong + 1, pairs - wrong)


def lower_bound(wrong: float, pairs: float, *, confidence: float = CONFIDENCE) -> float:
    """Return the Clopper-Pearson lower bound of a share; 0 if nothing was judged."""
    if pairs <= 0 or wrong <= 0:
        return 0.0
    return _beta_quantile(1 - confidence, min(wrong, pairs), max(pairs - wrong, 0.0) + 1)


def exact_interval(hits: float, total: float) -> tuple[float, float]:
    """Return the exact two-sided 95 % interval of a share; all of 0 to 1 for nothing.

    Args:
        hits: How many had it.
        total: How many there were.

    >>> [round(end, 3) for end in exact_interval(0, 10)]
    [0.0, 0.308]
    """
    return (
        lower_bound(hits, total, confidence=_EACH_SIDE),
        upper_bound(hits, total, confidence=_EACH_SIDE),
    )


def wilson(hits: float, total: float) -> tuple[float, float]:
    """Return the two-sided 95 % interval of Wilson for a share; all of 0 to 1 for nothing.

    Args:
        hits: How many had it; a fraction if units were weighted.
        total: How many there were, or their effective number.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    if total <= 0:
        return 0.0, 1.0
    share, z = hits / total, NORMAL_95
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    spread = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    half = spread / (1 + z**2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def weighted_share(found: Sequence[bool], weights: Sequence[float]) -> tuple[float, float]:
    """Return the weighted share of ``found`` and the effective number of them.

    The effective number is ``(sum w)^2 / sum w^2``: how many of equal weight would leave the share
    as uncertain as it is.

    >>> weighted_share([True, False, False, False], [1.0, 1.0, 1.0, 1.0])
    (0.25, 4.0)
    """
    total = math.fsum(weights)
    if total <= 0:
        return 0.0, 0.0
    hits = math.fsum(weight for weight, hit in zip(weights, found, strict=True) if hit)
    return hits / total, total * total / math.fsum(weight**2 for weight in weights)


def clean_pairs(share: float, *, wrong: int = 0) -> int:
    """Return how many judged pairs prove ``share`` if ``wrong`` of them are wrong.

    Raises:
        ValueError: ``share`` is not between 0 and 1.

    >>> clean_pairs(0.005), clean_pairs(0.005, wrong=1)
    (598, 947)
    """
    if not 0 < share < 1:
        raise ValueError(f"a share between 0 and 1, not {share}")
    low, high = wrong, max(2 * wrong, 1)
    while upper_bound(wrong, high) > share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(wrong, middle) > share:
            low = middle
        else:
            high = middle
    return high


def pairs_to_prove(share: float, true_share: float) -> int:
    """Return how many pairs to judge so that ``share`` is proved with a chance of 80 %.

    Args:
        share: What is to be proved.
        true_share: What the matcher really does; below ``share``.

    Raises:
        ValueError: ``true_share`` is not below ``share``, so that no sample proves it.

    >>> pairs_to_prove(0.005, 0.0), pairs_to_prove(0.005, 0.001)
    (598, 1258)
    """
    if not 0 <= true_share < share:
        raise ValueError(f"a true share from 0 to below {share}, not {true_share}")
    wrong = 0
    while True:
        pairs = clean_pairs(share, wrong=wrong)
        # At most `wrong` wrong pairs prove it, so that their chance is the power of the sample.
        if true_share == 0 or 1 - incomplete_beta(wrong + 1, pairs - wrong, true_share) >= _POWER:
            return pairs
        wrong += 1


def _beta_quantile(share: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        if incomplete_beta(a, b, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function (DLMF 8.17.22, by Lentz's method)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    value, upper, lower = 1.0, 1.0, 0.0
    for step in range(1, 1_000):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / (1 + term * lower or tiny)
        upper = 1 + term / upper or tiny
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def percent(share: float | None, digits: int = 1, unknown: str = "-") -> str:
    """Return a share for reading.

    Args:
        share: From 0 to 1.
        digits: Decimals of the percentage.
        unknown: What stands for a share that nobody knows.

    >>> percent(0.1234), percent(0.5, 0), percent(None)
    ('12.3 %', '50 %', '-')
    """
    return unknown if share is None else f"{100 * share:.{digits}f} %"


def percent_span(low: float, high: float, digits: int = 1) -> str:
    """Return an interval of a share for reading.

    >>> percent_span(0.1, 0.25), percent_span(0.1, 0.25, 0)
    ('10.0 to 25.0 %', '10 to 25 %')
    """
    return f"{100 * low:.{digits}f} to {percent(high, digits)}"
