"""The columns of a regression: facts, recorded confounders, and the confounders' pairwise cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import stats

from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Watched
from leadfit.learn.past import ENGAGEMENT, Bools, Floats, Ints, Past
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.levels import BLANK

_LEAST_CELL = 10
_MOST_OF_A_PAIR = 60
_LOOKED_AT = 10_000
"""Units among which ties of cells and facts are looked for, at most."""


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

    def name_of(self, column: int) -> str:
        """Return what a column stands for: a confounder, or a fact with its level."""
        if column < self.confounders:
            return self.names[column]
        for block in self.blocks:
            if column in block.columns:
                level = block.used[block.columns.index(column) + 1]
                return f"{block.levels.name} {block.levels.labels[level]}"
        return "another column"


def build(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> Design:
    """Build the columns for the units under watch."""
    held, names = _confounder_columns(past, watched, confounders, rules)
    blocks = [each for levels in facts if (each := _block(levels, watched, rules)) is not None]
    cells, cell_names = _cells(watched, confounders, held, blocks, rules)
    size = len(held) + len(cells) + sum(len(block.used) - 1 for block in blocks)
    # Column by column in memory, as it is written.
    columns = np.empty((watched.units, size), order="F")
    for at, column in enumerate((*held, *cells)):
        columns[:, at] = column
    first = at = len(held) + len(cells)
    placed: list[Block] = []
    for block in blocks:
        own = tuple(range(at, at + len(block.used) - 1))
        for place, column_number in enumerate(own, start=1):
            columns[:, column_number] = block.places == place
        placed.append(replace(block, columns=own))
        at += len(own)
    ridge = np.full(size, rules.ridge_fact)
    ridge[:first] = rules.ridge_confounder
    return Design(
        columns=columns,
        confounders=first,
        names=(*names, *cell_names),
        blocks=tuple(placed),
        ridge=ridge,
    )


def _block(levels: Levels, watched: Watched, rules: Rules) -> Block | None:
    codes = levels.codes[watched.row]
    counts = np.bincount(codes, minlength=len(levels.labels))
    # In a small history a level of five still has a column; the ridge and the interval hold it.
    least = min(rules.min_level_units, max(5, watched.units // 20))
    used = [int(n) for n in np.argsort(-counts, kind="stable") if counts[n] >= least]
    if len(used) < 2:
        return None
    place = np.zeros(len(levels.labels), dtype=np.int64)
    place[used] = np.arange(len(used))
    shares = np.bincount(place, weights=counts, minlength=len(used)) / len(codes)
    return Block(levels=levels, used=tuple(used), places=place[codes], columns=(), shares=shares)


def _confounder_columns(
    past: Past, watched: Watched, confounders: Sequence[Levels], rules: Rules
) -> tuple[list[Floats], list[str]]:
    columns: list[Floats] = []
    names: list[str] = []
    for levels in confounders:
        codes = levels.codes[watched.row]
        counts = np.bincount(codes, minlength=len(levels.labels))
        for n in np.argsort(-counts, kind="stable")[1:]:
            if counts[n] >= rules.min_level_units // 2:
                columns.append((codes == n).astype(np.float64))
                names.append(f"{levels.name} {levels.labels[n]}")
        if len(levels.numbers):
            # A bin still holds a range: within it the number itself goes on deciding.
            columns.append(_filled(levels.numbers[watched.row]))
            names.append(levels.name)
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
    return columns, names


def _filled(values: Floats) -> Floats:
    """Return numbers as standard deviations from their mean, at which blanks are put."""
    known = values[~np.isnan(values)]
    spread = known.std() if len(known) else 0.0
    if spread <= 0:
        return np.zeros(len(values))
    return np.asarray(np.where(np.isnan(values), 0.0, (values - known.mean()) / spread))


def _cells(
    watched: Watched,
    confounders: Sequence[Levels],
    held: Sequence[Floats],
    blocks: Sequence[Block],
    rules: Rules,
) -> tuple[list[Bools], list[str]]:
    """Return the pairwise cells of the confounders that go with any fact.

    A pair of confounders whose cells go with no fact, once each by itself is held, cannot
    confound: leaving it out costs no honesty and saves a hundred columns, which at a few hundred
    outcomes would take half of the power. The outcome has no say in it.
    """
    groups = [
        pair
        for one, two in combinations(confounders, 2)
        if (pair := _pair(watched, one, two)) is not None
    ]
    if not groups or not blocks:
        return [], []
    step = max(1, -(-watched.units // _LOOKED_AT))
    few = slice(None, None, step)
    dummies = [_dummies(block.places[few], len(block.used))[:, 1:] for block in blocks]
    chosen = _tied(
        [_dummies(cells[few], len(names)) for cells, names in groups],
        np.stack([column[few] for column in held], axis=1),
        np.concatenate(dummies, axis=1),
        rules.cells_level,
    )
    most = min(rules.max_cells, watched.units // 10)
    wanted = [(n, place) for n in chosen for place in range(len(groups[n][1]))][:most]
    columns = [groups[n][0] == place for n, place in wanted]
    return columns, [groups[n][1][place] for n, place in wanted]


def _dummies(places: Ints, number: int) -> Floats:
    """Return one column for each of ``number`` places."""
    return np.asarray(places[:, None] == np.arange(number), dtype=np.float64)


def _pair(watched: Watched, one: Levels, two: Levels) -> tuple[Ints, list[str]] | None:
    """Return each unit's place among the pairs of values that enough units share, or -1.

    Those with most units come first.
    """
    first, second = one.codes[watched.row], two.codes[watched.row]
    both = first * len(two.labels) + second
    counts = np.bincount(both, minlength=len(one.labels) * len(two.labels)).reshape(
        len(one.labels), len(two.labels)
    )
    if ((counts > 0).sum(axis=1) <= 1).all() or ((counts > 0).sum(axis=0) <= 1).all():
        # One is a part of the other, as a rep of a region: there is nothing to cross.
        return None
    common = (counts.sum(axis=1).argmax(), counts.sum(axis=0).argmax())
    found: list[tuple[int, str, int]] = []
    for a, b in np.argwhere(counts >= _LEAST_CELL):
        # The most common value of either is its reference; its cells would be repeats.
        if a == common[0] or b == common[1] or BLANK in {one.labels[a], two.labels[b]}:
            continue
        name = f"{one.name} {one.labels[a]} x {two.name} {two.labels[b]}"
        found.append((int(counts[a, b]), name, int(a) * len(two.labels) + int(b)))
    if not found:
        return None
    found.sort(key=lambda item: (-item[0], item[1]))
    found = found[:_MOST_OF_A_PAIR]
    place = np.full(counts.size, -1)
    place[[cell for _, _, cell in found]] = np.arange(len(found))
    return place[both], [name for _, name, _ in found]


def _tied(groups: Sequence[Floats], held: Floats, carried: Floats, level: float) -> list[int]:
    """Return the groups of columns that explain any fact beyond what is held, strongest first.

    Each is judged by the F test of the fact it explains best, times the number of facts and of
    groups; the strongest is held from then on and the rest are asked again. All of it runs on
    the cross products, from which what is held is swept out.
    """
    parts = [carried, *groups, np.ones((len(held), 1)), held]
    ends = np.cumsum([part.shape[1] for part in parts])
    places = [np.arange(end - part.shape[1], end) for part, end in zip(parts, ends, strict=True)]
    facts, own = places[0], places[1 : len(groups) + 1]
    table = np.concatenate(parts, axis=1)
    cross = np.asarray(table.T @ table)
    whole = np.maximum(np.diag(cross).copy(), 1e-9)
    cross, used = _swept(cross, np.concatenate(places[-2:]), whole)
    chosen: list[int] = []
    left = list(range(len(groups)))
    while left:
        p_values = [
            _explains(cross, facts, own[n], whole, len(held) - used)
            * carried.shape[1]
            * len(groups)
            for n in left
        ]
        best = int(np.argmin(p_values))
        if p_values[best] > level:
            break
        chosen.append(left.pop(best))
        cross, more = _swept(cross, own[chosen[-1]], whole)
        used += more
    return chosen


def _basis(cross: Floats, columns: Ints, whole: Floats) -> Floats:
    """Return combinations of ``columns`` that are orthonormal after what was swept out."""
    scale = 1.0 / np.sqrt(whole[columns])
    values, vectors = np.linalg.eigh(cross[np.ix_(columns, columns)] * np.outer(scale, scale))
    stands = values > 1e-6
    return np.asarray((scale[:, None] * vectors[:, stands]) / np.sqrt(values[stands]))


def _swept(cross: Floats, columns: Ints, whole: Floats) -> tuple[Floats, int]:
    """Return cross products after ``columns`` are held, and how many of them told anything."""
    basis = _basis(cross, columns, whole)
    part = cross[:, columns] @ basis
    return np.asarray(cross - part @ part.T), basis.shape[1]


def _explains(cross: Floats, facts: Ints, columns: Ints, whole: Floats, freedom: int) -> float:
    """Return the smallest p value of an F test of ``columns`` over all of ``facts``."""
    basis = _basis(cross, columns, whole)
    size = basis.shape[1]
    rest = freedom - size
    total = cross[facts, facts]
    asked = facts[total > 1e-6 * whole[facts]]
    if not size or rest < 10 or not len(asked):
        return 1.0
    part = basis.T @ cross[np.ix_(columns, asked)]
    share = np.minimum((part**2).sum(axis=0) / cross[asked, asked], 1 - 1e-12)
    return float(stats.f.sf(share / (1 - share) * rest / size, size, rest).min())


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
