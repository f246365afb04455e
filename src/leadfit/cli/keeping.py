"""Commands about what is kept: check it, decide again, erase a person and hand out what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.app import Erased
from leadfit.canonical import document
from leadfit.cli.base import Moment, in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.jobs import Divergence, Replayed
from leadfit.store.views import Verification


@click.command("replay")
@click.option("--since", type=Moment(), help="Leave decisions before this time out.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
    help="Processes that share the work.",
)  # fmt: skip
@in_workspace
def replay_command(
    output: Output, workspace: Path | None, *, since: datetime | None, workers: int
) -> None:
    """Make recorded decisions again and compare every byte; exit code 1 if one differs."""
    with opened(workspace) as leadfit:
        found = leadfit.replay(since, workers=workers)
    output.answer({**document(found), "holds": found.holds}, lambda: "\n".join(_replayed(found)))
    if not found.holds:
        click.get_current_context().exit(1)


@click.command("verify")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="ROW:HASH",
    help="What an earlier check printed, kept elsewhere; must still be in the log.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
    help="Processes that share the work.",
)  # fmt: skip
@in_workspace
def verify_command(
    output: Output, workspace: Path | None, *, anchors: tuple[str, ...], workers: int
) -> None:
    """Check that nothing of the event log was changed or dropped; exit code 1 if something was."""
    with opened(workspace) as leadfit:
        found = leadfit.verify(workers=workers, anchors=anchors)
    output.answer(document(found), lambda: "\n".join(_verified(found)))
    if not found.intact:
        click.get_current_context().exit(1)


def _verified(found: Verification) -> Iterator[str]:
    rows = "1 row of the log was" if found.rows == 1 else f"{found.rows} rows of the log were"
    yield f"{rows} checked: " + ("all as written" if found.intact else "the log is damaged")
    yield from found.faults
    if found.anchor is not None:
        yield f"anchor, to be kept elsewhere: {found.anchor}"


def _replayed(found: Replayed) -> Iterator[str]:
    yield table(
        [
            ("decisions", found.decisions),
            ("  the same, byte for byte", found.same),
            ("  of persons who were erased", found.erased),
            ("  made before inputs were kept", found.without_inputs),
            ("  different", found.different),
        ]
    )
    for each in found.differences:
        yield from _difference(each)
    if found.different > len(found.differences):
        yield f"... and {found.different - len(found.differences)} more"
    yield f"SHA-256 over all of them: {found.digest}"


def _difference(found: Divergence) -> Iterator[str]:
    lead = "" if found.lead_id is None else f" of lead {found.lead_id}"
    yield f"\n{found.decision_id}{lead}, row {found.seq} of the log: {found.why}"
    for change in found.changes:
        yield f"  {change.field}"
        yield f"    then {change.then or 'nothing'}"
        yield f"    now  {change.now or 'nothing'}"


@click.command("erase")
@click.argument("person")
@click.option("--readmit", is_flag=True, help="Let a person who was erased come in again.")
@in_workspace
def erase_command(output: Output, workspace: Path | None, *, person: str, readmit: bool) -> None:
    """Remove what is kept of PERSON, an address or a contact's id, for good."""
    with opened(workspace) as leadfit:
        if readmit:
            was_out = leadfit.errands.readmit(person)
            words = "may come in again" if was_out else "was not kept out"
            output.answer({"readmitted": was_out}, f"The person {words}")
            return
        found = leadfit.errands.erase(person)
    output.answer(document(found), lambda: "\n".join(_erased(found)))


def _erased(found: Erased) -> Iterator[str]:
    removed = found.removed
    if not removed.persons:
        yield "Nobody by this address or id is on record; from now on nobody brings it in"
        return
    yield "Erased, and nobody brings the person back:"
    yield table(
        [
            ("persons with their keys", removed.persons),
            ("contacts that now name nobody", removed.contacts),
            ("signals without what they said", removed.statements),
            ("leads that stay without a person", removed.leads),
            ("texts written about them", removed.texts),
            ("decisions that stay and name nobody", removed.decisions),
        ],
        indent="  ",
    )
    if not found.scrubbed:
        yield (
            "Somebody reads the store at this moment: its log still holds sealed leftovers without "
            "their key. Run the command again, or stop the server, to drop them"
        )


@click.command("export")
@click.argument("person")
@in_workspace
def export_command(output: Output, workspace: Path | None, *, person: str) -> None:
    """Print everything that is kept of PERSON, an address or a contact's id, as JSON."""
    with opened(workspace) as leadfit:
        found = leadfit.persons.export(person)
    as_json = Output(as_json=True)
    (output if output.as_json else as_json).answer(found, "")


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType(
    {
        "erase": erase_command,
        "export": export_command,
        "replay": replay_command,
        "verify": verify_command,
    }
)
