"""Which facts cannot be trusted as causes: leaks, blanks that speak, defaults, constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.history import Known, Notice, Step
from leadfit.learn.facts import Levels
from leadfit.learn.ladder import PER_LEAD, Ladder
from leadfit.learn.past import LARGEST, Bools, Floats, Ints, Past
from leadfit.learn.result import Presence
from leadfit.learn.rules import Rules
from leadfit.learn.words import DID, NOUNS

EXPLAINS_MUCH = "explains_much"
"""The code of the one warning about a fact by itself that does not keep it out."""
_MUCH = 25.0
"""So many nats of likelihood are no chance in any column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """Facts that may enter a profile, and why the others may not.

    Attributes:
        usable: Facts that pass.
        excluded: Reason by name of the others.
    """

    usable: tuple[Levels, ...]
    excluded: dict[str, str]
    notices: tuple[Notice, ...]


def screen(
    past: Past,
    ladder: Ladder,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> Screened:
    """Look at every fact by itself, without asking whether it would be a good predictor."""
    notices: list[Notice] = []
    excluded: dict[str, str] = {}
    outcomes = [
        (step, ladder.units[step], ladder.reached[step])
        for step in Step
        if ladder.sources[step] is not Presence.MISSING
    ]
    for levels in facts:
        # A fact with its own time is cut off at that time instead.
        timed = len(levels.known_at) > 0
        found = None if timed else _only_won(past, ladder, levels)
        found = _declared(levels) or found or _unusable(levels)
        if found is None and not timed:
            found = _written_after(levels, outcomes, rules)
        if found is not None:
            notices.append(found)
        if found is not None and found.code != EXPLAINS_MUCH:
            excluded[levels.name] = found.code
    for levels in (*facts, *confounders):
        usable = levels.name not in excluded
        notices.extend(_defaults(levels))
        notices.extend(_missing(past, ladder, levels, usable=usable))
    usable_facts = tuple(levels for levels in facts if levels.name not in excluded)
    notices.extend(_snapshots(usable_facts))
    return Screened(usable=usable_facts, excluded=excluded, notices=tuple(notices))


def explained(codes: Ints, event: Bools) -> tuple[float, float]:
    """Return the share of the outcome's entropy a column explains, and the nats it gains.

    A nat a level is taken off, which is more than chance gives.
    """
    counts = np.bincount(codes)
    hits = np.bincount(codes, weights=event)
    total = len(event) * _entropy(np.array([event.mean()]))[0]
    filled = counts > 0
    within = float((counts[filled] * _entropy(hits[filled] / counts[filled])).sum())
    gained = float(total) - within - float(filled.sum())
    return (gained / float(total) if total > 0 else 0.0), gained


def _entropy(p: Floats) -> Floats:
    safe = np.clip(p, 1e-12, 1 - 1e-12)
    return np.asarray(-(safe * np.log(safe) + (1 - safe) * np.log1p(-safe)))


def _unusable(levels: Levels) -> Notice | None:
    if levels.blank >= 1.0:
        return Notice(
            code="all_missing",
            field=levels.name,
            message=f"{levels.name} is blank in every row and is not used.",
        )
    varies = len({int(code) for code in np.unique(levels.codes)}) > 1
    if levels.distinct < 2 or not varies:
        many = levels.distinct >= 2
        code = "too_many_levels" if many else "constant_fact"
        what = "has a different value in nearly every row" if many else "has one value only"
        return Notice(
            code=code,
            field=levels.name,
            message=f"{levels.name} {what} and is not used.",
            evidence={"values": levels.distinct, "blank": round(levels.blank, 4)},
        )
    if levels.read.values and len(levels.shown) == 0:
        return Notice(
            code="too_many_levels",
            field=levels.name,
            message=f"{levels.name} has {levels.distinct:,} values, none of them frequent enough "
            "to compare; it is not used.",
            evidence={"values": levels.distinct},
        )
    return None


def _declared(levels: Levels) -> Notice | None:
    if levels.known is Known.AFTER_CONTACT:
        return Notice(
            code="leakage_after_outcome",
            field=levels.name,
            message=f"{levels.name} is filled in while a lead is worked, so it may answer to the "
            "outcome; it is kept out of the profile.",
            evidence={"declared": True},
        )
    if levels.known is Known.AFTER_WIN:
        return Notice(
            code="known_only_for_won",
            field=levels.name,
            message=f"{levels.name} is recorded for won leads only, so it cannot tell who will be "
            "won; it is kept out of the profile.",
            evidence={"declared": True, "blank": round(levels.blank, 4)},
        )
    return None


def _only_won(past: Past, ladder: Ladder, levels: Levels) -> Notice | None:
    """Find a fact that is filled in where the lead was won and hardly anywhere else."""
    filled = levels.codes != levels.blank_code
    # The win first: what is filled in for won leads only is filled in for qualified ones too.
    for step in (Step.CONVERTED, Step.QUALIFIED, Step.ACCEPTED):
        if ladder.sources[step] is Presence.MISSING:
            continue
        reached = _rows_that_reached(past, ladder, step)
        rate, among = float(reached.mean()), float(reached[filled].mean()) if filled.any() else 0.0
        if filled.sum() >= 20 and among >= 0.98 and rate < 0.8:
            code = "known_only_for_won" if step is Step.CONVERTED else "leakage_after_outcome"
            return Notice(
                code=code,
                field=levels.name,
                message=f"{levels.name} is filled in for leads that {DID[step]} and hardly any "
                "other, so it was written afterwards; it is kept out of the profile.",
                evidence={
                    "filled": int(filled.sum()),
                    "filled_and_reached": int((filled & reached).sum()),
                    "rate": round(rate, 4),
                },
            )
    return None


def _rows_that_reached(past: Past, ladder: Ladder, step: Step) -> Bools:
    """Return for each row whether its lead, or its account, reached ``step``."""
    units, reached = ladder.units[step], ladder.reached[step]
    if step in PER_LEAD or past.history.unit == "deal":
        rows = np.zeros(past.rows, dtype=np.bool_)
        rows[units[reached]] = True
        return rows
    return np.asarray(reached[past.account])


def _written_after(
    levels: Levels, outcomes: Sequence[tuple[Step, Ints, Bools]], rules: Rules
) -> Notice | None:
    """Find a fact that knows too much of an outcome to have been there before it.

    A fact known beforehand may be strong, but it leaves every value's outcome open; a note made
    afterwards settles at least one. Where nothing is settled, a fact said to be known at creation
    is named and kept: ``explains_much`` instead of ``leakage_after_outcome``.
    """
    named: Notice | None = None
    for step, units, reached in outcomes:
        codes = levels.codes[units]
        share, gained = explained(codes, reached)
        if share < rules.leak_deviance or gained < _MUCH:
            continue
        leaks = (
            levels.known is not Known.CREATED
            or share >= rules.leak_certain
            or _settles(codes, reached, rules)
        )
        if leaks:
            return _knows_too_much(levels, step, share)
        named = named or _explains_much(levels, step, share)
    return named


def _settles(codes: Ints, event: Bools, rules: Rules) -> bool:
    """Return whether some value, or the blank, all but says what the outcome was."""
    counts = np.bincount(codes)
    hits = np.bincount(codes, weights=event)
    many = counts >= rules.min_level_units
    rates = hits[many] / counts[many]
    return bool((np.minimum(rates, 1.0 - rates) <= rules.leak_decided).any())


def _knows_too_much(levels: Levels, step: Step, share: float) -> Notice:
    return Notice(
        code="leakage_after_outcome",
        field=levels.name,
        message=f"{levels.name} alone explains {share:.0%} of {NOUNS[step]}, more "
        "than a fact known beforehand does; it was probably written after the outcome "
        "and is kept out of the profile.",
        evidence={"declared": False, "explained": round(share, 4), "outcome": step.value},
    )


def _explains_much(levels: Levels, step: Step, share: float) -> Notice:
    return Notice(
        code=EXPLAINS_MUCH,
        field=levels.name,
        message=f"{levels.name} alone explains {share:.0%} of {NOUNS[step]}, which is rare for a "
        "fact known beforehand. No value of it settles the outcome, so it is used; if it is filled "
        "in while a lead is worked, declare it so.",
        evidence={"explained": round(share, 4), "outcome": step.value},
    )


def _defaults(levels: Levels) -> list[Notice]:
    if not levels.defaults:
        return []
    word, rows = max(levels.defaults.items(), key=lambda item: item[1])
    return [
        Notice(
            code="form_default",
            field=levels.name,
            message=f"'{word}' stands in {rows:,} rows of {levels.name}: a form nobody touched. "
            "It counts as blank and is kept out of the profile.",
            evidence={"value": word, "rows": rows},
        )
    ]


def _missing(past: Past, ladder: Ladder, levels: Levels, *, usable: bool) -> list[Notice]:
    """Name words that stand for nothing, and blanks that go with the outcome."""
    blank = levels.codes == levels.blank_code
    evidence: dict[str, object] = {
        "words": dict(levels.words),
        "blank": int(blank.sum()) - sum(levels.words.values()) - sum(levels.defaults.values()),
    }
    if levels.words:
        return [_says_nothing(levels, evidence)]
    steps = [step for step in ladder.funnel_steps if step in {Step.CONVERTED, Step.ACCEPTED}]
    if not usable or not steps or not 0.01 < blank.mean() < 0.99:
        return []
    reached = _rows_that_reached(past, ladder, steps[-1])
    share, gained = explained(blank.astype(np.int64), reached)
    if gained < _MUCH:
        return []
    where_blank = float(reached[blank].mean())
    where_filled = float(reached[~blank].mean())
    return [
        Notice(
            code="missing_as_value",
            field=levels.name,
            message=f"Whether {levels.name} is filled in goes with {NOUNS[steps[-1]]} "
            f"({where_blank:.0%} where blank, {where_filled:.0%} where filled). Blanks are "
            "kept apart and never enter the profile.",
            evidence={
                **evidence,
                "share_explained": round(share, 4),
                "rate_where_blank": round(where_blank, 4),
                "rate_where_filled": round(where_filled, 4),
            },
        )
    ]


def _says_nothing(levels: Levels, evidence: dict[str, object]) -> Notice:
    words = ", ".join(f"'{word}'" for word in levels.words)
    said = "says that nothing is known"
    if len(levels.numbers):
        said = f"is no figure that can be reckoned with (at most {LARGEST:g})"
    return Notice(
        code="missing_as_value",
        field=levels.name,
        message=f"{words} in {levels.name} {said}; it counts as blank.",
        evidence=evidence,
    )


def _snapshots(facts: Sequence[Levels]) -> list[Notice]:
    names = [levels.name for levels in facts if levels.known is Known.SNAPSHOT]
    if not names:
        return []
    return [
        Notice(
            code="snapshot_fact",
            field=name,
            message=f"{name} holds the value of the day of the export, not of the day the lead "
            "came; its effects are called associated at most.",
        )
        for name in names
    ]
