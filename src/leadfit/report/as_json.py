"""A benchmark as ``report.json``: plain JSON values in a fixed order."""

from __future__ import annotations

import math
from typing import Final

from leadfit.canonical import Plain
from leadfit.canonical import document as fields_of
from leadfit.learn.result import (
    AmountEffect,
    Benchmark,
    Chosen,
    Cohort,
    Estimate,
    SeasonMonth,
    StaticFindings,
)

Json = dict[str, Plain]
VERSION: Final = 1


def document(benchmark: Benchmark) -> dict[str, object]:
    """Return a benchmark as the content of ``report.json``.

    Rates and effects are fractions of 1 with 95 % intervals; amounts are whole minor units of
    ``money.currency``; times are ISO 8601 in UTC. A figure that is not known is ``None``; there
    is no NaN and no infinity, so every JSON reader takes it.
    """
    drift, series, static = benchmark.drift, benchmark.series, benchmark.static_icp
    return {
        "version": VERSION,
        **_plain(benchmark),
        "money": {**_plain(benchmark.money), "amounts_in": "minor units"},
        "amount_effects": [_in_whole_units(each) for each in benchmark.amount_effects],
        "static_icp": None if static is None else _static_icp(static),
        "drift": {**_plain(drift), "cohorts": [_with_rate(cohort) for cohort in drift.cohorts]},
        "series": {**_plain(series), "season": [_with_rate(month) for month in series.season]},
    }


def _plain(record: object) -> Json:
    return fields_of(record, finite_only=False)


def _rate(rate: Estimate) -> Json:
    """Return the estimate of a rate under its own name instead of ``value``."""
    found = _plain(rate)
    return {"rate": found.pop("value"), **found}


def _with_rate(counted: Cohort | SeasonMonth) -> Json:
    return {**_plain(counted), **_rate(counted.rate)}


def _in_whole_units(found: AmountEffect) -> Json:
    amounts = ("effect", "low", "high", "raw", "shrunk")
    return {**_plain(found), **{name: round(getattr(found, name)) for name in amounts}}


_SHARES: Final = ("fail_acceptance_90d", "detractors_inside_share", "detractors_of_customers")
_AMOUNTS: Final = ("revenue_per_account", "learned_revenue_per_account")


def _static_icp(found: StaticFindings) -> Json:
    return {
        **_profile_of(found),
        "same_number": None if found.same_number is None else _profile_of(found.same_number),
        "top_decile": None if found.top_decile is None else _profile_of(found.top_decile),
    }


def _profile_of(found: StaticFindings | Chosen) -> Json:
    """Return what became of some accounts: shares by their own name, amounts in whole units."""
    plain = _plain(found)
    for name in _SHARES:
        plain[name] = _rate(getattr(found, name))
    for name in _AMOUNTS:
        if hasattr(found, name):
            plain[name] = _whole(getattr(found, name))
    return plain


def _whole(amount: Estimate) -> Json:
    return {
        name: None if figure is None or not math.isfinite(figure) else round(figure)
        for name, figure in (("value", amount.value), ("low", amount.low), ("high", amount.high))
    }
