"""What moved between the first and the last year of a past: win rate and mix, without any score.

A benchmark shows it under ``drift``. Whether a score still holds is asked in
:mod:`leadfit.learn.drift`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leadfit.history import Step
from leadfit.learn.checks import proportion
from leadfit.learn.facts import Levels
from leadfit.learn.judge import difference
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Past, date
from leadfit.learn.result import (
    Cohort,
    Estimate,
    FactShift,
    Presence,
    YearsApart,
)
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.learn.watch import seen_until, watch

_YEAR = 365.25
_POINTS = 0.05
"""A win rate that moved by more than five points is worth a look."""


def compare_years(past: Past, ladder: Ladder, facts: Sequence[Levels], rules: Rules) -> YearsApart:
    """Compare the mix of leads and the win rate of matured cohorts, first against last year."""
    start = past.created[: past.leads]
    known = ~np.isnan(start)
    if not past.history.times_known or not known.any():
        return YearsApart()
    step = _watched_step(ladder)
    cohorts: tuple[Cohort, ...] = ()
    change = Estimate()
    if step is not None:
        begun = past.created[ladder.units[step]]
        within = ladder.at[step] - begun <= rules.mature_days
        mature = begun < seen_until(past, step) - rules.mature_days
        mature &= begun >= _recorded_from(past, ladder, step, rules)
        cohorts = _cohorts(begun[mature], within[mature])
        change = _change(begun[mature], within[mature])
    return YearsApart(
        outcome=step,
        cohorts=cohorts,
        change=change,
        found=_moved(change),
        shifts=_shifts(start, known, facts),
    )


def _watched_step(ladder: Ladder) -> Step | None:
    for step in (Step.CONVERTED, Step.QUALIFIED, Step.ACCEPTED):
        if ladder.sources[step] is not Presence.MISSING:
            return step
    return None


def _recorded_from(past: Past, ladder: Ladder, step: Step, rules: Rules) -> float:
    """Return the day recording began, if it began after the leads did."""
    watched = watch(past, ladder, step, rules)
    late = watched.entry > 0
    if not late.any():
        return -np.inf
    return float((watched.start + watched.entry * MONTH_DAYS)[late].min())


def _quarter(day: float) -> str:
    at = date(day)
    return f"{at.year}-Q{(at.month - 1) // 3 + 1}"


def _cohorts(start: Floats, reached: Bools) -> tuple[Cohort, ...]:
    names = np.array([_quarter(day) for day in start])
    return tuple(
        Cohort(
            period=str(name),
            leads=int((names == name).sum()),
            rate=proportion(float(reached[names == name].sum()), float((names == name).sum())),
        )
        for name in np.unique(names)
    )


def _change(start: Floats, reached: Bools) -> Estimate:
    """Return the rate of the last year minus that of the first; halves of a shorter past."""
    if len(start) < 2:
        return Estimate()
    span = float(start.max() - start.min())
    part = min(_YEAR, span / 2)
    early, late = start < start.min() + part, start >= start.max() - part
    both = early | late
    return difference(late[both], reached[both])


def _moved(change: Estimate) -> bool:
    if change.value is None or change.low is None or change.high is None:
        return False
    return abs(change.value) > _POINTS and (change.low > 0 or change.high < 0)


def _shifts(start: Floats, known: Bools, facts: Sequence[Levels]) -> tuple[FactShift, ...]:
    first, last = float(start[known].min()), float(start[known].max())
    part = min(_YEAR, (last - first) / 2)
    early, late = known & (start < first + part), known & (start >= last - part)
    if early.sum() < 50 or late.sum() < 50:
        return ()
    found: list[FactShift] = []
    for levels in facts:
        codes, size = levels.codes[: len(start)], len(levels.labels)
        one = (np.bincount(codes[early], minlength=size) + 0.5) / (early.sum() + 0.5 * size)
        two = (np.bincount(codes[late], minlength=size) + 0.5) / (late.sum() + 0.5 * size)
        psi = float(((two - one) * np.log(two / one)).sum())
        most = int(np.abs(two - one).argmax())
        words = f"{levels.labels[most]}: {one[most]:.0%} to {two[most]:.0%}"
        found.append(FactShift(fact=levels.name, psi=psi, largest_change=words))
    return tuple(sorted(found, key=lambda shift: -shift.psi))
