"""SAME, RELATED or DIFFERENT: how two account records stand to each other.

A probability of being the same cannot say that two records are two sites of one group. What is
known decides first: identifiers that contradict, the hierarchy, the account-to-domains table.
Then come names and places, and the probability last. Nothing is concluded over two steps of
RELATED: a sibling of a sibling is judged for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from leadfit.records import Reason, Relation
from leadfit.resolve.model.align import align
from leadfit.resolve.model.card import Card
from leadfit.resolve.model.weigh import RARITY_UNIT, WORDS, Record, rarities
from leadfit.resolve.relatives.domains import AccountDomain, DomainRole, DomainTable
from leadfit.resolve.relatives.hierarchy import ancestry

_SAME_FROM: Final = 0.5
_RARE_BITS: Final = 9.0
"""A word that one record in 512 has, or fewer."""
_MOSTLY: Final = 0.5
_NEARLY: Final = 0.85
_SHORTEST_LABEL: Final = 4
_PLACES: Final = ("company.place", "region", "country", "city")
_DIVISIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("bank", "banking"), "bank"),
    **dict.fromkeys(("holding", "holdings"), "holding"),
    **dict.fromkeys(("insurance", "assurance", "versicherung", "versicherungen"), "insurance"),
    **{word: word for word in ("capital", "foundation", "leasing", "reinsurance", "ventures")},
    **dict.fromkeys(("realty", "immobilien"), "realty"),
}
"""Words that tell the companies of one group apart, whatever domain and number they share."""
_BESIDE_NAME: Final = (
    *("domain", "email", "email.domain", "phone", "phone.suffix", "street", "postcode"),
)


class Tie(StrEnum):
    """What makes two accounts related."""

    PARENT = "parent"
    """The right one stands over the left one."""
    CHILD = "child"
    """The right one stands under the left one."""
    SIBLING = "sibling"
    """Both stand under one account, or are sites of one organisation."""
    BRAND = "brand"
    """One is a brand of the other, or both are of one holder."""
    REGIONAL = "regional"
    """One is the other in another country or region."""
    ACQUIRED = "acquired"
    """One acquired the other, or one holder has both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelations:
    """What the customer knows of accounts beside the two records.

    Attributes:
        domains: The account-to-domains table.
        parents: The parent of each account that has one.
        shared: Domains that say nothing about a company.
        day: The day the answer is for; ``None`` takes every line of the table.
    """

    domains: DomainTable = field(default_factory=DomainTable)
    parents: Mapping[str, str | None] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How two account records stand to each other.

    Attributes:
        relation: SAME, RELATED or DIFFERENT.
        tie: Why they are related; ``None`` unless they are.
        may_link: A link may be made without a person, if the probability is over the cut.
        reasons: What was seen, in the order in which it was asked.
    """

    relation: Relation
    tie: Tie | None = None
    may_link: bool = False
    reasons: tuple[Reason, ...] = ()


def relate(
    card: Card,
    left: Record,
    right: Record,
    *,
    probability: float,
    known: KnownRelations,
    left_id: str | None = None,
    right_id: str | None = None,
) -> Standing:
    """Say how two account records stand to each other.

    Args:
        card: Its frequencies say how rare a word of a name is.
        left: One record, normalised.
        right: The other.
        probability: That both are one account.
        known: Hierarchy, domains and shared domains.
        left_id: Account of the left record, if it is one in the CRM.
        right_id: Account of the right record.
    """
    veto = _conflict(left, right)
    for found in (
        _by_hierarchy(known, left_id, right_id),
        _by_table(known, left, right),
        veto,
        _by_division(left, right, probability),
        _by_places(card, left, right, probability),
        _by_label(card, left, right, probability),
    ):
        if found is not None:
            return found
    if probability < _SAME_FROM:
        return Standing(relation=Relation.DIFFERENT)
    return Standing(relation=Relation.SAME, may_link=not _is_doubtful(known, left, right))


def _related(tie: Tie, rule: str, words: str) -> Standing:
    reason = Reason(rule=rule, words=words)
    return Standing(relation=Relation.RELATED, tie=tie, reasons=(reason,))


def _by_hierarchy(
    known: KnownRelations, left_id: str | None, right_id: str | None
) -> Standing | None:
    if left_id is None or right_id is None or left_id == right_id:
        return None
    over, under = ancestry(left_id, known.parents), ancestry(right_id, known.parents)
    if right_id in over.chain:
        return _related(Tie.PARENT, "hierarchy.parent", "one account stands over the other")
    if left_id in under.chain:
        return _related(Tie.CHILD, "hierarchy.child", "one account stands under the other")
    if set(over.chain) & set(under.chain):
        return _related(Tie.SIBLING, "hierarchy.sibling", "both stand under one account")
    return None


def _by_table(known: KnownRelations, left: Record, right: Record) -> Standing | None:
    """Two domains of one holder, or of two accounts of one group."""
    one, other = _domain(known, left), _domain(known, right)
    if not one or not other or one == other:
        return None
    here = known.domains.holders(one, known.day)
    there = known.domains.holders(other, known.day)
    for ours in here:
        for theirs in there:
            if ours.account_id == theirs.account_id:
                held = _of_one_holder(ours, theirs)
                if held is not None:
                    return held
    for ours in here:
        for theirs in there:
            found = _by_hierarchy(known, ours.account_id, theirs.account_id)
            if found is not None:
                return found
    return None


def _of_one_holder(ours: AccountDomain, theirs: AccountDomain) -> Standing | None:
    roles = [role for role in (ours.role, theirs.role) if role is not DomainRole.PRIMARY]
    # Two addresses of one account, such as an old and a new name: no other account is meant.
    if not roles:
        return None
    tie = Tie(roles[0].value)
    if len(roles) == 2 and roles[0] is not roles[1]:
        tie = Tie.SIBLING
    return _related(tie, f"domain.{tie.value}", "one account holds both domains in different roles")


def _conflict(left: Record, right: Record) -> Standing | None:
    """Identifiers of one kind that differ: a tax number, a registry number."""
    both = sorted(
        column
        for column in left.keys() & right.keys()
        if column.startswith("identifier") and left[column] and right[column]
    )
    if not both or any(left[column] == right[column] for column in both):
        return None
    reason = Reason(
        rule="veto.identifier", words="identifiers that name one account alone are different"
    )
    return Standing(relation=Relation.DIFFERENT, reasons=(reason,))


def _by_division(left: Record, right: Record, probability: float) -> Standing | None:
    """One name with another division's word on either side: sisters, as a holding and a bank.

    Only of two that would else be one; a common name alone makes nobody a relative.
    """
    if probability < _SAME_FROM:
        return None
    one, other = ((each.get("company") or "").split() for each in (left, right))
    ours, theirs = set(one) - set(other), set(other) - set(one)
    if not ours or not theirs or not set(one) & set(other):
        return None
    if not ours | theirs <= _DIVISIONS.keys():
        return None
    if not {_DIVISIONS[word] for word in ours}.isdisjoint(_DIVISIONS[word] for word in theirs):
        return None
    words = "one name, with the word of another division on either side"
    return _related(Tie.SIBLING, "name.division", words)


def _by_places(card: Card, left: Record, right: Record, probability: float) -> Standing | None:
    """One name in two places: sites of one organisation if the name is rare, else two bodies."""
    column = _place_conflict(left, right)
    if column is None or _agrees_beside_name(left, right):
        return None
    likeness, rarest, _ = _names(card, left, right)
    if likeness < _MOSTLY and probability < _SAME_FROM:
        return None
    reason = Reason(rule="name.place_conflict", words=f"alike in name and different in {column}")
    if rarest >= _RARE_BITS and likeness >= _NEARLY:
        return Standing(relation=Relation.RELATED, tie=Tie.SIBLING, reasons=(reason,))
    return Standing(relation=Relation.DIFFERENT, reasons=(reason,))


def _by_label(card: Card, left: Record, right: Record, probability: float) -> Standing | None:
    """One label under two public suffixes: evidence for RELATED, by the rarity of the label."""
    label = left.get("domain.label") or ""
    if not label or label != right.get("domain.label") or left.get("domain") == right.get("domain"):
        return None
    likeness, _, has_names = _names(card, left, right)
    bits = _rarity(card, "company", label)
    is_rare = len(label) >= _SHORTEST_LABEL and bits >= _RARE_BITS
    if has_names and likeness < _MOSTLY and probability < _SAME_FROM:
        return None
    if not has_names and not is_rare:
        return None
    if not is_rare and likeness < _NEARLY:
        return None
    return _related(
        Tie.REGIONAL, "domain.label", "the same label of a domain under another public suffix"
    )


def _is_doubtful(known: KnownRelations, left: Record, right: Record) -> bool:
    """Whether nothing but a name speaks for the link, or two own domains speak against it."""
    one, other = _domain(known, left), _domain(known, right)
    if one and other and one != other:
        return True
    if _place_conflict(left, right) is not None:
        return True
    return not _agrees_beside_name(left, right) and not _is_whole_name(left, right)


def _is_whole_name(left: Record, right: Record) -> bool:
    """Whether names are equal and a place beside them is: a name alone is not an identity."""
    name = left.get("company")
    return (
        bool(name)
        and name == right.get("company")
        and any(
            left.get(column) and left.get(column) == right.get(column) for column in _PLACES[1:]
        )
    )


def _agrees_beside_name(left: Record, right: Record) -> bool:
    beside = [*_BESIDE_NAME, *(each for each in left if each.startswith("identifier"))]
    return any(left.get(each) and left.get(each) == right.get(each) for each in beside)


def _place_conflict(left: Record, right: Record) -> str | None:
    for column in _PLACES:
        one, other = left.get(column), right.get(column)
        if one and other and one != other:
            return column
    return None


def _domain(known: KnownRelations, record: Record) -> str:
    domain = record.get("domain") or record.get("email.domain") or ""
    return "" if domain in known.shared else domain


def _names(card: Card, left: Record, right: Record) -> tuple[float, float, bool]:
    """Return likeness of names, rarity of the rarest shared word, and whether there are names."""
    one, other = (left.get("company") or "").split(), (right.get("company") or "").split()
    if not one or not other:
        return 0.0, 0.0, False
    units, unseen = rarities(card.frequencies.get("company" + WORDS))
    bits = {word: units.get(word, unseen) / RARITY_UNIT for word in {*one, *other}}
    found = align(one, other, bits, unseen / RARITY_UNIT)
    held = found.shared + found.loose
    every = held + sum(found.left) + sum(found.right)
    return (held / every if every else 0.0), found.rarest_shared, True


def _rarity(card: Card, column: str, word: str) -> float:
    units, unseen = rarities(card.frequencies.get(column + WORDS))
    return units.get(word, unseen) / RARITY_UNIT
