"""Takes personal values out of what goes into the log, and puts them back for those who may read.

Personal are: addresses (their local part above all), telephone numbers, names, titles, free text,
and every value that holds an ``@``, is a telephone number or is long enough to be free text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final, cast

from leadfit.records import Fact, Facts, Identifiers, Signal
from leadfit.store.codec import decode

_PERSONAL_IDENTIFIERS: Final = frozenset(
    {"email", "phone", "name", "first_name", "last_name", "title"}
)
_PERSONAL_FACTS: Final = frozenset(
    {
        "email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "mobilephone", "name",
        "fullname", "contactname", "firstname", "lastname", "surname", "givenname", "title",
        "jobtitle", "position", "role", "linkedin", "linkedinurl", "linkedinprofile", "twitter",
        "message", "comment", "comments", "notes", "address", "street", "dateofbirth", "birthdate",
        "ip", "ipaddress",
    }
)  # fmt: skip
# Longer names that end so tell of a person too: "Manager name", "Work phone", "Lead comments".
_PERSONAL_ENDS: Final = (
    "managername", "contactname", "firstname", "lastname", "fullname", "username", "surname",
    "emailaddress", "phone", "phonenumber", "mobilenumber", "linkedinurl", "linkedinprofile",
    "comment", "comments", "message", "notes", "birthdate", "dateofbirth",
)  # fmt: skip
_TELEPHONE: Final = re.compile(r"(?:\+|00)[\d\s()./-]{7,24}")
_FREE_TEXT: Final = 200
_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]")
_SHORTEST: Final = 3
_QUOTED: Final = 60
_UNNAMED: Final = "withheld"
_WORDS: Final = '"words":"'
_INSIDE_QUOTES: Final = re.compile(r'(?:[^"\\]|\\.)*')
_NAME: Final = "⟨"
_NAMED: Final = re.compile(r"⟨([^⟩]+)⟩")

Statement = dict[str, dict[str, object]]
"""Personal values of one signal: ``identifiers``, ``facts``, ``text`` and ``subject``."""


def is_personal(name: str, value: object) -> bool:
    """A fact of this name or value tells of a person.

    >>> is_personal("Job Title", "VP"), is_personal("industry", "retail"), is_personal("x", "a@b")
    (True, False, True)
    """
    is_named_so, is_named_so_as_text = _by_name(name)
    if is_named_so:
        return True
    if value is not None and not isinstance(value, str):
        return False  # a count of comments, a yes to a telephone
    if is_named_so_as_text:
        return True
    return value is not None and (
        "@" in value or len(value) > _FREE_TEXT or _TELEPHONE.fullmatch(value.strip()) is not None
    )


@lru_cache(maxsize=4096)
def _by_name(name: str) -> tuple[bool, bool]:
    """Return whether facts of a name tell of a person: all of them, those that are text."""
    plain = _NOT_A_LETTER.sub("", name.lower())
    return plain in _PERSONAL_FACTS or "@" in name, plain.endswith(_PERSONAL_ENDS)


def part_facts(facts: Facts) -> tuple[dict[str, Fact], dict[str, Fact]]:
    """Return the facts that may stand in the log, and the personal ones."""
    open_facts: dict[str, Fact] = {}
    personal: dict[str, Fact] = {}
    for name, value in facts.items():
        (personal if is_personal(name, value) else open_facts)[name] = value
    return open_facts, personal


def part_signal(signal: Signal) -> tuple[dict[str, object], Statement]:
    """Return a signal's identifiers and facts for the log, and its personal values."""
    open_ids: dict[str, object] = {}
    personal_ids: dict[str, object] = {}
    for each in fields(Identifiers):
        value = getattr(signal.identifiers, each.name)
        if value is None:
            continue
        personal = each.name in _PERSONAL_IDENTIFIERS or "@" in value
        (personal_ids if personal else open_ids)[each.name] = value
    open_facts, personal_facts = part_facts(signal.facts)
    statement: Statement = {}
    if personal_ids:
        statement["identifiers"] = personal_ids
    if personal_facts:
        statement["facts"] = dict(personal_facts)
    if signal.text is not None:
        statement["text"] = {"text": signal.text}
    return {"identifiers": open_ids, "facts": open_facts}, statement


