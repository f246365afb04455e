"""The second stage: a probability from the weight and the facts of a pair, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from leadfit.resolve.from_labels.calibrate import calibrated, sigmoid
from leadfit.resolve.from_labels.facts import facts_of
from leadfit.resolve.model.card import Card, SecondStage
from leadfit.resolve.model.weigh import Record, Weighing

FEWEST_LABELS: Final = 200
"""Labelled pairs below which no second stage is trained."""
RECOMMENDED_LABELS: Final = 500
"""Labelled pairs from which a second stage is steady."""


def second_stage(
    card: Card, weighing: Weighing, left: Record, right: Record, *, margin: float = 0.0
) -> float:
    """Return the probability that two records are one entity, as the card now knows it.

    With a second stage it is that of the logistic model, else that of the weight; then the
    calibration map is applied, if the card has one.

    Args:
        card: The model.
        weighing: What :func:`leadfit.resolve.model.weigh.weigh` says about the pair.
        left: One record, normalised.
        right: The other; the order does not matter.
        margin: Weight over the next best candidate, in bits; 0 if unknown.
    """
    if card.second is None:
        return calibrated(card.calibration, weighing.probability)
    facts = facts_of(card, weighing, left, right, margin=margin)
    return calibrated(card.calibration, of_facts(card.second, facts))


def of_facts(stage: SecondStage, facts: Mapping[str, float]) -> float:
    """Return the uncalibrated probability; the sum does not depend on the order of the facts.

    >>> stage = SecondStage(inputs=("weight",), intercept=0.0, coefficients=(0.7,), labels=200)
    >>> of_facts(stage, {"weight": 0.0})
    0.5
    """
    return sigmoid(math.fsum((stage.intercept, *(bits for _, bits in parts(stage, facts)))))


def parts(stage: SecondStage, facts: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return what each fact adds to the natural log odds: the evidence a reviewer is shown."""
    return tuple(
        (name, coefficient * facts[name])
        for name, coefficient in zip(stage.inputs, stage.coefficients, strict=True)
    )
