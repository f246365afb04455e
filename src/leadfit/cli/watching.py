"""The command that says how matching does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.canonical import document
from leadfit.cli.base import in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.jobs import MatchReport
from leadfit.watch import (
    NAMES,
    BandShare,
    Kpi,
    MatchKpis,
    WhatIf,
    amount,
    interval_words,
    proof_words,
    state_words,
)

_NOTHING: Final = "-"


@click.command("kpis")
@click.option(
    "--weeks", type=click.IntRange(1, 104), default=4, show_default=True,
    help="Whole weeks beside each other.",
)  # fmt: skip
@in_workspace
def kpis_command(output: Output, workspace: Path | None, *, weeks: int) -> None:
    """Say how well signals find their accounts, week by week, and what is proved of it."""
    with opened(workspace) as leadfit:
        report = leadfit.match_kpis(weeks)
    output.answer(report_document(report), lambda: report_words(report))


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


def _lines(report: MatchReport) -> Iterator[str]:
    last, whole = report.weeks[-1], report.whole
    yield f"Week {last.period.start:%G-W%V}, {_signals(last)}"
    yield from _figures(last)
    for alert in report.alerts:
        yield f"ALERT  {alert.words}"
    yield ""
    yield f"Since {whole.period.start:%Y-%m-%d}, {_signals(whole)}"
    yield from _figures(whole)
    yield f"Links made at once: {proof_words(whole.audit)}"
    yield f"Reviews: {whole.waiting} wait, {whole.overdue} of them overdue"
    yield f"Audits: {whole.unjudged} pairs were drawn and wait to be judged"
    if len(report.weeks) > 1:
        yield ""
        yield "By week"
        yield table([("week", *(NAMES[each.name] for each in last.kpis)), *map(_row, report.weeks)])
    yield ""
    yield "Bands"
    yield table([("", "share", "interval", "meant to be"), *map(_band, whole.bands)])
    yield ""
    yield "With other edges"
    head = (
        "auto from",
        "review from",
        "auto",
        "review",
        "new",
        "wrong links",
        "interval",
        "judged",
    )
    yield table([head, *map(_edge, report.edges)])


def _signals(week: MatchKpis) -> str:
    return f"{week.signals} signal{'' if week.signals == 1 else 's'} that opened a lead"


def _figures(week: MatchKpis) -> Iterator[str]:
    head = ("", "value", "interval", "target", "alert", "from", "")
    yield table([head, *map(_figure, week.kpis)])


def _figure(kpi: Kpi) -> Sequence[object]:
    is_measured = kpi.value is not None and kpi.sample > 0
    side = "<" if kpi.is_rate_of_matches else ">"
    return (
        NAMES[kpi.name],
        _value(kpi),
        interval_words(kpi) if is_measured else _NOTHING,
        _NOTHING if kpi.target is None else amount(kpi.name, kpi.target),
        _NOTHING if kpi.alert is None else f"{side} {amount(kpi.name, kpi.alert)}",
        str(kpi.sample),
        state_words(kpi),
    )


def _value(kpi: Kpi) -> str:
    return _NOTHING if kpi.value is None else amount(kpi.name, kpi.value)


def _row(week: MatchKpis) -> Sequence[object]:
    return (f"{week.period.start:%G-W%V}", *map(_value, week.kpis))


def _share(share: float | None) -> str:
    return _NOTHING if share is None else f"{100 * share:.1f} %"


def _band(band: BandShare) -> Sequence[object]:
    low, high = band.wanted
    wanted = f"{100 * low:.0f} to {100 * high:.0f} %"
    interval = f"{100 * band.low:.1f} to {100 * band.high:.1f} %"
    return (band.band.value, _share(band.share), interval if band.share is not None else _NOTHING,
            wanted + (", outside" if band.is_outside else ""))  # fmt: skip


def _edge(found: WhatIf) -> Sequence[object]:
    interval = f"{100 * found.low:.2f} to {100 * found.high:.2f} %" if found.judged else _NOTHING
    return (
        f"{found.auto:g}",
        f"{found.review:g}",
        *(_share(band.share) for band in found.bands),
        _NOTHING if found.wrong is None else f"{100 * found.wrong:.2f} %",
        interval,
        str(found.judged),
    )


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"kpis": kpis_command})
