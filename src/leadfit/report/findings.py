"""The benchmark report: one page that leads with money and ends with the method."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from leadfit.history import Notice, Step
from leadfit.learn.result import (
    Benchmark,
    Claim,
    Effect,
    Estimate,
    Money,
    Presence,
    ProfileRow,
    YearsApart,
)
from leadfit.report import advice, charts, names, words
from leadfit.report.render import render, stylesheet
from leadfit.report.times import times

View = dict[str, object]

ROWS_SHOWN: Final = 10
ROWS_AT_MOST: Final = 200
EFFECTS_DRAWN: Final = 12
EFFECTS_AT_MOST: Final = 300
GROUPS_OPEN: Final = 2
WARNINGS_SHOWN: Final = 5
EXCLUDED_AT_MOST: Final = 200
PSI_WORTH_SAYING: Final = 0.1
CLAIM_COLOURS: Final = {
    names.CLAIMS[Claim.CAUSED]: charts.ACCENT,
    names.CLAIMS[Claim.ASSOCIATED]: charts.INFO,
    names.CLAIMS[Claim.NOT_IDENTIFIED]: charts.WARN,
    names.CLAIMS[Claim.INSUFFICIENT]: charts.STILL,
}


def page(benchmark: Benchmark) -> str:
    """Return ``report.html``: one file that needs no script, no other file and no network.

    Raises:
        MissingExtra: The extra that draws charts is not installed.
    """
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render(
        "benchmark.html",
        {
            "style": Markup(style),  # noqa: S704 -- our own file
            "style_hash": f"sha256-{digest}",
            "as_of": names.as_of(benchmark),
            "unit": words.short(benchmark.unit, 20),
            "leads": words.count(benchmark.funnel.leads),
            "times_known": bool(benchmark.series.curves),
            "money": _money(benchmark.money),
            "current": _current(benchmark),
            "static": _static(benchmark),
            "verdict": _verdict(benchmark),
            "profile": _profile(benchmark.profile, _PROFILE_INTRO, _PROFILE_EMPTY),
            "detractors": _profile(
                benchmark.detractor_profile, _DETRACTOR_INTRO, _detractors_absent(benchmark)
            ),
            "claims": [_claim(claim) for claim in Claim],
            "effects": _effects(benchmark),
            "funnel": _funnel(benchmark),
            "times": times(benchmark.series, benchmark.unit),
            "drift": _drift(benchmark.drift),
            "weights": _weights(benchmark),
            "warnings": _warnings(benchmark.warnings),
            "excluded": [
                (words.short(fact), names.titled(reason))
                for fact, reason in list(benchmark.excluded.items())[:EXCLUDED_AT_MOST]
            ],
            "sources": [_source(step, benchmark.sources[step]) for step in Step],
            "artifact_digest": benchmark.artifact_digest,
        },
    )


_PROFILE_INTRO: Final = (
    "What good customers have in common, most valuable first. Each row says how good the "
    "evidence for it is; the ones that could be chance are in grey."
)
_PROFILE_EMPTY: Final = (
    "No attribute adds anything to the score: there is nothing here to rank accounts by."
)
_DETRACTOR_INTRO: Final = (
    "What accounts have in common that bought, really used the product, and left. Winning more "
    "of these costs money twice."
)


def _detractors_absent(benchmark: Benchmark) -> str:
    if benchmark.sources[Step.CHURNED_AFTER_USE] is Presence.MISSING:
        return (
            "Churn after real use is not in the export, so nobody knows who these accounts are. "
            "Churn and usage events would fill this in."
        )
    seen = benchmark.funnel.churned_after_use
    return (
        f"{words.count(seen)} {'account' if seen == 1 else 'accounts'} churned after real use. "
        "Nothing recorded sets them apart from the customers that stayed."
    )


def _money(money: Money) -> list[View]:
    currency = money.currency
    pipeline = None if money.open_pipeline is None else words.money(money.open_pipeline, currency)
    revenue = None if money.recent_revenue is None else words.money(money.recent_revenue, currency)
    spend = None if money.detractor_spend is None else words.money(money.detractor_spend, currency)
    share = words.percent(money.detractor_share)
    deals = "deals" if money.open_deals is None else f"{words.count(money.open_deals)} deals"
    return [
        {
            "name": "Open pipeline",
            "figure": pipeline,
            "note": f"in {deals} neither won nor lost"
            if pipeline
            else "Open deals with amounts would show what this profile decides about",
            "tone": "",
        },
        {
            "name": "Recent revenue",
            "figure": revenue,
            "note": f"in the {money.recent_days} days before the as-of date"
            if revenue
            else "No amounts of won deals in that time",
            "tone": "",
        },
        {
            "name": "Spent on detractors",
            "figure": spend,
            "note": f"{share} of recent acquisition spend, by their share of the leads"
            if spend
            else "Spend by month and channel would show what goes to accounts that leave again",
            "tone": "bad" if spend and (money.detractor_spend or 0) > 0 else "",
        },
    ]


def _current(benchmark: Benchmark) -> View:
    icp = benchmark.current_icp
    rows: list[tuple[str, str]] = []
    outcome = names.STEP_NOUNS[icp.outcome] if icp.outcome is not None else "outcome"
    for name, lift in (
        (f"Ahead on {outcome}", icp.lift),
        ("In the older half", icp.lift_before),
        ("In the newer half", icp.lift_now),
    ):
        if lift.value is not None:
            interval = words.points_span(lift.low, lift.high)
            rows.append((name, f"{words.points(lift.value)} points ({interval})"))
    return {
        "title": names.JUDGEMENTS[icp.judgement],
        "tone": names.JUDGEMENT_TONES[icp.judgement],
        "judged": words.short(icp.judged, 60) if icp.judged else None,
        "words": words.short(icp.words, 600),
        "figures": rows,
    }


def _static(benchmark: Benchmark) -> View | None:
    found = benchmark.static_icp
    if found is None:
        return None
    return {"name": words.short(found.name, 60), "figures": advice.static_figures(benchmark)}


def _verdict(benchmark: Benchmark) -> View:
    outcome = benchmark.verdict_outcome
    return {
        "title": names.VERDICTS[benchmark.verdict],
        "tone": names.VERDICT_TONES[benchmark.verdict],
        "outcome": None if outcome is None else names.STEP_NOUNS[outcome],
        "words": words.short(benchmark.verdict_words, 900),
        "meaning": advice.meaning(benchmark),
        "suffices": advice.suffices(benchmark),
        "monday": advice.monday(benchmark),
    }


def _profile(rows: Sequence[ProfileRow], intro: str, empty: str) -> View:
    most = max((abs(row.points) for row in rows), default=0.0) or 1.0
    shown = [
        {
            "fact": words.short(row.fact),
            "value": words.short(row.value),
            "points": words.points(row.points / 100),
            "share": round(abs(row.points) / most * 100, 1),
            "claim": names.graded(row),
            "tone": names.CLAIM_TONES[row.grade],
            "is_guess": row.grade is Claim.INSUFFICIENT,
            "why": words.short(row.why, 400),
        }
        for row in rows[:ROWS_AT_MOST]
    ]
    return {
        "intro": intro if rows else empty,
        "rows": shown[:ROWS_SHOWN],
        "rest": shown[ROWS_SHOWN:],
        "left_out": max(0, len(rows) - ROWS_AT_MOST),
    }


def _effects(benchmark: Benchmark) -> list[View]:
    """Return one group an outcome, the outcome of the verdict first."""
    found: dict[Step, list[Effect]] = {}
    for effect in benchmark.effects:
        found.setdefault(effect.outcome, []).append(effect)
    wanted = [benchmark.verdict_outcome, Step.CHURNED_AFTER_USE, *reversed(Step)]
    order = [step for step in dict.fromkeys(wanted) if step is not None and step in found]
    return [
        _effect_group(step, found[step], is_open=number < GROUPS_OPEN)
        for number, step in enumerate(order)
    ]


def _effect_group(step: Step, effects: Sequence[Effect], *, is_open: bool) -> View:
    effects = sorted(effects, key=_strength)
    drawn = effects[:EFFECTS_DRAWN]
    title = f"On {names.STEP_NOUNS[step]}"
    described = f"Effects {title.lower()}, in percentage points with 95 % intervals: " + "; ".join(
        f"{effect_label(e, 40)} {words.points(e.effect)} ({words.points_span(e.low, e.high)})"
        for e in drawn[:5]
    )
    chart = charts.effects(
        [
            {
                "label": effect_label(e, 60),
                "effect": e.effect * 100,
                "low": e.low * 100,
                "high": e.high * 100,
                "claim": names.CLAIMS[e.claim],
            }
            for e in drawn
        ],
        claims=CLAIM_COLOURS,
        described=described,
    )
    total = words.count(len(effects))
    caption = f"The {len(drawn)} effects of {total} with the strongest evidence."
    return {
        "title": title,
        "is_open": is_open,
        "chart": chart,
        "caption": caption if len(effects) > len(drawn) else "All effects of this outcome.",
        "rows": [_effect_row(e) for e in effects[:EFFECTS_AT_MOST]],
        "more": max(0, min(len(effects), EFFECTS_AT_MOST) - len(drawn)),
        "left_out": max(0, len(effects) - EFFECTS_AT_MOST),
        "total": total,
    }


def _strength(effect: Effect) -> tuple[int, float, float]:
    """Order effects: the better claim first, then the less likely chance, then the larger."""
    return list(Claim).index(effect.claim), effect.q_value, -abs(effect.effect)


def effect_label(effect: Effect, limit: int) -> str:
    """Return an effect's attribute as ``fact = value``, both cut so that both stay readable."""
    value = words.short(effect.value, max(8, limit // 2))
    return f"{words.short(effect.fact, max(8, limit - len(value) - 3))} = {value}"


def _effect_row(effect: Effect) -> View:
    return {
        "label": effect_label(effect, words.LONGEST),
        "effect": words.points(effect.effect),
        "interval": words.points_span(effect.low, effect.high),
        "claim": names.CLAIMS[effect.claim],
        "tone": names.CLAIM_TONES[effect.claim],
        "robustness": words.percent(effect.robustness),
        "q": "< .001" if effect.q_value < 0.001 else f"{effect.q_value:.3f}",
        "reached": f"{words.count(effect.events)} / {words.count(effect.units)}",
    }


def _funnel(benchmark: Benchmark) -> View:
    leads = benchmark.funnel.leads
    rows: list[View] = [
        {
            "step": f"{benchmark.unit.capitalize()}s",
            "units": leads,
            "share": "",
            "source": "all that were recorded",
            "words": words.count(leads),
        },
        *(_rung(step, benchmark) for step in Step),
    ]
    described = "; ".join(f"{row['step']}: {row['words']}" for row in rows)
    drawn = [
        {
            "step": str(row["step"]),
            "words": str(row["words"]),
            "units": row["units"] if isinstance(row["units"], int) else None,
        }
        for row in rows
    ]
    return {
        "rows": rows,
        "chart": charts.funnel(drawn, described=described),
        "caption": "Dashed: missing from the export. Partial: recorded for some, or by a rule.",
    }


def _rung(step: Step, benchmark: Benchmark) -> View:
    funnel, source = benchmark.funnel, benchmark.sources[step]
    units: int | None = getattr(funnel, step.value)
    after_sale = step in (Step.EXPANDED, Step.CHURNED_AFTER_USE)
    whole = funnel.converted if after_sale else funnel.leads
    of = "customers" if after_sale else f"{benchmark.unit}s"
    share = f"{words.percent(units / whole)} of {of}" if units is not None and whole else ""
    said = f"{words.count(units)}{f' ({share})' if share else ''}"
    if source is Presence.PARTIAL:
        said += ", partial"
    return {
        "step": names.STEPS[step].capitalize(),
        "units": units,
        "share": share,
        "source": source.value,
        "words": "missing from the export" if units is None else said,
    }


def _drift(drift: YearsApart) -> View | None:
    if drift.change.value is None and not drift.shifts:
        return None
    change = drift.change
    said = "The win rate of the oldest and the newest year cannot be compared yet."
    if change.value is not None:
        said = (
            f"From the first to the last year the win rate changed by {words.points(change.value)} "
            f"points ({words.points_span(change.low, change.high)})."
        )
    return {
        "title": "Your win rate has moved" if drift.found else "Your win rate has not moved much",
        "words": f"{said} {_mix(drift)}",
        "shifts": [
            f"{words.short(s.fact, 60)}: {words.short(s.largest_change, 160)} (PSI {s.psi:.2f})"
            for s in drift.shifts[:ROWS_SHOWN]
            if s.psi >= PSI_WORTH_SAYING
        ],
    }


def _mix(drift: YearsApart) -> str:
    if not drift.shifts:
        return ""
    if any(shift.psi >= PSI_WORTH_SAYING for shift in drift.shifts):
        return "The mix of these attributes moved (PSI over .25 is a large change):"
    return "The mix of attributes stayed the same."


def _weights(benchmark: Benchmark) -> list[View]:
    rows: list[View] = [
        {
            "step": names.STEPS[step].capitalize(),
            "value": f"{w.value:.0f}",
            "interval": "the yardstick"
            if step is Step.EXPANDED
            else f"{w.low:.0f} to {w.high:.0f}",
            "prior": f"{w.prior:.0f}",
        }
        for step in Step
        if (w := benchmark.weights.get(step)) is not None
    ]
    taken = benchmark.detractor
    rows.append(
        {
            "step": "A full detractor match takes away",
            "value": words.percent(taken.value, 0),
            "interval": names.span(Estimate(value=taken.value, low=taken.low, high=taken.high), 0),
            "prior": words.percent(taken.prior, 0),
        }
    )
    return rows


def _warnings(notices: Iterable[Notice]) -> list[View]:
    found: dict[str, list[View]] = {}
    for notice in notices:
        found.setdefault(notice.code, []).append(
            {
                "field": words.short(notice.field, 80) if notice.field else None,
                "message": words.short(notice.message, 600),
                "evidence": evidence(notice.evidence),
            }
        )
    return [
        {
            "title": names.titled(code),
            "code": code,
            "first": all_[:WARNINGS_SHOWN],
            "rest": all_[WARNINGS_SHOWN:ROWS_AT_MOST],
        }
        for code, all_ in found.items()
    ]


def evidence(figures: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the figures of a notice, named and readable.

    >>> evidence({"win_share": 0.169, "rows": 8000})
    [('win share', '16.9 %'), ('rows', '8,000')]
    """
    return [
        (name.replace("_", " "), _figure(name, value))
        for name, value in figures.items()
        if value not in ({}, [], ())
    ]


def _figure(name: str, value: object) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case int():
            return words.count(value)
        case float():
            is_share = 0 <= value <= 1 and any(w in name for w in ("share", "rate", "fraction"))
            return words.percent(value) if is_share else f"{value:,.4g}"
        case Mapping():
            parts = [f"{words.short(k, 40)} {_figure(str(k), v)}" for k, v in value.items()]
        case list() | tuple() | set() | frozenset():
            parts = [_figure(name, part) for part in value]
        case _:
            return words.short(value)
    more = f" and {len(parts) - 8} more" if len(parts) > 8 else ""
    return ", ".join(parts[:8]) + more


def _claim(claim: Claim) -> View:
    return {
        "name": names.CLAIMS[claim],
        "tone": names.CLAIM_TONES[claim],
        "meaning": names.CLAIM_MEANING[claim],
    }


def _source(step: Step, presence: Presence) -> View:
    return {
        "step": names.STEP_NOUNS[step].capitalize(),
        "state": presence.value,
        "tone": names.PRESENCE_TONES[presence],
        "meaning": names.PRESENCE_MEANING[presence],
    }
