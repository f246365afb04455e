"""What is proved about the share of wrong links, and where the upper band may begin.

A calibrated probability and a promise about a band are two statements: pairs stated at 0.97 are
wrong three times in a hundred, while the promise is that fewer than 0.5 % of *all* links of the
band are wrong. The promise is held by an upper bound over judged pairs, never by the probability.

Methods: the exact bound of Clopper and Pearson (1934), one-sided at 95 %; for pairs drawn with
unequal chances the effective sample size of Korn and Graubard (1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from leadfit.resolve.calibrate import Judged
from leadfit.resolve.card import Cuts

PROMISED: Final = 0.005
CONFIDENCE: Final = 0.95
LADDER: Final = (0.97, 0.98, 0.99, 0.995, 0.998, 0.999)
"""Cuts that are tried; fixed, so that the labels cannot choose among very many."""

_REVIEW: Final = 0.90
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


def wrong_share(judged: Sequence[Judged]) -> tuple[float, float]:
    """Return the weighted share of pairs that are no match and the effective number of pairs.

    The effective number is ``(sum w)^2 / sum w^2``: what equal weights would have to be to leave
    the share as uncertain as it is.
    """
    total = math.fsum(pair.weight for pair in judged)
    if total <= 0:
        return 0.0, 0.0
    wrong = math.fsum(pair.weight for pair in judged if not pair.is_match)
    return wrong / total, total * total / math.fsum(pair.weight**2 for pair in judged)


def choose_cuts(
    judged: Sequence[Judged], *, promised: float = PROMISED, ladder: Sequence[float] = LADDER
) -> Cuts:
    """Return where the bands begin, from pairs a person judged.

    The upper band begins at the lowest cut of ``ladder`` whose bound is at most ``promised``. If no
    cut is proved, it begins at the lowest cut that is not *disproved*, where the lower bound
    of the wrong share is at most ``promised``, and ``is_proved`` is false; if every cut is
    disproved it begins at 1, so that the band is empty and its pairs go to review.

    Args:
        judged: Pairs with the probability the card states, from a sample of known chances.
        promised: The share of wrong links that is promised.
        ladder: Cuts to try, rising.
    """
    possible: Cuts | None = None
    for cut in ladder:
        above = [pair for pair in judged if pair.probability >= cut]
        share, pairs = wrong_share(above)
        bound = upper_bound(share * pairs, pairs)
        found = Cuts(
            auto=cut,
            review=_REVIEW,
            audited=len(above),
            wrong=sum(not pair.is_match for pair in above),
            bound=bound,
            is_proved=bound <= promised,
        )
        if found.is_proved:
            return found
        if possible is None and lower_bound(share * pairs, pairs) <= promised:
            possible = found
    return possible or Cuts(auto=1.0, review=_REVIEW)


def told(cuts: Cuts, *, promised: float = PROMISED) -> str:
    """Say what is proved of the upper band, in one sentence.

    >>> told(Cuts(auto=0.97, audited=200, bound=0.0149))
    '0.5 % not yet proved, bound 1.49 % (0 of 200 judged links wrong); about 400 more needed'
    """
    wanted = f"{100 * promised:g} %"
    if cuts.is_proved:
        return (
            f"wrong links over {cuts.auto:g}: at most {100 * cuts.bound:.2f} % at 95 % confidence "
            f"({cuts.wrong} of {cuts.audited} judged links wrong)"
        )
    if not cuts.audited:
        return f"{wanted} not yet proved: no link was judged; about {clean_pairs(promised)} needed"
    more = max(1, clean_pairs(promised, wrong=cuts.wrong) - cuts.audited)
    rounded = more if more < 100 else math.ceil(more / 100) * 100
    return (
        f"{wanted} not yet proved, bound {100 * cuts.bound:.2f} % ({cuts.wrong} of {cuts.audited} "
        f"judged links wrong); about {rounded} more needed"
    )


def clean_pairs(share: float, *, wrong: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return how many judged pairs prove ``share`` if ``wrong`` of them are wrong.

    Raises:
        ValueError: ``share`` is not between 0 and 1.

    >>> clean_pairs(0.005), clean_pairs(0.005, wrong=1)
    (598, 947)
    """
    if not 0 < share < 1:
        raise ValueError(f"a share between 0 and 1, not {share}")
    low, high = wrong, max(2 * wrong, 1)
    while upper_bound(wrong, high, confidence=confidence) > share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(wrong, middle, confidence=confidence) > share:
            low = middle
        else:
            high = middle
    return high


def pairs_to_prove(share: float, true_share: float, *, power: float = 0.8) -> int:
    """Return how many pairs to judge so that ``share`` is proved with chance ``power``.

    Args:
        share: What is to be proved.
        true_share: What the matcher really does; below ``share``.
        power: Chance that the sample proves it.

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
        # At most `wrong` wrong pairs prove it, so that their chance is the power.
        if true_share == 0 or 1 - _incomplete_beta(wrong + 1, pairs - wrong, true_share) >= power:
            return pairs
        wrong += 1


def _beta_quantile(share: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        if _incomplete_beta(a, b, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function (DLMF 8.17.22, by Lentz's method)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
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
