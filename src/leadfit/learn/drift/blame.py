"""Who is to blame when the win rate moves: five parts that sum to the change.

The decomposition of Oaxaca (1973) and Blinder (1973) with pooled coefficients for what changed
in kind, and coefficients by period for what changed in worth. One linear regression over both
periods holds the mix of leads, the follow-up speed and the rep; since intercept and period carry
no penalty, the parts sum to the observed change exactly. Intervals are by Bayesian bootstrap
(Rubin 1981), drawn for all parts together, so that they sum in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.learn.drift.result import Blame
from leadfit.learn.facts import Levels
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import Estimate
from leadfit.records import Kind

PARTS = ("lead_mix", "icp_fit", "follow_up_speed", "rep", "rest")
_DRAWS = 200
_MOST_LEVELS = 12
_RIDGE = 1.0
_SPEEDS = (1 / 24, 4 / 24, 1.0, 3.0)
"""Days to first touch: within an hour, four hours, a day, three days, later, never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Design:
    """Columns of the regression and the part each belongs to."""

    columns: Floats
    part: Ints
    ridge: Floats


def split(  # noqa: PLR0917 -- a change has these sides
    past: Past,
    row: Ints,
    won: Bools,
    now: Bools,
    score: Floats,
    mix: Sequence[Levels],
    reps: Levels | None,
    rng: np.random.Generator,
) -> tuple[Blame, ...]:
    """Split the change of the win rate between two groups of units.

    Args:
        past: The history as arrays.
        row: Row of each unit.
        won: Whether it was won.
        now: It belongs to the later group.
        score: By row of the past.
        mix: What describes leads besides the score: channel, region, named segments.
        reps: Rep of each row of the past.
        rng: For the intervals.
    """
    if min(int(now.sum()), int((~now).sum())) < 30:
        return ()
    made = _design(past, row, now, score, mix, reps)
    reached = won.astype(np.float64)
    parts = _parts(made, reached, now, np.ones(len(row)))
    weights = rng.exponential(1.0, (_DRAWS, len(row)))
    draws = np.stack([_parts(made, reached, now, weight) for weight in weights])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return tuple(
        Blame(
            part=name,
            points=Estimate(
                value=float(parts[n]),
                low=float(min(low[n], parts[n])),
                high=float(max(high[n], parts[n])),
            ),
        )
        for n, name in enumerate(PARTS)
    )


def _design(  # noqa: PLR0917 -- all that holds the change
    past: Past,
    row: Ints,
    now: Bools,
    score: Floats,
    mix: Sequence[Levels],
    reps: Levels | None,
) -> _Design:
    own = score[row]
    low = float(np.quantile(own[~now], 0.1))
    scale = float(own.std()) or 1.0
    # Counted from the leads the score likes least: what all leads lost alike is the rest.
    fit = np.maximum(own - low, 0.0) / scale
    period = now.astype(np.float64)
    columns: list[Floats] = [np.ones(len(row)), period, fit, period * fit]
    part, ridge = [-1, 4, 0, 1], [0.0, 0.0, 1e-6, _RIDGE]
    blocks = [(_dummies(levels.codes[row]), 0) for levels in mix]
    blocks.append((_dummies(_speed(past, row)), 2))
    if reps is not None:
        blocks.append((_dummies(reps.codes[row], _MOST_LEVELS * 4), 3))
    for block, name in blocks:
        columns += list(block.T)
        part += [name] * block.shape[1]
        ridge += [_RIDGE] * block.shape[1]
    return _Design(columns=np.stack(columns, axis=1), part=np.array(part), ridge=np.array(ridge))


def _dummies(codes: Ints, most: int = _MOST_LEVELS) -> Floats:
    values, counts = np.unique(codes, return_counts=True)
    kept = values[np.argsort(-counts, kind="stable")][1:most]
    return np.asarray(codes[:, None] == kept, np.float64)


def _speed(past: Past, row: Ints) -> Ints:
    """Return a class of time to first touch; the last is never."""
    marks = past.marks(Kind.TOUCHED)
    first = np.full(past.rows, np.inf)
    named = marks.row >= 0
    at = np.where(np.isnan(marks.at), np.inf, marks.at)
    np.minimum.at(first, marks.row[named], at[named])
    with np.errstate(invalid="ignore"):
        waited = first[row] - past.created[row]
    return np.where(np.isfinite(waited), np.searchsorted(_SPEEDS, waited), len(_SPEEDS) + 1)


def _parts(made: _Design, reached: Floats, now: Bools, weight: Floats) -> Floats:
    """Return the five parts under these weights."""
    weighted = made.columns * weight[:, None]
    normal = weighted.T @ made.columns + np.diag(made.ridge + 1e-9)
    beta = np.linalg.solve(normal, weighted.T @ reached)
    later, earlier = weight * now, weight * ~now
    moved = (later @ made.columns) / later.sum() - (earlier @ made.columns) / earlier.sum()
    found = np.zeros(len(PARTS))
    np.add.at(found, made.part[1:], (moved * beta)[1:])
    return found
