"""What share of its value a customer keeps that leaves within two years after meaningful use.

Customers are seen for different times, and those seen to leave early are not those that will
leave late. So three things are learned each from everyone who can tell, and multiplied: when
customers leave (a hazard by months since the win that rises or falls evenly, from all customers
while they are followed), what a customer pays in each month it stays, and whether those that
leave pay more or less than others while they stay. The last is shrunk towards "alike".

The first is a Gompertz hazard with a prior on its slope, centred at none. Draws are a Bayesian
bootstrap in which the centre of each prior is drawn as well, so that where the data say little
their spread is that of the prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.history import Step
from leadfit.learn.ladder import Ladder
from leadfit.learn.money import revenue_by_month
from leadfit.learn.past import Bools, Floats, Past
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.learn.watch import seen_until

_SLOPE_SPREAD = 0.7
"""Prior spread of the change of the log hazard of leaving in a year: it halves, or doubles."""
_PAY_SPREAD = 0.2
"""Prior spread of the log of what leavers pay while they stay, against others."""
_FEWEST = 5
_RESAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customers:
    """Customers by month since the win.

    Attributes:
        exposure: Share of each month under watch and still a customer.
        churned: 1 in the month of churn after use.
        early: 1 in the month of leaving before meaningful use.
        stays: Followed through the month, and a customer when it began.
        revenue: What was paid in the month.
        leaver: Seen to churn after use within the months.
    """

    exposure: Floats
    churned: Floats
    early: Floats
    stays: Floats
    revenue: Floats
    leaver: Bools


def log_kept(
    past: Past, ladder: Ladder, rules: Rules, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return the log of the share kept and its spread, or ``None`` where too few left or stayed.

    Args:
        past: The past, with times.
        ladder: Who reached what.
        rules: The months over which value is counted.
        rng: For the draws.
    """
    customers = _customers(past, ladder, rules.value_months)
    leavers = int(customers.leaver.sum())
    if leavers < _FEWEST or len(customers.leaver) - leavers < _FEWEST:
        return None
    if not customers.revenue.any():
        return None
    weight = rng.exponential(1.0, (_RESAMPLES, len(customers.leaver)))
    weight = np.concatenate([np.ones((1, weight.shape[1])), weight / weight.mean(axis=1)[:, None]])
    slopes = np.concatenate([[0.0], rng.normal(0.0, _SLOPE_SPREAD, _RESAMPLES)])
    by_time, by_pay = _shares(customers, weight, slopes)
    if not (np.isfinite(by_time) & np.isfinite(by_pay)).all():
        return None
    trust = _PAY_SPREAD**2 / (_PAY_SPREAD**2 + float(by_pay[1:].var()))
    alike = np.concatenate([[0.0], rng.normal(0.0, _PAY_SPREAD, _RESAMPLES)])
    logs = by_time + trust * by_pay + (1 - trust) * alike
    return float(logs[0]), float(logs[1:].std())


def _customers(past: Past, ladder: Ladder, months: int) -> _Customers:
    won_at = ladder.at[Step.CONVERTED]
    until = min(past.as_of, seen_until(past, Step.CHURNED_AFTER_USE))
    mine = np.flatnonzero(won_at < until)
    won = won_at[mine]
    followed = (until - won) / MONTH_DAYS
    churned_at, left_at = (
        np.where(np.isnan(at), np.inf, (at - won) / MONTH_DAYS)
        for at in (ladder.at[Step.CHURNED_AFTER_USE][mine], ladder.left_at[mine])
    )
    # Nothing is known of months to which nobody has been followed.
    month = np.arange(min(months, int(followed.max(initial=0.0))))
    gone = np.minimum(left_at, followed)
    leaves = (left_at <= followed) & (left_at <= len(month))
    leaver = leaves & (churned_at <= left_at)
    inside = leaves[:, None] & (np.floor(left_at)[:, None] == month)
    seen = followed[:, None] >= month + 1
    return _Customers(
        exposure=np.clip(gone[:, None] - month, 0.0, 1.0),
        churned=(inside & leaver[:, None]).astype(np.float64),
        early=(inside & ~leaver[:, None]).astype(np.float64),
        stays=(seen & (left_at[:, None] > month)).astype(np.float64),
        revenue=revenue_by_month(past, won_at, max(1, len(month)))[mine][:, : len(month)],
        leaver=leaver,
    )


def _shares(customers: _Customers, weight: Floats, slopes: Floats) -> tuple[Floats, Floats]:
    """Return logs of the share kept if all pay alike, and of what leavers pay against others."""
    exposure = weight @ customers.exposure
    leaving = _hazard(weight @ customers.churned, exposure, slopes)
    early = weight @ customers.early / np.maximum(exposure, 1e-9)
    both = leaving + early
    there = np.exp(-np.cumsum(both, axis=1) + both)
    gone = there * -np.expm1(-both) / np.maximum(both, 1e-12)
    # Whoever does not leave after use in these months leaves before use, or is there at the end.
    # Counted up, not as one less those that leave, of which nothing may be left by rounding.
    rest = _still_to_come(gone * early) + (there * np.exp(-both))[:, -1:]
    to_leave = _still_to_come(gone * leaving)
    stays = customers.stays
    paid = weight @ (customers.revenue * stays) / np.maximum(weight @ stays, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        leavers, others = to_leave / to_leave[:, :1], rest / rest[:, :1]
        by_time = np.log((paid * leavers).sum(axis=1) / (paid * others).sum(axis=1))
        pays = [
            (weight[:, who] @ (customers.revenue * stays)[who]).sum(axis=1)
            / (weight[:, who] @ stays[who] * paid).sum(axis=1)
            for who in (customers.leaver, ~customers.leaver)
        ]
        return np.asarray(by_time), np.asarray(np.log(pays[0] / pays[1]))


def _still_to_come(by_month: Floats) -> Floats:
    """Return the sum of each month and all after it."""
    return np.cumsum(by_month[:, ::-1], axis=1)[:, ::-1]


def _hazard(events: Floats, exposure: Floats, slopes: Floats) -> Floats:
    """Return a hazard by draw and month whose log is a line, by Newton's method.

    Args:
        events: Draws by months.
        exposure: Draws by months.
        slopes: Where the prior of each draw's slope is centred.
    """
    years = (np.arange(events.shape[1]) + 0.5) / 12.0 - 1.0
    level, slope = np.log(events.sum(axis=1) / exposure.sum(axis=1)), slopes.copy()
    tight = _SLOPE_SPREAD**-2
    for _ in range(30):
        expected = exposure * np.exp(level[:, None] + slope[:, None] * years)
        first = (events - expected).sum(axis=1)
        second = (events - expected) @ years - tight * (slope - slopes)
        a, b, c = expected.sum(axis=1), expected @ years, expected @ years**2 + tight
        known = a * c - b * b
        up, turn = (c * first - b * second) / known, (a * second - b * first) / known
        level, slope = level + np.clip(up, -1.0, 1.0), slope + np.clip(turn, -1.0, 1.0)
        if max(np.abs(up).max(), np.abs(turn).max()) < 1e-9:
            break
    return np.asarray(np.exp(level[:, None] + slope[:, None] * years))
