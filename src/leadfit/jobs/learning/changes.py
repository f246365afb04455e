"""What changes from one artifact to the next, and what rejections have to do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from leadfit.artifact import Artifact, evaluate_level
from leadfit.history import History, Table
from leadfit.levels import BLANK, OTHER, ArtifactFact
from leadfit.records import Fact, Kind

_LEAST: Final = 0.1
_FEW: Final = 3
_LETTERS: Final = 80
_UNSAID: Final = "no reason given"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsChange:
    """A value of a fact whose points changed.

    Attributes:
        before: Points of an average account with this value; ``None`` where the artifact in force
            does not know the fact.
        rejected: Leads with the value that were rejected since the artifact in force.
        decided: Leads with the value that were accepted or rejected since then.
        why: What people said, with counts, where leads with the value were rejected.
    """

    fact: str
    value: str
    before: float | None
    after: float
    rejected: int = 0
    decided: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """What people said of leads since a time.

    Attributes:
        since: ``None`` for the whole history.
        accepted: Ids of leads that were accepted and not rejected.
        rejected: Reason by lead.
        reasons: Counts, the most frequent first.
    """

    since: datetime | None = None
    accepted: frozenset[str] = frozenset()
    rejected: Mapping[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Reasons with their numbers of leads, the most frequent first."""
        return _ranked(self.rejected.values())


def rejections(history: History, since: datetime | None) -> Rejections:
    """Return the acceptances and rejections of leads later than ``since``."""
    columns = history.events.columns
    accepted: set[str] = set()
    rejected: dict[str, str] = {}
    rows = zip(*(columns[name] for name in ("at", "kind", "lead_id", "reason")), strict=True)
    for at, kind, lead_id, reason in rows:
        if lead_id is None or (since is not None and isinstance(at, datetime) and at <= since):
            continue
        if kind == Kind.REJECTED.value:
            words = " ".join(str(reason or "").split())[:_LETTERS]
            rejected[str(lead_id)] = words or _UNSAID
        elif kind == Kind.ACCEPTED.value:
            accepted.add(str(lead_id))
    return Rejections(since=since, accepted=frozenset(accepted - set(rejected)), rejected=rejected)


def _ranked(reasons: object) -> tuple[tuple[str, int], ...]:
    counts = Counter(cast("Sequence[str]", reasons))
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def changed_points(
    before: Artifact | None, after: Artifact, history: History, said: Rejections
) -> tuple[PointsChange, ...]:
    """Return the values whose points differ between two artifacts, largest difference first."""
    known = {} if before is None else {fact.name: n for n, fact in enumerate(before.facts)}
    values = _decided_values(after, history, said)
    found: list[PointsChange] = []
    for place, fact in enumerate(after.facts):
        for level, example in _examples(fact):
            old = None
            if before is not None and fact.name in known:
                there = known[fact.name]
                at = before.facts[there].level_of(example)
                old = evaluate_level(before, there, at) if at >= 0 else 0.0
            new = evaluate_level(after, place, level)
            if abs(new - (old or 0.0)) >= _LEAST:
                leads = values.get((place, level), [])
                found.append(_change(fact, level, (old, new), leads, said))
    return tuple(sorted(found, key=lambda c: (-abs(c.after - (c.before or 0.0)), c.fact, c.value)))


def _change(
    fact: ArtifactFact,
    level: int,
    points: tuple[float | None, float],
    leads: Sequence[str],
    said: Rejections,
) -> PointsChange:
    before, after = points
    reasons = [said.rejected[lead] for lead in leads if lead in said.rejected]
    named = "; ".join(f"{words} ({count})" for words, count in _ranked(reasons)[:_FEW])
    why = f"{len(reasons)} of {len(leads)} leads with it were rejected: {named}"
    return PointsChange(
        fact=fact.name,
        value=fact.levels[level],
        before=None if before is None else round(before, 1),
        after=round(after, 1),
        rejected=len(reasons),
        decided=len(leads),
        why=why if reasons else None,
    )


def _examples(fact: ArtifactFact) -> Iterator[tuple[int, Fact]]:
    """Return a value that stands for each level; blanks and rare values are left out."""
    for level, label in enumerate(fact.levels):
        if label in {BLANK, OTHER}:
            continue
        if fact.edges:
            yield level, fact.edges[level] if level < len(fact.edges) else fact.edges[-1] + 1.0
        else:
            yield level, fact.values[level]


def _decided_values(
    artifact: Artifact, history: History, said: Rejections
) -> dict[tuple[int, int], list[str]]:
    """Return, by fact and level, the leads that were accepted or rejected."""
    decided = said.accepted | said.rejected.keys()
    if not decided:
        return {}
    ids = [str(each) for each in history.leads.columns["lead_id"]]
    rows = [row for row, lead in enumerate(ids) if lead in decided]
    accounts = history.leads.columns["account_id"]
    of_account = {name: row for row, name in enumerate(history.accounts.columns["account_id"])}
    found: dict[tuple[int, int], list[str]] = {}
    for place, fact in enumerate(artifact.facts):
        own, theirs = _column(history.leads, fact.name), _column(history.accounts, fact.name)
        for row in rows:
            value = None if own is None else own[row]
            if value is None and theirs is not None:
                at = of_account.get(accounts[row])
                value = None if at is None else theirs[at]
            level = fact.level_of(cast("Fact", value))
            found.setdefault((place, level), []).append(ids[row])
    return found


def _column(table: Table, name: str) -> Sequence[object] | None:
    return table.columns.get(name.removeprefix("accounts.") if name not in table.columns else name)
