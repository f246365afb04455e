"""The shape of what the policy says about experiments: targets that are drawn at random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.section import Name, Section
from leadfit.policy.tiers import Tiers
from leadfit.records import Tier

_TOLERANCE = 1e-9


class ArmRule(Section):
    """One of the targets that are compared."""

    arm: Name
    """Name of the arm."""
    minutes: float = Field(gt=0, le=525_600)
    """Minutes from assignment to first touch, instead of `sla_minutes` of the tier."""
    share: float = Field(gt=0, lt=1)
    """Chance with which a lead, or an account, is drawn into the arm."""


class ResponseExperiment(Section):
    """Which response time pays: the target is drawn at random inside the tier."""

    name: Name
    """Name of the experiment; another name begins another one."""
    tiers: Annotated[tuple[Literal[1, 2, 3], ...], Field(strict=False, min_length=1)] = (1,)
    """Tiers whose leads take part, each at its first assignment."""
    arms: Annotated[tuple[ArmRule, ...], Field(strict=False, min_length=2, max_length=6)]
    """The targets; each faster one is compared with the slowest. Their shares sum to 1."""
    unit: Literal["account", "lead"] = "account"
    """What is drawn and counted: an account, whose later leads have the arm of its first, or each
    lead by itself."""
    start: datetime | None = None
    """Leads assigned from here on take part, a time with its zone; at once without it."""
    end: datetime | None = None
    """The last are drawn before this; without it until the table is taken out of the policy."""
    maturity_days: float = Field(default=90, gt=0, le=1_100)
    """Days for which a lead is watched for a conversion; younger ones are not counted yet."""
    confidence: float = Field(default=0.95, ge=0.5, le=0.999)
    """Confidence of the intervals, over all looks at them together."""
    slower_than_sla: bool = False
    """Allows arms slower than `sla_minutes` of a tier that takes part."""

    @model_validator(mode="after")
    def _arms_can_be_drawn(self) -> Self:
        names = [each.arm for each in self.arms]
        wrong = [f"each arm once, not {name} twice" for name in names if names.count(name) > 1]
        whole = math.fsum(each.share for each in self.arms)
        if abs(whole - 1) > _TOLERANCE:
            wrong.append(f"shares that sum to 1, not to {whole:.6g}")
        for key, at in (("start", self.start), ("end", self.end)):
            if at is not None and at.utcoffset() is None:
                wrong.append(f"{key} with a zone, such as 2026-03-02T00:00:00Z")
        spans = not wrong and self.start is not None and self.end is not None
        if spans and self.end <= self.start:  # type: ignore[operator]  # neither is None
            wrong.append("an end after the start")
        if wrong:
            raise ValueError("; ".join(dict.fromkeys(wrong)))
        return self

    def takes(self, tier: Tier, at: datetime) -> bool:
        """Return whether a lead that is first assigned in ``tier`` at ``at`` takes part.

        Args:
            tier: Its tier.
            at: An aware time.
        """
        begun = self.start is None or at >= self.start
        return tier.value in self.tiers and begun and (self.end is None or at < self.end)

    def arm_at(self, unit: float) -> ArmRule:
        """Return the arm that an even draw from 0 to below 1 falls into.

        Args:
            unit: The draw.
        """
        passed = 0.0
        for each in self.arms:
            passed += each.share
            if unit < passed:
                return each
        return self.arms[-1]

    @property
    def chances(self) -> Mapping[str, float]:
        """The chance of each arm by its name."""
        return {each.arm: each.share for each in self.arms}


class Experiments(Section):
    """Experiments of your own; none runs unless its table stands in the policy."""

    response: ResponseExperiment | None = None
    """Which response time pays."""


def slower_arms(experiment: ResponseExperiment, tiers: Tiers) -> list[str]:
    """Return what is wrong with arms that are slower than the tiers promise.

    Args:
        experiment: The experiment.
        tiers: What the tiers mean.
    """
    if experiment.slower_than_sla:
        return []
    promised = {1: tiers.one, 2: tiers.two, 3: tiers.three}
    return [
        f"at most {promised[tier].sla_minutes:g} minutes in experiment.response.arms {each.arm}, "
        f"as tier {tier} promises, or slower_than_sla = true"
        for tier in experiment.tiers
        for each in experiment.arms
        if each.minutes > promised[tier].sla_minutes
    ]
