"""One normal form for every value that records are matched by, with its parts.

Pure: same text, same parts. Records are normalised once, when they are written; what compares
them reads the parts.
"""

from __future__ import annotations

import re
from typing import Final

from leadfit.resolve.normal.addresses import city, country_code, postcode, region, street
from leadfit.resolve.normal.addresses import country as country_of
from leadfit.resolve.normal.columns import Column, recognise
from leadfit.resolve.normal.companies import company
from leadfit.resolve.normal.dates import date
from leadfit.resolve.normal.lists import BUNDLED, Lists, lists_of
from leadfit.resolve.normal.people import first_name, parted_name, person, surname
from leadfit.resolve.normal.reach import domain, email, phone
from leadfit.resolve.normal.text import says_nothing, visible, words
from leadfit.resolve.normal.work import title

__all__ = [
    "BUNDLED",
    "NORMALISER",
    "Column",
    "Lists",
    "lists_of",
    "normalise",
    "parted_name",
    "recognise",
]

NORMALISER: Final = 1
"""Version of the rules; a model trained on one version refuses records of another."""

_LISTED: Final = {Column.COMPANY: company, Column.DOMAIN: domain, Column.TITLE: title}
_BY_COUNTRY: Final = {Column.PHONE: phone, Column.POSTCODE: postcode, Column.DATE: date}
_PLAIN: Final = {
    Column.NAME: person,
    Column.FIRST_NAME: first_name,
    Column.SURNAME: surname,
    Column.STREET: street,
    Column.CITY: city,
    Column.REGION: region,
    Column.COUNTRY: country_of,
}
_WHOLE_NUMBER: Final = re.compile(r"(\d+)\.0+")


def normalise(
    column: Column, text: str | None, *, country: str | None = None, lists: Lists = BUNDLED
) -> dict[str, str]:
    """Return the parts of one value in normal form.

    Args:
        column: What the value is.
        text: The value as it was typed or exported. Only its beginning is read.
        country: Country of the record, as a code or name: how phones and dates are read there.
        lists: Lists a policy can add to; see :func:`lists_of`.

    Returns:
        The main part under ``""`` and further parts by name; what is not there is absent, and an
        empty answer says that the value is null. Normalising a main part again changes nothing.

    >>> normalise(Column.COMPANY, "Vodafone Deutschland G.m.b.H.")
    {'': 'vodafone', 'legal': 'gmbh', 'place': 'germany'}
    >>> normalise(Column.PHONE, "(415) 867-5309", country="US")
    {'': '+14158675309', 'suffix': '8675309', 'valid': 'yes'}
    >>> normalise(Column.COMPANY, "n/a")
    {}
    """
    if not text or text.isspace():
        return {}
    if column in _PLAIN:
        return _PLAIN[column](text)
    if column in _LISTED:
        return _LISTED[column](text, lists)
    if column in _BY_COUNTRY:
        return _BY_COUNTRY[column](text, country_code(country) if country else None)
    if column is Column.EMAIL:
        return dict(email(text, lists))
    return _identifier(text) if column is Column.IDENTIFIER else _text(text)


def _identifier(text: str) -> dict[str, str]:
    raw = visible(text).strip()
    whole = _WHOLE_NUMBER.fullmatch(raw)  # what a spreadsheet makes of a number
    code = "".join(words(whole[1] if whole is not None else raw))
    is_dummy = says_nothing(code) or (len(code) > 2 and len(set(code)) == 1)
    return {} if is_dummy else {"": code}


def _text(text: str) -> dict[str, str]:
    found = " ".join(words(visible(text)))
    return {} if says_nothing(found) else {"": found}
