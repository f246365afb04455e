"""The drift watch: from a history and a score to findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.artifact import Artifact
from leadfit.history import History, Step
from leadfit.learn.drift import blame as blaming
from leadfit.learn.drift import charts, segments
from leadfit.learn.drift.detect import likeliest_start, together
from leadfit.learn.drift.reading import Reading, Window, read, window_of
from leadfit.learn.drift.result import (
    Blame,
    DriftFindings,
    DriftRules,
    MonthOfScore,
    Segment,
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
            return blank(reading, age)
        return _findings(reading, window, artifact_or_scores, rules, updated_at)


def _findings(
    reading: Reading,
    window: Window,
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
        return blank(reading, age_of(reading.past.history, given, updated_at, None))
    levels = (rules.watch_level(window.a_month), rules.alarm_at)
    joint = _joint(runs, window, levels, rules)
    level = "alarm" if joint.alarm_since else "watch" if joint.watch_since else "calm"
    onset = window.end if joint.likely_onset is None else days(joint.likely_onset)
    named = _segments(reading, runs, (window.start, window.end, onset), level, rules)
    rate, parts = _rate(reading, made.get(Step.ACCEPTED), window, rules)
    return DriftFindings(
        as_of=reading.past.history.as_of,
        level=level,
        words=in_words(level, joint, named, window, reading.name),
        score_name=reading.name,
        joint=joint,
        steps=tuple(
            _watched(run.stream.step, run.log, run.gained, window, levels, run) for run in runs
        ),
        months=_months(reading, made, window, rules),
        win_rate=rate,
        blame=parts,
        segments=named,
        delays=delays_of(runs, window, rules),
        age=age_of(reading.past.history, given, updated_at, joint.watch_since),
        rebaselined_at=tuple(date(day) for day in again),
        notices=notices_of(reading, given),
    )


def _joint(
    runs: Sequence[Run], window: Window, levels: tuple[float, float], rules: DriftRules
) -> StepWatch:
    """Return all steps together; the onset is that of the step with most to say."""
    weights = np.array([rules.share.get(run.stream.step, 0.05) for run in runs])
    log = together(np.stack([run.log for run in runs]), weights / weights.sum())
    strongest = max(runs, key=lambda run: float(run.log.max()))
    return _watched(None, log, strongest.gained, window, levels)


def _watched(  # noqa: PLR0917 -- all that is said of a detector
    step: Step | None,
    log: Floats,
    gained: Floats,
    window: Window,
    levels: tuple[float, float],
    run: Run | None = None,
) -> StepWatch:
    highest = int(log.argmax())
    since = [np.flatnonzero(log >= math.log(level)) for level in levels]
    first = [date(window.end + float(found[0])) if len(found) else None for found in since]
    onset = window.end + likeliest_start(gained, highest)
    return StepWatch(
        step=step,
        evidence=float(np.exp(min(log[-1], 700.0))),
        highest=float(np.exp(min(log[highest], 700.0))),
        watch_since=first[0],
        alarm_since=first[1],
        likely_onset=date(onset) if first[0] is not None else None,
        baseline_units=0 if run is None else run.curve.units,
        since_units=0 if run is None else run.seen,
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
    channel = [each for each in reading.confounders if each.name in {"source", "region"}]
    for run in runs:
        found = segments.falling(
            run.stream, run.curve, reading.score, (*reading.facts, *channel), times, rules
        )
        if found:
            return found
    return ()


def _months(
    reading: Reading, made: Mapping[Step, StepStream], window: Window, rules: DriftRules
) -> tuple[MonthOfScore, ...]:
    created = reading.past.created
    inside = (created >= window.start) & (created < window.end) & reading.known
    return charts.months(reading.past, made, reading.score, reading.score[inside], rules)


def _rate(
    reading: Reading, accepts: StepStream | None, window: Window, rules: DriftRules
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


def _blame(reading: Reading, closed: charts.Closed, both: Bools, now: Bools) -> tuple[Blame, ...]:
    mix = [each for each in reading.confounders if each.name in {"source", "region"}]
    reps = next((each for each in reading.confounders if each.name == "rep_id"), None)
    rng = np.random.default_rng(_SEED + int(both.sum()))
    return blaming.split(
        reading.past, closed.row[both], closed.won[both], now[both], reading.score, mix, reps, rng
    )
