"""What ``learn`` wrote, and the one way it is evaluated.

An artifact is plain JSON numbers with a digest. It holds, for each step of the ladder that the
recorded past could teach, a linear predictor over facts; :func:`evaluate` turns the facts of one
account into a score from 0 to 100 with reasons that sum to it. Every sum runs in a fixed order
through :func:`math.fsum` and every figure is rounded to six digits before it meets a threshold,
so that a replay gives the same bytes on any machine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as default
from itertools import pairwise
from typing import cast

from leadfit import propensity as model_c
from leadfit.canonical import canonical
from leadfit.errors import BadInput, Fault, shorten
from leadfit.levels import ArtifactFact
from leadfit.propensity import PropensityModel
from leadfit.records import Facts, IcpScore, Reason

SHAPE = 2
DIGITS = 6
LINKS = ("hazard", "logit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The predictor of one step: an intercept and, by fact, a coefficient for each level.

    Coefficients are centred: an account of the average mix has the intercept alone.

    Attributes:
        link: ``hazard`` gives ``1 - exp(-exp(eta))``, ``logit`` gives ``1 / (1 + exp(-eta))``.
        given: The step whose probability this one is multiplied by, or ``None``.
        weight: Signal weight on 0 to 100, which the score does not use; 0 for the detractor head.
    """

    step: str
    link: str
    intercept: float
    coefficients: tuple[tuple[float, ...], ...]
    given: str | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A learned scoring model.

    Attributes:
        as_of: Time up to which the past was looked at, ISO 8601.
        learned_from: Digest of the history it was learned from.
        facts: The facts it looks at, in the order of all coefficients.
        heads: Positive steps, in the order of the ladder.
        worth: What a probability of one of each head, with the steps it is given, adds to the
            positive value; the average lead of the recorded past has a value of about one.
        detractor: Head of churn after use, or ``None`` where it could not be learned.
        detractor_knots: Probability of that head, and the detractor match it stands for.
        detractor_share: Share of the positive score that a full match takes away.
        flag_at: Detractor match from which an account is flagged.
        knots: Positive value, and the points it stands for; both rise.
        notes: How it was made, by name.
        propensity: Model C, learned from the same history; ``None`` where that did not suffice.
        digest: SHA-256 of the canonical JSON, as 64 hex digits.
    """

    as_of: str
    learned_from: str
    facts: tuple[ArtifactFact, ...]
    heads: tuple[Head, ...]
    worth: tuple[float, ...]
    knots: tuple[tuple[float, float], ...]
    detractor: Head | None = None
    detractor_knots: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0))
    detractor_share: float = 0.75
    flag_at: float = 0.5
    notes: Mapping[str, str | float] = default(default_factory=dict)
    propensity: PropensityModel | None = None
    digest: str = default(init=False)

    def __post_init__(self) -> None:
        # Kept, because every live evaluation names it.
        digest = hashlib.sha256(to_json(self).encode()).hexdigest()
        object.__setattr__(self, "digest", digest)


def evaluate(artifact: Artifact, facts: Facts) -> IcpScore:
    """Score one account by its facts.

    The positive part is what the account may be expected to be worth: the probability of each
    step, the product along the steps it is given, times what reaching it adds, relative to the
    average of the recorded past; its points come from the artifact's rising knots. A detractor
    match ``d`` then takes ``share * d`` of the points away. The part of a fact in a step's
    probability is its part of the linear predictor times the slope between the average account
    and this one, which makes the parts sum exactly.

    Args:
        artifact: The model.
        facts: Facts known now, by name; what is missing counts as blank.

    Returns:
        The score with reasons whose points sum to it. ``flagged`` does not depend on the score.
    """
    places = [fact.level_of(facts.get(fact.name)) for fact in artifact.facts]
    average, parts = _positive(artifact, places)
    value = math.fsum([average, *parts])
    base_points, points = interpolate(artifact.knots, average), interpolate(artifact.knots, value)
    slope = (points - base_points) / (value - average) if value != average else 0.0
    d = round(_detractor(artifact, places), DIGITS)
    lost = points * artifact.detractor_share * d
    score = round(min(100.0, max(0.0, points - lost)), DIGITS)
    reasons = _reasons(
        artifact, places, [part * slope for part in parts], lost=lost, d=d, score=score
    )
    return IcpScore(
        score=score,
        detractor=d,
        flagged=artifact.detractor is not None and d >= artifact.flag_at,
        artifact_digest=artifact.digest,
        reasons=reasons,
    )


def evaluate_level(artifact: Artifact, fact: int, level: int) -> float:
    """Return the points an average account gains by having one level of one fact.

    Before any detractor match. ``fact`` and ``level`` are places in ``artifact.facts`` and its
    ``levels``.
    """
    places = [-1] * len(artifact.facts)
    places[fact] = level
    average, parts = _positive(artifact, places)
    value = math.fsum([average, *parts])
    return interpolate(artifact.knots, value) - interpolate(artifact.knots, average)


def average_points(artifact: Artifact) -> float:
    """Return the points of an average account, from 0 to 100, before any detractor match."""
    average, _ = _positive(artifact, [-1] * len(artifact.facts))
    return interpolate(artifact.knots, average)


def _positive(artifact: Artifact, places: Sequence[int]) -> tuple[float, list[float]]:
    """Return the average account's positive value, and what each fact adds to it."""
    average: list[float] = []
    parts: list[list[float]] = [[] for _ in places]
    chance: dict[str, tuple[float, float]] = {}
    slopes: dict[str, list[float]] = {}
    for head, worth in zip(artifact.heads, artifact.worth, strict=True):
        own_base, own_now, own_slopes = _chance(head, places)
        before_base, before_now = chance.get(head.given or "", (1.0, 1.0))
        before_slopes = slopes.get(head.given or "", [0.0] * len(places))
        # A product's change splits exactly with the mean of both ends as the other's weight.
        middle, before_middle = (own_base + own_now) / 2, (before_base + before_now) / 2
        chance[head.step] = (own_base * before_base, own_now * before_now)
        slopes[head.step] = [
            own * before_middle + before * middle
            for own, before in zip(own_slopes, before_slopes, strict=True)
        ]
        average.append(worth * chance[head.step][0])
        for part, slope in zip(parts, slopes[head.step], strict=True):
            part.append(worth * slope)
    return math.fsum(average), [math.fsum(part) for part in parts]


