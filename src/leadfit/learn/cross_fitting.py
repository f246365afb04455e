"""Scores of the past by heads that have not seen the account: what the learned score is judged by.

A score judged on the accounts it was learned from looks better than it will be, and the fewer the
customers, the more so. So accounts are dealt into folds by a hash of their id, the heads are fitted
anew without each fold, and every account is scored by the heads that never saw it (cross-fitting:
Chernozhukov et al. 2018). Signal weights, bins of numbers and the choice of usable facts are those
of the whole past; they rank nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from leadfit.errors import BadInput
from leadfit.history import Step
from leadfit.learn.facts import Levels
from leadfit.learn.heads import learn_heads, score_rows, write
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, Ints, Marks, Past
from leadfit.learn.result import Weight
from leadfit.learn.rules import Rules

_LARGE = 10_000
"""With more rows than this, two thirds of them teach nearly what all do."""
_FOLDS_OF_LARGE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """What heads that have not seen an account say of it.

    Attributes:
        standing: By row, the share of its fold that scores lower: scores of different heads are
            compared by rank. Equal scores are put in an order that goes by a hash of the account.
        folds: Number of folds.
    """

    standing: Floats
    folds: int


def cross_fit(  # noqa: PLR0917 -- what a fit needs, once more
    past: Past,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    weights: Mapping[Step, Weight],
    detractor: Weight,
    rules: Rules,
) -> Crossed | None:
    """Score every row by heads learned without its account.

    Returns:
        ``None`` where nothing can be learned without some fold, or there is no fact to rank by.
    """
    many = min(rules.folds, _FOLDS_OF_LARGE) if past.rows > _LARGE else rules.folds
    lots = np.array([lot(name) for name in past.account_ids], dtype=np.uint64)
    fold = (lots % np.uint64(many)).astype(np.int64)[past.account]
    standing = np.zeros(past.rows)
    for number in range(many):
        inside = fold == number
        if not inside.any():
            continue
        usable = [of_rows(levels, ~inside) for levels in facts]
        held = [of_rows(levels, ~inside) for levels in confounders]
        fewer = without(past, inside)
        try:
            heads = learn_heads(fewer, climb(fewer), usable, held, rules)
            artifact = write(fewer, usable, heads, weights, detractor, learned_from="", rules=rules)
        except BadInput:
            return None
        scores, _ = score_rows(artifact, [of_rows(levels, inside) for levels in facts])
        if len(scores) != int(inside.sum()):
            return None
        standing[inside] = _standing(scores, lots[past.account[inside]])
    return Crossed(standing=standing, folds=many)


def lot(name: str) -> int:
    """Return a number that says nothing of an account but is the same on every day."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def _standing(scores: Floats, lots: npt.NDArray[np.uint64]) -> Floats:
    """Return the share that scores lower; among equals the one of the lower lot does."""
    order = np.lexsort((lots, np.round(scores, 9)))
    found = np.empty(len(scores))
    found[order] = np.arange(len(scores)) / len(scores)
    return found


def without(past: Past, left_out: Bools) -> Past:
    """Return ``past`` without the accounts of some rows, the others numbered anew in order.

    Args:
        past: The past.
        left_out: By row; all rows of an account alike.
    """
    rows = ~left_out
    kept = rows[past.first_row]
    row_now = np.where(rows, np.cumsum(rows) - 1, -1)
    account_now = np.where(kept, np.cumsum(kept) - 1, -1)
    return replace(
        past,
        leads=int(rows[: past.leads].sum()),
        created=past.created[rows],
        account=account_now[past.account[rows]],
        account_ids=tuple(
            name for name, stays in zip(past.account_ids, kept, strict=True) if stays
        ),
        first_row=row_now[past.first_row[kept]],
        events={
            kind: _of_marks(marks, kept, row_now, account_now)
            for kind, marks in past.events.items()
        },
    )


def _of_marks(marks: Marks, kept: Bools, row_now: Ints, account_now: Ints) -> Marks:
    stays = kept[marks.account]
    row = marks.row[stays]
    return Marks(
        # A lead of an account that is left out cannot carry what another account did.
        row=np.where(row >= 0, row_now[row], -1),
        account=account_now[marks.account[stays]],
        at=marks.at[stays],
        amount=marks.amount[stays],
        value=marks.value[stays],
    )


def of_rows(levels: Levels, rows: Bools) -> Levels:
    """Return a column with some rows only, read as before.

    Args:
        levels: The column.
        rows: Which rows stay.
    """
    return replace(
        levels,
        codes=levels.codes[rows],
        known_at=levels.known_at[rows] if len(levels.known_at) else levels.known_at,
        numbers=levels.numbers[rows] if len(levels.numbers) else levels.numbers,
    )
