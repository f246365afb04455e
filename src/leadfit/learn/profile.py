"""The profile in words: what each value is worth in points, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from leadfit.artifact import Artifact, Head, average_points, evaluate_level
from leadfit.history import Step
from leadfit.learn.facts import Levels
from leadfit.learn.result import Claim, Effect, ProfileRow
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.words import DID, NOUNS, signed
from leadfit.levels import OTHER

_LEAST_POINTS = 0.5
"""Less than this is not worth a row: an average account has some 20 points."""
_MOST_ROWS = 20
_NEARLY_ALL = 0.98
_GRADES = {
    Claim.CAUSED: "caused, as to {noun}, if nothing unrecorded explains more than {rv:.0%}",
    Claim.ASSOCIATED: "associated with {noun}; a cause is not shown",
    Claim.NOT_IDENTIFIED: "the data cannot part it from something else",
    Claim.INSUFFICIENT: "may be chance",
}


def rank(
    artifact: Artifact,
    facts: Sequence[Levels],
    effects: Sequence[Effect],
    rules: Rules,
    *,
    timed: bool,
) -> tuple[ProfileRow, ...]:
    """Return what raises the score, best first, and then what lowers it.

    A value that is shown to make customers leave after use is not part of an ideal profile.
    """
    shown_to_detract = {
        (effect.fact, effect.value)
        for effect in effects
        if effect.outcome is Step.CHURNED_AFTER_USE
        and effect.effect > 0
        and effect.claim in {Claim.CAUSED, Claim.ASSOCIATED}
    }
    known = _by_value(effects, facts)
    rows: list[ProfileRow] = []
    for place, levels in _used(artifact, facts):
        for level in _frequent(levels, rules):
            points = evaluate_level(artifact, place, level)
            key = (levels.name, levels.labels[level])
            if abs(points) < _LEAST_POINTS or (points > 0 and key in shown_to_detract):
                continue
            evidence = known.get(key, {})
            rows.append(_row(key, round(points, 1), evidence, LADDER[::-1], timed=timed))
    ranked = sorted(rows, key=lambda row: (-row.points, row.fact, row.value))
    best = [row for row in ranked if row.points > 0][:_MOST_ROWS]
    return (*best, *[row for row in ranked if row.points < 0][-_MOST_ROWS:])


def detracting(
    artifact: Artifact,
    facts: Sequence[Levels],
    effects: Sequence[Effect],
    rules: Rules,
    *,
    timed: bool,
) -> tuple[ProfileRow, ...]:
    """Return what makes an account look like those that left after use, worst first.

    Points are those that an average account loses, as those of :func:`rank` are what it gains; an
    account with twice the points loses twice as many.
    """
    head = artifact.detractor
    if head is None:
        return ()
    known = _by_value(effects, facts)
    average = _match(artifact, head, 0.0)
    most = average_points(artifact) * artifact.detractor_share
    rows: list[ProfileRow] = []
    for place, levels in _used(artifact, facts):
        for level in _frequent(levels, rules):
            more = _match(artifact, head, head.coefficients[place][level]) - average
            lost = most * more
            if lost >= _LEAST_POINTS:
                key = (levels.name, levels.labels[level])
                evidence = known.get(key, {})
                steps = (Step.CHURNED_AFTER_USE,)
                rows.append(_row(key, -round(lost, 1), evidence, steps, timed=timed))
    return tuple(sorted(rows, key=lambda row: (row.points, row.fact, row.value))[:_MOST_ROWS])


def _frequent(levels: Levels, rules: Rules) -> tuple[int, ...]:
    """Return levels enough rows carry, and not all of those that have any value."""
    counts = np.bincount(levels.codes, minlength=len(levels.labels))
    filled = counts.sum() - counts[levels.blank_code]
    return tuple(
        n for n in levels.shown if rules.min_level_units <= counts[n] < _NEARLY_ALL * filled
    )


def _used(artifact: Artifact, facts: Sequence[Levels]) -> list[tuple[int, Levels]]:
    by_name = {levels.name: levels for levels in facts}
    return [(place, by_name[fact.name]) for place, fact in enumerate(artifact.facts)]


def _match(artifact: Artifact, head: Head, more: float) -> float:
    """Return the detractor match of an account that differs from the average by ``more``."""
    eta = head.intercept + more
    chance = -math.expm1(-math.exp(eta)) if head.link == "hazard" else 1 / (1 + math.exp(-eta))
    table = np.array(artifact.detractor_knots)
    return float(np.interp(chance, table[:, 0], table[:, 1]))


def _by_value(
    effects: Sequence[Effect], facts: Sequence[Levels]
) -> dict[tuple[str, str], dict[Step, Effect]]:
    """Return effects by value; of two values that are each other's rest, one is turned round."""
    found: dict[tuple[str, str], dict[Step, Effect]] = {}
    for effect in effects:
        found.setdefault((effect.fact, effect.value), {})[effect.outcome] = effect
    for levels in facts:
        names = [levels.labels[n] for n in levels.shown]
        if len(names) != 2 or (OTHER in levels.labels and (levels.codes == 2).any()):
            continue
        for name, rest in (names, names[::-1]):
            for step, effect in list(found.get((levels.name, rest), {}).items()):
                own = found.setdefault((levels.name, name), {})
                own.setdefault(step, _turned(effect, name, levels))
    return found


def _turned(effect: Effect, value: str, levels: Levels) -> Effect:
    """Return the same contrast seen from the other value; its own counts are not known here."""
    units = int((levels.codes == levels.labels.index(value)).sum())
    return replace(
        effect,
        value=value,
        effect=-effect.effect,
        low=-effect.high,
        high=-effect.low,
        shrunk=-effect.shrunk,
        units=units,
        events=-1,
    )


def _row(
    key: tuple[str, str],
    points: float,
    known: Mapping[Step, Effect],
    steps: Sequence[Step],
    *,
    timed: bool,
) -> ProfileRow:
    """Give a value the evidence of the furthest step that has a claim, else of the furthest."""
    found = [known[step] for step in steps if step in known]
    # In the detractor profile points are lost where the chance rises.
    sign = -1.0 if steps == (Step.CHURNED_AFTER_USE,) else 1.0
    fitting = [effect for effect in found if effect.effect * points * sign > 0]
    claimed = [e for e in fitting if e.claim in {Claim.CAUSED, Claim.ASSOCIATED}]
    effect = next(iter((*claimed, *sorted(fitting, key=lambda e: e.q_value))), None)
    if effect is None:
        why = "The score leans this way; no single effect stands behind it"
        return ProfileRow(
            fact=key[0], value=key[1], points=points, why=why, grade=Claim.INSUFFICIENT
        )
    words = _GRADES[effect.claim].format(rv=effect.robustness, noun=NOUNS[effect.outcome])
    if claimed and effect.outcome is not found[0].outcome:
        words += f"; of {NOUNS[found[0].outcome]} this is not shown"
    seen = f"{effect.events:,} of {effect.units:,} with it {DID[effect.outcome]}; "
    within = " within 12 months" if timed else ""
    why = (
        f"{seen if effect.events >= 0 else ''}all else equal "
        f"{signed(effect.effect)} points on the chance of {NOUNS[effect.outcome]}{within} "
        f"({signed(effect.low)} to {signed(effect.high)}): {words}"
    )
    return ProfileRow(
        fact=key[0],
        value=key[1],
        points=points,
        why=why,
        grade=effect.claim,
        claimed_for=effect.outcome,
    )
