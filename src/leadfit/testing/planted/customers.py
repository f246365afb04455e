"""After the win: use, tickets, people who leave, expansion, renewal and churn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leadfit.testing.planted.dials import DAYS_A_MONTH, Dials, Dice, cumulate
from leadfit.testing.planted.economics import (
    ADOPTS,
    EARLY,
    HORIZON,
    LATER_UPLIFT,
    TERM,
    UPLIFT,
    Economics,
    Whale,
)
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.ledger import DAY, Ledger, Sale, money
from leadfit.testing.planted.population import Entity

EXPANSIONS = ("seats", "usage", "products", "upsell", "cross_sell")
_EXPANDS_BY = cumulate((0.36, 0.22, 0.16, 0.15, 0.11))
_WHY_LEFT = ("price", "missing_function", "went_to_competitor", "low_use", "reorganised")
_MONTH = DAYS_A_MONTH * DAY
_SOONEST = 14 / DAYS_A_MONTH
"""No churn after use before this many months: by then the product was used meaningfully."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of an entity once it is a customer, whether or not it ever is.

    Attributes:
        expands: Months from conversion to expansion, had it not left before; may be infinite.
        churns: Months to churn after meaningful use; may be infinite.
        leaves_early: Months to leaving before meaningful use; ``None`` for those that adopt.
        contract: First contract, in minor units.
        added: What the first expansion adds.
        later: Months to the expansions after the first.
        extra: What each of these adds.
    """

    expands: float
    churns: float
    leaves_early: float | None
    contract: int
    added: int
    later: tuple[float, ...] = ()
    extra: int = 0

    @property
    def leaves(self) -> float:
        """Months until it leaves for whatever reason."""
        return self.churns if self.leaves_early is None else self.leaves_early

    def expanded_by(self, months: float) -> bool:
        """Return whether it expanded within ``months`` and before it left."""
        return self.expands <= min(months, self.leaves)

    def churned_after_use_by(self, months: float) -> bool:
        """Return whether it churned after meaningful use within ``months``."""
        return self.leaves_early is None and self.churns <= months

    def expansions_by(self, months: float) -> int:
        """Return how often it expanded within ``months`` and before it left."""
        until = min(months, self.leaves)
        return sum(each <= until for each in (self.expands, *self.later))

    def added_by(self, months: float) -> int:
        """Return what the expansions within ``months`` add to a term."""
        number = self.expansions_by(months)
        return self.added + self.extra * (number - 1) if number else 0

    def booked(self, months: float) -> int:
        """Return what is booked within ``months`` of conversion, in minor units."""
        terms = range(0, math.ceil(months), TERM)
        renewed = sum(
            self.contract + self.added_by(month) for month in terms if month and self.leaves > month
        )
        return self.contract + renewed + self.added_by(months)

    @property
    def value(self) -> int:
        """What is booked within 24 months of conversion, in minor units."""
        return self.booked(HORIZON)


def quote(dice: Dice) -> int:
    """Return the amount of a first contract, in minor units; it has nothing to do with facts."""
    return 10_000 * round(30 * math.exp(0.4 * dice.normal()))


def fate(economics: Economics, entity: Entity, levels: Sequence[int]) -> Fate:
    """Return the fate of ``entity`` had its facts been ``levels``; its luck stays the same."""
    dice = Dice(economics.dials.seed, "fate", entity.number)
    luck_expand, luck_churn = dice.exponential(1.0), dice.exponential(1.0)
    adopts, early = dice.chance(ADOPTS), dice.between(*EARLY)
    contract = quote(dice)
    added = 10_000 * max(1, round(contract / 10_000 * UPLIFT * dice.between(0.4, 1.6)))
    extra = 10_000 * max(1, round(contract / 10_000 * LATER_UPLIFT))
    clockwork, hazard = economics.clockwork, economics.expand(entity, levels)
    whale = economics.whale
    times = whale.times if whale is not None and whale.number == entity.number else 1
    return Fate(
        expands=max(_SOONEST, clockwork.when(luck_expand / hazard)),
        churns=max(_SOONEST, clockwork.when(luck_churn / economics.churn(entity, levels))),
        leaves_early=None if adopts else early,
        contract=contract * times,
        added=added * times,
        later=_later(economics, entity, luck_expand, hazard),
        extra=extra * times,
    )


def _later(economics: Economics, entity: Entity, luck: float, hazard: float) -> tuple[float, ...]:
    """Return the months to the expansions after the first, from draws of their own.

    However many a customer may have, when the first one comes stays the same.
    """
    dice = Dice(economics.dials.seed, "later expansions", entity.number)
    months: list[float] = []
    for _ in range(economics.dials.most_expansions - 1):
        luck += dice.exponential(1.0)
        months.append(max(_SOONEST, economics.clockwork.when(luck / hazard)))
    return tuple(months)


def whale_among(
    economics: Economics, sales: Sequence[Sale], end: int, segment: str, share: float
) -> Whale | None:
    """Return the customer of a segment that is to bring ``share`` of its bookings by the end.

    It is the one that books most already; ``None`` where the segment has no two customers.
    """
    booked = {
        sale.account.entity.number: fate(
            economics, sale.account.entity, sale.account.entity.levels
        ).booked((end - sale.closed) / _MONTH)
        for sale in sales
        if sale.account.entity.values[0] == segment
    }
    if len(booked) < 2:
        return None
    number = max(booked, key=lambda each: (booked[each], -each))
    others = sum(booked.values()) - booked[number]
    times = math.ceil(share / (1 - share) * others / booked[number])
    return Whale(number=number, times=max(1, times))


class AfterSales:
    """Notes what happens at customers."""

    def __init__(
        self, dials: Dials, facts: Sequence[PlantedFact], economics: Economics, ledger: Ledger
    ) -> None:
        self._dials = dials
        self._economics = economics
        self._ledger = ledger
        self._late = [(n, fact) for n, fact in enumerate(facts) if fact.table == "facts"]

    def run(self, sale: Sale) -> None:
        """Record everything about one customer up to the end of the history."""
        entity = sale.account.entity
        dice = Dice(self._dials.seed, "customer", entity.number)
        lot = fate(self._economics, entity, entity.levels)
        account_id, ledger = sale.account.account_id, self._ledger
        ledger.note(
            sale.closed,
            "converted",
            lead_id=sale.lead_id,
            account_id=account_id,
            amount=money(lot.contract),
        )
        for place, fact in self._late:
            known = sale.closed + int(dice.between(2, 12) * DAY)
            if known <= ledger.end:
                ledger.facts.append((account_id, fact.name, entity.values[place], known))
        if lot.expanded_by(math.inf) and lot.expands < math.inf:
            ledger.note(
                self._minute(sale, lot.expands),
                "expanded",
                account_id=account_id,
                amount=money(lot.added),
                reason=EXPANSIONS[dice.place(_EXPANDS_BY)],
            )
        self._expand_again(sale, lot)
        self._renew(sale, lot)
        self._use(sale, lot, dice)
        if lot.leaves < math.inf:
            minute, why = self._minute(sale, lot.leaves), dice.pick(_WHY_LEFT)
            ledger.note(minute, "churned", account_id=account_id, reason=why)

    def _minute(self, sale: Sale, months: float) -> int:
        """Return a time after the sale; one too far to matter lies just after the end."""
        return min(sale.closed + int(min(months, 1e4) * _MONTH), self._ledger.end + 1)

    def _expand_again(self, sale: Sale, lot: Fate) -> None:
        dice = Dice(self._dials.seed, "expands again", sale.account.entity.number)
        for months in lot.later:
            if months <= lot.leaves and months < math.inf:
                self._ledger.note(
                    self._minute(sale, months),
                    "expanded",
                    account_id=sale.account.account_id,
                    amount=money(lot.extra),
                    reason=EXPANSIONS[dice.place(_EXPANDS_BY)],
                )

    def _renew(self, sale: Sale, lot: Fate) -> None:
        month = TERM
        while self._minute(sale, month) <= self._ledger.end and lot.leaves > month:
            amount = lot.contract + lot.added_by(month)
            self._ledger.note(
                self._minute(sale, month),
                "renewed",
                account_id=sale.account.account_id,
                amount=money(amount),
            )
            month += TERM

    def _use(self, sale: Sale, lot: Fate, dice: Dice) -> None:
        """Record use month by month; it ebbs, and complaints grow, before a customer leaves."""
        account_id, ledger = sale.account.account_id, self._ledger
        if lot.leaves_early is not None:
            minute = self._minute(sale, 0.2 + 0.2 * dice.unit())
            ledger.note(minute, "used", account_id=account_id, value=str(dice.whole(1, 3)))
            return
        level = 6 + dice.exponential(14)
        month = 0
        while self._minute(sale, month + 0.1) <= ledger.end and month + 0.1 < lot.leaves:
            left = lot.leaves - month
            ebbs = month > 0 and left < 3.5
            units = max(1, round(level * (0.25 + 0.15 * left if ebbs else dice.between(0.8, 1.2))))
            if month == 0:
                units = max(6, units)
            at = month + 0.1 + 0.2 * dice.unit()
            if at < lot.leaves:
                minute = self._minute(sale, at)
                ledger.note(minute, "used", account_id=account_id, value=str(units))
            self._complain(sale, min(lot.leaves, month + 1.0) - month, month, ebbs, dice)
            month += 1

    def _complain(self, sale: Sale, span: float, month: int, ebbs: bool, dice: Dice) -> None:
        account_id, ledger = sale.account.account_id, self._ledger
        if dice.chance(0.7 if ebbs else 0.18):
            at = self._minute(sale, month + span * dice.unit())
            ledger.note(at, "ticket", account_id=account_id, value=str(dice.whole(1, 4)))
        if dice.chance(0.14 if ebbs else 0.012):
            at = self._minute(sale, month + span * dice.unit())
            gone = sale.contact.contact_id
            ledger.note(at, "stakeholder_left", account_id=account_id, contact_id=gone)
        if dice.chance(0.02 if ebbs else 0.002):
            at = self._minute(sale, month + span * dice.unit())
            ledger.note(at, "contracted", account_id=account_id, amount=money(100_000))
