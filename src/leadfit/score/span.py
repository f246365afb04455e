"""Ends of the numbers on which a tier hangs, over all values that unknown facts could have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from leadfit.artifact import Artifact, Head, chance_at, evaluate, interpolate
from leadfit.levels import ArtifactFact
from leadfit.policy import Policy
from leadfit.policy.policy import EXPLORED, fact_name
from leadfit.propensity import PropensityModel, engagement
from leadfit.records import Facts, IcpScore, Subject, Tier
from leadfit.score.cells import Cells, Level
from leadfit.score.detractor import flag_reasons, forced_tier
from leadfit.score.less import wanted_by
from leadfit.score.models import (
    Components,
    composite,
    fit_gate,
    intent_gate,
    tier_by_chance,
    tier_by_gates,
    tier_by_total,
)
from leadfit.score.points import DIGITS, of_activities, of_facts
from leadfit.score.terms import COMPONENTS, NOTHING, Points, added, millionths, points_of, terms_of

# A learned number is a sum in another order here, rounded to six digits there.
_SLACK: Final = 3e-6
_LEARNED: Final = "learned."
_CHANCE: Final = "chance."


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBound:
    """What one part of a score can come to.

    Attributes:
        rule: The part, such as ``fit.industry``.
        fact: The unknown fact it looks at.
        low: Fewest points.
        high: Most points.
    """

    rule: str
    fact: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Ends of every number on which a tier hangs.

    Attributes:
        numbers: Smallest and largest by name: ``fit``, ``engagement``, ``intent``, ``authority``,
            and as far as they decide ``total``, ``fit100``, ``intent100``, ``icp``,
            ``detractor``, ``chance``.
        low_tier: The tier at the low ends; none is lower.
        high_tier: The tier at the high ends; none is higher.
    """

    numbers: Mapping[str, tuple[float, float]]
    low_tier: Tier
    high_tier: Tier


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What is known of a lead, and the rules it is rated by.

    Attributes:
        subject: Facts known, those that count as unknown left out; activities; what is measured.
        lead_id: Whose lot decides about exploration.
    """

    subject: Subject
    policy: Policy
    artifact: Artifact | None
    now: datetime
    lead_id: str | None = None

    @cached_property
    def chance(self) -> PropensityModel | None:
        """Model C, where it decides."""
        learned = None if self.artifact is None else self.artifact.propensity
        return learned if self.policy.score.model == "C" else None

    @cached_property
    def icp(self) -> Artifact | None:
        """The learned score, where a tier hangs on it."""
        rules = self.policy.score
        by_icp = rules.fit_source == "icp" and self.chance is None
        measures = self.chance is not None and any(
            each.name == "icp_score" for each in self.chance.measured
        )
        return self.artifact if by_icp or measures or self.policy.detractor.tier_three else None

    @property
    def is_learned(self) -> bool:
        """The tier hangs on something learned, too."""
        return self.chance is not None or self.icp is not None

    @property
    def levels(self) -> tuple[Level, ...]:
        """How what is learned, and decides, looks at facts."""
        icp = () if self.icp is None else self.icp.facts
        chance = () if self.chance is None else self.chance.facts
        return (
            *((f"{_LEARNED}{each.name}", each) for each in icp),
            *((f"{_CHANCE}{each.name}", each) for each in chance),
        )

    def counts(self, rule: str) -> bool:
        """Return whether a tier hangs on what a reader makes of a fact."""
        kind = rule.partition(".")[0]
        return kind in {"learned", "chance", "less", *COMPONENTS}

    @cached_property
    def known(self) -> Facts:
        """Facts under all of their names."""
        return self.policy.known(self.subject.facts)

    @cached_property
    def net(self) -> Points:
        """What is known adds to each component, in millionths, before any is held at 0."""
        rules, done, now = self.policy.score, self.subject.activities, self.now
        earned = {
            "fit": of_facts("fit", rules.fit, self.known),
            "engagement": of_activities("engagement", rules, done, now),
            "intent": of_activities("intent", rules, done, now),
            "authority": of_facts("authority", rules.authority, self.known),
        }
        sums = {
            name: sum(millionths(each.points or 0.0) for each in reasons)
            for name, reasons in earned.items()
        }
        for name, less in rules.less.items():
            wanted, why = wanted_by(name, less, self.subject, self.known, now)
            if why:
                sums[less.component] -= millionths(wanted)
        return (sums["fit"], sums["engagement"], sums["intent"], sums["authority"])


def tier_of_points(basis: Basis, unknown: Points) -> Tier:
    """Return the tier under the weighted rules, with what unknown facts add to each component.

    Args:
        basis: What is known.
        unknown: What they add.
    """
    return _by_rules(basis, _components(basis, unknown), None)


def _components(basis: Basis, unknown: Points) -> Components:
    fit, engaged, intent, authority = (
        points_of(max(0, each)) for each in added(basis.net, unknown)
    )
    return Components(fit=fit, engagement=engaged, intent=intent, authority=authority)


def _by_rules(basis: Basis, parts: Components, icp: float | None) -> Tier:
    """Return the tier by Model A or B; with a learned score it is the source of fit."""
    rules = basis.policy.score
    by_facts = parts
    if icp is not None:
        points = round(icp / 100 * rules.weights.fit, DIGITS)
        parts = Components(
            fit=points,
            engagement=parts.engagement,
            intent=parts.intent,
            authority=parts.authority,
        )
    if rules.model == "B":
        gates = (fit_gate(parts, rules.weights), intent_gate(parts, rules.weights))
        tier, _ = tier_by_gates(*gates, rules.cuts, by_icp=icp is not None)
    else:
        tier, _ = tier_by_total(composite(parts), rules.cuts)
    if icp is not None and rules.firmographic == "needed":
        gate = round(by_facts.fit / rules.weights.fit * 100, DIGITS)
        return tier if gate >= rules.cuts.b_fit else Tier.THREE
    return tier


def span(basis: Basis, free: Sequence[Cells]) -> Span:
    """Return the ends of every number on which the tier hangs, and of the tier.

    Args:
        basis: What is known, and the rules.
        free: Cells of each unknown fact.
    """
    low_points, high_points = _ends_of_points(basis, free)
    low, high = _components(basis, low_points), _components(basis, high_points)
    numbers = {name: (getattr(low, name), getattr(high, name)) for name in COMPONENTS}
    icp = None if basis.icp is None else _icp(basis, basis.icp, free)
    if icp is not None:
        numbers |= {"icp": icp[0], "detractor": icp[1]}
    if basis.chance is not None:
        chance = _chance(basis, basis.chance, free, None if icp is None else icp[0])
        numbers["chance"] = chance
        cuts = basis.policy.score.cuts
        tiers = (tier_by_chance(chance[0], cuts)[0], tier_by_chance(chance[1], cuts)[0])
    else:
        ends = icp[0] if icp is not None and basis.policy.score.fit_source == "icp" else None
        tiers = _tiers_by_rules(basis, free, (low, high), ends)
        numbers |= _measures(basis, free, (low, high))
    if icp is not None:
        tiers = _forced(basis, tiers, icp[1])
    return Span(numbers=numbers, low_tier=tiers[0], high_tier=tiers[1])


def _ends_of_points(basis: Basis, free: Sequence[Cells]) -> tuple[Points, Points]:
    """Return the least and the most that unknown facts add to each component by itself."""
    low, high = NOTHING, NOTHING
    for cells in free:
        columns = list(zip(*(_terms(basis, cells)), strict=True))
        low = added(low, (min(columns[0]), min(columns[1]), min(columns[2]), min(columns[3])))
        high = added(high, (max(columns[0]), max(columns[1]), max(columns[2]), max(columns[3])))
    return low, high


def _terms(basis: Basis, cells: Cells) -> list[Points]:
    return [terms_of(basis.policy, cells, each.signature) for each in cells.cells]


def _tiers_by_rules(
    basis: Basis,
    free: Sequence[Cells],
    ends: tuple[Components, Components],
    icp: tuple[float, float] | None,
) -> tuple[Tier, Tier]:
    rules = basis.policy.score
    if icp is None and rules.model != "B" and (total := _total(basis, free)) is not None:
        tiers = [tier_by_total(each, rules.cuts)[0] for each in total]
        return tiers[0], tiers[1]
    low, high = (None, None) if icp is None else icp
    return _by_rules(basis, ends[0], low), _by_rules(basis, ends[1], high)


def _total(basis: Basis, free: Sequence[Cells]) -> tuple[float, float] | None:
    """Return the ends of the total, facts that several components share taken together.

    Where a component may be held at 0 the total is no plain sum: ``None``.
    """
    low, _ = _ends_of_points(basis, free)
    if min(added(basis.net, low)) < 0:
        return None
    sums = [[sum(each) for each in _terms(basis, cells)] for cells in free]
    net = sum(basis.net)
    return points_of(net + sum(map(min, sums))), points_of(net + sum(map(max, sums)))


def _measures(
    basis: Basis, free: Sequence[Cells], ends: tuple[Components, Components]
) -> dict[str, tuple[float, float]]:
    """Return the ends of what the weighted rules hold to their cuts, by facts."""
    weights = basis.policy.score.weights
    low, high = ends
    if basis.policy.score.model == "B":
        return {
            "fit100": (fit_gate(low, weights), fit_gate(high, weights)),
            "intent100": (intent_gate(low, weights), intent_gate(high, weights)),
        }
    return {"total": _total(basis, free) or (composite(low), composite(high))}


def _forced(
    basis: Basis, tiers: tuple[Tier, Tier], detractor: tuple[float, float]
) -> tuple[Tier, Tier]:
    """Return the ends of the tier under a flag that may force Tier 3."""
    artifact, rules = basis.artifact, basis.policy.detractor
    if artifact is None or artifact.detractor is None:
        return tiers
    flagged = IcpScore(score=0.0, detractor=1.0, flagged=True, artifact_digest=artifact.digest)
    flag = flag_reasons(flagged, rules, basis.lead_id)
    if any(each.rule == EXPLORED for each in flag):
        return tiers
    may, must = (end >= artifact.flag_at for end in (detractor[1], detractor[0]))
    low = forced_tier(tiers[0], flag, artifact, rules)[0] if may else tiers[0]
    high = forced_tier(tiers[1], flag, artifact, rules)[0] if must else tiers[1]
    return low, high


def _icp(
    basis: Basis, artifact: Artifact, free: Sequence[Cells]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of the learned score and of the detractor match."""
    levels = _levels(basis, artifact.facts, free, _LEARNED)
    if all(len(each) == 1 for each in levels):
        facts = {each.name: basis.known.get(fact_name(each.name)) for each in artifact.facts}
        found = evaluate(artifact, facts)
        return (found.score, found.score), (found.detractor, found.detractor)
    ends: dict[str, tuple[float, float]] = {}
    values = [0.0, 0.0]
    for head, worth in zip(artifact.heads, artifact.worth, strict=True):
        own, before = _head(head, levels), ends.get(head.given or "", (1.0, 1.0))
        ends[head.step] = (own[0] * before[0], own[1] * before[1])
        values[0] += worth * ends[head.step][0]
        values[1] += worth * ends[head.step][1]
    points = [interpolate(artifact.knots, value) for value in values]
    match = (0.0, 0.0)
    if artifact.detractor is not None:
        low, high = _head(artifact.detractor, levels)
        knots = artifact.detractor_knots
        match = (interpolate(knots, low) - _SLACK, interpolate(knots, high) + _SLACK)
    share = artifact.detractor_share
    low = points[0] * (1 - share * min(1.0, max(0.0, match[1])))
    high = points[1] * (1 - share * min(1.0, max(0.0, match[0])))
    return (max(0.0, low - _SLACK), min(100.0, high + _SLACK)), match


