"""The drift watch: from a history and a score to findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.artifact import Artifact
from leadfit.history import History, Step
from leadfit.learn.drift import blame as blaming
from leadfit.learn.drift import charts, segments
from leadfit.learn.drift.detect import likeliest_start, stands, together
from leadfit.learn.drift.noted import worried
from leadfit.learn.drift.reading import Reading, WatchPeriod, read, window_of
from leadfit.learn.drift.result import (
    Blame,
    DriftFindings,
    DriftRules,
    IcpAge,
    MonthOfScore,
    Segment,
    Spell,
    StepWatch,
    WinRateChange,
)
from leadfit.learn.drift.running import Run, high_mix, run_step
from leadfit.learn.drift.streams import StepStream, streams
from leadfit.learn.drift.telling import age_of, blank, delays_of, in_words, notices_of
from leadfit.learn.past import Bools, Floats, date, days

_DEFAULT = DriftRules()
_SEED = 20240229


def drift(
    history: History,
    artifact_or_scores: Artifact | Mapping[str, float] | None = None,
    *,
    rules: DriftRules = _DEFAULT,
    updated_at: Sequence[datetime] = (),
) -> DriftFindings:
    """Say whether a score still tells who will be accepted, won and expanded, and what moved.

    Args:
        history: The past, as for :func:`leadfit.learn.benchmark`.
        artifact_or_scores: What to watch: a learned artifact, scores by lead id as they were
            when the lead came, or nothing for the ``score`` column of the leads.
        rules: Windows and thresholds.
        updated_at: When the profile in use was changed, if it ever was.

    Returns:
        Findings; ``level`` is ``cannot_tell`` without times, scores or a baseline.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        reading = read(history, artifact_or_scores, rules)
        window = window_of(reading, artifact_or_scores, rules)
        age = age_of(history, artifact_or_scores, updated_at, None)
        if window is None:
            return _unwatched(reading, age, rules)
        return _findings(reading, window, artifact_or_scores, rules, updated_at)


def _unwatched(reading: Reading, age: IcpAge, rules: DriftRules) -> DriftFindings:
    """Return that the score cannot be judged; what customer success notes needs no score."""
    noted = worried(reading.past, reading.ladder, reading.described, rules)
    return replace(blank(reading, age), noted=noted)


def _findings(
    reading: Reading,
    window: WatchPeriod,
    given: Artifact | Mapping[str, float] | None,
    rules: DriftRules,
    updated_at: Sequence[datetime],
) -> DriftFindings:
    made = {each.step: each for each in streams(reading.past, reading.ladder, reading.known)}
    again = high_mix(reading, window, rules)
    runs = [
        run
        for each in made.values()
        if (run := run_step(reading, each, window, again, rules)) is not None
    ]
    if not runs:
        age = age_of(reading.past.history, given, updated_at, None)
        return _unwatched(reading, age, rules)
    levels = (rules.watch_level(window.a_month), rules.alarm_at)
    joint = _joint(runs, window, levels, rules)
    onset = window.end if joint.likely_onset is None else days(joint.likely_onset)
    named = _segments(reading, runs, (window.start, window.end, onset), joint.level, rules)
    rate, parts = _rate(reading, made.get(Step.ACCEPTED), window, rules)
    return DriftFindings(
        as_of=reading.past.history.as_of,
        level=joint.level,
        words=in_words(joint.level, joint, named, window, reading.name),
        score_name=reading.name,
        joint=joint,
        steps=tuple(_alone(run, window, levels) for run in runs),
        months=_months(reading, made, window, rules),
        win_rate=rate,
        blame=parts,
        segments=named,
        delays=delays_of(runs, window, rules),
        age=age_of(reading.past.history, given, updated_at, joint.first_evidence),
        noted=worried(reading.past, reading.ladder, reading.described, rules),
        rebaselined_at=tuple(date(day) for day in again),
        notices=notices_of(reading, given),
    )


