"""The list of commands is shown without importing what they need."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from leadfit.cli import cli
from leadfit.cli.commands import WORDS

HEAVY = ("duckdb", "sqlalchemy", "alembic", "tldextract", "pydantic", "structlog", "leadfit.app")


@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_command_is_listed_with_the_first_words_of_its_own_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=200).rstrip(".") == WORDS[name].rstrip(".")


def test_every_command_of_a_room_is_listed() -> None:
    from leadfit.cli import (  # noqa: PLC0415 -- loaded by the command, too
        cards,
        changing,
        deliveries,
        enriching,
        keeping,
        learning,
        match_files,
        matching,
        offline,
        outcomes,
        reviewing,
        routing,
        stories,
        watching,
        workspace,
    )

    rooms = (
        *(cards, changing, deliveries, keeping, learning, match_files, matching, offline),
        *(enriching, outcomes, reviewing, routing, stories, watching, workspace),
    )
    assert {name for room in rooms for name in room.COMMANDS} == set(WORDS)


def test_an_unknown_command_is_no_command() -> None:
    assert cli.get_command(click.Context(cli), "guess") is None


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_help_and_version_import_no_heavy_library(asked: str) -> None:
    script = (
        "import sys; from leadfit.cli import run; code = run(sys.argv[2:]);"
        " print(sorted(set(sys.argv[1].split()) & set(sys.modules)), file=sys.stderr);"
        " sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, " ".join(HEAVY), asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout
