"""Revenue, open pipeline and spend, as far as they are recorded."""

from __future__ import annotations

from collections import Counter

import numpy as np

from leadfit.history import column_of
from leadfit.learn.ladder import row_of
from leadfit.learn.past import Bools, Floats, Past, numbers
from leadfit.learn.result import Money
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.records import Kind

PAYS = (Kind.CONVERTED, Kind.EXPANDED, Kind.RENEWED, Kind.USED)


def revenue_by_account(past: Past) -> Floats:
    """Return recorded revenue in minor units by account number."""
    total = np.zeros(len(past.account_ids))
    for kind in PAYS:
        marks = past.marks(kind)
        paid = ~np.isnan(marks.amount)
        total += np.bincount(marks.account[paid], marks.amount[paid], minlength=len(total))
    return total


def revenue_by_month(past: Past, won_at: Floats, months: int) -> Floats:
    """Return revenue by account and month since ``won_at``, minor units."""
    found = np.zeros((len(past.account_ids), months))
    for kind in PAYS:
        marks = past.marks(kind)
        age = np.floor((marks.at - won_at[marks.account] + 1.0) / MONTH_DAYS)
        inside = ~np.isnan(marks.amount) & (age >= 0) & (age < months)
        place = (marks.account[inside], age[inside].astype(np.int64))
        np.add.at(found, place, marks.amount[inside])
    return found


def at_stake(past: Past, flagged: Bools | None, rules: Rules) -> Money:
    """Return what the report leads with.

    Args:
        past: The past.
        flagged: By row, whether the account matches the detractor class; ``None`` if that class
            could not be learned.
        rules: The length of the recent stretch.
    """
    since = past.as_of - rules.recent_days
    recent, any_paid = 0.0, False
    for kind in PAYS:
        marks = past.marks(kind)
        paid = ~np.isnan(marks.amount)
        any_paid |= bool(paid.any())
        recent += float(marks.amount[paid & (marks.at > since)].sum())
    pipeline, deals = _pipeline(past)
    share = None
    if flagged is not None:
        rows = np.flatnonzero(past.created[: past.leads] > since)
        share = float(flagged[rows].mean()) if len(rows) else None
    spend = _spend(past, since)
    timed = past.history.times_known
    return Money(
        currency=_currency(past),
        open_pipeline=pipeline,
        open_deals=deals,
        recent_revenue=round(recent) if any_paid and timed else None,
        recent_days=rules.recent_days,
        detractor_spend=None if spend is None or share is None else round(spend * share),
        detractor_share=share,
    )


def _pipeline(past: Past) -> tuple[int | None, int | None]:
    """Sum the amounts of qualified deals that are neither won nor lost."""
    qualified = past.marks(Kind.QUALIFIED)
    if not (~np.isnan(qualified.amount)).any():
        return None, None
    closed = np.zeros(past.rows, dtype=np.bool_)
    for kind in (Kind.CONVERTED, Kind.LOST):
        closed[row_of(past, past.marks(kind))] = True
    rows = row_of(past, qualified)
    is_open = ~closed[rows] & ~np.isnan(qualified.amount)
    return round(float(qualified.amount[is_open].sum())), len(np.unique(rows[is_open]))


def _spend(past: Past, since: float) -> float | None:
    table = past.history.spend
    if not table.rows:
        return None
    amount = numbers(column_of(table, "amount"))
    months = [str(item)[:7] for item in column_of(table, "month")]
    edge = str(np.datetime64("1970-01-01") + np.timedelta64(int(since), "D"))[:7]
    recent = np.array([month >= edge for month in months]) & ~np.isnan(amount)
    return float(amount[recent].sum())


def _currency(past: Past) -> str | None:
    found = Counter(
        str(item) for item in column_of(past.history.events, "currency") if item is not None
    )
    return found.most_common(1)[0][0] if found else None
