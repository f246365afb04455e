"""What recorded touches and wins say of how fast people are, and what speed comes with."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from leadfit.bounds import NORMAL_95, exact_interval
from leadfit.jobs.rehearsal.happenings import week_of
from leadfit.jobs.rehearsal.simulate import Simulation
from leadfit.policy import Policy
from leadfit.policy.calendar import minutes_between
from leadfit.records import Tier
from leadfit.store.recorded import Fate

FEW: Final = 20
"""Fewer touches than this say nothing of one rep or tier."""
MATURE: Final = timedelta(days=90)
"""A lead is won within this time or counts as not won."""
_LEAST_WINS: Final = 5
_LEAST_MATURE: Final = 50
_LONGEST: Final = timedelta(days=60)


@dataclass(slots=True)
class Speed:
    """How long recorded first touches took, in the minutes of each lead's tier.

    Attributes:
        by_rep: Minutes by rep and tier; infinite for leads nobody touched.
        by_tier: The same by tier.
        most: The most leads a rep ever touched in one week.
    """

    by_rep: dict[tuple[str, Tier], list[float]] = field(default_factory=lambda: defaultdict(list))
    by_tier: dict[Tier, list[float]] = field(default_factory=lambda: defaultdict(list))
    most: dict[str, int] = field(default_factory=dict)

    def of(self, rep_id: str, tier: Tier) -> Sequence[float]:
        """Return what is known of a rep in a tier, else of all reps in it; few say nothing."""
        own = self.by_rep.get((rep_id, tier), ())
        return own if len(own) >= FEW else self.by_tier.get(tier, ())


def measure(fates: Sequence[Fate], policy: Policy, until: datetime) -> Speed:
    """Measure recorded first touches by the calendars of the policy in force.

    A lead that nobody touched counts as touched never once its time is up.
    """
    speed, weeks = Speed(), Counter[tuple[str, str]]()
    for each in fates:
        if each.assigned_at is None or each.owner_id is None or each.tier is None:
            continue
        if each.touched_at is not None:
            weeks[each.owner_id, week_of(each.touched_at)] += 1
        took = _minutes(each, policy, until)
        if took is not None:
            speed.by_rep[each.owner_id, each.tier].append(took)
            speed.by_tier[each.tier].append(took)
    for (rep_id, _), count in weeks.items():
        speed.most[rep_id] = max(count, speed.most.get(rep_id, 0))
    for minutes in (*speed.by_rep.values(), *speed.by_tier.values()):
        minutes.sort()
    return speed


def _minutes(each: Fate, policy: Policy, until: datetime) -> float | None:
    """Return how long the touch took; infinite for none in time, ``None`` while it may come."""
    assert each.assigned_at is not None and each.tier is not None  # noqa: S101, PT018 -- asked before
    rules, rep = policy.tier(each.tier), policy.rep(each.owner_id)
    end = min(each.touched_at or until, each.assigned_at + _LONGEST)
    if rules.clock == "working" and rep is not None:
        took = minutes_between(rep, policy.closures, each.assigned_at, end)
    else:
        took = (end - each.assigned_at).total_seconds() / 60
    if each.touched_at is not None:
        return took
    return math.inf if took > rules.sla_minutes else None


def share_within(minutes: Sequence[float], limit: float) -> tuple[int, int]:
    """Return how many of some sorted minutes lie within a limit, and how many there are."""
    low, high = 0, len(minutes)
    while low < high:
        middle = (low + high) // 2
        if minutes[middle] <= limit:
            low = middle + 1
        else:
            high = middle
    return low, len(minutes)


def feasible(side: Simulation, speed: Speed, policy: Policy) -> dict[str, object]:
    """Say for each tier which share of first touches the staffing could make in time.

    ``kept`` is the share that people as fast as they were recorded make within the time of the
    tier, with an interval of 95 %. ``within_staffing`` is the share of assignments that lie within
    the most leads each rep ever touched in one week.
    """
    said: dict[str, object] = {}
    for tier in Tier:
        owned = [e for e in side.leads.values() if e.tier is tier and e.owner_id is not None]
        limit = policy.tier(tier).sla_minutes
        within, seen = share_within(speed.by_tier.get(tier, ()), limit)
        shares = [_share(speed.of(each.owner_id or "", tier), limit) for each in owned]
        known = [share for share in shares if share is not None]
        is_known = seen >= FEW and len(known) == len(owned) and bool(owned)
        kept = math.fsum(known) / len(known) if known else None
        low, high = exact_interval(within, seen)
        said[f"tier {tier.value}"] = {
            "sla_minutes": limit,
            "assigned": len(owned),
            "touches_recorded": seen,
            "kept": _figure(kept) if is_known and kept is not None else None,
            "low": _figure(min(low, kept or 0.0)) if is_known else None,
            "high": _figure(max(high, kept or 0.0)) if is_known else None,
            "why_unknown": None if is_known else _why(len(owned), seen),
        }
    said["staffing"] = _staffing(side, speed)
    return said


def _why(owned: int, seen: int) -> str:
    if not owned:
        return "no lead of the tier got an owner"
    return f"{seen} first touches of the tier are recorded; {FEW} are the least"


def _share(minutes: Sequence[float], limit: float) -> float | None:
    within, seen = share_within(minutes, limit)
    return within / seen if seen >= FEW else None


def _staffing(side: Simulation, speed: Speed) -> dict[str, object]:
    asked = could = unknown = 0
    for reps in side.load.values():
        for rep_id, count in reps.items():
            most = speed.most.get(rep_id)
            if most is None:
                unknown += count
                continue
            asked += count
            could += min(count, most)
    return {
        "assignments": asked + unknown,
        "within_staffing": _figure(could / asked) if asked else None,
        "of_reps_without_touches": unknown,
    }


@dataclass(frozen=True, slots=True)
class _Cell:
    won: int
    seen: int

    @property
    def rate(self) -> float:
        return self.won / self.seen

    @property
    def variance(self) -> float:
        # Of the Jeffreys posterior, so that no win in a few leads is no certainty.
        a, b = self.won + 0.5, self.seen - self.won + 0.5
        return a * b / ((a + b) ** 2 * (a + b + 1))


def wins(
    sides: tuple[Simulation, Simulation],
    fates: Sequence[Fate],
    speed: Speed,
    policy: Policy,
    until: datetime,
) -> Mapping[str, object]:
    """Estimate the wins that come with another speed of first touches.

    Each lead keeps its own kind: the share of wins is that of leads of its recorded tier that were
    touched within the time of the policy in force, or not. Only how often it is touched in time
    differs. Speed was not given at random, so that this is associated, not caused.
    """
    cells = _cells(fates, policy, until)
    mature = sum(cell.seen for cell in cells.values())
    won = sum(cell.won for cell in cells.values())
    thin = [key for key, cell in cells.items() if cell.seen < FEW]
    kinds = {each.lead_id: each.tier for each in fates if each.tier is not None}
    wanted = {kinds[each] for each in sides[0].leads if each in kinds}
    lacks = {(tier, fast) for tier in wanted for fast in (True, False)} - cells.keys()
    if mature < _LEAST_MATURE or won < _LEAST_WINS or thin or lacks:
        return {
            "identified": False,
            "why": f"{mature} leads are {MATURE.days} days old, {won} of them won;"
            f" needed are {_LEAST_MATURE} and {_LEAST_WINS}, and {FEW} of each tier that were"
            " touched in time and that were not",
        }
    factors = [_factors(side, speed, kinds, policy) for side in sides]
    totals = [
        math.fsum(count * cells[key].rate for key, count in sorted(each.items()))
        for each in factors
    ]
    moved = {key: factors[1].get(key, 0.0) - factors[0].get(key, 0.0) for key in cells}
    spread = NORMAL_95 * math.sqrt(
        math.fsum(change**2 * cells[key].variance for key, change in moved.items())
    )
    change = totals[1] - totals[0]
    return {
        "identified": True,
        "claim": "associated",
        "before": _figure(totals[0]),
        "after": _figure(totals[1]),
        "change": _figure(change),
        "low": _figure(change - spread),
        "high": _figure(change + spread),
        "relative": _figure(change / totals[0]) if totals[0] else None,
        "leads": sum(each in kinds for each in sides[1].leads),
    }


_Key = tuple[Tier, bool]


def _cells(fates: Sequence[Fate], policy: Policy, until: datetime) -> dict[_Key, _Cell]:
    counts: dict[_Key, list[int]] = defaultdict(lambda: [0, 0])
    for each in fates:
        if each.tier is None or each.assigned_at is None:
            continue
        if each.opened_at + MATURE > until:
            continue
        took = _minutes(each, policy, until)
        fast = took is not None and took <= policy.tier(each.tier).sla_minutes
        counts[each.tier, fast][0] += each.won
        counts[each.tier, fast][1] += 1
    return {key: _Cell(*count) for key, count in counts.items()}


def _factors(
    side: Simulation, speed: Speed, kinds: Mapping[str, Tier], present: Policy
) -> dict[_Key, float]:
    """Return how many leads of each recorded tier are touched in time, and how many are not.

    In time means within the minutes of the recorded tier in the policy in force, whatever the tier
    the lead has on this side. People are as fast with leads of the side's tier as they were: that
    a promise is changed makes nobody faster.
    """
    found: dict[_Key, float] = defaultdict(float)
    for each in side.leads.values():
        kind = kinds.get(each.lead_id)
        if kind is None:
            continue
        share = 0.0
        if each.owner_id is not None:
            minutes = speed.of(each.owner_id, each.tier)
            share = _share(minutes, present.tier(kind).sla_minutes) or 0.0
        found[kind, True] += share
        found[kind, False] += 1 - share
    return found


def _figure(value: float) -> float:
    return round(value, 6)
