"""What an experiment with response times found: by intention to treat, for whoever was drawn.

A unit is what was drawn: an account with all of its leads, or a lead. It belongs to the arm that
was drawn for its first lead, whatever happened after, and counts once it was watched for as long
as the policy says. Every faster target is compared with the slowest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from leadfit.records import Tier
from leadfit.watch.anytime import ArmDifference, DrawnUnit, against_chance, difference

UNFAIR: Final = 0.001
"""A chance of the draws below this says that something decides beside them."""


class TrialRow(Protocol):
    """A lead that was drawn."""

    @property
    def lead_id(self) -> str:
        """The lead."""

    @property
    def cluster_id(self) -> str:
        """What was drawn."""

    @property
    def tier(self) -> Tier:
        """The tier it was drawn inside of."""

    @property
    def arm(self) -> str:
        """The arm."""

    @property
    def target_minutes(self) -> float:
        """Minutes to the first touch in the arm."""

    @property
    def chances(self) -> Mapping[str, float]:
        """The chance of each arm then."""

    @property
    def enrolled_at(self) -> datetime:
        """When."""


class FollowedRow(Protocol):
    """A lead with what came of it."""

    @property
    def trial(self) -> TrialRow:
        """The draw."""

    @property
    def touched_at(self) -> datetime | None:
        """When a person first touched it."""

    @property
    def converted_at(self) -> datetime | None:
        """When it, or its account, converted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFound:
    """What became of one arm.

    Attributes:
        target_minutes: The target of its first lead.
        leads: Leads that were drawn; ``units`` of accounts or leads.
        mature: Units that were watched for long enough; ``converted`` is of these.
        touched: Leads that a person touched; the minutes below are of these, of the wall.
        in_time: Share of all leads old enough that were touched within the target's minutes.
    """

    arm: str
    target_minutes: float
    leads: int
    units: int
    mature: int
    converted: int
    touched: int
    median_minutes: float | None
    p90_minutes: float | None
    in_time: float | None

    @property
    def rate(self) -> float | None:
        """Share of mature units that converted."""
        return self.converted / self.mature if self.mature else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A faster arm against the slowest."""

    arm: str
    against: str
    difference: ArmDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFindings:
    """What an experiment found up to now.

    Attributes:
        unit: ``account`` where accounts were drawn, else ``lead``.
        confidence: Of all intervals at all looks together.
        arms: The slowest first.
        chance: How likely at most it is that arms were drawn as the policy says.
        first_at: When the first lead was drawn, ``last_at`` the last.
    """

    experiment: str
    unit: str
    maturity_days: float
    confidence: float
    arms: tuple[ArmFound, ...]
    contrasts: tuple[Contrast, ...]
    chance: float
    first_at: datetime | None
    last_at: datetime | None

    @property
    def is_fair(self) -> bool:
        """Nothing says that the arms were not drawn as promised."""
        return self.chance >= UNFAIR

    @property
    def is_decided(self) -> bool:
        """The draws were fair, and a faster arm is better or worse than the slowest for sure."""
        return self.is_fair and any(each.difference.is_decided for each in self.contrasts)


@dataclass(frozen=True, slots=True)
class _Unit:
    arm: str
    chances: Mapping[str, float]
    is_mature: bool
    converted: bool


def response_findings(
    rows: Sequence[FollowedRow],
    *,
    experiment: str,
    unit: str = "account",
    maturity_days: float = 90.0,
    confidence: float = 0.95,
    now: datetime,
) -> ResponseFindings:
    """Return what an experiment found.

    Args:
        rows: Its leads, in the order in which they were drawn.
        experiment: Its name.
        unit: What was drawn, ``account`` or ``lead``.
        maturity_days: How long a unit is watched for a conversion.
        confidence: Of all intervals at all looks together.
        now: Units that are younger than the watch are not counted.
    """
    units = _units(rows, timedelta(days=maturity_days), now)
    targets: dict[str, float] = {}
    for row in rows:
        targets.setdefault(row.trial.arm, row.trial.target_minutes)
    order = sorted(targets, key=lambda arm: (-targets[arm], arm))
    level = 1 - (1 - confidence) / max(1, len(order) - 1)
    return ResponseFindings(
        experiment=experiment,
        unit=unit,
        maturity_days=maturity_days,
        confidence=confidence,
        arms=tuple(_arm(arm, targets[arm], rows, units, now) for arm in order),
        contrasts=tuple(_contrast(arm, order[0], units, level) for arm in order[1:]),
        chance=against_chance((each.arm, each.chances) for each in units),
        first_at=rows[0].trial.enrolled_at if rows else None,
        last_at=rows[-1].trial.enrolled_at if rows else None,
    )


def _units(rows: Sequence[FollowedRow], watch: timedelta, now: datetime) -> list[_Unit]:
    """Return what was drawn, in that order, each with the arm of its first lead."""
    first: dict[str, FollowedRow] = {}
    won: dict[str, datetime] = {}
    for row in rows:
        cluster = row.trial.cluster_id
        first.setdefault(cluster, row)
        if row.converted_at is not None:
            won[cluster] = min(won.get(cluster, row.converted_at), row.converted_at)
    return [
        _Unit(
            arm=row.trial.arm,
            chances=row.trial.chances,
            is_mature=row.trial.enrolled_at + watch <= now,
            converted=cluster in won and won[cluster] <= row.trial.enrolled_at + watch,
        )
        for cluster, row in first.items()
    ]


def _arm(
    arm: str, target: float, rows: Sequence[FollowedRow], units: Sequence[_Unit], now: datetime
) -> ArmFound:
    own = [row for row in rows if row.trial.arm == arm]
    mature = [unit for unit in units if unit.arm == arm and unit.is_mature]
    waits = sorted(wait for row in own if (wait := _minutes(row)) is not None)
    due = [row for row in own if row.trial.enrolled_at + timedelta(minutes=target) <= now]
    kept = sum((wait := _minutes(row)) is not None and wait <= target for row in due)
    return ArmFound(
        arm=arm,
        target_minutes=target,
        leads=len(own),
        units=sum(unit.arm == arm for unit in units),
        mature=len(mature),
        converted=sum(unit.converted for unit in mature),
        touched=len(waits),
        median_minutes=_quantile(waits, 0.5),
        p90_minutes=_quantile(waits, 0.9),
        in_time=kept / len(due) if due else None,
    )


def _contrast(arm: str, slowest: str, units: Sequence[_Unit], confidence: float) -> Contrast:
    """Compare two arms, among the mature units that could have been drawn into either."""
    pairs = [
        DrawnUnit(
            treated=unit.arm == arm,
            chance=unit.chances[arm] / (unit.chances[arm] + unit.chances[slowest]),
            outcome=float(unit.converted),
        )
        for unit in units
        if unit.is_mature and unit.arm in {arm, slowest} and {arm, slowest} <= unit.chances.keys()
    ]
    found = difference(pairs, confidence=confidence)
    return Contrast(arm=arm, against=slowest, difference=found)


def _minutes(row: FollowedRow) -> float | None:
    """Return the minutes of the wall from the first owner to the first touch."""
    if row.touched_at is None:
        return None
    return max(0.0, (row.touched_at - row.trial.enrolled_at).total_seconds() / 60)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
