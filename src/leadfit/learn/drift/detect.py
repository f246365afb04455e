"""Anytime-valid detectors of a score that is losing its hold on an outcome.

Each piece of evidence is a likelihood ratio: how much better a smaller multiple of the baseline
curve explains who was accepted, or who was won, than the full curve does. It is taken inside a
risk set of leads created in the same month, so that the level of the outcome and its delay
cancel. With the full curve true its mean is at most one, so sums of products of such ratios,
begun anew each week, form an e-detector of the Shiryaev-Roberts type (Shin, Ramdas and Rinaldo,
"E-detectors: a nonparametric framework for sequential change detection", New England Journal of
Statistics in Data Science 2, 2024; Roberts 1966): with N begun, the chance that the sum ever
exceeds N / a is at most a, whenever one looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.learn.drift.baseline import ScoreCurve, levels_by_multiple
from leadfit.learn.logistic import sigmoid
from leadfit.learn.past import Bools, Floats, Ints

MULTIPLES = (0.9, 0.8, 0.7, 0.6, 0.5)
"""The mixture: how much of the curve is left, relative to the guarded baseline.

A score that keeps less than half is still seen at once by the lowest; more of them would only
thin the others."""
BLOCK = 20
"""Decisions compared with one another: enough to lose little, few enough not to wait."""
_MOST_LOWERED = 0.7
START_DAYS = 7
"""A change may have begun in any week."""
_WATCHED_MULTIPLE = MULTIPLES.index(0.8)
_WATCHED_WEEKS = 17
_FALLS_AT = 0.6
"""A watch that has come up ends once its detector is below this part of the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatios:
    """Log likelihood ratios in the order of time.

    Attributes:
        at: Day each became known.
        log_ratio: ``(pieces, multiples)``.
        units: Decisions or events behind each.
    """

    at: Floats
    log_ratio: Floats
    units: Ints


def guarded(curve: ScoreCurve, guard: float) -> Floats:
    """Return the multiple taken as no change, then those of the mixture.

    The baseline is estimated, so no change is taken to be ``guard`` standard errors lower, and
    lower by what the fit owes to chance.
    """
    null = 1.0 - lowered(curve, guard)
    return null * np.array([1.0, *MULTIPLES])


def lowered(curve: ScoreCurve, guard: float) -> float:
    """Return how much below 1 the multiple taken as no change is."""
    return min(_MOST_LOWERED, guard * curve.error + curve.optimism)


