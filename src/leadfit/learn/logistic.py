"""Logistic regression with a ridge, by Newton steps; no library beyond numpy is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.learn.past import Floats

_MOST_STEPS = 60
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A fitted regression.

    Attributes:
        beta: One coefficient for each column.
        covariance: Inverse of the penalised information.
    """

    beta: Floats
    covariance: Floats


def sigmoid(eta: Floats) -> Floats:
    """Return the probability of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -30.0, 30.0))))


def fit_logistic(columns: Floats, reached: Floats, ridge: Floats) -> Logistic:
    """Fit by Newton's method with halved steps where the likelihood would fall.

    Args:
        columns: ``(rows, columns)``; an intercept is a column of ones with ridge 0.
        reached: ``(rows,)``, 0 or 1.
        ridge: ``(columns,)``, half the penalty on each squared coefficient.
    """
    beta = np.zeros(columns.shape[1])
    best = _penalised(columns, reached, ridge, beta)
    curvature = np.diag(ridge + 1e-9)
    for _ in range(_MOST_STEPS):
        chance = sigmoid(columns @ beta)
        slope = columns.T @ (reached - chance) - ridge * beta
        bent = np.maximum(chance * (1 - chance), 1e-10)
        curvature = (columns * bent[:, None]).T @ columns + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while size > 1e-4:
            now = _penalised(columns, reached, ridge, beta + size * step)
            if now >= best - 1e-12:
                break
            size /= 2
        beta, best = (
            beta + size * step,
            _penalised(columns, reached, ridge, beta + size * step),
        )
        if float(np.abs(size * step).max(initial=0.0)) < _CLOSE:
            break
    return Logistic(beta=beta, covariance=np.asarray(np.linalg.inv(curvature), np.float64))


def _penalised(columns: Floats, reached: Floats, ridge: Floats, beta: Floats) -> float:
    eta = np.clip(columns @ beta, -30.0, 30.0)
    fits = np.sum(reached * eta - np.log1p(np.exp(eta)))
    return float(fits - 0.5 * (ridge * beta) @ beta)
