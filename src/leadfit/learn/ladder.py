"""The outcome ladder: which unit reached which step, and how long each was watched.

Accepted and qualified belong to a lead; converted, expanded and churned after use belong to an
account, or to a deal where the source has nothing but deals. A later step never implies an
earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from leadfit.history import Notice, Step
from leadfit.learn.past import Bools, Floats, Ints, Marks, Past
from leadfit.learn.result import Funnel, Presence
from leadfit.learn.rules import LADDER
from leadfit.records import Kind

PER_LEAD = frozenset({Step.ACCEPTED, Step.QUALIFIED})
SAME_DAY = 1.0
"""A date without a time of day may stand up to a day before the start it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Who reached what.

    Attributes:
        units: By step, the row in the past that stands for each unit that could reach it.
        reached: By step and unit, whether it did.
        at: By step and unit, the day it did; NaN where it did not or the day is unknown.
        left_at: By unit of ``expanded``, the day the customer left for whatever reason, or NaN.
        sources: By step, whether it is recorded.
        users: Customers with meaningful use, or ``None`` where no use is recorded.
        notices: What had to be read differently, such as acceptances without work.
    """

    units: Mapping[Step, Ints]
    reached: Mapping[Step, Bools]
    at: Mapping[Step, Floats]
    left_at: Floats
    sources: Mapping[Step, Presence]
    users: int | None
    notices: tuple[Notice, ...]

    @property
    def funnel_steps(self) -> tuple[Step, ...]:
        """Ladder steps that are recorded at all, lowest first."""
        return tuple(step for step in LADDER if self.sources[step] is not Presence.MISSING)


def climb(past: Past) -> Ladder:
    """Read the ladder of every unit."""
    by_deal = past.history.unit == "deal"
    account_units = np.arange(past.leads) if by_deal else past.first_row
    units = {step: np.arange(past.leads) for step in PER_LEAD}
    units |= {step: account_units for step in Step if step not in PER_LEAD}
    accepted, notices = _accepted(past)
    qualified = _earliest(past, past.marks(Kind.QUALIFIED), per_lead=True)
    converted = _earliest(past, past.marks(Kind.CONVERTED), per_lead=by_deal)
    expanded = _expanded(past, converted, by_deal=by_deal)
    churned, churned_at, left_at, users = _detractors(past, converted, by_deal=by_deal)
    reached = {
        Step.ACCEPTED: accepted[0],
        Step.QUALIFIED: qualified[0],
        Step.CONVERTED: converted[0],
        Step.EXPANDED: expanded[0],
        Step.CHURNED_AFTER_USE: churned,
    }
    at = {
        Step.ACCEPTED: accepted[1],
        Step.QUALIFIED: qualified[1],
        Step.CONVERTED: converted[1],
        Step.EXPANDED: expanded[1],
        Step.CHURNED_AFTER_USE: churned_at,
    }
    return Ladder(
        units=units,
        reached=reached,
        at=at,
        left_at=left_at,
        sources=_sources(past, units, reached),
        users=users,
        notices=notices,
    )


def _accepted(past: Past) -> tuple[tuple[Bools, Floats], tuple[Notice, ...]]:
    """Return which leads were accepted and worked, and when both had happened."""
    known, at = _earliest(past, past.marks(Kind.ACCEPTED), per_lead=True)
    worked = past.marks(Kind.WORKED)
    if not len(worked.at):
        return (known, at), (_unworked(int(known.sum())),) if known.any() else ()
    worked_known, worked_at = _earliest(past, worked, per_lead=True)
    known &= worked_known
    return (known, np.where(known, np.fmax(at, worked_at), np.nan)), ()


def _expanded(
    past: Past, converted: tuple[Bools, Floats], *, by_deal: bool
) -> tuple[Bools, Floats]:
    """Return who expanded and when first after the win.

    What was added before the win belongs to an earlier contract. An account with nothing else keeps
    that day, so that it is seen and named.
    """
    marks = past.marks(Kind.EXPANDED)
    known, at = _earliest(past, marks, per_lead=by_deal)
    if not len(known):
        return known, at
    place = row_of(past, marks) if by_deal else marks.account
    won_at = converted[1][np.minimum(place, len(known) - 1)]
    after = ~(marks.at < won_at - SAME_DAY)
    valid = Marks(
        row=marks.row[after],
        account=marks.account[after],
        at=marks.at[after],
        amount=marks.amount[after],
        value=marks.value[after],
    )
    since, since_at = _earliest(past, valid, per_lead=by_deal)
    return known, np.where(since & ~np.isnan(since_at), since_at, at)


def count(ladder: Ladder, leads: int) -> Funnel:
    """Return how many units reached each step, ``None`` where the source is missing."""
    totals = {
        step: None if ladder.sources[step] is Presence.MISSING else int(ladder.reached[step].sum())
        for step in Step
    }
    return Funnel(
        leads=leads,
        accepted=totals[Step.ACCEPTED],
        qualified=totals[Step.QUALIFIED],
        converted=totals[Step.CONVERTED],
        expanded=totals[Step.EXPANDED],
        churned_after_use=totals[Step.CHURNED_AFTER_USE],
    )


def row_of(past: Past, marks: Marks) -> Ints:
    """Return the row each event belongs to: its lead, else the account's latest lead before it."""
    row = marks.row.copy()
    loose = np.flatnonzero(row < 0)
    if len(loose) == 0:
        return row
    key = np.where(np.isnan(past.created), -np.inf, past.created)
    order = np.lexsort((key, past.account))
    account, created = past.account[order], key[order]
    begins = np.searchsorted(account, np.arange(len(past.account_ids)))
    for n in loose:
        start = begins[marks.account[n]]
        end = np.searchsorted(account, marks.account[n], side="right")
        moment = marks.at[n]
        place = (
            end
            if np.isnan(moment)
            else start + np.searchsorted(created[start:end], moment, side="right")
        )
        row[n] = order[max(start, place - 1)]
    return row


