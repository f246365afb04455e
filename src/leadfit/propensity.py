"""Model C: the chance that a lead is won within ninety days, as plain numbers.

What ``learn.propensity`` wrote, and its one evaluation. A model is JSON with a digest: an
intercept, a weight for each level of each fact and each measured number, two numbers that
calibrate, and the report of how it did on the latest fifth of its history, which it had not seen.
Sums run through :func:`math.fsum`, so that a replay gives the same bytes on any machine. No
gradient boosting: a logistic regression needs no further library, live or to learn.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as default
from typing import TypeVar, cast

from leadfit.artifact import ArtifactFact
from leadfit.canonical import canonical
from leadfit.errors import BadInput, Fault, shorten
from leadfit.records import Facts, Reason

SHAPE = 1
DIGITS = 6
TIERS = (0.25, 0.10)
"""Tier 1 from the first, tier 2 from the second."""


def decayed(ages_days: Iterable[float], half_life_days: float) -> float:
    """Return how many fresh events these are worth: each counts half after each half-life.

    Ages below 0 have not happened yet and count nothing.

    >>> decayed([0.0, 14.0, -1.0], 14.0)
    1.5
    """
    return math.fsum(2.0 ** (-age / half_life_days) for age in ages_days if age >= 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that enters the model, after standardising.

    Attributes:
        weight: Log odds for one ``scale`` above ``mean``.
    """

    name: str
    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Leads of similar predicted chance: what was said and what came."""

    leads: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Precision and recall of calling everything from ``at`` on a win, 95 % intervals.

    All six are 0 where nobody was called or nobody was won.
    """

    at: float
    called: int
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """How the model did on the latest fifth of the history.

    Attributes:
        since: First day of it, ISO 8601.
        ece: Expected calibration error: mean gap of said and seen over bins of equal size.
        auc: Chance that a won lead stands above one that was not.
        brier: Mean squared error; ``brier_of_rate`` is that of saying the average to all.
    """

    since: str
    leads: int
    wins: int
    ece: float
    auc: float
    brier: float
    brier_of_rate: float
    reliability: tuple[Bin, ...]
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PropensityModel:
    """A learned propensity.

    Attributes:
        as_of: Time up to which the past was looked at, ISO 8601.
        window_days: A win counts within this time.
        half_life_days: Of engagement.
        facts: Facts it looks at; ``weights`` are log odds by level, in the same order.
        calibration: Intercept and slope that map the raw log odds to calibrated ones.
        digest: SHA-256 of the canonical JSON, as 64 hex digits.
    """

    as_of: str
    window_days: float
    half_life_days: float
    intercept: float
    facts: tuple[ArtifactFact, ...]
    weights: tuple[tuple[float, ...], ...]
    measured: tuple[Measured, ...]
    calibration: tuple[float, float]
    hold_out: HoldOut
    digest: str = default(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(to_json(self).encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Propensity:
    """The chance of one lead, with the log odds each part adds, largest first."""

    chance: float
    tier: int
    reasons: tuple[Reason, ...]


def chance_of(model: PropensityModel, facts: Facts, measured: Mapping[str, float]) -> Propensity:
    """Return the chance that a lead is won within the model's window.

    Args:
        model: The model.
        facts: Facts known now, by name; what is missing counts as blank.
        measured: Numbers by name, as ``learn`` measures them; what is missing is average.
    """
    parts: list[tuple[str, str, float]] = []
    for fact, row in zip(model.facts, model.weights, strict=True):
        place = fact.level_of(facts.get(fact.name))
        label = fact.levels[place] if place >= 0 else "not known"
        parts.append((fact.name, f"{fact.name} is {label}", row[place] if place >= 0 else 0.0))
    for each in model.measured:
        value = measured.get(each.name, each.mean)
        value = value if math.isfinite(value) else each.mean
        share = (value - each.mean) / each.scale
        parts.append((each.name, f"{each.name} is {value:.3g}", each.weight * share))
    raw = math.fsum([model.intercept, *(part for *_, part in parts)])
    shift, slope = model.calibration
    eta = min(30.0, max(-30.0, shift + slope * raw))
    chance = round(1.0 / (1.0 + math.exp(-eta)), DIGITS)
    reasons = [
        Reason(rule=f"propensity.{name}", words=words, points=round(slope * part, DIGITS))
        for name, words, part in parts
        if round(slope * part, DIGITS) != 0.0
    ]
    return Propensity(
        chance=chance,
        tier=tier_of(chance),
        reasons=tuple(sorted(reasons, key=lambda each: (-abs(each.points or 0.0), each.rule))),
    )


def tier_of(chance: float) -> int:
    """Return 1, 2 or 3 for a chance.

    >>> tier_of(0.25), tier_of(0.2499), tier_of(0.10), tier_of(0.0999)
    (1, 2, 2, 3)
    """
    return 1 if chance >= TIERS[0] else 2 if chance >= TIERS[1] else 3


# ---- JSON ----------------------------------------------------------------------------------


def to_json(model: PropensityModel) -> str:
    """Return the canonical JSON.

    Raises:
        ValueError: A number is not finite.
    """
    kept = {each.name: getattr(model, each.name) for each in fields(model) if each.init}
    return canonical({"shape": SHAPE, **kept}).decode()


def from_json(text: str) -> PropensityModel:
    """Read a model, refusing what :func:`to_json` would not have written.

    Raises:
        BadInput: The text is no such model.
    """
    try:
        content = cast("dict[str, object]", json.loads(text))
        found = _read(content)
        same = to_json(found) == canonical(content).decode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(_fault(text)) from error
    shapes = [len(row) for row in found.weights] == [len(fact.levels) for fact in found.facts]
    if not same or not shapes or any(each.scale <= 0 for each in found.measured):
        raise BadInput(_fault(text))
    return found


def _fault(text: str) -> Fault:
    return Fault(place="propensity", came=shorten(text), allowed="JSON of a propensity model")


def _read(content: Mapping[str, object]) -> PropensityModel:
    if content["shape"] != SHAPE:
        raise ValueError(content["shape"])
    held = _object(content["hold_out"])
    held["reliability"] = tuple(_made(Bin, each) for each in _list(held["reliability"]))
    held["cuts"] = tuple(_made(Cut, each) for each in _list(held["cuts"]))
    shift, slope = _numbers(content["calibration"])
    return PropensityModel(
        as_of=str(content["as_of"]),
        window_days=_number(content["window_days"]),
        half_life_days=_number(content["half_life_days"]),
        intercept=_number(content["intercept"]),
        facts=tuple(_fact(each) for each in _list(content["facts"])),
        weights=tuple(_numbers(row) for row in _list(content["weights"])),
        measured=tuple(_made(Measured, each) for each in _list(content["measured"])),
        calibration=(shift, slope),
        hold_out=_made(HoldOut, held),
    )


T = TypeVar("T", Bin, Cut, Measured, HoldOut)


def _made(kind: type[T], item: object) -> T:
    return cast("Callable[..., T]", kind)(**_object(item))


def _fact(item: object) -> ArtifactFact:
    found = _object(item)
    return ArtifactFact(
        name=str(found["name"]),
        levels=tuple(str(each) for each in _list(found["levels"])),
        values=tuple(str(each) for each in _list(found["values"])),
        edges=_numbers(found["edges"]),
    )


def _object(item: object) -> dict[str, object]:
    if not isinstance(item, dict):
        raise TypeError(item)
    return dict(item)


def _list(item: object) -> Sequence[object]:
    if not isinstance(item, list | tuple):
        raise TypeError(item)
    return item


def _number(item: object) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
        raise TypeError(item)
    return item


def _numbers(item: object) -> tuple[float, ...]:
    return tuple(_number(each) for each in _list(item))
