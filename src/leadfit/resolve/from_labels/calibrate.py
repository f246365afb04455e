"""Maps from a matcher's probability to the share of pairs that are truly one entity.

A map never turns the order of two pairs round. It is fitted on scores that were made without the
label they are compared with (see :mod:`leadfit.resolve.from_labels.training`) and read in plain
Python.

Methods: Platt (1999) with his smoothed targets; beta calibration, Kull, Silva Filho and Flach
(2017); isotonic regression by pooling adjacent violators, Zadrozny and Elkan (2002).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, assert_never

from leadfit.resolve.model.card import Calibration, MapKind

PLATT_BELOW: Final = 200
BETA_UP_TO: Final = 1_000
_EDGE: Final = 1e-12
_STEPS: Final = 100
_SLIGHTLY: Final = 1e-3
_MOST_ODDS: Final = 36.0

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """A pair whose truth a person stated.

    Attributes:
        probability: What was said of it, in [0, 1].
        is_match: What is true of it.
        weight: How many pairs of the base it stands for: one over its chance of being drawn.
    """

    probability: float
    is_match: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """One line of a reliability table.

    Attributes:
        low: Lower edge, open unless it is 0.
        high: Upper edge.
        pairs: Judged pairs in it.
        weight: How many pairs of the base they stand for.
        stated: Mean probability; ``None`` of an empty bin.
        observed: Share that truly matches; ``None`` of an empty bin.
    """

    low: float
    high: float
    pairs: int
    weight: float
    stated: float | None
    observed: float | None


def logit(probability: float) -> float:
    """Return natural log odds, finite at 0 and 1."""
    inside = min(1 - _EDGE, max(_EDGE, probability))
    return math.log(inside) - math.log1p(-inside)


def sigmoid(odds: float) -> float:
    """Return the probability of natural log odds; short of 0 and 1 however far they are."""
    odds = max(-_MOST_ODDS, min(_MOST_ODDS, odds))
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    grown = math.exp(odds)
    return grown / (1 + grown)


def calibrated(calibration: Calibration | None, probability: float) -> float:
    """Return the calibrated probability; without a map, the probability itself.

    >>> calibrated(Calibration(kind=MapKind.PLATT, parameters=(2.0, 0.0)), 0.5)
    0.5
    """
    if calibration is None:
        return probability
    match calibration.kind:
        case MapKind.PLATT:
            slope, shift = calibration.parameters
            return sigmoid(slope * logit(probability) + shift)
        case MapKind.BETA:
            up, down, shift = calibration.parameters
            low, high = _beta_row(probability)
            return sigmoid(up * low + down * high + shift)
        case MapKind.ISOTONIC:
            return _between(calibration.knots, logit(probability))
        case _:
            assert_never(calibration.kind)


def kind_for(labels: int) -> MapKind:
    """Return the family that so many labels carry.

    Below 200, Platt's two parameters: between 100 and 200 the third parameter of beta costs more
    in noise than it gains. Isotonic above 1,000.
    """
    if labels < PLATT_BELOW:
        return MapKind.PLATT
    return MapKind.BETA if labels <= BETA_UP_TO else MapKind.ISOTONIC


def fit_calibration(
    judged: Sequence[JudgedPair], kind: MapKind | None = None, *, trust: float = _SLIGHTLY
) -> Calibration:
    """Fit a monotone map.

    Args:
        judged: Pairs with probabilities that were made without their own label.
        kind: Family; by default the one :func:`kind_for` names.
        trust: How strongly Platt and beta are held to the map that changes nothing, as the
            penalty on half the square of each departure. Hardly at all by default; more for
            probabilities of a model that was itself fitted to labels.

    Raises:
        ValueError: There is no pair, or the labels are all of one kind.
    """
    if len({pair.is_match for pair in judged}) < 2:
        raise ValueError("a map needs at least one match and one pair that is none")
    chosen = kind_for(len(judged)) if kind is None else kind
    match chosen:
        case MapKind.PLATT:
            slope, shift = _rising([(logit(pair.probability),) for pair in judged], judged, trust)
            return Calibration(kind=chosen, parameters=(slope, shift), labels=len(judged))
        case MapKind.BETA:
            numbers = _rising([_beta_row(pair.probability) for pair in judged], judged, trust)
            return Calibration(kind=chosen, parameters=numbers, labels=len(judged))
        case MapKind.ISOTONIC:
            return Calibration(kind=chosen, knots=_pooled(judged), labels=len(judged))
        case _:
            assert_never(chosen)


def reliability(
    judged: Sequence[JudgedPair], *, over: float = 0.0, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Return stated and observed shares in equal bins of ``(over, 1]``; ``[0, 1]`` if it is 0."""
    edges = [over + (1 - over) * number / bins for number in range(bins + 1)]
    held: list[list[JudgedPair]] = [[] for _ in range(bins)]
    for pair in judged:
        if pair.probability > over or over == 0:
            place = math.ceil((pair.probability - over) / (1 - over) * bins) - 1
            held[min(bins - 1, max(0, place))].append(pair)
    return tuple(
        _bin(low, high, inside) for (low, high), inside in zip(pairwise(edges), held, strict=True)
    )


