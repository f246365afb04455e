"""Ways to choose accounts for outbound that Leadfit is held against.

Not a benchmark by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import planted_worlds as worlds  # noqa: F401 -- sets the threads before numpy is loaded

from leadfit import learn
from leadfit.history import Step
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import cut, fit
from leadfit.learn.ladder import climb
from leadfit.learn.past import Floats, Past
from leadfit.learn.watch import watch
from leadfit.testing.planted.population import Entity

RULES = learn.Rules()
_FOLDS = 3
_TRIED = 6


def share_of_oracle(score: Floats, value: Floats) -> float:
    """Return the worth of the best tenth by score: 0 is random, 1 the oracle."""
    size = len(value) // 10
    best = np.sort(value)[-size:].mean()
    mine = value[np.argsort(-score, kind="stable")[:size]].mean()
    return float((mine - value.mean()) / (best - value.mean()))


def columns_of(facts: Sequence[Levels]) -> Floats:
    """Return a column for each shown level of each fact, by row of the past."""
    return np.concatenate(
        [(each.codes[:, None] == np.array(each.shown)).astype(np.float64) for each in facts], axis=1
    )


def spread_levels(
    facts: Sequence[Levels], people: Sequence[Entity], names: Sequence[str]
) -> Floats:
    """Return the same columns for accounts that are in no CRM."""
    parts: list[Floats] = []
    for each in facts:
        if each.name in names:
            place = names.index(each.name)
            values = [person.values[place] for person in people]
        else:
            values = [person.country for person in people]
        codes = np.array([each.read.level_of(value) for value in values])
        parts.append((codes[:, None] == np.array(each.shown)).astype(np.float64))
    return np.concatenate(parts, axis=1)


def propensity(past: Past, facts: Sequence[Levels], new: Floats) -> Floats:
    """Return who is most likely to be won, by one ridge regression on all facts."""
    watched = watch(past, climb(past), Step.CONVERTED, RULES)
    columns = columns_of(facts)[watched.row]
    found = fit(columns, cut(watched, RULES.horizon_months), np.full(columns.shape[1], 3.0))
    return np.asarray(new @ found.beta)


class L1:
    """An L1 logistic regression for each of win, expansion and churn, by cross-validation."""

    def __init__(self, past: Past, facts: Sequence[Levels]) -> None:
        ladder, everything = climb(past), columns_of(facts)
        self._found: list[tuple[float, Floats]] = []
        for step in (Step.CONVERTED, Step.EXPANDED, Step.CHURNED_AFTER_USE):
            watched = watch(past, ladder, step, RULES)
            columns = everything[watched.row]
            self._found.append(_cross_validated(columns, watched.event.astype(np.float64)))

    def score(self, new: Floats) -> Floats:
        """Return the chance to win, raised by expansion and lowered by churn."""
        won, expands, churns = (1 / (1 + np.exp(-(a + new @ b))) for a, b in self._found)
        return np.asarray(won * (1 + expands) * (1 - 0.75 * churns))


def _cross_validated(columns: Floats, event: Floats) -> tuple[float, Floats]:
    rng = np.random.default_rng(0)
    fold = rng.integers(0, _FOLDS, len(event))
    most = np.abs(columns.T @ (event - event.mean())).max() / len(event)
    penalties = most * np.logspace(-0.5, -2.0, _TRIED)
    losses = np.zeros(_TRIED)
    for held in range(_FOLDS):
        inside = fold != held
        start: tuple[float, Floats] | None = None
        for n, penalty in enumerate(penalties):
            start = l1_logistic(columns[inside], event[inside], penalty, start)
            eta = start[0] + columns[~inside] @ start[1]
            losses[n] += float((np.logaddexp(0, eta) - event[~inside] * eta).sum())
    return l1_logistic(columns, event, float(penalties[losses.argmin()]), None)


def l1_logistic(
    columns: Floats, event: Floats, penalty: float, start: tuple[float, Floats] | None
) -> tuple[float, Floats]:
    """Fit by accelerated proximal steps (Beck and Teboulle 2009); the intercept is free."""
    count, middle = len(event), columns.mean(axis=0)
    even = columns - middle
    step = 4.0 / max(1e-9, float(np.linalg.eigvalsh(even.T @ even / count)[-1]))
    rate = event.mean()
    alpha, beta = float(np.log(rate / (1 - rate))), np.zeros(columns.shape[1])
    if start is not None:
        beta = start[1].copy()
        alpha = start[0] + float(middle @ beta)
    ahead, pace = beta.copy(), 1.0
    for _ in range(100):
        rest = 1 / (1 + np.exp(-(alpha + even @ ahead))) - event
        moved = ahead - step * (even.T @ rest) / count
        new = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty, 0.0)
        alpha -= 4.0 * float(rest.mean())
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = new + (pace - 1) / faster * (new - beta)
        done = np.abs(new - beta).max() < 1e-5
        beta, pace = new, faster
        if done:
            break
    return alpha - float(middle @ beta), beta
