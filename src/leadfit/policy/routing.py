"""The shape of what the policy says about owners: rules, capacity, absence, sweeping, hands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leadfit.policy.section import Section, Words


class CapacityRules(Section):
    """How many leads a rep may be given in a sliding window."""

    slots: int = Field(default=15, ge=1, le=10_000)
    """Leads of the tiers below in one window; `capacity` in `reps.csv` is a rep's own number."""
    window_hours: float = Field(default=48, gt=0, le=8_760)
    """Length of the window."""
    tiers: Annotated[tuple[Literal[1, 2, 3], ...], Field(strict=False)] = (1,)
    """Tiers whose leads take a slot."""


class SkillRule(Section):
    """Leads that need a skill."""

    skill: str
    """Skill of `reps.csv` that is needed."""
    fact: str
    """Fact that decides."""
    values: Words
    """Values, in any case, that need the skill."""


class Absence(Section):
    """What happens to the open leads of a rep who is away, or works here no more."""

    away: Annotated[tuple[Literal[1, 2, 3], ...], Field(strict=False)] = (1, 2, 3)
    """Tiers whose untouched leads move to somebody else when their owner's leave begins."""
    touched: Literal["never", "gone", "always"] = "gone"
    """Whether leads that a person spoke to move, too: `gone` when the owner works here no more,
    `always` also when the owner's leave begins."""
    per_round: int = Field(default=200, ge=1, le=10_000)
    """Leads that move in one round of the sweep, the untouched ones first."""


class ByHand(Section):
    """When it alerts that people take leads from a rep by hand."""

    days: int = Field(default=7, ge=1, le=92)
    """Days that are compared with those before."""
    before_days: int = Field(default=28, ge=1, le=366)
    """Days before, which say what is usual."""
    least: int = Field(default=5, ge=1, le=100_000)
    """Fewer leads taken in those days never alert."""


class RouteRules(Section):
    """Who gets a lead."""

    order: Literal["source-order", "owner-first"] = "source-order"
    """``source-order``: territory, account owner, skill. ``owner-first``: account owner first."""
    owner_of: Literal["customers", "accounts"] = "accounts"
    """Whose owner counts as account owner: customers only, or every account that has one."""
    hours: Literal["within-rules", "across-rules", "ignore"] = "within-rules"
    """Whether reps at work come first: ``within-rules`` among those one rule names, so that a
    territory keeps its leads overnight; ``across-rules`` among all; or ``ignore``."""
    capacity: CapacityRules = Field(default_factory=CapacityRules)
    """Slots of a rep."""
    skills: Annotated[tuple[SkillRule, ...], Field(strict=False)] = ()
    """Facts that call for a skill; the first that holds counts."""
    retry_s: float = Field(default=15, ge=1, le=3_600)
    """Seconds after which somebody is looked for again for a lead that nobody can have."""
    served_first: int = Field(default=20, ge=1, le=1_000)
    """Leads that waited for an owner, and get one before a new lead of their tier does; with many
    the decision of the new one takes longer."""
    absence: Absence = Field(default_factory=Absence)
    """Open leads of reps who are away or gone."""
    by_hand: ByHand = Field(default_factory=ByHand)
    """Leads that people give to somebody else than the rules do."""


class SweepRules(Section):
    """How often all open leads are looked over, and what is found late."""

    every_seconds: float = Field(default=60, gt=0, le=86_400)
    """Seconds from one sweep to the next; each also looks whether the policy folder changed."""
    unassigned_minutes: float = Field(default=60, gt=0, le=525_600)
    """A lead without an owner for longer is an incident, and the managers are told."""
    per_round: int = Field(default=500, ge=1, le=100_000)
    """Leads of one kind that are put right in one sweep."""
