"""How good a chance is: what was said against what came."""

from __future__ import annotations

import numpy as np
from scipy import stats

from leadfit.learn.checks import proportion
from leadfit.learn.past import Bools, Floats, Ints
from leadfit.propensity import TIERS, Bin, Cut, HoldOut

_BINS = 10
_DRAWS = 300


def judge(
    chance: Floats, won: Bools, account: Ints, since: str, rng: np.random.Generator
) -> HoldOut:
    """Hold chances against outcomes they have not seen.

    Args:
        chance: As said.
        won: As it came.
        account: Moments of one account come together into each bootstrap draw.
        since: First day of the hold-out.
        rng: For the intervals of precision and recall.
    """
    bins = reliability(chance, won)
    leads = len(chance)
    rate = float(won.mean())
    return HoldOut(
        since=since,
        leads=leads,
        wins=int(won.sum()),
        ece=_round(sum(b.leads * abs(b.predicted - b.observed) for b in bins) / leads),
        auc=_round(_auc(chance, won)),
        brier=_round(float(((chance - won) ** 2).mean())),
        brier_of_rate=_round(rate * (1 - rate)),
        reliability=bins,
        cuts=tuple(_cut(at, chance, won, account, rng) for at in TIERS),
    )


def reliability(chance: Floats, won: Bools) -> tuple[Bin, ...]:
    """Return bins of equal size by predicted chance, with Wilson intervals."""
    order = np.argsort(chance, kind="stable")
    found: list[Bin] = []
    for part in np.array_split(order, min(_BINS, max(1, len(order)))):
        if not len(part):
            continue
        share = proportion(float(won[part].sum()), float(len(part)))
        found.append(
            Bin(
                leads=len(part),
                predicted=_round(float(chance[part].mean())),
                observed=_round(share.value or 0.0),
                low=_round(share.low or 0.0),
                high=_round(share.high or 0.0),
            )
        )
    return tuple(found)


def _auc(chance: Floats, won: Bools) -> float:
    ones, zeros = int(won.sum()), int((~won).sum())
    if not ones or not zeros:
        return 0.5
    ranks = stats.rankdata(chance)
    return float((ranks[won].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _cut(at: float, chance: Floats, won: Bools, account: Ints, rng: np.random.Generator) -> Cut:
    called = chance >= at
    hits = called & won
    precision, recall = _share(hits, called), _share(hits, won)
    _, group = np.unique(account, return_inverse=True)
    weights = rng.exponential(1.0, (_DRAWS, int(group.max(initial=0)) + 1))[:, group]
    low, high = [0.0, 0.0], [0.0, 0.0]
    for n, among in enumerate((called, won)):
        if among.any():
            draws = (weights @ hits) / (weights @ among)
            low[n], high[n] = (float(q) for q in np.quantile(draws, [0.025, 0.975]))
    return Cut(
        at=at,
        called=int(called.sum()),
        precision=_round(precision),
        precision_low=_round(min(precision, low[0])),
        precision_high=_round(max(precision, high[0])),
        recall=_round(recall),
        recall_low=_round(min(recall, low[1])),
        recall_high=_round(max(recall, high[1])),
    )


def _share(hits: Bools, among: Bools) -> float:
    return float(hits.sum() / among.sum()) if among.any() else 0.0


def _round(value: float) -> float:
    return round(value, 6)
