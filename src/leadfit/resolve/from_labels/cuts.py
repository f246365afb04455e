"""What is proved about the share of wrong links, and where the upper band may begin.

A calibrated probability and a promise about a band are two statements: pairs stated at 0.97 are
wrong three times in a hundred, while the promise is that fewer than 0.5 % of *all* links of the
band are wrong. The promise is held by an upper bound over judged pairs, never by the probability.

The bounds are those of :mod:`leadfit.bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from leadfit.bounds import clean_pairs, lower_bound, percent, upper_bound, weighted_share
from leadfit.resolve.from_labels.calibrate import JudgedPair
from leadfit.resolve.model.card import PROMISED, Cuts

LADDER: Final = (0.97, 0.98, 0.99, 0.995, 0.998, 0.999)
"""Cuts that are tried; fixed, so that the labels cannot choose among very many."""

_REVIEW: Final = 0.90


def wrong_share(judged: Sequence[JudgedPair]) -> tuple[float, float]:
    """Return the weighted share of pairs that are no match and the effective number of pairs.

    The effective number is ``(sum w)^2 / sum w^2``: what equal weights would have to be to leave
    the share as uncertain as it is.
    """
    return weighted_share([not pair.is_match for pair in judged], [pair.weight for pair in judged])


def choose_cuts(judged: Sequence[JudgedPair]) -> Cuts:
    """Return where the bands begin, from pairs a person judged.

    The upper band begins at the lowest cut of :data:`LADDER` whose bound is at most
    :data:`PROMISED`. If no cut is proved, it begins at the lowest cut that is not *disproved*,
    where the lower bound of the wrong share is at most what is promised, and ``is_proved`` is
    false; if every cut is disproved it begins at 1, so that the band is empty and its pairs go to
    review.

    Args:
        judged: Pairs with the probability the card states, from a sample of known chances.
    """
    possible: Cuts | None = None
    for cut in LADDER:
        above = [pair for pair in judged if pair.probability >= cut]
        share, pairs = wrong_share(above)
        bound = upper_bound(share * pairs, pairs)
        found = Cuts(
            auto=cut,
            review=_REVIEW,
            audited=len(above),
            wrong=sum(not pair.is_match for pair in above),
            bound=bound,
            is_proved=bound <= PROMISED,
        )
        if found.is_proved:
            return found
        if possible is None and lower_bound(share * pairs, pairs) <= PROMISED:
            possible = found
    return possible or Cuts(auto=1.0, review=_REVIEW)


def told(cuts: Cuts) -> str:
    """Say what is proved of the upper band, in one sentence.

    >>> told(Cuts(auto=0.97, audited=200, bound=0.0149))
    '0.5 % not yet proved, bound 1.49 % (0 of 200 judged links wrong); about 400 more needed'
    """
    wanted = f"{100 * PROMISED:g} %"
    if cuts.is_proved:
        return (
            f"wrong links over {cuts.auto:g}: at most {percent(cuts.bound, 2)} at 95 % confidence "
            f"({cuts.wrong} of {cuts.audited} judged links wrong)"
        )
    if not cuts.audited:
        return f"{wanted} not yet proved: no link was judged; about {clean_pairs(PROMISED)} needed"
    more = max(1, clean_pairs(PROMISED, wrong=cuts.wrong) - cuts.audited)
    rounded = more if more < 100 else math.ceil(more / 100) * 100
    return (
        f"{wanted} not yet proved, bound {percent(cuts.bound, 2)} ({cuts.wrong} of {cuts.audited} "
        f"judged links wrong); about {rounded} more needed"
    )
