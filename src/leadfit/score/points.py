"""Points of the parts of a score: what a fact earns, and what activities earn as they age."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from leadfit.policy.policy import fact_name, fold, to_number, to_yes
from leadfit.policy.scoring import FactPart, ScoreRules
from leadfit.records import Activity, Fact, Facts, Reason

DIGITS = 6
"""Decimals kept of every part, so that a score does not hang on the last bit of a power of two."""
DAY_S = 86_400
LONGEST = 60
"""Longest text of a value of which is remembered what it says."""
_MOST_EARNED = 8192
"""Values of which a part keeps what they earned."""


def of_facts(component: str, parts: Mapping[str, FactPart], known: Facts) -> list[Reason]:
    """Return one reason with points for each part of fit or authority.

    Args:
        component: ``fit`` or ``authority``.
        parts: The parts by name.
        known: Facts under the names of the policy.
    """
    return [
        _of_fact(f"{component}.{name}", part, known.get(fact_name(part.fact)))
        for name, part in parts.items()
    ]


def _of_fact(rule: str, part: FactPart, value: Fact) -> Reason:
    if value is None:
        return Reason(rule=rule, words=f"{part.fact} is missing", points=0.0)
    # The part keeps what it said of a value: a reason depends on nothing else. The text of a value
    # with its type is the value; 1, 1.0 and True are equal, and are not written alike.
    kept, said = part.earned, str(value)
    if kept.part is not part or len(said) > LONGEST:
        return _reason_for(rule, part, value)
    key = (rule, type(value), said)
    found = kept.reasons.get(key)
    if found is None:
        if len(kept.reasons) >= _MOST_EARNED:
            kept.reasons.clear()
        kept.reasons[key] = found = _reason_for(rule, part, value)
    return found


def _reason_for(rule: str, part: FactPart, value: Fact) -> Reason:
    earned, why = _earned(part, value)
    points = round(min(earned, part.cap), DIGITS)
    words = f"{part.fact} is {str(value).strip()[:60]}" + (f", {why}" if why else "")
    return Reason(rule=rule, words=words, points=points)


def _earned(part: FactPart, value: Fact) -> tuple[float, str]:
    """Return points before the cap, and what earned them if the value alone does not show it."""
    if part.yes is not None:
        return (part.yes, "") if to_yes(value) else (part.otherwise, "")
    if part.bands:
        return _band_points(part, to_number(value))
    if part.words:
        return _word_points(part, fold(value))
    return _value_points(part, fold(value)), ""


def _band_points(part: FactPart, size: float | None) -> tuple[float, str]:
    if size is None:
        return 0.0, "which is not a number"
    reached = [band for band in part.bands if size >= band.min]
    if not reached:
        return part.otherwise, "below every band"
    best = max(reached, key=lambda band: band.min)
    return best.points, f"at least {best.min:g}"


def _word_points(part: FactPart, text: str) -> tuple[float, str]:
    for each in part.words:
        found = next((word for word in each.any if holds_word(text, word)), None)
        if found is not None:
            return each.points, f"which holds '{found}'"
    return part.otherwise, ""


def _value_points(part: FactPart, text: str) -> float:
    for name, points in part.values.items():
        if fold(name) == text:
            return points
    return part.otherwise


@lru_cache(maxsize=1024)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(fold(word))}(?!\w)")


def holds_word(text: str, word: str) -> bool:
    """Return whether folded text holds a word as a whole word."""
    return _pattern(word).search(text) is not None


def of_activities(
    component: str, rules: ScoreRules, activities: Sequence[Activity], now: datetime
) -> list[Reason]:
    """Return one reason with points for each part of engagement or intent.

    An activity earns its points times a half for every half-life of its age; one later than
    ``now`` earns nothing. The sum of a part stops at its cap.

    Args:
        component: ``engagement`` or ``intent``.
        rules: The score rules.
        activities: Activities in any order.
        now: The time of the decision.
    """
    caps = rules.engagement if component == "engagement" else rules.intent
    parts = {f"{component}.{name}": cap for name, cap in caps.items()}
    earned: dict[str, list[tuple[str, float]]] = {}
    for activity in activities:
        rule = rules.activities.get(activity.kind)
        age_s = (now - activity.at).total_seconds()
        if rule is None or age_s < 0:
            continue
        left = math.exp2(-age_s / (rule.half_life_days * DAY_S))
        for part, points in ((rule.part, rule.points), *rule.also.items()):
            if part in parts:
                earned.setdefault(part, []).append((activity.kind.value, points * left))
    return [_of_part(rule, cap, earned.get(rule, ())) for rule, cap in parts.items()]


def _of_part(rule: str, cap: float, earned: Sequence[tuple[str, float]]) -> Reason:
    if not earned:
        return _nothing(rule)
    raw = math.fsum(points for _, points in earned)
    counts: dict[str, int] = {}
    for kind, _ in sorted(earned):
        counts[kind] = counts.get(kind, 0) + 1
    words = ", ".join(f"{count} x {kind}" for kind, count in counts.items())
    if raw > cap:
        words += f", held at the cap of {cap:g}"
    return Reason(rule=rule, words=words, points=round(min(raw, cap), DIGITS))


@lru_cache(maxsize=256)
def _nothing(rule: str) -> Reason:
    return Reason(rule=rule, words="no such activity", points=0.0)
