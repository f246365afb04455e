"""Contacts nobody bears, some of them twice and written otherwise, with the truth beside them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random  # noqa: TID251 -- its type alone; the numbers come from the seed
from typing import Final

from leadfit.testing.planted.names import listed
from leadfit.world import seeded

HEADERS: Final = ("first_name", "surname", "company", "email", "phone", "city")
"""Columns of a contact."""

_STARTS: Final = [
    "Ab",
    "Bel",
    "Cor",
    "Dan",
    "El",
    "Far",
    "Gil",
    "Har",
    "Is",
    "Jor",
    "Kel",
    "Lan",
    "Mar",
    "Nor",
    "Os",
    "Pel",
    "Quin",
    "Ros",
    "Sal",
    "Tor",
]
_MIDDLES: Final = listed("a e i o u an er in or ul ast est ist ond und")
_ENDS: Final = listed("berg dorf field gren holm ley man mer ner quist rick son ston ter vic well")
_FIRST: Final = listed(
    "James Mary Robert Anna John Linda Michael Maria David Susan William Laura Thomas Julia Peter "
    "Elena Daniel Nora Martin Eva Paul Clara Simon Irene Oscar Alice Hugo Ruth Felix Ida"
)
_SHORT: Final = {
    "James": "Jim", "Robert": "Bob", "Michael": "Mike", "David": "Dave", "William": "Bill",
    "Thomas": "Tom", "Daniel": "Dan", "Susan": "Sue",
}  # fmt: skip
_TRADES: Final = listed("Systems Foods Logistics Capital Labs Health Media Energy Works Partners")
_FORMS: Final = ("Inc", "LLC", "Ltd", "GmbH", "")
_REPEATED: Final = 0.15
_BLANK: Final = 0.12
_CHANGED: Final = 0.35


def contacts(count: int, *, seed: int) -> Iterator[tuple[int, list[str | None]]]:
    """Yield the entity and the values of contacts; the same seed gives the same ones.

    About one in seven repeats an earlier one of the last thousand with typos, a short name,
    blanks, or another employer's address.

    Args:
        count: How many.
        seed: Of all chance.

    >>> [entity for entity, _ in contacts(4, seed=1)]  # the last repeats the first
    [0, 1, 2, 0]
    """
    dice = seeded("contacts", seed)
    companies = [_company(dice) for _ in range(max(20, count // 12))]
    recent: list[tuple[int, list[str | None]]] = []
    for number in range(count):
        if recent and dice.random() < _REPEATED:
            entity, values = recent[dice.randrange(len(recent))]
            yield entity, _again(values, dice)
            continue
        values = _contact(dice, companies)
        if len(recent) < 1000:
            recent.append((number, values))
        else:
            recent[dice.randrange(1000)] = (number, values)
        yield number, [None if dice.random() < _BLANK else value for value in values]


def _word(dice: Random) -> str:
    return dice.choice(_STARTS) + dice.choice(_MIDDLES) + dice.choice(_ENDS)


def _company(dice: Random) -> tuple[str, str, str]:
    name = f"{_word(dice)} {_word(dice)} {dice.choice(_TRADES)}"
    domain = name.lower().replace(" ", "") + dice.choice((".com", ".io", ".de"))
    city = f"{_word(dice)}{dice.choice(('', ' Bay', ' Hill'))}"
    return f"{name} {dice.choice(_FORMS)}".strip(), domain, city


def _contact(dice: Random, companies: list[tuple[str, str, str]]) -> list[str | None]:
    # Few names are common and many are rare.
    first = _FIRST[int(len(_FIRST) * dice.random() ** 2)]
    surname = _word(dice)
    company, domain, city = companies[int(len(companies) * dice.random() ** 1.5)]
    email = f"{first}.{surname}@{domain}".lower()
    phone = f"{dice.randrange(2_000_000_000, 9_999_999_999)}"
    return [first, surname, company, email, phone, city]


def _again(values: list[str | None], dice: Random) -> list[str | None]:
    again = list(values)
    again[0] = _SHORT.get(again[0] or "", again[0]) if dice.random() < 0.3 else again[0]
    for column, value in enumerate(again):
        roll = dice.random()
        if roll < _BLANK:
            again[column] = None
        elif value and roll < _BLANK + _CHANGED * 0.5:
            again[column] = _mistyped(value, dice)
    return again


def _mistyped(text: str, dice: Random) -> str:
    at = dice.randrange(len(text))
    match dice.randrange(3):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + dice.choice("aeionrst") + text[at:]
        case _:
            return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
