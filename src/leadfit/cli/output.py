"""What a command prints: results on standard output, words on standard error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click

from leadfit.canonical import plain
from leadfit.errors import BadInput, Fault, LeadfitError

Json = Mapping[str, object]

_ALIKE: Final = 5
_ROW: Final = re.compile(r" row \d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a command's answer goes.

    With ``as_json`` standard output carries exactly one JSON document, and everything else goes
    to standard error.
    """

    as_json: bool

    def say(self, words: str) -> None:
        """Print words for a person who watches."""
        click.echo(words, err=True)

    def answer(self, document: Json, words: str | Callable[[], str]) -> None:
        """Print the answer: the document, or its words for a person."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        else:
            click.echo(words() if callable(words) else words)

    def fail(self, error: LeadfitError) -> None:
        """Print an error: every fault on a line of its own."""
        faults = error.faults if isinstance(error, BadInput) else ()
        for line in _alike_once(faults) if faults else str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        if self.as_json:
            document = {
                "error": {
                    "code": error.code,
                    "message": str(error),
                    "faults": plain(faults),
                }
            }
            click.echo(json.dumps(document, ensure_ascii=False))


def _alike_once(faults: Sequence[Fault]) -> list[str]:
    """Return faults as lines; of many alike in one column the first few and how many more."""
    groups: dict[tuple[str, str], list[str]] = {}
    for fault in faults:
        column = _ROW.sub("", fault.place)
        groups.setdefault((column, fault.allowed), []).append(str(fault))
    lines: list[str] = []
    for (column, _), alike in groups.items():
        lines += alike[:_ALIKE]
        if len(alike) > _ALIKE:
            lines.append(f"{column}: {len(alike) - _ALIKE} more like those above")
    return lines


def table(rows: Sequence[Sequence[object]], *, indent: str = "") -> str:
    """Return rows as aligned text; numbers are right-aligned.

    >>> print(table([("leads", 8000), ("won", 842)]))
    leads  8000
    won     842
    """
    shown = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in shown) for i in range(len(shown[0]))] if shown else []
    lines = []
    for row, texts in zip(rows, shown, strict=True):
        cells = [
            text.ljust(width) if isinstance(cell, str) else text.rjust(width)
            for cell, text, width in zip(row, texts, widths, strict=True)
        ]
        lines.append(indent + "  ".join(cells).rstrip())
    return "\n".join(lines)
