"""What the accounts of a file say of each other: parents, and domains that one of them holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from leadfit.resolve.relatives.domains import AccountDomain, DomainRole, DomainTable, role_beside
from leadfit.resolve.relatives.hierarchy import ancestry
from leadfit.resolve.relatives.relation import KnownRelations

_SOURCE: Final = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What is known of the accounts of a file.

    Attributes:
        known: Hierarchy and account-to-domains table, by record id.
        groups: For each record the groups it is of; records of one group are compared.
    """

    known: KnownRelations = field(default_factory=KnownRelations)
    groups: Sequence[frozenset[str]] = ()

    def are_kin(self, left: int, right: int) -> bool:
        """Whether two records, by number, are of one group."""
        return bool(self.groups) and not self.groups[left].isdisjoint(self.groups[right])

    def text(self, number: int) -> str:
        """Return the groups of a record, parted by blanks."""
        return " ".join(sorted(self.groups[number]))


def family_of(
    ids: Sequence[str],
    domains: Sequence[Sequence[str]],
    parents: Sequence[str | None],
) -> Family:
    """Return what the records of a file say of each other.

    The first domain of a record is its own; another one is that of a brand, or of a region where
    only the public suffix differs. Who has a record of it beside is a relative, not a duplicate.

    Args:
        ids: Of every record.
        domains: Its registrable domains, its own first.
        parents: Id of the record over it; empty where the file tells none.

    >>> held = [["acme.com", "bolt.com"], ["bolt.com"]]
    >>> found = family_of(["a", "b"], held, [])
    >>> [line.role.value for line in found.known.domains.holders("bolt.com")], found.are_kin(0, 1)
    (['brand', 'primary'], True)
    """
    over = {name: parent for name, parent in zip(ids, parents, strict=False) if parent}
    lines = [
        AccountDomain(
            account_id=ids[number],
            domain=domain,
            role=DomainRole.PRIMARY if domain == held[0] else role_beside(held[0], domain),
            source=_SOURCE,
        )
        for number, held in enumerate(domains)
        for domain in held
    ]
    return Family(
        known=KnownRelations(domains=DomainTable(lines), parents=over),
        groups=_groups(ids, domains, over),
    )


def _groups(
    ids: Sequence[str], domains: Sequence[Sequence[str]], parents: Mapping[str, str | None]
) -> list[frozenset[str]]:
    """Return the groups of every record: its ultimate parent, and who holds several domains."""
    numbers: dict[str, int] = {}
    found: list[set[str]] = []
    for name in ids:
        chain = ancestry(name, parents).chain
        top = min(chain) if _turns(chain, parents) else chain[-1]
        found.append({f"p{numbers.setdefault(top, len(numbers))}"})
    holders: dict[str, list[int]] = {}
    for number, held in enumerate(domains):
        if len(held) > 1:
            for domain in held:
                holders.setdefault(domain, []).append(number)
    for number, held in enumerate(domains):
        found[number] |= {f"h{each}" for domain in held for each in holders.get(domain, ())}
    counts: dict[str, int] = {}
    for groups in found:
        for group in groups:
            counts[group] = counts.get(group, 0) + 1
    return [frozenset(group for group in groups if counts[group] > 1) for groups in found]


def _turns(chain: Sequence[str], parents: Mapping[str, str | None]) -> bool:
    """Whether the parents go round in a circle; its members then share one group."""
    return parents.get(chain[-1]) is not None
