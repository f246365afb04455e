"""The evaluation of an artifact over many rows at once: the figures of live scoring, to the bit.

Live scoring (:func:`leadfit.artifact.evaluate`) sums in a fixed order and rounds to six digits.
Here the sums run over whole columns, whose last bits differ. A row one of whose figures lies so
near to an edge of rounding, or to a division by almost nothing, that this could show is left to the
live kernel; of all others the rounded figures are the same. Needs numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leadfit.artifact import DIGITS, Artifact, Head, average_points

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

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
