"""Weights of the levels of a card, in bits, from how often matches and strangers reach them.

A level weighs log2(m / u): m is the chance of a match to be of it, u that of two strangers
(Fellegi and Sunter, 1969). What training never saw is bounded by what it saw beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from leadfit.resolve.model.card import Card, Comparison, Level, Test
from leadfit.resolve.model.weigh import odds_to_probability

RANDOM_PAIRS: Final = 500_000
"""Pairs of records drawn to see how often strangers reach a level."""
_LEAST_CHANCE: Final = 1e-9
_FEWEST: Final = 0.5
"""Pairs an unseen level is counted as."""
_MOST_AGAINST: Final = -9.0
"""Bits of a level that no match of the training had, such as a surname that never differed."""
_DECIMALS: Final = 6
_ROUNDS: Final = 200
_EXACT_ASSUMED: Final = 0.6
_ELSE_ASSUMED: Final = 0.05
"""Where only one column tells records apart, nothing can be learned about it without labels."""

Chances = Mapping[str, Mapping[int, tuple[float | None, float | None]]]
"""By comparison and level: m and u, ``None`` where training saw no such pair."""


def is_counted(comparison: Comparison) -> bool:
    """Return whether the first level of a comparison is an equal value, counted in full."""
    first = comparison.levels[0]
    return first.test is Test.EXACT and first.columns[:1] == comparison.blank


def weighted(
    draft: Card, raw: Chances, *, share: float, possible: int, sampled: int | None = None
) -> tuple[Card, tuple[str, ...]]:
    """Return the draft with effective weights, and the levels training never saw.

    Args:
        draft: Comparisons.
        raw: Chances of their levels.
        share: Of matches among all pairs.
        possible: How many pairs there are.
        sampled: Pairs of two entities that u was counted over; ``None`` where it was counted over
            random pairs, which hold matches.
    """
    unseen: list[str] = []
    comparisons = []
    is_pure = sampled is not None
    sampled = min(RANDOM_PAIRS, possible) if sampled is None else sampled
    for comparison in draft.comparisons:
        levels, missing = [], []
        chances = _told_or_assumed(raw[comparison.name])
        for number, level in enumerate(comparison.levels):
            m, u = chances[number]
            missing.append(m is None or u is None)
            if missing[-1]:
                unseen.append(f"{comparison.name}: {level.test.value}")
            counted = possible if number == 0 and is_counted(comparison) else sampled
            mixed = 0.0 if is_pure else share
            least = _FEWEST / max(1.0, share * possible)
            levels.append(
                _level(
                    level,
                    max(m or 0.0, least),
                    u,
                    share=mixed,
                    sampled=sampled if is_pure else counted,
                )
            )
        comparisons.append(replace(comparison, levels=_within(levels, missing)))
    prior = math.log2(share / (1 - share))
    card = replace(draft, comparisons=_discounted(comparisons), prior=rounded(prior))
    return card, tuple(unseen)


def _discounted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return comparisons whose levels over several columns do not count others' evidence again.

    Where a level asks that columns of other comparisons agree too, those say so themselves: what
    is left is its weight given that they agree, by the rule of the chain.
    """
    exact = {
        level.columns: max(0.0, level.bits)
        for comparison in comparisons
        for level in comparison.levels
        if level.test is Test.EXACT and len(level.columns) == 1
    }

    def discounted(level: Level) -> Level:
        if level.test not in {Test.EXACT, Test.JARO_WINKLER} or len(level.columns) == 1:
            return level
        known = math.fsum(exact.get((column,), 0.0) for column in level.columns[1:])
        return replace(level, bits=rounded(max(0.0, level.bits - known)))

    return tuple(replace(each, levels=tuple(map(discounted, each.levels))) for each in comparisons)


def _told_or_assumed(
    chances: Mapping[int, tuple[float | None, float | None]],
) -> Mapping[int, tuple[float | None, float | None]]:
    """Return m and u, with a stated m where no session could learn any of a comparison."""
    if any(m is not None for m, _ in chances.values()):
        return chances
    last = len(chances) - 1
    between = (1 - _EXACT_ASSUMED - _ELSE_ASSUMED) / max(1, last - 1)
    assumed = {0: _EXACT_ASSUMED, last: _ELSE_ASSUMED}
    return {
        number: (assumed.get(number, between), u or _LEAST_CHANCE)
        for number, (_, u) in chances.items()
    }


def _level(level: Level, m: float, u: float | None, *, share: float, sampled: int) -> Level:
    m = max(m, _LEAST_CHANCE)
    seen = max(u or 0.0, _FEWEST / sampled)
    # The matches among random pairs are no chance agreement.
    pure = max((seen - share * m) / (1 - share), seen * 0.02, _FEWEST / sampled)
    m, pure = min(m, 1.0), min(pure, 1.0)
    return replace(
        level, bits=rounded(math.log2(m / pure)), m=_significant(m), u=_significant(pure)
    )


def _within(levels: Sequence[Level], unseen: Sequence[bool]) -> tuple[Level, ...]:
    """Return levels of which none that training missed weighs more than a seen neighbour.

    What was never seen must not decide: it says at most what the next stronger level says, no
    less than that nothing agrees, and against a match only so much.
    """
    seen = [level.bits for level, missing in zip(levels, unseen, strict=True) if not missing]
    if not seen:
        return tuple(replace(level, bits=0.0) for level in levels)
    otherwise = levels[-1].bits
    if unseen[-1]:
        otherwise = min(0.0, max(otherwise, _MOST_AGAINST))
    kept: list[Level] = []
    stronger = max(seen)
    for level, missing in zip(levels[:-1], unseen, strict=False):
        if missing:
            kept.append(replace(level, bits=max(min(otherwise, 0.0), min(level.bits, stronger))))
            continue
        kept.append(level)
        stronger = level.bits if level.test is not Test.SWAPPED else stronger
    return (*kept, replace(levels[-1], bits=otherwise))


def expected_matches(card: Card, weights: Sequence[tuple[float, int]], possible: int) -> float:
    """Return how many pairs are matches: the most likely share, with m and u as they are.

    Pairs that share no key are taken for non-matches.
    """
    matches = max(1.0, odds_to_probability(card.prior) * possible)
    for _ in range(_ROUNDS):
        shift = math.log2(matches / max(1.0, possible - matches)) - card.prior
        found = math.fsum(n * odds_to_probability(weight + shift) for weight, n in weights)
        found = min(max(found, 1.0), 0.9 * possible)
        if abs(found - matches) < 1e-6 * matches:
            break
        matches = found
    return matches


def rounded(bits: float) -> float:
    """Return bits as a card holds them."""
    # Sums of the engine differ in their last digits from run to run.
    return round(bits, _DECIMALS)


def _significant(chance: float) -> float:
    return float(f"{chance:.{_DECIMALS}e}")
