"""The planted company as a whole: simulate it, ask what is true, ask what would have been."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leadfit.errors import BadInput, Fault
from leadfit.testing.planted.customers import AfterSales, Fate, fate, whale_among
from leadfit.testing.planted.dials import DAYS_A_MONTH, Dials
from leadfit.testing.planted.economics import Economics
from leadfit.testing.planted.facts import PlantedFact, design
from leadfit.testing.planted.funnel import Funnel
from leadfit.testing.planted.ledger import DAY, Calendar, Ledger
from leadfit.testing.planted.market import open_market
from leadfit.testing.planted.population import Entity, Population
from leadfit.testing.planted.truth import Risks, TrueAccount, TrueEffect, account_truth, effects

PILOTS = 1_500
WHALE_INDUSTRY = "finance"
"""The segment that one account carries where the dial ``whale`` is turned up: it does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A simulated B2B company: what it recorded and what is true.

    Attributes:
        facts: Its facts, with what they do.
        entities: Every account that truly exists.
        ledger: What was recorded.
    """

    dials: Dials
    facts: tuple[PlantedFact, ...]
    economics: Economics
    entities: Sequence[Entity]
    ledger: Ledger
    _effects: list[TrueEffect] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def ends_at(self) -> datetime:
        """The end of the recorded history."""
        return self.ledger.calendar.at(self.ledger.end)

    @property
    def funnel(self) -> Mapping[str, int]:
        """Leads, and how many accepted, qualified, converted, expanded, churned after use."""
        fates = [
            (sale, fate(self.economics, sale.account.entity, sale.account.entity.levels))
            for sale in self.ledger.won.values()
        ]
        seen = [(lot, self._months_seen(sale.closed)) for sale, lot in fates]
        return {
            **self.ledger.steps(),
            "expanded": sum(lot.expanded_by(months) for lot, months in seen),
            "churned_after_use": sum(lot.churned_after_use_by(months) for lot, months in seen),
        }

    def effects(self) -> tuple[TrueEffect, ...]:
        """Return the true effect of every value of every fact on every outcome."""
        if not self._effects:
            found = effects(self.facts, Risks(self.economics, self.ledger))
            self._effects.extend(found)
        return tuple(self._effects)

    def effect_of(self, fact: str, outcome: str, holds: Callable[[str], bool]) -> float:
        """Return the true effect of a range or group of values against all others.

        It is the effect a learner that reads numbers in bins of its own is to find: the mean of
        the values' risks inside less that outside, weighted by how common they are.

        Args:
            fact: A fact's name.
            outcome: One of the five outcomes.
            holds: Whether a value, as in the file, belongs to the group.

        Raises:
            BadInput: No fact has this name, or nothing lies inside, or nothing outside.

        >>> from leadfit.testing import planted
        >>> company = planted.simulate(planted.Dials(leads=400, facts=12))
        >>> company.effect_of("technical_maturity", "expanded", lambda value: int(value) >= 4) > 0
        True
        """
        place = next((n for n, each in enumerate(self.facts) if each.name == fact), None)
        risks = [e.risk for e in self.effects() if e.fact == fact and e.outcome == outcome]
        if place is None or not risks:
            raise BadInput(Fault(place=fact, came=outcome, allowed="a planted fact and an outcome"))
        parts: dict[bool, list[float]] = {True: [], False: []}
        for entity in Risks(self.economics, self.ledger).of(outcome)[1]:
            parts[holds(entity.values[place])].append(risks[entity.levels[place]])
        if not parts[True] or not parts[False]:
            raise BadInput(Fault(place=fact, came="all or nothing", allowed="a part of the values"))
        inside, outside = (math.fsum(parts[side]) / len(parts[side]) for side in (True, False))
        return inside - outside if len(set(risks)) > 1 else 0.0

    def population(self, outcome: str) -> Sequence[Entity]:
        """Return those over whom the true effects on one of the five outcomes are averaged."""
        return Risks(self.economics, self.ledger).of(outcome)[1]

    def accounts(self) -> tuple[TrueAccount, ...]:
        """Return the truth about every entity."""
        return tuple(account_truth(self.economics, each) for each in self.entities)

    def fate_under(self, entity: Entity, changes: Mapping[str, str]) -> Fate:
        """Return what becomes of ``entity`` as a customer if facts had other values.

        Args:
            entity: One of ``entities``.
            changes: Level values by name of the fact.

        Raises:
            BadInput: A fact or a value is not one of the company's.
        """
        levels = list(entity.levels)
        for place, fact in enumerate(self.facts):
            if fact.name in changes:
                values = [level.value for level in fact.levels]
                if changes[fact.name] not in values:
                    raise BadInput(
                        Fault(place=fact.name, came=changes[fact.name], allowed=", ".join(values))
                    )
                levels[place] = values.index(changes[fact.name])
        unknown = set(changes) - {fact.name for fact in self.facts}
        if unknown:
            raise BadInput(Fault(place="facts", came=min(unknown), allowed="a planted fact"))
        return fate(self.economics, entity, levels)

    def _months_seen(self, closed: int) -> float:
        return (self.ledger.end - closed) / DAY / DAYS_A_MONTH


def simulate(dials: Dials) -> Company:
    """Return the company that follows from ``dials``.

    >>> company = simulate(Dials(leads=60, facts=12, seed=3))
    >>> company.funnel["leads"]
    60
    """
    facts = design(dials)
    market = open_market(dials)
    population = Population(dials, facts, market)
    economics = Economics(dials, facts, market)
    end = int(dials.months * DAYS_A_MONTH * DAY)
    ledger = Ledger(calendar=Calendar(starts_on=dials.starts_on), end=end)
    funnel = Funnel(dials, facts, economics, ledger)
    pilots = min(PILOTS, dials.leads)
    economics.tune([population.found() for _ in range(pilots)])
    number = 0
    while len(ledger.leads) < dials.leads:
        entity = (
            population.found()
            if number == len(population.entities)
            else population.entities[number]
        )
        funnel.run(entity)
        number += 1
    if dials.whale:
        sales = tuple(ledger.won.values())
        economics.whale = whale_among(economics, sales, end, WHALE_INDUSTRY, dials.whale)
    after = AfterSales(dials, facts, economics, ledger)
    for sale in ledger.won.values():
        after.run(sale)
    return Company(
        dials=dials,
        facts=facts,
        economics=economics,
        entities=tuple(population.entities[:number]),
        ledger=ledger,
    )