def _chance(head: Head, places: Sequence[int]) -> tuple[float, float, list[float]]:
    """Return the average account's probability, this one's, and each fact's part between."""
    terms = [
        levels[place] if place >= 0 else 0.0
        for levels, place in zip(head.coefficients, places, strict=True)
    ]
    moved = math.fsum(terms)
    base = chance_at(head.link, head.intercept)
    now = chance_at(head.link, head.intercept + moved)
    if abs(moved) < 1e-9:
        return base, base, [0.0] * len(terms)
    return base, now, [(now - base) / moved * term for term in terms]


def _detractor(artifact: Artifact, places: Sequence[int]) -> float:
    if artifact.detractor is None:
        return 0.0
    _, now, _ = _chance(artifact.detractor, places)
    return interpolate(artifact.detractor_knots, now)


def chance_at(link: str, eta: float) -> float:
    """Return the chance that a linear predictor stands for, by the link of its head."""
    eta = min(30.0, max(-30.0, eta))
    return -math.expm1(-math.exp(eta)) if link == "hazard" else 1.0 / (1.0 + math.exp(-eta))


def interpolate(knots: Sequence[tuple[float, float]], x: float) -> float:
    """Return the height at ``x`` of the broken line through ``knots``, level outside them."""
    if x <= knots[0][0]:
        return knots[0][1]
    for (x0, y0), (x1, y1) in pairwise(knots):
        if x <= x1:
            return y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
    return knots[-1][1]


def _reasons(
    artifact: Artifact,
    places: Sequence[int],
    parts: Sequence[float],
    *,
    lost: float,
    d: float,
    score: float,
) -> tuple[Reason, ...]:
    added = [
        Reason(
            rule=f"icp.{fact.name}",
            words=f"{fact.name} is {fact.levels[place] if place >= 0 else 'not known'}",
            points=round(part, DIGITS),
        )
        for fact, place, part in zip(artifact.facts, places, parts, strict=True)
        if round(part, DIGITS) != 0.0
    ]
    if round(lost, DIGITS) > 0.0:
        worst = _worst(artifact, places)
        words = f"matches customers that left after use by {d:.0%}" + (worst and f": {worst}")
        added.append(Reason(rule="icp.detractor", words=words, points=-round(lost, DIGITS)))
    rest = round(score - math.fsum(reason.points or 0.0 for reason in added), DIGITS)
    base = Reason(rule="icp.average", words="points of an average account", points=rest)
    return (base, *sorted(added, key=lambda reason: (-abs(reason.points or 0.0), reason.rule)))


