"""Company names: whether a typed name tells of a sister of the account on record, or of another."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from leadfit.resolve.normal.companies import tokens
from leadfit.resolve.normal.legal_forms import FORMS
from leadfit.resolve.normal.text import fold, says_nothing, visible

_NO_NAMES = frozenset(form for form in FORMS if " " not in form) | {"the", "und", "and"}
_NO_COMPANY = frozenset(
    (
        "company", "consultant", "employed", "freelance", "freelancer", "home", "individual", "me",
        "myself", "own", "owner", "personal", "private", "retired", "self", "student", "unemployed",
    )
)  # fmt: skip
"""What people type who have no company to name."""
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)(?:\.(?:com|net|org|io|co|[a-z]{2}))+/?")
"""A host that stands where a name was asked for."""
_FEWEST_LETTERS = 4
"""Letters from which the beginning of a word stands for it, and a word within a label counts."""
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
    theirs = _said(given)
    if not theirs:
        return False
    ours = _words(on_record)
    shared = [word for word in theirs if _is_among(word, ours)]
    return bool(
        shared and len(shared) < len(theirs) and any(not _is_among(word, theirs) for word in ours)
    )


def tells_of_another(given: str | None, on_record: str, label: str) -> bool:
    """Return whether a typed name has nothing in common with an account, nor with its domain.

    A word, a slip of the finger, the beginning of a word, initials, and a name that the domain is
    made of are all something in common. Words by which nobody names a company tell nothing.

    Args:
        given: The company's name as somebody typed it.
        on_record: The account's name.
        label: The domain without its public suffix.

    >>> tells_of_another("Globex Corp", "Acme Works Inc", "acme")
    True
    >>> tells_of_another("IBM", "International Business Machines", "ibm")
    False
    >>> tells_of_another("Intl. Acme", "Zeta", "acme"), tells_of_another("self employed", "Z", "z")
    (False, False)
    """
    theirs = _said(given)
    if not theirs or not _NO_COMPANY.isdisjoint(theirs):
        return False
    ours = _words(on_record)
    if any(_is_among(word, ours) or _begins_alike(word, ours) for word in theirs):
        return False
    joined, other, host = "".join(theirs), "".join(ours), label.replace("-", "")
    if _initials(theirs) in {*ours, other, host} or _initials(ours) in {*theirs, joined}:
        return False
    if joined in host or host in joined or _is_among(joined, [host, other]):
        return False
    return not any(len(word) >= _FEWEST_LETTERS and word in host for word in theirs)


def _begins_alike(word: str, words: list[str]) -> bool:
    return any(
        min(len(word), len(other)) >= _FEWEST_LETTERS
        and (word.startswith(other) or other.startswith(word))
        for other in words
    )


def _initials(words: list[str]) -> str:
    return "".join(word[0] for word in words)


def _said(given: str | None) -> list[str]:
    """Return the words of a typed name; of what stands there to get past a form, none."""
    return [] if given is None or says_nothing(fold(visible(given))) else _words(given)


def _words(name: str) -> list[str]:
    host = _HOST.fullmatch(name.strip().lower())
    text = name if host is None else host[1]
    return [word for word in dict.fromkeys(tokens(visible(text))) if word not in _NO_NAMES]


def _is_among(word: str, words: list[str]) -> bool:
    return any(
        word == other or SequenceMatcher(None, word, other).ratio() >= _SAME_WORD for other in words
    )
