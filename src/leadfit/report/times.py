"""What the records say along time: cohorts, months of the year, and how long a step takes."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from typing import Final

from leadfit.bounds import wilson
from leadfit.history import Step
from leadfit.learn.result import Curve, FunnelMonth, SeasonMonth, Series
from leadfit.report import charts, names, words

View = dict[str, object]

MONTHS_DRAWN: Final = 36


def times(series: Series, unit: str) -> list[View]:
    """Return the charts along time that the records allow, each with its figures."""
    found = (
        _cohorts(series.funnel, unit),
        _season(series.season),
        _curves(series.curves),
    )
    return [view for view in found if view is not None]


def _cohorts(months: Sequence[FunnelMonth], unit: str) -> View | None:
    steps = {step for month in months for step in month.counts}
    step = next((s for s in (Step.CONVERTED, *Step) if s in steps), None)
    shown = [month for month in months if month.leads > 0][-MONTHS_DRAWN:]
    if step is None or len(shown) < 2:
        return None
    did = names.STEPS[step]
    drawn = charts.rates(
        [_cohort(month, step) for month in shown],
        x_title=f"Month the {unit} arrived",
        y_title=f"Per cent {did}",
        described=f"{words.count(len(shown))} monthly cohorts from {shown[0].month} to "
        f"{shown[-1].month}: share that {did}, with 95 % intervals",
    )
    return {
        "title": f"Cohorts: what became of the {unit}s of each month",
        "chart": drawn,
        "caption": _cohort_caption(sum(not month.matured for month in shown)),
        "head": ["Month", f"{unit.capitalize()}s", did.capitalize(), "Rate", "Old enough"],
        "rows": [
            [
                words.short(m.month, 16),
                words.count(m.leads),
                words.count(m.counts.get(step, 0)),
                words.percent(m.counts.get(step, 0) / m.leads),
                "yes" if m.matured else "no",
            ]
            for m in shown
        ],
    }


def _cohort(month: FunnelMonth, step: Step) -> charts.Row:
    reached = min(month.counts.get(step, 0), month.leads)
    low, high = wilson(reached, month.leads)
    return {
        "period": month.month,
        "rate": reached / month.leads * 100,
        "low": low * 100,
        "high": high * 100,
        "matured": month.matured,
    }


def _cohort_caption(young: int) -> str:
    said = "Bars are 95 % intervals."
    if not young:
        return said
    months_are = "1 month is" if young == 1 else f"{young} months are"
    return f"{said} Hollow: {months_are} too young to compare; more will still get there."


def _season(months: Sequence[SeasonMonth]) -> View | None:
    known = [month for month in months if month.rate.value is not None]
    if len(known) < 2 or not any(month.lost for month in months):
        return None  # where no loss is recorded every rate is 100 % and says nothing
    rows = [
        {
            "period": calendar.month_abbr[m.month],
            "rate": _per_cent(m.rate.value),
            "low": _per_cent(m.rate.low),
            "high": _per_cent(m.rate.high),
            "matured": True,
        }
        for m in known
    ]
    return {
        "title": "Season: the win rate by month of the year",
        "chart": charts.rates(
            rows,
            x_title="Month of the year",
            y_title="Per cent won among closed",
            described="Win rate among closed by month of the year, with 95 % intervals: "
            + "; ".join(
                f"{row['period']} {words.percent(m.rate.value)}"
                for row, m in zip(rows, known, strict=True)
            ),
        ),
        "caption": "If some months stand out, compare like months before you praise a campaign.",
        "head": ["Month", "Won", "Lost", "Rate"],
        "rows": [
            [
                calendar.month_name[m.month],
                words.count(m.won),
                words.count(m.lost),
                words.percent(m.rate.value),
            ]
            for m in known
        ],
    }


def _curves(curves: Sequence[Curve]) -> View | None:
    drawn = [curve for curve in curves if len(curve.points) > 1]
    if not drawn:
        return None
    rows: list[charts.Row] = [
        {
            "outcome": names.STEPS[curve.outcome].capitalize(),
            "months": point.months,
            "share": point.share * 100,
            "low": point.low * 100,
            "high": point.high * 100,
        }
        for curve in drawn
        for point in curve.points
    ]
    ends = [(curve, curve.points[-1]) for curve in drawn]
    return {
        "title": "How long it takes",
        "chart": charts.curves(
            rows,
            described="Share that reached each outcome by months since it became possible: "
            + "; ".join(
                f"{names.STEPS[c.outcome]} {words.percent(p.share)} within {p.months:g} months"
                for c, p in ends
            ),
        ),
        "caption": "Share that got there within so many months, counting each for the time it "
        "could be watched. Bands are 95 % intervals.",
        "head": ["Outcome", "Within months", "Share", "95 % interval", "Still watched"],
        "rows": [
            [
                names.STEPS[c.outcome].capitalize(),
                f"{p.months:g}",
                words.percent(p.share),
                f"{words.percent(p.low)} to {words.percent(p.high)}",
                words.count(p.at_risk),
            ]
            for c in drawn
            for p in c.points
        ],
    }


def _per_cent(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * 100
