"""Commands about who has which lead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from leadfit.app.by_hand import by_hand_document, moved_on_words
from leadfit.canonical import document, moment
from leadfit.cli.base import Moment, in_workspace
from leadfit.cli.listing import leads_command
from leadfit.cli.output import Output
from leadfit.cli.words import rep_names
from leadfit.cli.workspace import lead_meant, opened
from leadfit.jobs import Swept
from leadfit.report.words import person
from leadfit.store.lifts import Lift
from leadfit.store.owners import Override
from leadfit.store.views import LeadView


@click.command("assign")
@click.argument("lead")
@click.argument("rep")
@click.option("--by", required=True, help="Who does it, usually a rep id.")
@click.option("--reason", required=True, help="Why; kept with the assignment.")
@in_workspace
def assign_command(
    output: Output, workspace: Path | None, *, lead: str, rep: str, by: str, reason: str
) -> None:
    """Give LEAD to REP by hand; a new clock begins, and it is counted as an override."""
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        made = leadfit.errands.assign(lead, rep, by=by, reason=reason)
        names = rep_names(leadfit.policy)
    words = f"{lead} belongs to {person(rep, names)} now, as assignment {made.number}"
    output.answer(document(made), words)


@click.command("override")
@click.argument("lead")
@click.option("--by", required=True, help="Who does it, usually a rep id.")
@click.option("--reason", required=True, help="Why; kept with the lead.")
@in_workspace
def override_command(
    output: Output, workspace: Path | None, *, lead: str, by: str, reason: str
) -> None:
    """Lift LEAD over the intent gate, or over a tier a flag forced; the fit gate stays shut."""
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        made = leadfit.errands.lift(lead, by=by, reason=reason)
    words = f"{lead} is Tier {made.tier.value} now, lifted from Tier {made.from_tier.value}"
    output.answer(document(made), words)


@click.command("accept")
@click.argument("lead")
@click.option("--by", required=True, help="Who takes it on, usually a rep id.")
@in_workspace
def accept_command(output: Output, workspace: Path | None, *, lead: str, by: str) -> None:
    """Say that a person took LEAD on; its clocks run until somebody speaks to it."""
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        view = leadfit.errands.accept_lead(lead, by)
    _heard(output, view, f"{lead} is taken on by {by}")


@click.command("reject")
@click.argument("lead")
@click.option("--by", required=True, help="Who turns it down, usually a rep id.")
@click.option("--reason", required=True, help="Why; learning reads it.")
@in_workspace
def reject_command(
    output: Output, workspace: Path | None, *, lead: str, by: str, reason: str
) -> None:
    """Say that a person turned LEAD down, and why; it is closed, and its clocks stop."""
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        view = leadfit.errands.reject_lead(lead, by, reason)
    _heard(output, view, f"{lead} is turned down by {by} and closed")


@click.command("touch")
@click.argument("lead")
@click.option("--by", required=True, help="Who spoke to it, usually a rep id.")
@click.option("--at", type=Moment(), help="When it was; now, if it is not given.")
@in_workspace
def touch_command(
    output: Output, workspace: Path | None, *, lead: str, by: str, at: datetime | None
) -> None:
    """Say that a person spoke to LEAD; its clocks stop."""
    with opened(workspace) as leadfit:
        lead = lead_meant(output, leadfit, lead, to_change=True).lead_id
        view = leadfit.errands.touch(lead, by, at)
    since = "" if view.touched_at is None else f", first on {view.touched_at:%Y-%m-%d %H:%M} UTC"
    _heard(output, view, f"{lead} was spoken to by {by}{since}")


def _heard(output: Output, view: LeadView, words: str) -> None:
    """Answer with what was said and where the lead stands now."""
    output.answer(
        {
            "lead_id": view.lead.lead_id,
            "owner_id": view.lead.owner_id,
            "is_open": view.lead.is_open,
            "touched_at": None if view.touched_at is None else moment(view.touched_at),
        },
        words,
    )


@click.command("overrides")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=35, show_default=True, help="How far back."
)
@in_workspace
def overrides_command(output: Output, workspace: Path | None, *, days: int) -> None:
    """List the leads that people gave to somebody else, or lifted, against the rules."""
    with opened(workspace) as leadfit:
        since = leadfit.world.now() - timedelta(days=days)
        found = leadfit.routing.by_hand(since)
        names = rep_names(leadfit.policy)
    lines = [
        *(_override_words(each, names) for each in found.moved),
        *(_lift_words(each, names) for each in found.lifted),
        *(moved_on_words(each, names) for each in found.moved_on),
    ]
    output.answer(
        by_hand_document(found), lambda: "\n".join(lines) or "no lead was moved or lifted by hand"
    )


def _lift_words(lifted: Lift, names: Mapping[str, str]) -> str:
    at, tiers = f"{lifted.at:%Y-%m-%d %H:%M}", (lifted.from_tier.value, lifted.tier.value)
    why = lifted.reason or "(erased)"
    by = person(lifted.by, names)
    return f"{at}  {lifted.lead_id}  Tier {tiers[0]} -> Tier {tiers[1]}  by {by}: {why}"


def _override_words(moved: Override, names: Mapping[str, str]) -> str:
    whose = "nobody" if moved.from_id is None else person(moved.from_id, names)
    to, by = person(moved.to_id, names), person(moved.by, names)
    at = f"{moved.at:%Y-%m-%d %H:%M}"
    return f"{at}  {moved.lead_id}  {whose} -> {to}  by {by}: {moved.reason}"


@click.command("sweep")
@in_workspace
def sweep_command(output: Output, workspace: Path | None) -> None:
    """Look over all open leads and put right what is not in order."""
    with opened(workspace) as leadfit:
        leadfit.policies.catch_up()
        swept = leadfit.routing.sweep()
    output.answer(
        {**document(swept), "unexplained": swept.leads.unexplained}, lambda: _swept_words(swept)
    )
    if swept.leads.unexplained:
        click.get_current_context().exit(1)


def _swept_words(swept: Swept) -> str:
    leads = swept.leads
    lines = [
        f"{leads.open} open leads: {leads.owned} with an owner, {leads.waiting} that wait for one",
        f"{leads.late} wait longer than they should, {leads.unexplained} are not accounted for",
        f"{swept.moved} left an owner who is not there, {swept.stuck} could not",
        f"{swept.put_right} leads and clocks were put right",
    ]
    return "\n".join(lines)


COMMANDS: Final[Mapping[str, click.Command]] = {
    command.name: command
    for command in (
        accept_command,
        assign_command,
        leads_command,
        override_command,
        overrides_command,
        reject_command,
        sweep_command,
        touch_command,
    )
    if command.name is not None
}
