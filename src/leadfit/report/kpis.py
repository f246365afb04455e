"""The page that says how matching does and how promises of a first touch were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadfit.report.people import named_reps
from leadfit.report.render import render
from leadfit.watch import (
    Alert,
    MatchKpis,
    WhatIf,
    band_rows,
    edge_rows,
    figure_rows,
    proof_words,
    week_name,
    week_rows,
)
from leadfit.watch.response import ResponseFindings
from leadfit.watch.response_tables import ELSEWHERE, arm_rows, contrast_rows, response_words
from leadfit.watch.sla import SlaWeek
from leadfit.watch.sla_tables import kept_rows, length_rows, sla_words, week_kept_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPart:
    """What is told of facts that are bought.

    Attributes:
        words: What was spent this month.
        totals: The same by month and vendor, as rows; the first is the head.
        vendors: Each vendor in words, with its limits as rows: of what, used, at most.
    """

    words: Sequence[str] = ()
    totals: Sequence[Sequence[str]] = ()
    vendors: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()


def kpis_page(
    weeks: Sequence[MatchKpis],
    whole: MatchKpis,
    alerts: Sequence[Alert],
    edges: Sequence[WhatIf],
    *,
    promises: Sequence[SlaWeek] = (),
    experiment: ResponseFindings | None = None,
    spend: SpendPart | None = None,
    by_hand: Sequence[str] = (),
    reps: Mapping[str, str] | None = None,
) -> str:
    """Return the page of the weekly figures.

    Args:
        weeks: Whole weeks, oldest first; at least one.
        whole: The weeks by which the promise is proved.
        alerts: What the last week alerts about.
        edges: The same signals with other edges; the first are in force.
        promises: How promises of a first touch were kept: whole weeks, then the one that runs.
        experiment: What an experiment with response times found.
        spend: What was spent on facts, and what is left of quotas.
        by_hand: What people moved and lifted by hand, in words.
        reps: The names of those who work here, by id.
    """
    last = weeks[-1]
    tables = (
        (f"Week {week_name(last)}", figure_rows(last)),
        (f"Since {whole.period.start:%Y-%m-%d}", figure_rows(whole)),
        ("Week by week", week_rows(weeks)),
        ("Bands", band_rows(whole.bands)),
        ("The same signals with other edges; the first row is in force", edge_rows(edges)),
    )
    return render(
        "kpis.html",
        {
            "here": "kpis",
            "title": "KPIs",
            "alerts": [alert.words for alert in alerts],
            "proof": proof_words(whole.audit),
            "is_proved": whole.audit.more == 0,
            "waiting": whole.waiting,
            "overdue": whole.overdue,
            "unjudged": whole.unjudged,
            "tables": [_table(caption, rows) for caption, rows in tables],
            "promises": [_promises(week, reps or {}) for week in reversed(promises[-2:])],
            "promise_weeks": _table("Promises week by week", week_kept_rows(promises)),
            "experiment": None if experiment is None else _experiment(experiment),
            "by_hand": by_hand,
            "spend": None if spend is None else _spend(spend),
        },
    )


def _table(caption: str, rows: Sequence[Sequence[str]]) -> dict[str, object]:
    return {"caption": caption, "head": rows[0], "rows": rows[1:]}


def _experiment(found: ResponseFindings) -> dict[str, object]:
    tables = [("What became of each arm", arm_rows(found))] if found.arms else []
    if found.contrasts:
        tables.append(("Each faster arm against the slowest", contrast_rows(found)))
    return {
        "name": found.experiment,
        "words": list(response_words(found)),
        "tables": [_table(caption, rows) for caption, rows in tables],
        "elsewhere": ELSEWHERE,
    }


def _spend(found: SpendPart) -> dict[str, object]:
    head, totals = ("limit", "used", "at most"), None
    if found.totals:
        rows = [("month or vendor", *found.totals[0][1:]), *found.totals[1:]]
        totals = _table("This month", rows)
    return {
        "words": list(found.words),
        "totals": totals,
        "vendors": [_table(name, (head, *rows)) for name, rows in found.vendors],
    }


def _promises(week: SlaWeek, names: Mapping[str, str]) -> dict[str, object]:
    reps = named_reps(week.reps, names)
    groups = (("Tier", week.tiers), ("Team", week.teams), ("Rep", reps))
    tables = [_table(f"By {name.lower()}", kept_rows(each, name)) for name, each in groups if each]
    if week.whole.judged:
        tables.append(_table("How long the clocks ran", length_rows(week.lengths)))
    return {
        "name": f"{week.period.start:%G-W%V}",
        "words": list(sla_words(week)),
        "tables": tables,
        "incidents": [{"lead_id": lead, "words": words} for lead, words in week.incidents],
    }
