"""How soon a fading score is seen: detectors of Leadfit and others on one reference case.

Run ``python benchmarks/learn_drift.py [--full]``. The latent correlation of score and win falls
from .72 to .48, at once or over nine months; 3 % of leads are won after about 60 days, 60 % are
accepted by reps within days, whose decisions follow the same market through a fog: their latent
correlation is two thirds of that of wins (the published run also shows no fog and more). Every
monitor gets the threshold at which one calm company in ten is disturbed within 24 months; the
e-detectors are also read at the threshold that needs no such tuning. Median delays are in months
after onset. Also: how often each cries when only the volume of wins falls by 40 %.
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
from recording import asked_for_full, record  # noqa: E402 -- the same
from scipy import stats  # noqa: E402 -- the same

from leadfit.learn import DriftRules  # noqa: E402 -- the same
from leadfit.learn.drift.baseline import fit_curve  # noqa: E402 -- the same
from leadfit.learn.drift.detect import (  # noqa: E402 -- the same
    by_day,
    detector,
    from_decisions,
    from_events,
    together,
)
from leadfit.learn.past import Bools, Floats, Ints  # noqa: E402 -- the same

MONTH: Final = 365.25 / 12
BASELINE: Final = 12
AFTER: Final = 24
RULES: Final = DriftRules()
FOG: Final = 2 / 3
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

DAYS: Final = int(AFTER * MONTH)
START: Final = BASELINE * MONTH


def by_decisions(made: Made) -> Path:
    old = made.decided < START
    curve = fit_curve(made.score[old], made.accepted[old], made.cohort[old])
    assert curve is not None  # noqa: S101 -- a baseline of this size has a curve
    new = ~old
    found = from_decisions(
        curve, made.score[new], made.accepted[new], made.cohort[new], made.decided[new]
    )
    return detector(by_day(found, START, DAYS))


def by_wins(made: Made) -> Path:
    old = made.created < START
    seen = old & (made.won < START)
    curve = fit_curve(made.score[old], seen[old], made.cohort[old])
    assert curve is not None  # noqa: S101 -- the same
    delays = np.sort((made.won - made.created)[seen])
    found = from_events(
        curve, delays, made.score, made.created, made.won, made.cohort, (START, NEVER)
    )
    return detector(by_day(found, START, DAYS))


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


MONITORS: Final[dict[str, Callable[[Made], Path]]] = {
    "monthly correlation": monthly_correlation,
    "ADWIN on winners": adwin,
    "Page-Hinkley on winners": page_hinkley,
    "e-detector on winners": by_wins,
    "e-detector on accept / reject": by_decisions,
}
JOINT: Final = "e-detectors together"


def watch_all(case: Case, seed: int) -> dict[str, Path]:
    made = make(case, np.random.default_rng(seed))
    paths = {name: monitor(made) for name, monitor in MONITORS.items()}
    logs = np.stack([paths["e-detector on accept / reject"], paths["e-detector on winners"]])
    return paths | {JOINT: together(logs, np.array([0.55, 0.25]) / 0.8)}


def simulate(case: Case, companies: int, seed: int) -> dict[str, Floats]:
    """Return by monitor ``(companies, days)``."""
    runs = [watch_all(case, seed + n) for n in range(companies)]
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]}


def delay(paths: Floats, level: float, onset: float) -> float | None:
    """Return the median months from onset to the level, crossings before it set aside.

    ``None`` if half of the companies never get there within the time watched.
    """
    first = int(onset * MONTH)
    late = paths[:, first:] >= level
    calm = ~(paths[:, :first] >= level).any(axis=1)
    found = np.where(late.any(axis=1), late.argmax(axis=1) / MONTH, NEVER)
    middle = float(np.median(found[calm])) if calm.any() else NEVER
    return round(middle, 2) if middle < AFTER else None


def false_alarms(paths: Floats, level: float) -> float:
    return round(float((paths.max(axis=1) >= level).mean()), 3)


def compare(a_month: int, companies: int, fog: float) -> dict[str, object]:
    calm = simulate(Case(a_month=a_month, fog=fog), companies, 1_000)
    onset = 3.0
    fallen = Case(a_month=a_month, onset=onset, fog=fog)
    few = max(8, companies // 2)
    sudden = simulate(fallen, few, 200_000)
    ramp = simulate(replace(fallen, ramp=9.0), few, 300_000)
    quiet = simulate(replace(fallen, falls=False, volume=0.6), few, 400_000)
    table: dict[str, object] = {}
    for name in calm:
        level = float(np.quantile(calm[name].max(axis=1), 0.9))
        row: dict[str, object] = {
            "threshold": round(level, 2),
            "ramp_months": delay(ramp[name], level, onset),
            "sudden_months": delay(sudden[name], level, onset),
            "false_alarms_when_wins_fall": false_alarms(quiet[name], level),
        }
        if name.startswith("e-"):
            for word, at in (("alarm", RULES.alarm_at), ("watch", RULES.watch_level(a_month))):
                log = float(np.log(at))
                row[word] = {
                    "level": round(at, 1),
                    "false_alarms_24_months": false_alarms(calm[name], log),
                    "calm_days_at_level": round(float((calm[name] >= log).mean()), 3),
                    "ramp_months": delay(ramp[name], log, onset),
                    "sudden_months": delay(sudden[name], log, onset),
                }
        table[name] = row
    return table


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
            figures[name] = compare(1000, companies // 3, fog)
    record("learn_drift", figures, full=full)


if __name__ == "__main__":
    main()