def calibration_error(judged: Sequence[JudgedPair], *, over: float = 0.0) -> float | None:
    """Return the expected calibration error: the mean gap of stated and observed, by weight.

    ``None`` if no pair lies over ``over``. Few pairs in a bin raise it by chance alone.
    """
    lines = [line for line in reliability(judged, over=over) if line.pairs]
    total = math.fsum(line.weight for line in lines)
    if not lines or total <= 0:
        return None
    gaps = (
        line.weight * abs(line.stated - line.observed)
        for line in lines
        if line.stated is not None and line.observed is not None
    )
    return math.fsum(gaps) / total


def _bin(low: float, high: float, inside: Sequence[JudgedPair]) -> ReliabilityBin:
    weight = math.fsum(pair.weight for pair in inside)
    if not inside or weight <= 0:
        return ReliabilityBin(
            low=low, high=high, pairs=len(inside), weight=0.0, stated=None, observed=None
        )
    stated = math.fsum(pair.weight * pair.probability for pair in inside) / weight
    observed = math.fsum(pair.weight for pair in inside if pair.is_match) / weight
    return ReliabilityBin(
        low=low, high=high, pairs=len(inside), weight=weight, stated=stated, observed=observed
    )


def _beta_row(probability: float) -> Row:
    inside = min(1 - _EDGE, max(_EDGE, probability))
    return (math.log(inside), -math.log1p(-inside))


def _rising(rows: Sequence[Row], judged: Sequence[JudgedPair], trust: float) -> tuple[float, ...]:
    """Fit slopes that are not below 0: one that would be is set to 0, the rest fitted again."""
    used = list(range(len(rows[0])))
    while True:
        found = _newton([[row[place] for place in used] for row in rows], judged, trust)
        falling = [place for place, slope in zip(used, found, strict=False) if slope < 0]
        if not falling:
            break
        used = [place for place in used if place not in falling]
    slopes = [0.0] * len(rows[0])
    for place, slope in zip(used, found, strict=False):
        slopes[place] = slope
    return (*slopes, found[-1])


def _newton(
    rows: Sequence[Sequence[float]], judged: Sequence[JudgedPair], trust: float
) -> list[float]:
    """Fit slopes and, last, the shift."""
    scale = len(judged) / math.fsum(pair.weight for pair in judged)
    counts = [pair.weight * scale for pair in judged]
    wins = math.fsum(count for count, pair in zip(counts, judged, strict=True) if pair.is_match)
    losses = math.fsum(counts) - wins
    # Without another hold on the slope, Platt's targets stand in for labels still to come.
    more = 1.0 if trust < 1 else 0.0
    high, low = (wins + more) / (wins + 2 * more), more / (losses + 2 * more)
    targets = [high if pair.is_match else low for pair in judged]
    width = len(rows[0]) + 1
    full = [(*row, 1.0) for row in rows]
    beta = [1.0] * (width - 1) + [0.0]
    loss = _loss(full, targets, counts, beta, trust)
    for _ in range(_STEPS):
        slope, bend = _derivatives(full, targets, counts, beta, trust)
        step = solve(bend, slope)
        size = 1.0
        while size > 1e-6:
            moved = [b + size * s for b, s in zip(beta, step, strict=True)]
            now = _loss(full, targets, counts, moved, trust)
            if now <= loss:
                beta, loss = moved, now
                break
            size /= 2
        if max(abs(size * s) for s in step) < 1e-9:
            break
    return beta


