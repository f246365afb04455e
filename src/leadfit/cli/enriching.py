"""Commands about facts that are bought: what they cost, how good vendors are, what is left."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.app.enriching import VendorStatus
from leadfit.app.scorecard import Line, MeasuredVendor
from leadfit.app.spent import (
    gate_words,
    money,
    quota_rows,
    spending_document,
    spending_words,
    total_rows,
)
from leadfit.bounds import percent, percent_span
from leadfit.canonical import document, plain
from leadfit.cli.base import FILE, Moment, in_workspace, write_out
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import lead_meant, opened
from leadfit.jobs import CertificatesChecked
from leadfit.jobs.vendors.audit import LEAST_LEADS, VendorAudit
from leadfit.jobs.vendors.spending import Spending, changed
from leadfit.store.vendors import VendorCall


@click.group("enrich")
def enrich_group() -> None:
    """Facts that are bought: what they cost, how good vendors are, what is left of quotas."""


@enrich_group.command("report")
@click.option("--since", type=Moment(), help="From when on; default: the first of this month.")
@click.option("--until", type=Moment(), help="Up to when; default: now.")
@click.option(
    "--leads", type=click.IntRange(0, 1_000), default=10, show_default=True,
    help="Leads that cost most, to be listed.",
)  # fmt: skip
@click.option("--calls", is_flag=True, help="List every call with its lead and its decision.")
@in_workspace
def report_command(
    output: Output,
    workspace: Path | None,
    *,
    since: datetime | None,
    until: datetime | None,
    leads: int,
    calls: bool,
) -> None:
    """Say what calls cost by month, vendor, lead and decision, and how much was waste."""
    with opened(workspace) as leadfit:
        found = leadfit.enriching.report(since, until)
    shown = found.lines if calls else ()
    output.answer(
        spending_document(found, leads, shown), lambda: "\n".join(_report(found, leads, shown))
    )


def _report(found: Spending, leads: int, calls: tuple[VendorCall, ...]) -> Iterator[str]:
    yield from spending_words(found)
    if not found.whole.calls:
        return
    yield table(total_rows((*found.months, *found.vendors)), indent="  ")
    if leads:
        yield "Leads that cost most:"
        yield table(total_rows(found.leads(leads)), indent="  ")
    for call in calls:
        verdict = {True: "changed", False: "changed nothing", None: "not known"}[changed(call)]
        yield (
            f"  {call.at:%Y-%m-%d %H:%M:%S}  {call.vendor}  {call.lead_id or call.signal_id}  "
            f"{call.state.value}{f' ({call.reason})' if call.reason else ''}  "
            f"{money(call.cost.money, found.currency)}  {verdict}"
        )


@enrich_group.command("scorecard")
@in_workspace
def scorecard_command(output: Output, workspace: Path | None) -> None:
    """Say what is known of seven platforms, with sources, beside what was measured here."""
    with opened(workspace) as leadfit:
        lines = leadfit.enriching.scorecard()
    output.answer(
        {"platforms": [plain(each) for each in lines]},
        lambda: "\n".join(line for each in lines for line in _line(each)),
    )


def _line(line: Line) -> Iterator[str]:
    yield f"{line.platform}  (confidence: {line.confidence or 'none'}; {line.status})"
    yield table(
        [
            (each.column, "not known" if each.value is None else each.value, each.source or "")
            for each in line.cells
        ],
        indent="  ",
    )
    for each in line.measured:
        yield f"  measured here as {each.vendor}: {_measured(each)}"


def _measured(found: MeasuredVendor) -> str:
    accuracy = "not audited"
    if found.accuracy is not None:
        accuracy = (
            f"{percent(found.accuracy, 0)} of {found.audited} leads right "
            f"({percent_span(found.low, found.high, 0)})"
        )
    calls = "1 call" if found.calls == 1 else f"{found.calls:,} calls"
    seconds = "" if found.latency_s is None else f", {found.latency_s:.2f} s"
    return (
        f"{calls}, hits {percent(found.hit_rate, 0)}, "
        f"{money(found.cost_per_answer, found.currency)} an answer{seconds}; {accuracy}"
    )


@enrich_group.command("audit")
@click.argument("vendor")
@click.argument("truth", type=FILE)
@click.option(
    "--tolerance", type=click.FloatRange(0, 0.5), default=0.1, show_default=True,
    help="Share by which a number may be off and still be right.",
)  # fmt: skip
@in_workspace
def audit_command(
    output: Output, workspace: Path | None, *, vendor: str, truth: Path, tolerance: float
) -> None:
    """Compare what VENDOR answered with the CSV file TRUTH, fact by fact, with intervals."""
    with opened(workspace) as leadfit:
        found = leadfit.enriching.audit(vendor, truth, tolerance=tolerance)
    output.answer(document(found), lambda: "\n".join(_audit(found)))


def _audit(found: VendorAudit) -> Iterator[str]:
    yield f"{found.leads} of {found.rows} leads could be compared with what {found.vendor} said"
    rows = [
        (
            each.fact, f"{each.right} of {each.compared}", percent(each.share, 0),
            percent_span(each.low, each.high), f"{each.missing} not said",
            f"{each.unreadable} unreadable in the file" if each.unreadable else "",
        )
        for each in (*found.facts, found.whole)
        if each.compared or each.missing or each.unreadable
    ]  # fmt: skip
    if rows:
        yield table(rows, indent="  ")
    yield f"intervals: exact, 95 %; a number may be off by {percent(found.tolerance, 0)}"
    if found.whole.unreadable:
        yield "unreadable: the vendor said a number, the file holds text that is none; not counted"
    if not found.is_enough:
        yield (
            f"too few: an audit wants {LEAST_LEADS} leads or more; "
            "these intervals say how little is known"
        )


@enrich_group.command("sample")
@click.argument("vendor")
@click.option(
    "--leads", type=click.IntRange(1, 100_000), default=LEAST_LEADS, show_default=True,
    help="How many.",
)  # fmt: skip
@click.option("--out", type=FILE, required=True, help="The file that is written.")
@in_workspace
def sample_command(
    output: Output, workspace: Path | None, *, vendor: str, leads: int, out: Path
) -> None:
    """Draw companies that VENDOR answered about, to be filled in with the truth and audited."""
    with opened(workspace) as leadfit:
        domains, facts = leadfit.enriching.sample(vendor, leads)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("domain", *facts))
    writer.writerows((domain, *("" for _ in facts)) for domain in domains)
    write_out(out, text.getvalue().encode())
    short = f"; {leads} were asked for" if len(domains) < leads else ""
    output.answer(
        {"vendor": vendor, "leads": len(domains), "facts": list(facts), "out": str(out)},
        f"{len(domains)} companies were written to {out}, to be filled in by hand, without looking "
        f"at what the vendor said{short}.",
    )


@enrich_group.command("quotas")
@in_workspace
def quotas_command(output: Output, workspace: Path | None) -> None:
    """Say what is left of each vendor's money, credits and rate limits, and whether it works."""
    with opened(workspace) as leadfit:
        found = leadfit.enriching.status()
    output.answer(
        {"vendors": [document(each) for each in found]},
        lambda: "\n".join(_quotas(found)),
    )


