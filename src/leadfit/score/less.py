"""Points that are taken away: competitors, job seekers, students, who unsubscribed.

Each part looks at one fact, at the lists a domain stands on, or at the latest event of some kinds.
A component never falls below 0: a part takes no more than is left of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from leadfit.policy.policy import fact_name, fold
from leadfit.policy.scoring import Less, ScoreRules
from leadfit.records import Facts, Reason, Subject
from leadfit.score.points import DAY_S, DIGITS, LONGEST, holds_word


def taken_away(  # noqa: PLR0917 -- what points may hang on
    component: str,
    rules: ScoreRules,
    earned: Sequence[Reason],
    subject: Subject,
    known: Facts,
    now: datetime,
) -> list[Reason]:
    """Return one reason with points below 0 for each part that takes something.

    Args:
        component: Which component loses points.
        rules: The score rules; parts are taken in the order of the policy.
        earned: The reasons of what the component earned.
        subject: Activities, and the lists its domain stands on.
        known: Facts under the names of the policy.
        now: The time of the decision.
    """
    found: list[Reason] = []
    left = math.fsum(reason.points or 0.0 for reason in earned)
    for name, less in rules.less.items():
        if less.component != component:
            continue
        wanted, why = wanted_by(name, less, subject, known, now)
        if not why:
            continue
        taken = round(min(wanted, max(0.0, left)), DIGITS)
        left -= taken
        words = f"{why}: {wanted:g} points away"
        if taken < round(wanted, DIGITS):
            words += f", of which {taken:g} were there"
        found.append(Reason(rule=f"{component}.less.{name}", words=words, points=-taken or 0.0))
    return found


def wanted_by(
    name: str, less: Less, subject: Subject, known: Facts, now: datetime
) -> tuple[float, str]:
    """Return the points a part would take, and why; no reason where it takes none."""
    if less.domains:
        return less.points, "its domain stands on the list" if name in subject.listed else ""
    if less.fact is not None:
        return less.points, says(less, less.fact, known)
    ages_s = [
        (age_s, each.kind.value)
        for each in subject.activities
        if each.kind in less.kinds and (age_s := (now - each.at).total_seconds()) >= 0
    ]
    if not ages_s:
        return 0.0, ""
    age_s, kind = min(ages_s)
    half = less.half_life_days
    left = 1.0 if half is None else math.exp2(-age_s / (half * DAY_S))
    return round(less.points * left, DIGITS), f"{kind} {age_s / DAY_S:.0f} days ago"


def says(less: Less, fact: str, known: Facts) -> str:
    """Return what a fact says that takes points away; nothing where it does not."""
    value = known.get(fact_name(fact))
    if value is None:
        return ""
    text = str(value)
    look = _says if len(text) <= LONGEST else _says.__wrapped__
    return look(fact, less.values, less.words, text)


@lru_cache(maxsize=8192)
def _says(fact: str, values: tuple[str, ...], words: tuple[str, ...], text: str) -> str:
    """Return what a text says that takes points away; the same few are said again and again."""
    folded, shown = fold(text), text.strip()[:60]
    if folded in _folded(values):
        return f"{fact} is {shown}"
    word = next((each for each in words if holds_word(folded, each)), None)
    return "" if word is None else f"{fact} is {shown}, which holds '{word}'"


@lru_cache(maxsize=256)
def _folded(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, values))


def lists_of(rules: ScoreRules, domains: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the lists on which one of these domains, or a domain over it, stands.

    Args:
        rules: The score rules.
        domains: Registrable domains of a lead and its account, lower case.
    """
    return tuple(
        name
        for name, less in rules.less.items()
        if any(_is_under(own, each) for each in map(fold, less.domains) for own in domains)
    )


def _is_under(own: str, listed: str) -> bool:
    return own == listed or own.endswith(f".{listed}")
