"""The reasons of many rows at once, as the JSON that live scoring gives each of them.

A text is put together from pieces that are made once: what opens a reason, the facts that speak for
a detractor match, and numbers of two digits. Which pieces a row has is found for whole columns, in
whole millionths and cents, so that no sum is blurred. Needs numpy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from leadfit.artifact import DIGITS, Artifact
from leadfit.jobs.lists.kernel import Figures, Floats, Ints

Texts = npt.NDArray[np.object_]

_SHOWN: Final = 4
_WORST: Final = 3
_CENT: Final = 10 ** (DIGITS - 2)
_REMEMBERED: Final = 50_000
_MATCH: Final = "matches customers that left after use by"


class Reasons:
    """The texts of an artifact's reasons.

    Args:
        artifact: The artifact.
    """

    def __init__(self, artifact: Artifact) -> None:
        facts = artifact.facts
        self._match = len(facts)
        self._flag_at = artifact.flag_at if artifact.detractor is not None else float("inf")
        rules = [f"icp.{fact.name}" for fact in facts] + ["icp.detractor"]
        self._by_name = np.array(sorted(range(len(rules)), key=rules.__getitem__), dtype=np.int64)
        openings = [
            [
                f",{_opening(f'icp.{fact.name}', f'{fact.name} is {label}')}"
                for label in (*fact.levels, "not known")
            ]
            for fact in facts
        ]
        openings.append([f",{_begun('icp.detractor', f'{_MATCH} {n}%')}" for n in range(101)])
        self._firsts = _firsts([len(each) for each in openings])
        self._unknown = np.array([len(each) - 1 for each in openings], dtype=np.int64)
        self._openings = _texts([*(text for each in openings for text in each), ""])
        base = _opening("icp.average", "points of an average account")
        self._head = f"[{base}"
        self._tail = f'","points":null}},{base}'
        shown_at = f"suppressed from {artifact.flag_at:.0%} of a match on"
        self._flagged = f"[{_begun('icp.suppressed', shown_at)}"
        self._because = [f"{self._flagged}: {_MATCH} {n}%" for n in range(101)]
        rests = ["rounding", *(f"{n} further facts and rounding" for n in range(1, len(rules) + 1))]
        self._rests = _texts([*(f",{_opening('icp.rest', words)}" for words in rests), ""])
        self._worst = _Worst(artifact)
        self._values = _Made(_value)
        self._ends = _Made(_end)

    def of(self, places: Ints, found: Figures) -> list[str]:
        """Return the reasons of each row, as :func:`leadfit.jobs.lists.scoring.reasons_json` does.

        Args:
            places: By row and fact of the artifact, the place of its level; -1 for none.
            found: What the rows come to.
        """
        points, lost = _millionths(found.points), _millionths(found.lost)
        match = np.rint(found.detractor * 100).astype(np.int64)
        told, many = self._told(points, lost)
        level = np.take_along_axis(np.column_stack([places, match]), told, axis=1)
        level = np.where(level < 0, self._unknown[told], level)
        opening = np.where(told < 0, -1, self._firsts[told] + level)
        added = np.take_along_axis(np.column_stack([points, -lost]), told, axis=1)
        added[told < 0] = 0
        score = _millionths(found.score)
        base = score - points.sum(axis=1) + lost
        left = _cents(score) - _cents(base) - _cents(added).sum(axis=1)
        more = np.where(left == 0, -1, many - (told >= 0).sum(axis=1))
        worst = self._worst.of(places)
        flagged = found.detractor >= self._flag_at
        width = told.shape[1]
        pieces = np.empty((len(places), 2 * width + 4), dtype=object)
        pieces[:, 0] = self._heads(np.flatnonzero(flagged), match, lost, worst)
        pieces[:, 1] = self._values.all(_keys(base))
        pieces[:, 2:-2:2] = self._openings[opening]
        pieces[:, 3:-2:2] = self._amounts(told, added, worst)
        pieces[:, -2] = self._rests[more]
        pieces[:, -1] = self._ends.all(2 * left + (left < 0))
        # JSON holds no line end of its own.
        return "".join(pieces.ravel().tolist()).split("\n")[:-1]

    def _told(self, points: Ints, lost: Ints) -> tuple[Ints, Ints]:
        """Return the places of the reasons that are told, and how many there are in all.

        The strongest come first; -1 stands for none. The last place is that of the detractor match,
        which is told in any case.
        """
        size = np.abs(np.column_stack([points, lost]))[:, self._by_name]
        many = (size > 0).sum(axis=1)
        strongest = np.argsort(-size, axis=1, kind="stable")[:, :_SHOWN]
        is_one = np.arange(strongest.shape[1]) < many[:, None]
        told = np.where(is_one, self._by_name[strongest], -1)
        is_left_out = (lost > 0) & ~(told == self._match).any(axis=1)
        return np.column_stack([told, np.where(is_left_out, self._match, -1)]), many

    def _heads(self, flagged: Ints, match: Ints, lost: Ints, worst: Texts) -> Texts:
        """Return each row's text up to the points of the average account."""
        heads = np.full(len(match), self._head, dtype=object)
        for row in flagged.tolist():
            why = f"{self._because[match[row]]}{worst[row]}" if lost[row] > 0 else self._flagged
            heads[row] = f"{why}{self._tail}"
        return heads

    def _amounts(self, told: Ints, added: Ints, worst: Texts) -> Texts:
        """Return what closes each reason that is told."""
        amounts = self._values.all(_keys(added))
        amounts[told < 0] = ""
        of_match = np.nonzero(told == self._match)
        pairs = zip(worst[of_match[0]], amounts[of_match], strict=True)
        amounts[of_match] = [f'{named}","points":{amount}' for named, amount in pairs]
        return amounts


