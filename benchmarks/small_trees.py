"""Small trees on top of the logistic second stage, to measure what they would gain.

Not a benchmark by itself; see ``resolve_trees``.

Gradient boosting with Newton steps (Friedman 2001; Chen and Guestrin 2016) that begins at the log
odds of the logistic model. Trees hold to the same signs as its coefficients: no split gives more to
the side that agrees less, and the leaves of two branches never cross the middle of both. The answer
is monotone in every fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leadfit.resolve.from_labels.facts import FOR, NAMES

_DEPTH: Final = 3
_RATE: Final = 0.1
_RIDGE: Final = 5.0
_LEAST_BEND: Final = 0.5
"""Newton weight a leaf holds at least: that of two pairs in full doubt."""
_BINS: Final = 32
_LEAST_GAIN: Final = 1e-6

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A full binary tree of questions, row by row from the root.

    From question ``n`` the way leads to ``2 n + 1``, or to ``2 n + 2`` where the fact is over its
    bound; a leaf is added to the natural log odds.
    """

    facts: tuple[str, ...]
    over: tuple[float, ...]
    leaves: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Binned:
    """Facts as bins: ``codes`` (pairs, facts), the upper edge of each bin, and signs."""

    codes: Places
    edges: Sequence[Floats]
    signs: Floats


def boosted(facts: Floats, truth: Floats, odds: Floats, trees: int) -> tuple[Tree, ...]:
    """Return trees whose sum is added to the log odds.

    Args:
        facts: ``(pairs, facts)``, columns as :data:`leadfit.resolve.from_labels.facts.NAMES`.
        truth: ``(pairs,)``, 1 for a match.
        odds: ``(pairs,)``, what the logistic model says, in natural log odds.
        trees: How many.
    """
    binned = _binned(facts)
    found: list[Tree] = []
    now = odds.copy()
    for _ in range(trees):
        said = 1 / (1 + np.exp(-np.clip(now, -36, 36)))
        tree, added = _tree(binned, said - truth, said * (1 - said))
        if tree is None:
            break
        found.append(tree)
        now += added
    return tuple(found)


def summed(trees: Sequence[Tree], facts: Floats) -> Floats:
    """Return the sum of trees for many pairs."""
    total = np.zeros(len(facts))
    for tree in trees:
        total += leaves_of(tree, facts)
    return total


def leaves_of(tree: Tree, facts: Floats) -> Floats:
    """Return the leaf of each row."""
    columns = np.array([NAMES.index(name) for name in tree.facts])
    edges, leaves = np.array(tree.over), np.array(tree.leaves)
    place = np.zeros(len(facts), dtype=np.intp)
    rows = np.arange(len(facts))
    while place.size and place[0] < len(edges):
        place = 2 * place + 1 + (facts[rows, columns[place]] > edges[place])
    return np.asarray(leaves[place - len(edges)], dtype=np.float64)


def _binned(facts: Floats) -> _Binned:
    codes = np.empty(facts.shape, dtype=np.intp)
    edges = []
    for column in range(facts.shape[1]):
        values = np.unique(facts[:, column])
        middles = (values[1:] + values[:-1]) / 2
        if len(middles) > _BINS - 1:
            shares = np.linspace(0, 1, _BINS + 1)[1:-1]
            wanted = np.quantile(facts[:, column], shares)
            middles = np.unique(
                middles[np.minimum(np.searchsorted(middles, wanted), len(middles) - 1)]
            )
        edges.append(middles)
        codes[:, column] = np.searchsorted(middles, facts[:, column], side="left")
    signs = np.array([1.0 if name in FOR else -1.0 for name in NAMES])
    return _Binned(codes, edges, signs)


@dataclass(slots=True)
class _Node:
    rows: Places
    low: float
    high: float


def _tree(binned: _Binned, slope: Floats, bend: Floats) -> tuple[Tree | None, Floats]:
    """Grow one full tree; a node without a split that helps passes its rows on to its left."""
    level = [_Node(np.arange(len(slope)), -np.inf, np.inf)]
    names: list[str] = []
    over: list[float] = []
    is_split = False
    for _ in range(_DEPTH):
        below: list[_Node] = []
        for node in level:
            split = _best(binned, node, slope, bend)
            if split is None:
                names.append(NAMES[0])
                over.append(1e9)
                below += [node, _Node(node.rows[:0], node.low, node.high)]
                continue
            is_split = True
            column, code, middle = split
            right = binned.codes[node.rows, column] > code
            names.append(NAMES[column])
            over.append(float(binned.edges[column][code]))
            rises = binned.signs[column] > 0
            low, high = (
                _Node(node.rows[~right], node.low, node.high),
                _Node(node.rows[right], node.low, node.high),
            )
            less, more = (low, high) if rises else (high, low)
            less.high, more.low = middle, middle
            below += [low, high]
        level = below
    if not is_split:
        return None, np.zeros(len(slope))
    added = np.zeros(len(slope))
    leaves = []
    for node in level:
        value = _RATE * _step(node, slope[node.rows].sum(), bend[node.rows].sum())
        leaves.append(float(value) if node.rows.size else 0.0)
        added[node.rows] = value
    return Tree(facts=tuple(names), over=tuple(over), leaves=tuple(leaves)), added


def _step(node: _Node, slope: float, bend: float) -> float:
    return float(np.clip(-slope / (bend + _RIDGE), node.low, node.high))


def _best(
    binned: _Binned, node: _Node, slope: Floats, bend: Floats
) -> tuple[int, int, float] | None:
    """Return column, bin and middle of the split that lowers the loss most, within the signs."""
    if node.rows.size < 2:
        return None
    codes = binned.codes[node.rows] + np.arange(binned.codes.shape[1]) * _BINS
    size = binned.codes.shape[1] * _BINS
    width = binned.codes.shape[1]

    def sums(of: Floats) -> Floats:
        spread = np.repeat(of[node.rows], width)
        counted = np.bincount(codes.ravel(), spread, size).reshape(width, _BINS)
        return np.asarray(np.cumsum(counted, axis=1), dtype=np.float64)

    g, h = sums(slope), sums(bend)
    whole_g, whole_h = g[:, -1:], h[:, -1:]

    def gain(a: Floats, b: Floats, value: Floats) -> Floats:
        return -(a * value + 0.5 * (b + _RIDGE) * value**2)

    left = np.clip(-g / (h + _RIDGE), node.low, node.high)
    right = np.clip(-(whole_g - g) / (whole_h - h + _RIDGE), node.low, node.high)
    alone = np.clip(-whole_g / (whole_h + _RIDGE), node.low, node.high)
    gains = gain(g, h, left) + gain(whole_g - g, whole_h - h, right) - gain(whole_g, whole_h, alone)
    allowed = (right - left) * binned.signs[:, None] > 0
    allowed &= (h >= _LEAST_BEND) & (whole_h - h >= _LEAST_BEND)
    gains = np.where(allowed, gains, -np.inf)
    column, code = np.unravel_index(int(np.argmax(gains)), gains.shape)
    if gains[column, code] <= _LEAST_GAIN:
        return None
    return int(column), int(code), float((left[column, code] + right[column, code]) / 2)
