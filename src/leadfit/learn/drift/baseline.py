"""What the score meant when it was trusted: a curve from the score to the outcome, and its error.

The curve is a logistic regression on a broken line in the score, fitted with a level for each
cohort. Detectors ask whether later outcomes follow the curve times a smaller number; how well the
curve itself is known enters as one standard error of that number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.learn.logistic import fit_logistic, sigmoid
from leadfit.learn.past import Bools, Floats, Ints

_HINGES = (0.25, 0.5, 0.75, 0.9)
_HINGE_RIDGE = 100.0
"""Bends must be earned: a shape fitted to chance looks like drift as soon as chance turns."""
_LEVEL_RIDGE = 0.05
_GRID = 41
_PSI_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCurve:
    """The log odds of an outcome by score, up to a level.

    Attributes:
        scores: Rising scores.
        heights: Log odds at these scores, centred over the baseline.
        level: Log odds at height 0, all cohorts together.
        error: Standard error of the number the heights are multiplied by.
        optimism: How much of the heights is owed to having been fitted on the baseline itself.
        information: Fisher information of that number in one unit.
        units: Units it was fitted on.
        events: Units that reached the outcome.
    """

    scores: Floats
    heights: Floats
    level: float
    error: float
    optimism: float
    information: float
    units: int
    events: int

    def at(self, score: Floats) -> Floats:
        """Return the centred log odds at each score; level beyond the ends."""
        return np.asarray(np.interp(score, self.scores, self.heights))


def fit_curve(score: Floats, reached: Bools, cohort: Ints) -> ScoreCurve | None:
    """Fit the curve on a baseline; ``None`` where it has too little of either outcome."""
    events = int(reached.sum())
    if min(events, len(reached) - events) < 20 or np.ptp(score) <= 0:
        return None
    low, high = np.quantile(score, [0.005, 0.995])
    if low >= high:
        low, high = float(score.min()), float(score.max())
    grid = np.linspace(low, high, _GRID)
    scale = float(score.std())
    hinges = np.unique(np.quantile(score, _HINGES))
    line = _line(np.clip(score, low, high), hinges, scale)
    levels = (cohort[:, None] == np.unique(cohort)).astype(np.float64)
    ridge = np.concatenate(
        [[1e-6, *np.full(len(hinges), _HINGE_RIDGE)], np.full(levels.shape[1], _LEVEL_RIDGE), [0.0]]
    )
    columns = np.concatenate([line, levels, np.ones((len(score), 1))], axis=1)
    found = fit_logistic(columns, reached.astype(np.float64), ridge)
    slopes = found.beta[: line.shape[1]]
    middle = float((line @ slopes).mean())
    heights = _line(grid, hinges, scale) @ slopes - middle
    own = line @ slopes - middle
    chance = sigmoid(columns @ found.beta)
    bent = chance * (1 - chance)
    # Heights within a cohort: its level takes up what all its units share.
    shared = levels @ (levels.T @ (bent * own) / np.maximum(levels.T @ bent, 1e-12))
    information = float((bent * (own - shared) ** 2).sum())
    error = float(1.0 / np.sqrt(max(information, 1e-9)))
    return ScoreCurve(
        scores=grid,
        heights=heights,
        level=_level(own, float(reached.mean())),
        error=error,
        # Freedom over chi-square (van Houwelingen and Le Cessie 1990).
        optimism=_freedom(found.covariance, ridge, line.shape[1]) * error**2,
        information=information / len(score),
        units=len(score),
        events=events,
    )


def _freedom(covariance: Floats, ridge: Floats, size: int) -> float:
    """Return how many coefficients the penalised line is worth."""
    return float(size - (np.diag(covariance)[:size] * ridge[:size]).sum())


def _line(score: Floats, hinges: Floats, scale: float) -> Floats:
    bends = [np.maximum(score - hinge, 0.0) / scale for hinge in hinges]
    return np.stack([score / scale, *bends], axis=1)


def _level(heights: Floats, rate: float) -> float:
    """Return the log odds to add so that the mean chance is ``rate``, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if float(sigmoid(heights + middle).mean()) < rate else (low, middle)
        )
    return (low + high) / 2


def levels_by_multiple(heights: Floats, rate: float, multiples: Floats) -> Floats:
    """Return, for each multiple of the heights, the level that keeps the mean chance."""
    return np.array([_level(multiple * heights, rate) for multiple in multiples])


def psi(before: Floats, after: Floats) -> float:
    """Return the population stability index of a score, over tenths of ``before``.

    Over .1 the mix has moved, over .25 it has moved much.

    >>> round(psi(np.arange(1000.0), np.arange(1000.0)), 6)
    0.0
    """
    edges = np.unique(np.quantile(before, np.arange(1, _PSI_BINS) / _PSI_BINS))
    size = len(edges) + 1
    shares = []
    for values in (before, after):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=size)
        shares.append((counts + 0.5) / (len(values) + 0.5 * size))
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
