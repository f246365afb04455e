"""How somebody is reached: e-mail addresses, domains and phone numbers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from leadfit.resolve.keys import (
    DISPOSABLE,
    DUMMY,
    FREE_MAIL,
    ROLE_MAILBOX,
    SHARED,
    business_domain,
    domain_key,
    email_key,
    is_school,
    weakness,
)
from leadfit.resolve.normal.lists import Lists

_KINDS: Final = {
    None: "personal",
    ROLE_MAILBOX: "role",
    FREE_MAIL: "free_mail",
    SHARED: "shared",
    DISPOSABLE: "disposable",
    DUMMY: "dummy",
}
_LONGEST_ADDRESS: Final = 320
_EXTENSION: Final = re.compile(r"\s*(?:;?ext(?:ension)?|[x#])[ .:=]*(\d{1,7})\s*$", re.IGNORECASE)
_SUFFIX: Final = 7
_STAIRS: Final = "0123456789012345678909876543210987654321"
_LONGEST_NUMBER: Final = 15
_PLUS: Final = frozenset("+\uff0b")


@lru_cache(maxsize=65_536)
def email(text: str, lists: Lists) -> tuple[tuple[str, str], ...]:
    """Return the key of an address with its local part, domain and kind.

    A domain that says nothing about a company is absent: of free mail, throw-away mail,
    schools, and one that unlike companies share. A dummy address has only its kind.
    """
    key = email_key(text) if len(text) <= _LONGEST_ADDRESS else None
    if key is None:
        return (("kind", "invalid"),) if text.strip() else ()
    weak = weakness(key, lists)
    if weak in {DUMMY, DISPOSABLE}:
        return (("kind", _KINDS[weak]),)
    local, _, host = key.rpartition("@")
    found = [("", key), ("local", local), ("kind", _KINDS[weak])]
    domain = domain_key(host) if weak not in {FREE_MAIL, SHARED} else None
    if domain is not None and not is_school(domain, lists):
        found.append(("domain", domain))
    return tuple(found)


def domain(text: str, lists: Lists) -> dict[str, str]:
    """Return the registrable domain of a business, its label and its public suffix."""
    if len(text) > _LONGEST_ADDRESS:
        return {}
    found, _ = business_domain(text, lists)
    if found is None:
        return {}
    label, _, suffix = found.partition(".")
    return {"": found, "label": label, "suffix": suffix}


def phone(text: str, country: str | None) -> dict[str, str]:
    """Return a number in E.164 where its country is known, else its digits, and its last seven.

    ``valid`` says that the country assigns such numbers.

    Args:
        text: A number as somebody typed it.
        country: ISO 3166 code of where a number without a country code is dialled.
    """
    text = text[:64]
    extension = _EXTENSION.search(text)
    bare = text[: extension.start()] if extension is not None else text
    digits = "".join(str(int(each)) for each in bare if each.isdecimal())
    tries = [_dialled(bare, digits), digits]
    if any(map(str.isalpha, bare)):
        tries.insert(0, bare.strip())  # 1-800-FLOWERS
    tried = (_parsed(each, country) for each in dict.fromkeys(tries))
    full, national, is_valid = next((found for found in tried if found), (None, digits, False))
    if not _SUFFIX <= len(national) <= _LONGEST_NUMBER or _is_dummy(national, full):
        return {}
    parts = {"": full or national, "suffix": national[-_SUFFIX:]}
    if is_valid:
        parts["valid"] = "yes"
    if extension is not None:
        parts["extension"] = extension[1]
    return parts


def _dialled(bare: str, digits: str) -> str:
    """Return digits with the plus sign they had, or that 00 stands for."""
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+{digits}" if bare.lstrip(" (")[:1] in _PLUS else digits


@lru_cache(maxsize=16_384)
def _parsed(text: str, country: str | None) -> tuple[str, str, bool] | None:
    """Return a number in E.164, its national digits and whether its country assigns such."""
    if country is None and text[:1] not in _PLUS:
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    number.extension = None
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.national_significant_number(number),
        phonenumbers.is_valid_number(number),
    )


def _is_dummy(national: str, full: str | None) -> bool:
    tail = national.lstrip("0")
    american = full is None or full.startswith("+1")
    return (
        len(set(tail)) <= 1
        or len(set(national[-_SUFFIX:])) <= 1
        or national in _STAIRS
        or (american and len(national) in {7, 10, 11} and national[-7:-2] == "55501")
    )
