"""Splits the values a fact can have into cells that nothing which decides tells apart.

A part of the score, a territory, a skill and a learned level each look at one fact in one way: by
equality, by size, by words, by yes or no. So the values of a fact fall into finitely many cells,
and one value of each stands for all of it. What holds for every cell holds for every value.

Admissible are: every value that something names, every other text (trimmed, with single spaces,
and no number where the fact is read as one), every finite number for a fact that is read as one,
yes and no for one that is read so. ``enrich.admissible`` of the policy narrows this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, product
from typing import Final

from leadfit.levels import ArtifactFact
from leadfit.policy import Policy
from leadfit.policy.groups import Groups
from leadfit.policy.policy import YES_WORDS, fact_name, fold, to_number
from leadfit.policy.scoring import FactPart, Less
from leadfit.records import Fact
from leadfit.score.less import says
from leadfit.score.points import holds_word, of_facts

_MOST_TEXTS: Final = 20_000
_NOTHING: Final = "\u2205"
"""A word in no list: the text of a value that nothing names."""


Reader = tuple[str, Callable[[Fact], object]]
"""Who looks at a fact, and what is made of a value."""
Level = tuple[str, ArtifactFact]
"""How a learned model looks at a fact, with a name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Values of a fact that nothing tells apart.

    Attributes:
        value: One of them, which stands for all; ``None`` where to know nothing is the same.
        signature: What those who look at the fact make of each of them.
        share: Chance of the cell, as far as anything is known of it; all of a fact sum to 1.
    """

    value: Fact
    signature: tuple[object, ...]
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """All cells of a fact; not to know it lies in one of them, too.

    Attributes:
        fact: Its first name.
        cells: In a fixed order; at least one.
        readers: What looks at it, by words fixed for scripts, such as ``fit.industry``.
    """

    fact: str
    cells: tuple[Cell, ...]
    readers: tuple[Reader, ...]

    def read(self, value: Fact) -> tuple[object, ...]:
        """Return what those who look at the fact make of a value.

        Args:
            value: Any value.
        """
        return tuple(read(value) for _, read in self.readers)


Lines = tuple[tuple[str, ...], ...]
"""Words by which one reader looks at a text: the first line of which one stands in it counts."""


@dataclass(slots=True)
class _Reading:
    """What looks at one fact, and the values at which it may see something else."""

    readers: list[Reader]
    named: dict[str, Fact]
    sizes: set[float]
    words: list[Lines]
    is_number: bool = False
    is_yes: bool = False
    is_text: bool = False
    is_learned: bool = False


def split(fact: str, policy: Policy, levels: Sequence[Level] = ()) -> Cells:
    """Return the cells of a fact.

    Args:
        fact: Any name of it.
        policy: Its parts, territories and skills look at facts, and it may narrow what is
            admissible.
        levels: Facts of what was learned, as far as it decides, each with a name for the reader.
    """
    first = Groups(policy).of(fact)
    key = ("cells", first, tuple(levels))
    found = policy.worked_out.get(key)
    if not isinstance(found, Cells):
        found = policy.worked_out[key] = _split(first, policy, levels)
    return found


def _split(first: str, policy: Policy, levels: Sequence[Level]) -> Cells:
    reading = _reading_of(first, policy, levels)
    values = (None, *dict.fromkeys(_values(reading, first, policy)))
    found: dict[tuple[object, ...], Fact] = {}
    often: dict[tuple[object, ...], int] = {}
    for value in values:
        signature = tuple(read(value) for _, read in reading.readers)
        found.setdefault(signature, value)
        often[signature] = often.get(signature, 0) + (value is not None)
    total = sum(often.values())
    return Cells(
        fact=first,
        cells=tuple(
            Cell(value=value, signature=signature, share=often[signature] / total)
            for signature, value in found.items()
        ),
        readers=tuple(reading.readers),
    )


def _reading_of(first: str, policy: Policy, levels: Sequence[Level]) -> _Reading:
    groups = Groups(policy)
    reading = _Reading(readers=[], named={}, sizes=set(), words=[])
    _read_parts(reading, first, policy, groups)
    _read_less(reading, first, policy, groups)
    _read_territories(reading, first, policy, groups)
    _read_skills(reading, first, policy, groups)
    for rule, each in levels:
        if groups.of(each.name) == first:
            _read_level(reading, rule, each)
    return reading


def admitted(fact: str, value: Fact, policy: Policy) -> Fact:
    """Return a value as it is admissible, or ``None`` where it is not.

    What is bought is held to this, since bounds were made of nothing else.

    Args:
        fact: Any name of the fact.
        value: What a vendor says.
        policy: The policy.
    """
    first = Groups(policy).of(fact)
    rules = policy.enrich.admissible.get(first)
    if isinstance(value, str):
        value = " ".join(value.split()) or None
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if rules is not None and rules.only:
        return value if fold(value) in set(map(fold, rules.values)) else None
    reading = _reading_of(first, policy, ())
    if not reading.is_number or (reading.is_text and fold(value) in reading.named):
        return value
    size = _as_number(value)
    if size is None:
        is_other = isinstance(value, str) and to_number(value) is None
        return value if reading.is_text and is_other else None
    low = -math.inf if rules is None or rules.min is None else rules.min
    high = math.inf if rules is None or rules.max is None else rules.max
    return size if low <= size <= high else None


def _as_number(value: Fact) -> int | float | None:
    """Return a plain number; a range or a number with words is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        size = float(value)
    except ValueError:
        return None
    if not math.isfinite(size) or to_number(value) != size:
        return None
    return int(size) if size.is_integer() and abs(size) < 2**53 else size


