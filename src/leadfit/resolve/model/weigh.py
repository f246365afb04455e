"""Executor B: one pair of records weighed by a model card, in Python.

The weight is that of Fellegi and Sunter (1969): the log2 odds that two records are one entity, the
sum of a prior and of ``log2(m / u)`` for the level that holds in each comparison. Strings are
compared by the similarity of Jaro and Winkler (1990), with a prefix of up to four letters, and by
the distance of Damerau (1964), a swap of neighbours counting as one slip.

Records are mappings of normalised column to text; a column that is missing, ``None`` or empty is
blank. :mod:`leadfit.resolve.model.sql` writes the same card as SQL; both give the same probability.

A column called ``NAME.words`` is the column ``NAME`` read as tokens: the frequencies under that
name are those of its tokens, while those under ``NAME`` are of whole values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, assert_never

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from leadfit.resolve.model.card import Card, Comparison, Frequencies, Level, Test

Record = Mapping[str, str | None]
"""Normalised column to text."""

WORDS: Final = ".words"
"""Ends the name of a column that is read as tokens."""
BLANK: Final = -1
"""Number of the level of a comparison that had nothing to compare."""
RARITY_UNIT: Final = 1000
"""Units of token rarity in a bit: whole numbers, so that every executor sums them alike."""
SLACK: Final = 1e-9
"""A similarity this little under its threshold still counts: libraries round differently."""
MOST_BITS: Final = 300.0
"""Odds are cut here either way, so that no power of two overflows; both executors cut alike."""
_REMEMBERED: Final = 16

_Holds = Callable[[Record, Record], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What a card says about one pair before the second stage.

    Attributes:
        levels: For each comparison the number of the level that held, or :data:`BLANK`.
        bits: For each comparison its weight of evidence; 0 where it was blank.
        weight: Log2 odds of a match: the prior and all bits, summed in the card's order.
        probability: The same as a probability.
    """

    levels: tuple[int, ...]
    bits: tuple[float, ...]
    weight: float
    probability: float


def weigh(card: Card, left: Record, right: Record) -> Weighing:
    """Weigh one pair of records.

    Args:
        card: The model.
        left: One record, normalised.
        right: The other; the order does not matter.

    >>> from leadfit.resolve.model.card import RecordKind
    >>> exact = Level(test=Test.EXACT, columns=("email",), bits=12.0)
    >>> email = Comparison(
    ...     name="email", blank=("email",), levels=(exact, Level(test=Test.ELSE, bits=-3.0))
    ... )
    >>> card = Card(
    ...     kind=RecordKind.CONTACT, normaliser=1, prior=-10.0, comparisons=(email,), blocking=()
    ... )
    >>> weigh(card, {"email": "a@b.example"}, {"email": "a@b.example"}).probability
    0.8
    """
    return scales(card).weigh(left, right)


def level_names(card: Card, weighing: Weighing) -> tuple[tuple[str, str, float], ...]:
    """Return comparison, test and bits of every comparison that said something."""
    named = []
    for comparison, number, bits in zip(
        card.comparisons, weighing.levels, weighing.bits, strict=True
    ):
        if number != BLANK:
            named.append((comparison.name, comparison.levels[number].test.value, bits))
    return tuple(named)


def odds_to_probability(weight: float) -> float:
    """Return the probability of log2 odds, cut at 300 bits either way.

    >>> odds_to_probability(0.0)
    0.5
    """
    return 1.0 / (1.0 + math.pow(2.0, -max(-MOST_BITS, min(MOST_BITS, weight))))


def rarity(share: float) -> int:
    """Return how rare a token is, in thousandths of a bit.

    >>> rarity(0.25)
    2000
    """
    return round(-math.log2(share) * RARITY_UNIT)


def tokens(text: str) -> frozenset[str]:
    """Return the different tokens of a normalised text, which a blank parts."""
    return frozenset(text.split(" ")) - {""}


def stored(column: str) -> str:
    """Return the column of the record that a column of the card reads.

    >>> stored("company.words"), stored("company.place")
    ('company', 'company.place')
    """
    return column.removesuffix(WORDS)


class Scales:
    """A card made ready to weigh many pairs."""

    def __init__(self, card: Card) -> None:
        self._prior = card.prior
        self._comparisons = tuple(_compiled(card, each) for each in card.comparisons)

    def weigh(self, left: Record, right: Record) -> Weighing:
        """Weigh one pair of records; see :func:`weigh`."""
        weight = self._prior
        levels: list[int] = []
        every: list[float] = []
        for comparison in self._comparisons:
            level, bits = comparison(left, right)
            levels.append(level)
            every.append(bits)
            weight += bits
        return Weighing(
            levels=tuple(levels),
            bits=tuple(every),
            weight=weight,
            probability=odds_to_probability(weight),
        )


class ByDigest:
    """A card that is looked up by its digest, since a card holds tables and has no hash."""

    __slots__ = ("card",)

    def __init__(self, card: Card) -> None:
        self.card = card

    def __hash__(self) -> int:
        return hash(self.card.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByDigest) and self.card.digest == other.card.digest


@lru_cache(maxsize=_REMEMBERED)
def _scales(key: ByDigest) -> Scales:
    return Scales(key.card)


def scales(card: Card) -> Scales:
    """Return a card made ready; the last few are kept."""
    return _scales(ByDigest(card))