def _joint(
    runs: Sequence[Run], window: WatchPeriod, levels: tuple[float, float], rules: DriftRules
) -> StepWatch:
    """Return all steps together; the onset is that of the step with most to say."""
    weights = np.array([rules.share.get(run.stream.step, 0.05) for run in runs])
    weights = weights / weights.sum()
    log = together(np.stack([run.log for run in runs]), weights)
    watch_log = together(np.stack([run.watch_log for run in runs]), weights)
    strongest = max(runs, key=lambda run: float(run.log.max()))
    return _watched(None, log, watch_log, strongest.gained, window, levels)


def _alone(run: Run, window: WatchPeriod, levels: tuple[float, float]) -> StepWatch:
    return _watched(run.stream.step, run.log, run.watch_log, run.gained, window, levels, run)


def _watched(  # noqa: PLR0917 -- all that is said of a detector
    step: Step | None,
    log: Floats,
    watch_log: Floats,
    gained: Floats,
    window: WatchPeriod,
    levels: tuple[float, float],
    run: Run | None = None,
) -> StepWatch:
    highest = int(log.argmax())
    high = np.flatnonzero(log >= math.log(levels[1]))
    found = StepWatch(
        step=step,
        evidence=float(np.exp(min(log[-1], 700.0))),
        highest=float(np.exp(min(log[highest], 700.0))),
        alarm_since=date(window.end + float(high[0])) if len(high) else None,
        watch_evidence=float(np.exp(min(watch_log[-1], 700.0))),
        watches=_spells(stands(watch_log, levels[0]), window),
        baseline_units=0 if run is None else run.curve.units,
        since_units=0 if run is None else run.seen,
    )
    if found.level == "calm":
        return found
    until = highest if found.level == "alarm" else len(log) - 1
    return replace(found, likely_onset=date(window.end + likeliest_start(gained, until)))


def _spells(on: Bools, window: WatchPeriod) -> tuple[Spell, ...]:
    turns = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return tuple(
        Spell(
            since=date(window.end + float(first)),
            until=None if last == len(on) else date(window.end + float(last)),
        )
        for first, last in zip(turns[::2], turns[1::2], strict=True)
    )


def _segments(
    reading: Reading,
    runs: Sequence[Run],
    times: tuple[float, float, float],
    level: str,
    rules: DriftRules,
) -> tuple[Segment, ...]:
    """Look for falling segments on the first step that shows any; quiet scores are looked at too.

    A segment the score does not favour may fall without the score slipping.
    """
    if level == "calm":
        times = (times[0], times[1], max(times[1], reading.past.as_of - 91.0))
    for run in runs:
        found = segments.falling(
            run.stream, run.curve, reading.score, reading.described, times, rules
        )
        if found:
            return found
    return ()


def _months(
    reading: Reading, made: Mapping[Step, StepStream], window: WatchPeriod, rules: DriftRules
) -> tuple[MonthOfScore, ...]:
    created = reading.past.created
    inside = (created >= window.start) & (created < window.end) & reading.known
    return charts.months(reading.past, made, reading.score, reading.score[inside], rules)


def _rate(
    reading: Reading, accepts: StepStream | None, window: WatchPeriod, rules: DriftRules
) -> tuple[WinRateChange | None, tuple[Blame, ...]]:
    """Return how the win rate moved and whose doing it was."""
    closed = charts.closed(reading.past, reading.ladder, rules)
    if closed is None:
        return None, ()
    before, now = charts.windows(closed, window.start, window.end)
    both = (before | now) & reading.known[closed.row]
    proxy = charts.proxy_change(accepts, window.start, window.end)
    rate = charts.win_rate(closed, before & both, now & both, proxy, rules)
    return rate, () if rate is None else _blame(reading, closed, both, now)


def _blame(
    reading: Reading, closed: charts.ClosedLeads, both: Bools, now: Bools
) -> tuple[Blame, ...]:
    mix = [each for each in reading.confounders if each.name in {"source", "region"}]
    reps = next((each for each in reading.confounders if each.name == "rep_id"), None)
    rng = np.random.default_rng(_SEED + int(both.sum()))
    return blaming.split(
        reading.past, closed.row[both], closed.won[both], now[both], reading.score, mix, reps, rng
    )