def _loss(
    rows: Sequence[Row],
    targets: Sequence[float],
    counts: Sequence[float],
    beta: Sequence[float],
    trust: float,
) -> float:
    terms = []
    for row, target, count in zip(rows, targets, counts, strict=True):
        odds = math.fsum(b * x for b, x in zip(beta, row, strict=True))
        above = max(odds, 0.0) + math.log1p(math.exp(-abs(odds)))
        terms.append(count * (above - target * odds))
    pull = 0.5 * trust * math.fsum((b - at) ** 2 for b, at in zip(beta, _same(beta), strict=True))
    return math.fsum(terms) + pull


def _derivatives(
    rows: Sequence[Row],
    targets: Sequence[float],
    counts: Sequence[float],
    beta: Sequence[float],
    trust: float,
) -> tuple[list[float], list[list[float]]]:
    width = len(beta)
    slope = [trust * (at - b) for b, at in zip(beta, _same(beta), strict=True)]
    bend = [[trust if i == j else 0.0 for j in range(width)] for i in range(width)]
    for row, target, count in zip(rows, targets, counts, strict=True):
        chance = sigmoid(math.fsum(b * x for b, x in zip(beta, row, strict=True)))
        pull, curve = count * (target - chance), count * max(chance * (1 - chance), 1e-10)
        for i in range(width):
            slope[i] += pull * row[i]
            for j in range(i + 1):
                bend[i][j] += curve * row[i] * row[j]
    for i in range(width):
        for j in range(i):
            bend[j][i] = bend[i][j]
    return slope, bend


def _same(beta: Sequence[float]) -> list[float]:
    """Return slopes and shift of the map that changes nothing."""
    return [1.0] * (len(beta) - 1) + [0.0]


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a small system of full rank by elimination with pivots."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda place: abs(rows[place][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for below in range(column + 1, size):
            share = rows[below][column] / rows[column][column]
            for place in range(column, size + 1):
                rows[below][place] -= share * rows[column][place]
    answer = [0.0] * size
    for place in reversed(range(size)):
        known = math.fsum(rows[place][later] * answer[later] for later in range(place + 1, size))
        answer[place] = (rows[place][size] - known) / rows[place][place]
    return answer


def _pooled(judged: Sequence[JudgedPair]) -> tuple[tuple[float, float], ...]:
    """Pool adjacent violators; one knot at the middle of each pool."""
    pools: list[list[float]] = []  # weight, matching weight, weighted log odds
    for pair in sorted(judged, key=lambda each: each.probability):
        odds = logit(pair.probability)
        pools.append([pair.weight, pair.weight * pair.is_match, pair.weight * odds])
        while len(pools) > 1 and pools[-2][1] * pools[-1][0] >= pools[-1][1] * pools[-2][0]:
            last = pools.pop()
            pools[-1] = [kept + more for kept, more in zip(pools[-1], last, strict=True)]
    # No number of labels proves a share of 0 or 1.
    edge = 1 / (len(judged) + 2)
    return tuple(
        (odds / weight, min(1 - edge, max(edge, wins / weight))) for weight, wins, odds in pools
    )


def _between(knots: Sequence[tuple[float, float]], odds: float) -> float:
    if odds <= knots[0][0]:
        return knots[0][1]
    for (left, low), (right, high) in pairwise(knots):
        if odds <= right:
            return low + (high - low) * (odds - left) / (right - left)
    return knots[-1][1]
