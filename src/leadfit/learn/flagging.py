"""How right the detractor flag is on customers it has not seen.

Accounts are dealt into folds by a hash of their id, the heads are learned anew without each fold,
and each account is flagged, or not, by heads that never saw it. Of the flagged ones that became
customers at least a year ago, the share that left after meaningful use within that year is the
flag's precision; its lower bound is that of Clopper and Pearson (1934).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.bounds import lower_bound
from leadfit.errors import BadInput
from leadfit.history import History, Step
from leadfit.learn import leaks
from leadfit.learn.cross_fitting import lot, of_rows, without
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.heads import learn_heads, score_rows, write
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.past import Bools, Past, read_past
from leadfit.learn.result import Presence, Weight
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.watch import seen_until

_FOLDS = 3
_YEAR = 365.25
_DEFAULT = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagPrecision:
    """What became of customers that were flagged by heads which had not seen them.

    Attributes:
        customers: Won a year ago or more.
        left: Of these, those that left after meaningful use within a year.
        flagged: Customers that were flagged.
        flagged_left: Of these, those that left so.
        low: Lower bound of the share, 95 %, one-sided; 0 where nobody was flagged.
    """

    customers: int
    left: int
    flagged: int
    flagged_left: int
    low: float

    @property
    def precision(self) -> float | None:
        """Share of the flagged customers that left."""
        return self.flagged_left / self.flagged if self.flagged else None


def flag_precision(history: History, *, rules: Rules = _DEFAULT) -> FlagPrecision | None:
    """Judge the detractor flag out of sample.

    Args:
        history: The past, as for :func:`leadfit.learn.fit`.
        rules: As there.

    Returns:
        ``None`` where wins or churn after use are not recorded with times, or no flag can be
        learned without some fold.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        past = read_past(history)
        climbed = climb(past)
        if not history.times_known or climbed.sources[Step.CHURNED_AFTER_USE] is Presence.MISSING:
            return None
        facts, confounders = read_facts(past, rules), read_confounders(past, rules)
        usable = leaks.screen(past, climbed, facts, confounders, rules).usable
        flagged = _flagged(past, usable, confounders, rules)
        return None if flagged is None else _judged(past, climbed, flagged)


def _flagged(
    past: Past, facts: Sequence[Levels], confounders: Sequence[Levels], rules: Rules
) -> Bools | None:
    """Return by row whether heads that have not seen its account flag it."""
    lots = np.array([lot(name) for name in past.account_ids], dtype=np.uint64)
    fold = (lots % np.uint64(_FOLDS)).astype(np.int64)[past.account]
    weights = {
        step: Weight(value=rules.prior[step], low=0.0, high=100.0, prior=rules.prior[step])
        for step in LADDER
    }
    taken = rules.detractor_prior
    churn = Weight(value=taken, low=0.0, high=1.0, prior=taken)
    found = np.zeros(past.rows, np.bool_)
    for number in range(_FOLDS):
        inside = fold == number
        fewer = without(past, inside)
        kept = [of_rows(levels, ~inside) for levels in facts]
        held = [of_rows(levels, ~inside) for levels in confounders]
        try:
            heads = learn_heads(fewer, climb(fewer), kept, held, rules)
            made = write(fewer, kept, heads, weights, churn, learned_from="", rules=rules)
        except BadInput:
            return None
        _, matches = score_rows(made, [of_rows(levels, inside) for levels in facts])
        if made.detractor is None or len(matches) != int(inside.sum()):
            return None
        found[inside] = matches >= made.flag_at
    return found


def _judged(past: Past, ladder: Ladder, flagged: Bools) -> FlagPrecision:
    won_at = ladder.at[Step.CONVERTED]
    left_at = ladder.at[Step.CHURNED_AFTER_USE]
    row = ladder.units[Step.CONVERTED]
    until = seen_until(past, Step.CHURNED_AFTER_USE)
    with np.errstate(invalid="ignore"):
        followed = won_at + _YEAR <= until
        left = followed & ladder.reached[Step.CHURNED_AFTER_USE] & (left_at <= won_at + _YEAR)
    marked = followed & flagged[row]
    hits, many = int((left & marked).sum()), int(marked.sum())
    return FlagPrecision(
        customers=int(followed.sum()),
        left=int(left.sum()),
        flagged=many,
        flagged_left=hits,
        low=round(lower_bound(hits, many), 6),
    )
