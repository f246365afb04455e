"""Who was at risk of an outcome, from when, and how long each was seen."""

from __future__ import annotations

import numpy as np

from leadfit.history import Step
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import SAME_DAY, Ladder, row_of
from leadfit.learn.past import Bools, Floats, Past
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.records import Kind

AFTER_WIN = frozenset({Step.EXPANDED, Step.CHURNED_AFTER_USE})
_SURE = 5.0
"""This many expected events in a stretch with none are no chance: exp(-5) is .7 %."""


def watch(past: Past, ladder: Ladder, step: Step, rules: Rules) -> Watched:
    """Return the units at risk of ``step`` with their follow-up.

    Accepted and qualified run from the creation of the lead, converted from the first lead of the
    account (or the deal), expanded and churned after use from conversion. A lost deal stays at
    risk: it is known not to have been won. A customer who left is watched no longer. A rejection
    settles at once what waiting would: the lead counts as watched to the horizon.
    """
    row, reached, at = ladder.units[step], ladder.reached[step], ladder.at[step]
    start = past.created[row]
    left = np.full(len(row), np.nan)
    if step in AFTER_WIN:
        start = ladder.at[Step.CONVERTED]
        # A customer who left can expand no more, and one who left before use cannot leave after.
        left = ladder.left_at
    at_risk = ladder.reached[Step.CONVERTED] if step in AFTER_WIN else np.ones(len(row), np.bool_)
    if not past.history.times_known:
        return _untimed(past, ladder, step, at_risk)
    until = seen_until(past, step)
    known = at_risk & ~np.isnan(start) & ~(reached & np.isnan(at))
    # Won before it was created; or expanded only before the win, for an earlier contract.
    early = known & reached & (at < start - SAME_DAY)
    known &= ~early
    event = known & reached & (at <= until + SAME_DAY)
    end = np.where(event, at, until)
    end = np.where(~event & ~np.isnan(left), np.minimum(end, left), end)
    if step is Step.ACCEPTED:
        settled = _rejected(past, until)[row] & ~event
        end = np.where(settled, np.fmax(end, start + rules.horizon_months * MONTH_DAYS), end)
    months = np.maximum(0.0, end - start) / MONTH_DAYS
    entry = np.maximum(0.0, _truncated_from(start, event, at, until) - start) / MONTH_DAYS
    seen = known & ((end > start) | event) & ((months > entry) | event)
    entry = np.where(event, np.minimum(entry, np.maximum(0.0, months - 0.5 / MONTH_DAYS)), entry)
    within = months <= rules.horizon_months
    return Watched(
        row=row[seen],
        cluster=past.account[row[seen]],
        entry=np.minimum(entry[seen], rules.horizon_months),
        end=np.minimum(months[seen], rules.horizon_months),
        event=(event & within)[seen],
        timed=True,
        start=start[seen],
        impossible=0 if step in AFTER_WIN else int(early.sum()),
    )


def _rejected(past: Past, until: float) -> Bools:
    """Return which rows were turned down by ``until``."""
    marks = past.marks(Kind.REJECTED)
    found = np.zeros(past.rows, dtype=np.bool_)
    found[row_of(past, marks)[marks.at <= until + SAME_DAY]] = True
    return found


def _untimed(past: Past, ladder: Ladder, step: Step, at_risk: Bools) -> Watched:
    row = ladder.units[step][at_risk]
    none = np.full(len(row), np.nan)
    return Watched(
        row=row,
        cluster=past.account[row],
        entry=none,
        end=none,
        event=ladder.reached[step][at_risk],
        timed=False,
        start=none,
    )


def seen_until(past: Past, step: Step) -> float:
    """Return the day up to which ``step`` could be seen; churn after use needs the use as well."""
    kinds = (Kind.CHURNED, Kind.USED) if step is Step.CHURNED_AFTER_USE else ()
    return min(past.until(source) for source in (step, *kinds))


def first_recorded(watched_start: Floats, at: Floats) -> float:
    """Return the day of the first outcome, infinity if there is none."""
    found = at[~np.isnan(at) & ~np.isnan(watched_start)]
    return float(found.min()) if len(found) else float("inf")


def unseen_events(start: Floats, event: Bools, at: Floats, until: float) -> tuple[float, float]:
    """Return the first outcome's day, and how many should have come before it but did not.

    The expectation uses the share that reached the outcome by age among units that began after
    recording did.
    """
    first = first_recorded(start, np.where(event, at, np.nan))
    early = ~np.isnan(start) & (start < first)
    late = ~np.isnan(start) & (start >= first)
    if not np.isfinite(first) or not early.any() or (event & late).sum() < _SURE:
        return first, 0.0
    ages = first - start[early]
    end = np.where(event, at, until)[late] - start[late]
    order = np.sort(np.where(event[late], end, np.inf))
    risk = np.sort(end)[::-1]
    finite = order[np.isfinite(order)]
    at_risk = np.searchsorted(-risk, -finite, side="right")
    share = 1.0 - np.cumprod(1.0 - 1.0 / np.maximum(at_risk, 1))
    place = np.searchsorted(finite, ages, side="right")
    return first, float(np.concatenate([[0.0], share])[place].sum())


def _truncated_from(start: Floats, event: Bools, at: Floats, until: float) -> float:
    first, expected = unseen_events(start, event, at, until)
    return first - 0.5 if expected >= _SURE else -np.inf
