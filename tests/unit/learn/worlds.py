"""A small simulated company with known truth, made straight into a history.

Every fact is binary text (``yes`` / ``no``). Causes act on the monthly hazards of the steps;
facts that ride on a channel are set by it and do nothing; the channel itself acts on every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from leadfit.history import FactColumn, History, Known, Step, Table
from leadfit.learn import Benchmark

START = datetime(2023, 1, 1, tzinfo=UTC)
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SPAN_DAYS = (AS_OF - START).days

Column = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is planted; effects are log hazard ratios by fact name.

    Attributes:
        riders: Facts that go with channel 0 and do nothing.
        cell_riders: Facts that go with one channel in one region, where both act together.
        leaks: Facts written after a win.
    """

    seed: int
    leads: int = 4000
    facts: int = 12
    accept: Mapping[str, float] = field(default_factory=dict)
    convert: Mapping[str, float] = field(default_factory=dict)
    expand: Mapping[str, float] = field(default_factory=dict)
    churn: Mapping[str, float] = field(default_factory=dict)
    riders: Sequence[str] = ()
    cell_riders: Sequence[str] = ()
    leaks: Sequence[str] = ()
    convert_rate: float = 0.02
    expand_rate: float = 0.04
    churn_rate: float = 0.02
    known: Known = Known.CREATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A made history beside its truth.

    Attributes:
        truth: By step and fact: difference of the chance within 12 months over the customers.
        value: What each lead is worth by its facts alone, for targeting.
    """

    history: History
    truth: Mapping[Step, Mapping[str, float]]
    facts: Mapping[str, Column]
    value: Column


def make(world: World) -> Planted:
    """Simulate ``world``; the same seed gives the same history."""
    rng = np.random.default_rng(world.seed)
    n = world.leads
    names = [f"f{k:02d}" for k in range(world.facts)]
    channel, region = rng.integers(0, 4, n), rng.integers(0, 3, n)
    rep = region * 3 + rng.integers(0, 3, n)
    facts: dict[str, Column] = {}
    for k, name in enumerate(names):
        share = np.full(n, 0.2 + 0.3 * ((k * 7) % 11) / 10)
        if name in world.riders:
            share = np.where(channel == 0, 0.75, 0.2)
        if name in world.cell_riders:
            share = np.where((channel == 0) == (region == 0), 0.7, 0.2)
        facts[name] = (rng.random(n) < share).astype(float)
    together = ((channel == 0) == (region == 0)).astype(float)
    confounding = 0.6 * (channel == 0) + 0.2 * (region == 1)
    if world.cell_riders:
        confounding = 0.7 * together
    created = rng.random(n) * (SPAN_DAYS - 1)

    def eta(effects: Mapping[str, float]) -> Column:
        total = confounding.astype(float)
        for name, size in effects.items():
            total = total + size * facts[name]
        return np.asarray(total)

    def draw(rate: float, effects: Mapping[str, float]) -> Column:
        return rng.exponential(1.0, n) / (rate * np.exp(eta(effects))) * (365.25 / 12)

    patience = np.where(rng.random(n) < 0.9, 1.0, np.inf)
    accept_at = created + draw(0.3, world.accept) * patience
    win_at = created + 20 + draw(world.convert_rate, world.convert)
    won = win_at < SPAN_DAYS
    churn_at = win_at + draw(world.churn_rate, world.churn)
    expand_at = win_at + draw(world.expand_rate, world.expand)
    for name in world.leaks:
        facts[name] = np.where(won, rng.random(n) < 0.9, rng.random(n) < 0.03).astype(float)
    events = _events(accept_at, win_at, won, np.stack([expand_at, churn_at]))
    ids = [f"l{k}" for k in range(n)]
    leads: dict[str, Sequence[object]] = {
        "lead_id": ids,
        "created_at": [START + timedelta(days=float(day)) for day in created],
        "account_id": [f"a{k}" for k in range(n)],
        "source": [f"channel {c}" for c in channel],
        "region": [f"region {r}" for r in region],
        "rep_id": [f"rep {r}" for r in rep],
        **{name: ["yes" if v else "no" for v in values] for name, values in facts.items()},
    }
    history = history_of(leads, events, [*facts], known=world.known)
    truth = {
        Step.CONVERTED: _truth(world.convert_rate, world.convert, eta(world.convert), facts, None),
        Step.EXPANDED: _truth(world.expand_rate, world.expand, eta(world.expand), facts, won),
        Step.CHURNED_AFTER_USE: _truth(world.churn_rate, world.churn, eta(world.churn), facts, won),
    }
    chance = {
        step: 1 - np.exp(-12 * rate * np.exp(eta(effects) - confounding))
        for step, rate, effects in (
            (Step.CONVERTED, world.convert_rate, world.convert),
            (Step.EXPANDED, world.expand_rate, world.expand),
            (Step.CHURNED_AFTER_USE, world.churn_rate, world.churn),
        )
    }
    value = chance[Step.CONVERTED] * (
        (1 + chance[Step.EXPANDED]) * (1 - 0.75 * chance[Step.CHURNED_AFTER_USE])
    )
    return Planted(history=history, truth=truth, facts=facts, value=value)


def history_of(
    leads: Mapping[str, Sequence[object]],
    events: Sequence[tuple[float, str, str, str | None, float | None, float | None]],
    facts: Sequence[str],
    *,
    known: Known = Known.CREATED,
    more: Mapping[str, object] | None = None,
) -> History:
    """Build a history from leads and events (day, kind, account, lead, amount, value)."""
    rows = sorted(events, key=lambda row: row[0])
    columns: dict[str, list[object]] = {
        "at": [START + timedelta(days=float(row[0])) for row in rows],
        "kind": [row[1] for row in rows],
        "account_id": [row[2] for row in rows],
        "lead_id": [row[3] for row in rows],
        "amount": [row[4] for row in rows],
        "currency": ["EUR" if row[4] is not None else None for row in rows],
        "value": [row[5] for row in rows],
    }
    settings: dict[str, object] = {
        "as_of": AS_OF,
        "accounts": Table(columns={"account_id": []}),
        "facts": Table(columns={"account_id": [], "fact": [], "value": [], "known_at": []}),
        "spend": Table(columns={"month": [], "channel": [], "amount": [], "currency": []}),
        "fact_columns": tuple(FactColumn(name=f, table="leads", known=known) for f in facts),
        **(more or {}),
    }
    return History(leads=Table(columns=leads), events=Table(columns=columns), **settings)  # type: ignore[arg-type]  # fields of History


Event = tuple[float, str, str, str | None, float | None, float | None]


def _events(
    accept_at: Column, win_at: Column, won: npt.NDArray[np.bool_], after: Column
) -> list[Event]:
    expand_at, churn_at = after
    found: list[Event] = []
    for k in range(len(won)):
        lead, account = f"l{k}", f"a{k}"
        if accept_at[k] < SPAN_DAYS:
            found.append((accept_at[k], "accepted", account, lead, None, None))
            found.append((min(accept_at[k] + 1, SPAN_DAYS), "worked", account, lead, None, None))
        if not won[k]:
            continue
        found.append((win_at[k] - 5, "qualified", account, lead, None, None))
        found.append((win_at[k], "converted", account, lead, 100_000, None))
        end = min(churn_at[k], SPAN_DAYS)
        if end - win_at[k] > 1:
            found.append((win_at[k] + 0.5, "used", account, None, None, 10))
        if expand_at[k] < end:
            found.append((expand_at[k], "expanded", account, None, 80_000, None))
        if churn_at[k] < SPAN_DAYS:
            found.append((churn_at[k], "churned", account, None, None, None))
    return found


def _truth(
    rate: float,
    effects: Mapping[str, float],
    eta: Column,
    facts: Mapping[str, Column],
    among: npt.NDArray[np.bool_] | None,
) -> dict[str, float]:
    mask = np.ones(len(eta), dtype=bool) if among is None else among
    found: dict[str, float] = dict.fromkeys(facts, 0.0)
    for name, values in facts.items():
        if not mask.any():
            continue
        base = (eta - effects.get(name, 0.0) * values)[mask]
        risks = [
            1 - np.exp(-12 * rate * np.exp(base + on * effects.get(name, 0.0))) for on in (0.0, 1.0)
        ]
        found[name] = float(risks[1].mean() - risks[0].mean())
    return found


def codes_of(found: Benchmark) -> set[tuple[str, str | None]]:
    return {(notice.code, notice.field) for notice in found.warnings}
