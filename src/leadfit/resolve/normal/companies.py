"""Names of companies: the core, the legal form and the geography, apart.

Geography is split off at the end of a name, in brackets and after a comma, never after *of* and
its like, and never where only plain words such as *bank* or *airlines* would be left: those are
part of what the company is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from leadfit.resolve.normal.legal_forms import (
    ATTACHED,
    FIRST_WORDS,
    FORMS,
    LAST_WORDS,
    MOST_WORDS,
    PREFIXES,
)
from leadfit.resolve.normal.lists import Lists
from leadfit.resolve.normal.places import (
    CITIES,
    PLACE_ENDS,
    PLACE_WORDS,
    PLACES,
    STATE_CODES,
    UNLESS_MARKED,
)
from leadfit.resolve.normal.text import says_nothing, visible, within, word_set, words

_INITIALS: Final = re.compile(r"(?<=\b\w)[./](?=\w\b)")
_BRACKETS: Final = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]?")
# What a register adds: BANK OF AMERICA CORP /DE/, LAMAR ADVERTISING CO/NEW.
_REGISTERED: Final = re.compile(
    r"(\s|\b(?:inc|corp|co|ltd|plc|corporation|company|limited)\.?\s?)"
    r"[/\\]\s?([a-z]{2,4})\s?[/\\]?\s*$",
    re.IGNORECASE,
)
_SINGLE: Final = re.compile(r"(?<=\b[A-Za-z])-(?=\d)|(?<=\b\d)-(?=[A-Za-z]\b)")
_BREAK: Final = re.compile(r",|;|\s[-\u2013\u2014|]+\s")
_DOUBTFUL: Final = frozenset(("nv", "bv"))  # N.V. Philips, but not NV Energy
_ALSO: Final = frozenset(("formerly", "fka", "aka", "dba"))
_BINDS: Final = word_set(
    "of de du des d da do dos das di del della dello der den van von in for the and or to at "
    "und et y e la le les au aux en sur from by with a an el los las on r are our real"
)
_PLAIN: Final = word_set(
    "air aero airline airlines airways aviation bank banks banque banca banco bancorp hotel "
    "hotels inn resort university college school schools institute academy club team fc port "
    "ports post postal rail railway railways radio television tv telecom telekom "
    "telecommunications power gas electric electricity energy water oil petroleum petro hydro "
    "insurance life health healthcare national royal federal state county city town village "
    "first new north south east west central northern southern eastern western united great "
    "american the and group holding holdings international global world worldwide association "
    "society council federation union chamber commerce board agency ministry department office "
    "foundation trust fund care nav via lake mount fort saint san santa little old upper lower "
    "big one all my best pro super mega credit capital finance financial investment investments "
    "properties property realty estate land mining gold silver steel cement media news times "
    "journal magazine press film films music sports food foods coffee beer wine hospital clinic "
    "medical dental law legal tax auto motor motors car cars bus transport transit logistics "
    "shipping marine business company industries industry services service solutions systems "
    "technology technologies consulting consultants partners network networks center centre "
    "community museum zoo park parks farm farms dairy bell invest import export trade trading "
    "tourism travel tours cruise made bread sugar tobacco"
)
_CAPITALS: Final = STATE_CODES | {"uk": "united kingdom", "us": "united states"}
# Bodies of a state, whose two last letters are the state and no legal form.
_CIVIC: Final = word_set(
    "city town township county village borough state parish municipality school schools district "
    "police sheriff fire commissioners library court department"
)
_MERGED: Final = frozenset("abcdefghijklmnopqrstuvwxyz")


@dataclass(slots=True)
class _Parts:
    """What was taken off a name so far, last first."""

    legal: list[str] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    alias: list[str] = field(default_factory=list)


def company(text: str, lists: Lists) -> dict[str, str]:
    """Return the parts of a company's name.

    Args:
        text: The name as somebody typed it.
        lists: Words that say there is no company.

    Returns:
        ``""`` the core; ``legal`` the canonical legal form, ``place`` the geography and ``alias``
        an acronym or former name, where there is one. Empty where the text names no company.
    """
    raw = visible(text)
    if says_nothing(raw.lower()):
        return {}
    parts = _Parts()
    rest = _before_other_name(tokens(_unmarked(raw, parts)) or tokens(raw), parts)
    rest = _strip(within(rest), parts, ends_in_code=_ends_in_code(raw))
    core = " ".join(rest)
    if says_nothing(core) or core in lists.empty_companies:
        return {}
    found = {"": core}
    if parts.legal:
        found["legal"] = parts.legal[0]
    if parts.place:
        found["place"] = " ".join(reversed(parts.place))
    if parts.alias:
        found["alias"] = " ".join(parts.alias)
    return found


def tokens(text: str) -> list[str]:
    """Return the words of a name: initials joined, ``&`` read as *and*.

    >>> tokens("J. P. Morgan & Co., S.A. de C.V.")
    ['jp', 'morgan', 'and', 'co', 'sa', 'de', 'cv']
    """
    if "&" in text:
        text = text.replace("&", " and ")
    if "." in text or "/" in text:
        text = _INITIALS.sub("", text)
    if "-" in text:
        text = _SINGLE.sub("", text)
    found = words(text)
    if not text.isascii():
        found = [part for word in found for part in _detached(word)]
    return _joined(found) if any(len(word) == 1 for word in found) else found


def _joined(found: list[str]) -> list[str]:
    """Join runs of single letters: ``n v`` is NV."""
    joined: list[str] = []
    run = ""
    for word in [*found, ""]:
        if word in _MERGED:
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        if word:
            joined.append(word)
    return joined


def _detached(word: str) -> list[str]:
    """Part legal forms that are written without a space from the name."""
    for form in ATTACHED:
        if word == form:
            break
        if word.startswith(form):
            return [form, *_detached(word[len(form) :])]
        if word.endswith(form):
            return [*_detached(word[: -len(form)]), form]
    return [word]


def _before_other_name(rest: list[str], parts: _Parts) -> list[str]:
    """Cut a name before what it is called besides: ``Newco dba Shopfront``."""
    if _ALSO.isdisjoint(rest[1:]):
        return rest
    at = next(at for at, word in enumerate(rest) if at and word in _ALSO)
    parts.alias += rest[at + 1 :]
    return rest[:at]


def _unmarked(raw: str, parts: _Parts) -> str:
    """Take off what brackets and commas mark as form, place or other name."""
    if "/" in raw or "\\" in raw:
        raw = _REGISTERED.sub(lambda found: _registered(found, parts), raw)
    if "(" in raw or "[" in raw or "{" in raw:
        raw = _BRACKETS.sub(lambda found: _bracket(found, raw, parts), raw)
    if "," not in raw and ";" not in raw and " " not in raw:
        return raw
    pieces = _BREAK.split(raw)
    while len(pieces) > 1:
        last = tokens(pieces[-1])
        if last and last != ["the"] and not _is_taken(last, parts, is_civic=_is_civic(pieces[0])):
            break
        pieces.pop()
    return " ".join(pieces)


def _registered(found: re.Match[str], parts: _Parts) -> str:
    code = found[2].lower()
    place = STATE_CODES.get(code) or PLACES.get(code)
    if place is not None:
        parts.place.append(place)
    return found[1]


def _bracket(found: re.Match[str], raw: str, parts: _Parts) -> str:
    inside = tokens(found[1])
    if not inside or inside == ["the"] or _is_taken(inside, parts):
        return " "
    if inside[0] in _ALSO and len(inside) > 1:
        parts.alias += inside[1:]
        return " "
    before = raw[: found.start()]
    if len(inside) == 1 and before.strip() and _is_acronym(found[1].strip(), before):
        parts.alias += inside
        return " "
    return f" {' '.join(inside)} "


def _is_acronym(inner: str, before: str) -> bool:
    if not 2 <= len(inner) <= 8:
        return False
    if inner.isupper() and not before.isupper():
        return True
    spelled = words(_BRACKETS.sub(" ", before))
    initials = "".join(word[0] for word in spelled)
    strong = "".join(word[0] for word in spelled if word not in _BINDS)
    short = inner.lower()
    return initials.endswith(short) or initials.startswith(short) or strong.endswith(short)


def _is_civic(text: str) -> bool:
    return not _CIVIC.isdisjoint(text.lower().split())


def _is_taken(last: list[str], parts: _Parts, *, is_civic: bool = False) -> bool:
    """Take off a marked piece that holds nothing but forms and places."""
    trial = _Parts()
    left = list(last)
    while left:
        size, form = _form_at_end(left)
        if size and not (is_civic and left[-1] in STATE_CODES):
            trial.legal.append(form)
            del left[-size:]
            continue
        size, place = _place_at_end(left)
        if not size and left[-1] in STATE_CODES:
            size, place = 1, STATE_CODES[left[-1]]
        if not size:
            return False
        trial.place.append(place)
        del left[-size:]
    parts.legal += trial.legal
    parts.place += trial.place
    return True


def _ends_in_code(raw: str) -> bool:
    """Return whether a name ends in a code of capitals after words that are not."""
    bare = raw.rstrip(" .")
    return bare[-2:].isupper() and not bare.isupper() and bare[-3:-2] == " "


def _strip(rest: list[str], parts: _Parts, *, ends_in_code: bool) -> list[str]:
    if ends_in_code and len(rest) > 1 and rest[-2] not in _BINDS:
        code = _CAPITALS.get(rest[-1])
        is_form = rest[-1] in FORMS and _CIVIC.isdisjoint(rest)
        if code is not None and not is_form and _has_own_word(rest[:-1]):
            parts.place.append(code)
            rest = rest[:-1]
    while True:
        before = len(rest)
        rest = _without_form(rest, parts)
        size, place = _place_at_end(rest)
        if size and _may_go(rest, size):
            parts.place.append(place)
            rest = rest[:-size]
        if len(rest) > 1 and rest[0] == "the":
            rest = rest[1:]
        if len(rest) > 1 and rest[-1] == "the":
            rest = rest[:-1]
        if len(rest) == before:
            return rest


def _without_form(rest: list[str], parts: _Parts) -> list[str]:
    size, form = _form_at_end(rest)
    if size and len(rest) > size:
        parts.legal.append(form)
        rest = rest[:-size]
    if len(rest) > 1 and rest[0] in FIRST_WORDS:
        for size in range(min(MOST_WORDS, len(rest) - 1), 0, -1):
            prefix = " ".join(rest[:size])
            if prefix in PREFIXES and (prefix not in _DOUBTFUL or _has_own_word(rest[size:])):
                parts.legal.append(FORMS.get(prefix, prefix))
                return rest[size:]
    if len(rest) > 1 and rest[-1] == "and":
        rest = rest[:-1]  # what a comma left: Smith & Sons, & Co.
    return rest


def _form_at_end(rest: list[str]) -> tuple[int, str]:
    if not rest or rest[-1] not in LAST_WORDS:
        return 0, ""
    for size in range(min(MOST_WORDS, len(rest)), 0, -1):
        form = FORMS.get(" ".join(rest[-size:]))
        if form is not None:
            return size, form
    return 0, ""


def _place_at_end(rest: list[str]) -> tuple[int, str]:
    if not rest or rest[-1] not in PLACE_ENDS:
        return 0, ""
    for size in range(min(PLACE_WORDS, len(rest)), 0, -1):
        place = PLACES.get(" ".join(rest[-size:]))
        if place is not None:
            return size, place
    return 0, ""


def _may_go(rest: list[str], size: int) -> bool:
    """Return whether a place at the end is where a company is, not what it is called."""
    if len(rest) <= size or rest[-size - 1] in _BINDS:
        return False
    name = " ".join(rest[-size:])
    return name not in UNLESS_MARKED and name not in CITIES and _is_name(rest[:-size])


def _is_name(left: list[str]) -> bool:
    return not _place_at_end(left)[0] and _has_own_word(left)


def _has_own_word(left: list[str]) -> bool:
    return any(word not in _PLAIN and not word.isdigit() and word not in FORMS for word in left)
