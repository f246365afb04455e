"""Commands about what became of actions, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.app.delivering import DeliveryStatus, status_document
from leadfit.canonical import document
from leadfit.cli.base import in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.store.outbox import DeadLetter, Gate, GateState

_BY: Final = "cli"


@click.command("outbox")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=20, show_default=True,
    help="Most dead letters that are shown.",
)  # fmt: skip
@click.option(
    "--what",
    type=click.Choice(["action", "signal", "clock"]),
    help="Dead letters of one sort only.",
)
@in_workspace
def outbox_command(output: Output, workspace: Path | None, *, limit: int, what: str | None) -> None:
    """Say what waits to be sent, which destinations fail, what is in doubt, what is dead."""
    with opened(workspace) as leadfit:
        status = leadfit.deliveries.status()
        letters = leadfit.deliveries.dead_letters(limit, what)
    output.answer(
        {**status_document(status), "dead_letters": [document(each) for each in letters]},
        lambda: "\n".join(_lines(status, letters)),
    )


@click.command("retry")
@click.argument("key")
@click.option("--by", default=_BY, show_default=True, help="Who asks for it; kept in the log.")
@in_workspace
def retry_command(output: Output, workspace: Path | None, *, key: str, by: str) -> None:
    """Let the dead letter KEY be tried again, in its old place in the order of its lead."""
    with opened(workspace) as leadfit:
        letter = leadfit.errands.retry(key, by)
    output.answer(
        {"key": letter.key, "what": letter.what, "retried": True},
        f"The {letter.what} {letter.key} is tried again.",
    )


@click.command("drop")
@click.argument("key")
@click.option("--by", default=_BY, show_default=True, help="Who gives it up; kept in the log.")
@in_workspace
def drop_command(output: Output, workspace: Path | None, *, key: str, by: str) -> None:
    """Give the dead letter KEY up for good; it stays on record."""
    with opened(workspace) as leadfit:
        letter = leadfit.errands.drop(key, by)
    output.answer(
        {"key": letter.key, "what": letter.what, "dropped": True},
        f"The {letter.what} {letter.key} is given up.",
    )


@click.command("resume")
@click.argument("destination")
@click.option("--by", default=_BY, show_default=True, help="Who asks for it; kept in the log.")
@in_workspace
def resume_command(output: Output, workspace: Path | None, *, destination: str, by: str) -> None:
    """Send to DESTINATION again, though it is left alone; its next action tries it."""
    with opened(workspace) as leadfit:
        gate = leadfit.errands.resume(destination, by)
    output.answer(
        {"destination": destination, "resumed": True, "was": document(gate)},
        f"{destination} is tried again with its next action; it would have been left "
        f"alone until {gate.until:%Y-%m-%d %H:%M:%S} UTC ({gate.why or 'no reason given'}).",
    )


def _lines(status: DeliveryStatus, letters: tuple[DeadLetter, ...]) -> Iterator[str]:
    if status.destinations:
        yield table(
            [
                (
                    each.gate.destination,
                    each.gate.state.value,
                    f"{each.waiting} waiting",
                    "" if each.oldest_at is None else f"since {each.oldest_at:%Y-%m-%d %H:%M} UTC",
                    _trouble(each.gate, status.at),
                )
                for each in status.destinations
            ]
        )
    else:
        yield "Nothing is due to be sent."
    for view in status.doubtful:
        yield f"in doubt  {view.action.key}  {view.doubts}x  {view.error or ''}"
    if status.near_misses:
        yield f"{status.near_misses} fields we wrote came back with another value"
    yield (
        f"Dead letters: {status.dead_actions} actions, {status.dead_signals} signals, "
        f"{status.dead_clocks} clocks"
    )
    if letters:
        yield table(
            [
                (each.key, each.kind, each.place, f"{each.at:%Y-%m-%d %H:%M}", each.reason)
                for each in letters
            ],
            indent="  ",
        )
        yield "leadfit retry KEY tries one again, leadfit drop KEY gives it up"
    if any(each.gate.holds(status.at) for each in status.destinations):
        yield "leadfit resume DESTINATION sends there again, without waiting"


def _trouble(gate: Gate, now: datetime) -> str:
    if gate.failing_since is None:
        return ""
    then = "tried with the next action"
    if gate.state is GateState.TRYING:
        then = "one action tries it"
    elif gate.holds(now) and gate.until is not None:
        then = f"nothing is sent before {gate.until:%Y-%m-%d %H:%M:%S} UTC"
    return f"{gate.why or 'no reason given'}; {then}"


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType(
    {
        "drop": drop_command,
        "outbox": outbox_command,
        "resume": resume_command,
        "retry": retry_command,
    }
)
