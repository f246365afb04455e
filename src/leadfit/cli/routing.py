"""Commands about who has which lead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from leadfit.canonical import document
from leadfit.cli.base import in_workspace
from leadfit.cli.listing import leads_command
from leadfit.cli.output import Output
from leadfit.cli.workspace import lead_meant, opened
from leadfit.jobs import Swept
from leadfit.store.lifts import Lift
from leadfit.store.owners import Override


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
        made = leadfit.routing.assign(lead, rep, by=by, reason=reason)
    words = f"{lead} belongs to {rep} now, as assignment {made.number}"
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
        made = leadfit.routing.lift(lead, by=by, reason=reason)
    words = f"{lead} is Tier {made.tier.value} now, lifted from Tier {made.from_tier.value}"
    output.answer(document(made), words)


@click.command("overrides")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=35, show_default=True, help="How far back."
)
@in_workspace
def overrides_command(output: Output, workspace: Path | None, *, days: int) -> None:
    """List the leads that people gave to somebody else, or lifted, against the rules."""
    with opened(workspace) as leadfit:
        since = leadfit.world.now() - timedelta(days=days)
        moved, lifted = leadfit.routing.overrides(since), leadfit.routing.lifts_since(since)
    told = {
        "since": since.isoformat(),
        "overrides": [document(each) for each in moved],
        "lifted": [document(each) for each in lifted],
    }
    lines = [*map(_override_words, moved), *map(_lift_words, lifted)]
    output.answer(told, lambda: "\n".join(lines) or "no lead was moved or lifted by hand")


def _lift_words(lifted: Lift) -> str:
    at, tiers = f"{lifted.at:%Y-%m-%d %H:%M}", (lifted.from_tier.value, lifted.tier.value)
    why = lifted.reason or "(erased)"
    return f"{at}  {lifted.lead_id}  Tier {tiers[0]} -> Tier {tiers[1]}  by {lifted.by}: {why}"


def _override_words(moved: Override) -> str:
    whose = moved.from_id or "nobody"
    at = f"{moved.at:%Y-%m-%d %H:%M}"
    return f"{at}  {moved.lead_id}  {whose} -> {moved.to_id}  by {moved.by}: {moved.reason}"


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
        assign_command,
        leads_command,
        override_command,
        overrides_command,
        sweep_command,
    )
    if command.name is not None
}
