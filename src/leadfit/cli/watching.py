"""The command that says how matching does and how promises of a first touch were kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.app.by_hand import by_hand_document, by_hand_words
from leadfit.app.enriching import VendorStatus
from leadfit.app.spent import (
    gate_words,
    quota_rows,
    spending_document,
    spending_words,
    total_rows,
)
from leadfit.canonical import document
from leadfit.cli.base import in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.words import rep_names
from leadfit.cli.workspace import opened
from leadfit.jobs import MatchReport, SlaReport
from leadfit.jobs.vendors.spending import Spending
from leadfit.report.people import named_reps
from leadfit.watch import (
    MatchKpis,
    band_rows,
    edge_rows,
    figure_rows,
    proof_words,
    week_name,
    week_rows,
)
from leadfit.watch.sla import Kept, SlaWeek
from leadfit.watch.sla_tables import kept_rows, length_rows, sla_words, week_kept_rows


@click.command("kpis")
@click.option(
    "--weeks", type=click.IntRange(1, 104), default=4, show_default=True,
    help="Whole weeks beside each other.",
)  # fmt: skip
@in_workspace
def kpis_command(output: Output, workspace: Path | None, *, weeks: int) -> None:
    """Say week by week how well signals find their accounts and how promises were kept."""
    with opened(workspace) as leadfit:
        report, sla = leadfit.match_kpis(weeks), leadfit.sla_kpis(weeks)
        hand = leadfit.routing.by_hand(report.weeks[0].period.start)
        vendors, spent = leadfit.enriching.status(), leadfit.enriching.report()
        names = rep_names(leadfit.policy)
    output.answer(
        {
            **report_document(report),
            "sla": sla_document(sla),
            "by_hand": by_hand_document(hand),
            "vendors": [document(each) for each in vendors],
            "spending": spending_document(spent, 0),
        },
        lambda: "\n\n".join(
            (
                report_words(report),
                sla_report_words(sla, names),
                "\n".join(by_hand_words(hand, names)),
                "\n".join(_vendor_lines(vendors, spent)),
            )
        ),
    )


def report_document(report: MatchReport) -> dict[str, object]:
    """Return the report as JSON types."""
    return {
        "week": _document(report.weeks[-1]),
        "whole": _document(report.whole),
        "weeks": [_document(each) for each in report.weeks],
        "alerts": [
            {"kpi": each.kpi.name.value, "weeks": each.weeks, "words": each.words}
            for each in report.alerts
        ],
        "edges": [document(each) for each in report.edges],
    }


def _document(week: MatchKpis) -> dict[str, object]:
    return {
        **document(week.period),
        "signals": week.signals,
        "kpis": {
            each.name.value: {
                **{key: value for key, value in document(each).items() if key != "name"},
                "is_proved": each.is_proved,
                "is_beyond": each.is_beyond,
            }
            for each in week.kpis
        },
        "bands": [document(each) for each in week.bands],
        "audit": {
            **document(week.audit), "bound": week.audit.bound, "words": proof_words(week.audit)
        },
        "waiting": week.waiting,
        "overdue": week.overdue,
        "unjudged": week.unjudged,
    }  # fmt: skip


def report_words(report: MatchReport) -> str:
    """Return the report for a person."""
    return "\n".join(_lines(report))


def sla_document(report: SlaReport) -> dict[str, object]:
    """Return how promises were kept as JSON types."""
    return {
        "week": _sla_document(report.weeks[-1]),
        "so_far": _sla_document(report.so_far),
        "weeks": [_sla_document(each) for each in report.weeks],
    }


def _sla_document(week: SlaWeek) -> dict[str, object]:
    def kept(groups: Sequence[Kept]) -> list[dict[str, object]]:
        return [
            {**document(each), "judged": each.judged, "share": each.share, "low": each.low,
             "high": each.high}
            for each in groups
        ]  # fmt: skip

    return {
        **document(week.period),
        "whole": kept([week.whole])[0],
        "tiers": kept(week.tiers),
        "teams": kept(week.teams),
        "reps": kept(week.reps),
        "clocks": [document(each) for each in week.lengths],
        "breach_steps": week.steps,
        "late_s": {"p99": week.late_p99_s, "max": week.late_s},
        "pages": week.pages,
        "breaches_paged": week.told,
        "incidents": [{"lead_id": lead, "words": words} for lead, words in week.incidents],
        "open": week.open,
        "moved": week.moved,
    }


def sla_report_words(report: SlaReport, names: Mapping[str, str]) -> str:
    """Return how promises were kept, for a person."""
    return "\n".join(_sla_lines(report, names))


def _sla_lines(report: SlaReport, names: Mapping[str, str]) -> Iterator[str]:
    for name, week in (("Week", report.weeks[-1]), ("This week so far, week", report.so_far)):
        yield f"{name} {week.period.start:%G-W%V}: {'; '.join(sla_words(week))}"
        reps = named_reps(week.reps, names)
        for head, groups in (("tier", week.tiers), ("team", week.teams), ("rep", reps)):
            if groups:
                yield table(kept_rows(groups, head))
        if week.whole.judged:
            yield table(length_rows(week.lengths))
        for lead_id, words in week.incidents:
            yield f"INCIDENT  {lead_id}: {words}"
        yield ""
    yield table(week_kept_rows((*report.weeks, report.so_far)))


def _vendor_lines(vendors: Sequence[VendorStatus], spent: Spending) -> Iterator[str]:
    """Yield what bought facts cost this month, and what is left of the quotas of vendors."""
    if not vendors and not spent.whole.calls:
        yield "No fact is bought: the policy names no vendor"
        return
    yield from spending_words(spent)
    if spent.whole.calls:
        yield table(total_rows((*spent.months, *spent.vendors)), indent="  ")
    for each in vendors:
        yield gate_words(each)
        if rows := quota_rows(each):
            yield table(rows, indent="  ")


def _lines(report: MatchReport) -> Iterator[str]:
    last, whole = report.weeks[-1], report.whole
    yield f"Week {week_name(last)}, {_signals(last)}"
    yield table(figure_rows(last))
    for alert in report.alerts:
        yield f"ALERT  {alert.words}"
    yield ""
    yield f"Since {whole.period.start:%Y-%m-%d}, {_signals(whole)}"
    yield table(figure_rows(whole))
    yield f"Links made at once: {proof_words(whole.audit)}"
    yield f"Reviews: {whole.waiting} wait, {whole.overdue} of them overdue"
    yield f"Pairs drawn for audit that wait to be judged: {whole.unjudged}"
    if len(report.weeks) > 1:
        yield ""
        yield table(week_rows(report.weeks))
    yield ""
    yield table(band_rows(whole.bands))
    yield ""
    yield "The same signals with other edges; the first row is in force"
    yield table(edge_rows(report.edges))


def _signals(week: MatchKpis) -> str:
    return f"{week.signals} signal{'' if week.signals == 1 else 's'} that opened a lead"


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"kpis": kpis_command})
