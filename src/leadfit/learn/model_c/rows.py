"""Leads at moments of their life: what was known then, and whether a win came in time.

Every number is taken as of the row's moment: engagement before it, and the record of the channel
over the twelve months before it, counting only outcomes that were known by then. The record of the
rep is left out: a lead is scored before it has one. What is counted of engagement stands in
:mod:`leadfit.propensity`, which measures live leads; a test holds the two to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.history import Step, column_of
from leadfit.learn.ladder import Ladder, row_of
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.watch import seen_until
from leadfit.propensity import GROUPS, INTENT_DAYS, INTENTS, Channel
from leadfit.records import Kind

YEAR = 365.25
_PSEUDO = 50.0
_PSEUDO_WINS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadMoments:
    """Moments of leads.

    Attributes:
        row: Row of the past.
        at: Day of the moment.
        won: A win came within the window after it.
        matured: The window had ended by the end of the history.
        measured: Numbers by name, one for each moment.
    """

    row: Ints
    at: Floats
    won: Bools
    matured: Bools
    measured: dict[str, Floats]


def moments(
    past: Past, ladder: Ladder, after: tuple[float, ...], window: float, half_life: float
) -> LeadMoments:
    """Return each lead at its creation and some days after, while it was open.

    Args:
        past: The history as arrays.
        ladder: Who was won.
        after: Days after creation.
        window: Days within which a win counts.
        half_life: Of engagement, in days.
    """
    won_at = _won_at(past, ladder)
    closed = np.fmin(won_at, _ended(past))
    created = past.created[: past.leads]
    until = seen_until(past, Step.CONVERTED)
    rows, times = [], []
    for days in after:
        at = created + days
        with np.errstate(invalid="ignore"):
            open_then = ~np.isnan(at) & (at <= until) & ~(closed <= at)
        rows.append(np.flatnonzero(open_then))
        times.append(at[open_then])
    row, at = np.concatenate(rows), np.concatenate(times)
    order = np.lexsort((row, at))
    row, at = row[order], at[order]
    with np.errstate(invalid="ignore"):
        won = won_at[row] <= at + window
    measured = _engagement(past, row, at, half_life)
    measured |= _records(past, created, won_at, row, at, window)
    return LeadMoments(row=row, at=at, won=won, matured=at + window <= until, measured=measured)


def _won_at(past: Past, ladder: Ladder) -> Floats:
    """Return by lead the day its account (or the deal) was won."""
    by_deal = past.history.unit == "deal"
    place = np.arange(past.leads) if by_deal else past.account[: past.leads]
    return ladder.at[Step.CONVERTED][place]


def _ended(past: Past) -> Floats:
    """Return by lead the day it was rejected or lost."""
    found = np.full(past.rows, np.inf)
    for kind in (Kind.REJECTED, Kind.LOST):
        marks = past.marks(kind)
        named = (marks.row >= 0) & ~np.isnan(marks.at)
        np.minimum.at(found, marks.row[named], marks.at[named])
    return np.where(np.isfinite(found), found, np.nan)[: past.leads]


def _engagement(past: Past, row: Ints, at: Floats, half_life: float) -> dict[str, Floats]:
    found = {
        name: np.log1p(decayed_sums(*_events(past, kinds), row, at, half_life))
        for name, kinds in GROUPS.items()
    }
    for name, kinds in INTENTS.items():
        lead, day = _events(past, kinds)
        found[name] = (_count(lead, day, row, at, INTENT_DAYS) > 0).astype(np.float64)
    return found


def _events(past: Past, kinds: tuple[Kind, ...]) -> tuple[Ints, Floats]:
    """Return lead and day of all events of these kinds, sorted by both."""
    parts = [past.marks(kind) for kind in kinds]
    lead = np.concatenate([row_of(past, marks) for marks in parts])
    day = np.concatenate([marks.at for marks in parts])
    known = ~np.isnan(day)
    order = np.lexsort((day[known], lead[known]))
    return lead[known][order], day[known][order]


def decayed_sums(lead: Ints, day: Floats, row: Ints, at: Floats, half_life: float) -> Floats:
    """Return, for each moment, its lead's events up to then, each halved every half-life.

    Args:
        lead: Of each event, sorted.
        day: Of each event, sorted within the lead.
        row: Lead of each moment.
        at: Day of each moment.
        half_life: Days.
    """
    begin = np.searchsorted(lead, row, side="left")
    end = np.searchsorted(lead, row, side="right")
    found = np.zeros(len(row))
    for step in range(int((end - begin).max(initial=0))):
        here = begin + step < end
        age = at[here] - day[(begin + step)[here]]
        found[here] += np.where(age >= 0, 2.0 ** (-np.maximum(age, 0.0) / half_life), 0.0)
    return found


def _count(lead: Ints, day: Floats, row: Ints, at: Floats, within: float) -> Floats:
    begin = np.searchsorted(lead, row, side="left")
    end = np.searchsorted(lead, row, side="right")
    found = np.zeros(len(row))
    for step in range(int((end - begin).max(initial=0))):
        here = begin + step < end
        age = at[here] - day[(begin + step)[here]]
        found[here] += (age >= 0) & (age <= within)
    return found


def _records(  # noqa: PLR0917 -- a record of the past has these sides
    past: Past, created: Floats, won_at: Floats, row: Ints, at: Floats, window: float
) -> dict[str, Floats]:
    """Return win rates, cycle and size of deals over the year before each moment."""
    return _of_channels(past, created, won_at, _codes(past, "source")[row], at, window)


def channel_records(past: Past, ladder: Ladder, window: float) -> tuple[Channel, ...]:
    """Return the record of each channel over the year before the end of the history.

    The one with the empty name is that of a channel nobody came by: of all of them together.
    """
    names = list(dict.fromkeys(str(item) for item in column_of(past.history.leads, "source")))
    asked = np.arange(len(names) + 1)
    at = np.full(len(asked), past.as_of)
    won_at = _won_at(past, ladder)
    found = _of_channels(past, past.created[: past.leads], won_at, asked, at, window)
    columns = [found[f"channel_{each}"] for each in ("win_rate", "cycle_log_days", "deal_log_size")]
    return tuple(
        Channel(
            name=name,
            win_rate=round(float(rate), 9),
            cycle_log_days=round(float(cycle), 9),
            deal_log_size=round(float(size), 9),
        )
        for name, rate, cycle, size in zip([*names, ""], *columns, strict=True)
    )


def _of_channels(  # noqa: PLR0917 -- a record of the past has these sides
    past: Past, created: Floats, won_at: Floats, asked: Ints, at: Floats, window: float
) -> dict[str, Floats]:
    """Return the record of the channels that are asked for, each as of its moment."""
    known = np.flatnonzero(~np.isnan(created))
    with np.errstate(invalid="ignore"):
        in_time = (won_at - created <= window).astype(np.float64)
    # Whether a lead was won in time is known once the time is over.
    told = created + window
    one, alike = np.zeros(past.leads, np.int64), np.zeros(len(asked), np.int64)
    everyone = _rolling(one, told, in_time, known, alike, at)
    rate = np.divide(everyone[0], everyone[1], out=np.zeros(len(at)), where=everyone[1] > 0)
    codes = _codes(past, "source")
    wins, leads = _rolling(codes, told, in_time, known, asked, at)
    found = {"channel_win_rate": (wins + _PSEUDO * rate) / (leads + _PSEUDO)}
    won = np.flatnonzero(~np.isnan(won_at) & ~np.isnan(created))
    cycle = np.log1p(np.maximum(0.0, won_at - created))
    size = np.log1p(np.maximum(0.0, _sizes(past)))
    for name, value, rows in (
        ("channel_cycle_log_days", cycle, won),
        ("channel_deal_log_size", size, won[~np.isnan(size[won])]),
    ):
        total, count = _rolling(one, won_at, value, rows, alike, at)
        mean = np.divide(total, count, out=np.zeros(len(at)), where=count > 0)
        own, many = _rolling(codes, won_at, value, rows, asked, at)
        found[name] = (own + _PSEUDO_WINS * mean) / (many + _PSEUDO_WINS)
    return found


def _codes(past: Past, header: str) -> Ints:
    values = [str(item) for item in column_of(past.history.leads, header)]
    numbered = {name: n for n, name in enumerate(dict.fromkeys(values))}
    return np.array([numbered[name] for name in values], dtype=np.int64)


def _sizes(past: Past) -> Floats:
    """Return by lead the amount its account was won with, NaN where none is recorded."""
    found = np.full(len(past.account_ids), np.nan)
    marks = past.marks(Kind.CONVERTED)
    found[marks.account] = marks.amount
    return found[past.account[: past.leads]]


def _rolling(  # noqa: PLR0917 -- whose, when told, what, and who asks
    group: Ints, told: Floats, value: Floats, rows: Ints, asked: Ints, at: Floats
) -> tuple[Floats, Floats]:
    """Return sum and count of ``value`` told to each group in the year before each moment."""
    order = rows[np.lexsort((told[rows], group[rows]))]
    groups, times = group[order], told[order]
    sums = np.concatenate([[0.0], np.cumsum(value[order])])
    begins = np.searchsorted(groups, np.arange(int(group.max(initial=0)) + 3))
    total, count = np.zeros(len(at)), np.zeros(len(at))
    for one in np.unique(asked):
        here = asked == one
        low, high = begins[one], begins[one + 1]
        # Told before the moment: what is told at that very time may be its own outcome.
        last = low + np.searchsorted(times[low:high], at[here], side="left")
        first = low + np.searchsorted(times[low:high], at[here] - YEAR, side="left")
        total[here], count[here] = sums[last] - sums[first], last - first
    return total, count
