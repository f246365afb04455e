"""Weights under which other units look like those that have a value.

Entropy balancing: among all weights of the other units whose means meet those of the units with
the value, the ones nearest to even (Hainmueller 2012). The tilt they come from is a logistic
propensity in disguise, so the comparison is right if either that or the linear model of the
amount is (Zhao and Percival 2017). Weights are never negative: nothing is extrapolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from leadfit.learn.past import Bools, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A comparison group made alike.

    Attributes:
        weights: One for each unit, adding to one over the other units and zero elsewhere.
        effective: Units that equal weights would need for the same spread (Kish 1965).
        gaps: What is left between the two groups by column, in standard deviations.
        within: What was allowed to be left.
    """

    weights: Floats
    effective: float
    gaps: Floats
    within: float


def balance(columns: Floats, inside: Bools, rest: Bools) -> Balance:
    """Weigh the units in ``rest`` so that they look like those ``inside``, as far as a lot would.

    Means are brought to within one standard error of a lottery's difference. Finer would chase
    the luck of a small group through hundreds of columns, and spend the comparison on it.

    Args:
        columns: Units by columns, in standard deviations.
        inside: Units that have the value.
        rest: Units it is compared with.
    """
    others = columns[rest] - columns[inside].mean(axis=0)
    size = others.shape[1]
    within = float(np.sqrt(1.0 / inside.sum() + 1.0 / rest.sum()))
    # One unit of log odds by standard deviation is a steep tilt; this ridge stops it from running
    # away where nothing can balance, and is nothing where it can.
    ridge = 1.0 / float(inside.sum())

    def uneven(parts: Floats) -> tuple[float, Floats]:
        tilt = parts[:size] - parts[size:]
        eta = others @ tilt
        total = float(special.logsumexp(eta))
        slope = np.exp(eta - total) @ others + ridge * tilt
        value = total + ridge / 2 * float(tilt @ tilt) + within * float(parts.sum())
        return value, np.concatenate([slope + within, within - slope])

    found = optimize.minimize(
        uneven,
        np.zeros(2 * size),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * (2 * size),
        options={"maxiter": 300, "maxcor": 20, "gtol": 1e-4},
    )
    weights = np.zeros(len(columns))
    weights[rest] = special.softmax(others @ (found.x[:size] - found.x[size:]))
    return Balance(
        weights=weights,
        effective=float(1.0 / (weights**2).sum()),
        gaps=np.asarray(columns[inside].mean(axis=0) - weights @ columns),
        within=within,
    )