def from_decisions(  # noqa: PLR0917 -- a decision has these sides
    curve: ScoreCurve, score: Floats, accepted: Bools, cohort: Ints, at: Floats, guard: float = 1.0
) -> LikelihoodRatios:
    """Compare accepted with rejected leads of the same month, some at a time.

    Conditional logistic regression: given how many of a block were accepted, which ones were
    depends on the score alone, whatever the level (Cox 1972; Breslow and Day 1980).
    """
    multiples = guarded(curve, guard)
    order = np.lexsort((at, cohort))
    place, blocks = _blocks(cohort[order])
    heights = np.full((blocks, BLOCK), -np.inf)
    heights[place // BLOCK, place % BLOCK] = curve.at(score[order])
    yes = np.zeros((blocks, BLOCK))
    yes[place // BLOCK, place % BLOCK] = accepted[order]
    latest = np.full(blocks, -np.inf)
    np.maximum.at(latest, place // BLOCK, at[order])
    real = np.isfinite(heights)
    raw = np.where(real, heights, 0.0)
    weights = np.where(
        real[:, None, :], np.exp(multiples[None, :, None] * np.clip(raw, -8, 8)[:, None, :]), 0.0
    )
    ways = _symmetric(weights)
    took = yes.sum(axis=1).astype(np.int64)
    chosen = ways[np.arange(blocks), :, took]
    fits = (yes * np.clip(raw, -8, 8)).sum(axis=1)[:, None] * multiples - np.log(chosen)
    return _in_time(latest, fits[:, 1:] - fits[:, :1], real.sum(axis=1))


def _blocks(cohort: Ints) -> tuple[Ints, int]:
    """Return a place for each sorted row, cohorts starting on new blocks, and the blocks."""
    if not len(cohort):
        return np.empty(0, np.int64), 0
    _, begins, sizes = np.unique(cohort, return_index=True, return_counts=True)
    needed = -(-sizes // BLOCK)
    offset = np.concatenate([[0], np.cumsum(needed)[:-1]]) * BLOCK
    inside = np.arange(len(cohort)) - np.repeat(begins, sizes)
    return np.repeat(offset, sizes) + inside, int(needed.sum())


def _symmetric(weights: Floats) -> Floats:
    """Return the elementary symmetric polynomials along the last axis, orders 0 to its length."""
    size = weights.shape[-1]
    found = np.zeros((*weights.shape[:-1], size + 1))
    found[..., 0] = 1.0
    for n in range(size):
        found[..., 1 : n + 2] += weights[..., n : n + 1] * found[..., : n + 1].copy()
    return found


def from_events(  # noqa: PLR0917 -- an event and its risk set have these sides
    curve: ScoreCurve,
    delays: Floats,
    score: Floats,
    start: Floats,
    at: Floats,
    cohort: Ints,
    watched: tuple[float, float],
    guard: float = 1.0,
    gone: Floats | None = None,
) -> LikelihoodRatios:
    """Compare each unit that reached the outcome with those of its month that had not yet.

    Args:
        curve: The baseline, of the chance to reach the outcome at all.
        delays: Days from start to outcome in the baseline, sorted.
        score: Of each unit.
        start: Day each unit began to be at risk.
        at: Day it reached the outcome, NaN where it has not.
        cohort: Month of ``start``.
        watched: Only outcomes from the first day on, before the second, are evidence.
        guard: Standard errors the baseline is lowered by.
        gone: Day each unit left the risk set otherwise, NaN where it has not.

    The chance to be the next is that of the fitted logistic, thinned by what has already come
    (``p / (1 - p F)``), not an exponential in the score, which would bend with the mix.
    """
    multiples = guarded(curve, guard)
    heights = curve.at(score)
    rate = float(sigmoid(curve.at(curve.scores) + curve.level).mean())
    levels = levels_by_multiple(curve.heights, rate, multiples)
    days: list[float] = []
    ratios: list[Floats] = []
    for month in np.unique(cohort):
        rows = np.flatnonzero(cohort == month)
        chances = sigmoid(heights[rows, None] * multiples + levels)
        for one in np.flatnonzero((at[rows] >= watched[0]) & (at[rows] < watched[1])):
            moment = at[rows][one]
            risk = (start[rows] <= moment) & ~(at[rows] < moment)
            if gone is not None:
                risk &= ~(gone[rows] < moment)
            passed = np.searchsorted(delays, moment - start[rows][risk]) / max(1, len(delays))
            hazard = chances[risk] / (1.0 - chances[risk] * passed[:, None])
            mine = np.flatnonzero(np.flatnonzero(risk) == one)
            if not len(mine) or len(hazard) < 2:
                continue
            logs = np.log(hazard[mine[0]] / hazard.sum(axis=0))
            days.append(float(moment))
            ratios.append(logs[1:] - logs[0])
    table = np.array(ratios) if ratios else np.empty((0, len(MULTIPLES)))
    return _in_time(np.array(days), table, np.ones(len(days), np.int64))


def _in_time(at: Floats, log_ratio: Floats, units: Ints) -> LikelihoodRatios:
    order = np.argsort(at, kind="stable")
    return LikelihoodRatios(at=at[order], log_ratio=log_ratio[order], units=units[order])


def by_day(evidence: LikelihoodRatios, first: float, days: int) -> Floats:
    """Return ``(days, multiples)`` of evidence gained each day from ``first`` on."""
    found = np.zeros((days, len(MULTIPLES)))
    place = np.floor(evidence.at - first).astype(np.int64)
    inside = (place >= 0) & (place < days)
    np.add.at(found, place[inside], evidence.log_ratio[inside])
    return found


def detector(gained: Floats) -> Floats:
    """Return the log of the e-detector at the end of each day.

    Args:
        gained: ``(..., days, multiples)`` from :func:`by_day`.

    Returns:
        ``(..., days)``.
    """
    *many, days, multiples = gained.shape
    level = np.full((*many, multiples), -np.inf)
    found = np.empty((*many, days))
    for day in range(days):
        if day % START_DAYS == 0:
            level = np.logaddexp(level, 0.0)
        level = level + gained[..., day, :]
        top = level.max(axis=-1, keepdims=True)
        found[..., day] = (top + np.log(np.exp(level - top).mean(axis=-1, keepdims=True)))[..., 0]
    return found


def watch_detector(gained: Floats) -> Floats:
    """Return the log of the detector behind a watch at the end of each day.

    One multiple, near the first months of a slow fall, and beginnings of the last four months
    alone: what an alarm keeps for good, a watch forgets. Of the detectors tried it is on least
    often in calm at the same delay on the slow fall.

    Args:
        gained: ``(..., days, multiples)`` from :func:`by_day`.

    Returns:
        ``(..., days)``; never above that of all beginnings with this multiple.
    """
    total = gained[..., _WATCHED_MULTIPLE].cumsum(axis=-1)
    before = np.concatenate([np.zeros_like(total[..., :1]), total], axis=-1)
    found = np.empty(total.shape)
    for day in range(total.shape[-1]):
        begun = np.arange(0, day + 1, START_DAYS)[-_WATCHED_WEEKS:]
        since = before[..., day + 1, None] - before[..., begun]
        top = since.max(axis=-1)
        found[..., day] = top + np.log(np.exp(since - top[..., None]).sum(axis=-1))
    return found


def stands(log: Floats, level: float) -> Bools:
    """Return on which days a watch stands: up at the level, down again at three fifths of it.

    Args:
        log: ``(..., days)`` from :func:`watch_detector`.
        level: The level, not its log.

    >>> stands(np.log([1.0, 20.0, 15.0, 5.0, 15.0]), 20.0).tolist()
    [False, True, True, False, False]
    """
    up, down = log >= np.log(level), log < np.log(level * _FALLS_AT)
    found = np.empty(log.shape, np.bool_)
    now = np.zeros(log.shape[:-1], np.bool_)
    for day in range(log.shape[-1]):
        now = up[..., day] | (now & ~down[..., day])
        found[..., day] = now
    return found


def likeliest_start(gained: Floats, until: int) -> int:
    """Return the day of the week whose process has gathered most by the day ``until``."""
    later = gained[: until + 1][::-1].cumsum(axis=0)[::-1]
    starts = np.arange(0, until + 1, START_DAYS)
    top = later[starts].max(axis=1, keepdims=True)
    weight = top[:, 0] + np.log(np.exp(later[starts] - top).mean(axis=1))
    return int(starts[int(weight.argmax())])


def together(logs: Floats, weights: Floats) -> Floats:
    """Return the log of the weighted mean of e-detectors, itself an e-detector.

    Args:
        logs: ``(steps, days)``.
        weights: ``(steps,)``, with sum 1.
    """
    top = logs.max(axis=0)
    return np.asarray(top + np.log(weights @ np.exp(logs - top)))