def join_parts(
    logged: Mapping[str, Mapping[str, object]], statement: Mapping[str, Mapping[str, object]]
) -> tuple[Identifiers, Facts, str | None]:
    """Return a signal's identifiers, facts and text, the personal values put back.

    Args:
        logged: The ``identifiers`` and ``facts`` that :func:`part_signal` left for the log.
        statement: The personal values, apart from what was erased since.
    """
    ids = {**logged["identifiers"], **statement.get("identifiers", {})}
    facts = cast("Facts", {**logged["facts"], **statement.get("facts", {})})
    text = cast("str | None", statement.get("text", {}).get("text"))
    return decode(Identifiers, ids), facts, text


def veil(text: str, personal: Mapping[str, object]) -> str:
    """Return canonical JSON in which no sentence quotes a personal value.

    A value is replaced by its name in angle brackets wherever it stands as whole words in a text
    under the key ``words``.

    Args:
        text: Canonical JSON.
        personal: Values by name.

    >>> veil('{"words":"title is VP Sales, which counts"}', {"title": "VP Sales"})
    '{"words":"title is ⟨title⟩, which counts"}'
    """
    # A sentence may quote a long value cut short, without the blanks round it.
    known = {
        _inside(quoted.casefold()): name
        for name, value in sorted(personal.items())
        if isinstance(value, str)
        for quoted in _as_quoted(value.strip())
        if len(quoted) >= _SHORTEST
    }
    folded = text.casefold()
    found = [value for value in known if value in folded]
    if not found:
        return text
    longest_first = sorted(found, key=lambda value: (-len(value), value))
    pattern = re.compile(
        "|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in longest_first), re.IGNORECASE
    )

    def name_of(quoted: re.Match[str]) -> str:
        return f"⟨{_inside(known.get(quoted[0].casefold(), _UNNAMED))}⟩"

    if text.isascii():  # each letter stands where it stood before it was folded
        return _sub_in_sentences(
            text, _places(folded, found), lambda said: pattern.sub(name_of, said)
        )
    pieces = text.split(_WORDS)  # each but the first begins with a sentence
    for number in range(1, len(pieces)):
        alike = pieces[number].casefold()
        if any(value in alike for value in found):
            end = cast("re.Match[str]", _INSIDE_QUOTES.match(pieces[number])).end()
            words, rest = pieces[number][:end], pieces[number][end:]
            pieces[number] = pattern.sub(name_of, words) + rest
    return _WORDS.join(pieces)


def _as_quoted(value: str) -> tuple[str, ...]:
    return (value,) if len(value) <= _QUOTED else (value, value[:_QUOTED].strip())


def _places(text: str, values: Iterable[str]) -> list[int]:
    """Return where these values stand in a text, from its end to its beginning."""
    places: list[int] = []
    for value in values:
        at = text.find(value)
        while at >= 0:
            places.append(at)
            at = text.find(value, at + 1)
    return sorted(places, reverse=True)


def _sub_in_sentences(text: str, places: Iterable[int], change: Callable[[str], str]) -> str:
    """Change every sentence of canonical JSON in which one of these places lies.

    Args:
        text: Canonical JSON.
        places: From the end to the beginning, so that a change moves none that comes after it.
        change: Returns what stands instead of a sentence.
    """
    changed = len(text)
    for at in places:
        if at >= changed:
            continue
        begin = text.rfind(_WORDS, 0, at) + len(_WORDS)
        end = cast("re.Match[str]", _INSIDE_QUOTES.match(text, begin)).end()
        if begin >= len(_WORDS) and at < end:
            text = f"{text[:begin]}{change(text[begin:end])}{text[end:]}"
            changed = begin
    return text


def unveil(text: str, personal: Mapping[str, object]) -> str:
    """Put the values back that :func:`veil` took out, in the case in which they were given.

    >>> unveil('{"words":"title is ⟨title⟩, which counts"}', {"title": "VP Sales"})
    '{"words":"title is VP Sales, which counts"}'
    """
    if _NAME not in text:
        return text

    def value_of(name: re.Match[str]) -> str:
        value = personal.get(json.loads(f'"{name[1]}"'))
        return name[0] if value is None else _inside(str(value))

    return _sub_in_sentences(text, _places(text, (_NAME,)), lambda said: _NAMED.sub(value_of, said))


def _inside(value: str) -> str:
    """Return a text as it stands inside JSON quotes."""
    return encode_basestring(value)[1:-1]
