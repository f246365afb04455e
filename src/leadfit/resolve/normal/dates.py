"""Dates as people and exports write them, as ISO 8601."""

from __future__ import annotations

import re
from typing import Final

from leadfit.resolve.normal.text import fold, visible

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero", "feb february februar fevrier febrero",
            "mar march marz mars marzo", "apr april avril abril", "may mai mayo",
            "jun june juni juin junio", "jul july juli juillet julio",
            "aug august aout agosto", "sep sept september septembre septiembre",
            "oct october oktober octobre octubre", "nov november novembre noviembre",
            "dec december dezember decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_YEAR_FIRST: Final = re.compile(r"([12]\d{3})[-./ ]?(\d{2})[-./ ]?(\d{2})(?:[t ].*)?", re.ASCII)
_YEAR_FIRST_SHORT: Final = re.compile(
    r"([12]\d{3})[-./ ](\d{1,2})[-./ ](\d{1,2})(?:[t ].*)?", re.ASCII
)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ]([12]\d{3})(?: .*)?", re.ASCII)
_IN_WORDS: Final = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th)?[ .-]+)?([a-z]{3,10})[ .-]+"
    r"(?:(\d{1,2})(?:st|nd|rd|th)?,? +)?([12]\d{3})",
    re.ASCII,
)
_YEAR: Final = re.compile(r"[12]\d{3}", re.ASCII)
_MONTH_FIRST: Final = frozenset(("US", "PH", "PR", "GU"))
_DUMMIES: Final = frozenset(("1900-01-01", "1970-01-01", "1111-11-11", "2000-00-00", "1000-01-01"))


def date(text: str, country: str | None) -> dict[str, str]:
    """Return a date as ``YYYY-MM-DD`` and its ``year``; a year alone has no date.

    A month or day that no calendar has is kept as it was typed: one slip of the finger must not
    hide a date. ``03/04/1980`` is read by the country's habit, day first where it is not known.

    Args:
        text: A date as somebody typed it.
        country: ISO 3166 code of where it was typed.
    """
    bare = fold(visible(text)).strip()[:40]
    found = _read(bare, country)
    if found is not None:
        iso = f"{found[0]:04d}-{found[1]:02d}-{found[2]:02d}"
        return {} if iso in _DUMMIES else {"": iso, "year": iso[:4]}
    return {"year": bare} if _YEAR.fullmatch(bare) else {}


def _read(bare: str, country: str | None) -> tuple[int, int, int] | None:
    plain = _YEAR_FIRST.fullmatch(bare) or _YEAR_FIRST_SHORT.fullmatch(bare)
    if plain is not None:
        return int(plain[1]), int(plain[2]), int(plain[3])
    late = _YEAR_LAST.fullmatch(bare)
    if late is not None:
        first, second = int(late[1]), int(late[2])
        month_first = second > 12 or (country in _MONTH_FIRST and first <= 12)
        return (int(late[3]), first, second) if month_first else (int(late[3]), second, first)
    named = _IN_WORDS.fullmatch(bare)
    if named is not None and named[2] in _MONTHS and (named[1] or named[3]):
        return int(named[4]), _MONTHS[named[2]], int(named[1] or named[3])
    return None
