"""Small companies whose score fades, made straight into a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from leadfit.history import History
from unit.learn.worlds import SPAN_DAYS, START, Event, history_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """What is planted.

    Attributes:
        falls_on: Day from which leads of industry ``saas``, the score's favourite, fail.
        slower_from: Day from which most first touches come after days instead of hours.
        moves_on: Day from which leads come with higher scores, which mean what they meant.
    """

    seed: int
    leads: int = 6000
    falls_on: float | None = None
    slower_from: float | None = None
    slope: float = 1.0
    moves_on: float | None = None


def fade(world: Fading) -> History:
    """Simulate; leads, decisions and wins of three years."""
    rng = np.random.default_rng(world.seed)
    n = world.leads
    created = np.sort(rng.random(n) * (SPAN_DAYS - 2))
    saas = rng.random(n) < 0.35
    small = rng.random(n) < 0.5
    score = 50 + 8 * rng.standard_normal(n) + 14 * saas
    score += 12 * (created >= (SPAN_DAYS if world.moves_on is None else world.moves_on))
    fallen = saas & (created >= (SPAN_DAYS if world.falls_on is None else world.falls_on))
    late = created >= (SPAN_DAYS if world.slower_from is None else world.slower_from)
    slow = rng.random(n) < np.where(late, 0.8, 0.15)
    waited = rng.exponential(0.1, n) + 4.0 * slow
    eta = world.slope * (score - 55) / 11
    accepted = rng.random(n) < 1 / (1 + np.exp(-(0.4 + eta - 2.5 * fallen)))
    won = accepted & (rng.random(n) < 1 / (1 + np.exp(-(-0.3 + 0.5 * eta - 1.5 * slow))))
    events: list[Event] = []
    for k in range(n):
        day = float(created[k])
        for kind, after, happens in (
            ("touched", waited[k], True),
            ("rejected", waited[k] + 1, not accepted[k]),
            ("accepted", waited[k] + 1, accepted[k]),
            ("worked", waited[k] + 2, accepted[k]),
            ("qualified", waited[k] + 10, accepted[k]),
            ("converted", waited[k] + 40, won[k]),
        ):
            if happens and day + after < SPAN_DAYS:
                amount = 100_000.0 if kind == "converted" else None
                events.append((day + float(after), kind, f"a{k}", f"l{k}", amount, None))
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{k}" for k in range(n)],
        "created_at": [START + timedelta(days=float(day)) for day in created],
        "account_id": [f"a{k}" for k in range(n)],
        "source": ["web" if x else "outbound" for x in rng.random(n) < 0.5],
        "rep_id": [f"rep {r}" for r in rng.integers(0, 5, n)],
        "score": [float(x) for x in score],
        "industry": ["saas" if x else "retail" for x in saas],
        "size": ["small" if x else "large" for x in small],
    }
    return history_of(leads, events, ["industry", "size"])


def leave(seed: int, *, falls_on: float | None = None, right_way: bool = True) -> History:
    """Simulate customers of three years, of whom those with low scores leave or never expand.

    Args:
        seed: Same seed, same history.
        falls_on: Day from which the score says nothing of who leaves.
        right_way: Low scores leave; otherwise it is the high ones.
    """
    rng = np.random.default_rng(seed)
    n = 4000
    sold = np.sort(rng.random(n) * (SPAN_DAYS - 10))
    score = 50 + 10 * rng.standard_normal(n)
    held = sold < (SPAN_DAYS if falls_on is None else falls_on)
    eta = (score - 50) / 10 * held * (1 if right_way else -1)
    leaves = rng.random(n) < 1 / (1 + np.exp(1.8 + 1.2 * eta))
    expands = rng.random(n) < 1 / (1 + np.exp(1.2 - 0.8 * eta))
    events: list[Event] = []
    for k in range(n):
        account, day = f"a{k}", float(sold[k])
        events.append((day, "converted", account, f"l{k}", 100_000.0, None))
        events.append((day + 5, "used", account, None, None, 9.0))
        for kind, happens, after in (
            ("expanded", expands[k], 20 + 60 * rng.random()),
            ("churned", leaves[k], 90 + 60 * rng.random()),
        ):
            if happens:
                events.append((day + after, kind, account, None, None, None))
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{k}" for k in range(n)],
        "created_at": [START + timedelta(days=float(day)) for day in sold],
        "account_id": [f"a{k}" for k in range(n)],
        "score": [float(x) for x in score],
        "industry": ["saas" if x else "retail" for x in rng.random(n) < 0.5],
    }
    inside = [event for event in events if event[0] < SPAN_DAYS]
    return history_of(leads, inside, ["industry"])
