"""Which segment falls: a value of a fact that does worse than its score says, more than before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from leadfit.history import Step
from leadfit.learn.drift.baseline import ScoreCurve
from leadfit.learn.drift.result import DriftRules, Segment
from leadfit.learn.drift.streams import StepStream
from leadfit.learn.facts import Levels
from leadfit.learn.logistic import sigmoid
from leadfit.learn.past import Bools, Floats
from leadfit.learn.words import DID


def falling(  # noqa: PLR0917 -- a comparison of two times has these sides
    stream: StepStream,
    curve: ScoreCurve,
    score: Floats,
    facts: Sequence[Levels],
    times: tuple[float, float, float],
    rules: DriftRules,
) -> tuple[Segment, ...]:
    """Return the segments that fell, the surest first.

    Args:
        stream: A step of the ladder.
        curve: What the score meant in the baseline.
        score: By row of the past.
        facts: Whose values are candidates; all of them count in the correction.
        times: Begin and end of the baseline, and the likely onset.
        rules: Rate of false discoveries, smallest segment.

    Whoever reached the step is compared with the chance the score gave, refitted in level by
    month; the test asks whether the shortfall of the segment grew beyond that of the others.
    """
    before, now = _periods(stream, times, rules)
    if min(int(before.sum()), int(now.sum())) < rules.least_segment:
        return ()
    expected = _expected(stream, curve, score, before | now)
    # More of a step is good, but for churn.
    rest = (stream.reached - expected) * (-1 if stream.step is Step.CHURNED_AFTER_USE else 1)
    bent = expected * (1 - expected)
    found: list[tuple[float, Levels, int, Bools]] = []
    for levels in facts:
        codes = levels.codes[stream.row]
        for code in levels.shown:
            mine = codes == code
            one, two = mine & before, mine & now
            if min(int(one.sum()), int(two.sum())) < rules.least_segment:
                continue
            spread = np.sqrt(
                bent[one].sum() / one.sum() ** 2 + bent[two].sum() / two.sum() ** 2 + 1e-12
            )
            z = (rest[two].mean() - rest[one].mean()) / spread
            found.append((float(stats.norm.cdf(z)), levels, code, mine))
    if not found:
        return ()
    q_values = stats.false_discovery_control([p for p, *_ in found])
    named = [
        _segment(stream, levels, code, mine, (before, now, expected), float(q))
        for q, (_, levels, code, mine) in zip(q_values, found, strict=True)
        if q <= rules.false_discovery_rate
    ]
    return tuple(sorted(named, key=lambda each: (each.q_value, each.fact, each.value)))


def _periods(
    stream: StepStream, times: tuple[float, float, float], rules: DriftRules
) -> tuple[Bools, Bools]:
    start, end, onset = times
    at = stream.at if stream.decided else stream.start
    old = np.ones(len(at), np.bool_)
    if not stream.decided:
        old = stream.start <= stream.until - rules.mature_days
    return old & (at >= start) & (at < end), old & (at >= onset)


def _expected(stream: StepStream, curve: ScoreCurve, score: Floats, used: Bools) -> Floats:
    """Return the chance by the baseline's curve, with a level for each month."""
    height = curve.at(score[stream.row])
    months = np.unique(stream.cohort[used])
    place = np.clip(np.searchsorted(months, stream.cohort), 0, len(months) - 1)
    columns = np.zeros((int(used.sum()), len(months) + 1))
    columns[np.arange(len(columns)), place[used]] = 1.0
    columns[:, -1] = 1.0
    # The curve keeps its slope; what is fitted is the level alone.
    ridge = np.array([*np.full(len(months), 0.05), 0.0])
    beta = _levels(columns, stream.reached[used].astype(np.float64), height[used], ridge)
    return sigmoid(height + beta[place] + beta[-1])


def _levels(columns: Floats, reached: Floats, offset: Floats, ridge: Floats) -> Floats:
    beta = np.zeros(columns.shape[1])
    for _ in range(25):
        chance = sigmoid(columns @ beta + offset)
        slope = columns.T @ (reached - chance) - ridge * beta
        bent = np.maximum(chance * (1 - chance), 1e-9)
        step = np.linalg.solve((columns * bent[:, None]).T @ columns + np.diag(ridge), slope)
        beta += np.clip(step, -2.0, 2.0)
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta


def _segment(  # noqa: PLR0917 -- all that is said of it
    stream: StepStream,
    levels: Levels,
    code: int,
    mine: Bools,
    parts: tuple[Bools, Bools, Floats],
    q_value: float,
) -> Segment:
    before, now, expected = parts
    one, two = mine & before, mine & now
    rates = float(stream.reached[one].mean()), float(stream.reached[two].mean())
    by_score = float(expected[two].mean())
    what = DID[stream.step]
    return Segment(
        fact=levels.name,
        value=levels.labels[code],
        step=stream.step,
        units_before=int(one.sum()),
        units_now=int(two.sum()),
        before=rates[0],
        now=rates[1],
        expected=by_score,
        q_value=q_value,
        words=f"{levels.name} = {levels.labels[code]}: {int(stream.reached[two].sum()):,} of "
        f"{int(two.sum()):,} {what} since, {rates[1]:.0%}; by their score {by_score:.0%} would "
        f"have, and {rates[0]:.0%} of {int(one.sum()):,} did before.",
    )
