"""What a user can meet has a line in the pages: commands, options, errors, settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click

from leadfit import app, web
from leadfit.cli import cli
from leadfit.errors import LeadfitError

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(group: click.Group, prefix: str = "leadfit") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def test_every_command_and_option_is_documented() -> None:
    page = (DOCS / "commands.md").read_text("utf-8")
    missing = []
    for name, command in commands(cli):
        if f"`{name}" not in page:
            missing.append(name)
            continue
        section = page.split(f"`{name}", 1)[1].split("\n## ", 1)[0]
        missing += [
            f"{name} {option}"
            for parameter in command.params
            if isinstance(parameter, click.Option)
            for option in parameter.opts
            if option not in {"--json", "--workspace"} and option not in section
        ]
    assert not missing, missing


def classes(parent: type[LeadfitError]) -> Iterator[type[LeadfitError]]:
    for child in parent.__subclasses__():
        yield child
        yield from classes(child)


def test_every_error_code_is_documented() -> None:
    page = (DOCS / "errors.md").read_text("utf-8")
    assert web.server.PortTaken in set(classes(LeadfitError)), "web has errors of its own"
    ours = [c for c in classes(LeadfitError) if c.__module__.startswith("leadfit.")]
    missing = [c.code for c in ours if f"`{c.code}`" not in page]
    assert not missing, missing


def test_every_setting_is_documented() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    names = [f"LEADFIT_{field.name.upper()}" for field in dataclasses.fields(app.Settings)]
    assert 0 < len(names) <= 15
    missing = [name for name in names if f"`{name}`" not in page]
    assert not missing, missing
