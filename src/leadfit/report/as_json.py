"""A benchmark as ``report.json``: plain JSON values in a fixed order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum

from leadfit.canonical import moment
from leadfit.history import Notice, Step
from leadfit.learn.result import (
    Benchmark,
    CurrentIcp,
    Drift,
    Effect,
    Estimate,
    Funnel,
    Money,
    ProfileRow,
    Series,
    StaticFindings,
    Weight,
)

Json = dict[str, object]
VERSION = 1


def document(benchmark: Benchmark) -> Json:
    """Return a benchmark as the content of ``report.json``.

    Rates and effects are fractions of 1 with 95 % intervals; amounts are whole minor units of
    ``money.currency``; times are ISO 8601 in UTC. A figure that is not known is ``None``; there
    is no NaN and no infinity, so every JSON reader takes it.
    """
    return {
        "version": VERSION,
        "as_of": _plain(benchmark.as_of),
        "unit": benchmark.unit,
        "money": _money(benchmark.money),
        "current_icp": _current_icp(benchmark.current_icp),
        "verdict": benchmark.verdict.value,
        "verdict_outcome": _step(benchmark.verdict_outcome),
        "verdict_words": benchmark.verdict_words,
        "detectable": _plain(benchmark.detectable),
        "customers_needed": benchmark.customers_needed,
        "sources": {step.value: benchmark.sources[step].value for step in Step},
        "funnel": _funnel(benchmark.funnel),
        "profile": [_profile_row(row) for row in benchmark.profile],
        "detractor_profile": [_profile_row(row) for row in benchmark.detractor_profile],
        "effects": [_effect(effect) for effect in benchmark.effects],
        "weights": {
            step.value: _weight(benchmark.weights[step])
            for step in Step
            if step in benchmark.weights
        },
        "detractor": _weight(benchmark.detractor),
        "static_icp": _static_icp(benchmark.static_icp),
        "drift": _drift(benchmark.drift),
        "warnings": [_notice(notice) for notice in benchmark.warnings],
        "excluded": {str(fact): reason for fact, reason in benchmark.excluded.items()},
        "series": _series(benchmark.series),
        "artifact_digest": benchmark.artifact_digest,
    }


def _plain(value: object) -> object:
    """Return any value of a record or of evidence as a plain JSON value."""
    match value:
        case Enum():
            return _plain(value.value)
        case float():
            return value if math.isfinite(value) else None
        case datetime() | date():
            return moment(value) if isinstance(value, datetime) else value.isoformat()
        case Mapping():
            return {str(_plain(key)): _plain(part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return [_plain(part) for part in ordered]
    return value if value is None or isinstance(value, bool | int | str) else _other(value)


def _other(value: object) -> object:
    """Return a number of a numeric library as a plain one, anything else as its text."""
    as_number = getattr(value, "item", None)
    return _plain(as_number()) if callable(as_number) else str(value)


def _step(step: Step | None) -> str | None:
    return None if step is None else step.value


def _estimate(estimate: Estimate, name: str = "value") -> Json:
    return {
        name: _plain(estimate.value),
        "low": _plain(estimate.low),
        "high": _plain(estimate.high),
    }


def _money(money: Money) -> Json:
    return {
        "currency": money.currency,
        "amounts_in": "minor units",
        "open_pipeline": money.open_pipeline,
        "open_deals": money.open_deals,
        "recent_revenue": money.recent_revenue,
        "recent_days": money.recent_days,
        "detractor_spend": money.detractor_spend,
        "detractor_share": _plain(money.detractor_share),
    }


def _current_icp(icp: CurrentIcp) -> Json:
    return {
        "judgement": icp.judgement.value,
        "words": icp.words,
        "judged": icp.judged,
        "outcome": _step(icp.outcome),
        "lift": _estimate(icp.lift),
        "lift_before": _estimate(icp.lift_before),
        "lift_now": _estimate(icp.lift_now),
    }


def _funnel(funnel: Funnel) -> Json:
    return {"leads": funnel.leads} | {step.value: getattr(funnel, step.value) for step in Step}


def _effect(effect: Effect) -> Json:
    return {
        "fact": effect.fact,
        "value": effect.value,
        "outcome": effect.outcome.value,
        "effect": _plain(effect.effect),
        "low": _plain(effect.low),
        "high": _plain(effect.high),
        "q_value": _plain(effect.q_value),
        "robustness": _plain(effect.robustness),
        "claim": effect.claim.value,
        "shrunk": _plain(effect.shrunk),
        "units": effect.units,
        "events": effect.events,
    }


def _weight(weight: Weight) -> Json:
    return {
        "value": _plain(weight.value),
        "low": _plain(weight.low),
        "high": _plain(weight.high),
        "prior": _plain(weight.prior),
    }


def _profile_row(row: ProfileRow) -> Json:
    return {
        "fact": row.fact,
        "value": row.value,
        "points": _plain(row.points),
        "why": row.why,
        "grade": row.grade.value,
    }


def _static_icp(found: StaticFindings | None) -> Json | None:
    if found is None:
        return None
    return {
        "name": found.name,
        "accounts_called_ideal": found.accounts_called_ideal,
        "fail_acceptance_90d": _estimate(found.fail_acceptance_90d, "rate"),
        "revenue_per_account": _estimate(found.revenue_per_account),
        "learned_revenue_per_account": _estimate(found.learned_revenue_per_account),
        "detractors_inside": found.detractors_inside,
    }


def _drift(drift: Drift) -> Json:
    return {
        "outcome": _step(drift.outcome),
        "found": drift.found,
        "change": _estimate(drift.change),
        "cohorts": [
            {"period": c.period, "leads": c.leads} | _estimate(c.rate, "rate")
            for c in drift.cohorts
        ],
        "shifts": [
            {"fact": s.fact, "psi": _plain(s.psi), "largest_change": s.largest_change}
            for s in drift.shifts
        ],
    }


def _notice(notice: Notice) -> Json:
    return {
        "code": notice.code,
        "field": notice.field,
        "message": notice.message,
        "evidence": _plain(notice.evidence),
    }


def _series(series: Series) -> Json:
    return {
        "funnel": [
            {
                "month": month.month,
                "leads": month.leads,
                "counts": {s.value: month.counts[s] for s in Step if s in month.counts},
                "matured": month.matured,
            }
            for month in series.funnel
        ],
        "curves": [
            {
                "outcome": curve.outcome.value,
                "points": [
                    {
                        "months": _plain(p.months),
                        "share": _plain(p.share),
                        "low": _plain(p.low),
                        "high": _plain(p.high),
                        "hazard": _plain(p.hazard),
                        "at_risk": p.at_risk,
                    }
                    for p in curve.points
                ],
            }
            for curve in series.curves
        ],
        "season": [
            {"month": m.month, "won": m.won, "lost": m.lost} | _estimate(m.rate, "rate")
            for m in series.season
        ],
    }
