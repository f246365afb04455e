"""Customers with a value against customers like them: one comparison for each value.

The estimand is the mean effect on those that have the value (ATT). Likeness is by balancing
weights over recorded confounders, their cells and all other facts; what these leave is taken away
by a ridge regression (approximate residual balancing, Athey, Imbens and Wager 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.history import Known
from leadfit.learn import design as columns_of
from leadfit.learn.amounts.balancing import balance
from leadfit.learn.design import Block, Design
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Watched
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import Claim
from leadfit.learn.rules import Rules
from leadfit.levels import BLANK

_HEAP = 0.05
"""A number that this share of the units has exactly, such as nought, is a kind of its own."""
_GAP = 0.1
"""Standard deviations between the groups, beyond a lottery's, that may remain (Austin 2009)."""
_LIGHT = 10.0
"""The ridge of confounders is that of facts over the square of this: they are known to bear."""
_RIDGES = np.geomspace(1e-4, 10.0, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountContrast:
    """One comparison before it is judged; amounts as they came in.

    Attributes:
        raw: Plain difference of means.
        effective: Units of the comparison group that equal weights would need.
        apart: The column that could not be made alike, or ``None``.
    """

    fact: str
    value: str
    effect: float
    error: float
    raw: float
    units: int
    effective: float
    apart: str | None
    most: Claim


def compare(
    past: Past,
    watched: Watched,
    amount: Floats,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    *,
    rules: Rules,
) -> list[AmountContrast]:
    """Return one comparison for each value that enough units carry."""
    design = columns_of.build(past, watched, facts, confounders, rules)
    heaps, names = _heaps(watched, confounders)
    columns = np.concatenate([design.columns, heaps], axis=1)
    spread = columns.std(axis=0)
    columns = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    lightness = np.ones(columns.shape[1])
    lightness[: design.confounders] = lightness[design.columns.shape[1] :] = _LIGHT
    slopes = _regress(columns, amount, lightness)
    ceiling = Claim.CAUSED if confounders and watched.timed else Claim.ASSOCIATED
    found: list[AmountContrast] = []
    for block in design.blocks:
        kept = np.setdiff1d(np.arange(columns.shape[1]), block.columns)
        part = _Part(
            names=tuple(_name(design, names, int(n)) for n in kept),
            columns=columns[:, kept],
            amount=amount,
            rest=amount - columns[:, kept] @ slopes.beta[kept],
            pull=(columns * lightness) @ slopes.inverse[:, kept],
            stretch=slopes.stretch,
            cluster=watched.cluster,
        )
        most = ceiling if block.levels.known is Known.CREATED else Claim.ASSOCIATED
        found.extend(_of_block(part, block, most))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slopes:
    """A ridge regression of the amount on all columns.

    Attributes:
        inverse: Of the ridged cross products.
        stretch: What brings each residual to the spread of its error (HC2).
    """

    beta: Floats
    inverse: Floats
    stretch: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one fact is judged by: everything but its own columns.

    Attributes:
        rest: The amount less what those columns explain.
        pull: How much one unit's amount moves each slope.
    """

    names: tuple[str, ...]
    columns: Floats
    amount: Floats
    rest: Floats
    pull: Floats
    stretch: Floats
    cluster: Ints


def _of_block(part: _Part, block: Block, most: Claim) -> list[AmountContrast]:
    labels = [block.levels.labels[level] for level in block.used]
    filled = np.array([label != BLANK for label in labels])[block.places]
    found: list[AmountContrast] = []
    for place, level in enumerate(block.used):
        inside = block.places == place
        rest = filled & ~inside
        if level in block.levels.shown and rest.any():
            found.append(_contrast(part, (block.levels.name, labels[place]), inside, rest, most))
    return found


def _contrast(
    part: _Part, key: tuple[str, str], inside: Bools, rest: Bools, most: Claim
) -> AmountContrast:
    alike = balance(part.columns, inside, rest)
    share = inside / inside.sum()
    one, two = float(share @ part.rest), float(alike.weights @ part.rest)
    error = (part.rest - np.where(inside, one, two)) * part.stretch
    # The slopes were learned from the same amounts: what they take away has their errors in it.
    own = (share - alike.weights - part.pull @ alike.gaps) * error
    # An account is one draw however often it is in; its parts are added before they are squared.
    total = np.bincount(part.cluster, weights=own)
    worst = int(np.abs(alike.gaps).argmax()) if len(alike.gaps) else -1
    apart = worst >= 0 and abs(float(alike.gaps[worst])) > alike.within + _GAP
    return AmountContrast(
        fact=key[0],
        value=key[1],
        effect=one - two,
        error=float(np.sqrt(max(float(total @ total), 1e-16))),
        raw=float(part.amount[inside].mean() - part.amount[rest].mean()),
        units=int(inside.sum()),
        effective=alike.effective,
        apart=part.names[worst] if apart else None,
        most=most,
    )


def _regress(columns: Floats, amount: Floats, lightness: Floats) -> _Slopes:
    """Fit a ridge regression, its ridge by generalised cross-validation.

    Source: Golub, Heath and Wahba 1979.
    """
    size = len(amount)
    scaled = columns * lightness
    values, vectors = np.linalg.eigh(scaled.T @ scaled / size)
    values = np.maximum(values, 0.0)
    turned = scaled @ vectors
    centred = amount - amount.mean()
    along = turned.T @ centred / size
    best, ridge = np.inf, float(_RIDGES[-1])
    for each in _RIDGES.tolist():
        missed = centred - turned @ (along / (values + each))
        freedom = 1.0 - (1.0 + float((values / (values + each)).sum())) / size
        score = float(missed @ missed) / freedom**2 if freedom > 0 else np.inf
        if score < best:
            best, ridge = score, each
    leverage = 1.0 / size + (turned**2 / (values + ridge)).sum(axis=1) / size
    return _Slopes(
        beta=np.asarray(lightness * (vectors @ (along / (values + ridge)))),
        inverse=np.asarray((vectors / (values + ridge)) @ vectors.T * lightness / size),
        stretch=1.0 / np.sqrt(1.0 - np.minimum(leverage, 0.95)),
    )


def _heaps(watched: Watched, confounders: Sequence[Levels]) -> tuple[Floats, list[str]]:
    """Return a column for each number that many units have exactly: none is not a little."""
    columns: list[Floats] = []
    names: list[str] = []
    for levels in confounders:
        if not len(levels.numbers):
            continue
        numbers = levels.numbers[watched.row]
        values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
        if len(values) <= len(levels.read.edges) + 1:
            continue
        for value in values[counts >= _HEAP * watched.units]:
            columns.append((numbers == value).astype(np.float64))
            names.append(f"{levels.name} {value:.4g}")
    return (np.stack(columns, axis=1) if columns else np.empty((watched.units, 0))), names


def _name(design: Design, heaps: Sequence[str], column: int) -> str:
    first_heap: int = design.columns.shape[1]
    if column >= first_heap:
        return heaps[column - first_heap]
    return design.name_of(column)
