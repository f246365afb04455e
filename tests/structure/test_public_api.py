"""The names a user may import; a change here is a change of the promise."""

from __future__ import annotations

import inspect
from pathlib import Path

import leadfit

SNAPSHOT = Path(__file__).with_name("public_api.txt")


def described() -> str:
    lines = []
    for name in sorted(leadfit.__all__):
        thing = getattr(leadfit, name)
        lines.append(name)
        if inspect.isclass(thing) and name == "Leadfit":
            lines.extend(
                f"  {member}{inspect.signature(value)}"
                for member, value in sorted(vars(thing).items())
                if not member.startswith("_") and inspect.isfunction(value)
            )
    return "\n".join(lines) + "\n"


def test_the_public_api_is_the_one_that_was_agreed() -> None:
    assert described() == SNAPSHOT.read_text("utf-8")
