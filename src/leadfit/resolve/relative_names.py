"""Company names: whether a typed name tells of a sister or child of the account on record."""

from __future__ import annotations

from difflib import SequenceMatcher

from leadfit.resolve.normal.companies import tokens
from leadfit.resolve.normal.legal_forms import FORMS
from leadfit.resolve.normal.text import visible

_NO_NAMES = frozenset(form for form in FORMS if " " not in form) | {"the", "und", "and"}
_SAME_WORD = 0.8
"""Likeness from which two words count as one word with a slip of the finger."""


def tells_of_a_relative(given: str | None, on_record: str) -> bool:
    """Return whether two names share a word while each has one of its own.

    Legal forms, case, accents and slips of the finger do not count. A name that is part of the
    other tells of nothing, and neither do two names without a common word: brands go by both.

    Args:
        given: The company's name as somebody typed it.
        on_record: The account's name.

    >>> tells_of_a_relative("Acme America Corp", "Acme Works Inc")
    True
    >>> tells_of_a_relative("acme wroks", "Acme Works Inc"), tells_of_a_relative("IBM", "Acme")
    (False, False)
    """
    if given is None:
        return False
    ours, theirs = _words(on_record), _words(given)
    shared = [word for word in theirs if _is_among(word, ours)]
    return bool(
        shared and len(shared) < len(theirs) and any(not _is_among(word, theirs) for word in ours)
    )


def _words(name: str) -> list[str]:
    return [word for word in dict.fromkeys(tokens(visible(name))) if word not in _NO_NAMES]


def _is_among(word: str, words: list[str]) -> bool:
    return any(
        word == other or SequenceMatcher(None, word, other).ratio() >= _SAME_WORD for other in words
    )