class _Worst:
    """The facts that speak most for churn after use, in words."""

    def __init__(self, artifact: Artifact) -> None:
        head, facts = artifact.detractor, artifact.facts
        rows = [()] * len(facts) if head is None else head.coefficients
        # A place of -1 is the last one of its fact; it speaks for nothing.
        terms = [(*row, -np.inf) for row in rows]
        by_name = sorted(range(len(facts)), key=lambda n: facts[n].name)
        self._head = head
        self._by_name = np.array(by_name, dtype=np.int64)
        self._firsts = _firsts([len(each) for each in terms])[self._by_name]
        self._lasts = np.array([len(each) - 1 for each in terms], dtype=np.int64)[self._by_name]
        self._terms: Floats = np.array([term for each in terms for term in each])
        self._words = [
            f"{fact.name} {level}" for fact in facts for level in (*fact.levels, "not known")
        ]
        self._texts = _Made(self._text)

    def of(self, places: Ints) -> Texts:
        """Return the words of each row, ready for JSON; none where no fact speaks for churn."""
        if self._head is None:
            return np.full(len(places), "", dtype=object)
        found = places[:, self._by_name]
        at = self._firsts + np.where(found < 0, self._lasts, found)
        terms = self._terms[at]
        first = np.argsort(-terms, axis=1, kind="stable")[:, :_WORST]
        is_bad = np.take_along_axis(terms, first, axis=1) > 0.0
        keys = np.zeros(len(places), np.int64)
        for each in np.where(is_bad, np.take_along_axis(at, first, axis=1) + 1, 0).T:
            keys = keys * (len(self._terms) + 1) + each
        return self._texts.all(keys)

    def _text(self, key: int) -> str:
        named: list[str] = []
        while key:
            key, at = divmod(key, len(self._terms) + 1)
            if at:
                named.insert(0, self._words[at - 1])
        return json.dumps(": " + ", ".join(named), ensure_ascii=False)[1:-1] if named else ""


class _Made(dict[int, str]):
    """Texts by number, each made once.

    Args:
        make: Gives the text of a number.
    """

    def __init__(self, make: Callable[[int], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> str:
        text = self._make(number)
        if len(self) < _REMEMBERED:
            self[number] = text
        return text

    def all(self, numbers: Ints) -> Texts:
        """Return the texts of an array of numbers, in its shape."""
        texts = _texts([*map(self.__getitem__, numbers.ravel().tolist())])
        return texts.reshape(numbers.shape)


def _texts(texts: list[str]) -> Texts:
    return np.array(texts, dtype=object)


def _firsts(sizes: list[int]) -> Ints:
    """Return where each of several groups begins when they stand in one row."""
    return np.array([0, *accumulate(sizes)][:-1], dtype=np.int64)


def _opening(rule: str, words: str) -> str:
    """Return the JSON of a reason up to its points."""
    return f'{_begun(rule, words)}","points":'


def _begun(rule: str, words: str) -> str:
    """Return the JSON of a reason up to the last of some words, which may go on."""
    text = json.dumps({"rule": rule, "words": words}, ensure_ascii=False, separators=(",", ":"))
    return text.removesuffix('"}')


def _millionths(values: Floats) -> Ints:
    return np.asarray(np.rint(values * 10**DIGITS), dtype=np.int64)


def _cents(millionths: Ints) -> Ints:
    """Return figures rounded to two digits as Python rounds them."""
    whole, over = np.divmod(millionths, _CENT)
    cents = np.asarray(whole + (over > _CENT // 2))
    for row in np.argwhere(over == _CENT // 2):
        # Which way half a cent goes depends on the last bit of the figure.
        at = tuple(row.tolist())
        cents[at] = round(100 * round(int(millionths[at]) / 10**DIGITS, 2))
    return cents


def _keys(millionths: Ints) -> Ints:
    """Return a number for each text of a rounded figure, in which -0.0 is not 0.0."""
    return np.asarray(2 * _cents(millionths) + (millionths < 0))


def _value(key: int) -> str:
    """Return what closes a reason, by the key of its points."""
    return f"{-0.0 if key == 1 else (key >> 1) / 100!r}}}"


def _end(key: int) -> str:
    """Return what closes the reasons of a row, by the key of the points that are left."""
    return f"{_value(key) if key else ''}]\n"