def _quotas(found: tuple[VendorStatus, ...]) -> Iterator[str]:
    if not found:
        yield "The policy names no vendor."
    for each in found:
        yield gate_words(each)
        rows = quota_rows(each)
        if rows:
            yield table(rows, indent="  ")


@enrich_group.command("check")
@click.option("--lead", metavar="LEAD", help="The certificates of one lead.")
@click.option("--all", "every", is_flag=True, help="Every certificate; so it is without --lead.")
@in_workspace
def check_command(output: Output, workspace: Path | None, *, lead: str | None, every: bool) -> None:
    """Check again why nothing that could be bought changed decisions; exit code 1 if one fails.

    The bounds are made again from what each decision was made from, and compared byte for byte.
    By another way, values of the unknown facts are tried through score and ranking themselves.
    Without --lead, purchases, calls and budgets must fit together, too.
    """
    if lead is not None and every:
        raise click.UsageError("either --lead or --all")
    with opened(workspace) as leadfit:
        lead = None if lead is None else lead_meant(output, leadfit, lead).lead_id
        found = leadfit.enriching.check(lead)
    output.answer(
        {**document(found), "holds": found.holds}, lambda: "\n".join(_certificates(found))
    )
    if not found.holds:
        click.get_current_context().exit(1)


def _certificates(found: CertificatesChecked) -> Iterator[str]:
    yield table(
        [
            ("certificates", found.certificates),
            ("  that hold", found.held),
            ("  of persons who were erased", found.erased),
            ("  that do not hold", found.refuted),
            ("values of unknown facts tried", found.completions),
        ]
    )
    for each in found.shown:
        lead = "" if each.lead_id is None else f" of lead {each.lead_id}"
        yield f"{each.decision_id}{lead}: {each.why}"
    if found.ledger:
        yield "The ledger of calls does not add up:"
    for fault in found.ledger:
        yield f"  {fault}"


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"enrich": enrich_group})
