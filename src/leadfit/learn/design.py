"""The columns of a regression: facts, recorded confounders, and the confounders' pairwise cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from leadfit.artifact import BLANK
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Watched
from leadfit.learn.past import ENGAGEMENT, Floats, Ints, Past
from leadfit.learn.rules import MONTH_DAYS, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The columns of one fact.

    Attributes:
        levels: The fact.
        used: Levels that enough units carry; the first is the reference and has no column.
        places: Place of each unit's level in ``used``; rare levels sit with the reference.
        columns: Column numbers of ``used[1:]``.
        shares: Share of the units in each of ``used``.
    """

    levels: Levels
    used: tuple[int, ...]
    places: Ints
    columns: tuple[int, ...]
    shares: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """All columns of one outcome's regression.

    Attributes:
        columns: Units by columns; confounders first.
        confounders: Number of confounder columns.
        names: Of the confounder columns.
        blocks: One for each fact that varies.
        ridge: Penalty of each column.
    """

    columns: Floats
    confounders: int
    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    ridge: Floats


def build(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> Design:
    """Build the columns for the units under watch."""
    held, names = _confounder_columns(past, watched, confounders, rules)
    parts, blocks, at = [held], [], held.shape[1]
    for levels in facts:
        block = _block(levels, watched, at, rules)
        if block is None:
            continue
        blocks.append(block)
        parts.append(np.eye(len(block.used))[block.places][:, 1:])
        at += len(block.used) - 1
    columns = np.concatenate(parts, axis=1)
    ridge = np.full(columns.shape[1], rules.ridge_fact)
    ridge[: held.shape[1]] = rules.ridge_confounder
    return Design(
        columns=columns,
        confounders=held.shape[1],
        names=tuple(names),
        blocks=tuple(blocks),
        ridge=ridge,
    )


def _block(levels: Levels, watched: Watched, at: int, rules: Rules) -> Block | None:
    codes = levels.codes[watched.row]
    counts = np.bincount(codes, minlength=len(levels.labels))
    # In a small history a level of five still has a column; the ridge and the interval hold it.
    least = min(rules.min_level_units, max(5, watched.units // 20))
    used = [int(n) for n in np.argsort(-counts, kind="stable") if counts[n] >= least]
    if len(used) < 2:
        return None
    place = np.zeros(len(levels.labels), dtype=np.int64)
    place[used] = np.arange(len(used))
    places = place[codes]
    shares = np.bincount(places, minlength=len(used)) / len(codes)
    columns = tuple(range(at, at + len(used) - 1))
    return Block(levels=levels, used=tuple(used), places=places, columns=columns, shares=shares)


def _confounder_columns(
    past: Past, watched: Watched, confounders: Sequence[Levels], rules: Rules
) -> tuple[Floats, list[str]]:
    columns: list[Floats] = []
    names: list[str] = []
    for levels in confounders:
        codes = levels.codes[watched.row]
        counts = np.bincount(codes, minlength=len(levels.labels))
        for n in np.argsort(-counts, kind="stable")[1:]:
            if counts[n] >= rules.min_level_units // 2:
                columns.append((codes == n).astype(np.float64))
                names.append(f"{levels.name} {levels.labels[n]}")
    for label, values in (
        ("month", watched.start / MONTH_DAYS),
        ("engagement", _engaged(past, watched)),
    ):
        if np.isfinite(values).all() and len(values) and values.std() > 0:
            even = (values - values.mean()) / values.std()
            columns.append(even)
            names.append(label)
            if label == "month":
                columns.append(even**2 - 1.0)
                names.append("month squared")
    cells, cell_names = _cells(watched, confounders, rules)
    columns.extend(cells)
    names.extend(cell_names)
    if not columns:
        return np.empty((watched.units, 0)), []
    return np.stack(columns, axis=1), names


def _cells(
    watched: Watched, confounders: Sequence[Levels], rules: Rules
) -> tuple[list[Floats], list[str]]:
    """Return a column for each pair of confounder values that enough units share."""
    least = max(30, watched.units // 150)
    found: list[tuple[int, str, Floats]] = []
    for one, two in combinations(confounders, 2):
        first, second = one.codes[watched.row], two.codes[watched.row]
        joint = first * len(two.labels) + second
        counts = np.bincount(joint, minlength=len(one.labels) * len(two.labels))
        common = (np.bincount(first).argmax(), np.bincount(second).argmax())
        for cell in np.flatnonzero(counts >= least):
            a, b = divmod(int(cell), len(two.labels))
            # The most common value of either is its reference; its cells would be repeats.
            if a == common[0] or b == common[1] or BLANK in {one.labels[a], two.labels[b]}:
                continue
            name = f"{one.name} {one.labels[a]} x {two.name} {two.labels[b]}"
            found.append((int(counts[cell]), name, (joint == cell).astype(np.float64)))
    most = min(rules.max_cells, watched.units // 20)
    found.sort(key=lambda item: (-item[0], item[1]))
    return [column for _, _, column in found[:most]], [name for _, name, _ in found[:most]]


def _engaged(past: Past, watched: Watched) -> Floats:
    """Return the logarithm of engagement events of the account up to the start of watching."""
    counts = np.zeros(watched.units)
    start = np.full(len(past.account_ids), -np.inf)
    np.maximum.at(start, watched.cluster, np.where(np.isnan(watched.start), np.inf, watched.start))
    total = np.zeros(len(past.account_ids))
    for kind in sorted(ENGAGEMENT):
        marks = past.marks(kind)
        before = ~(marks.at > start[marks.account])
        total += np.bincount(marks.account[before], minlength=len(total))
    counts += total[watched.cluster]
    return np.asarray(np.log1p(counts))
