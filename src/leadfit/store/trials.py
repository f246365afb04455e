"""What the store keeps of experiments: who was drawn into which arm, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from leadfit.records import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A lead that takes part in an experiment.

    Attributes:
        cluster_id: What was drawn: the account at the time of the draw, or the lead itself.
        tier: The tier inside of which it was drawn.
        target_minutes: Minutes to the first touch in the arm.
        chances: The chance of each arm when it was drawn.
        draw: The draw; an even number is made of it.
        enrolled_at: When it was drawn, at the lead's first assignment.
    """

    experiment: str
    lead_id: str
    cluster_id: str
    tier: Tier
    arm: str
    target_minutes: float
    chances: Mapping[str, float]
    draw: str
    enrolled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A lead of an experiment with what came of it.

    Attributes:
        touched_at: When a person first touched it.
        converted_at: When the lead, or any of the account that was drawn, first converted.
    """

    trial: Trial
    touched_at: datetime | None
    converted_at: datetime | None


class Trials(Protocol):
    """Leads of experiments."""

    def enrol(self, trial: Trial) -> None:
        """Keep a draw; a lead is drawn once in an experiment."""

    def arm_of(self, experiment: str, cluster_id: str) -> str | None:
        """Return the arm that an account, or one merged with it, was first drawn into."""

    def experiments(self) -> tuple[str, ...]:
        """Return the names of the experiments that leads were drawn in, the newest first."""

    def followed(self, experiment: str) -> tuple[Followed, ...]:
        """Return the leads of an experiment in the order in which they were drawn.

        Accounts that were merged since are one: ``cluster_id`` is the account that is left, and
        what came of either is what came of it.
        """