def _worst(artifact: Artifact, places: Sequence[int]) -> str:
    """Return the facts that speak most for churn after use, in words."""
    head = artifact.detractor
    if head is None:
        return ""
    rows = zip(artifact.facts, head.coefficients, places, strict=True)
    terms = sorted(
        (-row[place], fact.name, fact.levels[place]) for fact, row, place in rows if place >= 0
    )
    return ", ".join(f"{name} {level}" for term, name, level in terms[:_WORST_SHOWN] if term < 0)


_WORST_SHOWN = 3
_FACT_KEYS = frozenset(each.name for each in fields(ArtifactFact))
_HEAD_KEYS = frozenset(each.name for each in fields(Head))
_PROPENSITY = "propensity"
_KEYS = frozenset({"shape", *(each.name for each in fields(Artifact) if each.init)}) - {_PROPENSITY}


def to_json(artifact: Artifact) -> str:
    """Return the canonical JSON: keys sorted, no spaces, numbers as ``repr`` writes them.

    Raises:
        ValueError: A number is not finite.
    """
    kept = {name: getattr(artifact, name) for name in _KEYS if name != "shape"}
    if artifact.propensity is not None:
        kept[_PROPENSITY] = json.loads(model_c.to_json(artifact.propensity))
    return canonical({"shape": SHAPE, **kept}).decode()


