"""Exports that need no mapping file: export folders, and CRM tables known by their headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from leadfit.errors import Words
from leadfit.exports import sheets
from leadfit.exports.crm import Described, hubspot, salesforce
from leadfit.exports.faults import Faults
from leadfit.exports.headers import Recognised, kind_of, spelling
from leadfit.exports.mapping import Mapping
from leadfit.exports.shapes import SHAPES


def tables_of(
    files: Sequence[Path], faults: Faults
) -> tuple[list[Recognised], dict[str, list[str]]]:
    """Return the tables that are recognised, and the headers of the other files."""
    known: list[Recognised] = []
    other: dict[str, list[str]] = {}
    for file in files:
        before = faults.count
        names = sheets.header(file, faults)
        if faults.count > before:
            continue
        stem = sheets.stem(file).lower()
        shape = next((shape for name, shape in SHAPES.items() if name == stem), None)
        kind = kind_of(names)
        if shape is not None and (shape.required[0] in names or kind is None):
            kind = f"export folder: {stem}"
        elif len(files) == 1 and kind is None and "lead_id" in names:
            kind = "export folder: leads"
        if kind is None:
            other[file.name] = names
            continue
        source = stem if re.fullmatch(r"[a-z_][a-z0-9_]*", stem) else f"table_{len(known) + 1}"
        headers: dict[str, str] = {}
        for name in names:
            headers.setdefault(spelling(name), name)
        known.append(Recognised(source=source, file=file.name, kind=kind, headers=headers))
    return known, other


def recognised(files: Sequence[Path], faults: Faults) -> Mapping:
    """Return the mapping of files whose names or headers say what they are.

    Raises:
        BadInput: When no file is recognised.
    """
    known, other = tables_of(files, faults)
    faults.stop_if_any()
    described = describe(known)
    if described is None:
        shown = ", ".join([*other, *(table.file for table in known)][:20])
        allowed = (
            f"files named {', '.join(SHAPES)}, exports of HubSpot or Salesforce with leads, "
            "contacts or deals, or a mapping file ('leadfit map' proposes one)"
        )
        faults.file("the export", Words(f"no table that holds leads or deals: {shown}"), allowed)
        faults.stop_if_any()
    return Mapping.model_validate(described)


def describe(known: Sequence[Recognised]) -> Described | None:
    """Return the mapping of recognised tables as plain values; ``None`` without leads or deals."""
    tables: list[Described] = []
    for table in known:
        crm, _, name = table.kind.partition(": ")
        if crm == "export folder":
            tables.append({"to": name, "from": table.source, "known": "created"})
    tables += hubspot(known)
    tables += salesforce(known)
    kinds = {str(table["to"]) for table in tables}
    if not kinds & {"leads", "deals"}:
        return None
    used = {str(table["from"]) for table in tables}
    used |= {str(join["from"]) for table in tables for join in _joins(table)}
    mapping: Described = {
        "version": 1,
        "unit": "lead" if "leads" in kinds else "deal",
        "sources": {table.source: table.file for table in known if table.source in used},
        "table": tables,
    }
    return mapping


def _joins(table: Described) -> list[Described]:
    joins = table.get("join", [])
    return [join for join in joins if isinstance(join, dict)] if isinstance(joins, list) else []
