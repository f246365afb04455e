"""The evaluation of an artifact over many rows at once: the figures of live scoring, to the bit.

Live scoring (:func:`leadfit.artifact.evaluate`) sums in a fixed order and rounds to six digits.
Here the sums run over whole columns, whose last bits differ. A row one of whose figures lies so
near to an edge of rounding, or to a division by almost nothing, that this could show is left to the
live kernel; of all others the rounded figures are the same. Needs numpy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leadfit.artifact import DIGITS, Artifact, Head, average_points

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_SHOWN = 4
_WORST = 3
_NEAR_AN_EDGE = 1e-4
_ALMOST_NOTHING = 1e-4
_NO_MOVE = 1e-9
_STEEPEST = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the rows come to.

    Attributes:
        score: 0 to 100, rounded.
        detractor: 0 to 1, rounded.
        points: By row and fact, what the fact adds, rounded.
        lost: What the detractor match takes away, rounded.
        unsure: Rows that are left to the live kernel.
    """

    score: Floats
    detractor: Floats
    points: Floats
    lost: Floats
    unsure: Bools


class Kernel:
    """An artifact, made ready for many rows.

    Args:
        artifact: The artifact.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._heads = [_table(head) for head in artifact.heads]
        detractor = artifact.detractor
        self._detractor = None if detractor is None else _table(detractor)
        self._average = average_points(artifact)
        self._words = _Words(artifact)

    def figures(self, places: Ints) -> Figures:
        """Return the figures of rows.

        Args:
            places: By row and fact of the artifact, the place of its level; -1 for none.
        """
        artifact, rows = self._artifact, len(places)
        average, parts, unsure = self._positive(places)
        moved = parts.sum(axis=1)
        value = average + moved
        points = _lines(value, artifact.knots)
        still = (parts == 0.0).all(axis=1)
        unsure |= ~still & (np.abs(moved) < _ALMOST_NOTHING)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(still, 0.0, (points - self._average) / moved)
        match = np.zeros(rows)
        if artifact.detractor is not None and self._detractor is not None:
            _, now, _, near = _chance(artifact.detractor, self._detractor, places)
            # Only the chance itself counts here, which no division blurs.
            del near
            match = _lines(now, artifact.detractor_knots)
        d, near_d = _rounded(match)
        lost = points * artifact.detractor_share * d
        score, near_score = _rounded(np.clip(points - lost, 0.0, 100.0))
        told, near_told = _rounded(parts * np.nan_to_num(slope)[:, None])
        taken, near_taken = _rounded(lost)
        unsure |= near_d | near_score | near_taken | near_told.any(axis=1)
        return Figures(score=score, detractor=d, points=told, lost=taken, unsure=unsure)

    def _positive(self, places: Ints) -> tuple[float, Floats, Bools]:
        """Return the average account's value, what each fact adds to it, and who is unsure."""
        artifact, shape = self._artifact, places.shape
        parts, unsure = np.zeros(shape), np.zeros(len(places), np.bool_)
        average = 0.0
        chance: dict[str, tuple[float, Floats]] = {"": (1.0, np.ones(len(places)))}
        slopes: dict[str, Floats] = {"": np.zeros(shape)}
        for head, table, worth in zip(artifact.heads, self._heads, artifact.worth, strict=True):
            base, now, own, near = _chance(head, table, places)
            unsure |= near
            before_base, before_now = chance[head.given or ""]
            middle, before_middle = (base + now) / 2, (before_base + before_now) / 2
            chance[head.step] = (base * before_base, now * before_now)
            slopes[head.step] = (
                own * before_middle[:, None] + slopes[head.given or ""] * middle[:, None]
            )
            average += worth * base * before_base
            parts += worth * slopes[head.step]
        return average, parts, unsure

    def reasons(self, places: Ints, found: Figures) -> list[str]:
        """Return the reasons of each row, as :func:`leadfit.jobs.prospects.reasons_json` does."""
        words = self._words
        worst = self._worst(places)
        ranked, kept = self._ranked(found)
        rows = zip(
            places.tolist(), found.points.tolist(), found.lost.tolist(), found.score.tolist(),
            found.detractor.tolist(), ranked.tolist(), kept.tolist(), worst, strict=True,
        )  # fmt: skip
        return [words.of_row(*row) for row in rows]

    def _ranked(self, found: Figures) -> tuple[Ints, Ints]:
        """Return the columns of the strongest reasons, and how many there are in all.

        The last column stands for the detractor match.
        """
        rules = [f"icp.{fact.name}" for fact in self._artifact.facts] + ["icp.detractor"]
        order = np.array(sorted(range(len(rules)), key=lambda n: rules[n]), dtype=np.int64)
        size = np.abs(np.concatenate([found.points, found.lost[:, None]], axis=1))[:, order]
        first = np.argsort(-size, axis=1, kind="stable")[:, :_SHOWN]
        return order[first], (size > 0.0).sum(axis=1)

    def _worst(self, places: Ints) -> list[tuple[tuple[int, int], ...]]:
        """Return the facts, with their levels, that speak most for churn after use."""
        table, facts = self._detractor, self._artifact.facts
        if table is None:
            return [()] * len(places)
        order = np.array(sorted(range(len(facts)), key=lambda n: facts[n].name), dtype=np.int64)
        terms = np.stack([table[n][places[:, n]] for n in order], axis=1)
        terms[places[:, order] < 0] = -np.inf
        first = np.argsort(-terms, axis=1, kind="stable")[:, :_WORST]
        bad = np.take_along_axis(terms, first, axis=1) > 0.0
        columns = order[first]
        levels = np.take_along_axis(places, columns, axis=1)
        return [
            tuple((c, p) for c, p, is_bad in zip(cs, ps, bs, strict=True) if is_bad)
            for cs, ps, bs in zip(columns.tolist(), levels.tolist(), bad.tolist(), strict=True)
        ]


class _Words:
    """The texts of reasons, each made once."""

    def __init__(self, artifact: Artifact) -> None:
        self._flag_at = artifact.flag_at if artifact.detractor is not None else float("inf")
        self._shown_at = artifact.flag_at
        self._facts = [
            [
                _opening(f"icp.{fact.name}", f"{fact.name} is {label}")
                for label in (*fact.levels, "not known")
            ]
            for fact in artifact.facts
        ]
        self._base = _opening("icp.average", "points of an average account")
        self._rests = [
            _opening("icp.rest", f"{more} further facts and rounding" if more else "rounding")
            for more in range(len(artifact.facts) + 2)
        ]
        self._names = [(fact.name, fact.levels) for fact in artifact.facts]
        self._detractor = lru_cache(maxsize=50_000)(self._make_detractor)

    def _make_detractor(self, percent: str, worst: tuple[tuple[int, int], ...]) -> tuple[str, str]:
        """Return the opening of the detractor's reason, and that of a suppressed account."""
        named = ", ".join(f"{self._names[c][0]} {self._names[c][1][p]}" for c, p in worst)
        words = f"matches customers that left after use by {percent}" + (named and f": {named}")
        suppressed = f"suppressed from {self._shown_at:.0%} of a match on: {words}"
        return _opening("icp.detractor", words), _opening("icp.suppressed", suppressed)

    def of_row(  # noqa: PLR0917 -- a row's figures, once more
        self,
        places: list[int],
        points: list[float],
        lost: float,
        score: float,
        d: float,
        ranked: list[int],
        many: int,
        worst: tuple[tuple[int, int], ...],
    ) -> str:
        """Return the reasons of one row as JSON."""
        taken = len(points)
        rest = score - sum(points) + lost
        rest = round(rest, DIGITS) + 0.0
        first = ranked[:many]
        kept = [(self._base, round(rest, 2))]
        for column in first:
            if column < taken:
                kept.append((self._facts[column][places[column]], round(points[column], 2)))
            else:
                kept.append((self._detractor(f"{d:.0%}", worst)[0], round(-lost, 2)))
        if lost > 0.0 and taken not in first:
            kept.append((self._detractor(f"{d:.0%}", worst)[0], round(-lost, 2)))
        told = [f"{opening}{value!r}}}" for opening, value in kept]
        if d >= self._flag_at:
            told.insert(0, self._suppressed(d, lost, worst))
        left = round(round(score, 2) - sum(value for _, value in kept), 2)
        if left:
            more = many + 1 - len(kept)
            told.append(f"{self._rests[more]}{left!r}}}")
        return f"[{','.join(told)}]"

    def _suppressed(self, d: float, lost: float, worst: tuple[tuple[int, int], ...]) -> str:
        if lost > 0.0:
            return f"{self._detractor(f'{d:.0%}', worst)[1]}null}}"
        words = f"suppressed from {self._shown_at:.0%} of a match on"
        return f"{_opening('icp.suppressed', words)}null}}"


def _opening(rule: str, words: str) -> str:
    """Return the JSON of a reason up to its points."""
    text = json.dumps({"rule": rule, "words": words}, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"points":'


def _table(head: Head) -> list[Floats]:
    """Return the coefficients of each fact, with 0 at the end for a place of -1."""
    return [np.array([*row, 0.0]) for row in head.coefficients]


def _chance(
    head: Head, table: Sequence[Floats], places: Ints
) -> tuple[float, Floats, Floats, Bools]:
    """Return the average's chance, each row's, each fact's part of the way, and who is unsure."""
    terms = np.stack([row[places[:, n]] for n, row in enumerate(table)], axis=1)
    moved = terms.sum(axis=1)
    link = _hazard if head.link == "hazard" else _logit
    base = float(link(np.array([head.intercept]))[0])
    now = link(head.intercept + moved)
    still = np.abs(moved) < _NO_MOVE
    near = ~still & (np.abs(moved) < _ALMOST_NOTHING)
    near |= still & (np.abs(moved) > _NO_MOVE / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(still, 0.0, (now - base) / moved)
    return base, np.where(still, base, now), slope[:, None] * terms, near


def _hazard(eta: Floats) -> Floats:
    return np.asarray(-np.expm1(-np.exp(np.clip(eta, -_STEEPEST, _STEEPEST))))


def _logit(eta: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -_STEEPEST, _STEEPEST))))


def _lines(x: Floats, knots: Sequence[tuple[float, float]]) -> Floats:
    return np.asarray(np.interp(x, [knot[0] for knot in knots], [knot[1] for knot in knots]))


def _rounded(values: Floats) -> tuple[Floats, Bools]:
    """Return values rounded as Python does, and which lie near an edge of rounding."""
    scaled = values * 10**DIGITS
    below = np.floor(scaled)
    near = np.abs(scaled - below - 0.5) < _NEAR_AN_EDGE
    return np.rint(scaled) / 10**DIGITS + 0.0, near