def from_json(text: str) -> Artifact:
    """Read an artifact, refusing anything :func:`to_json` would not have written.

    Raises:
        BadInput: Every fault, by its path.
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(Fault(place="artifact", came=shorten(text), allowed="JSON")) from error
    reader = _Reader()
    artifact = reader.artifact(content)
    if reader.faults or artifact is None:
        raise BadInput(reader.faults)
    return artifact


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


class _Reader:
    """Reads the parts of an artifact and collects what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def artifact(self, content: object) -> Artifact | None:
        if isinstance(content, dict) and content.get("shape", SHAPE) != SHAPE:
            # Another shape has other keys; a fault for each would hide what is the matter.
            again = "`leadfit learn` or `leadfit benchmark` writes it anew"
            self._fault("shape", content["shape"], f"{SHAPE}, as of this version; {again}")
            return None
        chance = content.get(_PROPENSITY) if isinstance(content, dict) else None
        if isinstance(content, dict):
            content = {name: each for name, each in content.items() if name != _PROPENSITY}
        top = self._object("artifact", content, _KEYS)
        if top is None:
            return None
        facts = tuple(
            fact
            for n, item in enumerate(self._list("facts", top["facts"]))
            if (fact := self._fact(f"facts.{n}", item)) is not None
        )
        heads = self._heads(top["heads"], facts)
        detractor = (
            None if top["detractor"] is None else self._head("detractor", top["detractor"], facts)
        )
        return Artifact(
            as_of=self._text("as_of", top["as_of"]),
            learned_from=self._text("learned_from", top["learned_from"]),
            facts=facts,
            heads=heads,
            worth=self._worth(top["worth"], len(heads)),
            knots=self._knots("knots", top["knots"], 100.0),
            detractor=detractor,
            detractor_knots=self._knots("detractor_knots", top["detractor_knots"], 1.0),
            detractor_share=self._number("detractor_share", top["detractor_share"], 0.0, 1.0),
            flag_at=self._number("flag_at", top["flag_at"], 0.0, 1.0),
            notes=self._notes(top["notes"]),
            propensity=self._propensity(chance),
        )

    def _propensity(self, item: object) -> PropensityModel | None:
        if item is None:
            return None
        try:
            return model_c.from_json(json.dumps(item))
        except BadInput as error:
            self.faults += error.faults
            return None

    def _heads(self, item: object, facts: Sequence[ArtifactFact]) -> tuple[Head, ...]:
        heads = tuple(
            head
            for n, each in enumerate(self._list("heads", item))
            if (head := self._head(f"heads.{n}", each, facts)) is not None
        )
        if not heads and not self.faults:
            self._fault("heads", item, "at least one head")
        before: list[str] = []
        for n, head in enumerate(heads):
            if head.given is not None and head.given not in before:
                allowed = f"null or the step of an earlier head: {', '.join(before) or 'none'}"
                self._fault(f"heads.{n}.given", head.given, allowed)
            before.append(head.step)
        return heads

    def _worth(self, item: object, heads: int) -> tuple[float, ...]:
        worth = self._numbers("worth", item)
        if len(worth) != heads or any(part < 0 for part in worth):
            self._fault("worth", item, "a number of at least 0 for each head")
        elif heads and not math.fsum(worth) > 0:
            self._fault("worth", item, "numbers with a sum over 0")
        return worth

    def _fact(self, path: str, item: object) -> ArtifactFact | None:
        found = self._object(path, item, _FACT_KEYS)
        if found is None:
            return None
        levels = self._texts(f"{path}.levels", found["levels"])
        values = self._texts(f"{path}.values", found["values"])
        edges = self._numbers(f"{path}.edges", found["edges"])
        if bool(values) == bool(edges):
            self._fault(path, item, "either values or edges")
        if any(low >= high for low, high in pairwise(edges)):
            self._fault(f"{path}.edges", edges, "rising numbers")
        if len(levels) < (len(edges) + 1 if edges else len(values)):
            self._fault(f"{path}.levels", levels, "a label for each value or bin")
        name = self._text(f"{path}.name", found["name"])
        return ArtifactFact(name=name, levels=levels, values=values, edges=edges)

    def _head(self, path: str, item: object, facts: Sequence[ArtifactFact]) -> Head | None:
        found = self._object(path, item, _HEAD_KEYS)
        if found is None:
            return None
        if found["link"] not in LINKS:
            self._fault(f"{path}.link", found["link"], " or ".join(LINKS))
        rows = tuple(
            self._numbers(f"{path}.coefficients.{n}", row)
            for n, row in enumerate(self._list(f"{path}.coefficients", found["coefficients"]))
        )
        if [len(row) for row in rows] != [len(fact.levels) for fact in facts]:
            self._fault(f"{path}.coefficients", rows, "a number for each level of each fact")
        given = found["given"]
        return Head(
            step=self._text(f"{path}.step", found["step"]),
            link=self._text(f"{path}.link", found["link"]),
            intercept=self._number(f"{path}.intercept", found["intercept"], -30.0, 30.0),
            coefficients=rows,
            given=None if given is None else self._text(f"{path}.given", given),
            weight=self._number(f"{path}.weight", found["weight"], 0.0, 100.0),
        )

    def _knots(self, path: str, item: object, top: float) -> tuple[tuple[float, float], ...]:
        pairs = [
            self._numbers(f"{path}.{n}", pair) for n, pair in enumerate(self._list(path, item))
        ]
        if len(pairs) < 2 or any(len(pair) != 2 for pair in pairs):
            self._fault(path, item, "at least two pairs of numbers")
            return ((0.0, 0.0), (1.0, 0.0))
        knots = tuple((pair[0], pair[1]) for pair in pairs)
        rises = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(knots))
        if not rises or knots[0][1] < 0 or knots[-1][1] > top:
            self._fault(path, item, f"pairs that rise, the second between 0 and {top:g}")
        return knots

    def _notes(self, item: object) -> dict[str, str | float]:
        if not isinstance(item, dict):
            self._fault("notes", item, "an object of words and numbers")
            return {}
        kept: dict[str, str | float] = {}
        for key, value in item.items():
            kept[key] = (
                value
                if isinstance(value, str)
                else self._number(f"notes.{key}", value, -math.inf, math.inf)
            )
        return kept

    def _object(self, path: str, item: object, keys: frozenset[str]) -> dict[str, object] | None:
        if not isinstance(item, dict):
            self._fault(path, item, "an object")
            return None
        for key in sorted(keys ^ item.keys()):
            state = "missing" if key in keys else shorten(item[key])
            allowed = (
                "this key" if key in keys else f"no such key; known: {', '.join(sorted(keys))}"
            )
            self.faults.append(Fault(place=f"{path}.{key}", came=state, allowed=allowed))
        return None if keys - item.keys() else cast("dict[str, object]", item)

    def _list(self, path: str, item: object) -> list[object]:
        if isinstance(item, list):
            return cast("list[object]", item)
        self._fault(path, item, "a list")
        return []

    def _numbers(self, path: str, item: object) -> tuple[float, ...]:
        return tuple(
            self._number(f"{path}.{n}", value, -math.inf, math.inf)
            for n, value in enumerate(self._list(path, item))
        )

    def _texts(self, path: str, item: object) -> tuple[str, ...]:
        return tuple(self._text(f"{path}.{n}", v) for n, v in enumerate(self._list(path, item)))

    def _number(self, path: str, value: object, low: float, high: float) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # 1e999 parses to infinity, and a huge int does not fit a float.
        if is_number and abs(cast("float", value)) < 1e300 and low <= cast("float", value) <= high:
            return float(cast("float", value))
        self._fault(path, value, f"a number from {low:g} to {high:g}")
        return 0.0

    def _text(self, path: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self._fault(path, value, "a text")
        return ""

    def _fault(self, path: str, came: object, allowed: str) -> None:
        self.faults.append(Fault(place=path, came=shorten(came), allowed=allowed))
