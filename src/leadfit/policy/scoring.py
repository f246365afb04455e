"""How the policy scores: points of facts and activities, weights, cuts, and what a flag means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.section import EventKind, Name, Section, Share, Words
from leadfit.records import Reason


class PointBand(Section):
    """Points for a number from ``min`` on."""

    min: float
    """Smallest number that earns the points."""
    points: float = Field(ge=0)
    """Points earned."""


class WordPoints(Section):
    """Points for a text that holds one of some words."""

    any: Words
    """Words, of which one must stand in the text as a whole word."""
    points: float = Field(ge=0)
    """Points earned."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earned:
    """What a part said of values, by rule and by a value's type and text.

    Equal to itself alone: two parts are equal by their fields, whatever each was asked before.

    Attributes:
        part: The part that said so; a changed copy of it takes these along, and may not use them.
    """

    part: FactPart
    reasons: dict[tuple[str, type, str], Reason] = field(default_factory=dict)


class FactPart(Section):
    """One part of fit or authority: a fact, and what its values earn."""

    fact: str
    """Name of the fact; other names for it stand in ``facts``."""
    cap: float = Field(gt=0, le=100)
    """Most points this part can earn."""
    values: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Points by value of a text fact, in any case; what takes points away stands in ``less``."""
    bands: Annotated[tuple[PointBand, ...], Field(strict=False)] = ()
    """Points by size of a number; the highest band reached counts."""
    words: Annotated[tuple[WordPoints, ...], Field(strict=False)] = ()
    """Points by words in a text; the first that holds counts."""
    yes: float | None = Field(default=None, ge=0)
    """Points when the fact is true."""
    otherwise: float = Field(default=0, ge=0)
    """Points of a value that nothing above names; a missing fact always earns 0."""

    @cached_property
    def earned(self) -> Earned:
        """What values earned of late."""
        return Earned(part=self)

    @model_validator(mode="after")
    def _one_way_to_points(self) -> Self:
        ways = [bool(self.values), bool(self.bands), bool(self.words), self.yes is not None]
        if sum(ways) != 1:
            message = "exactly one of values, bands, words and yes"
            raise ValueError(message)
        return self


class ActivityPoints(Section):
    """What one kind of activity earns."""

    part: str
    """The part it counts in, such as ``engagement.web_visits``."""
    points: float = Field(ge=0)
    """Points of a fresh activity."""
    half_life_days: float = Field(gt=0)
    """Days after which half of the points are left."""
    also: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Points it earns in further parts, for what it stands for: who asks for a demo has read."""


