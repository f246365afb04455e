"""The month by month chart of a score, and the trigger on the win rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from leadfit.history import Step
from leadfit.learn.checks import proportion
from leadfit.learn.drift.baseline import psi
from leadfit.learn.drift.result import DriftRules, MonthOfScore, WinRateChange
from leadfit.learn.drift.streams import StepStream, months_of
from leadfit.learn.judge import difference
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import Estimate, Presence
from leadfit.learn.watch import seen_until

_LEAST = 20
_QUARTER = 91.0
_ENOUGH_QUALIFIED = 100


def correlation(score: Floats, reached: Bools) -> tuple[Estimate, float | None]:
    """Return the correlation of a score with an outcome, with Fisher's interval, and the latent.

    The latent one (biserial) is what the correlation would be with the scale behind the outcome.
    Unlike the first it does not fall merely because wins become rare.
    """
    share = float(reached.mean()) if len(reached) else 0.0
    if int(reached.sum()) < 5 or share > 0.99 or float(np.ptp(score)) <= 0:
        return Estimate(), None
    value = float(np.corrcoef(score, reached)[0, 1])
    wide = 1.96 / np.sqrt(max(1, len(score) - 3))
    at = np.arctanh(np.clip(value, -0.999999, 0.999999))
    height = float(stats.norm.pdf(stats.norm.ppf(share)))
    latent = value * float(np.sqrt(share * (1 - share))) / height
    return (
        Estimate(value=value, low=float(np.tanh(at - wide)), high=float(np.tanh(at + wide))),
        float(np.clip(latent, -1.0, 1.0)),
    )


def months(
    past: Past,
    made: Mapping[Step, StepStream],
    score: Floats,
    trusted: Floats,
    rules: DriftRules,
) -> tuple[MonthOfScore, ...]:
    """Return one row for each month of creation; outcomes once the whole month has matured."""
    rows = np.flatnonzero(~np.isnan(past.created[: past.leads]) & ~np.isnan(score[: past.leads]))
    cohort = months_of(past.created[rows])
    wins, accepts = made.get(Step.CONVERTED), made.get(Step.ACCEPTED)
    found: list[MonthOfScore] = []
    for month in np.unique(cohort):
        mine = rows[cohort == month]
        won, matured = _won(wins, int(month), score, rules)
        share = Estimate()
        if accepts is not None:
            inside = accepts.reached[accepts.cohort == month]
            share = proportion(float(inside.sum()), float(len(inside)))
        found.append(
            MonthOfScore(
                month=f"{month // 12}-{month % 12 + 1:02d}",
                leads=len(mine),
                psi=psi(trusted, score[mine]) if min(len(mine), len(trusted)) >= _LEAST else None,
                correlation=won[0] if matured else Estimate(),
                latent=won[1] if matured else None,
                accepted=share,
                matured=matured,
            )
        )
    return tuple(found)


def _won(
    wins: StepStream | None, month: int, score: Floats, rules: DriftRules
) -> tuple[tuple[Estimate, float | None], bool]:
    """Return the correlation with wins within the time to mature, and whether all have matured."""
    if wins is None:
        return (Estimate(), None), False
    mine = wins.cohort == month
    if not mine.any():
        return (Estimate(), None), False
    matured = bool(wins.start[mine].max() + rules.mature_days <= wins.until)
    in_time = wins.reached[mine] & (wins.at[mine] - wins.start[mine] <= rules.mature_days)
    return correlation(score[wins.row[mine]], in_time), matured


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLeads:
    """What the win rate is counted on, old enough to be compared.

    Attributes:
        of: ``qualified`` or ``leads``.
        row: Row of the past.
        start: Day of qualification, or of creation.
        won: Within the time to mature.
    """

    of: str
    row: Ints
    start: Floats
    won: Bools


def closed(past: Past, ladder: Ladder, rules: DriftRules) -> ClosedLeads | None:
    """Return matured units and whether each was won; ``None`` where wins are not recorded."""
    if ladder.sources[Step.CONVERTED] is Presence.MISSING:
        return None
    by_deal = past.history.unit == "deal"
    place = np.arange(past.leads) if by_deal else past.account[: past.leads]
    won_at = ladder.at[Step.CONVERTED][place]
    qualified_at = ladder.at[Step.QUALIFIED]
    until = seen_until(past, Step.CONVERTED)
    for of, start in (("qualified", qualified_at), ("leads", past.created[: past.leads])):
        days = rules.mature_days if of == "qualified" else rules.learner.mature_days
        rows = np.flatnonzero(~np.isnan(start) & (start <= until - days))
        if of == "qualified" and len(rows) < _ENOUGH_QUALIFIED:
            continue
        after = won_at[rows] - start[rows]
        return ClosedLeads(
            of=of, row=rows, start=start[rows], won=(after >= -1.0) & (after <= days)
        )
    return None


def windows(found: ClosedLeads, start: float, end: float) -> tuple[Bools, Bools]:
    """Return which units began in the baseline, and which in the latest matured quarter."""
    before = (found.start >= start) & (found.start < end)
    newest = float(found.start.max()) if len(found.start) else end
    now = (found.start > max(end, newest - _QUARTER)) & ~before
    return before, now


def win_rate(
    found: ClosedLeads, before: Bools, now: Bools, proxy: Estimate, rules: DriftRules
) -> WinRateChange | None:
    """Say whether the win rate moved by more than the rules allow, and not by chance."""
    if min(int(before.sum()), int(now.sum())) < _LEAST:
        return None
    both = before | now
    points = difference(now[both], found.won[both])
    one, two = (proportion(float(found.won[m].sum()), float(m.sum())) for m in (before, now))
    if points.value is None or points.low is None or points.high is None:
        return None
    fired = abs(points.value) > rules.win_rate_points and (points.low > 0 or points.high < 0)
    relative = points.value / one.value if one.value else None
    by = "" if relative is None else f" ({relative:+.0%} of what it was)"
    return WinRateChange(
        of=found.of,
        before=one,
        now=two,
        points=points,
        relative=relative,
        fired=fired,
        words=f"Of the {found.of} that had time to close, {two.value or 0:.1%} were won in the "
        f"latest quarter against {one.value or 0:.1%} before: "
        f"{points.value * 100:+.1f} points{by}.",
        proxy=proxy,
    )


def proxy_change(accepts: StepStream | None, start: float, end: float) -> Estimate:
    """Return how the acceptance rate of the newest month of decisions differs: known earlier."""
    if accepts is None or not accepts.decided or not len(accepts.at):
        return Estimate()
    newest = float(accepts.at.max())
    now = accepts.at > max(end, newest - _QUARTER / 3)
    before = (accepts.at >= start) & (accepts.at < end)
    both = now | before
    if min(int(now.sum()), int(before.sum())) < _LEAST:
        return Estimate()
    return difference(now[both], accepts.reached[both])
