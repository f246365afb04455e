"""A history as the streams that detectors read: one for each recorded step, and churn after use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.history import Step
from leadfit.learn.ladder import SAME_DAY, Ladder, row_of
from leadfit.learn.past import Bools, Floats, Ints, Past, date
from leadfit.learn.result import Presence
from leadfit.learn.rules import LADDER
from leadfit.learn.watch import AFTER_WIN, seen_until
from leadfit.records import Kind

_LEAST = 40
_RARE = 0.06
_LONGEST_WAIT = 90.0
_IN_TIME = 120.0
_IN_TIME_AFTER_WIN = 183.0
"""Later outcomes are left out: who comes late differs, and no baseline has seen them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStream:
    """One step of the ladder, unit by unit.

    Attributes:
        row: Row of the past.
        start: Day the unit began to be at risk.
        at: Day the outcome became known: acceptance or rejection where ``decided``, else the day
            the step was reached, NaN where it was not.
        reached: Whether it was.
        cohort: Number of the month of ``start``, since year 0.
        decided: Every unit of the stream has an answer: rejections are recorded, or the step is
            frequent enough to wait until most outcomes would have come.
        until: Day up to which the outcome could be seen.
        left: Day a unit left otherwise and was at risk no more, NaN where it did not.
    """

    step: Step
    row: Ints
    start: Floats
    at: Floats
    reached: Bools
    cohort: Ints
    decided: bool
    until: float
    left: Floats


def months_of(days: Floats) -> Ints:
    """Return the calendar month of each day as a count since year 0."""
    found = np.empty(len(days), np.int64)
    for n, day in enumerate(days):
        at = date(float(day))
        found[n] = at.year * 12 + at.month - 1
    return found


def streams(past: Past, ladder: Ladder, known: Bools) -> tuple[StepStream, ...]:
    """Return the streams of all recorded steps, lowest first, and of churn after use.

    Args:
        past: The history as arrays.
        ladder: Who reached what.
        known: Rows with a score.
    """
    found: list[StepStream] = []
    for step in (*LADDER, Step.CHURNED_AFTER_USE):
        if ladder.sources[step] is Presence.MISSING:
            continue
        made = _decisions(past, ladder, known) if step is Step.ACCEPTED else None
        made = made or _arrivals(past, ladder, step, known)
        if int(made.reached.sum()) >= _LEAST:
            found.append(made)
    return tuple(found)


def rejected(past: Past) -> tuple[Bools, Floats]:
    """Return which leads were rejected, and the earliest day."""
    marks = past.marks(Kind.REJECTED)
    at = np.full(past.rows, np.inf)
    row = row_of(past, marks)
    np.minimum.at(at, row, np.where(np.isnan(marks.at), np.inf, marks.at))
    at = at[: past.leads]
    return np.isfinite(at), np.where(np.isfinite(at), at, np.nan)


def _decisions(past: Past, ladder: Ladder, known: Bools) -> StepStream | None:
    """Return acceptances and rejections, or nothing where rejections are not recorded."""
    no, no_at = rejected(past)
    yes, yes_at = ladder.reached[Step.ACCEPTED], ladder.at[Step.ACCEPTED]
    no = no & ~yes
    if int(no.sum()) < _LEAST:
        return None
    rows = np.flatnonzero((yes | no) & known[: past.leads])
    at = np.where(yes, yes_at, no_at)[rows]
    start = past.created[rows]
    fine = ~np.isnan(start) & ~np.isnan(at) & (at >= start - SAME_DAY)
    return StepStream(
        step=Step.ACCEPTED,
        row=rows[fine],
        start=start[fine],
        at=at[fine],
        reached=yes[rows][fine],
        cohort=months_of(start[fine]),
        decided=True,
        until=seen_until(past, Step.ACCEPTED),
        left=np.full(int(fine.sum()), np.nan),
    )


def _arrivals(past: Past, ladder: Ladder, step: Step, known: Bools) -> StepStream:
    """Return when units reached a step that nobody says no to."""
    row, at = ladder.units[step], ladder.at[step]
    reached = ladder.reached[step]
    start = past.created[row]
    at_risk = known[row]
    left = np.full(len(row), np.nan)
    if step in AFTER_WIN:
        left = np.where(reached & (ladder.left_at >= at), np.nan, ladder.left_at)
        start = ladder.at[Step.CONVERTED]
        at_risk = at_risk & ladder.reached[Step.CONVERTED]
    fine = at_risk & ~np.isnan(start) & ~(reached & (np.isnan(at) | (at < start - SAME_DAY)))
    until = seen_until(past, step)
    late = _IN_TIME_AFTER_WIN if step in AFTER_WIN else _IN_TIME
    with np.errstate(invalid="ignore"):
        seen = reached & (at <= until + SAME_DAY) & (at - start <= late)
    stream = StepStream(
        step=step,
        row=row[fine],
        start=start[fine],
        at=np.where(seen, at, np.nan)[fine],
        reached=seen[fine],
        cohort=months_of(start[fine]),
        decided=False,
        until=until,
        left=left[fine],
    )
    return _answered(stream) if stream.reached.mean() > _RARE else stream


def _answered(stream: StepStream) -> StepStream:
    """Take every unit's answer once most outcomes would have come: yes or not in time.

    Where many reach the step, those still waiting are no longer like those that came; an answer
    for each makes the comparison free of it, at the price of the wait.
    """
    waits = (stream.at - stream.start)[stream.reached]
    longest = _IN_TIME_AFTER_WIN if stream.step in AFTER_WIN else _LONGEST_WAIT
    wait = float(min(longest, np.quantile(waits, 0.9)))
    with np.errstate(invalid="ignore"):
        reached = stream.reached & (stream.at - stream.start <= wait)
    old = stream.start + wait <= stream.until
    return StepStream(
        step=stream.step,
        row=stream.row[old],
        start=stream.start[old],
        at=stream.start[old] + wait,
        reached=reached[old],
        cohort=stream.cohort[old],
        decided=True,
        until=stream.until,
        left=stream.left[old],
    )
