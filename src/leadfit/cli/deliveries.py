"""Commands about what became of actions, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from leadfit.app.delivering import DeliveryStatus
from leadfit.canonical import document
from leadfit.cli.base import in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.store.outbox import DeadLetter, Gate

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


def status_document(status: DeliveryStatus) -> dict[str, object]:
    """Return how deliveries are doing as JSON types."""
    return {
        "destinations": [
            {
                **document(each.gate),
                "waiting": each.waiting,
                "oldest_at": None if each.oldest_at is None else each.oldest_at.isoformat(),
            }
            for each in status.destinations
        ],
        "doubtful": [document(each) for each in status.doubtful],
        "dead_actions": status.dead_actions,
        "dead_signals": status.dead_signals,
        "dead_clocks": status.dead_clocks,
        "near_misses": status.near_misses,
    }


def _lines(status: DeliveryStatus, letters: tuple[DeadLetter, ...]) -> Iterator[str]:
    if status.destinations:
        yield table(
            [
                (
                    each.gate.destination,
                    each.gate.state.value,
                    f"{each.waiting} waiting",
                    "" if each.oldest_at is None else f"since {each.oldest_at:%Y-%m-%d %H:%M} UTC",
                    _trouble(each.gate),
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


def _trouble(gate: Gate) -> str:
    until = "" if gate.until is None else f", until {gate.until:%H:%M:%S} UTC"
    return f"{gate.why or ''}{until}"


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType(
    {"drop": drop_command, "outbox": outbox_command, "retry": retry_command}
)
