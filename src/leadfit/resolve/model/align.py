"""Which words of two names are the same, nearly the same, and nowhere in the other.

Two names of one company differ by a spelling (``technologies``, ``technologie``), by words that are
written together (``conoco phillips``, ``conocophillips``), by a word cut short (``intl``,
``international``) or by initials (``ibm``, ``international business machines``). What is left over
is what speaks against: a rare word that only one side has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

_SMALL: Final = frozenset(
    {"of", "and", "the", "for", "in", "on", "at", "to", "a", "an"}
    | {"de", "la", "le", "les", "du", "des", "et", "y", "e"}
    | {"und", "der", "die", "das", "von", "van"}
)
_SHORTEST_TYPO: Final = 4
"""Letters from which one slip leaves a word; a shorter one becomes another (``new``, ``net``)."""
_TWO_TYPOS: Final = 8
"""Letters from which two slips do."""
_SHORTEST_CUT: Final = 3
"""Letters a word that was cut short still has."""
_MOST_GLUED: Final = 4
"""Words that may be written together as one."""
_MOST_WORDS: Final = 40
"""Words of a name that are read; the work grows with their square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Words of two names, told apart by what the other side has; rarity in bits.

    Attributes:
        shared: Rarity of the words both have.
        loose: Rarity of the words the other side has in another form, as a mean of both sides.
        rarest_shared: Rarity of the rarest word both have.
        left: Rarity of every word that only the left has.
        right: Rarity of every word that only the right has.
        has_initials: A word of one side is the initials of words of the other.
    """

    shared: float
    loose: float
    rarest_shared: float
    left: tuple[float, ...]
    right: tuple[float, ...]
    has_initials: bool


def align(
    left: Sequence[str], right: Sequence[str], bits: Mapping[str, float], unseen: float
) -> Aligned:
    """Align the words of two names.

    Args:
        left: Words of one name, in order; at most the first 40 are read.
        right: Words of the other.
        bits: Rarity of known words.
        unseen: Rarity of any other word.

    >>> align(["ibm"], ["international", "business", "machines"], {}, 8.0).has_initials
    True
    """
    left, right = left[:_MOST_WORDS], right[:_MOST_WORDS]
    both = set(left) & set(right)
    loose: list[float] = []

    def rarity(word: str) -> float:
        return bits.get(word, unseen)

    ours = [word for word in dict.fromkeys(left) if word not in both]
    theirs = [word for word in dict.fromkeys(right) if word not in both]
    has_initials = False
    for find in (_glued, _spelt, _initials):
        for one, other in find(ours, theirs, left, right):
            has_initials = has_initials or find is _initials
            loose.append((sum(map(rarity, one)) + sum(map(rarity, other))) / 2)
            ours = [word for word in ours if word not in one]
            theirs = [word for word in theirs if word not in other]
    return Aligned(
        shared=float(sum(rarity(word) for word in sorted(both))),
        loose=float(sum(loose)),
        rarest_shared=max((rarity(word) for word in both), default=0.0),
        left=tuple(rarity(word) for word in ours),
        right=tuple(rarity(word) for word in theirs),
        has_initials=has_initials,
    )


_Pairs = list[tuple[tuple[str, ...], tuple[str, ...]]]


def _glued(
    ours: Sequence[str], theirs: Sequence[str], left: Sequence[str], right: Sequence[str]
) -> _Pairs:
    """Words of one side that are one word on the other."""
    found: _Pairs = []
    for word in ours:
        run = _run(word, right)
        if run and any(part in theirs for part in run):
            found.append(((word,), run))
    for word in theirs:
        run = _run(word, left)
        if run and any(part in ours for part in run):
            found.append((run, (word,)))
    return found


def _run(word: str, words: Sequence[str]) -> tuple[str, ...]:
    for start in range(len(words)):
        for length in range(2, _MOST_GLUED + 1):
            run = tuple(words[start : start + length])
            if len(run) == length and "".join(run) == word:
                return run
    return ()


def _spelt(
    ours: Sequence[str], theirs: Sequence[str], left: Sequence[str], right: Sequence[str]
) -> _Pairs:
    """Words that differ by a slip or are cut short; the nearest first, each word once."""
    del left, right
    near = sorted(
        (distance, one, other)
        for one in ours
        for other in theirs
        if (distance := _distance(one, other)) is not None
    )
    used: set[str] = set()
    found: _Pairs = []
    for _, one, other in near:
        if one not in used and other not in used:
            used |= {one, other}
            found.append(((one,), (other,)))
    return found


def _distance(one: str, other: str) -> int | None:
    short, long = sorted((one, other), key=len)
    # Another number is another site, not a slip.
    if any(map(str.isdigit, one + other)):
        return None
    slips = 2 if len(short) >= _TWO_TYPOS else 1
    if len(short) >= _SHORTEST_TYPO and OSA.distance(one, other, score_cutoff=slips) <= slips:
        return OSA.distance(one, other)
    is_cut = len(short) >= _SHORTEST_CUT and (long.startswith(short) or _is_skeleton(short, long))
    return slips + 1 + len(long) - len(short) if is_cut else None


def _is_skeleton(short: str, long: str) -> bool:
    """Whether a word is the other without some letters, mostly vowels: intl, mfg, assn."""
    if short[0] != long[0] or len(short) > len(long) // 2 + 1:
        return False
    rest = iter(long)
    return all(letter in rest for letter in short) and not set(short[1:]) & set("aeiou")


def _initials(
    ours: Sequence[str], theirs: Sequence[str], left: Sequence[str], right: Sequence[str]
) -> _Pairs:
    """A word that is the initials of words of either side, its own included: ``(CMA)``."""
    found: _Pairs = []
    for word in ours:
        words = _spelled_out(word, right)
        if words:
            found.append(((word,), tuple(each for each in words if each in theirs)))
        elif _spelled_out(word, left):
            found.append(((word,), ()))
    for word in theirs:
        words = _spelled_out(word, left)
        if words:
            found.append((tuple(each for each in words if each in ours), (word,)))
        elif _spelled_out(word, right):
            found.append(((), (word,)))
    return found


def _spelled_out(word: str, words: Sequence[str]) -> tuple[str, ...]:
    if not 2 <= len(word) <= 8 or not word.isalpha():
        return ()
    for kept in (words, [each for each in words if each not in _SMALL]):
        others = [each for each in kept if each != word]
        firsts = "".join(each[0] for each in others)
        start = firsts.find(word)
        if start >= 0:
            return tuple(others[start : start + len(word)])
    return ()
