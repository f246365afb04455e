"""Fit and intent apart: what became of leads by both, as they were known when each lead came.

Excitement is no fit. A lead that is eager and does not fit is worked first, is won fast and leaves:
the most dangerous of the four. Outcomes are those of :mod:`leadfit.learn.ladder`; each is counted
only for leads and customers that were watched for long enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np

from leadfit.bounds import exact_interval
from leadfit.history import History, Step
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.past import Bools, Floats, Past, read_past
from leadfit.learn.result import Presence
from leadfit.records import Kind, Tier

_DAYS: Final[Mapping[Step, float]] = {
    Step.ACCEPTED: 30.0,
    Step.QUALIFIED: 90.0,
    Step.CONVERTED: 180.0,
    Step.EXPANDED: 365.0,
    Step.CHURNED_AFTER_USE: 365.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a lead stood when it came.

    Attributes:
        fit100: Fit on a scale of 100, as the fit gate of the policy has it.
        intent100: Engagement and intent on a scale of 100, likewise.
        tier: The tier it was worked by.
    """

    fit100: float
    intent100: float
    tier: Tier


class Quadrant(StrEnum):
    """The four of them."""

    RIGHT_FIT_HIGH_INTENT = "right fit, high intent"
    RIGHT_FIT_LOW_INTENT = "right fit, low intent"
    WRONG_FIT_HIGH_INTENT = "wrong fit, high intent"
    WRONG_FIT_LOW_INTENT = "wrong fit, low intent"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuadrantRules:
    """Edges and how long outcomes are watched for.

    Attributes:
        fit: A lead fits from here on.
        intent: Its intent is high from here on.
        days: Days by step; for churn from the win, else from the coming of the lead.
    """

    fit: float = 70.0
    intent: float = 60.0
    days: Mapping[Step, float] = field(default_factory=lambda: _DAYS)

    def quadrant(self, placed: Placed) -> Quadrant:
        """Return where a lead stands."""
        fits, eager = placed.fit100 >= self.fit, placed.intent100 >= self.intent
        if fits:
            return Quadrant.RIGHT_FIT_HIGH_INTENT if eager else Quadrant.RIGHT_FIT_LOW_INTENT
        return Quadrant.WRONG_FIT_HIGH_INTENT if eager else Quadrant.WRONG_FIT_LOW_INTENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those watched long enough reached a step.

    Attributes:
        reached: How many did; ``of`` how many could have.
        low: End of an exact 95 % interval; ``high`` its other end.
    """

    reached: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share, ``None`` of nobody."""
        return self.reached / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuadrantCounts:
    """What became of the leads of a quadrant.

    Attributes:
        leads: All of them; ``tier_one`` and ``tier_two`` were worked as such.
        outcomes: By recorded step: accepted and qualified of leads, converted of accounts by
            their first lead, expanded and churned after use of customers.
        revenue: Minor units booked by its accounts, wins and expansions.
        accounts: Accounts whose first lead stands here; ``customers`` those of them that were won.
    """

    quadrant: Quadrant
    leads: int
    tier_one: int
    tier_two: int
    outcomes: Mapping[Step, Share]
    revenue: int
    accounts: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuadrantFindings:
    """Fit and intent apart.

    Attributes:
        missing: Steps that the history does not record.
        left_out: Leads whose place is not known.
        currency: Of the revenue, or ``None``.
    """

    as_of: datetime
    rules: QuadrantRules
    quadrants: tuple[QuadrantCounts, ...]
    missing: tuple[Step, ...]
    left_out: int
    currency: str | None

    def of(self, quadrant: Quadrant) -> QuadrantCounts:
        """Return the counts of one quadrant."""
        return next(each for each in self.quadrants if each.quadrant is quadrant)


def share_of(reached: int, of: int) -> Share:
    """Return a share with its exact interval.

    >>> share_of(0, 10).low, round(share_of(0, 10).high, 3)
    (0.0, 0.308)
    """
    low, high = exact_interval(reached, of)
    return Share(reached=reached, of=of, low=low, high=high)


def quadrants(
    history: History, placed: Mapping[str, Placed], *, rules: QuadrantRules | None = None
) -> QuadrantFindings:
    """Return what became of leads by fit and intent.

    Args:
        history: The past.
        placed: Where each lead stood when it came, by lead id.
        rules: Edges and how long outcomes are watched for.
    """
    rules = rules or QuadrantRules()
    past = read_past(history)
    ladder = climb(past)
    lead_ids = [str(each) for each in history.leads.columns["lead_id"]]
    known = [placed.get(lead_id) for lead_id in lead_ids]
    # Rows behind the leads are accounts without one, which stand nowhere.
    names = [None if each is None else rules.quadrant(each) for each in known]
    names += [None] * (past.rows - len(names))
    tiers = np.array([0 if each is None else int(each.tier) for each in known], dtype=np.int64)
    booked = _booked(past)
    units, won = ladder.units[Step.CONVERTED], ladder.reached[Step.CONVERTED]
    watched = {step: _watched(past, ladder, step, rules) for step in Step}
    found = []
    for quadrant in Quadrant:
        inside = np.array([each is quadrant for each in names], dtype=np.bool_)
        leads, first = inside[: past.leads], inside[past.first_row]
        found.append(
            QuadrantCounts(
                quadrant=quadrant,
                leads=int(leads.sum()),
                tier_one=int((leads & (tiers == 1)).sum()),
                tier_two=int((leads & (tiers == 2)).sum()),
                outcomes={
                    step: _share(ladder, step, watched[step], inside)
                    for step in Step
                    if ladder.sources[step] is not Presence.MISSING
                },
                revenue=int(booked[first].sum()),
                accounts=int(first.sum()),
                customers=int((inside[units] & won).sum()),
            )
        )
    return QuadrantFindings(
        as_of=history.as_of,
        rules=rules,
        quadrants=tuple(found),
        missing=tuple(s for s in Step if ladder.sources[s] is Presence.MISSING),
        left_out=sum(each is None for each in known),
        currency=_currency(history),
    )


def _currency(history: History) -> str | None:
    currencies = {str(each) for each in history.events.columns.get("currency", ()) if each}
    return min(currencies) if len(currencies) == 1 else None


def _watched(past: Past, ladder: Ladder, step: Step, rules: QuadrantRules) -> Bools:
    """Return which units of a step were watched for long enough to be counted."""
    rows = ladder.units[step]
    if step in {Step.EXPANDED, Step.CHURNED_AFTER_USE}:
        won = ladder.reached[Step.CONVERTED]
        since = np.where(won, ladder.at[Step.CONVERTED], np.nan)
    else:
        since = past.created[rows]
        won = np.ones(len(rows), dtype=np.bool_)
    if not past.history.times_known:
        return won
    with np.errstate(invalid="ignore"):
        return won & (since + rules.days[step] <= past.until(step))


def _share(ladder: Ladder, step: Step, watched: Bools, inside: Bools) -> Share:
    units = watched & inside[ladder.units[step]]
    return share_of(int((units & ladder.reached[step]).sum()), int(units.sum()))


def _booked(past: Past) -> Floats:
    """Return what each account booked, by its number."""
    total = np.zeros(len(past.account_ids))
    for kind in (Kind.CONVERTED, Kind.EXPANDED):
        marks = past.marks(kind)
        np.add.at(total, marks.account, np.nan_to_num(marks.amount))
    return total
