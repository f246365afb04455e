"""Training of the second stage from labelled pairs; needs the ``linkage`` extra.

A logistic regression over the facts of a pair, with a ridge and with signs: a fact that speaks
for a match can only raise the probability, one that speaks against can only lower it. So a few
hundred labels cannot teach it that agreement is bad, and the answer is monotone in every fact.

The ridge is chosen, and the scores for calibration and bounds are made, on pairs held back
cluster by cluster: two pairs that share a record never stand on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from leadfit.errors import BadInput, Fault, Words
from leadfit.resolve.from_labels.calibrate import (
    JudgedPair,
    calibrated,
    calibration_error,
    fit_calibration,
)
from leadfit.resolve.from_labels.cuts import choose_cuts
from leadfit.resolve.from_labels.facts import FOR, NAMES, facts_of
from leadfit.resolve.from_labels.second_stage import FEWEST_LABELS, RECOMMENDED_LABELS
from leadfit.resolve.model.card import Card, SecondStage
from leadfit.resolve.model.weigh import Record, weigh

_FOLDS: Final = 10
_RIDGES: Final = (0.3, 1.0, 3.0, 10.0, 30.0)
_TRUST: Final = 10.0
"""How strongly a map is held to what the fitted model says; with less, the map of some hundred
labels is further from the truth than the model was."""
_LARGEST_PART: Final = 0.25

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPair:
    """Two records whose truth a person stated.

    Attributes:
        left_id: Id of one record.
        right_id: Id of the other.
        left: One record, normalised.
        right: The other.
        is_match: Whether they are one entity.
        chance: By which the pair was drawn to be asked about; 1 if it is not known.
        margin: Weight over the next best candidate, in bits; 0 if unknown.
    """

    left_id: str
    right_id: str
    left: Record
    right: Record
    is_match: bool
    chance: float = 1.0
    margin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What was learned, and how well on pairs held back.

    Attributes:
        card: The card with second stage, calibration and cuts.
        ridge: Strength of the ridge, on facts of unit spread.
        log_loss: Of pairs held back, in natural units.
        calibration_error: Over P > 0.5, of pairs held back, weighted; ``None`` if there is none.
        judged: Labelled pairs with the calibrated probability they got when held back.
        warnings: What the user should know.
    """

    card: Card
    ridge: float
    log_loss: float
    calibration_error: float | None
    judged: tuple[JudgedPair, ...]
    warnings: tuple[str, ...]


def train_second_stage(card: Card, labelled: Sequence[LabelledPair]) -> Training:
    """Learn a second stage, a calibration map and cuts from labelled pairs.

    Args:
        card: The card that weighs the pairs; its own second stage is not used.
        labelled: At least 200 pairs, each once; 500 or more are recommended.

    Raises:
        BadInput: There are fewer than 200 labels, or all are of one kind.
    """
    check_labels([pair.is_match for pair in labelled])
    plain = replace(card, second=None, calibration=None)
    facts = np.array([list(_facts(plain, pair).values()) for pair in labelled], dtype=np.float64)
    truth = np.array([pair.is_match for pair in labelled], dtype=np.float64)
    folds = folds_of(labelled)
    losses = [_log_loss(truth, held_back(facts, truth, folds, ridge)) for ridge in _RIDGES]
    ridge = _RIDGES[int(np.argmin(losses))]
    scores = held_back(facts, truth, folds, ridge)
    judged = [
        JudgedPair(probability=float(score), is_match=pair.is_match, weight=1 / pair.chance)
        for score, pair in zip(scores, labelled, strict=True)
    ]
    calibration = fit_calibration(judged, trust=_TRUST)
    stated = tuple(
        replace(pair, probability=calibrated(calibration, pair.probability)) for pair in judged
    )
    return Training(
        card=replace(
            plain,
            second=fit(facts, truth, ridge),
            calibration=calibration,
            cuts=choose_cuts(stated),
        ),
        ridge=ridge,
        log_loss=min(losses),
        calibration_error=calibration_error(stated, over=0.5),
        judged=stated,
        warnings=_warnings(labelled),
    )


def check_labels(labels: Sequence[bool]) -> None:
    """Refuse labels that carry no second stage.

    Raises:
        BadInput: There are fewer than 200, or all are of one kind.
    """
    if len(labels) < FEWEST_LABELS:
        missing = FEWEST_LABELS - len(labels)
        allowed = (
            f"at least {FEWEST_LABELS} labelled pairs, {RECOMMENDED_LABELS} or more recommended: "
            f"{missing} more needed"
        )
        raise BadInput([Fault(place="labels", came=Words(f"{len(labels)} pairs"), allowed=allowed)])
    if len(set(labels)) < 2:
        came = "only matches" if labels[0] else "no match"
        allowed = "pairs that are a match and pairs that are none"
        raise BadInput([Fault(place="labels", came=Words(came), allowed=allowed)])


