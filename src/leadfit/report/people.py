"""Rows about reps, with their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leadfit.report.words import person
from leadfit.watch.sla import Kept


def named_reps(groups: Sequence[Kept], names: Mapping[str, str]) -> list[Kept]:
    """Return what reps kept, with their names; of those who work here no more the ids."""
    return [replace(each, name=person(each.name, names)) for each in groups]
