"""One written form for text: what people type in many ways and mean as one.

Marks are folded for Latin, Greek, Cyrillic, Hebrew and Arabic letters only: in Indic, Thai and
Japanese script a mark makes another letter.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 256
"""Characters of a value that are read; nothing after them tells two records apart."""

_READ: Final = 2 * LONGEST
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"
    # Trade marks become letters in NFKC.
    "\u2120\u2122]"
)
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]"
)
_APOSTROPHES: Final = "'`\u00b4\u02bb\u02bc\u02bd\u2018\u2019\u201b\u2032\u05f3\uff07"
# Letters that Unicode does not take apart.
_LETTERS: Final = str.maketrans(
    {
        "\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u00fe": "th",
        "\u00e6": "ae", "\u0153": "oe", "\u0131": "i", "\u0127": "h", "\u0167": "t",
        **dict.fromkeys(_APOSTROPHES, ""),
    }
)  # fmt: skip
_BREAKS: Final = re.compile(r"(?:[^\w\u0900-\u109f\u1780-\u17ff\u3099\u309a]|_)+")
_ASCII_BREAKS: Final = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalnum()} | dict.fromkeys("'`", "")
)
_EMPTY_WORDS: Final = frozenset(
    (
        "n/a", "n.a.", "n.a", "na", "n a", "none", "null", "nil", "nan", "unknown", "unkown",
        "undefined", "unspecified", "not available", "not applicable", "not provided",
        "not specified", "not known", "no name", "noname", "no company", "test", "testing",
        "test test", "tester", "tbd", "tba", "tbc", "asdf", "asdfasdf", "asdfgh", "qwerty",
        "foobar", "foo bar", "blah", "dummy", "anonymous", "example", "keine",
        "unbekannt", "inconnu", "aucun", "ninguno", "desconocido", "nothing",
        "[blank]", "blank", "(blank)", "empty", "missing", "invalid", "deleted", "do not use",
        "lorem ipsum", "nope", "-none-", "--none--", "#n/a", "#ref!", "#value!",
    )
)  # fmt: skip
_EMPTY: Final = _EMPTY_WORDS | {
    "".join(word.translate(_ASCII_BREAKS).split()) for word in _EMPTY_WORDS
}
_REPEATED_X: Final = re.compile(r"x{2,}|0{2,}|z{3,}")


def visible(text: str) -> str:
    r"""Return text in NFKC without controls, marks of direction and what lies beyond the cap.

    >>> visible("Ac\u200fme\x00 \uff21\uff27")
    'Acme AG'
    """
    text = text[:_READ]
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))[:_READ]


def fold(text: str) -> str:
    r"""Return visible text in lower case without accents and apostrophes.

    >>> fold("O\u2019N\u00c9il")
    'oneil'
    """
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    for _ in range(4):
        apart = unicodedata.normalize("NFKD", text.casefold())
        folded = unicodedata.normalize("NFKC", _ACCENTS.sub("", apart).translate(_LETTERS))
        folded = _INVISIBLE.sub("", folded)
        if folded == text:
            break
        text = folded
    return text


def words(text: str) -> list[str]:
    """Return the folded words of visible text; punctuation and emoji part words.

    >>> words("Ray-Mont & Sons, Ltd.")
    ['ray', 'mont', 'sons', 'ltd']
    """
    if text.isascii():
        found = text.lower().translate(_ASCII_BREAKS).split()
    else:
        found = _BREAKS.sub(" ", fold(text)).split()
    return found if len(text) <= LONGEST // 2 else within(found)


def within(found: list[str]) -> list[str]:
    """Return words up to the cap; the one that goes beyond it is cut, as it tells names apart."""
    total = -1
    for at, word in enumerate(found):
        room = LONGEST - total - 1
        total += len(word) + 1
        if total > LONGEST:
            return [*found[:at], word[:room]] if room > 0 else found[:at]
    return found


def says_nothing(text: str) -> bool:
    """Return whether folded text is what people type into a field they want to leave empty.

    >>> says_nothing("n/a"), says_nothing("xxx"), says_nothing("acme")
    (True, True, False)
    """
    bare = text.strip()
    return (
        not bare
        or bare in _EMPTY
        or bare.replace(" ", "") in _EMPTY
        or _REPEATED_X.fullmatch(bare) is not None
        or not any(map(str.isalnum, bare))
    )


def word_set(text: str) -> frozenset[str]:
    """Return the words of a table written in plain text."""
    return frozenset(text.split())
