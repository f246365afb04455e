"""What one value of a fact adds to the components of a score, in whole millionths of a point.

Parts are rounded to six decimals, so that sums of millionths are exact.
"""

from __future__ import annotations

from typing import Final

from leadfit.policy import Policy
from leadfit.score.cells import Cells

Points = tuple[int, int, int, int]
"""Millionths of points of fit, engagement, intent and authority."""
COMPONENTS: Final = ("fit", "engagement", "intent", "authority")
NOTHING: Final[Points] = (0, 0, 0, 0)
_MILLION: Final = 1_000_000


def millionths(points: float) -> int:
    """Return points in whole millionths.

    >>> millionths(23.8)
    23800000
    """
    return round(points * _MILLION)


def points_of(whole: int) -> float:
    """Return millionths as points.

    >>> points_of(23_800_000)
    23.8
    """
    return whole / _MILLION


def added(one: Points, other: Points) -> Points:
    """Return the sum, component by component."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def terms_of(policy: Policy, cells: Cells, signature: tuple[object, ...]) -> Points:
    """Return what a cell adds to each component; what it takes away counts below 0.

    Args:
        policy: Its parts, and what takes points away.
        cells: The cells of the fact.
        signature: That of one of them.
    """
    found = dict.fromkeys(COMPONENTS, 0)
    for (rule, _), made in zip(cells.readers, signature, strict=True):
        kind, _, name = rule.partition(".")
        if kind in found and isinstance(made, float | int):
            found[kind] += millionths(made)
        elif kind == "less" and made:
            less = policy.score.less[name]
            found[less.component] -= millionths(less.points)
    return (found["fit"], found["engagement"], found["intent"], found["authority"])
