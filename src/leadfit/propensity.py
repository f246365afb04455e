"""Model C: the chance that a lead is won within ninety days, as plain numbers.

What ``learn.propensity`` wrote, and its one evaluation. A model is JSON with a digest: an
intercept, a weight for each level of each fact and each measured number, two numbers that
calibrate, and the report of how it did on the latest fifth of its history, which it had not seen.
Sums run through :func:`math.fsum`, so that a replay gives the same bytes on any machine. No
gradient boosting: a logistic regression needs no further library, live or to learn.

How the chance depends on what is known, for whoever bounds it: the log odds are ``shift + slope *
raw`` with a slope above 0, held to 30 either way, and ``raw`` is a sum in which each fact adds the
weight of its one level and each measured number adds ``weight * (value - mean) / scale``. So the
chance rises with every term, and a fact's term depends on that fact alone. One measured number,
``icp_score``, depends on facts in its turn, through :func:`leadfit.artifact.evaluate`; all others
depend on activities and on the channel.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as default
from datetime import datetime
from typing import Final, TypeVar, cast

from leadfit.canonical import canonical
from leadfit.errors import BadInput, Fault, shorten
from leadfit.levels import ArtifactFact
from leadfit.records import Activity, Facts, Kind, Reason

SHAPE = 1
DIGITS = 6
TIERS = (0.25, 0.10)
"""Tier 1 from the first, tier 2 from the second."""
GROUPS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "web_visits": (
        *(Kind.PAGE_VIEW, Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.DOCS_VIEW),
        *(Kind.CASE_STUDY_VIEW, Kind.COMPARISON_VIEW, Kind.BLOG_VIEW),
    ),
    "emails": (Kind.EMAIL_OPEN, Kind.EMAIL_REPLY),
    "downloads": (Kind.CONTENT_DOWNLOAD,),
    "demo_requests": (Kind.DEMO_REQUEST,),
}
"""Engagement by its name: each kind in it counts, halved every half-life."""
INTENTS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "intent_topic": (Kind.INTENT_TOPIC,),
    "competitor_research": (Kind.COMPETITOR_RESEARCH,),
}
"""Intent by its name: one such event within :data:`INTENT_DAYS` is enough."""
INTENT_DAYS: Final = 90.0
LOOK_BACK_DAYS: Final = 400.0
"""Engagement older than this is not asked for; with a half-life of 14 days it counts 3e-9."""
_MEASURE_DIGITS = 9
_DAY_S = 86_400.0
_STEEPEST = 30.0


def decayed(ages_days: Iterable[float], half_life_days: float) -> float:
    """Return how many fresh events these are worth: each counts half after each half-life.

    Ages below 0 have not happened yet and count nothing.

    >>> decayed([0.0, 14.0, -1.0], 14.0)
    1.5
    """
    return math.fsum(2.0 ** (-age / half_life_days) for age in ages_days if age >= 0)


def engagement(
    activities: Iterable[Activity], half_life_days: float, now: datetime
) -> dict[str, float]:
    """Return what a lead's own activities up to ``now`` measure, as in training.

    Engagement is the natural logarithm of one plus the decayed count; intent is 0 or 1.

    Args:
        activities: Of the lead alone: its own, and those of its account that name no lead and
            came while it was the account's latest.
        half_life_days: Of engagement.
        now: What is later counts nothing.
    """
    ages = [(each.kind, (now - each.at).total_seconds() / _DAY_S) for each in activities]
    found = {
        name: math.log1p(decayed((age for kind, age in ages if kind in kinds), half_life_days))
        for name, kinds in GROUPS.items()
    }
    for name, kinds in INTENTS.items():
        held = any(kind in kinds and 0 <= age <= INTENT_DAYS for kind, age in ages)
        found[name] = 1.0 if held else 0.0
    return found


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
class Channel:
    """What the year before ``as_of`` says of a channel, drawn towards all channels together.

    Attributes:
        name: The source of leads; the empty name stands for a source not met in that year.
        win_rate: Share of its leads won within the window, of those whose time was over.
        cycle_log_days: Mean of ``log(1 + days)`` from creation to the win.
        deal_log_size: Mean of ``log(1 + amount)``.
    """

    name: str
    win_rate: float
    cycle_log_days: float
    deal_log_size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PropensityModel:
    """A learned propensity.

    Attributes:
        as_of: Time up to which the past was looked at, ISO 8601.
        window_days: A win counts within this time.
        half_life_days: Of engagement.
        facts: Facts it looks at; ``weights`` are log odds by level, in the same order.
        calibration: Intercept and slope that map the raw log odds to calibrated ones.
        months: Months of history it was learned from.
        channels: Records of the channels at ``as_of``; they stand until the next learning.
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
    months: float = 0.0
    channels: tuple[Channel, ...] = ()
    digest: str = default(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(to_json(self).encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Propensity:
    """The chance of one lead.

    Attributes:
        chance: From 0 to 1.
        points: The same in percent points, 0 to 100: what the reasons sum to.
        reasons: First the average lead, then what each part adds, largest first.
    """

    chance: float
    points: float
    tier: int
    reasons: tuple[Reason, ...]


def measure(
    model: PropensityModel, activities: Iterable[Activity], channel: str | None, now: datetime
) -> dict[str, float]:
    """Return the numbers of a lead that the model looks at and that no fact of it tells.

    Args:
        model: The model; what it has no weight for is left out.
        activities: As :func:`engagement` takes them.
        channel: The source of the lead.
        now: The time of the decision.
    """
    found = engagement(activities, model.half_life_days, now)
    record = _record_of(model, channel)
    if record is not None:
        found["channel_win_rate"] = record.win_rate
        found["channel_cycle_log_days"] = record.cycle_log_days
        found["channel_deal_log_size"] = record.deal_log_size
    wanted = {each.name for each in model.measured}
    return {name: round(value, _MEASURE_DIGITS) for name, value in found.items() if name in wanted}


def _record_of(model: PropensityModel, channel: str | None) -> Channel | None:
    named = {each.name: each for each in model.channels}
    return named.get(str(channel), named.get(""))


def chance_of(model: PropensityModel, facts: Facts, measured: Mapping[str, float]) -> Propensity:
    """Return the chance that a lead is won within the model's window.

    What each part adds is additive on the scale of log odds. The points of a reason are its log
    odds times one factor, the rise of the chance from the average lead to this one over the rise of
    the log odds, so that they sum to the chance in percent; the words name the log odds.

    Args:
        model: The model.
        facts: Facts known now, by name; what is missing counts as blank.
        measured: Numbers by name, as ``learn`` measures them; what is missing is average.
    """
    parts = _parts(model, facts, measured)
    shift, slope = model.calibration
    base = _held(shift + slope * model.intercept)
    eta = _held(shift + slope * math.fsum([model.intercept, *(part for *_, part in parts)]))
    before, after = 100.0 * _sigmoid(base), 100.0 * round(_sigmoid(eta), DIGITS)
    moved = eta - base
    factor = (after - before) / moved if abs(moved) > 1e-9 else before * (1 - before / 100.0)
    # Beyond the steepest log odds a part moves nothing; what it lacks is shared in proportion.
    sum_of_parts = slope * math.fsum(part for *_, part in parts)
    share = moved / sum_of_parts if abs(sum_of_parts) > 1e-9 else 1.0
    added = [
        Reason(
            rule=f"propensity.{name}",
            words=f"{words}, {slope * part:+.3f} log odds",
            points=round(factor * share * slope * part, DIGITS),
        )
        for name, words, part in parts
        if round(slope * part, DIGITS) != 0.0
    ]
    rest = round(after - math.fsum(each.points or 0.0 for each in added), DIGITS)
    average = Reason(
        rule="propensity.average", words=f"an average lead, {base:+.3f} log odds", points=rest
    )
    ordered = sorted(added, key=lambda each: (-abs(each.points or 0.0), each.rule))
    reasons = (average, *ordered)
    points = math.fsum(each.points or 0.0 for each in reasons)
    # A sum of parts can end a hair below 0; a chance is never -0.
    chance = max(0.0, round(points / 100.0, DIGITS))
    return Propensity(chance=chance, points=points, tier=tier_of(chance), reasons=reasons)


def _parts(
    model: PropensityModel, facts: Facts, measured: Mapping[str, float]
) -> list[tuple[str, str, float]]:
    """Return name, words and raw log odds of each fact and each measured number."""
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
    return parts


def _held(eta: float) -> float:
    return min(_STEEPEST, max(-_STEEPEST, eta))


def _sigmoid(eta: float) -> float:
    return 1.0 / (1.0 + math.exp(-eta))


def tier_of(chance: float) -> int:
    """Return 1, 2 or 3 for a chance.

    >>> tier_of(0.25), tier_of(0.2499), tier_of(0.10), tier_of(0.0999)
    (1, 2, 2, 3)
    """
    return 1 if chance >= TIERS[0] else 2 if chance >= TIERS[1] else 3


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
        months=_number(content["months"]),
        channels=tuple(_made(Channel, each) for each in _list(content["channels"])),
    )


T = TypeVar("T", Bin, Channel, Cut, Measured, HoldOut)


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
