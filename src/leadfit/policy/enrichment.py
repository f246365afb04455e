"""The shape of what the policy says about buying facts: whether, what, of whom, for how much."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from leadfit.buying import MILLION, Offer, Whom, WhomKind
from leadfit.policy.section import Name, Section, Share, Words
from leadfit.records import Fact

_SECRET: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}")
Money = Annotated[float, Field(ge=0, le=1_000_000_000)]


class Admissible(Section):
    """Which values a fact can have; what is not said follows from the policy itself."""

    values: Words = ()
    """Values a text fact can have, besides those the policy names unless `only` says otherwise."""
    only: bool = False
    """The fact has one of `values` and no other, not even one that the policy names."""
    min: float | None = None
    """Smallest value of a number."""
    max: float | None = None
    """Largest value of a number."""

    @model_validator(mode="after")
    def _leaves_something(self) -> Self:
        if self.only and not self.values:
            message = "values with only"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.min > self.max:
            message = f"min ({self.min:g}) at most max ({self.max:g})"
            raise ValueError(message)
        return self


class Worth(Section):
    """What it is worth that a decision comes out as it would with all facts known."""

    one_or_two: Money = 40
    """Money for a lead that belongs into the other of Tier 1 and Tier 2."""
    two_or_three: Money = 15
    """The same for Tier 2 and Tier 3."""
    one_or_three: Money = 60
    """The same for Tier 1 and Tier 3."""
    owner: Money = 10
    """Money for a lead that belongs to another owner."""
    attribution: Money = 5
    """Money for a lead whose account is found, or turns out to be another."""

    def of_tiers(self, one: int, other: int) -> int:
        """Return the worth of telling two tiers apart, in millionths of the currency.

        >>> Worth().of_tiers(2, 1)
        40000000
        """
        pairs = {
            frozenset((1, 2)): self.one_or_two,
            frozenset((2, 3)): self.two_or_three,
            frozenset((1, 3)): self.one_or_three,
        }
        return millionths(pairs.get(frozenset((one, other)), 0.0))


class RateWindow(Section):
    """Calls that a vendor takes within a time."""

    calls: int = Field(ge=1, le=10_000_000)
    """Most calls."""
    seconds: float = Field(gt=0, le=2_678_400)
    """Length of the window."""


class VendorRules(Section):
    """A vendor that sells facts."""

    name: Name
    """Its name here; its answers are signals of the source `vendor:NAME`."""
    profile: Name
    """How it is called, such as `apollo`, `csv` or `http`."""
    supplies: Mapping[Name, WhomKind]
    """Facts it can bring, by the names of this file, each with what it is a fact of: a `lead`, a
    `contact` or a `company`. One call brings all facts of one of these."""
    price: Money
    """Money for one call that brings something."""
    pays_misses: bool = False
    """A call that brings nothing costs the same."""
    hit_rate: Share = 0.7
    """Chance that a call brings something, until enough calls were made to know it."""
    secret: str | None = None
    """Its credential as `env:NAME`."""
    options: Mapping[Name, Annotated[Fact, Field(union_mode="left_to_right")]] = Field(
        default_factory=dict
    )
    """What its profile asks for besides, such as `url` or `file`."""
    windows: Annotated[tuple[RateWindow, ...], Field(strict=False)] = ()
    """Its rate limits, where yours differ from those of the profile."""
    credits_a_call: float = Field(default=1, ge=0, le=100_000)
    """Credits a call takes."""
    credits_a_month: float | None = Field(default=None, ge=0, le=1_000_000_000)
    """Credits that may be used in a month."""
    money_a_month: Money | None = None
    """Money that may be spent on it in a month."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        wrong = []
        if not self.supplies:
            wrong.append("at least one fact in supplies")
        if self.secret is not None and _SECRET.fullmatch(self.secret) is None:
            wrong.append("secret as env:NAME, never the secret itself")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def facts_of(self, kind: WhomKind) -> tuple[str, ...]:
        """Return the facts it can bring of a lead, a contact or a company, sorted.

        Args:
            kind: Which of them.
        """
        return tuple(sorted(name for name, of in self.supplies.items() if of == kind))


class EnrichRules(Section):
    """Facts are bought where they can change a decision, and nowhere else."""

    on: bool = False
    """Whether anything is bought."""
    buy: Literal["any_flip", "worth_it"] = "any_flip"
    """`any_flip`: whatever can change the decision, the cheapest that suffices first, so that all
    decisions are those of buying everything. `worth_it`: only where the chance of another decision
    times what that is worth exceeds the price; it gives up that every decision is that of buying
    everything."""
    wait_seconds: float = Field(default=5, gt=0, le=300)
    """Seconds a signal may wait for bought facts before it is decided by what is known."""
    fresh_days: float = Field(default=180, gt=0, le=3_650)
    """Days for which a bought answer is good, and in which the vendor is not asked again."""
    stale_days: float = Field(default=365, gt=0, le=36_500)
    """Days after which facts of an account on record may have changed, where it is known when
    they were last looked at. Such a fact may be bought anew if another value could change the
    decision; without an answer the old value counts."""
    updated_facts: Words = ("updated_at", "last_modified_date", "lastmodifieddate")
    """Facts of an account that say when its facts were last looked at, the first that is a day."""
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """Currency of all money of this table."""
    worth: Worth = Field(default_factory=Worth)
    """What it is worth to decide as with all facts known."""
    admissible: Mapping[Name, Admissible] = Field(default_factory=dict)
    """Values a fact can have, by fact; without an entry any value of a text, any number."""
    vendors: Annotated[tuple[VendorRules, ...], Field(strict=False)] = ()
    """Vendors that sell facts."""

    @model_validator(mode="after")
    def _vendors_are_unique(self) -> Self:
        names = [each.name for each in self.vendors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"each name once in enrich.vendors, not {twice[0]} twice"
            raise ValueError(message)
        return self

    @property
    def is_live(self) -> bool:
        """Something may be bought: it is on and there is a vendor."""
        return self.on and bool(self.vendors)

    def vendor(self, name: str) -> VendorRules | None:
        """Return the vendor of a name, or ``None``.

        Args:
            name: Its name in this table.
        """
        return next((each for each in self.vendors if each.name == name), None)


def millionths(money: float) -> int:
    """Return money of the policy in millionths of the currency.

    >>> millionths(1.5)
    1500000
    """
    return round(money * MILLION)


def offer_of(vendor: VendorRules, whom: Whom, chance: float) -> Offer:
    """Return what a vendor asks for one call about a subject.

    Args:
        vendor: The vendor.
        whom: Whom it is about.
        chance: Chance that it brings something.
    """
    price = millionths(vendor.price)
    return Offer(
        vendor=vendor.name,
        whom=whom,
        facts=vendor.facts_of(whom.kind),
        price=price,
        price_of_miss=price if vendor.pays_misses else 0,
        chance=min(1.0, max(chance, 1 / MILLION)),
    )
