"""A company that lives through the three quarters before anyone questions its profile.

Quarter 1 goes well. In quarter 2 the score's favourite segment stops buying, and the win rate
dips. In quarter 3 customers of that segment, who never found the value they bought, leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from leadfit.history import History, Table
from unit.learn.worlds import START, Column, Event, history_of

QUARTERS = (547.0, 638.0, 729.0, 820.0)
"""Days on which quarters 1, 2, 3 begin, and the end of quarter 3."""
SEGMENT = "agency"


def company(seed: int, *, leads: int = 11_000, falls: bool = True) -> History:
    """Simulate 27 months; with ``falls`` off, all quarters go as the first."""
    rng = np.random.default_rng(seed)
    second, third = QUARTERS[1:3] if falls else (1e9, 1e9)
    end = QUARTERS[-1]
    created = np.sort(rng.random(leads) * (end - 1))
    agency = rng.random(leads) < 0.35
    score = 50 + 8 * rng.standard_normal(leads) + 12 * agency
    waited = rng.exponential(0.1, leads)
    fallen = agency & (created >= second)
    eta = (score - 54) / 10
    accepted = rng.random(leads) < _chance(0.4 + eta - 2.0 * fallen)
    won = accepted & (rng.random(leads) < _chance(-1.2 + 0.4 * eta - 1.8 * fallen))
    events: list[Event] = []
    for k in range(leads):
        day, account, lead = float(created[k]), f"a{k}", f"l{k}"
        steps = [("touched", waited[k]), ("accepted" if accepted[k] else "rejected", waited[k] + 1)]
        if accepted[k]:
            steps += [("worked", waited[k] + 2), ("qualified", waited[k] + 10)]
        if won[k]:
            steps.append(("converted", waited[k] + 40))
            sold = day + float(waited[k]) + 40
            events += _after(rng, account, sold, agency[k], (second, third))
        for kind, after in steps:
            amount = 100_000.0 if kind == "converted" else None
            events.append((day + float(after), kind, account, lead, amount, None))
    columns: dict[str, Sequence[object]] = {
        "lead_id": [f"l{k}" for k in range(leads)],
        "created_at": [START + timedelta(days=float(day)) for day in created],
        "account_id": [f"a{k}" for k in range(leads)],
        "source": ["web" if x else "outbound" for x in rng.random(leads) < 0.5],
        "rep_id": [f"rep {r}" for r in rng.integers(0, 5, leads)],
        "score": [float(x) for x in score],
        "kind_of_firm": [SEGMENT if x else "maker" for x in agency],
        "size": ["small" if x else "large" for x in rng.random(leads) < 0.5],
    }
    inside = [event for event in events if event[0] < end]
    made = history_of(columns, inside, ["kind_of_firm", "size"])
    notes = made.events.columns
    reason = ["no_value" if kind == "health_note" else None for kind in notes["kind"]]
    told = replace(made, events=Table(columns={**notes, "reason": reason}))
    return until(told, START + timedelta(days=end))


def _chance(odds: Column) -> Column:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _after(
    rng: np.random.Generator, account: str, sold: float, agency: bool, turns: tuple[float, float]
) -> list[Event]:
    """Return use month by month, notes of customer success, and churn."""
    second, third = turns
    rate = 0.01 / 30
    left = sold + 30 + float(rng.exponential(1 / rate))
    if agency and left > third:
        left = max(third, sold + 30) + float(rng.exponential(1 / (0.10 / 30)))
    found: list[Event] = [(left, "churned", account, None, None, None)]
    month = sold + 3
    while month < min(left, QUARTERS[-1]):
        found.append((month, "used", account, None, None, 6.0))
        if rng.random() < (0.10 if agency and month >= second else 0.005):
            found.append((month + 1, "health_note", account, None, None, -1.0))
        month += 30
    return found


def until(history: History, at: datetime) -> History:
    """Return what was known of a history on a day."""
    leads, events = history.leads.columns, history.events.columns
    young, seen = _before(leads["created_at"], at), _before(events["at"], at)
    return replace(
        history,
        as_of=at,
        leads=Table(columns={name: [col[n] for n in young] for name, col in leads.items()}),
        events=Table(columns={name: [col[n] for n in seen] for name, col in events.items()}),
    )


def _before(days: Sequence[object], at: datetime) -> list[int]:
    return [n for n, day in enumerate(days) if isinstance(day, datetime) and day < at]


def churned_in(history: History, first: float, last: float) -> int:
    """Return how many customers left between two days."""
    events = history.events.columns
    return sum(
        kind == "churned"
        and isinstance(at, datetime)
        and START + timedelta(days=first) <= at < START + timedelta(days=last)
        for kind, at in zip(events["kind"], events["at"], strict=True)
    )