def fit(facts: Floats, truth: Floats, ridge: float) -> SecondStage:
    """Fit the regression to all rows.

    Args:
        facts: ``(pairs, facts)``, columns as :data:`leadfit.resolve.from_labels.facts.NAMES`.
        truth: ``(pairs,)``, 1 for a match.
        ridge: Penalty on half the square of each coefficient of a fact of unit spread.
    """
    spread = facts.std(axis=0)
    used = spread > 1e-9
    centre, scale = facts.mean(axis=0)[used], spread[used]
    names = [name for name, is_used in zip(NAMES, used, strict=True) if is_used]
    signs = np.array([1.0 if name in FOR else -1.0 for name in names])
    slopes, shift = _minimised((facts[:, used] - centre) / scale * signs, truth, ridge)
    natural = slopes * signs / scale
    kept = [place for place in range(len(names)) if abs(natural[place]) > 0]
    return SecondStage(
        inputs=tuple(names[place] for place in kept),
        intercept=float(shift - natural @ centre),
        coefficients=tuple(float(natural[place]) for place in kept),
        labels=len(truth),
    )


def held_back(facts: Floats, truth: Floats, folds: NDArray[np.intp], ridge: float) -> Floats:
    """Return probabilities that each pair gets from a model that never saw its fold."""
    scores = np.empty(len(truth))
    for fold in range(int(folds.max()) + 1):
        inside = folds == fold
        stage = fit(facts[~inside], truth[~inside], ridge)
        places = [NAMES.index(name) for name in stage.inputs]
        odds = stage.intercept + facts[inside][:, places] @ np.array(stage.coefficients)
        scores[inside] = 1 / (1 + np.exp(-np.clip(odds, -36, 36)))
    return scores


def folds_of(labelled: Sequence[LabelledPair]) -> NDArray[np.intp]:
    """Deal pairs into at most ten folds, so that pairs of one cluster share a fold.

    Clusters are the connected components of the labelled pairs. One that holds over a quarter of
    the pairs is dealt pair by pair, since it would leave too little to learn from without it.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for pair in labelled:
        parent[root(pair.left_id)] = root(pair.right_id)
    groups: dict[str, list[int]] = {}
    for place, pair in enumerate(labelled):
        groups.setdefault(root(pair.left_id), []).append(place)
    pieces: list[list[int]] = []
    for group in groups.values():
        is_small = len(group) <= _LARGEST_PART * len(labelled)
        pieces += [group] if is_small else [[place] for place in group]
    pieces.sort(key=lambda piece: (-len(piece), piece))
    folds = np.zeros(len(labelled), dtype=np.intp)
    sizes = [0] * min(_FOLDS, len(pieces))
    for piece in pieces:
        fold = sizes.index(min(sizes))
        folds[piece] = fold
        sizes[fold] += len(piece)
    return folds


def _facts(card: Card, pair: LabelledPair) -> dict[str, float]:
    weighing = weigh(card, pair.left, pair.right)
    return facts_of(card, weighing, pair.left, pair.right, margin=pair.margin)


def _minimised(facts: Floats, truth: Floats, ridge: float) -> tuple[Floats, float]:
    """Return slopes that are not below 0, and the shift."""

    def loss(beta: Floats) -> tuple[float, Floats]:
        odds = facts @ beta[:-1] + beta[-1]
        missed = 1 / (1 + np.exp(-np.clip(odds, -36, 36))) - truth
        value = np.logaddexp(0.0, odds).sum() - truth @ odds + 0.5 * ridge * (beta[:-1] ** 2).sum()
        slope = np.append(facts.T @ missed + ridge * beta[:-1], missed.sum())
        return float(value), slope

    width = facts.shape[1]
    bounds = [(0.0, None)] * width + [(None, None)]
    found = minimize(loss, np.zeros(width + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(found.x[:-1], dtype=np.float64), float(found.x[-1])


def _log_loss(truth: Floats, scores: Floats) -> float:
    inside = np.clip(scores, 1e-9, 1 - 1e-9)
    return float(-np.mean(truth * np.log(inside) + (1 - truth) * np.log1p(-inside)))


def _warnings(labelled: Sequence[LabelledPair]) -> tuple[str, ...]:
    found = []
    if len(labelled) < RECOMMENDED_LABELS:
        found.append(
            f"{len(labelled)} labels; {RECOMMENDED_LABELS} or more are recommended: "
            f"{RECOMMENDED_LABELS - len(labelled)} more would make the second stage steadier"
        )
    if all(pair.chance == 1 for pair in labelled):
        found.append(
            "no label says by what chance its pair was drawn: the bound holds for pairs like these"
        )
    return tuple(found)
