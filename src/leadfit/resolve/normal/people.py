"""Names of people: first and last apart, titles of honour gone, nicknames under one key."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from nicknames import NickNamer

from leadfit.resolve.normal.text import says_nothing, visible, word_set, words

_HONOURS: Final = word_set(
    "mr mrs ms miss mx dr doctor prof professor herr frau fr hr monsieur madame mme mlle sir "
    "dame lord lady rev reverend hon sr sra srta senor senora dott dottssa ing dipl mag dipling "
    "shri smt capt captain col gen maj sgt lt"
)
_SUFFIXES: Final = word_set(
    "jr junior sr senior ii iii iv phd ph d md mba cpa esq pe dds dvm rn cfa cissp pmp msc bsc "
    "jd llm dphil obe cbe mbe cpsp shrm pmo"
)
_PARTICLES: Final = word_set(
    "van von der den de del della di da dos das du la le bin ibn al el ben ter ten zu zur st "
    "saint af av"
)
_ASIDE: Final = re.compile(
    r"[(\[{\"\u201c\u201d\u00ab][^()\[\]{}\"\u201c\u201d\u00bb]*[)\]}\"\u201c\u201d\u00bb]"
)
_SURNAMES_LIKE_NOTHING: Final = frozenset(("na", "nil", "nan", "null", "tba", "empty", "tester"))
# Pairs of the package that are no nicknames.
_WRONG_PAIRS: Final = frozenset((("bill", "robert"), ("billy", "robert"), ("erin", "aaron")))


def person(text: str) -> dict[str, str]:
    """Return a full name with ``first``, ``last`` and ``nick`` where it has two words or more."""
    raw = visible(text)
    if "@" in raw or says_nothing(raw.lower()):
        return {}
    raw = _ASIDE.sub(" ", raw) or raw
    ahead, comma, behind = raw.partition(",")
    given = words(behind) if comma else []
    family = words(ahead)
    if given and not all(word in _SUFFIXES for word in given):
        last = _bare(family)
        found = _bare(given) + last
        if _bare(found) != found:  # a suffix or a title where a name should be
            found = _bare(found)
            last = _family(found, "")
    else:
        found = _bare(family)
        last = _family(found, ahead)
    full = " ".join(found)
    if not found or says_nothing(full):
        return {}
    if len(found) == 1 or not last:
        return {"": full}
    return {"": full, "first": found[0], "last": " ".join(last), "nick": nick_keys(found[0])}


def parted_name(text: str) -> tuple[str | None, str | None]:
    """Return the first names and the last name of a full name, as they were typed.

    They are parted where :func:`person` parts them, so that a contact that is made from a full
    name is found by the same full name. Titles of honour are left out; a single word is a first
    name.

    >>> parted_name("Dr. Jane Q. van der Berg"), parted_name("O'Neil, Zoe")
    (('Jane Q.', 'van der Berg'), ('Zoe', "O'Neil"))
    >>> parted_name("Cher"), parted_name("Mr Smith")
    (('Cher', None), (None, 'Smith'))
    """
    found = person(text)
    # A sign that stands alone belongs to no name.
    typed = [each for each in text.replace(",", " ").split() if words(visible(each))]
    last = _typed(typed, found.get("last", "").split())
    if last is None:
        first, _, rest = text.strip().partition(" ")
        is_honour = bool(rest) and _is_honour(first)
        return None if is_honour else first or None, rest.strip() or None
    start, end = last
    ahead, behind = (
        [each for each in some if not _is_honour(each)] for some in (typed[:start], typed[end:])
    )
    return " ".join(ahead or behind) or None, " ".join(typed[start:end])


def _is_honour(word: str) -> bool:
    return _HONOURS.issuperset(words(visible(word)))


def _typed(typed: list[str], wanted: list[str]) -> tuple[int, int] | None:
    """Return the last run of typed words whose normal form is ``wanted``, as start and end."""
    if not wanted:
        return None
    for end in range(len(typed), 0, -1):
        for start in range(end - 1, max(-1, end - 1 - len(wanted)), -1):
            if words(visible(" ".join(typed[start:end]))) == wanted:
                return start, end
    return None


def first_name(text: str) -> dict[str, str]:
    """Return a first name and, under ``nick``, the names it may be short for."""
    raw = visible(text)
    found = _bare(words(_ASIDE.sub(" ", raw) or raw))
    name = " ".join(found)
    if says_nothing(name):
        return {}
    return {"": name, "nick": nick_keys(found[0])}


def surname(text: str) -> dict[str, str]:
    """Return a surname without suffixes, ``Mc`` and ``O`` joined to what follows."""
    found = _bare(words(visible(text)))
    if len(found) > 1 and found[0] in {"o", "mc"}:
        found = [found[0] + found[1], *found[2:]]
    name = " ".join(found)
    if says_nothing(name) and name not in _SURNAMES_LIKE_NOTHING:
        return {}
    return {"": name}


@lru_cache(maxsize=1)
def _nicknames() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    both = NickNamer()
    return both.canonical_lookup, both.nickname_lookup


@lru_cache(maxsize=32_768)
def nick_keys(name: str) -> str:
    """Return the name and the fuller names it may stand for, joined by spaces.

    Two names may be one person's if they share a key. Of two names that each stand for the other
    in the list, the one with more nicknames is the fuller.

    >>> nick_keys("bob"), nick_keys("robert")
    ('bob bert robert', 'robert')
    """
    canonicals, nicknames = _nicknames()
    own = len(nicknames.get(name, ()))
    fuller = {
        other
        for other in canonicals.get(name, set()) | nicknames.get(name, set())
        if len(nicknames.get(other, ())) > own
        and (name, other) not in _WRONG_PAIRS
        and other.isalpha()
    }
    return " ".join((name, *sorted(fuller - {name})))


def _bare(found: list[str]) -> list[str]:
    """Return a name without titles of honour and suffixes, unless nothing else is there."""
    start, end = 0, len(found)
    while start < end - 1 and found[start] in _HONOURS:
        start += 1
    while end - 1 > start and found[end - 1] in _SUFFIXES:
        end -= 1
    return found[start:end]


def _family(found: list[str], raw: str) -> list[str]:
    """Return the last name with its particles, or with the other half of a double name."""
    if len(found) < 2:
        return []
    start = len(found) - 1
    if "-" in raw:
        halves = words(raw.rstrip().rpartition(" ")[2])
        if halves == found[-len(halves) :] and len(halves) < len(found):
            start = len(found) - len(halves)
    while start > 1 and found[start - 1] in _PARTICLES:
        start -= 1
    return found[start:]
