"""Exports that need no mapping file: export folders, and CRM tables known by their headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from leadfit.exports import sheets
from leadfit.exports.faults import Faults, Words
from leadfit.exports.mapping import Mapping
from leadfit.exports.shapes import SHAPES


def recognised(files: Sequence[Path], faults: Faults) -> Mapping:
    """Return the mapping of files whose names or headers say what they are."""
    tables: list[dict[str, object]] = []
    sources: dict[str, str] = {}
    unread: list[str] = []
    for file in files:
        name = sheets.stem(file).lower()
        if name not in SHAPES:
            unread.append(file.name)
            continue
        sources[name] = file.name
        tables.append({"to": name, "from": name, "known": "created"})
    if not tables:
        shown = ", ".join(unread[:20])
        allowed = f"tables named {', '.join(SHAPES)}, or a mapping file"
        faults.file("the export", Words(f"no table that is known: {shown}"), allowed)
        faults.stop_if_any()
    return Mapping.model_validate({"sources": sources, "table": tables})
