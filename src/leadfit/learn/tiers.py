"""What a tier is worth: who was won by tier, month by month, and how that changed.

Only leads that were watched for as long as a win may take are counted. A change is told in points
and relative: from 35 to 27 % is 8 points and 23 % less. Intervals: Fisher's z for a correlation;
Newcombe (1998, method 10) for a difference of rates; Katz et al. (1978) for a ratio.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from leadfit.bounds import NORMAL_95, wilson
from leadfit.history import History, Step
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, Ints, date, read_past
from leadfit.learn.quadrants import Placed, QuadrantRules, Share, share_of
from leadfit.learn.result import Presence
from leadfit.records import Tier

_MONTH: Final = 30.4375
_BASE_DAYS: Final = 365.25
_NOW_DAYS: Final = 91.3125
_FEWEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMonth:
    """Leads of a month by tier.

    Attributes:
        won: Share that was won, by tier.
        correlation: Of a higher tier with a win; ``None`` where nothing varies.
        low: End of its 95 % interval; ``high`` its other end.
    """

    month: str
    won: Mapping[Tier, Share]
    correlation: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """How the win rate of a tier changed, the first year against the latest quarter.

    Attributes:
        points: The difference as a fraction, with ``points_low`` and ``points_high``.
        relative: The change as a share of what it was, with ``relative_low`` and
            ``relative_high``; ``None`` where nothing was won.
    """

    tier: Tier
    before: Share
    now: Share
    points: float | None
    points_low: float | None
    points_high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierFindings:
    """What tiers are worth.

    Attributes:
        days: How long a lead is watched for a win.
        until: Leads that came before are counted.
        months: Oldest first.
        changes: By tier; empty where there is no year to compare with.
    """

    as_of: datetime
    days: float
    until: datetime | None
    months: tuple[TierMonth, ...]
    changes: tuple[TierChange, ...]


def tiers_to_wins(
    history: History, placed: Mapping[str, Placed], *, rules: QuadrantRules | None = None
) -> TierFindings:
    """Return who was won by tier, month by month, and how that changed.

    Args:
        history: The past.
        placed: The tier each lead was worked by, by lead id.
        rules: How long a lead is watched for a win.
    """
    rules = rules or QuadrantRules()
    span = rules.days[Step.CONVERTED]
    past = read_past(history)
    ladder = climb(past)
    known = [placed.get(str(each)) for each in history.leads.columns["lead_id"]]
    tier = np.array([0 if each is None else int(each.tier) for each in known], dtype=np.int64)
    units = ladder.units[Step.CONVERTED]
    inside = units < past.leads
    rows = units[inside]
    won_at = np.where(
        ladder.reached[Step.CONVERTED][inside], ladder.at[Step.CONVERTED][inside], np.nan
    )
    created = past.created[rows]
    last = past.until(Step.CONVERTED) - span
    with np.errstate(invalid="ignore"):
        counted = (created <= last) & (tier[rows] > 0)
        won = won_at <= created + span
    missing = ladder.sources[Step.CONVERTED] is Presence.MISSING
    if missing or not history.times_known or not counted.any():
        return TierFindings(as_of=history.as_of, days=span, until=None, months=(), changes=())
    created, won, own = created[counted], won[counted], tier[rows][counted]
    return TierFindings(
        as_of=history.as_of,
        days=span,
        until=date(last),
        months=_months(created, won, own),
        changes=_changes(created, won, own, last),
    )


def _months(created: Floats, won: Bools, tier: Ints) -> tuple[TierMonth, ...]:
    names = [f"{date(float(day)):%Y-%m}" for day in created]
    found = []
    for month in sorted(set(names)):
        inside = np.array([each == month for each in names], dtype=np.bool_)
        value, low, high = correlation(
            (4 - tier[inside]).astype(np.float64), won[inside].astype(np.float64)
        )
        found.append(
            TierMonth(
                month=month,
                won={each: _won(won, inside & (tier == each)) for each in Tier},
                correlation=value,
                low=low,
                high=high,
            )
        )
    return tuple(found)


def correlation(left: Floats, right: Floats) -> tuple[float | None, float | None, float | None]:
    """Return a correlation with its 95 % interval; nothing where one side never varies."""
    if len(left) < _FEWEST or left.std() <= 0 or right.std() <= 0:
        return None, None, None
    value = float(np.corrcoef(left, right)[0, 1])
    middle = math.atanh(max(-0.999999, min(0.999999, value)))
    spread = NORMAL_95 / math.sqrt(len(left) - 3)
    return value, math.tanh(middle - spread), math.tanh(middle + spread)


def _changes(created: Floats, won: Bools, tier: Ints, last: float) -> tuple[TierChange, ...]:
    """Compare the first year, or what there is of it, with the latest quarter."""
    first, recent = float(created.min()), last - _NOW_DAYS
    base_end = min(first + _BASE_DAYS, recent)
    if base_end - first < 3 * _MONTH:
        return ()
    before, now = created < base_end, created >= recent
    return tuple(
        change(
            each, _won(won, before & (tier == each)), _won(won, now & (tier == each))
        )
        for each in Tier
    )  # fmt: skip


def change(tier: Tier, before: Share, now: Share) -> TierChange:
    """Return how a rate changed, in points and relative."""
    points, points_low, points_high = points_between(before, now)
    relative, relative_low, relative_high = relative_between(before, now)
    return TierChange(
        tier=tier, before=before, now=now,
        points=points, points_low=points_low, points_high=points_high,
        relative=relative, relative_low=relative_low, relative_high=relative_high,
    )  # fmt: skip


def points_between(before: Share, now: Share) -> tuple[float | None, float | None, float | None]:
    """Return the difference of two shares with its interval.

    >>> [round(each, 3) for each in points_between(share_of(350, 1000), share_of(270, 1000))]
    [-0.08, -0.12, -0.039]
    """
    if before.value is None or now.value is None:
        return None, None, None
    value = now.value - before.value
    low1, high1 = wilson(now.reached, now.of)
    low0, high0 = wilson(before.reached, before.of)
    low = value - math.hypot(now.value - low1, high0 - before.value)
    high = value + math.hypot(high1 - now.value, before.value - low0)
    return value, low, high


def relative_between(before: Share, now: Share) -> tuple[float | None, float | None, float | None]:
    """Return the relative change of two shares with its interval.

    >>> round(relative_between(share_of(350, 1000), share_of(270, 1000))[0], 3)
    -0.229
    """
    if not before.value or now.value is None:
        return None, None, None
    value = now.value / before.value - 1
    if not now.reached:
        return value, -1.0, None
    spread = NORMAL_95 * math.sqrt(
        1 / now.reached - 1 / now.of + 1 / before.reached - 1 / before.of
    )
    return value, (1 + value) * math.exp(-spread) - 1, (1 + value) * math.exp(spread) - 1


def _won(won: Bools, inside: Bools) -> Share:
    return share_of(int((won & inside).sum()), int(inside.sum()))
