"""What a tier means: its actions, its clocks, and what follows when nobody touched a lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.section import Name, Section, Words
from leadfit.records import Fact

LATE_ASSIGNMENT = "late-assignment"
"""The action that tells of a lead which waited too long for its first owner."""

ActionKind = Literal[
    "task", "alert", "call_script", "pause_sequence", "sequence", "linkedin", "nurture",
    "retarget", "recycle_check", "page", "incident",
]  # fmt: skip
Destination = Literal["crm", "chat", "phone", "email", "ads", "pager", "log"]


class ActionRule(Section):
    """Something to be done for a lead."""

    action: Name
    """Name within its list; part of the key by which it is done once."""
    kind: ActionKind
    """What is done."""
    destination: Destination
    """Where it is done."""
    to: Annotated[tuple[Literal["owner", "manager"], ...], Field(strict=False)] = ("owner",)
    """Who receives it."""
    days: Annotated[tuple[Annotated[float, Field(ge=0, le=3_650)], ...], Field(strict=False)] = (0,)
    """Days after the assignment or breach on which it is due, one action each."""
    every_days: float | None = Field(default=None, gt=0, le=3_650)
    """Done again after so many days, while the lead is open and keeps its tier."""
    times: int | None = Field(default=None, ge=1, le=1_000)
    """How often in all, with ``every_days``; without it there is no end."""
    needs_fact: str | None = None
    """Left out unless the lead has this fact."""
    once: bool = False
    """Begun once for a lead and tier: under a second owner it goes on and is not begun again."""
    channel: Literal["outbound", "paid", "nurture"] | None = None
    """Left out for a flagged detractor when ``detractor.suppress`` names the channel."""
    counts_as_touch: bool = False
    """Carrying it out the first time counts as the first touch; for enrolments of Tier 3 only."""
    fields: Mapping[str, Annotated[Fact, Field(union_mode="left_to_right")]] = Field(
        default_factory=dict
    )
    """Further words for whoever carries it out."""

    @model_validator(mode="after")
    def _what_recurs_begins_on_one_day(self) -> Self:
        if self.every_days is not None and len(self.days) != 1:
            message = "one day in days, from which every_days counts"
            raise ValueError(message)
        if self.every_days is None and self.times is not None:
            message = "times with every_days only"
            raise ValueError(message)
        return self


class BreachStep(Section):
    """One step of what happens when nobody touched a lead in time."""

    step: Name
    """Name within the ladder."""
    after_minutes: float = Field(default=0, ge=0)
    """Minutes after the step before was taken; the first step is taken at the deadline."""
    actions: Annotated[tuple[ActionRule, ...], Field(strict=False)] = ()
    """What is done."""
    reassign: bool = False
    """The lead goes to another owner with a new clock; steps behind it follow at once."""


class TierRules(Section):
    """What a tier means."""

    teams: Words = ()
    """Teams of ``reps.csv`` that work this tier; empty for all. A rep without a team works any."""
    sla_minutes: float = Field(gt=0, le=525_600)
    """Minutes from assignment to first touch."""
    end_to_end_minutes: float = Field(gt=0, le=525_600)
    """Minutes from signal to first touch before the manager is told."""
    clock: Literal["working", "always"] = "working"
    """Whether minutes count in the owner's working hours or all the time."""
    actions: Annotated[tuple[ActionRule, ...], Field(strict=False)] = ()
    """What is done at the assignment, in this order."""
    breach: Annotated[tuple[BreachStep, ...], Field(strict=False)] = ()
    """What is done when the deadline passes, step by step."""


class Tiers(Section):
    """The three tiers."""

    one: TierRules
    """First."""
    two: TierRules
    """Second."""
    three: TierRules
    """Third."""

    @model_validator(mode="after")
    def _only_an_enrolment_of_tier_three_is_a_touch(self) -> Self:
        ladders = (self.one.breach, self.two.breach, self.three.breach)
        elsewhere = [
            *self.one.actions,
            *self.two.actions,
            *(action for ladder in ladders for step in ladder for action in step.actions),
            *(action for action in self.three.actions if action.kind != "nurture"),
        ]
        wrong = [action.action for action in elsewhere if action.counts_as_touch]
        if wrong:
            message = f"counts_as_touch on a nurture of tiers.three only, not on {wrong[0]}"
            raise ValueError(message)
        return self


class SlaRules(Section):
    """Limits that hold for every tier."""

    assignment_minutes: float = Field(default=5, gt=0)
    """Minutes from signal to assignment before somebody is told."""
    fold_minutes: float = Field(default=5, ge=0, le=1_440)
    """Nobody is paged about breaches more often than this; what comes between is told together, by
    one page. What fires at once is told together in any case, in chat, too."""
    again_minutes: float = Field(default=1, gt=0, le=1_440)
    """Where a breach finds nobody free, another owner is looked for this often."""
    automatic: Words = (
        "automation", "bot", "flow", "import", "integration", "no-reply", "noreply", "sequence",
        "sync", "system", "workflow",
    )  # fmt: skip
    """Words in the name of who touched a lead by which it was no person; reps are persons."""
    automatic_facts: Words = ("auto_reply", "automatic", "bulk", "is_bot")
    """Facts of a reported touch or reply that, when they say yes, make it none of a person."""
