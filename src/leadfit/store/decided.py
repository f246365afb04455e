"""The stored form of a decision: canonical JSON in which nothing tells of a person."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from leadfit.records import Decision, Fact
from leadfit.store.codec import pack_text
from leadfit.store.personal import part_facts, unveil, veil
from leadfit.store.told import Statement


def personal_of(person: tuple[str, Statement] | None) -> dict[str, object]:
    """Return the personal values of a signal's statement by their names."""
    parts = {} if person is None else person[1]
    named = (parts.get(part, {}) for part in ("facts", "identifiers", "subject"))
    return {name: value for part in named for name, value in part.items()}


def decision_text(decision: Decision, said: Statement) -> tuple[str, dict[str, Fact]]:
    """Return the canonical JSON of a decision as it is stored, and the facts left out of it.

    No sentence in it quotes a personal value, and no personal fact stands in it.

    Args:
        decision: The decision.
        said: The personal values of its signal.
    """
    facts, personal = part_facts(decision.subject.facts)
    if personal:
        decision = replace(decision, subject=replace(decision.subject, facts=facts))
    known: dict[str, object] = {**said.get("facts", {}), **said.get("identifiers", {}), **personal}
    return veil(pack_text(decision), known), personal


def unpack_decision(body: bytes, personal: Mapping[str, object]) -> dict[str, object]:
    """Return a stored decision as JSON types, with the personal values put back."""
    plain = json.loads(unveil(zlib.decompress(body).decode(), personal))
    return cast("dict[str, object]", plain)
