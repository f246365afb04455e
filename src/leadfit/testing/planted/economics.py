"""What facts, channels and reps do to each step, tuned so that the rates of the dials come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leadfit.testing.planted.dials import Dials, Dice, Hazards, sigmoid
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.market import Market, Seller
from leadfit.testing.planted.population import Entity

WORKED = 0.97
"""Share of accepted leads that are worked."""
ADOPTS = 0.95
"""Share of customers that come to use the product meaningfully; the rest leave early."""
BELIEVED = {"software": 22, "finance": 18, "retail": 15}
"""Industries the old, hand-written score favours, with its points."""
SLOPE = 0.03
"""What one point of the old score adds to the log odds of acceptance."""
YEAR = 12.0
HORIZON = 24.0
TERM = 3
"""Months of a contract; it is renewed as long as the customer stays."""
UPLIFT = 1.8
"""Mean of what the first expansion adds, as a share of the first contract."""
LATER_UPLIFT = 0.3
"""What each later expansion adds, as a share of the first contract."""
EARLY = (0.7, 5.0)
"""Months between which those leave that never come to use the product."""
_BEND = {Hazards.FALLING: 0.08, Hazards.FLAT: 0.0, Hazards.RISING: -0.06}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """The common shape of the hazards over the months since conversion.

    ``spent(t)`` is the cumulative hazard at rate one, scaled so that ``spent(12)`` is 12; from
    month 24 on it goes straight.
    """

    bend: float

    def spent(self, months: float) -> float:
        """Return the cumulative hazard after ``months``."""
        if not self.bend:
            return months
        inner = min(months, HORIZON)
        spent = (1 - math.exp(-self.bend * inner)) * self._scale
        return spent + max(0.0, months - HORIZON) * self._late

    def when(self, spent: float) -> float:
        """Return the months after which ``spent`` is reached."""
        if not self.bend:
            return spent
        edge = self.spent(HORIZON)
        if spent >= edge:
            return HORIZON + (spent - edge) / self._late
        return -math.log(1 - spent / self._scale) / self.bend

    @property
    def _scale(self) -> float:
        return YEAR / (1 - math.exp(-self.bend * YEAR))

    @property
    def _late(self) -> float:
        return self._scale * self.bend * math.exp(-self.bend * HORIZON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Log odds and log hazards at zero: what tunes the company to its dials."""

    accept: float = 0.0
    qualify: float = 0.0
    win: float = 0.0
    expand: float = 0.0
    churn: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whale:
    """An entity that buys so many times as much that it carries its segment."""

    number: int
    times: int


Effects = tuple[tuple[int, tuple[float, ...]], ...]


