"""Which account holds which domain, in what role and when; and domains that say nothing.

A domain may be held by several accounts and an account may hold several domains: its own, those
of its brands and countries, and those of companies it acquired.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

_FEWEST_RECORDS: Final = 5
_FEWEST_NAMES: Final = 3
"""Groups of names; two may be one company before and after a new name."""
_SHARED_BITS: Final = math.log2(3)
"""The entropy of three equal groups."""


class DomainRole(StrEnum):
    """What a domain is to the account that holds it."""

    PRIMARY = "primary"
    BRAND = "brand"
    REGIONAL = "regional"
    ACQUIRED = "acquired"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDomain:
    """One line of the account-to-domains table.

    Attributes:
        account_id: The holder.
        domain: A registrable domain, as :func:`leadfit.resolve.domain_key` makes it.
        role: What it is to the holder.
        since: First day; ``None`` for as long as is known.
        until: Last day; ``None`` while it lasts.
        source: Who says so, such as ``crm`` or a reviewer.
    """

    account_id: str
    domain: str
    role: DomainRole = DomainRole.PRIMARY
    since: date | None = None
    until: date | None = None
    source: str = "crm"

    def holds_on(self, day: date | None) -> bool:
        """Whether the line holds on a day; without a day, whether it ever held."""
        if day is None:
            return True
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


def role_beside(own: str, domain: str) -> DomainRole:
    """Return what a further domain is to an account, where nobody says it.

    >>> role_beside("acme.com", "acme.de"), role_beside("acme.com", "zork.io")
    (<DomainRole.REGIONAL: 'regional'>, <DomainRole.BRAND: 'brand'>)
    """
    is_regional = own.partition(".")[0] == domain.partition(".")[0]
    return DomainRole.REGIONAL if is_regional else DomainRole.BRAND


def further_lines(account_id: str, domains: Sequence[str]) -> tuple[AccountDomain, ...]:
    """Return the lines of the domains of one column but the first, which is the account's own."""
    return tuple(
        AccountDomain(account_id=account_id, domain=each, role=role_beside(domains[0], each))
        for each in dict.fromkeys(domains[1:])
        if each != domains[0]
    )


class DomainTable:
    """The account-to-domains table, looked up from either side.

    Args:
        lines: In any order; a line that says the same twice counts once.

    >>> table = DomainTable([AccountDomain(account_id="a", domain="acme.com")])
    >>> [line.account_id for line in table.holders("acme.com")]
    ['a']
    """

    def __init__(self, lines: Iterable[AccountDomain] = ()) -> None:
        self._by_domain: dict[str, list[AccountDomain]] = {}
        self._by_account: dict[str, list[AccountDomain]] = {}
        # A line without a date comes before those with one.
        ordered = sorted(
            set(lines),
            key=lambda each: (each.account_id, each.domain, each.role, f"{each.since or ''}"),
        )
        for line in ordered:
            self._by_domain.setdefault(line.domain, []).append(line)
            self._by_account.setdefault(line.account_id, []).append(line)

    def holders(self, domain: str, day: date | None = None) -> tuple[AccountDomain, ...]:
        """Return the lines of a domain that hold on ``day``, by account."""
        return tuple(line for line in self._by_domain.get(domain, ()) if line.holds_on(day))

    def of(self, account_id: str, day: date | None = None) -> tuple[AccountDomain, ...]:
        """Return the lines of an account that hold on ``day``, by domain."""
        return tuple(line for line in self._by_account.get(account_id, ()) if line.holds_on(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDomain:
    """A domain behind which stand companies that have nothing to do with each other.

    Attributes:
        domain: The domain of a host, an agency, an association or a mail service.
        records: Records with the domain and a company name.
        names: Groups of names; spellings of one name and names with a word in common are one.
        entropy: Of the groups over the records, in bits: 2 means as spread as four equal groups.
    """

    domain: str
    records: int
    names: int
    entropy: float


def learn_shared_domains(companies: Mapping[str, Sequence[str]]) -> tuple[SharedDomain, ...]:
    """Find shared domains in the customer's own records.

    A domain of few records is not judged; the names of a shared one spread as over three equal
    groups, or more.

    Args:
        companies: For each domain the normalised company name of each record that has it.

    Returns:
        Shared domains, the most spread first.

    >>> names = ["acme", "bolt", "crane works", "delta", "acme"]
    >>> [found.domain for found in learn_shared_domains({"agency.example": names})]
    ['agency.example']
    >>> learn_shared_domains({"acme.example": ["acme"] * 4 + ["acme labs"]})
    ()
    """
    found = []
    for domain, names in companies.items():
        given = [name for name in names if name]
        if len(given) < _FEWEST_RECORDS:
            continue
        groups = _grouped(Counter(given), domain.partition(".")[0])
        entropy = -math.fsum(size / len(given) * math.log2(size / len(given)) for size in groups)
        if len(groups) >= _FEWEST_NAMES and entropy >= _SHARED_BITS:
            found.append(
                SharedDomain(domain=domain, records=len(given), names=len(groups), entropy=entropy)
            )
    return tuple(sorted(found, key=lambda each: (-each.entropy, each.domain)))


def _grouped(names: Mapping[str, int], label: str) -> list[int]:
    """Return how many records each group of names has.

    Names join over a word they share, and over the label of the domain: ``volkswagen ag`` and
    ``vw financial`` at ``vw`` stay apart, ``vw bank`` and ``vw financial`` do not. Joining too
    much only leaves a shared domain unfound; a reviewer still sees its accounts.
    """
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[str, str] = {}
    for name in sorted(names):
        words = [word for word in name.split() if len(word) > 1]
        owns = [f"@{label}"] if name.replace(" ", "") in label or label in words else []
        for word in [*words, *owns]:
            parent[root(name)] = root(first.setdefault(word, name))
    sizes: Counter[str] = Counter()
    for name, records in names.items():
        sizes[root(name)] += records
    return sorted(sizes.values())
