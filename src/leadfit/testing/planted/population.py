"""The accounts that may become customers, with their facts, hierarchies and domains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leadfit.testing.planted import names
from leadfit.testing.planted.dials import Dials, Dice, cumulate
from leadfit.testing.planted.facts import PlantedFact, Role
from leadfit.testing.planted.market import CHANNEL_SHARES, COUNTRIES, REGION_SHARES, Market

FIDELITY = 0.75
"""How often a copy repeats the fact it copies; otherwise it is drawn afresh."""
_SUBSIDIARIES = 0.10
_SHARED_DOMAIN = 0.25
_REGIONAL_DOMAIN = 0.60
_CHANNELS = cumulate(CHANNEL_SHARES)
_REGIONS = cumulate(REGION_SHARES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A body that truly exists once, however often it stands in the CRM.

    Attributes:
        stem: The invented word in its name.
        parent: Number of the entity it belongs to.
        hidden: The state of what no file records, 0 or 1.
        levels: Index of the level of each fact.
        values: The value of each fact as in the file.
    """

    number: int
    name: str
    stem: str
    domain: str
    parent: int | None
    country: str
    channel: int
    region: int
    hidden: int
    levels: tuple[int, ...]
    values: tuple[str, ...]

    @property
    def account_id(self) -> str:
        """The id of its first record in the CRM."""
        return f"acc_{self.number + 1:06d}"


Draw = Callable[[Dice, int, Sequence[int]], int]


class Population:
    """Founds entities one after the other, after those in ``known``."""

    def __init__(
        self,
        dials: Dials,
        facts: Sequence[PlantedFact],
        market: Market,
        known: Sequence[Entity] = (),
    ) -> None:
        self._dials = dials
        self._facts = facts
        self._market = market
        self._register = names.Register(entity.stem for entity in known)
        places = {fact.name: place for place, fact in enumerate(facts)}
        self._draws = [_draw_of(fact, places, market) for fact in facts]
        self._industry = places["industry"]
        self.entities: list[Entity] = list(known)

    def found(self) -> Entity:
        """Return the next entity."""
        number = len(self.entities)
        dice = Dice(self._dials.seed, "entity", number)
        channel, region = dice.place(_CHANNELS), dice.place(_REGIONS)
        hidden = int(dice.chance(0.4))
        levels = self._levels(dice, self._market.state(channel, region, hidden))
        industry = self._facts[self._industry].levels[levels[self._industry]].value
        country = COUNTRIES[region]
        parent = self._parent(dice)
        stem = self._register.stem(dice) if parent is None else parent.stem
        if parent is None:
            name = names.account_name(dice, stem, industry, country)
        else:
            name = names.branch_name(dice, stem, industry, country)
        entity = Entity(
            number=number,
            name=name,
            stem=stem,
            domain=_domain(dice, name, country, parent),
            parent=None if parent is None else parent.number,
            country=country,
            channel=channel,
            region=region,
            hidden=hidden,
            levels=levels,
            values=tuple(
                _write(fact, level, dice) for fact, level in zip(self._facts, levels, strict=True)
            ),
        )
        self.entities.append(entity)
        return entity

    def _levels(self, dice: Dice, state: int) -> tuple[int, ...]:
        levels: list[int] = []
        for draw in self._draws:
            levels.append(draw(dice, state, levels))
        return tuple(levels)

    def _parent(self, dice: Dice) -> Entity | None:
        if len(self.entities) < 10 or not dice.chance(_SUBSIDIARIES):
            return None
        chosen = dice.pick(self.entities)
        return chosen if chosen.parent is None else self.entities[chosen.parent]


def _draw_of(fact: PlantedFact, places: dict[str, int], market: Market) -> Draw:
    """Return the function that draws a level of ``fact``: dice, state, levels so far."""
    plain = cumulate([level.share for level in fact.levels])
    if fact.copies is not None:
        source = places[fact.copies]

        def copy(dice: Dice, state: int, levels: Sequence[int]) -> int:  # noqa: ARG001 -- a Draw
            return levels[source] if dice.chance(FIDELITY) else dice.place(plain)

        return copy
    if fact.role is Role.RIDES_ON_A_CHANNEL:
        tilted = [_tilt(fact, share) for share in market.tilts]

        def ride(dice: Dice, state: int, levels: Sequence[int]) -> int:  # noqa: ARG001 -- a Draw
            return dice.place(tilted[state])

        return ride

    def stand_alone(dice: Dice, state: int, levels: Sequence[int]) -> int:  # noqa: ARG001 -- a Draw
        return dice.place(plain)

    return stand_alone


def _tilt(fact: PlantedFact, share: float) -> tuple[float, ...]:
    """Return cumulative shares in which the last level has ``share``."""
    first = [level.share for level in fact.levels[:-1]]
    scale = (1 - share) / sum(first)
    return cumulate([*(each * scale for each in first), share])


def _write(fact: PlantedFact, place: int, dice: Dice) -> str:
    level = fact.levels[place]
    if level.low is None or level.high is None:
        return level.value
    if level.high < 40:
        return str(dice.whole(level.low, level.high))
    low, high = math.log(level.low + 1), math.log(level.high + 1)
    number = int(math.exp(dice.between(low, high))) - 1
    return str(min(level.high, max(level.low, number)))


def _domain(dice: Dice, name: str, country: str, parent: Entity | None) -> str:
    own = names.domain_of(name, country)
    if parent is None:
        return own
    drawn = dice.unit()
    if drawn < _SHARED_DOMAIN:
        return parent.domain
    if drawn < _SHARED_DOMAIN + _REGIONAL_DOMAIN:
        return f"{parent.domain.split('.')[0]}.{own.split('.', 1)[1]}"
    return own