def _compiled(card: Card, comparison: Comparison) -> Callable[[Record, Record], tuple[int, float]]:
    blank = tuple(map(stored, comparison.blank))
    either = tuple(map(stored, comparison.either))
    tests = tuple(
        (number, _test(card, level), _bits(card, level))
        for number, level in enumerate(comparison.levels[:-1])
    )
    otherwise = (len(comparison.levels) - 1, float(comparison.levels[-1].bits))
    nothing = (BLANK, 0.0)

    def compare(left: Record, right: Record) -> tuple[int, float]:
        for column in blank:
            if not left.get(column) or not right.get(column):
                return nothing
        if either and not any(left.get(column) and right.get(column) for column in either):
            return nothing
        for number, holds, bits in tests:
            if holds(left, right):
                return number, bits(left) if callable(bits) else bits
        return otherwise

    return compare


def _bits(card: Card, level: Level) -> float | Callable[[Record], float]:
    base = frequency_base(card, level)
    if base is None:
        return float(level.bits)
    frequencies = card.frequencies[level.columns[0]]
    rare = base + frequency_bits(frequencies, None)
    table = {value: base + frequency_bits(frequencies, value) for value in frequencies.shares}
    read = stored(level.columns[0])
    return lambda left: table.get(left[read] or "", rare)


def frequency_bits(frequencies: Frequencies, value: str | None) -> float:
    """Return what a value's frequency adds to an exact level: more for a rare one.

    Args:
        frequencies: Those of the column.
        value: The value both records have; ``None`` stands for one that is not listed.
    """
    if value is None:
        return -math.log2(max(frequencies.floor, frequencies.unseen))
    return -math.log2(frequencies.share(value))


def frequency_base(card: Card, level: Level) -> float | None:
    """Return the bits of an exact level before the frequency adds its own.

    ``None`` says that frequencies do not adjust it.
    """
    if not level.by_frequency or level.u is None or level.columns[0] not in card.frequencies:
        return None
    return level.bits + math.log2(level.u)


def _test(card: Card, level: Level) -> _Holds:  # noqa: PLR0911 -- one for each test
    columns, bound = tuple(map(stored, level.columns)), level.threshold or 0.0
    match level.test:
        case Test.EXACT:
            return _exact(columns)
        case Test.JARO_WINKLER:
            return _jaro_winkler(columns[0], bound, columns[1:])
        case Test.DAMERAU:
            return _damerau(columns[0], int(bound))
        case Test.SWAPPED:
            return _swapped(columns[0], columns[1])
        case Test.OVERLAP:
            return _overlap(columns[0], bound, card.frequencies.get(level.columns[0]))
        case Test.ANY_TOKEN:
            return _any_token(columns[0])
        case Test.SUFFIX:
            return _suffix(columns[0], int(bound))
        case Test.ELSE:
            return lambda _left, _right: True
    assert_never(level.test)


def _exact(columns: tuple[str, ...]) -> _Holds:
    if len(columns) == 1:
        (column,) = columns

        def alike(left: Record, right: Record) -> bool:
            text = left.get(column)
            return bool(text) and text == right.get(column)

        return alike

    def all_alike(left: Record, right: Record) -> bool:
        return all(left.get(each) and left.get(each) == right.get(each) for each in columns)

    return all_alike


def _as_units(left: str, right: str) -> tuple[str, str] | tuple[bytes, bytes]:
    """Return texts as what the engines of batch compare: bytes of UTF-8."""
    if left.isascii() and right.isascii():
        return left, right
    return left.encode("utf-8", "replace"), right.encode("utf-8", "replace")


def _jaro_winkler(column: str, bound: float, same: tuple[str, ...]) -> _Holds:
    similarity, cutoff = JaroWinkler.similarity, bound - SLACK
    rest = _exact(same)

    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(column), right.get(column)
        if not one or not other or (same and not rest(left, right)):
            return False
        # A cutoff given to the library rounds otherwise than the comparison does.
        return similarity(*_as_units(one, other)) >= cutoff

    return alike


def _damerau(column: str, most: int) -> _Holds:
    distance = DamerauLevenshtein.distance

    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(column), right.get(column)
        if not one or not other:
            return False
        return distance(*_as_units(one, other), score_cutoff=most) <= most

    return alike


def _swapped(first: str, second: str) -> _Holds:
    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(first), left.get(second)
        return bool(one) and bool(other) and one == right.get(second) and other == right.get(first)

    return alike


def _overlap(column: str, bound: float, frequencies: Frequencies | None) -> _Holds:
    weights, unseen = rarities(frequencies)

    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(column), right.get(column)
        if not one or not other:
            return False
        these, those = tokens(one), tokens(other)
        both = sum(weights.get(token, unseen) for token in these & those)
        either = sum(weights.get(token, unseen) for token in these | those)
        return both > 0 and both >= bound * either

    return alike


def rarities(frequencies: Frequencies | None) -> tuple[dict[str, int], int]:
    """Return the rarity of every listed token, and that of any other; 1 bit where none is known."""
    if frequencies is None:
        return {}, RARITY_UNIT
    listed = {token: rarity(frequencies.share(token)) for token in frequencies.shares}
    return listed, rarity(max(frequencies.floor, frequencies.unseen))


def _any_token(column: str) -> _Holds:
    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(column), right.get(column)
        if not one or not other:
            return False
        return not tokens(one).isdisjoint(tokens(other))

    return alike


def _suffix(column: str, length: int) -> _Holds:
    def alike(left: Record, right: Record) -> bool:
        one, other = left.get(column), right.get(column)
        if not one or not other or len(one) < length or len(other) < length:
            return False
        return one[-length:] == other[-length:]

    return alike
