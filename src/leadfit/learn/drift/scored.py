"""Scores of a recorded past by an artifact that was learned elsewhere or earlier."""

from __future__ import annotations

import numpy as np

from leadfit.artifact import Artifact
from leadfit.history import Known, column_of
from leadfit.learn.facts import Levels
from leadfit.learn.heads import score_rows
from leadfit.learn.past import Floats, Past
from leadfit.levels import ArtifactFact


def score_past(past: Past, artifact: Artifact) -> Floats:
    """Return the artifact's score of each row, values read the way the artifact learned them.

    A fact the history does not have counts as blank.
    """
    scores, _ = score_rows(artifact, [_as_learned(past, fact) for fact in artifact.facts])
    return scores if len(scores) == past.rows else np.full(past.rows, float(scores[0]))


def _as_learned(past: Past, fact: ArtifactFact) -> Levels:
    places: dict[tuple[type, object], int] = {}
    codes = np.empty(past.rows, np.int64)
    for n, value in enumerate(_values(past, fact.name)):
        key = (value.__class__, value)
        if key not in places:
            code = fact.level_of(value if isinstance(value, str | int | float) else None)
            places[key] = code if code >= 0 else len(fact.levels) - 1
        codes[n] = places[key]
    return Levels(
        name=fact.name,
        known=Known.CREATED,
        read=fact,
        codes=codes,
        blank=float((codes == len(fact.levels) - 1).mean()) if len(codes) else 1.0,
        distinct=len(places),
        defaults={},
        words={},
        known_at=np.empty(0),
        numbers=np.empty(0),
    )


def _values(past: Past, name: str) -> list[object]:
    """Return the raw values of a fact of the lead, else of its account."""
    leads, accounts = past.history.leads, past.history.accounts
    if name in leads.columns:
        return [*leads.columns[name], *[None] * (past.rows - past.leads)]
    own = column_of(accounts, name.removeprefix("accounts."))
    by_id = {str(item): n for n, item in enumerate(column_of(accounts, "account_id"))}
    places = [by_id.get(past.account_ids[n], -1) for n in past.account]
    return [own[n] if n >= 0 else None for n in places]
