"""Options every command shares, and the edge at which errors become exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from leadfit.cli.output import Output
from leadfit.errors import BadInput, Fault, shorten

P = ParamSpec("P")


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or time; without a zone it is UTC."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return an aware UTC time."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"came {shorten(value)}; allowed: an ISO 8601 date or time such as 2026-06-30",
                param,
                ctx,
            )
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


FOLDER = click.Path(path_type=Path)
FILE = click.Path(path_type=Path)


def answering(
    command: Callable[Concatenate[Output, P], None],
) -> Callable[P, None]:
    """Give a command ``--json`` and hand it the :class:`Output` as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.pass_context
    @functools.wraps(command)
    def run(ctx: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.pop("as_json"))
        ctx.ensure_object(dict)["as_json"] = as_json
        command(Output(as_json=as_json), *args, **kwargs)

    return run


def in_workspace(
    command: Callable[Concatenate[Output, Path | None, P], None],
) -> Callable[P, None]:
    """Give a command ``--json`` and ``--workspace``; the latter may also stand before it."""

    def run(output: Output, /, *args: P.args, **kwargs: P.kwargs) -> None:
        own = kwargs.pop("workspace")
        outer = click.get_current_context().find_root().params.get("workspace")
        chosen = own or outer
        command(output, chosen if isinstance(chosen, Path) else None, *args, **kwargs)

    functools.update_wrapper(run, command)
    option = click.option(
        "--workspace",
        type=FOLDER,
        help="The workspace folder; default: LEADFIT_WORKSPACE, else ./leadfit-data.",
    )
    return answering(option(run))


def write_out(path: Path, content: bytes) -> None:
    """Write the file that ``--out`` or its like asks for.

    Raises:
        BadInput: It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise refuse(str(path), str(error.strerror), "a file that can be written") from error


def refuse(place: str, came: object, allowed: str) -> BadInput:
    """Return the error for an option or argument."""
    return BadInput(Fault(place=place, came=shorten(came), allowed=allowed))
