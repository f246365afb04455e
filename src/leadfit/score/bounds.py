"""Bounds a score over all values that unknown facts could have.

A tier hangs on one sum: the total (Model A) or fit (Model B), while engagement, intent and what is
known stay as they are. Every part of the sum looks at one fact, and parts that share a fact are
added before anything else, so that the sums that can be reached are those of choosing one cell of
each fact. They are kept exactly, as whole numbers. A tier never falls when the sum rises; so the
ends of the reachable sums say whether it can change, and halving between them finds every tier that
can be reached. Each of these is checked by :func:`leadfit.score.rate` itself on a completion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from leadfit.records import Fact, Score, Tier
from leadfit.score.cells import Cell, Cells

Completion = Mapping[str, Fact]
"""A value for each unknown fact; ``None`` leaves it unknown."""
Rate = Callable[[Completion], Score]
"""Scores the lead with its unknown facts completed."""

_MOST_SUMS: Final = 20_000
_BITS: Final = 100
_POINTS: Final = ("fit.", "authority.")
DECIDES: Final[Mapping[str, tuple[str, ...]]] = {"A": ("fit.", "authority."), "B": ("fit.",)}
"""What the tier of a model hangs on, by the beginnings of its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBound:
    """What one part of a score can come to.

    Attributes:
        rule: The part, such as ``fit.industry``.
        fact: The unknown fact it looks at.
        low: Fewest points.
        high: Most points.
    """

    rule: str
    fact: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a score can come to.

    Attributes:
        measure: What the tier hangs on: ``total`` or ``fit100``.
        low: Its smallest value.
        high: Its largest value.
        tiers: Tiers that can be reached, first tier first.
        lowest: A completion that gives ``low``.
        highest: A completion that gives ``high``.
        parts: Bounds of each part that looks at an unknown fact.
        sums: By which sum of what the unknown facts add which tier begins, rising.
        is_exact: Each sum was looked at; otherwise only the ends and some between.
    """

    measure: str
    low: float
    high: float
    tiers: tuple[Tier, ...]
    lowest: Completion
    highest: Completion
    parts: tuple[PartBound, ...] = ()
    sums: tuple[tuple[int, Tier], ...] = ()
    is_exact: bool = True

    def tier_at(self, added: int) -> Tier:
        """Return the tier where the unknown facts add so much.

        Args:
            added: A sum of :func:`added_by`, which can be reached.
        """
        return [tier for begin, tier in self.sums if begin <= added or begin == self.sums[0][0]][-1]


def bound(free: Sequence[Cells], model: str, rate: Rate) -> Bounds:
    """Bound the score of a lead.

    Args:
        free: Cells of each unknown fact.
        model: The model that gives the tier.
        rate: Scores the lead with unknown facts completed.
    """
    sums, is_exact = reachable([_choices(each, model) for each in free])
    ordered = sorted(sums)
    names = [each.fact for each in free]
    rated: dict[int, Score] = {}

    def at(place: int) -> Score:
        if place not in rated:
            rated[place] = rate(dict(zip(names, sums[ordered[place]], strict=True)))
        return rated[place]

    last = len(ordered) - 1
    begins = _begins(0, last, lambda place: at(place).tier)
    return Bounds(
        measure="total" if model == "A" else "fit100",
        low=measure_of(at(0)),
        high=measure_of(at(last)),
        tiers=tuple(sorted({tier for _, tier in begins})),
        lowest=dict(zip(names, sums[ordered[0]], strict=True)),
        highest=dict(zip(names, sums[ordered[last]], strict=True)),
        parts=part_bounds(free),
        sums=tuple((ordered[place], tier) for place, tier in begins),
        is_exact=is_exact,
    )


def _begins(low: int, high: int, tier: Callable[[int], Tier]) -> list[tuple[int, Tier]]:
    """Return the places of rising sums at which another tier begins, by halving."""
    first, last = tier(low), tier(high)
    if first == last or high - low < 2:
        return [(low, first)] if first == last else [(low, first), (high, last)]
    middle = (low + high) // 2
    found = _begins(low, middle, tier)
    return [*found, *(each for each in _begins(middle, high, tier) if each[1] != found[-1][1])]


def measure_of(score: Score) -> float:
    """Return what the tier of a score hangs on.

    Args:
        score: A score of Model A or B.
    """
    return round(score.total, 6) if score.model == "A" else score.fit100


def part_bounds(free: Sequence[Cells]) -> tuple[PartBound, ...]:
    """Return the fewest and most points of each part that looks at an unknown fact.

    Args:
        free: Cells of each unknown fact.
    """
    found = []
    for each in free:
        for place, (rule, _) in enumerate(each.readers):
            if rule.startswith(_POINTS):
                points = [_number(cell.signature[place]) for cell in each.cells]
                bounds = PartBound(rule=rule, fact=each.fact, low=min(points), high=max(points))
                found.append(bounds)
    return tuple(found)


def added_by(cells: Cells, cell: Cell, model: str) -> int:
    """Return what a cell of a fact adds to what the tier hangs on, exactly.

    Args:
        cells: The cells of the fact.
        cell: One of them.
        model: The model that gives the tier.
    """
    return sum(
        exact(_number(points))
        for (rule, _), points in zip(cells.readers, cell.signature, strict=True)
        if rule.startswith(DECIDES[model])
    )


def _choices(cells: Cells, model: str) -> Mapping[int, Fact]:
    """Return what a fact can add, each with a value that adds it."""
    found: dict[int, Fact] = {}
    for cell in cells.cells:
        found.setdefault(added_by(cells, cell, model), cell.value)
    return found


def _number(points: object) -> float:
    assert isinstance(points, float | int)  # noqa: S101 -- what a part makes of a value is points
    return float(points)


def exact(points: float) -> int:
    """Return points as a whole number of 2**-100, without loss.

    >>> exact(0.1) + exact(0.2) == exact(0.3), exact(0.5) + exact(0.25) == exact(0.75)
    (False, True)
    """
    return int(math.ldexp(points, _BITS))


def reachable(
    choices: Sequence[Mapping[int, Fact]],
) -> tuple[Mapping[int, tuple[Fact, ...]], bool]:
    """Return every sum of one choice of each fact with values that give it, and whether all are.

    Where there are too many, some in the middle are left out; both ends are always there.

    Args:
        choices: What each fact can add, with a value that adds it.
    """
    sums: dict[int, tuple[Fact, ...]] = {0: ()}
    is_exact = True
    for choice in choices:
        after: dict[int, tuple[Fact, ...]] = {}
        for before, values in sums.items():
            for added, value in choice.items():
                after.setdefault(before + added, (*values, value))
        if len(after) > _MOST_SUMS:
            ordered, is_exact = sorted(after), False
            step = len(ordered) // (_MOST_SUMS // 2) + 1
            after = {n: after[n] for n in dict.fromkeys((*ordered[::step], ordered[-1]))}
        sums = after
    return sums, is_exact
