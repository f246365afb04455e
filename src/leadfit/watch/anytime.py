"""Intervals and tests that may be looked at every day, however long an experiment runs.

The interval of a difference is by inverse weights: what came of a unit, less what was usual before
it, divided by the chance of the arm that it was drawn into. Its sum, less what the arms truly
differ by, is a martingale, whoever the units are and however the rates drift, since the draws alone
are random. It is bounded at all times at once by a mixture of the supermartingales of Howard,
Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
Annals of Statistics 49, 2021 (theorem 4: empirical Bernstein). The mixture is over a grid of
lambda, which any mixture may be (section 3.2 there). What is covered is the mean difference over
the units looked at. Nothing is asymptotic.

The test of shares is the one of Lindon and Malek, "Anytime-valid inference for multinomial count
data", 2022: the Bayes factor of a Dirichlet prior against the shares that were promised.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_GRID: Final = 12
"""Values of lambda."""
_LARGEST: Final = 0.9
"""The largest of them, as a share of the largest there may be."""
_RATIO: Final = 1.5
"""Each is smaller than the one before by this: the last suits some 10^6 units."""
_STEPS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnUnit:
    """A unit that was drawn into one of two arms.

    Attributes:
        treated: It is of the second arm.
        chance: Chance of the second arm when it was drawn, of the two, above 0 and below 1.
        outcome: What came of it, from 0 to 1.
    """

    treated: bool
    chance: float
    outcome: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDifference:
    """How much better the second arm does, as a share of units.

    Attributes:
        value: Estimate; ``None`` before the first unit.
        low: End of an interval that holds at all looks together; -1 where nothing is known.
        high: Its other end.
        units: Units it is from.
        relative: The estimate as a share of the first arm's rate; ``None`` where that is 0.
    """

    value: float | None
    low: float
    high: float
    units: int
    relative: float | None = None

    @property
    def is_decided(self) -> bool:
        """The interval leaves zero out."""
        return self.low > 0 or self.high < 0


def difference(units: Sequence[DrawnUnit], *, confidence: float = 0.95) -> ArmDifference:
    """Return how much better the second arm does, with an interval that holds at all times.

    Args:
        units: In the order in which they were drawn; each is independent of the draws after it.
        confidence: Of all intervals of the growing sequence together.

    >>> even = [DrawnUnit(treated=n % 2 == 1, chance=0.5, outcome=float(n % 2)) for n in range(400)]
    >>> found = difference(even)
    >>> found.value, found.low > 0.6, found.is_decided
    (1.0, True, True)
    """
    if not units:
        return ArmDifference(value=None, low=-1.0, high=1.0, units=0)
    whole, spread, scale = 0.0, 0.0, 0.0
    seen, reached = 1.0, 0.5
    for unit in units:
        usual = reached / seen
        share = unit.chance if unit.treated else 1 - unit.chance
        term = (unit.outcome - usual) / share * (1 if unit.treated else -1)
        whole += term
        spread += term * term
        scale = max(scale, 1 / unit.chance, 1 / (1 - unit.chance))
        seen += 1
        reached += unit.outcome
    count = len(units)
    reach = _boundary(spread, scale, (1 - confidence) / 2) / count
    middle = whole / count
    value, relative = _means(units)
    return ArmDifference(
        value=middle if value is None else value,
        low=max(-1.0, middle - reach),
        high=min(1.0, middle + reach),
        units=count,
        relative=relative,
    )


def _means(units: Sequence[DrawnUnit]) -> tuple[float | None, float | None]:
    """Return the difference of the arms' means, and it as a share of the first's."""
    of = {side: [unit.outcome for unit in units if unit.treated is side] for side in (False, True)}
    if not of[False] or not of[True]:
        return None, None
    first, second = (math.fsum(of[side]) / len(of[side]) for side in (False, True))
    return second - first, (second - first) / first if first > 0 else None


def _boundary(spread: float, scale: float, alpha: float) -> float:
    """Return what the sum passes at no time but with chance ``alpha``, given its spread."""
    largest = _LARGEST / scale
    lambdas = [largest / _RATIO**step for step in range(_GRID)]
    costs = [(-math.log1p(-scale * each) - scale * each) / scale**2 * spread for each in lambdas]
    wanted = math.log(1 / alpha) + math.log(_GRID)

    def evidence(at: float) -> float:
        logs = [each * at - cost for each, cost in zip(lambdas, costs, strict=True)]
        top = max(logs)
        return top + math.log(math.fsum(math.exp(each - top) for each in logs))

    low, high = 0.0, 1.0
    while evidence(high) < wanted:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if evidence(middle) < wanted else (low, middle)
    return high


def against_chance(draws: Iterable[tuple[str, Mapping[str, float]]]) -> float:
    """Return how likely at most it is that arms were drawn as promised, at all looks together.

    Args:
        draws: The arm of each unit, with the chance that each arm had.

    >>> fair = {"a": 0.5, "b": 0.5}
    >>> against_chance([("a", fair), ("b", fair)] * 200)
    1.0
    >>> against_chance([("a", fair)] * 20) < 0.001
    True
    """
    groups: dict[tuple[tuple[str, float], ...], Counter[str]] = {}
    for arm, chances in draws:
        groups.setdefault(tuple(sorted(chances.items())), Counter())[arm] += 1
    evidence = math.fsum(_factor(dict(chances), counts) for chances, counts in groups.items())
    return min(1.0, math.exp(min(0.0, -evidence)))


def _factor(chances: Mapping[str, float], counts: Counter[str]) -> float:
    """Return the logarithm of the Bayes factor against these chances."""
    whole = counts.total()
    value = math.lgamma(len(chances)) - math.lgamma(whole + len(chances))
    for arm, chance in chances.items():
        value += math.lgamma(counts[arm] + 1)
        value -= counts[arm] * math.log(chance) if counts[arm] else 0.0
    return value
