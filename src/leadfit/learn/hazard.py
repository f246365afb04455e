"""One regression over all columns at once, with errors that survive clustering.

The timed form is a ridge Poisson regression of events on a piecewise-constant baseline with
follow-up as exposure, which is the likelihood of a proportional hazards model; the untimed form
is a ridge logistic regression. Errors are a sandwich in which every cluster's score is multiplied
by one step of the jackknife (HC3 where clusters are single units, CR3 where they are not).

Source: Holford 1980 and Laird and Olivier 1981 for the Poisson form; Bell and McCaffrey 2002 for
the cluster jackknife.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from leadfit.learn.past import Bools, Floats, Ints
from leadfit.learn.rules import MONTH_DAYS

CUTS_MONTHS = (0.5, 1.0, 2.0, 3.0, 6.0, 9.0)
_ETA_LIMIT = 30.0
_LARGE = 50_000
_STRETCH = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Units at risk of one outcome.

    Attributes:
        row: Row of the past that describes each unit.
        cluster: Number of its account.
        entry: Months after its start at which it came under watch; over 0 under left truncation.
        end: Months after its start at which it left, by the event or unseen.
        event: It left by the event within the horizon.
        timed: Months mean something; otherwise only ``event`` does.
        start: Day of its start, NaN where unknown.
        impossible: Units set aside, because the outcome came before the start.
    """

    row: Ints
    cluster: Ints
    entry: Floats
    end: Floats
    event: Bools
    timed: bool
    start: Floats
    impossible: int = 0

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.row)

    @property
    def events(self) -> int:
        """Number of units that reached the outcome."""
        return int(self.event.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Time cut into intervals, each with at least one event.

    Attributes:
        months: Length of each interval, up to the horizon.
        exposure: Units by intervals, months under watch.
        event: Units by intervals, 1 where the event fell.
    """

    months: Floats
    exposure: Floats
    event: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRegression:
    """A fitted regression.

    Attributes:
        alpha: Log hazard by interval, or the intercept of the logistic form.
        beta: One coefficient a column.
        covariance: Of ``alpha`` then ``beta``, clustered; empty if not asked for.
        months: Length of each interval; empty in the logistic form.
        clusters: Number of clusters.
    """

    alpha: Floats
    beta: Floats
    covariance: Floats
    months: Floats
    clusters: int

    @property
    def timed(self) -> bool:
        """The hazard form was fitted."""
        return len(self.months) > 0

    def risk(self, eta: Floats) -> Floats:
        """Return the chance within the horizon for linear predictors without the baseline."""
        return self.risk_and_slope(eta)[0]

    def slope(self, eta: Floats) -> Floats:
        """Return the derivative of :meth:`risk` by ``eta``."""
        return self.risk_and_slope(eta)[1]

    def risk_and_slope(self, eta: Floats) -> tuple[Floats, Floats]:
        """Return :meth:`risk` and its derivative by ``eta``."""
        if self.timed:
            total = float(np.exp(self.alpha) @ self.months)
            grown = total * np.exp(np.clip(eta, -_ETA_LIMIT, _ETA_LIMIT))
            risk = -np.expm1(-grown)
            return np.asarray(risk), np.asarray((1.0 - risk) * grown)
        shifted = np.clip(eta + self.alpha[0], -_ETA_LIMIT, _ETA_LIMIT)
        risk = 1.0 / (1.0 + np.exp(-shifted))
        return np.asarray(risk), np.asarray(risk * (1.0 - risk))

    def alpha_shares(self) -> Floats:
        """Return how a unit step of ``eta`` is shared by steps of each ``alpha``."""
        if not self.timed:
            return np.ones(1)
        parts = np.exp(self.alpha) * self.months
        return np.asarray(parts / parts.sum())


def cut(watched: Watched, horizon: float, *, decided: bool = False) -> Baseline:
    """Cut follow-up into intervals up to ``horizon`` months, joined until each has events.

    Units without times, or that were all watched until they were ``decided``, have none.
    """
    if decided or not watched.timed:
        return Baseline(
            months=np.empty(0),
            exposure=np.ones((watched.units, 1)),
            event=watched.event.astype(np.float64)[:, None],
        )
    least = min(10, max(1, watched.events // 8))
    edges = [0.0]
    for edge in (*CUTS_MONTHS, horizon):
        inside = watched.event & (watched.end > edges[-1]) & (watched.end <= edge)
        inside |= watched.event & (watched.end == 0.0) & (edges[-1] == 0.0)
        if edge == horizon and inside.sum() < least and len(edges) > 1:
            edges[-1] = horizon
        elif edge == horizon or (edge < horizon and inside.sum() >= least):
            edges.append(edge)
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    exposure = np.clip(
        np.minimum(watched.end[:, None], high) - np.maximum(watched.entry[:, None], low), 0.0, None
    )
    place = np.clip(np.searchsorted(high, watched.end, side="left"), 0, len(high) - 1)
    event = np.zeros_like(exposure)
    event[np.flatnonzero(watched.event), place[watched.event]] = 1.0
    # Half a day: an event on the day of the start was watched for a moment, not for none.
    exposure = np.maximum(exposure, event * (0.5 / MONTH_DAYS))
    return Baseline(months=high - low, exposure=exposure, event=event)


def fit(
    columns: Floats,
    baseline: Baseline,
    ridge: Floats,
    *,
    centre: Floats | None = None,
    clusters: Ints | None = None,
    start: tuple[Floats, Floats] | None = None,
) -> FittedRegression:
    """Fit by Newton's method.

    Args:
        columns: Units by columns.
        baseline: Follow-up and events.
        ridge: Penalty of each column's squared distance from ``centre``.
        centre: Where the penalty pulls to; 0 if not given.
        clusters: Number of each unit's account; the covariance is computed if given.
        start: ``alpha`` and ``beta`` to begin from.
    """
    pull = np.zeros(columns.shape[1]) if centre is None else centre
    problem = _Problem(columns=columns, baseline=baseline, ridge=ridge, pull=pull)
    if start is None:
        start = _near(problem) or (_first_alpha(baseline), pull.copy())
    alpha, beta = _descend(problem, *start)
    covariance, groups = np.empty((0, 0)), 0
    if clusters is not None:
        covariance, groups = _sandwich(problem, alpha, beta, clusters)
    return FittedRegression(
        alpha=alpha,
        beta=beta,
        covariance=covariance,
        months=baseline.months,
        clusters=groups,
    )


def _near(problem: _Problem) -> tuple[Floats, Floats] | None:
    """Return where a fit of every tenth unit ends, from which a large fit has few steps to go."""
    if len(problem.columns) < _LARGE:
        return None
    base = problem.baseline
    few = _Problem(
        columns=problem.columns[::10],
        baseline=Baseline(months=base.months, exposure=base.exposure[::10], event=base.event[::10]),
        ridge=problem.ridge,
        pull=problem.pull,
    )
    if (few.baseline.event.sum(axis=0) < 1).any():
        return None
    return _descend(few, _first_alpha(few.baseline), problem.pull.copy())


def _first_alpha(baseline: Baseline) -> Floats:
    events = baseline.event.sum(axis=0) + 0.5
    if len(baseline.months):
        return np.asarray(np.log(events / (baseline.exposure.sum(axis=0) + 1.0)))
    return np.asarray(np.log(events / (len(baseline.event) - events + 1.0)))


def _solve(hessian: Floats, right: Floats) -> Floats:
    try:
        factor = linalg.cho_factor(hessian, check_finite=False)
        return np.asarray(linalg.cho_solve(factor, right, check_finite=False))
    except linalg.LinAlgError:
        jitter = 1e-6 * float(np.trace(hessian)) / len(hessian)
        return np.asarray(np.linalg.solve(hessian + jitter * np.eye(len(hessian)), right))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """The penalised likelihood of one fit.

    ``eta`` is always ``columns @ beta``: it costs a pass over all columns, so it is carried along.
    """

    columns: Floats
    baseline: Baseline
    ridge: Floats
    pull: Floats

    def rates(self, alpha: Floats) -> Floats:
        """Return expected events of each unit in all at ``eta`` of nought (hazard form)."""
        return np.asarray(self.baseline.exposure @ np.exp(np.clip(alpha, -40.0, 40.0)))

    def expected(self, alpha: Floats, eta: Floats) -> Floats:
        """Return expected events, units by intervals."""
        clipped = np.clip(eta, -_ETA_LIMIT, _ETA_LIMIT)
        if len(self.baseline.months):
            rate = np.exp(np.clip(alpha, -40.0, 40.0))
            found = self.baseline.exposure * np.exp(clipped)[:, None]
            found *= rate
            return np.asarray(found)
        return np.asarray(1.0 / (1.0 + np.exp(-(clipped + alpha[0]))))[:, None]

    def weights(self, expected: Floats) -> Floats:
        """Return the weight of each unit and interval in the Hessian."""
        return expected if len(self.baseline.months) else expected * (1.0 - expected)

    def objective(self, alpha: Floats, beta: Floats, eta: Floats) -> float:
        """Return the negative log likelihood with the penalty."""
        event = self.baseline.event
        clipped = np.clip(eta, -_ETA_LIMIT, _ETA_LIMIT)
        penalty = 0.5 * float(self.ridge @ (beta - self.pull) ** 2)
        if len(self.baseline.months):
            expected = float(self.rates(alpha) @ np.exp(clipped))
            seen = float(event.sum(axis=0) @ alpha + (event.T @ clipped).sum())
            return expected - seen + penalty
        full = clipped + alpha[0]
        return float(np.logaddexp(0.0, full).sum() - event[:, 0] @ full) + penalty

    def gradient(self, alpha: Floats, beta: Floats, eta: Floats) -> Floats:
        """Return the downhill gradient, ``alpha`` before ``beta``."""
        rest = self.baseline.event - self.expected(alpha, eta)
        gradient = np.concatenate([rest.sum(axis=0), self.columns.T @ rest.sum(axis=1)])
        gradient[len(alpha) :] -= self.ridge * (beta - self.pull)
        return gradient

    def hessian(self, alpha: Floats, eta: Floats) -> Floats:
        """Return the Hessian, ``alpha`` before ``beta``."""
        return self.penalised(_information(self.columns, self.weights(self.expected(alpha, eta))))

    def penalised(self, information: Floats) -> Floats:
        """Return ``information`` with the penalty on its diagonal."""
        size = len(information) - len(self.ridge)
        information[np.diag_indices(len(information))] += 1e-9
        information[size:, size:][np.diag_indices(len(self.ridge))] += self.ridge
        return information


def _information(columns: Floats, weights: Floats) -> Floats:
    """Return the weighted cross products of interval dummies and columns."""
    size = weights.shape[1]
    found = np.zeros((size + columns.shape[1], size + columns.shape[1]))
    found[:size, :size] = np.diag(weights.sum(axis=0))
    cross = columns.T @ weights
    found[size:, :size], found[:size, size:] = cross, cross.T
    found[size:, size:] = gram(columns, np.sqrt(weights.sum(axis=1)))
    return found


def gram(columns: Floats, root: Floats) -> Floats:
    """Return the cross products of columns by columns, each unit weighed by ``root`` squared.

    It goes by stretches of units that stay in the cache: scaled columns are never written out.
    """
    found = np.zeros((columns.shape[1], columns.shape[1]))
    for begin in range(0, len(columns), _STRETCH):
        part = columns[begin : begin + _STRETCH] * root[begin : begin + _STRETCH, None]
        found += part.T @ part
    return found


def _descend(problem: _Problem, alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Go down by Newton steps, each halved until it helps.

    A large fit begins near its end and keeps its first Hessian as long as whole steps help.
    """
    eta = problem.columns @ beta
    value, large = problem.objective(alpha, beta, eta), len(problem.columns) >= _LARGE
    hessian: Floats | None = None
    for _ in range(40):
        if hessian is None or not large:
            hessian = problem.hessian(alpha, eta)
        step = _solve(hessian, problem.gradient(alpha, beta, eta))
        along = problem.columns @ step[len(alpha) :]
        scale, before = 1.0, value
        for _ in range(12):
            alpha_new = alpha + scale * step[: len(alpha)]
            beta_new = beta + scale * step[len(alpha) :]
            eta_new = eta + scale * along
            moved = problem.objective(alpha_new, beta_new, eta_new)
            if moved <= value:
                alpha, beta, eta, value = alpha_new, beta_new, eta_new, moved
                break
            scale /= 2
        if abs(before - value) <= 1e-8 * (1.0 + abs(value)):
            break
        hessian = hessian if scale == 1.0 else None
    return alpha, beta


def _sandwich(problem: _Problem, alpha: Floats, beta: Floats, clusters: Ints) -> tuple[Floats, int]:
    """Return the jackknifed clustered covariance and the number of clusters."""
    columns = problem.columns
    expected = problem.expected(alpha, columns @ beta)
    weights, rest = problem.weights(expected), problem.baseline.event - expected
    hessian = problem.penalised(_information(columns, weights))
    bread = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    place, groups = _grouped(clusters)
    if groups == len(columns) >= max(_LARGE, 100 * columns.shape[1]):
        # Nobody counts for a hundredth of a column: a step of the jackknife changes nothing.
        return np.asarray(bread @ _outer(columns, rest) @ bread), groups
    scores = np.concatenate([rest, columns * rest.sum(axis=1)[:, None]], axis=1)
    member = sparse.csr_matrix((np.ones(len(place)), (place, np.arange(len(place)))))
    total = np.asarray(member @ scores)
    leverage = _leverage(columns, weights, bread)
    heft = np.bincount(place, weights=leverage, minlength=groups)
    size = np.bincount(place, minlength=groups)
    heavy = np.flatnonzero((heft > 0.25) & (size > 1))
    stretch = 1.0 / np.sqrt(1.0 - np.minimum(heft, 0.95))
    stretch[heavy] = 1.0
    total *= stretch[:, None]
    order = np.argsort(place, kind="stable")
    begins = np.concatenate([[0], np.cumsum(size)])
    for group in heavy:
        members = order[begins[group] : begins[group + 1]]
        # Just under the whole of it, so that a cluster that alone carries a column stays finite.
        rest_of_it = hessian - 0.999 * _information(columns[members], weights[members])
        total[group] = hessian @ _solve(rest_of_it, total[group])
    meat = total.T @ total * (groups / max(1, groups - 1))
    return np.asarray(bread @ meat @ bread), groups


def _grouped(clusters: Ints) -> tuple[Ints, int]:
    """Return each unit's place among the clusters, and how many there are."""
    if len(clusters) and (np.diff(clusters) > 0).all():
        return np.arange(len(clusters)), len(clusters)
    names, place = np.unique(clusters, return_inverse=True)
    return place, len(names)


def _outer(columns: Floats, rest: Floats) -> Floats:
    """Return the cross products of the units' scores, without writing the scores down."""
    size, whole = rest.shape[1], rest.sum(axis=1)
    found = np.empty((size + columns.shape[1], size + columns.shape[1]))
    found[:size, :size] = rest.T @ rest
    cross = columns.T @ (rest * whole[:, None])
    found[size:, :size], found[:size, size:] = cross, cross.T
    found[size:, size:] = gram(columns, np.abs(whole))
    return found


def _leverage(columns: Floats, weights: Floats, bread: Floats) -> Floats:
    """Return for each unit the trace of ``bread`` times its own part of the Hessian."""
    size = weights.shape[1]
    inner = ((columns @ bread[size:, size:]) * columns).sum(axis=1)
    across = columns @ bread[size:, :size]
    parts = weights * (np.diag(bread)[:size] + 2 * across + inner[:, None])
    return np.asarray(parts.sum(axis=1))
