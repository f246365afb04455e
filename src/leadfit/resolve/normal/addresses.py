"""Addresses: street without number and unit, city, region, postcode and country."""

from __future__ import annotations

import re
from typing import Final

from leadfit.resolve.normal.places import (
    CITY_NAMES,
    COUNTRY_CODES,
    STATE_CODES,
    STATE_NAMES,
)
from leadfit.resolve.normal.text import says_nothing, visible, word_set, words

_SHORT: Final = {
    long: short
    for short, longs in {
        "st": "street str saint", "ave": "avenue av aven", "rd": "road",
        "blvd": "boulevard boul bd",
        "dr": "drive drv", "ln": "lane", "ct": "court crt", "pl": "place plc", "sq": "square",
        "ter": "terrace terr tce", "cres": "crescent crs cresc", "pde": "parade",
        "cir": "circle circuit cct circ", "hwy": "highway hway", "pkwy": "parkway pky",
        "expy": "expressway", "fwy": "freeway", "rte": "route", "trl": "trail", "cl": "close",
        "gdns": "gardens", "gr": "grove gve", "hts": "heights", "mt": "mount mountain",
        "ft": "fort", "pt": "point", "ctr": "center centre cntr", "plz": "plaza", "aly": "alley",
        "way": "wy", "bldg": "building", "n": "north", "s": "south", "e": "east", "w": "west",
        "ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest", "pk": "park",
        "vlg": "village vlge", "rtrmnt": "retirement retrmnt", "jct": "junction", "brg": "bridge",
        "stn": "station", "est": "estate", "ind": "industrial",
        "1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth",
        "6th": "sixth", "7th": "seventh", "8th": "eighth", "9th": "ninth", "10th": "tenth",
    }.items()
    for long in longs.split()
}  # fmt: skip
_UNIT_WORDS: Final = word_set(
    "apt apartment suite ste unit flat room rm floor fl level lvl office shop top piso app appt "
    "wohnung"
)
_ORDINAL_UNITS: Final = word_set("floor fl level etage stock piso")
_NUMBER: Final = re.compile(r"\d+[a-z]?")
_KEEPS_NUMBER: Final = word_set(
    "hwy rte box calle carrera cra avenida rd highway route b a interstate county cr km us"
)
_STREET_TAIL: Final = re.compile(r"(?<=\w)stra(?:ss|s)e$|(?<=\w{3})str$")
_HASH: Final = re.compile(r"#\s*(?=\w)")
_CITY_SHORT: Final = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
_ZIP_PLUS_4: Final = re.compile(r"(\d{5})-?(\d{4})")
_UK: Final = re.compile(r"([a-z]{1,2}\d[a-z\d]?)(\d[a-z]{2})")


def street(text: str) -> dict[str, str]:
    """Return a street's name in short forms, its house ``number`` and its ``unit``."""
    raw = visible(text)
    if says_nothing(raw.lower()):
        return {}
    found = words(_HASH.sub(" unit ", raw) if "#" in raw else raw)
    found = [_STREET_TAIL.sub("str", _SHORT.get(word, word)) for word in found]
    numbers: list[str] = []
    units: list[str] = []
    while True:
        before = len(found)
        found = _without_unit(found, units)
        found = _without_number(found, numbers)
        if len(found) == before:
            break
    name = " ".join(found)
    name = "" if says_nothing(name) else name
    parts = {"": name, "number": " ".join(numbers), "unit": " ".join(units)}
    return {name: part for name, part in parts.items() if part}


def _without_unit(found: list[str], units: list[str]) -> list[str]:
    for at, word in enumerate(found):
        if word in _UNIT_WORDS and len(found) > 2:
            is_ordinal = (
                at > 0 and word in _ORDINAL_UNITS and re.fullmatch(r"\d+\w*", found[at - 1])
            )
            if is_ordinal:
                units.append(found[at - 1])
                return found[: at - 1] + found[at + 1 :]
            if at + 1 < len(found) and (found[at + 1].isdigit() or len(found[at + 1]) <= 4):
                units.append(found[at + 1])
                return found[:at] + found[at + 2 :]
    return found


def _without_number(found: list[str], numbers: list[str]) -> list[str]:
    if len(found) < 2:
        return found
    if _NUMBER.fullmatch(found[0]):
        numbers.append(found[0])
        return found[1:]
    if _NUMBER.fullmatch(found[-1]) and found[-2] not in _KEEPS_NUMBER:
        numbers.append(found[-1])
        return found[:-1]
    return found


def city(text: str) -> dict[str, str]:
    """Return the name of a city; what follows a comma is its state and goes."""
    raw = visible(text)
    found = words(raw.partition(",")[0]) or words(raw)
    if found:
        found[0] = _CITY_SHORT.get(found[0], found[0])
    name = " ".join(found)
    return {} if says_nothing(name) else {"": CITY_NAMES.get(name, name)}


def region(text: str) -> dict[str, str]:
    """Return the full name of a state, province or region."""
    name = _without_dots(text)
    if says_nothing(name) and name not in STATE_CODES:
        return {}
    return {"": STATE_CODES.get(name) or STATE_NAMES.get(name) or name}


def postcode(text: str, country: str | None) -> dict[str, str]:
    """Return a postcode without spaces and its ``area``: the part that mail is sorted by first."""
    code = "".join(words(visible(text))[:6])[:16]
    if says_nothing(code) or not any(map(str.isdigit, code)):
        return {}
    plus = _ZIP_PLUS_4.fullmatch(code)
    if plus is not None and country in {None, "US"}:
        code = plus[1]
    if country == "US" and code.isdigit() and len(code) in {3, 4}:
        code = code.zfill(5)  # what a spreadsheet makes of 02138
    outward = _UK.fullmatch(code)
    return {"": code, "area": outward[1] if outward is not None else code[:3]}


def country_code(text: str) -> str | None:
    """Return the ISO 3166 code of a country, or ``None``.

    >>> country_code("Deutschland"), country_code("us"), country_code("Narnia")
    ('DE', 'US', None)
    """
    return COUNTRY_CODES.get(_without_dots(text))


def country(text: str) -> dict[str, str]:
    """Return the ISO 3166 code of a country, or the folded text where none is known."""
    code = country_code(text)
    if code is not None:
        return {"": code}
    name = _without_dots(text)
    return {} if says_nothing(name) else {"": name}


def _without_dots(text: str) -> str:
    return " ".join(words(visible(text).replace(".", "")))
