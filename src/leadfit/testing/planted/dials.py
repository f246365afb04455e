"""What can be set about a planted company, and the draws that follow from its seed."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import TypeVar

from leadfit.errors import BadInput, Fault
from leadfit.world import seeded

T = TypeVar("T")

FEWEST_FACTS = 11
LARGEST_WHALE = 0.95
DAYS_A_MONTH = 30.4375


class Confounding(StrEnum):
    """What drives both the facts that ride along and the outcomes.

    ``additive``: the channel. ``interaction``: cells of channel and region, with no effect of
    either alone. ``unrecorded``: something that is in no file.
    """

    ADDITIVE = "additive"
    INTERACTION = "interaction"
    UNRECORDED = "unrecorded"


class Hazards(StrEnum):
    """How the hazards of expansion and churn change with the months since conversion."""

    FALLING = "falling"
    FLAT = "flat"
    RISING = "rising"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """How a planted company is made.

    Shares and rates are fractions. The rates of the funnel are what the company is tuned to, so
    what comes out of one seed lies near them.

    Attributes:
        seed: Same dials, same bytes.
        leads: Rows of ``leads``, at least 50.
        facts: Columns of facts, at least 11: the named ones, then further ones of every role.
        months: Months of recorded history.
        starts_on: Its first day.
        duplicates: Accounts that stand twice in the CRM.
        misspellings: Names typed wrongly.
        free_mail: Leads that come with a free-mail address.
        missing: Blank fact values, at random.
        drift: How far the drifting segment falls, 0 to 1; 0 is none.
        drift_month: Month in which it starts to fall; two thirds of the history by default.
        drift_ramp_months: Months until it has fallen fully; 0 is sudden.
        seasonality: How strongly closings gather at quarter ends.
        confounding: What the facts that ride along ride on.
        hazards: Their shape.
        null: No fact matters for anything.
        effect_size: Multiplies every effect of a fact.
        causes_expansion: Share of the further facts that cause expansion; the next six likewise.
        leaks: Lead columns under meaningless names that are filled in after the outcome.
        most_expansions: How often a customer may expand; the later ones are small.
        whale: Share of one segment's recorded bookings that one account brings; 0 is none.
    """

    seed: int = 7
    leads: int = 20_000
    facts: int = 60
    months: int = 36
    starts_on: date = date(2023, 7, 3)
    duplicates: float = 0.03
    misspellings: float = 0.05
    free_mail: float = 0.06
    missing: float = 0.01
    drift: float = 0.0
    drift_month: int | None = None
    drift_ramp_months: int = 9
    seasonality: float = 0.3
    confounding: Confounding = Confounding.ADDITIVE
    hazards: Hazards = Hazards.FALLING
    null: bool = False
    effect_size: float = 1.0
    causes_expansion: float = 0.10
    causes_churn: float = 0.06
    causes_both: float = 0.04
    wins_only: float = 0.08
    copies_of_a_cause: float = 0.06
    rides_on_a_channel: float = 0.08
    arises_after_the_win: float = 0.04
    leaks: int = 0
    most_expansions: int = 3
    whale: float = 0.0
    accept_rate: float = 0.60
    qualify_rate: float = 0.37
    win_rate: float = 0.43
    expand_rate: float = 0.33
    churn_rate: float = 0.16

    def __post_init__(self) -> None:
        """Refuse values that no company can be made from.

        Raises:
            BadInput: With every dial that is out of range.
        """
        faults = [_fault(self, name, "0 to 1") for name in _SHARES if not _is_share(self, name)]
        for name, low, high in _WHOLE:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                faults.append(_fault(self, name, f"{low} to {high}"))
        if _is_share(self, "whale") and self.whale > LARGEST_WHALE:
            faults.append(_fault(self, "whale", f"0 to {LARGEST_WHALE}"))
        if not 0 <= self.effect_size <= 3:
            faults.append(_fault(self, "effect_size", "0 to 3"))
        if sum(getattr(self, name) for name in ROLE_SHARES) > 1:
            faults.append(Fault(place="dials", came="shares above 1", allowed="shares up to 1"))
        if faults:
            raise BadInput(faults)


ROLE_SHARES = (
    "causes_expansion",
    "causes_churn",
    "causes_both",
    "wins_only",
    "copies_of_a_cause",
    "rides_on_a_channel",
    "arises_after_the_win",
)
_SHARES = tuple(
    each.name for each in fields(Dials) if each.type == "float" and each.name != "effect_size"
)
_WHOLE = (
    ("leads", 50, 2_000_000),
    ("facts", FEWEST_FACTS, 1_000),
    ("months", 6, 120),
    ("drift_month", 1, 120),
    ("drift_ramp_months", 0, 120),
    ("leaks", 0, 10),
    ("most_expansions", 1, 10),
)


def _is_share(dials: Dials, name: str) -> bool:
    return 0 <= float(getattr(dials, name)) <= 1


def _fault(dials: Dials, name: str, allowed: str) -> Fault:
    return Fault(place=f"dials.{name}", came=str(getattr(dials, name)), allowed=allowed)


class Dice:
    """Draws from a seed, made from its unit draws alone: these never change between Pythons.

    >>> Dice("example", 1).whole(1, 6) == Dice("example", 1).whole(1, 6)
    True
    """

    __slots__ = ("unit",)

    def __init__(self, *parts: object) -> None:
        self.unit = seeded("planted", *parts).random

    def chance(self, share: float) -> bool:
        """Return whether something of this probability happened."""
        return self.unit() < share

    def between(self, low: float, high: float) -> float:
        """Return an even draw."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return an even whole draw, both ends included."""
        return low + int((high - low + 1) * self.unit())

    def pick(self, items: Sequence[T]) -> T:
        """Return one of ``items``."""
        return items[int(len(items) * self.unit())]

    def place(self, cumulative: Sequence[float]) -> int:
        """Return an index by cumulative shares, the last of which is 1."""
        return min(bisect_right(cumulative, self.unit()), len(cumulative) - 1)

    def exponential(self, mean: float) -> float:
        """Return a waiting time."""
        return -mean * math.log(1.0 - self.unit())

    def normal(self) -> float:
        """Return a standard normal draw."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.unit()))
        return radius * math.cos(2.0 * math.pi * self.unit())


def cumulate(shares: Sequence[float]) -> tuple[float, ...]:
    """Return cumulative shares that end at 1.

    >>> cumulate((1, 1, 2))
    (0.25, 0.5, 1.0)
    """
    whole = math.fsum(shares)
    passed, sums = 0.0, []
    for share in shares:
        passed += share
        sums.append(passed / whole)
    return (*sums[:-1], 1.0)


def sigmoid(z: float) -> float:
    """Return the probability of log odds ``z``."""
    return 1.0 / (1.0 + math.exp(-z)) if z > -30 else math.exp(z)
