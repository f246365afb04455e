"""How far to trust each coefficient, by the evidence of the data alone.

Every coefficient has a normal prior of mean nought whose variance is its fact's own, pulled to
that of all facts: most facts mean nothing and are held close, the few that mean much are let go
(MacKay 1992). Variances are found by expectation-maximisation on the parabola that the likelihood
is near its top, which costs no pass over the units,
and the top of both together is the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.learn.hazard import Baseline, FittedRegression, fit
from leadfit.learn.past import Floats, Ints

_FIRST_RIDGE = 5.0
_FIXED = 1e6
_FIRST_VARIANCE = 0.05
_TURNS = 6
_ROUNDS = 60
_SETTLED = 1e-4
_SAME_MULTIPLE = 0.01
_MOST_BORROWED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A regression whose penalty the data chose.

    Attributes:
        found: The fit with that penalty.
        borrowed: Multiple of ``prior`` that coefficients were centred at.
        variance: Of each coefficient around that centre.
    """

    found: FittedRegression
    borrowed: float
    variance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parabola:
    """The log likelihood of the facts' coefficients: ``pull @ b - b @ bend @ b / 2``."""

    bend: Floats
    pull: Floats


def fit_shrunk(
    columns: Floats,
    baseline: Baseline,
    *,
    aside: int,
    ridge_aside: float,
    fact_of: Ints,
    prior: Floats,
) -> Shrunk:
    """Fit with the penalty that the evidence favours.

    Args:
        columns: Units by columns, those held aside first.
        baseline: Follow-up and events.
        aside: Number of columns held aside.
        ridge_aside: Their penalty.
        fact_of: Number of the fact of each further column.
        prior: Coefficients of an earlier step, of which a multiple may be borrowed; 0 if none.
    """
    size = columns.shape[1]
    ridge, centre = np.full(size, ridge_aside), np.zeros(size)
    ridge[aside:] = _FIRST_RIDGE
    found = fit(columns, baseline, ridge)
    variance, borrowed = np.full(len(prior), _FIRST_VARIANCE), 0.0
    beta = np.zeros(len(prior))
    if not len(prior):
        return Shrunk(found=found, borrowed=borrowed, variance=variance)
    parabola = _drawn(found, columns, baseline, ridge, aside)
    for _ in range(_TURNS):
        variance, beta = _variances(parabola, borrowed * prior, fact_of, variance)
        before, own = borrowed, beta - borrowed * prior
        borrowed = _borrowed(parabola, own, prior)
        beta = own + borrowed * prior
        if abs(borrowed - before) < _SAME_MULTIPLE:
            break
    # The level is brought into line with the coefficients, which stay.
    ridge[aside:], centre[aside:] = _FIXED, beta
    found = fit(columns, baseline, ridge, centre=centre, start=(found.alpha, found.beta))
    return Shrunk(found=found, borrowed=borrowed, variance=variance)


def _drawn(
    found: FittedRegression, columns: Floats, baseline: Baseline, ridge: Floats, aside: int
) -> _Parabola:
    """Return the likelihood around a fit, at its best over all that is held aside."""
    eta = columns @ found.beta
    if found.timed:
        weight = (
            baseline.exposure * np.exp(found.alpha) * np.exp(np.clip(eta, -30.0, 30.0))[:, None]
        )
    else:
        weight = found.slope(eta)[:, None]
    cross = columns.T @ weight
    scaled = columns * np.sqrt(weight.sum(axis=1))[:, None]
    bend = np.block([[np.diag(weight.sum(axis=0)), cross.T], [cross, scaled.T @ scaled]])
    first = len(found.alpha) + aside
    held = np.arange(first)
    bend[held, held] += np.concatenate([np.full(len(found.alpha), 1e-9), ridge[:aside]])
    swept = np.linalg.solve(bend[:first, :first], bend[:first, first:])
    inner = bend[first:, first:] - bend[first:, :first] @ swept
    # At the fit the likelihood rises as steeply as the penalty falls.
    beta = found.beta[aside:]
    return _Parabola(bend=inner, pull=inner @ beta + ridge[aside:] * beta)


def _variances(
    parabola: _Parabola, centre: Floats, fact_of: Ints, variance: Floats
) -> tuple[Floats, Floats]:
    """Return each coefficient's prior variance, and the coefficients at the end."""
    pull = parabola.pull - parabola.bend @ centre
    sizes = np.bincount(fact_of)
    beta = np.zeros(len(pull))
    for _ in range(_ROUNDS):
        spread = np.linalg.inv(parabola.bend + np.diag(1.0 / variance))
        before, beta = beta, spread @ pull
        squares = np.bincount(fact_of, weights=beta**2 + np.diag(spread))
        # The heavy tail: one degree of freedom around the middle of all facts.
        common = float(np.clip(1.0 / np.mean(1.0 / variance), 1e-4, 1.0))
        variance = np.clip((common + squares) / (1.0 + sizes), 1e-4, 4.0)[fact_of]
        if np.abs(beta - before).max() < _SETTLED:
            break
    return np.asarray(variance), np.asarray(centre + beta)


def _borrowed(parabola: _Parabola, own: Floats, prior: Floats) -> float:
    """Return the likeliest multiple of ``prior`` beside ``own``; never a reversal."""
    if not prior.any():
        return 0.0
    left = prior @ (parabola.pull - parabola.bend @ own)
    return float(np.clip(left / (prior @ parabola.bend @ prior + 1.0), 0.0, _MOST_BORROWED))
