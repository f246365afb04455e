"""Keys by which records become candidates, the same in Python and in SQL.

A key is a normalised column, or a part of one, written ``column:part``:

| part | key |
|---|---|
| none | the whole value |
| ``first3`` | its first 3 characters, where it has as many |
| ``last7`` | its last 7 characters, where it has as many |
| ``token`` | every token, each a key of its own |
| ``rare`` | its rarest token by the card's frequencies; of equally rare ones the first |

``rare`` is told by the frequencies under its own column, so that it is written
``company.words:rare``. For ``token`` it makes no difference: ``company:token`` and
``company.words:token`` give the same keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from leadfit.resolve.model.card import Blocking, Card
from leadfit.resolve.model.weigh import Record, rarities, stored, tokens

SEPARATOR: Final = "\x1f"
"""Parts the values of a key of several columns; no normalised text holds it."""
_LENGTHED: Final = re.compile(r"(first|last)([1-9]\d?)")

ACCOUNT_BLOCKING: Final = (
    Blocking(columns=("company",), most=100),
    Blocking(columns=("domain.label",), most=100),
    Blocking(columns=("company:token",), most=200),
    Blocking(columns=("company:first6",), most=100),
)
"""How accounts are found live; every live card has these rules, so that one index serves all."""
CONTACT_BLOCKING: Final = (
    Blocking(columns=("phone.suffix",), most=50),
    Blocking(columns=("surname", "first_name:first1"), most=200),
)
"""How contacts are found live, beside their address."""


class Part(StrEnum):
    """Which part of a value is the key."""

    WHOLE = ""
    FIRST = "first"
    LAST = "last"
    TOKEN = "token"  # noqa: S105 -- a word of a name, not a secret
    RARE = "rare"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyColumn:
    """One column of a key.

    Attributes:
        column: The normalised column.
        part: Which part of its value.
        length: Characters, for ``first`` and ``last``.
    """

    column: str
    part: Part
    length: int = 0


def key_column(text: str) -> KeyColumn:
    """Read one entry of :attr:`Blocking.columns`.

    Raises:
        ValueError: The part is not known.

    >>> key_column("phone.number:last7")
    KeyColumn(column='phone.number', part=<Part.LAST: 'last'>, length=7)
    """
    column, _, part = text.partition(":")
    if found := _LENGTHED.fullmatch(part):
        return KeyColumn(column=column, part=Part(found[1]), length=int(found[2]))
    if part in {Part.FIRST, Part.LAST}:
        raise ValueError(f"{text!r}: `{part}` needs a number of characters, such as {part}3")
    return KeyColumn(column=column, part=Part(part))


def columns_of(blocking: Blocking) -> tuple[KeyColumn, ...]:
    """Return the columns of a rule, read."""
    return tuple(map(key_column, blocking.columns))


class BlockingKeys:
    """The blocking keys of a card, made ready for many records."""

    def __init__(self, card: Card) -> None:
        self._rules = [columns_of(rule) for rule in card.blocking]
        self._rarities = {
            each.column: rarities(card.frequencies.get(each.column))
            for rule in self._rules
            for each in rule
            if each.part is Part.RARE
        }

    def of(self, record: Record) -> Iterator[tuple[int, str]]:
        """Yield the number of a rule and a key of it, in the card's order.

        A rule gives no key where one of its columns is blank, and several where it reads tokens.
        """
        for number, rule in enumerate(self._rules):
            parts = [self._values(each, record) for each in rule]
            if all(parts):
                for values in product(*parts):
                    yield number, SEPARATOR.join(values)

    def _values(self, each: KeyColumn, record: Record) -> list[str]:
        text = record.get(stored(each.column))
        if not text:
            return []
        if each.part is Part.WHOLE:
            return [text]
        if each.part is Part.TOKEN:
            return sorted(tokens(text))
        if each.part is Part.RARE:
            return rarest(tokens(text), *self._rarities[each.column])
        if len(text) < each.length:
            return []
        return [text[: each.length] if each.part is Part.FIRST else text[-each.length :]]


def rarest(these: frozenset[str], weights: Mapping[str, int], unseen: int) -> list[str]:
    """Return the rarest token in a list of one; an empty list where there is none.

    >>> rarest(frozenset({"bank", "aldgate"}), {"bank": 4000}, 12000)
    ['aldgate']
    """
    return [min(these, key=lambda each: (-weights.get(each, unseen), each))] if these else []
