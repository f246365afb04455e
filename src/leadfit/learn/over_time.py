"""The past by month and by age: what the charts of a benchmark are drawn from."""

from __future__ import annotations

import numpy as np

from leadfit.history import Step
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Past, date
from leadfit.learn.result import Curve, CurvePoint, FunnelMonth, Presence
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.watch import watch


def funnel_months(past: Past, ladder: Ladder, rules: Rules) -> tuple[FunnelMonth, ...]:
    """Return the funnel by month of creation."""
    if not past.history.times_known:
        return ()
    start = past.created[: past.leads]
    names = np.array(["" if np.isnan(day) else f"{date(day):%Y-%m}" for day in start])
    mature = start < past.as_of - rules.mature_days
    reached: dict[Step, Bools] = {}
    for step in (*LADDER, Step.CHURNED_AFTER_USE):
        if ladder.sources[step] is Presence.MISSING:
            continue
        rows = np.zeros(past.rows, dtype=np.bool_)
        rows[ladder.units[step][ladder.reached[step]]] = True
        reached[step] = rows[: past.leads]
    found: list[FunnelMonth] = []
    for name in np.unique(names[names != ""]):
        mask = names == name
        counts = {step: int(rows[mask].sum()) for step, rows in reached.items()}
        found.append(
            FunnelMonth(
                month=str(name),
                leads=int(mask.sum()),
                counts=counts,
                matured=bool(mature[mask].all()),
            )
        )
    return tuple(found)


def curves(past: Past, ladder: Ladder, rules: Rules) -> tuple[Curve, ...]:
    """Return the share that reached each step by month, with the hazard of the month."""
    if not past.history.times_known:
        return ()
    found: list[Curve] = []
    for step in Step:
        watched = watch(past, ladder, step, rules)
        if watched.events < 5:
            continue
        points: list[CurvePoint] = []
        total, spread = 0.0, 0.0
        for month in range(1, int(rules.horizon_months) + 1):
            risk = np.clip(
                np.minimum(watched.end, month) - np.maximum(watched.entry, month - 1), 0, None
            )
            inside = watched.event & (watched.end > month - 1) & (watched.end <= month)
            inside |= watched.event & (watched.end == 0.0) & (month == 1)
            seen = float(risk.sum())
            if seen < 5.0:
                break
            hazard = float(inside.sum()) / seen
            total += hazard
            spread += float(inside.sum()) / seen**2
            wide = 1.96 * np.sqrt(spread)
            # The interval of the cumulative hazard, carried to the share.
            points.append(
                CurvePoint(
                    months=float(month),
                    share=float(-np.expm1(-total)),
                    low=float(-np.expm1(-max(0.0, total - wide))),
                    high=float(-np.expm1(-(total + wide))),
                    hazard=hazard,
                    at_risk=int((risk > 0).sum()),
                )
            )
        if points:
            found.append(Curve(outcome=step, points=tuple(points)))
    return tuple(found)
