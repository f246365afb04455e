"""What is true of a planted company and stands in none of its files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leadfit.testing.planted.arrivals import attempts
from leadfit.testing.planted.customers import Fate, fate
from leadfit.testing.planted.dials import sigmoid
from leadfit.testing.planted.economics import ADOPTS, HORIZON, WORKED, YEAR, Economics
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.ledger import DAY, Ledger
from leadfit.testing.planted.market import Seller
from leadfit.testing.planted.population import Entity

TYPICAL_HEAT = 3
REFERENCE = 1_500
"""Over at most so many leads the effects on acceptance, qualifying and winning are averaged."""
_YEAR_LESS_A_DEAL = 300
"""Days after its first lead in which a lead of an account has time to be won within a year."""
OUTCOMES = ("accepted", "qualified", "converted", "expanded", "churned_after_use")
Risk = Callable[[Entity, Sequence[int]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEffect:
    """What one value of a fact truly does to one outcome.

    Attributes:
        risk: Chance of the outcome within 12 months if every unit of the reference population
            had this value; churn does not end expansion here and expansion never ends churn.
        effect: ``risk`` less the mean risk under the other values, weighted by how common they
            are in the reference population.
    """

    fact: str
    value: str
    outcome: str
    risk: float
    effect: float


class Risks:
    """Chances of each outcome under any facts.

    Accepted and qualified are about a lead, with its old score and its rep as they are; converted
    is about an account: that one of its leads of twelve months is won. A record that stands twice
    is rejected whatever its facts, so their share takes the same share of every effect.
    """

    def __init__(self, economics: Economics, ledger: Ledger) -> None:
        self._economics = economics
        self._end = ledger.end
        step = max(1, len(ledger.leads) // REFERENCE)
        once = [lead for lead in ledger.leads if not lead.account_id.startswith("acd_")]
        leads = once[::step]
        sellers = {each.rep_id: each for each in economics.market.sellers}
        self._lead = {lead.entity.number: (lead.score, sellers[lead.rep_id]) for lead in leads}
        self._once = len(once) / max(1, len(ledger.leads))
        self._single = sum(not each.is_duplicate for each in ledger.accounts) / max(
            1, len(ledger.accounts)
        )
        self._tries: dict[int, tuple[tuple[int, Seller, float], ...]] = {}
        self.leads = [lead.entity for lead in leads]
        self.accounts = list({each.number: each for each in self.leads}.values())
        self.customers = [sale.account.entity for sale in ledger.won.values()]

    def of(self, outcome: str) -> tuple[Risk, Sequence[Entity]]:
        """Return the chance of an outcome and the population it is averaged over."""
        match outcome:
            case "accepted":
                return self._accepted, self.leads
            case "qualified":
                return self._qualified, self.leads
            case "converted":
                return self.converted, self.accounts
            case "expanded":
                return self.expanded, self.customers
            case _:
                return self.churned, self.customers

    def expanded(self, entity: Entity, levels: Sequence[int]) -> float:
        """Return the chance of expanding within 12 months as a customer that stays."""
        return self._economics.within(self._economics.expand(entity, levels), YEAR)

    def churned(self, entity: Entity, levels: Sequence[int]) -> float:
        """Return the chance of churn within 12 months as a customer that uses the product."""
        return self._economics.within(self._economics.churn(entity, levels), YEAR)

    def converted(self, entity: Entity, levels: Sequence[int]) -> float:
        """Return the chance that an account is won by one of its leads within 12 months."""
        law, lost = self._economics, 1.0
        for score, seller, fallen in self._occasions(entity):
            accepted = law.accept(entity, levels, score, seller.leniency, fallen)
            qualified = law.qualify(entity, levels, seller.skill)
            won = law.win(entity, levels, seller.skill, fallen)
            lost *= 1 - WORKED * sigmoid(accepted) * sigmoid(qualified) * sigmoid(won)
        return self._single * (1 - lost)

    def _occasions(self, entity: Entity) -> tuple[tuple[int, Seller, float], ...]:
        """Return score, rep and drift of the leads an entity has time to be won by in a year."""
        if entity.number not in self._tries:
            law = self._economics
            made = attempts(law.dials, law.market, entity, self._end, law.facts)
            last = made[0].created + _YEAR_LESS_A_DEAL * DAY
            self._tries[entity.number] = tuple(
                (
                    law.old_score(entity.levels, each.chance.heat, each.chance.noise),
                    each.seller,
                    each.fallen,
                )
                for each in made
                if each.created <= last
            )
        return self._tries[entity.number]

    def _accepted(self, entity: Entity, levels: Sequence[int]) -> float:
        score, seller = self._lead[entity.number]
        odds = self._economics.accept(entity, levels, score, seller.leniency, 0.0)
        return self._once * WORKED * sigmoid(odds)

    def _qualified(self, entity: Entity, levels: Sequence[int]) -> float:
        skill = self._lead[entity.number][1].skill
        qualified = sigmoid(self._economics.qualify(entity, levels, skill))
        return self._accepted(entity, levels) * qualified


def effects(facts: Sequence[PlantedFact], risks: Risks) -> tuple[TrueEffect, ...]:
    """Return the true effect of every value of every fact on every outcome."""
    found: list[TrueEffect] = []
    for place, fact in enumerate(facts):
        for outcome in OUTCOMES:
            found.extend(_effects_of(place, fact, outcome, risks))
    return tuple(found)


_MATTERS = {
    "accepted": ("accept", "win"),
    "qualified": ("accept", "win"),
    "converted": ("accept", "win"),
    "expanded": ("expand",),
    "churned_after_use": ("churn",),
}


def _effects_of(place: int, fact: PlantedFact, outcome: str, risks: Risks) -> list[TrueEffect]:
    risk, people = risks.of(outcome)
    matters = any(getattr(level, each) for level in fact.levels for each in _MATTERS[outcome])
    if not people or not matters:
        even = math.fsum(risk(each, each.levels) for each in people[:200]) / max(
            1, len(people[:200])
        )
        means = [even] * len(fact.levels)
    else:
        means = [_mean_under(risk, people, place, level) for level in range(len(fact.levels))]
    counts = [0] * len(fact.levels)
    for each in people:
        counts[each.levels[place]] += 1
    found = []
    for level, mean in enumerate(means):
        rest = sum(counts) - counts[level]
        others = math.fsum(
            count * other
            for n, (count, other) in enumerate(zip(counts, means, strict=True))
            if n != level
        )
        effect = mean - others / rest if matters and rest else 0.0
        found.append(
            TrueEffect(
                fact=fact.name,
                value=fact.levels[level].value,
                outcome=outcome,
                risk=mean,
                effect=effect,
            )
        )
    return found


def _mean_under(risk: Risk, people: Sequence[Entity], place: int, level: int) -> float:
    return math.fsum(
        risk(each, (*each.levels[:place], level, *each.levels[place + 1 :])) for each in people
    ) / len(people)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueAccount:
    """The truth about one entity.

    Attributes:
        accepted: Chance that a typical lead is accepted and worked, over the reps of its region.
        qualified: Chance that it comes to be qualified.
        won: Chance that it is won.
        expands: Chance of expanding within 12 months as a customer that stays.
        churns: Chance of churning within 12 months as a customer that uses the product.
        value_if_won: Expected booking within 24 months, in first contracts.
        oracle_value: ``won`` times ``value_if_won``: what a perfect filter ranks by.
    """

    entity: Entity
    accepted: float
    qualified: float
    won: float
    expands: float
    churns: float
    value_if_won: float
    oracle_value: float
    fate: Fate


def reach(economics: Economics, entity: Entity) -> tuple[float, float, float]:
    """Return the chances that a typical lead is accepted, qualified and won, each in all.

    They are the means over the reps of its region.
    """
    levels, sums = entity.levels, [0.0, 0.0, 0.0]
    score = economics.old_score(levels, TYPICAL_HEAT, 0.0)
    accept = economics.accept(entity, levels, score, 0.0, 0.0)
    qualify = economics.qualify(entity, levels, 0.0)
    win = economics.win(entity, levels, 0.0, 0.0)
    sellers = economics.market.sellers_of(entity.region)
    for seller in sellers:
        accepted = WORKED * sigmoid(accept + seller.leniency)
        qualified = accepted * sigmoid(qualify + seller.skill)
        won = qualified * sigmoid(win + seller.skill)
        sums = [total + each for total, each in zip(sums, (accepted, qualified, won), strict=True)]
    accepted, qualified, won = (total / len(sellers) for total in sums)
    return accepted, qualified, won


def account_truth(economics: Economics, entity: Entity) -> TrueAccount:
    """Return the truth about ``entity``."""
    expand = economics.expand(entity, entity.levels)
    churn = economics.churn(entity, entity.levels)
    value = economics.expected_value(expand, churn)
    accepted, qualified, won = reach(economics, entity)
    return TrueAccount(
        entity=entity,
        accepted=accepted,
        qualified=qualified,
        won=won,
        expands=economics.within(expand, YEAR),
        churns=ADOPTS * economics.within(churn, YEAR),
        value_if_won=value,
        oracle_value=won * value,
        fate=fate(economics, entity, entity.levels),
    )


def weights(accounts: Sequence[TrueAccount]) -> Mapping[str, float]:
    """Return the true signal weights: mean 24-month value after a step against expansion.

    Everyone's fate counts by the chance of getting there, so this has far less noise than the
    customers that happened to be won. ``detractor`` is a fraction, the others run to 100.
    """
    accepted = math.fsum(each.accepted for each in accounts)
    qualified = math.fsum(each.qualified for each in accounts)
    won = math.fsum(each.won for each in accounts)
    best = _mean_value(accounts, lambda each: each.fate.expanded_by(YEAR))
    left = _mean_value(accounts, lambda each: each.fate.churned_after_use_by(HORIZON))
    stayed = _mean_value(accounts, lambda each: not each.fate.churned_after_use_by(HORIZON))
    w_won = 100 * _mean_value(accounts, lambda _: True) / best if best else 0.0
    return {
        "accepted": w_won * won / accepted,
        "qualified": w_won * won / qualified,
        "converted": w_won,
        "expanded": 100.0,
        "detractor": 1 - left / stayed if stayed else 0.0,
    }


def _mean_value(accounts: Sequence[TrueAccount], holds: Callable[[TrueAccount], bool]) -> float:
    chosen = [each for each in accounts if holds(each)]
    whole = math.fsum(each.won for each in chosen)
    value = math.fsum(each.won * each.fate.value for each in chosen)
    return value / whole if whole else 0.0
