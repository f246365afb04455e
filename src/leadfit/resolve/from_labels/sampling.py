"""Which pairs a person is asked about, with the chance by which each was drawn.

Pairs are drawn by a number that depends on the seed and the pair alone: within a stratum the
smallest numbers are taken (simple random sampling without replacement, chance ``taken / there``).
The same seed over the same pairs draws the same, and a larger sample holds the smaller one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Probabilities from ``low`` up to, not including, ``high``; 1 belongs to the topmost.

    Attributes:
        low: Lowest probability.
        high: First probability above.
        share: Of the sample.
    """

    low: float
    high: float
    share: float


REVIEW: Final = (
    Stratum(low=0.90, high=0.97, share=1 / 3),
    Stratum(low=0.97, high=1.0, share=1 / 3),
    Stratum(low=0.30, high=0.90, share=1 / 3),
)
"""Where labels teach most: about the edge of the upper band, above it, and below review."""

TRAINING: Final = (
    Stratum(low=0.90, high=0.97, share=1 / 5),
    Stratum(low=0.97, high=1.0, share=1 / 5),
    Stratum(low=0.30, high=0.90, share=1 / 5),
    Stratum(low=0.01, high=0.30, share=1 / 5),
    Stratum(low=0.0, high=0.01, share=1 / 5),
)
"""The same with two parts of what a first model calls unlikely: without labels it may be wrong
about all of it, and a second stage that never saw such pairs could not put it right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A pair of records with its probability."""

    left_id: str
    right_id: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A pair to ask about.

    Attributes:
        pair: The pair.
        chance: By which it was drawn; its weight in every later count is one over it.
    """

    pair: Scored
    chance: float


def draw(
    pairs: Sequence[Scored], count: int, *, seed: int, strata: Sequence[Stratum] = REVIEW
) -> tuple[Drawn, ...]:
    """Draw pairs for review; a stratum too small for its share leaves the rest to the others.

    Args:
        pairs: Every candidate pair, once; those outside all strata are never drawn.
        count: How many to draw; fewer if there are fewer.
        seed: Another seed draws another sample.
        strata: Parts of [0, 1] that do not overlap.

    Returns:
        Pairs by stratum and then by their number.
    """
    held = [_within(pairs, stratum, strata) for stratum in strata]
    taken = _quotas([len(inside) for inside in held], [each.share for each in strata], count)
    found: list[Drawn] = []
    for inside, quota in zip(held, taken, strict=True):
        ordered = sorted(inside, key=lambda pair: (_number(seed, pair), _names(pair)))
        chance = quota / len(inside) if inside else 0.0
        found += [Drawn(pair=pair, chance=chance) for pair in ordered[:quota]]
    return tuple(found)


def strata_for(pairs: Sequence[Scored], count: int) -> tuple[Stratum, ...]:
    """Return the parts to draw labels for training from.

    They are :data:`TRAINING`, unless fewer pairs than are asked for are at least 0.3. Then
    a first model knows too little, as from names alone: the parts are the likeliest pairs by
    rank, as many as are asked for, as many again, and twice as many after those.
    """
    floor = min(part.low for part in REVIEW)
    if sum(pair.probability >= floor for pair in pairs) >= count:
        return TRAINING
    ranked = sorted((pair.probability for pair in pairs), reverse=True)
    edges = [1.0]
    for rank in (count, 2 * count, 4 * count):
        low = ranked[min(rank, len(ranked)) - 1] if ranked else 0.0
        if low < edges[-1]:
            edges.append(low)
    parts = len(edges) - 1
    return tuple(Stratum(low=low, high=high, share=1 / parts) for high, low in pairwise(edges))


def _within(pairs: Sequence[Scored], stratum: Stratum, strata: Sequence[Stratum]) -> list[Scored]:
    is_topmost = stratum.high >= max(each.high for each in strata)
    return [
        pair
        for pair in pairs
        if stratum.low <= pair.probability < stratum.high
        or (is_topmost and pair.probability == stratum.high)
    ]


def _quotas(there: Sequence[int], shares: Sequence[float], count: int) -> list[int]:
    """Give each stratum its share; what one lacks is shared among those that have more."""
    taken = [0] * len(there)
    left = min(count, sum(there))
    while left:
        open_places = [place for place in range(len(there)) if taken[place] < there[place]]
        total = sum(shares[place] for place in open_places)
        before = left
        for place in open_places:
            wish = int(before * shares[place] / total) if total else 0
            more = min(wish, there[place] - taken[place], left)
            taken[place] += more
            left -= more
        if left == before:  # fewer left than strata: one each, in order
            for place in open_places[:left]:
                taken[place] += 1
                left -= 1
    return taken


def _names(pair: Scored) -> tuple[str, str]:
    low, high = sorted((pair.left_id, pair.right_id))
    return low, high


def _number(seed: int, pair: Scored) -> int:
    low, high = _names(pair)
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    text = f"{seed}\0{len(low)}\0{low}\0{high}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
