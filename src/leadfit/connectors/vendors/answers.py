"""What is taken of an answer: nothing by its looks, everything by its path and type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from leadfit.connectors.vendors.profile import Product, SameAs, Taken
from leadfit.records import Fact
from leadfit.resolve.normal import Column, normalise

# What a vendor may make us keep: limits of safety.
_LONGEST: Final = 500
_LARGEST: Final = 2**53
_MOST_ITEMS: Final = 200
# Control characters, overrides of direction and halves of surrogate pairs: part of no fact.
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NUMBER: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d+(\.\d+)?")
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})


def at_path(body: object, path: str) -> object:
    """Return what stands at a path, or ``None``; a number is a place in a list.

    >>> at_path({"a": [{"b": 1}]}, "a.0.b")
    1
    """
    found = body
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def is_of(body: object, same: SameAs, fields: Mapping[str, str]) -> bool:
    """Return whether an answer is about whom was asked; one that does not say is.

    >>> of = SameAs(path="domain", field="domain")
    >>> is_of({"domain": "www.Acme.com"}, of, {"domain": "acme.com"})
    True
    >>> is_of({"domain": "globex.com"}, of, {"domain": "acme.com"})
    False
    """
    said, asked = at_path(body, same.path), fields.get(same.field)
    if said is None or said == "" or not asked:
        return True
    return isinstance(said, str) and _normal(same.field, said) == _normal(same.field, asked)


def _normal(field: str, text: str) -> str:
    column = {"domain": Column.DOMAIN, "email": Column.EMAIL, "company": Column.COMPANY}.get(field)
    if column is None:
        return " ".join(text.casefold().split())
    return normalise(column, text[:_LONGEST]).get("", text.strip().casefold())


def taken_facts(
    body: object, product: Product, wanted: tuple[str, ...], names: Mapping[str, str]
) -> tuple[dict[str, Fact], dict[str, str]]:
    """Return facts under names of the policy, and those that were left out with the reason.

    Args:
        body: The answer.
        product: Where its facts stand.
        wanted: Facts of the policy that the vendor supplies.
        names: Names of the profile for facts of the policy, where they differ.
    """
    facts: dict[str, Fact] = {}
    left_out: dict[str, str] = {}
    for name in wanted:
        theirs = names.get(name, name)
        place = product.facts.get(theirs)
        if place is None and not product.any_fact:
            left_out[name] = "not_supplied"
            continue
        if place is None:
            found = body.get(theirs) if isinstance(body, dict) else None
            value, reason = _plain(found)
        else:
            value, reason = typed(at_path(body, place.path), place)
        if value is not None:
            facts[name] = value
        elif reason is not None:
            left_out[name] = reason
    return facts, left_out


def _plain(found: object) -> tuple[Fact, str | None]:
    match found:
        case bool():
            return found, None
        case int() | float():
            return _number(found)
        case _:
            return _text(found)


def typed(found: object, place: Taken) -> tuple[Fact, str | None]:
    """Return a value of the type that is said, or why it is none; nothing at all is no fault.

    >>> typed("1,001-5,000", Taken(path="x", type="range"))
    (1001, None)
    >>> typed({}, Taken(path="x"))
    (None, 'wrong_type')
    """
    if found in (None, "", []):
        return None, None
    return _TYPES[place.type](found)


def _text(found: object) -> tuple[Fact, str | None]:
    if found is None or found == "":
        return None, None
    if not isinstance(found, str):
        return None, "wrong_type"
    text = found.strip()
    if len(text) > _LONGEST:
        return None, "too_long"
    if _CONTROL.search(text):
        return None, "control_characters"
    return text or None, None


def _list(found: object) -> tuple[Fact, str | None]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return None, "wrong_type"
    return _text("; ".join(found[:_MOST_ITEMS])[:_LONGEST])


def _yes_no(found: object) -> tuple[Fact, str | None]:
    said = str(found).strip().casefold()
    if said in _YES or said in _NO:
        return said in _YES, None
    return None, "wrong_type"


def _lower_end(found: object) -> tuple[Fact, str | None]:
    if isinstance(found, list) and found:
        return _number(found[0])
    if isinstance(found, str) and (begin := _NUMBER.match(found.strip())) is not None:
        return _number(begin[0])
    return _number(found)


def _number(found: object) -> tuple[Fact, str | None]:
    value: int | float
    if isinstance(found, bool):
        return None, "wrong_type"
    if isinstance(found, int | float):
        value = found
    elif isinstance(found, str) and _NUMBER.fullmatch(found.strip()):
        value = float(found.strip().replace(",", ""))
    else:
        return None, "wrong_type"
    if not abs(value) <= _LARGEST:  # nor what is no number; a long whole number fits no float
        return None, "too_large"
    return int(value) if float(value).is_integer() else value, None


def _whole(found: object) -> tuple[Fact, str | None]:
    value, reason = _number(found)
    return (round(value) if isinstance(value, int | float) else None), reason


_TYPES: Final[Mapping[str, Callable[[object], tuple[Fact, str | None]]]] = {
    "text": _text,
    "list": _list,
    "yes_no": _yes_no,
    "range": _lower_end,
    "number": _number,
    "whole": _whole,
}