def _earliest(past: Past, marks: Marks, *, per_lead: bool) -> tuple[Bools, Floats]:
    """Return, by lead or by account, whether it has such an event and the earliest day."""
    size = past.leads if per_lead else len(past.account_ids)
    place = row_of(past, marks) if per_lead else marks.account
    inside = place < size
    at = np.full(size, np.inf)
    np.minimum.at(at, place[inside], np.where(np.isnan(marks.at), np.inf, marks.at)[inside])
    known = np.zeros(size, dtype=np.bool_)
    known[place[inside]] = True
    at[~np.isfinite(at)] = np.nan
    return known, at


def _latest(past: Past, marks: Marks, *, per_lead: bool) -> tuple[Bools, Floats]:
    size = past.leads if per_lead else len(past.account_ids)
    place = row_of(past, marks) if per_lead else marks.account
    inside = place < size
    at = np.full(size, -np.inf)
    np.maximum.at(at, place[inside], np.where(np.isnan(marks.at), -np.inf, marks.at)[inside])
    known = np.zeros(size, dtype=np.bool_)
    known[place[inside]] = True
    at[~np.isfinite(at)] = np.nan
    return known, at


def _detractors(
    past: Past, converted: tuple[Bools, Floats], *, by_deal: bool
) -> tuple[Bools, Floats, Floats, int | None]:
    """Return who churned after meaningful use and when, who left at all, and who used enough.

    Use counts from conversion to churn; a later renewal or conversion cancels the churn.
    """
    rule = past.history.meaningful_use
    left, left_at = _latest(past, past.marks(Kind.CHURNED), per_lead=by_deal)
    for kind in (Kind.RENEWED, Kind.CONVERTED):
        back, back_at = _latest(past, past.marks(kind), per_lead=by_deal)
        left &= ~(back & (back_at > left_at))
    left_at = np.where(left, left_at, np.nan)
    used = past.marks(Kind.USED)
    if not len(used.at):
        return np.zeros(len(left), dtype=np.bool_), np.full(len(left), np.nan), left_at, None
    place = row_of(past, used) if by_deal else used.account
    won, won_at = converted
    counts = (place < len(left)) & won[np.minimum(place, len(left) - 1)]
    place, at = place[counts], used.at[counts]
    value = np.where(np.isnan(used.value), 1.0, used.value)[counts]
    early = at < won_at[place]
    late = at > left_at[place]
    inside = ~(early | late)
    units = np.bincount(place[inside], weights=value[inside], minlength=len(left))
    first, last = np.full(len(left), np.inf), np.full(len(left), -np.inf)
    dated = inside & ~np.isnan(at)
    np.minimum.at(first, place[dated], at[dated])
    np.maximum.at(last, place[dated], at[dated])
    with np.errstate(invalid="ignore"):
        enough = units >= rule.units
        if rule.span_days > 0:
            enough &= last - first >= rule.span_days
    gone = left & won & enough & ~(left_at < won_at)
    return gone, np.where(gone, left_at, np.nan), left_at, int(enough.sum())


def _sources(
    past: Past, units: Mapping[Step, Ints], reached: Mapping[Step, Bools]
) -> dict[Step, Presence]:
    """Judge each source: a step under 80 % of the units of the next recorded step is partial."""
    found: dict[Step, Presence] = {}
    for place, step in enumerate(Step):
        if not reached[step].any():
            found[step] = Presence.MISSING
            continue
        found[step] = Presence.PRESENT
        later = [s for s in LADDER[place + 1 :] if reached[s].any()]
        if later and _carried(past, units, reached, step, later[0]) < 0.8:
            found[step] = Presence.PARTIAL
        if step in past.history.proxies:
            found[step] = Presence.PARTIAL
    if not len(past.marks(Kind.WORKED).at) and found[Step.ACCEPTED] is Presence.PRESENT:
        found[Step.ACCEPTED] = Presence.PARTIAL
    return found


def _carried(
    past: Past,
    units: Mapping[Step, Ints],
    reached: Mapping[Step, Bools],
    step: Step,
    later: Step,
) -> float:
    """Return the share of the units that reached ``later`` which also reached ``step``."""
    if len(units[step]) == len(units[later]) and (units[step] == units[later]).all():
        return float(reached[step][reached[later]].mean())
    accounts = np.zeros(len(past.account_ids), dtype=np.bool_)
    accounts[past.account[units[step][reached[step]]]] = True
    return float(accounts[past.account[units[later][reached[later]]]].mean())


def _unworked(accepted: int) -> Notice:
    return Notice(
        code="accepted_without_work",
        field=Step.ACCEPTED.value,
        message="Acceptances are recorded, but never that a lead was worked. Every acceptance "
        "counts as accepted, which is more than accepted and worked.",
        evidence={"accepted": accepted},
    )
