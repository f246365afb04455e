"""How promises of a first touch were kept: by tier, team and rep, with the three clocks.

An assignment belongs to the week of its deadline, so that what is told of a week changes only where
somebody tells of a touch late. The time of a touch counts, not the time at which it was told.
Shares have exact bounds, one-sided at 95 % (:mod:`leadfit.bounds`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from leadfit.bounds import lower_bound, upper_bound
from leadfit.policy import Policy
from leadfit.policy.calendar import minutes_between
from leadfit.records import Assignment, ClockKind, Tier
from leadfit.watch.rows import Period

ENROLLED: Final = "enrolled"


class TouchRow(Protocol):
    """A person's touch of a lead."""

    @property
    def by(self) -> str:
        """Who."""

    @property
    def at(self) -> datetime:
        """When it happened."""


class HandledRow(Protocol):
    """An assignment, its deadline, and what became of it."""

    @property
    def assignment(self) -> Assignment:
        """Who had the lead since when."""

    @property
    def deadline_at(self) -> datetime:
        """By when the first touch was promised."""

    @property
    def ended_at(self) -> datetime | None:
        """When another owner took over."""

    @property
    def stopped_at(self) -> datetime | None:
        """When the clock stopped."""

    @property
    def stopped_by(self) -> str | None:
        """What stopped it."""

    @property
    def breached_at(self) -> datetime | None:
        """When the ladder began."""

    @property
    def touches(self) -> Sequence[TouchRow]:
        """Every touch of the lead, oldest first."""


class BreachRow(Protocol):
    """A step of a clock that ran out."""

    @property
    def step(self) -> str:
        """Name of the step."""

    @property
    def tier(self) -> Tier | None:
        """Tier of the lead."""

    @property
    def late_by_s(self) -> float:
        """Seconds after it was due."""