class Economics:
    """The laws of the company: the same for what happened and for what would have happened."""

    def __init__(self, dials: Dials, facts: Sequence[PlantedFact], market: Market) -> None:
        self.dials = dials
        self.facts = tuple(facts)
        self.market = market
        self.clockwork = Clockwork(bend=_BEND[dials.hazards])
        self.rates = Rates()
        self.whale: Whale | None = None
        self._spent = tuple(self.clockwork.spent(half / 2) for half in range(2 * int(HORIZON) + 1))
        self._places = {fact.name: place for place, fact in enumerate(facts)}
        self._industries = [BELIEVED.get(each.value, 0) for each in facts[0].levels]
        self.effects: Mapping[str, Effects] = {
            step: _effects(facts, step) for step in ("accept", "win", "expand", "churn")
        }

    def old_score(self, levels: Sequence[int], heat: int, noise: float) -> int:
        """Return the points of the incumbent score: beliefs about fit, and much engagement."""
        fit = self._industries[levels[0]] + 5 * levels[1]
        if self.dials.null:
            fit = 20
        return max(0, min(100, round(fit + 7 * heat + 6 * noise)))

    def accept(
        self, entity: Entity, levels: Sequence[int], score: int, leniency: float, fallen: float
    ) -> float:
        """Return the log odds that a rep accepts the lead."""
        own = self.sum_of("accept", levels) + 0.3 * self.sum_of("win", levels)
        around = 0.3 * self.market.win(entity.channel, entity.region)
        return self.rates.accept + own + around + SLOPE * (score - 50) + leniency - 2.5 * fallen

    def qualify(self, entity: Entity, levels: Sequence[int], skill: float) -> float:
        """Return the log odds that an accepted lead is qualified."""
        around = 0.3 * self.market.win(entity.channel, entity.region)
        return self.rates.qualify + 0.4 * self.sum_of("win", levels) + around + skill

    def win(self, entity: Entity, levels: Sequence[int], skill: float, fallen: float) -> float:
        """Return the log odds that a qualified lead is won."""
        around = 0.4 * self.market.win(entity.channel, entity.region)
        return self.rates.win + 0.7 * self.sum_of("win", levels) + around + skill - 2.0 * fallen

    def expand(self, entity: Entity, levels: Sequence[int]) -> float:
        """Return the hazard of expansion a month."""
        around = self.market.expand(entity.channel, entity.region, entity.hidden)
        return math.exp(self.rates.expand + self.sum_of("expand", levels) + around)

    def churn(self, entity: Entity, levels: Sequence[int]) -> float:
        """Return the hazard of churn after meaningful use a month."""
        around = self.market.churn(entity.channel, entity.region, entity.hidden)
        return math.exp(self.rates.churn + self.sum_of("churn", levels) + around)

    def sum_of(self, step: str, levels: Sequence[int]) -> float:
        """Return what the facts add to a step."""
        return sum(each[levels[place]] for place, each in self.effects[step])

    def within(self, hazard: float, months: float) -> float:
        """Return the chance that something of this hazard happens within ``months``."""
        return 1 - math.exp(-hazard * self.clockwork.spent(months))

    def expected_value(self, expand: float, churn: float) -> float:
        """Return what is booked in 24 months, in first contracts.

        Counted are the first contract, its renewals and the expansions, from the month they come.
        """
        spent = self._spent
        added = [self._added(expand * spent[2 * month]) for month in range(int(HORIZON) + 1)]
        value = 0.0
        for month in range(0, int(HORIZON), TERM):
            early = (1 - ADOPTS) * max(0.0, min(1.0, (EARLY[1] - month) / (EARLY[1] - EARLY[0])))
            staying = early + ADOPTS * math.exp(-churn * spent[2 * month])
            value += staying * (1 + added[month])
        for month in range(int(HORIZON)):
            staying = ADOPTS * math.exp(-churn * spent[2 * month + 1])
            value += staying * (added[month + 1] - added[month])
        return value

    def _added(self, passed: float) -> float:
        """Return what expansions add on average, in first contracts.

        Args:
            passed: The cumulative hazard; expansions follow each other at the same hazard, so
                their number is Poisson, cut off at the most a customer may have.
        """
        none = exactly = math.exp(-passed)
        at_most, later = none, 0.0
        for number in range(1, self.dials.most_expansions):
            exactly *= passed / number
            at_most += exactly
            later += max(0.0, 1 - at_most)
        return UPLIFT * (1 - none) + LATER_UPLIFT * later

    def tune(self, pilots: Sequence[Entity]) -> None:
        """Set the rates so that ``pilots`` come out as the dials say, each step in turn."""
        dials, even = self.dials, [1.0] * len(pilots)
        leads = [(each, *self._pilot(each)) for each in pilots]
        accept = [self.accept(e, e.levels, score, rep.leniency, 0.0) for e, score, rep in leads]
        a = _solve(accept, even, dials.accept_rate / WORKED, sigmoid)
        weights = [sigmoid(a + z) for z in accept]
        qualify = [self.qualify(each, each.levels, rep.skill) for each, _, rep in leads]
        q = _solve(qualify, weights, dials.qualify_rate, sigmoid)
        weights = [w * sigmoid(q + z) for w, z in zip(weights, qualify, strict=True)]
        win = [self.win(each, each.levels, rep.skill, 0.0) for each, _, rep in leads]
        w = _solve(win, weights, dials.win_rate, sigmoid)
        weights = [x * sigmoid(w + z) for x, z in zip(weights, win, strict=True)]
        expand = [math.log(self.expand(each, each.levels)) for each in pilots]
        churn = [math.log(self.churn(each, each.levels)) for each in pilots]
        self.rates = Rates(
            accept=a,
            qualify=q,
            win=w,
            expand=_solve(expand, weights, dials.expand_rate, self._in_a_year),
            churn=_solve(churn, weights, dials.churn_rate, self._in_a_year),
        )

    def _pilot(self, entity: Entity) -> tuple[int, Seller]:
        """Return the score and the rep of a lead made up to tune by."""
        dice = Dice(self.dials.seed, "pilot", entity.number)
        score = self.old_score(entity.levels, heat_of(dice), dice.normal())
        return score, dice.pick(self.market.sellers_of(entity.region))

    def _in_a_year(self, log_hazard: float) -> float:
        return self.within(math.exp(log_hazard), YEAR)


def heat_of(dice: Dice) -> int:
    """Return the number of engagement events of a lead, which has nothing to do with its fit."""
    return min(12, int(dice.exponential(4.0)))


def _effects(facts: Sequence[PlantedFact], step: str) -> Effects:
    table = (
        (n, tuple(getattr(each, step) for each in fact.levels)) for n, fact in enumerate(facts)
    )
    return tuple((place, effects) for place, effects in table if any(effects))


def _solve(
    slopes: Sequence[float],
    weights: Sequence[float],
    target: float,
    curve: Callable[[float], float],
) -> float:
    """Return the constant that brings the weighted mean of ``curve`` to ``target``, by halving."""
    whole = math.fsum(weights)
    low, high = -25.0, 25.0
    for _ in range(40):
        middle = (low + high) / 2
        got = math.fsum(w * curve(middle + z) for w, z in zip(weights, slopes, strict=True))
        low, high = (middle, high) if got < target * whole else (low, middle)
    return (low + high) / 2