def weighed(cells: Cells, counts: Mapping[str, int]) -> Cells:
    """Return cells with their shares among recorded values.

    Each cell counts as if it was seen once more than it was, in proportion to its share before.

    Args:
        cells: The cells.
        counts: How often a value was recorded, by its text.
    """
    if not counts:
        return cells
    places = {each.signature: n for n, each in enumerate(cells.cells)}
    seen = [each.share * len(cells.cells) for each in cells.cells]
    for text, count in counts.items():
        place = places.get(cells.read(text))
        if place is not None:
            seen[place] += count
    total = math.fsum(seen)
    return replace(
        cells,
        cells=tuple(
            replace(each, share=count / total)
            for each, count in zip(cells.cells, seen, strict=True)
        ),
    )


def _read_parts(reading: _Reading, first: str, policy: Policy, groups: Groups) -> None:
    for component, parts in (("fit", policy.score.fit), ("authority", policy.score.authority)):
        for name, part in parts.items():
            if groups.of(part.fact) == first:
                reading.readers.append((f"{component}.{name}", _points(component, name, part)))
                _note_part(reading, part)


def _points(component: str, name: str, part: FactPart) -> Callable[[Fact], object]:
    def read(value: Fact) -> object:
        known = {} if value is None else {fact_name(part.fact): value}
        return of_facts(component, {name: part}, known)[0].points

    return read


def _note_part(reading: _Reading, part: FactPart) -> None:
    if part.bands:
        reading.is_number = True
        reading.sizes |= {band.min for band in part.bands}
    elif part.words:
        reading.is_text = True
        _look_for(reading, tuple(each.any for each in part.words))
    elif part.yes is not None:
        reading.is_yes = True
        reading.sizes.add(1.0)  # a yes as well
    else:
        reading.is_text = True
        _name(reading, part.values)


def _look_for(reading: _Reading, lines: Lines) -> None:
    reading.words.append(lines)
    # By itself a word may be a size or a yes, which it is no more with other text beside it.
    _name(reading, chain.from_iterable(lines))


def _name(reading: _Reading, values: Iterable[str]) -> None:
    for value in values:
        reading.named.setdefault(fold(value), " ".join(value.split()))


def _read_less(reading: _Reading, first: str, policy: Policy, groups: Groups) -> None:
    for name, less in policy.score.less.items():
        if less.fact is None or groups.of(less.fact) != first:
            continue
        reading.is_text = True
        _name(reading, less.values)
        if less.words:
            _look_for(reading, (less.words,))
        reading.readers.append((f"less.{name}", _takes_away(less, fact_name(less.fact))))


def _takes_away(less: Less, fact: str) -> Callable[[Fact], object]:
    return lambda value: bool(says(less, fact, {} if value is None else {fact: value}))


def _read_territories(reading: _Reading, first: str, policy: Policy, groups: Groups) -> None:
    """All rows are one reader: which of them a value leaves possible."""
    rows = policy.territories
    own = [
        (n, [fact for fact in {*row.values, *row.least, *row.most} if groups.of(fact) == first])
        for n, row in enumerate(rows)
    ]
    own = [(n, facts) for n, facts in own if facts]
    if not own:
        return
    for n, facts in own:
        for fact in facts:
            if fact in rows[n].values:
                reading.is_text = True
                _name(reading, rows[n].values[fact])
            if fact in rows[n].least or fact in rows[n].most:
                reading.is_number = True
                bounds = (rows[n].least.get(fact), rows[n].most.get(fact))
                reading.sizes |= {bound for bound in bounds if bound is not None}
    reading.readers.append(("territory", rows_ruled_out(policy, own)))


