"""The normalised columns of accounts, contacts and signals, by which they are matched.

Those of accounts and contacts are made once, when they are written. A signal has two sides: what
it says of an account and what it says of a contact, each in the columns of the records it is
compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from leadfit.policy import Policy
from leadfit.records import Account, Contact, Keys, Signal
from leadfit.resolve.normal import BUNDLED, Column, Lists, lists_of, normalise

Columns = dict[str, str]
"""Normalised column to text; what is blank is absent."""

_FACTS: Final = {
    "phone": Column.PHONE,
    "street": Column.STREET,
    "address": Column.STREET,
    "city": Column.CITY,
    "state": Column.REGION,
    "region": Column.REGION,
    "postcode": Column.POSTCODE,
    "zip": Column.POSTCODE,
}
"""Facts of an account that tell where it is, by name."""


def account_columns(account: Account) -> Columns:
    """Return the normalised columns of an account.

    >>> account_columns(Account(account_id="a1", name="Acme GmbH", domains=("acme.de",)))
    {'company': 'acme', 'company.legal': 'gmbh', 'domain': 'acme.de', 'domain.label': 'acme', \
'domain.suffix': 'de'}
    """
    found: Columns = {}
    _add(found, "company", Column.COMPANY, account.name, BUNDLED)
    if account.domains:
        _add(found, "domain", Column.DOMAIN, account.domains[0], BUNDLED)
    _add(found, "country", Column.COUNTRY, account.country, BUNDLED)
    _add_places(found, account.facts, account.country, BUNDLED)
    return found


def contact_columns(contact: Contact) -> Columns:
    """Return the normalised columns of a contact; its company is its account's."""
    found: Columns = {}
    _add(found, "first_name", Column.FIRST_NAME, contact.first_name, BUNDLED)
    _add(found, "surname", Column.SURNAME, contact.last_name, BUNDLED)
    _add(found, "email", Column.EMAIL, contact.email, BUNDLED)
    _add(found, "phone", Column.PHONE, contact.phone, BUNDLED)
    _add(found, "title", Column.TITLE, contact.title, BUNDLED)
    return found


def account_side(signal: Signal, keys: Keys, policy: Policy) -> Columns:
    """Return what a signal says of its account, as normalised columns to look alike ones up by.

    Args:
        signal: The signal.
        keys: Its keys, from :func:`leadfit.resolve.keys`.
        policy: Its ``matching`` lists come beside the bundled ones.
    """
    said, lists = signal.identifiers, lists_of(policy)
    found: Columns = {}
    country = _country(signal)
    _add(found, "company", Column.COMPANY, said.company, lists)
    _add(found, "domain", Column.DOMAIN, keys.domain, lists)
    _add(found, "country", Column.COUNTRY, country, lists)
    _add_places(found, signal.facts, country, lists)
    return found


def contact_side(signal: Signal, keys: Keys, policy: Policy) -> Columns:
    """Return what a signal says of its contact, as :func:`account_side` does of its account."""
    said, lists = signal.identifiers, lists_of(policy)
    found: Columns = {}
    if said.first_name is None and said.last_name is None:
        whole = {} if said.name is None else normalise(Column.NAME, said.name, lists=lists)
        first, last = whole.get("first"), whole.get("last")
    else:
        first, last = said.first_name, said.last_name
    _add(found, "first_name", Column.FIRST_NAME, first, lists)
    _add(found, "surname", Column.SURNAME, last, lists)
    _add(found, "email", Column.EMAIL, keys.email, lists)
    _add(found, "phone", Column.PHONE, said.phone, lists, _country(signal))
    _add(found, "title", Column.TITLE, said.title, lists)
    _add(found, "company", Column.COMPANY, said.company, lists)
    return found


def _add(  # noqa: PLR0917 -- one value with all that reads it
    found: Columns,
    name: str,
    column: Column,
    text: str | None,
    lists: Lists,
    country: str | None = None,
) -> None:
    if text:
        found.update(_named_parts(name, column, text, lists, country))


@lru_cache(maxsize=8192)
def _named_parts(
    name: str, column: Column, text: str, lists: Lists, country: str | None
) -> tuple[tuple[str, str], ...]:
    """Return the parts of a value by their names; one signal is asked for the same a few times."""
    parts = normalise(column, text, country=country, lists=lists)
    return tuple((f"{name}.{part}" if part else name, value) for part, value in parts.items())


def _add_places(
    found: Columns, facts: Mapping[str, object], country: str | None, lists: Lists
) -> None:
    for name, value in facts.items():
        column = _FACTS.get(name.strip().lower())
        if column is not None and isinstance(value, str):
            _add(found, column.value, column, value, lists, country)


def _country(signal: Signal) -> str | None:
    value = signal.facts.get("country")
    return value if isinstance(value, str) else None
