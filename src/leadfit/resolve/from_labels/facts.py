"""Facts of a pair of records that a weight of evidence alone does not hold.

The weight asks column by column whether two values are alike; these facts ask what is left over:
a rare word that only one name has, two places, two numbers, two legal forms. Every fact is
symmetric, is 0 where one side says nothing, and points one way: a larger one speaks for a match
(:data:`FOR`), or against it (:data:`AGAINST`).

In bits are ``weight``, ``strongest``, ``weakest``, ``rarest_shared``, ``rarest_unshared`` and
``second_unshared``, in two bits ``margin``; ``more_words`` counts words. The similarities
``person_first``, ``person_surname`` and ``street`` go from -0.5 to 0.5, every other fact from 0 to
1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from leadfit.resolve.model.align import Aligned, align
from leadfit.resolve.model.card import Card
from leadfit.resolve.model.entity_words import ENTITIES
from leadfit.resolve.model.weigh import (
    RARITY_UNIT,
    WORDS,
    ByDigest,
    Record,
    Weighing,
    rarities,
    tokens,
)

FOR: Final = (
    "weight",
    "strongest",
    "weakest",
    "margin",
    "name_jaro_winkler",
    "name_sorted",
    "name_edit",
    "name_same",
    "overlap",
    "overlap_of_shorter",
    "rarest_shared",
    "initials",
    "legal_same",
    "place_same",
    "person_first",
    "person_surname",
    "street",
    "city_same",
    "postcode_same",
    "phone_same",
    "domain_same",
    "domain_label_same",
    "text_overlap",
)
"""Facts of which more speaks for a match."""

AGAINST: Final = (
    "rarest_unshared",
    "second_unshared",
    "more_words",
    "legal_conflict",
    "place_conflict",
    "place_one_sided",
    "number_conflict",
    "phone_conflict",
    "postcode_conflict",
    "city_conflict",
    "domain_conflict",
)
"""Facts of which more speaks against a match."""

NAMES: Final = FOR + AGAINST
"""Every fact, in the order in which it is summed."""

NAME_COLUMNS: Final = ("company", "name", "surname")
"""Columns of names; the first that both records have is the one that is aligned."""
_OWN: Final = frozenset(
    {"company", "name", "first_name", "surname", "title", "date_of_birth", "identifier"}
    | {"email", "domain", "phone", "street", "city", "region", "postcode", "country"}
)
_MOST_BITS: Final = 40.0
"""Odds of one to a million millions: more bits would only pull at the coefficient of the weight."""
_REMEMBERED: Final = 16
"""Cards and columns whose rarities are kept ready; a process has one or two cards in use."""
_REMEMBERED_NAMES: Final = 65_536
_REMEMBERED_TEXTS: Final = 16_384


def facts_of(
    card: Card,
    weighing: Weighing,
    left: Record,
    right: Record,
    *,
    margin: float = 0.0,
) -> dict[str, float]:
    """Return the facts of a pair.

    Args:
        card: Its frequencies say how rare a word is.
        weighing: What the card says about the pair.
        left: One record, normalised.
        right: The other; the order does not matter.
        margin: Weight of the pair over that of the next best candidate, in bits; 0 if unknown.

    Returns:
        One finite number for every name of :data:`NAMES`, in that order.
    """
    found = dict.fromkeys(NAMES, 0.0)
    found["weight"] = _bounded(weighing.weight)
    found["strongest"] = _bounded(max(weighing.bits, default=0.0))
    found["weakest"] = _bounded(min(weighing.bits, default=0.0))
    found["margin"] = _bounded(margin) / 2
    found.update(of_names(card, left, right))
    found.update(_of_persons(left, right))
    found.update(_of_places(left, right))
    found.update(_of_domains(left, right))
    found["text_overlap"] = _text_overlap(card, left, right)
    return found


def _bounded(bits: float) -> float:
    return max(-_MOST_BITS, min(_MOST_BITS, bits))


def _text(record: Record, column: str) -> str:
    return record.get(column) or ""


_Side = tuple[str, str, str, str]
"""Name, other name, legal form and place."""


def of_names(card: Card, left: Record, right: Record) -> Mapping[str, float]:
    """Return the facts of two names alone; none where the records have no column of names both."""
    for column in NAME_COLUMNS:
        if left.get(column) and right.get(column):
            parts = ("", ".alias", ".legal", ".place")
            one = tuple(_text(left, f"{column}{part}") for part in parts)
            other = tuple(_text(right, f"{column}{part}") for part in parts)
            return _of_sides(ByDigest(card), column, *sorted((one, other)))
    return {}


@lru_cache(maxsize=_REMEMBERED_NAMES)
def _of_sides(key: ByDigest, column: str, left: _Side, right: _Side) -> Mapping[str, float]:
    (one, alias, legal, place), (other, other_alias, other_legal, other_place) = left, right
    these, those = one.split(), other.split()
    aligned = align(these, those, *_rarities(key, column))
    is_alias = one != other and not {one, alias}.isdisjoint({other, other_alias} - {""})
    return {
        "name_jaro_winkler": JaroWinkler.similarity(one, other),
        "name_sorted": fuzz.token_sort_ratio(one, other) / 100,
        "name_edit": fuzz.ratio(one, other) / 100,
        "name_same": float(one == other),
        "more_words": float(abs(len(set(these)) - len(set(those)))),
        "number_conflict": _numbers(these, those),
        "initials": float(aligned.has_initials or is_alias),
        **_of_words(aligned),
        **_sides("legal", legal, other_legal),
        **_of_name_places(place, other_place),
    }


def _of_words(aligned: Aligned) -> dict[str, float]:
    here, there = sum(aligned.left), sum(aligned.right)
    # A word in another form is nearly as good as the word itself.
    held = aligned.shared + 0.9 * aligned.loose
    every = aligned.shared + aligned.loose + here + there
    shorter = aligned.shared + aligned.loose + min(here, there)
    rarest = sorted((max(aligned.left, default=0.0), max(aligned.right, default=0.0)))
    return {
        "overlap": held / every if every else 0.0,
        "overlap_of_shorter": held / shorter if shorter else 0.0,
        "rarest_shared": aligned.rarest_shared,
        "rarest_unshared": rarest[1],
        "second_unshared": rarest[0],
    }


def _of_name_places(one: str, other: str) -> dict[str, float]:
    return {
        **_sides("place", one, other),
        "place_one_sided": float(bool(one) != bool(other)),
    }


def _sides(name: str, one: str, other: str) -> dict[str, float]:
    if not one or not other:
        return {}
    return {f"{name}_same": float(one == other), f"{name}_conflict": float(one != other)}


def _numbers(these: list[str], those: list[str]) -> float:
    """1 where both names have numbers and none is shared, a half where only one has."""
    one = {word for word in these if word.isdigit()}
    other = {word for word in those if word.isdigit()}
    if not one and not other:
        return 0.0
    if one and other:
        return float(one.isdisjoint(other))
    return 0.5


def _of_persons(left: Record, right: Record) -> dict[str, float]:
    return {
        "person_first": _similar(left, right, "first_name"),
        "person_surname": _similar(left, right, "surname"),
    }


def _similar(left: Record, right: Record, column: str) -> float:
    one, other = _text(left, column), _text(right, column)
    # Centred, so that a blank is worth as much as names of two people are on average.
    return JaroWinkler.similarity(one, other) - 0.5 if one and other else 0.0


def _of_places(left: Record, right: Record) -> dict[str, float]:
    one, other = _text(left, "street"), _text(right, "street")
    found = {"street": fuzz.token_sort_ratio(one, other) / 100 - 0.5 if one and other else 0.0}
    for column in ("city", "postcode"):
        found |= _sides(column, _text(left, column), _text(right, column))
    tail = _sides("phone", _text(left, "phone.suffix"), _text(right, "phone.suffix"))
    return found | (tail or _sides("phone", _text(left, "phone"), _text(right, "phone")))


def _of_domains(left: Record, right: Record) -> dict[str, float]:
    one = _text(left, "domain") or _text(left, "email.domain")
    other = _text(right, "domain") or _text(right, "email.domain")
    labels = _text(left, "domain.label"), _text(right, "domain.label")
    same_label = bool(labels[0]) and labels[0] == labels[1]
    return {
        **_sides("domain", one, other),
        "domain_label_same": float(same_label and one != other),
    }


def _text_overlap(card: Card, left: Record, right: Record) -> float:
    """The mean of shared rarity over the columns that no other fact reads."""
    shares = []
    for column in sorted(left.keys() & right.keys()):
        if column.split(".")[0] in _OWN:
            continue
        one, other = _words(_text(left, column)), _words(_text(right, column))
        if one and other:
            units, unseen = _units(ByDigest(card), column)
            both = sum(units.get(word, unseen) for word in one & other)
            every = sum(units.get(word, unseen) for word in one | other)
            shares.append(both / every if every else 0.0)
    return sum(shares) / len(shares) if shares else 0.0


@lru_cache(maxsize=_REMEMBERED_TEXTS)
def _words(text: str) -> frozenset[str]:
    return tokens(text)


@lru_cache(maxsize=_REMEMBERED)
def _units(key: ByDigest, column: str) -> tuple[Mapping[str, int], int]:
    return rarities(key.card.frequencies.get(column + WORDS))


@lru_cache(maxsize=_REMEMBERED)
def _rarities(key: ByDigest, column: str) -> tuple[Mapping[str, float], float]:
    # Counted by entity where labels have told who is one, else as the first stage counts.
    frequencies = key.card.frequencies
    units, unseen = rarities(frequencies.get(column + ENTITIES) or frequencies.get(column + WORDS))
    return {word: each / RARITY_UNIT for word, each in units.items()}, unseen / RARITY_UNIT