def _levels(
    basis: Basis, facts: Sequence[ArtifactFact], free: Sequence[Cells], prefix: str
) -> list[frozenset[int]]:
    """Return the levels each fact of a model can have, in their order."""
    open_levels: dict[str, frozenset[int]] = {}
    for cells in free:
        for place, (rule, _) in enumerate(cells.readers):
            if rule.startswith(prefix):
                made = (cell.signature[place] for cell in cells.cells)
                found = frozenset(each for each in made if isinstance(each, int))
                open_levels[rule.removeprefix(prefix)] = found
    return [
        open_levels.get(
            each.name, frozenset({each.level_of(basis.known.get(fact_name(each.name)))})
        )
        for each in facts
    ]


def _head(head: Head, levels: Sequence[frozenset[int]]) -> tuple[float, float]:
    """Return the ends of a head's own chance."""
    low, high = head.intercept, head.intercept
    for row, places in zip(head.coefficients, levels, strict=True):
        terms = [row[place] if place >= 0 else 0.0 for place in places]
        low, high = low + min(terms), high + max(terms)
    return chance_at(head.link, low - 1e-9), chance_at(head.link, high + 1e-9)


def _chance(
    basis: Basis, model: PropensityModel, free: Sequence[Cells], icp: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the ends of the chance of a win."""
    subject = basis.subject
    measured = dict(subject.measured) or engagement(
        subject.activities, model.half_life_days, basis.now
    )
    low = high = model.intercept
    levels = _levels(basis, model.facts, free, _CHANCE)
    for row, places in zip(model.weights, levels, strict=True):
        terms = [row[place] if place >= 0 else 0.0 for place in places]
        low, high = low + min(terms), high + max(terms)
    for each in model.measured:
        value = measured.get(each.name, each.mean)
        ends = icp if each.name == "icp_score" and icp is not None else (value, value)
        terms = [
            each.weight * ((end if math.isfinite(end) else each.mean) - each.mean) / each.scale
            for end in ends
        ]
        low, high = low + min(terms), high + max(terms)
    shift, slope = model.calibration
    etas = sorted((shift + slope * low, shift + slope * high))
    chances = [1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, eta)))) for eta in etas]
    return max(0.0, chances[0] - _SLACK), min(1.0, chances[1] + _SLACK)


def part_bounds(free: Sequence[Cells]) -> tuple[PartBound, ...]:
    """Return the fewest and most points of each part that looks at an unknown fact.

    Args:
        free: Cells of each unknown fact.
    """
    found = []
    for each in free:
        for place, (rule, _) in enumerate(each.readers):
            if rule.startswith(("fit.", "authority.")):
                points = [
                    float(made)
                    for cell in each.cells
                    if isinstance(made := cell.signature[place], float | int)
                ]
                bounds = PartBound(rule=rule, fact=each.fact, low=min(points), high=max(points))
                found.append(bounds)
    return tuple(found)
