"""When an entity comes forward, and how far its segment has fallen by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadfit.testing.planted.dials import Dials, Dice, cumulate
from leadfit.testing.planted.economics import heat_of
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.ledger import DAY
from leadfit.testing.planted.market import Market, Seller
from leadfit.testing.planted.population import Entity

FALLING_INDUSTRY = "software"
"""The segment that falls where the dial ``drift`` is turned up: the favourite of the old score."""
_QUIET = 10 * DAY
"""No lead comes so near to the end, so that every lead lies before the last outcome."""
_MORE_LEADS = cumulate((0.84, 0.12, 0.04))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The draws that decide about one lead; the same whatever its facts are."""

    accept: float
    work: float
    qualify: float
    win: float
    heat: int
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A lead before anyone decided about it."""

    created: int
    chance: Chance
    seller: Seller
    fallen: float


def attempts(
    dials: Dials, market: Market, entity: Entity, end: int, facts: Sequence[PlantedFact]
) -> list[Attempt]:
    """Return the occasions on which an entity comes forward, in the order of time."""
    dice = Dice(dials.seed, "attempts", entity.number)
    created = int((end - _QUIET) * _growing(dice.unit()))
    made: list[Attempt] = []
    for _ in range(1 + dice.place(_MORE_LEADS)):
        minute = _at_work(created, dice)
        if minute > end - _QUIET + DAY:
            break
        chance = Chance(
            accept=dice.unit(),
            work=dice.unit(),
            qualify=dice.unit(),
            win=dice.unit(),
            heat=heat_of(dice),
            noise=dice.normal(),
        )
        seller = dice.pick(market.sellers_of(entity.region))
        fallen = fallen_at(dials, facts, entity, minute, end)
        made.append(Attempt(created=minute, chance=chance, seller=seller, fallen=fallen))
        created = minute + int((30 + dice.exponential(150)) * DAY)
    return made


def fallen_at(
    dials: Dials, facts: Sequence[PlantedFact], entity: Entity, minute: int, end: int
) -> float:
    """Return how far the segment of ``entity`` has fallen by ``minute``, 0 to 1."""
    if not dials.drift or facts[0].levels[entity.levels[0]].value != FALLING_INDUSTRY:
        return 0.0
    month = end / dials.months
    onset = (dials.drift_month or (2 * dials.months) // 3) * month
    ramp = dials.drift_ramp_months * month
    if minute < onset:
        return 0.0
    return dials.drift * (min(1.0, (minute - onset) / ramp) if ramp else 1.0)


def _growing(unit: float) -> float:
    """Return a time in 0 to 1 at which leads become half as many again until the end."""
    return float(((1 + 2 * 0.625 * unit) ** 0.5 - 1) / 0.5)


def _at_work(minute: int, dice: Dice) -> int:
    """Return a minute of the same day, mostly in the working hours."""
    hour = dice.whole(8, 18) if dice.chance(0.85) else dice.whole(0, 23)
    return minute - minute % DAY + hour * 60 + dice.whole(0, 59)
