"""The quarterly review pack: what the drift watch found, for RevOps, Sales and Product."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from leadfit.canonical import document as fields_of
from leadfit.canonical import plain
from leadfit.learn.drift import DriftFindings, MonthOfScore, StepWatch
from leadfit.learn.outlook import Outlook
from leadfit.learn.result import Estimate
from leadfit.report import charts, names, words
from leadfit.report import outlook as told
from leadfit.report.decisions import QUARTER, costs, decisions
from leadfit.report.render import render, stylesheet

View = dict[str, object]
VERSION: Final = 1
MONTHS_SHOWN: Final = 24
ROWS_SHOWN: Final = 12
_MOST: Final = 1_000_000
LEVELS: Final = {
    "alarm": ("The score no longer holds", "bad"),
    "watch": ("The score may be slipping", "warn"),
    "calm": ("The score holds", "good"),
    "cannot_tell": ("The score cannot be judged yet", "still"),
}
_PARTS: Final = {
    "lead_mix": "Other leads came",
    "icp_fit": "The score is worth less",
    "follow_up_speed": "Follow-up took longer",
    "rep": "Other reps worked them",
    "rest": "All leads alike, or not explained",
}


def review_document(found: DriftFindings, outlook: Outlook | None = None) -> dict[str, object]:
    """Return the review pack as the content of ``review.json``; see :mod:`leadfit.report`."""
    worth = None if outlook is None else fields_of(outlook, finite_only=False)
    return {
        "version": VERSION,
        "as_of": plain(found.as_of),
        "quarter": {"from": plain(found.as_of - QUARTER), "to": plain(found.as_of)},
        "decisions": [plain(each) for each in decisions(found)],
        "findings": fields_of(found, finite_only=False),
        "outlook": worth,
    }


def review_page(found: DriftFindings, outlook: Outlook | None = None) -> str:
    """Return the review pack as ``review.html``; see :mod:`leadfit.report`."""
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title, tone = LEVELS[found.level]
    return render(
        "review.html",
        {
            "style": Markup(style),  # noqa: S704 -- our own file
            "style_hash": f"sha256-{digest}",
            "as_of": words.day(found.as_of),
            "since": words.day(found.as_of - QUARTER),
            "title": title,
            "tone": tone,
            "words": words.short(found.words, 600),
            "score_name": words.short(found.score_name),
            "decisions": [_decision(each) for each in fields_of_decisions(found)],
            "quarter": _quarter(found),
            "charts": _charts(found.months),
            "months": [_month(each) for each in found.months[-MONTHS_SHOWN:]],
            "steps": [_step(each) for each in found.steps],
            "joint": None if found.joint is None else _step(found.joint),
            "segments": [words.short(each.words, 400) for each in found.segments[:ROWS_SHOWN]],
            "noted": [words.short(each.words, 400) for each in found.noted[:ROWS_SHOWN]],
            "win_rate": None if found.win_rate is None else found.win_rate.words,
            "parts": [_part(found, n) for n in range(len(found.blame))],
            "age": _age(found),
            "delays": [_delay(found, n) for n in range(len(found.delays))],
            "notices": [words.short(each.message, 400) for each in found.notices],
            "worth": None if outlook is None else _worth(outlook),
            "signers": ("RevOps", "Sales", "Product"),
        },
    )


def _worth(outlook: Outlook) -> View:
    """Return what fit, intent and tier were worth."""
    tables = [
        ("Leads by fit and intent when they came", told.quadrant_rows(outlook.quadrants)),
        ("How wins by tier changed", told.tier_rows(outlook.tiers)),
        ("Wins by tier, month by month", told.month_rows(outlook.tiers)),
    ]
    return {
        "tone": {"alarm": "bad", "calm": "good"}.get(outlook.bias.level, "still"),
        "bias": told.bias_words(outlook.bias),
        "words": list(told.outlook_words(outlook)),
        "tables": [
            {"caption": caption, "head": rows[0], "rows": rows[1:]}
            for caption, rows in tables
            if len(rows) > 1
        ],
    }


def fields_of_decisions(found: DriftFindings) -> list[dict[str, object]]:
    """Return the decisions as JSON objects."""
    return [dict(fields_of(each)) for each in decisions(found)]


def _decision(each: dict[str, object]) -> View:
    who, options = each["who"], each["options"]
    return {
        "question": words.short(each["question"]),
        "who": ", ".join(map(str, who)) if isinstance(who, list) else "",
        "because": words.short(each["because"], 600),
        "options": [words.sentence(one) for one in options] if isinstance(options, list) else [],
        "command": each["command"],
    }


def _quarter(found: DriftFindings) -> list[View]:
    """Return the figures of the quarter as cards."""
    recent = found.months[-3:]
    shift = max((month.psi for month in recent if month.psi is not None), default=None)
    watches = 0
    if found.joint is not None:
        since = found.as_of - QUARTER
        watches = sum(each.until is None or each.until >= since for each in found.joint.watches)
    alarm = None if found.joint is None else found.joint.alarm_since
    return [
        _card("Leads", words.count(sum(month.leads for month in recent)), "in the last 3 months"),
        _card(
            "Alarm",
            "none" if alarm is None else f"since {words.day(alarm)}",
            "stays until a new score is in force",
            "" if alarm is None else "bad",
        ),
        _card("Watches", words.count(watches), "that stood in this quarter; they may come and go"),
        _card(
            "Mix of scores",
            None if shift is None else f"PSI {shift:.2f}",
            "highest of the last 3 months; over 0.25 is a large change",
        ),
    ]


def _card(name: str, figure: str | None, note: str, tone: str = "") -> View:
    return {"name": name, "figure": figure, "note": note, "tone": tone}


_MONTHLY_CHECK: Final = (
    "The monthly check. It also falls when wins merely become rare, so it is a picture and no "
    "alarm. Months whose leads had no time to close are left out."
)
_ACCEPTED: Final = "Known within days; a fall here comes months before one of wins."


def _charts(months: Sequence[MonthOfScore]) -> list[View]:
    shown = months[-MONTHS_SHOWN:]
    told = [_bar(each.month, each.correlation, 1.0) for each in shown]
    accepted = [_bar(each.month, each.accepted, 100.0) for each in shown]
    return [
        *_chart(told, "Score and wins", "Correlation of score and win", _MONTHLY_CHECK),
        *_chart(accepted, "What reps accept", "Per cent accepted", _ACCEPTED),
    ]


def _bar(period: str, found: Estimate, scale: float) -> dict[str, str | float | bool | None]:
    low, value, high = (
        None if each is None else scale * each for each in (found.low, found.value, found.high)
    )
    return {"period": period, "rate": value, "low": low, "high": high, "matured": True}


def _chart(
    rows: Sequence[dict[str, str | float | bool | None]], title: str, y_title: str, caption: str
) -> list[View]:
    known = [row for row in rows if row["rate"] is not None]
    if len(known) < 2:
        return []
    drawn = charts.rates(known, x_title="Month", y_title=y_title, described=f"{title}. {caption}")
    return [{"title": f"{title}, month by month", "chart": drawn, "caption": caption}]


def _month(month: MonthOfScore) -> View:
    latent = "" if month.latent is None else f"{month.latent:.2f}"
    value = month.correlation.value
    return {
        "month": month.month,
        "leads": words.count(month.leads),
        "psi": "" if month.psi is None else f"{month.psi:.2f}",
        "correlation": "too young" if value is None else f"{value:.2f}",
        "latent": latent,
        "accepted": words.percent(month.accepted.value),
    }


def _step(step: StepWatch) -> View:
    name = "All together" if step.step is None else names.STEPS[step.step].capitalize()
    title, tone = LEVELS[step.level]
    since = step.alarm_since or step.watch_since
    return {
        "step": name,
        "level": step.level.capitalize(),
        "tone": tone,
        "title": title,
        "since": "" if since is None else words.day(since),
        "evidence": f"over {_MOST:,}" if step.evidence > _MOST else f"{step.evidence:,.1f}",
        "units": "" if step.step is None else words.count(step.since_units),
    }


def _part(found: DriftFindings, place: int) -> View:
    part = found.blame[place]
    return {
        "part": _PARTS[part.part],
        "points": words.points(part.points.value),
        "interval": words.points_span(part.points.low, part.points.high),
        "costs": costs(part),
    }


def _age(found: DriftFindings) -> str:
    age = found.age
    if age.made_at is None or age.age_days is None:
        return "When the profile was made is not recorded."
    said = f"The profile was made on {words.day(age.made_at)}, {age.age_days:,.0f} days ago."
    if age.first_evidence_at is None or age.lag_days is None:
        return f"{said} Nothing speaks against it at present."
    end = "it was renewed" if age.updated else "now, and it has not been renewed"
    return (
        f"{said} The first evidence against it came on {words.day(age.first_evidence_at)}; "
        f"{age.lag_days:,.0f} days passed until {end}."
    )


def _delay(found: DriftFindings, place: int) -> View:
    delay = found.delays[place]
    sudden, ramp = (
        "over five years" if months is None else f"{months:.1f} months"
        for months in (delay.sudden_months, delay.ramp_months)
    )
    return {
        "level": delay.level.capitalize(),
        "volume": words.count(round(delay.leads_a_month)),
        "sudden": sudden,
        "ramp": ramp,
    }
