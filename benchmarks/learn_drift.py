"""How soon a fading score is seen: detectors of Leadfit and others on one reference case.

Run ``python benchmarks/learn_drift.py [--full]``. The latent correlation of score and win falls
from .72 to .48, at once or over nine months; 3 % of leads are won after about 60 days, 60 % are
accepted by reps within days, whose decisions follow the same market through a fog: their latent
correlation is two thirds of that of wins (the published run also shows no fog and more). Every
monitor gets the threshold at which one calm company in ten is disturbed within 24 months; Leadfit
is also read at the levels it uses, which come from its own rules: alarm and watch, how soon after
a sudden fall and a ramp, how often in calm, and how often when only the volume of wins falls by
40 %. Median delays are in months after onset, among companies not disturbed at onset. Every figure
stands with its Monte-Carlo standard error. Beside them: the least false watches any watch with a
median delay of three months could have (Neyman and Pearson 1933), and the soonest alarm.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

# Small matrices: a second thread only waits for the first. Set before numpy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 -- a benchmark sets up its own process

import numpy as np  # noqa: E402 -- after the threads are set
import numpy.typing as npt  # noqa: E402 -- the same
from recording import asked_for_full, record  # noqa: E402 -- the same
from scipy import stats  # noqa: E402 -- the same

from leadfit.history import Step  # noqa: E402 -- the same
from leadfit.learn import DriftRules  # noqa: E402 -- the same
from leadfit.learn.drift.baseline import ScoreCurve, fit_curve  # noqa: E402 -- the same
from leadfit.learn.drift.delay import KEPT, RAMP_MONTHS  # noqa: E402 -- the same
from leadfit.learn.drift.detect import (  # noqa: E402 -- the same
    by_day,
    detector,
    from_decisions,
    from_events,
    stands,
    together,
    watch_detector,
)
from leadfit.learn.past import Bools, Floats, Ints  # noqa: E402 -- the same

MONTH: Final = 365.25 / 12
BASELINE: Final = 12
AFTER: Final = 24
RULES: Final = DriftRules()
FOG: Final = 2 / 3
ONSET: Final = 3.0
QUARTER: Final = 91
NEVER: Final = 1e9


@dataclass(frozen=True)
class Case:
    """One reference company.

    Attributes:
        onset: Month of the fall after the baseline; ``AFTER`` is never.
        ramp: Months until it is complete.
        fog: Latent correlation of score and acceptance, relative to that of wins.
        volume: What the share of wins is multiplied by from onset on.
    """

    a_month: int
    onset: float = AFTER
    ramp: float = 0.0
    fog: float = FOG
    volume: float = 1.0
    falls: bool = True


@dataclass(frozen=True)
class Made:
    """Leads of one company, in the order of creation."""

    created: Floats
    score: Floats
    accepted: Bools
    decided: Floats
    won: Floats
    cohort: Ints


def make(case: Case, rng: np.random.Generator) -> Made:
    months = BASELINE + AFTER
    n = int(rng.poisson(case.a_month * months))
    created = np.sort(rng.random(n) * months * MONTH)
    since = created / MONTH - BASELINE - case.onset
    fallen = np.clip(since / case.ramp, 0, 1) if case.ramp else (since >= 0).astype(float)
    correlation = 0.72 - 0.24 * fallen * case.falls
    score = rng.standard_normal(n)

    def reached(rho: Floats, rate: Floats) -> Bools:
        latent = rho * score + np.sqrt(1 - rho**2) * rng.standard_normal(n)
        return np.asarray(latent > stats.norm.isf(rate))

    accepted = reached(case.fog * correlation, np.full(n, 0.6))
    share = np.where(since >= 0, 0.03 * case.volume, 0.03)
    won = np.where(reached(correlation, share), created + rng.gamma(4.0, 15.0, n), np.nan)
    return Made(
        created=created,
        score=score,
        accepted=accepted,
        decided=created + 0.1 + np.minimum(20.0, rng.exponential(2.0, n)),
        won=np.where(won < months * MONTH, won, np.nan),
        cohort=np.floor(created / MONTH).astype(np.int64),
    )


Path = Floats
"""A statistic at the end of each day of the 24 months; a high one speaks for a fall."""
Gained = Floats
"""Evidence by day and multiple of one step."""

DAYS: Final = int(AFTER * MONTH)
START: Final = BASELINE * MONTH


def decisions_curve(made: Made) -> ScoreCurve:
    old = made.decided < START
    curve = fit_curve(made.score[old], made.accepted[old], made.cohort[old])
    assert curve is not None  # noqa: S101 -- a baseline of this size has a curve
    return curve


def by_decisions(made: Made) -> Gained:
    new = made.decided >= START
    found = from_decisions(
        decisions_curve(made),
        made.score[new],
        made.accepted[new],
        made.cohort[new],
        made.decided[new],
        RULES.guard,
    )
    return by_day(found, START, DAYS)


def by_wins(made: Made) -> Gained:
    old = made.created < START
    seen = old & (made.won < START)
    curve = fit_curve(made.score[old], seen[old], made.cohort[old])
    assert curve is not None  # noqa: S101 -- the same
    delays = np.sort((made.won - made.created)[seen])
    watched = (START, NEVER)
    found = from_events(
        curve, delays, made.score, made.created, made.won, made.cohort, watched, RULES.guard
    )
    return by_day(found, START, DAYS)


def monthly_correlation(made: Made) -> Path:
    """The correlation of each month's leads, once 60 days have passed, against the baseline's."""
    values = []
    for month in range(BASELINE + AFTER):
        mine = made.cohort == month
        won = made.won[mine] - made.created[mine] <= 60.0
        values.append(np.corrcoef(made.score[mine], won)[0, 1] if won.any() else 0.0)
    base = np.array(values[: BASELINE - 2])
    path = np.full(DAYS, -np.inf)
    for month in range(BASELINE - 2, BASELINE + AFTER):
        day = int((month + 1) * MONTH + 60 - START)
        if 0 <= day < DAYS:
            path[day:] = (base.mean() - values[month]) / base.std(ddof=1)
    return path


def _winners(made: Made) -> tuple[Floats, Floats]:
    """Return the rank of each winner's score among the baseline's leads, and the day, in order."""
    base = np.sort(made.score[made.created < START])
    rows = np.flatnonzero(~np.isnan(made.won))
    rows = rows[np.argsort(made.won[rows])]
    return np.searchsorted(base, made.score[rows]) / len(base), made.won[rows]


def _path(at: Floats, values: Floats) -> Path:
    path = np.full(DAYS, -np.inf)
    place = np.floor(at - START).astype(int)
    inside = (place >= 0) & (place < DAYS)
    np.maximum.at(path, place[inside], values[inside])
    return np.asarray(path)


def page_hinkley(made: Made) -> Path:
    """Page (1954): how far the sum of shortfalls has risen above its lowest."""
    rank, at = _winners(made)
    old = at < START
    steps = rank[old].mean() - rank[~old] - 0.1 * rank[old].std()
    total = np.cumsum(steps)
    return _path(at[~old], total - np.minimum.accumulate(np.minimum(total, 0.0)))


def adwin(made: Made) -> Path:
    """Bifet and Gavalda (2007): the widest gap of two adjoining windows, by its error."""
    rank, at = _winners(made)
    total, square = np.cumsum(rank), np.cumsum(rank**2)
    values = np.full(len(rank), -np.inf)
    for end in range(int((at < START).sum()), len(rank)):
        old = np.arange(20, end - 9)
        if not len(old):
            continue
        new = end + 1 - old
        gap = total[old - 1] / old - (total[end] - total[old - 1]) / new
        spread = square[end] / (end + 1) - (total[end] / (end + 1)) ** 2
        values[end] = float((gap / np.sqrt(spread * (1 / old + 1 / new))).max())
    return _path(at, values)


OTHERS: Final[dict[str, Callable[[Made], Path]]] = {
    "monthly correlation": monthly_correlation,
    "ADWIN on winners": adwin,
    "Page-Hinkley on winners": page_hinkley,
}
WINNERS: Final = "e-detector on winners"
DECISIONS: Final = "e-detector on accept / reject"
JOINT: Final = "e-detectors together"
WATCH: Final = "watch"
_SHARES: Final = np.array([RULES.share[Step.ACCEPTED], RULES.share[Step.CONVERTED]])


def watch_all(case: Case, seed: int) -> dict[str, Path]:
    made = make(case, np.random.default_rng(seed))
    gained = np.stack([by_decisions(made), by_wins(made)])
    logs, shares = detector(gained), _SHARES / _SHARES.sum()
    return {name: monitor(made) for name, monitor in OTHERS.items()} | {
        WINNERS: logs[1],
        DECISIONS: logs[0],
        JOINT: together(logs, shares),
        WATCH: together(watch_detector(gained), shares),
    }


def simulate(case: Case, companies: int, seed: int) -> dict[str, Floats]:
    """Return by monitor ``(companies, days)``."""
    runs = [watch_all(case, seed + n) for n in range(companies)]
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]}


Figure = dict[str, float | None]
"""A value with its Monte-Carlo standard error."""


def delay(on: Bools, onset: float, *, ever: bool) -> Figure:
    """Return the median months from onset until it is on, companies disturbed before set aside.

    Args:
        on: ``(companies, days)``.
        onset: Month of the fall.
        ever: Whoever was on at any time before is set aside, not only who is on at onset.
    """
    first = int(onset * MONTH)
    late = on[:, first:]
    calm = ~(on[:, :first].any(axis=1) if ever else on[:, first - 1])
    found = np.where(late.any(axis=1), late.argmax(axis=1) / MONTH, NEVER)[calm]
    if not len(found) or np.median(found) >= AFTER:
        return {"value": None, "error": None}
    draws = np.random.default_rng(1).integers(0, len(found), (400, len(found)))
    medians = np.minimum(np.median(found[draws], axis=1), AFTER)
    return {"value": round(float(np.median(found)), 2), "error": round(float(medians.std()), 2)}


def mean(values: npt.ArrayLike) -> Figure:
    """Return the mean over companies of what each gives."""
    found = np.asarray(values, np.float64)
    error = found.std() / np.sqrt(len(found))
    return {"value": round(float(found.mean()), 3), "error": round(float(error), 3)}


def crossed(on: Bools) -> Figure:
    """Return the share of companies on at any time; none of few is no proof of none."""
    found = np.atleast_1d(on.any(axis=1))
    likely = (float(found.sum()) + 1) / (len(found) + 2)
    error = np.sqrt(likely * (1 - likely) / len(found))
    return {"value": round(float(found.mean()), 3), "error": round(float(error), 3)}


@dataclass(frozen=True)
class Runs:
    """The same monitors on a calm company, after a fall of either kind, and with fewer wins."""

    calm: dict[str, Floats]
    sudden: dict[str, Floats]
    ramp: dict[str, Floats]
    fewer_wins: dict[str, Floats]


def as_alarm(runs: Runs, name: str, level: float) -> dict[str, object]:
    return {
        "level": round(float(np.exp(level)), 1) if name.startswith("e-") else round(level, 2),
        "sudden_months": delay(runs.sudden[name] >= level, ONSET, ever=True),
        "ramp_months": delay(runs.ramp[name] >= level, ONSET, ever=True),
        "calm_companies_24_months": crossed(runs.calm[name] >= level),
        "when_only_wins_fall_24_months": crossed(runs.fewer_wins[name] >= level),
    }


def as_watch(runs: Runs, level: float) -> dict[str, object]:
    def on(paths: dict[str, Floats]) -> Bools:
        return stands(paths[WATCH], level)

    calm = on(runs.calm)
    began = (calm[:, 1:] & ~calm[:, :-1]).sum(axis=1) + calm[:, 0]
    quarters = calm[:, : 8 * QUARTER].reshape(len(calm), 8, QUARTER).any(axis=2)
    return {
        "level": round(level, 1),
        "sudden_months": delay(on(runs.sudden), ONSET, ever=False),
        "ramp_months": delay(on(runs.ramp), ONSET, ever=False),
        "calm_days_on_watch": mean(calm.mean(axis=1)),
        "calm_quarters_with_a_watch": mean(quarters.mean(axis=1)),
        "calm_watches_a_year": mean(began / (DAYS / 365.25)),
        "days_a_calm_watch_lasts": round(float(calm.sum() / max(1, began.sum())), 1),
        "calm_companies_24_months": crossed(calm),
        "when_only_wins_fall_24_months": crossed(on(runs.fewer_wins)),
        "days_on_watch_when_only_wins_fall": mean(on(runs.fewer_wins).mean(axis=1)),
    }


def least_possible(a_month: int, case: Case) -> dict[str, float]:
    """Return what no monitor of accept / reject can beat, even one that knows the baseline.

    Told the day on which the fall may have begun and its form, the best test of a stretch of T
    months with power one half is wrong in calm with chance Phi(-z(T)), z squared being the
    information on the fall gathered in T (Neyman and Pearson). A watch with a median of three
    months is a test of that kind on every quarter; an alarm with 10 % in 24 months one on each of
    24 / T stretches.
    """
    curve = decisions_curve(make(case, np.random.default_rng(7_301)))
    gap = (1.0 - KEPT) * np.linspace(0, 1, 1001)
    ramp = a_month * curve.information * 3.0 * float(np.mean((gap * 3.0 / RAMP_MONTHS) ** 2))
    at = np.linspace(0.02, AFTER, 5000)
    z = (1.0 - KEPT) * np.sqrt(a_month * curve.information * at)
    wrong = 1.0 - (1.0 - stats.norm.cdf(-z)) ** (AFTER / at)
    return {
        "calm_quarters_with_a_watch_three_months_on_the_ramp": round(
            float(stats.norm.cdf(-np.sqrt(ramp))), 3
        ),
        "months_to_an_alarm_after_a_sudden_fall": round(float(at[np.argmax(wrong <= 0.1)]), 2),
    }


def compare(a_month: int, companies: int, fog: float) -> dict[str, object]:
    calm = Case(a_month=a_month, fog=fog)
    fallen = replace(calm, onset=ONSET)
    runs = Runs(
        calm=simulate(calm, companies, 1_000),
        sudden=simulate(fallen, companies, 200_000),
        ramp=simulate(replace(fallen, ramp=RAMP_MONTHS), companies, 300_000),
        fewer_wins=simulate(replace(fallen, falls=False, volume=0.6), companies, 400_000),
    )
    return {
        "watch": as_watch(runs, RULES.watch_level(a_month)),
        "alarm": as_alarm(runs, JOINT, float(np.log(RULES.alarm_at))),
        "alarm, accept / reject alone": as_alarm(runs, DECISIONS, float(np.log(RULES.alarm_at))),
        "at 10 % false alarms in 24 months": {
            name: as_alarm(runs, name, float(np.quantile(paths.max(axis=1), 0.9)))
            for name, paths in runs.calm.items()
            if name != WATCH
        },
        "least possible on accept / reject": least_possible(a_month, calm),
    }


def main() -> None:
    full = asked_for_full(__doc__)
    companies = 200 if full else 12
    figures: dict[str, object] = {
        "companies": companies,
        "gate": "accept / reject, 10 % false alarms in 24 months, sudden: at most 1 month",
    }
    for a_month in (1000, 300):
        figures[f"{a_month} leads a month"] = compare(a_month, companies, FOG)
    if full:
        for fog in (1 / 3, 1.0):
            name = f"1000 leads a month, acceptance at {fog:.2f} of the correlation of wins"
            figures[name] = compare(1000, companies // 4, fog)
    record("learn_drift", figures, full=full)


if __name__ == "__main__":
    main()
