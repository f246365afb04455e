"""Which contact on record a signal is from, where no address tells it: by phone and by name.

A number alone may be a switchboard and a surname alone is anybody's; together they name one person,
if no second contact on record has both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from leadfit.records import Candidate

_FEWEST_DIGITS: Final = 9
"""Fewer digits without a country code may end the numbers of many."""


def only_holder(said: Mapping[str, str], candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the one contact who has the phone number and the surname of a signal.

    Args:
        said: What the signal says of its contact, normalised.
        candidates: Contacts that share a blocking key; others are passed over.

    Returns:
        ``None`` where nobody has both, where several have, or where no side's number is one that
        its country assigns.
    """
    surname, number = said.get("surname"), said.get("phone")
    if not surname or not number:
        return None
    found = {
        each.contact.contact_id: each
        for each in candidates
        if each.found_by == "blocking"
        and each.contact is not None
        and each.columns.get("surname") == surname
        and _is_one_number(said, each.columns)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def is_same_person(said: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether surnames are equal and first names are, or may be short for one another.

    >>> is_same_person(
    ...     {"surname": "doe", "first_name": "bob", "first_name.nick": "bob robert"},
    ...     {"surname": "doe", "first_name": "robert", "first_name.nick": "robert"},
    ... )
    True
    """
    first, their_first = said.get("first_name"), other.get("first_name")
    if not first or not their_first or not said.get("surname"):
        return False
    if said.get("surname") != other.get("surname"):
        return False
    nicks = set(said.get("first_name.nick", "").split())
    theirs = set(other.get("first_name.nick", "").split())
    return first == their_first or not nicks.isdisjoint(theirs)


def is_another_person(said: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether both sides give a first name and the two cannot be one person's.

    An initial, a short form and the first of two names are no contradiction.

    >>> is_another_person({"first_name": "zoe"}, {"first_name": "ann"})
    True
    >>> is_another_person({"first_name": "a"}, {"first_name": "ann"}), is_another_person({}, {})
    (False, False)
    """
    first, theirs = said.get("first_name"), other.get("first_name")
    if not first or not theirs or first.startswith(theirs) or theirs.startswith(first):
        return False
    nicks = set(said.get("first_name.nick", "").split())
    return nicks.isdisjoint(other.get("first_name.nick", "").split())


def is_somebody_else(said: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether neither the surname nor the first name can be the other's.

    >>> ann = {"first_name": "ann", "surname": "reed"}
    >>> is_somebody_else({"first_name": "zoe", "surname": "foe"}, ann)
    True
    >>> is_somebody_else({"first_name": "ann", "surname": "foe"}, ann)
    False
    """
    surname, theirs = said.get("surname"), other.get("surname")
    return bool(surname and theirs) and surname != theirs and is_another_person(said, other)


def _is_one_number(said: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two numbers are one; one without a country code counts by its own digits."""
    if "yes" not in {said.get("phone.valid"), other.get("phone.valid")}:
        return False
    one, two = said.get("phone", ""), other.get("phone", "")
    if one == two:
        return bool(one)
    bare, full = sorted((one, two), key=lambda each: each.startswith("+"))
    if bare.startswith("+") or not full.startswith("+"):
        return False
    digits = bare.lstrip("0")
    return len(digits) >= _FEWEST_DIGITS and full.endswith(digits)