class Less(Section):
    """What takes points away from a component, which never falls below 0.

    Exactly one of ``domains``, ``fact`` and ``kinds`` says when.
    """

    component: Literal["fit", "engagement", "intent", "authority"]
    """The component that loses points."""
    points: float = Field(gt=0, le=100)
    """Points it loses, as far as it has them."""
    domains: Words = ()
    """Domains of companies, such as competitors; those below them and addresses at them count."""
    fact: str | None = None
    """Name of a fact; other names for it stand in ``facts``."""
    values: Words = ()
    """Values of the fact, in any case."""
    words: Words = ()
    """Words, of which one standing in the fact as a whole word is enough, too."""
    kinds: Annotated[tuple[EventKind, ...], Field(strict=False)] = ()
    """Kinds of events, such as ``unsubscribed``; the latest one counts."""
    half_life_days: float | None = Field(default=None, gt=0)
    """Days after which half of the points are taken; without it an event takes them for good."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        wrong = []
        if self.fact is None and (self.values or self.words):
            wrong.append("a fact for its values or words")
        if self.fact is not None and not self.values and not self.words:
            wrong.append("values or words of the fact")
        if self.fact is not None and (self.domains or self.kinds):
            wrong.append("a fact, domains or kinds, not two of them")
        if self.domains and self.kinds:
            wrong.append("domains or kinds, not both")
        if self.half_life_days is not None and not self.kinds:
            wrong.append("kinds for half_life_days")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Weights(Section):
    """Most points of each component; together 100."""

    fit: float = Field(default=40, gt=0)
    """Firmographic fit."""
    engagement: float = Field(default=30, gt=0)
    """Engagement with us."""
    intent: float = Field(default=20, gt=0)
    """Intent seen elsewhere."""
    authority: float = Field(default=10, gt=0)
    """Buying authority."""


class TierCuts(Section):
    """Where the tiers of the models begin."""

    a_tier_one: float = Field(default=75, ge=0, le=100)
    """Model A: Tier 1 from this total."""
    a_tier_two: float = Field(default=50, ge=0, le=100)
    """Model A: Tier 2 from this total."""
    b_fit: float = Field(default=70, ge=0, le=100)
    """Model B: the fit gate, on fit by facts scaled to 100; nothing overrides it."""
    b_icp: float = Field(default=70, ge=0, le=100)
    """Model B: the fit gate with ``fit_source = "icp"``, on the learned score; nothing overrides
    it."""
    b_tier_one: float = Field(default=60, ge=0, le=100)
    """Model B: Tier 1 from this intent, on engagement and intent scaled to 100."""
    b_tier_two: float = Field(default=40, ge=0, le=100)
    """Model B: Tier 2 from this intent."""
    c_tier_one: Share = 0.25
    """Model C: Tier 1 from this chance of a win."""
    c_tier_two: Share = 0.10
    """Model C: Tier 2 from this chance of a win."""

    @model_validator(mode="after")
    def _tier_one_is_above_tier_two(self) -> Self:
        if (
            self.a_tier_two > self.a_tier_one
            or self.b_tier_two > self.b_tier_one
            or self.c_tier_two > self.c_tier_one
        ):
            message = "Tier 2 begins at or below Tier 1"
            raise ValueError(message)
        return self


class ScoreRules(Section):
    """Points, decay and tiers."""

    model: Literal["A", "B", "C"] = "B"
    """``A``: one weighted total. ``B``: a fit gate, then an intent gate. ``C``: the learned chance
    of a win; while none is learned, ``A``."""
    fit_source: Literal["facts", "icp"] = "facts"
    """What fit is: points of ``fit`` by facts, or the learned score of the account; while none is
    learned, facts."""
    firmographic: Literal["shown", "needed"] = "shown"
    """With ``fit_source = "icp"``: whether fit by facts, held to ``cuts.b_fit``, is only shown as a
    gate of its own, or is needed for Tier 1 and 2 besides."""
    weights: Weights = Field(default_factory=Weights)
    """Most points of each component."""
    cuts: TierCuts = Field(default_factory=TierCuts)
    """Where tiers begin."""
    fit: Mapping[Name, FactPart]
    """Parts of firmographic fit by name; their caps sum to ``weights.fit``."""
    authority: Mapping[Name, FactPart]
    """Parts of buying authority by name; their caps sum to ``weights.authority``."""
    engagement: Mapping[Name, Annotated[float, Field(gt=0)]]
    """Cap of each part of engagement by name; together ``weights.engagement``."""
    intent: Mapping[Name, Annotated[float, Field(gt=0)]]
    """Cap of each part of intent by name; together ``weights.intent``."""
    activities: Mapping[EventKind, ActivityPoints]
    """What each kind of activity earns; a kind that is not here earns nothing."""
    less: Mapping[Name, Less] = Field(default_factory=dict)
    """What takes points away, by name: competitors, job seekers, students, who unsubscribed."""

    @model_validator(mode="after")
    def _caps_fill_the_weights(self) -> Self:
        caps = {
            "fit": [part.cap for part in self.fit.values()],
            "authority": [part.cap for part in self.authority.values()],
            "engagement": list(self.engagement.values()),
            "intent": list(self.intent.values()),
        }
        wrong = [
            f"the caps of {name} sum to weights.{name} ({getattr(self.weights, name):g}), "
            f"now {math.fsum(each):g}"
            for name, each in caps.items()
            if abs(math.fsum(each) - getattr(self.weights, name)) > 1e-9
        ]
        total = math.fsum(getattr(self.weights, name) for name in caps)
        if abs(total - 100) > 1e-9:
            wrong.append(f"weights that sum to 100, now {total:g}")
        parts = {f"engagement.{name}" for name in self.engagement}
        parts |= {f"intent.{name}" for name in self.intent}
        wrong += [
            f"parts of engagement or intent for activities.{kind.value}, now "
            f"{', '.join([rule.part, *rule.also])}"
            for kind, rule in self.activities.items()
            if not {rule.part, *rule.also} <= parts
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Detractor(Section):
    """What follows from a match with the class that churned after meaningful use."""

    suppress: Annotated[tuple[Literal["outbound", "paid", "nurture"], ...], Field(strict=False)] = (
        "outbound",
        "paid",
        "nurture",
    )
    """Channels a flagged account is left out of; an inbound lead keeps its tier and the flag."""
    explore_share: float = Field(default=0.02, ge=0, le=0.5)
    """Share of flagged leads, drawn by lot, that are treated as if they had no flag, so that what
    becomes of such leads is still learned."""
    tier_three: bool = False
    """Whether the flag forces Tier 3, unless a person overrides it; holds once the flag's precision
    has a proved lower bound of ``least_precision``."""
    least_precision: Share = 0.25
    """Lower bound of the share of flagged customers that left after use, out of sample, from which
    the flag may force a tier."""
