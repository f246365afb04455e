"""Effects of fact values on an amount: what a customer is worth because of a fact.

An effect is on the customers that have the value: what they paid within the horizon, against what
customers like them with the mix of the other values paid. Where no likeness can be had the value
is refused, not trimmed: trimming would answer for other customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from leadfit.history import Step
from leadfit.learn.amounts.contrasts import AmountContrast, compare
from leadfit.learn.claims import robustness_value
from leadfit.learn.effects import tiers
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import Ladder
from leadfit.learn.money import PAYS, revenue_by_month
from leadfit.learn.past import Floats, Ints, Past
from leadfit.learn.result import AmountEffect, Claim, Presence
from leadfit.learn.rules import MONTH_DAYS, Rules

_FEWEST = 60
"""Customers seen for the whole horizon; with fewer nothing can be made alike."""
_MOST = 20_000
"""In a larger past every n-th customer stands for all."""


def customer_amounts(
    past: Past,
    ladder: Ladder,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> tuple[AmountEffect, ...]:
    """Return the effect of every value on what a customer pays in its first months.

    Nothing is said where times or amounts are not recorded, or the units are deals.
    """
    if (
        not past.history.times_known
        or past.history.unit == "deal"
        or ladder.sources[Step.CONVERTED] is Presence.MISSING
    ):
        return ()
    seen = first_months(past, ladder, rules)
    if seen is None:
        return ()
    # What arises after the win may answer to what was paid by then; it is not asked here.
    early, _ = tiers(seen.watched, facts, Step.EXPANDED, rules)
    effects = amount_effects(past, seen.watched, seen.paid, early, confounders, rules=rules)
    return tuple(replace(each, months=seen.months) for each in effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMonths:
    """Customers seen for the whole of their first months, and what each paid in them.

    The first contract, renewals, expansion and paid use are in, in minor units.
    """

    watched: Watched
    paid: Floats
    months: int


def first_months(past: Past, ladder: Ladder, rules: Rules) -> FirstMonths | None:
    """Return what customers paid in their first twelve months.

    Where too few were seen for so long it is their first six, else three, else ``None``.
    """
    won_at, row = ladder.at[Step.CONVERTED], ladder.units[Step.CONVERTED]
    until = min(past.until(kind) for kind in PAYS)
    fits = ~(won_at < past.created[row] - 1.0)
    whole = int(rules.horizon_months)
    for months in (whole, whole // 2, whole // 4):
        chosen = np.flatnonzero(fits & (won_at + months * MONTH_DAYS <= until))
        if len(chosen) >= _FEWEST and months:
            chosen = chosen[:: -(-len(chosen) // _MOST)]
            paid = revenue_by_month(past, won_at, months).sum(axis=1)
            watched = _seen(past, row[chosen], won_at[chosen], float(months))
            return FirstMonths(watched=watched, paid=paid[watched.cluster], months=months)
    return None


def _seen(past: Past, row: Ints, won_at: Floats, months: float) -> Watched:
    return Watched(
        row=row,
        cluster=past.account[row],
        entry=np.zeros(len(row)),
        end=np.full(len(row), months),
        event=np.ones(len(row), dtype=np.bool_),
        timed=True,
        start=won_at,
    )


def amount_effects(
    past: Past,
    watched: Watched,
    amount: Floats,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    *,
    rules: Rules,
) -> tuple[AmountEffect, ...]:
    """Return the effect of every value of ``facts`` on ``amount``, strongest evidence first.

    Args:
        past: Where month and engagement of the units stand.
        watched: The units; only their rows, clusters and starts are used.
        amount: One for each unit, in any unit of measure; effects are in the same.
        facts: Asked, and adjusted for when another is asked.
        confounders: Adjusted for, with the pairwise cells that go with any fact.
        rules: Levels, rates and the ridge of columns.
    """
    if watched.units < _FEWEST or not amount.std() > 0:
        return ()
    contrasts = compare(past, watched, amount, facts, confounders, rules=rules)
    return judge_amounts(contrasts, rules)


def judge_amounts(contrasts: Sequence[AmountContrast], rules: Rules) -> tuple[AmountEffect, ...]:
    """Turn comparisons into effects with intervals, q values, robustness and claims.

    Values without overlap are set aside before any amount is looked at, so they are no tests.
    """
    tested = [each for each in contrasts if _overlaps(each, rules)]
    q_values = dict(zip(map(id, tested), _q_values(tested, rules), strict=True))
    effect = np.array([each.effect for each in contrasts])
    error = np.array([each.error for each in contrasts])
    between = max(0.0, float(np.mean(effect**2 - error**2))) if len(effect) else 0.0
    found: list[AmountEffect] = []
    for each in contrasts:
        q_value = float(q_values.get(id(each), 1.0))
        freedom = _freedom(each)
        wide = float(stats.t.ppf(0.975, freedom)) * each.error
        found.append(
            AmountEffect(
                fact=each.fact,
                value=each.value,
                effect=each.effect,
                low=each.effect - wide,
                high=each.effect + wide,
                raw=each.raw,
                q_value=q_value,
                robustness=robustness_value(each.effect / each.error, freedom),
                claim=_claim(each, q_value, rules),
                shrunk=each.effect * between / (between + each.error**2) + 0.0,
                units=each.units,
                compared_with=each.effective,
                apart=each.apart,
            )
        )
    order = (Claim.CAUSED, Claim.ASSOCIATED, Claim.INSUFFICIENT, Claim.NOT_IDENTIFIED)
    return tuple(sorted(found, key=lambda e: (order.index(e.claim), e.q_value, e.fact, e.value)))


def _overlaps(contrast: AmountContrast, rules: Rules) -> bool:
    return contrast.apart is None and contrast.effective >= rules.min_events


def _freedom(contrast: AmountContrast) -> float:
    """Return the units that stand behind a contrast: a few heavy weights are few units."""
    return max(1.0, contrast.units + contrast.effective - 2.0)


def _claim(contrast: AmountContrast, q_value: float, rules: Rules) -> Claim:
    if not _overlaps(contrast, rules):
        return Claim.NOT_IDENTIFIED
    if q_value > rules.false_discovery_rate or contrast.units < rules.min_events:
        return Claim.INSUFFICIENT
    return contrast.most


def _q_values(contrasts: Sequence[AmountContrast], rules: Rules) -> Floats:
    """Return q values by fact (Simes), then by value within the facts found.

    Source: Benjamini and Bogomolov 2014, the same order as for effects on chances.
    """
    facts: dict[str, list[int]] = {}
    for n, each in enumerate(contrasts):
        facts.setdefault(each.fact, []).append(n)
    if not facts:
        return np.empty(0)
    t = np.array([abs(each.effect / each.error) for each in contrasts])
    freedom = np.array([_freedom(each) for each in contrasts])
    p_values = np.clip(2 * stats.t.sf(t, freedom), 0.0, 1.0)
    own = [stats.false_discovery_control(p_values[mine]) for mine in facts.values()]
    of_fact = stats.false_discovery_control([float(each.min()) for each in own])
    found = max(1, int((of_fact <= rules.false_discovery_rate).sum()))
    q_values = np.ones(len(contrasts))
    for mine, within, whole in zip(facts.values(), own, of_fact, strict=True):
        q_values[mine] = np.minimum(1.0, np.maximum(whole, within * len(facts) / found))
    return q_values
