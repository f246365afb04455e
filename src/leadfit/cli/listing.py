"""The command that lists leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from leadfit.app.listing import MOST_LEADS, LeadPage, LeadRow, LeadsAsked
from leadfit.canonical import document
from leadfit.cli.base import FILE, Moment, in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.words import rep_names
from leadfit.cli.workspace import opened
from leadfit.jobs.files.tables import write_table
from leadfit.records import Tier
from leadfit.report import words

_PAGE: Final = 50
COLUMNS: Final = tuple(each.name for each in fields(LeadRow))
_NUMBERS: Final = ("tier", "score", "probability")
_STATES: Final = {"open": True, "closed": False}


@click.command("leads")
@click.option("--tier", type=click.Choice(["1", "2", "3"]), help="Leads of this tier.")
@click.option("--owner", metavar="REP", help="Leads of this owner.")
@click.option("--state", type=click.Choice([*_STATES]), help="Open or closed leads only.")
@click.option("--since", type=Moment(), help="Leads created then or later.")
@click.option("--account", metavar="ACCOUNT", help="Leads of an account: its id or a domain.")
@click.option("--person", metavar="PERSON", help="Leads of a person: the address or contact id.")
@click.option("--unassigned", is_flag=True, help="Open leads without an owner.")
@click.option("--breached", is_flag=True, help="Leads of which a clock ran out at any time.")
@click.option("--untouched", is_flag=True, help="Open leads that nobody touched yet.")
@click.option(
    "--limit", type=click.IntRange(1, MOST_LEADS), help="Most leads of a page; 50 by default."
)
@click.option("--after", metavar="LEAD", help="Go on behind this lead: the `next` of a page.")
@click.option("--as", "viewer", metavar="REP", help="Show what this rep may see.")
@click.option("--out", type=FILE, help="Write all of them here, .csv or .parquet.")
@in_workspace
def leads_command(
    output: Output,
    workspace: Path | None,
    *,
    tier: str | None,
    owner: str | None,
    state: str | None,
    since: datetime | None,
    account: str | None,
    person: str | None,
    unassigned: bool,
    breached: bool,
    untouched: bool,
    limit: int | None,
    after: str | None,
    viewer: str | None,
    out: Path | None,
) -> None:
    """List leads, newest first: who has them, how they stand, what is due next."""
    if out is not None and (limit is not None or after is not None):
        raise click.UsageError("--out writes all of them; leave out --limit and --after")
    asked = LeadsAsked(
        tier=None if tier is None else Tier(int(tier)),
        owner_id=owner,
        is_open=None if state is None else _STATES[state],
        since=since,
        account=account,
        person=person,
        is_unassigned=unassigned,
        is_breached=breached,
        is_untouched=untouched,
        viewer=viewer,
    )
    with opened(workspace) as leadfit:
        if out is not None:
            count = _write(out, leadfit.listing.every(asked))
            output.answer({"out": str(out), "leads": count}, f"{count} leads are in {out}")
            return
        page, now = leadfit.listing.page(asked, limit or _PAGE, after=after), leadfit.world.now()
        names = rep_names(leadfit.policy)
    output.answer(
        {"leads": [document(each) for each in page.rows], "next": page.next},
        lambda: "\n".join(_lines(page, now, names)),
    )


def _write(out: Path, rows: Iterator[LeadRow]) -> int:
    count = 0

    def cells() -> Iterator[list[object]]:
        nonlocal count
        for count, row in enumerate(rows, 1):  # noqa: B007 -- it is read when all are written
            yield [_cell(value) for value in document(row).values()]

    write_table(out, COLUMNS, cells(), numbers=_NUMBERS)
    return count


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _lines(page: LeadPage, now: datetime, names: Mapping[str, str]) -> Iterator[str]:
    if not page.rows:
        yield "no lead fits this choice"
        return
    head = ("LEAD", "CREATED", "TIER", "SCORE", "OWNER", "ACCOUNT", "CONTACT", "NEXT CLOCK")
    yield table([head, *(_row(each, now, names) for each in page.rows)])
    if page.next is not None:
        yield f"more: the same with --after {page.next}"


def _row(row: LeadRow, now: datetime, names: Mapping[str, str]) -> tuple[str, ...]:
    nobody = "nobody" if row.is_open else "-"
    owner = nobody if row.owner_id is None else words.person(row.owner_id, names)
    account = "(hidden)" if row.is_account_hidden else words.short(row.account or "-", 28)
    return (
        row.lead_id,
        f"{row.created_at:%Y-%m-%d %H:%M}",
        "-" if row.tier is None else str(row.tier.value),
        "-" if row.score is None else f"{row.score:.0f}",
        words.short(owner, 40),
        account,
        words.short(row.contact or "-", 28),
        _state(row, now),
    )


def _state(row: LeadRow, now: datetime) -> str:
    if not row.is_open:
        return "closed"
    if row.due_at is None:
        return "none" if row.touched_at is None else "none, touched"
    lasting = words.lasting(abs(row.due_at - now))
    said = f"overdue by {lasting}" if row.is_overdue else f"{lasting} left"
    return f"{said}, ran out before" if row.is_breached and not row.is_overdue else said
