"""Commands run with ``--json``, and what they answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadfit.cli import run


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    """Run a command; return its exit code and the document it printed."""
    capsys.readouterr()
    code = run([*map(str, arguments), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return code, document


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """Run a command that works; return the document it printed."""
    code, document = answer(capsys, *arguments)
    assert code == 0, document
    return document