class End(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    """A person touched the lead in time."""
    ENROLLED = "enrolled"
    """The lead was enrolled in a nurture in time, which is the touch of its tier."""
    MISSED = "missed"
    """The deadline passed."""
    MOVED = "moved"
    """The lead ended, or went to another owner or tier, before the deadline."""
    OPEN = "open"
    """The deadline has not passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many promises of a group were kept.

    Attributes:
        name: Tier, team or rep.
        kept: First touched by a person in time; ``enrolled`` are counted beside.
        by_others: Of the kept, touched by somebody else than the owner.
        told_late: Of the kept, told of only after the ladder had begun.
    """

    name: str
    kept: int
    enrolled: int
    missed: int
    by_others: int
    told_late: int

    @property
    def judged(self) -> int:
        """How many promises were judged."""
        return self.kept + self.enrolled + self.missed

    @property
    def share(self) -> float | None:
        """Share that was kept; ``None`` where nothing was judged."""
        return (self.kept + self.enrolled) / self.judged if self.judged else None

    @property
    def low(self) -> float:
        """Lower bound of the share."""
        return lower_bound(self.kept + self.enrolled, self.judged)

    @property
    def high(self) -> float:
        """Upper bound of the share."""
        return upper_bound(self.kept + self.enrolled, self.judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long one clock ran for the leads of a tier, in minutes.

    Attributes:
        tier: ``None`` for all tiers.
        count: Clocks that ended; ``median`` and ``p90`` are of these.
    """

    clock: ClockKind
    tier: Tier | None
    count: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaWeek:
    """How the promises of a week were kept.

    Attributes:
        tiers: By tier; ``teams`` and ``reps`` likewise, by name.
        lengths: The three clocks, for all tiers and each.
        steps: Number of breach steps that fired, by name.
        late_s: Seconds by which the step fired that was latest; ``late_p99_s`` of 99 in 100.
        pages: Pages by person; ``told`` breaches were named by them.
        incidents: Leads kept for the review, with the words of each.
        open: Assignments whose deadline has not passed.
        moved: Assignments that ended before their deadline.
    """

    period: Period
    whole: Kept
    tiers: tuple[Kept, ...]
    teams: tuple[Kept, ...]
    reps: tuple[Kept, ...]
    lengths: tuple[Lengths, ...]
    steps: dict[str, int]
    late_p99_s: float | None
    late_s: float | None
    pages: dict[str, int]
    told: int
    incidents: tuple[tuple[str, str], ...]
    open: int
    moved: int


@dataclass(frozen=True, slots=True)
class _Judged:
    row: HandledRow
    end: End
    touch: TouchRow | None


def sla_week(
    handled: Iterable[HandledRow],
    breaches: Iterable[BreachRow],
    pages: Iterable[tuple[str, str, int]],
    incidents: Iterable[tuple[str, str]],
    policy: Policy,
    *,
    period: Period,
    now: datetime,
) -> SlaWeek:
    """Return how the promises of a period were kept.

    Args:
        handled: Assignments whose deadline lies in the period.
        breaches: Steps that fired in it.
        pages: Person, kind and number of breaches of each page and alert told in it.
        incidents: Lead and words of each incident of it.
        policy: Teams of reps, and how minutes count for each tier.
        period: Usually a week.
        now: A deadline after it has not passed.
    """
    judged = [_judge(row, now) for row in handled]
    steps = tuple(breaches)
    late = sorted(each.late_by_s for each in steps)
    paged = [(person, number) for person, kind, number in pages if kind == "page"]
    return SlaWeek(
        period=period,
        whole=_kept("all", judged),
        tiers=_groups(judged, lambda row: f"Tier {row.assignment.tier.value}"),
        teams=_groups(judged, lambda row: _team(row, policy)),
        reps=_groups(judged, lambda row: row.assignment.owner_id),
        lengths=tuple(_lengths(judged, policy)),
        steps=dict(sorted(Counter(each.step for each in steps).items())),
        late_p99_s=_quantile(late, 0.99),
        late_s=late[-1] if late else None,
        pages=dict(sorted(Counter(person for person, _ in paged).items())),
        told=sum(number for _, number in paged),
        incidents=tuple(incidents),
        open=sum(each.end is End.OPEN for each in judged),
        moved=sum(each.end is End.MOVED for each in judged),
    )


def _judge(row: HandledRow, now: datetime) -> _Judged:
    touch = _first_touch(row)
    if touch is not None and touch.at <= row.deadline_at:
        return _Judged(row, End.KEPT, touch)
    stopped_in_time = row.stopped_at is not None and row.stopped_at <= row.deadline_at
    if row.stopped_by == ENROLLED and stopped_in_time:
        return _Judged(row, End.ENROLLED, touch)
    if stopped_in_time and touch is None:
        return _Judged(row, End.MOVED, None)
    return _Judged(row, End.OPEN if now < row.deadline_at else End.MISSED, touch)


def _first_touch(row: HandledRow) -> TouchRow | None:
    """Return the first touch under an assignment; the first one answers for what came before."""
    given = row.assignment
    answers = given.number == 1 or given.raised_from is not None
    since = given.signal_at if answers else given.assigned_at
    until = row.ended_at
    return next(
        (each for each in row.touches if each.at >= since and (until is None or each.at < until)),
        None,
    )


def _groups(judged: Sequence[_Judged], name_of: Callable[[HandledRow], str]) -> tuple[Kept, ...]:
    groups: dict[str, list[_Judged]] = defaultdict(list)
    for each in judged:
        groups[name_of(each.row)].append(each)
    return tuple(_kept(name, groups[name]) for name in sorted(groups))


def _kept(name: str, judged: Sequence[_Judged]) -> Kept:
    ends = Counter(each.end for each in judged)
    kept = [each for each in judged if each.end is End.KEPT and each.touch is not None]
    return Kept(
        name=name,
        kept=ends[End.KEPT],
        enrolled=ends[End.ENROLLED],
        missed=ends[End.MISSED],
        by_others=sum(
            each.touch is not None and each.touch.by != each.row.assignment.owner_id
            for each in kept
        ),
        told_late=sum(each.row.breached_at is not None for each in kept),
    )


def _team(row: HandledRow, policy: Policy) -> str:
    rep = policy.rep(row.assignment.owner_id)
    return "no team" if rep is None or rep.team is None else rep.team


def _lengths(judged: Sequence[_Judged], policy: Policy) -> Iterable[Lengths]:
    found: dict[ClockKind, list[tuple[Tier, float]]] = {kind: [] for kind in ClockKind}
    for each in judged:
        given = each.row.assignment
        answers = given.number == 1 or given.raised_from is not None
        if answers:
            waited = (given.assigned_at - given.signal_at).total_seconds() / 60
            found[ClockKind.SIGNAL_TO_ASSIGNMENT].append((given.tier, waited))
        if each.touch is not None:
            took = _minutes(given, given.assigned_at, each.touch.at, policy)
            found[ClockKind.ASSIGNMENT_TO_TOUCH].append((given.tier, took))
        # The way from the signal ends with the first touch, whoever has the lead by then.
        first = next((t for t in each.row.touches if t.at >= given.signal_at), None)
        if answers and first is not None:
            took = _minutes(given, given.signal_at, first.at, policy)
            found[ClockKind.SIGNAL_TO_TOUCH].append((given.tier, took))
    for kind, lengths in found.items():
        for tier in (None, *Tier):
            of_tier = sorted(minutes for own, minutes in lengths if tier in {None, own})
            yield Lengths(
                clock=kind,
                tier=tier,
                count=len(of_tier),
                median=_quantile(of_tier, 0.5),
                p90=_quantile(of_tier, 0.9),
            )


def _minutes(given: Assignment, start: datetime, end: datetime, policy: Policy) -> float:
    """Return the minutes from ``start`` to ``end`` as the tier counts them; 0 if none lie between.

    A rep whom the policy does not know any more has minutes of the wall.
    """
    if end <= start:
        return 0.0
    rep = policy.rep(given.owner_id)
    if policy.tier(given.tier).clock == "working" and rep is not None:
        return minutes_between(rep, policy.closures, start, end)
    return (end - start).total_seconds() / 60


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