def rows_ruled_out(policy: Policy, own: list[tuple[int, list[str]]]) -> Callable[[Fact], int]:
    """Return what says which rows of the territories a value rules out, as bits.

    Args:
        policy: Its territories.
        own: The rows that look at the fact, each with the names by which it does.
    """
    by_text: dict[str, int] = {}
    by_size: list[tuple[int, float, float]] = []
    with_text = 0
    for n, facts in own:
        row, bit = policy.territories[n], 1 << n
        allowed = [row.values[fact] for fact in facts if fact in row.values]
        if allowed:
            with_text |= bit
            for text in frozenset.intersection(*allowed):
                by_text[text] = by_text.get(text, 0) | bit
        low = max((row.least[fact] for fact in facts if fact in row.least), default=None)
        high = min((row.most[fact] for fact in facts if fact in row.most), default=None)
        if low is not None or high is not None:
            bounds = (-math.inf if low is None else low, math.inf if high is None else high)
            by_size.append((bit, *bounds))

    def read(value: Fact) -> int:
        out = with_text & ~by_text.get(fold(value), 0)
        size = to_number(value)
        for bit, low, high in by_size:
            if size is None or not low <= size <= high:
                out |= bit
        return out

    return read


def _read_skills(reading: _Reading, first: str, policy: Policy, groups: Groups) -> None:
    for n, each in enumerate(policy.route.skills):
        if groups.of(each.fact) != first:
            continue
        reading.is_text = True
        _name(reading, each.values)
        reading.readers.append((f"skill.{n}", _is_one_of(frozenset(map(fold, each.values)))))


def _is_one_of(wanted: frozenset[str]) -> Callable[[Fact], object]:
    return lambda value: fold(value) in wanted


def _read_level(reading: _Reading, rule: str, level: ArtifactFact) -> None:
    if level.edges:
        reading.is_number = True
        reading.sizes |= set(level.edges)
    else:
        reading.is_text = reading.is_learned = True
        _name(reading, level.values)
    reading.readers.append((rule, level.level_of))


def _values(reading: _Reading, first: str, policy: Policy) -> Iterator[Fact]:
    """Yield values of which at least one lies in each cell, the plainest ones first."""
    rules = policy.enrich.admissible.get(first)
    if rules is not None and rules.only:
        yield from (" ".join(value.split()) for value in rules.values)
        return
    if rules is not None:
        _name(reading, rules.values)
    if reading.is_yes:
        yield from ("yes", "no")
        if reading.is_text:
            yield from YES_WORDS[1:]
    yield from reading.named.values()
    if reading.is_number:
        low = -math.inf if rules is None or rules.min is None else rules.min
        high = math.inf if rules is None or rules.max is None else rules.max
        yield from _numbers(reading.sizes, low, high)
        if not reading.is_text:
            return
    if reading.words:
        yield from _texts(reading.words)
    if reading.is_text or not reading.is_yes:
        yield _NOTHING
    if reading.is_learned:
        yield "unknown"  # what was learned takes this for a blank, the others for any other text


def _numbers(sizes: Iterable[float], low: float, high: float) -> Iterator[Fact]:
    """Yield every edge and one number between each two, below the first and above the last."""
    edges = sorted({*sizes, *(each for each in (low, high) if math.isfinite(each))})
    if not edges:
        yield 1
        return
    between = [(a + b) / 2 for a, b in pairwise(edges)]
    found = sorted({edges[0] - 1, *edges, *between, edges[-1] + 1})
    for each in found:
        if low <= each <= high:
            yield int(each) if each.is_integer() and abs(each) < 2**53 else each


def _texts(words: Sequence[Lines]) -> Iterator[Fact]:
    """Yield a text for each word, and for all that readers can find in one text together.

    What a reader finds is a line, the first of which a word stands in the text. So one word for
    each line that some reader finds makes the same of every reader as the whole text does, and of
    words in which all readers find the same lines one is enough.
    """
    for word in dict.fromkeys(word for lines in words for line in lines for word in line):
        yield f"{word} {_NOTHING}"
    if len(words) == 1:
        return
    chosen = [(None, *_one_for_each(words, lines)) for lines in words]
    if math.prod(map(len, chosen)) > _MOST_TEXTS:
        message = "fewer words in the parts of one fact"
        raise ValueError(message)
    for found in product(*chosen):
        yield " ".join((*(each for each in found if each is not None), _NOTHING))


def _one_for_each(words: Sequence[Lines], lines: Lines) -> tuple[str, ...]:
    """Return the words of a reader, without those that are to every reader as one before."""
    found: dict[tuple[int | None, ...], str] = {}
    for word in chain.from_iterable(lines):
        found.setdefault(tuple(_line_of(each, fold(word)) for each in words), word)
    return tuple(found.values())


def _line_of(lines: Lines, text: str) -> int | None:
    """Return the first line of which a word stands in a folded text."""
    found = (n for n, line in enumerate(lines) if any(holds_word(text, word) for word in line))
    return next(found, None)
