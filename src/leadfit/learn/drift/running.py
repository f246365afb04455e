"""One ladder step through its detector: baseline, evidence, and a new baseline where one is due."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.history import Step
from leadfit.learn.drift.baseline import ScoreCurve, fit_curve, psi
from leadfit.learn.drift.detect import (
    LikelihoodRatios,
    by_day,
    detector,
    from_decisions,
    from_events,
    lowered,
    watch_detector,
)
from leadfit.learn.drift.reading import LEAST_LEADS, Reading, WatchPeriod
from leadfit.learn.drift.result import DriftRules
from leadfit.learn.drift.streams import StepStream
from leadfit.learn.past import Floats
from leadfit.learn.rules import MONTH_DAYS

_WEAK = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One step's evidence by day, and the curve it was held against."""

    stream: StepStream
    curve: ScoreCurve
    gained: Floats
    log: Floats
    watch_log: Floats
    guard: float
    seen: int


def run_step(
    reading: Reading,
    stream: StepStream,
    window: WatchPeriod,
    again: Sequence[float],
    rules: DriftRules,
) -> Run | None:
    """Run the detector of one step, with a new baseline from each day in ``again`` on."""
    spans = [(window.start, window.end)]
    spans += [(day, day + rules.rebaseline_months * MONTH_DAYS) for day in again]
    first: tuple[ScoreCurve, float] | None = None
    gained = np.zeros((window.days, 0))
    seen = 0
    for n, (start, end) in enumerate(spans):
        curve = _curve(reading, stream, start, end)
        if curve is None:
            continue
        until = spans[n + 1][1] if n + 1 < len(spans) else math.inf
        guard = rules.guard + reading.optimism * curve.error
        evidence = _evidence(reading, stream, curve, (start, end), (end, until), guard)
        own = by_day(evidence, window.end, window.days)
        if first is None:
            first, gained = (curve, guard), own
        else:
            # From here on the old curve is out of office.
            gained[max(0, int(end - window.end)) :] = 0.0
            gained += own
        seen += int(evidence.units.sum())
    if first is None:
        return None
    return Run(
        stream=stream,
        curve=first[0],
        gained=gained,
        log=detector(gained),
        watch_log=watch_detector(gained),
        guard=lowered(first[0], first[1]),
        seen=seen,
    )


def _curve(reading: Reading, stream: StepStream, start: float, end: float) -> ScoreCurve | None:
    """Fit a step's baseline on what was known at its end."""
    mine = (stream.start >= start) & (stream.start < end)
    if stream.decided:
        mine &= stream.at < end
    reached = stream.reached & (stream.at < end)
    curve = fit_curve(reading.score[stream.row[mine]], reached[mine], stream.cohort[mine])
    # A score without a hold on a step, or with one the wrong way round, has none to lose.
    if curve is None or curve.error >= _WEAK or not _points_right(curve, stream.step):
        return None
    return curve


def _points_right(curve: ScoreCurve, step: Step) -> bool:
    """Return whether a higher score goes with more of the step, with less of churn."""
    rises = float(curve.heights[-1] - curve.heights[0]) > 0
    return rises is not (step is Step.CHURNED_AFTER_USE)


def _evidence(  # noqa: PLR0917 -- what, against what, and when
    reading: Reading,
    stream: StepStream,
    curve: ScoreCurve,
    baseline: tuple[float, float],
    watched: tuple[float, float],
    guard: float,
) -> LikelihoodRatios:
    score = reading.score[stream.row]
    if stream.decided:
        mine = (stream.at >= watched[0]) & (stream.at < watched[1])
        return from_decisions(
            curve, score[mine], stream.reached[mine], stream.cohort[mine], stream.at[mine], guard
        )
    old = (stream.start >= baseline[0]) & (stream.at < baseline[1])
    delays = np.sort((stream.at - stream.start)[old & stream.reached])
    return from_events(
        curve, delays, score, stream.start, stream.at, stream.cohort, watched, guard, stream.left
    )


def high_mix(reading: Reading, window: WatchPeriod, rules: DriftRules) -> tuple[float, ...]:
    """Return the days from which the baseline is to be fitted anew: two months of a high PSI."""
    past = reading.past
    rows = np.flatnonzero(~np.isnan(past.created[: past.leads]) & reading.known[: past.leads])
    start, score = past.created[rows], reading.score[rows]
    inside = (start >= window.start) & (start < window.end)
    trusted = score[inside]
    found: list[float] = []
    day, high = window.end, 0
    while day + MONTH_DAYS <= past.as_of:
        mine = score[(start >= day) & (start < day + MONTH_DAYS)]
        enough = min(len(mine), len(trusted)) >= LEAST_LEADS
        high = high + 1 if enough and psi(trusted, mine) > rules.psi_high else 0
        day += MONTH_DAYS
        ends = day + rules.rebaseline_months * MONTH_DAYS
        if high == 2 and ends < past.as_of:
            found.append(day)
            trusted = score[(start >= day) & (start < ends)]
            day, high = ends, 0
    return tuple(found)
