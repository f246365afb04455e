"""Those a static profile calls ideal, against those the learned score puts first.

The learned score of an account is that of heads which never saw it
(:mod:`leadfit.learn.cross_fitting`), so that both profiles are judged on accounts new to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadfit.bounds import NORMAL_95
from leadfit.history import Step
from leadfit.learn.checks import proportion
from leadfit.learn.cross_fitting import Crossed
from leadfit.learn.judge import Called
from leadfit.learn.ladder import Ladder
from leadfit.learn.money import revenue_by_account
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import (
    Chosen,
    Estimate,
    Finding,
    OftenTold,
    Presence,
    StaticFindings,
)
from leadfit.learn.rules import Rules
from leadfit.learn.watch import seen_until

_DECILE = 10
_LEAST = 20
"""With fewer accounts an interval of a ratio means nothing."""
_MULTIPLE = (2.0, 3.0)
_FORTY = (0.35, 0.45)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """What both sides are judged on.

    Attributes:
        accounts: Numbers of the accounts that either profile could have called ideal.
        revenue: Minor units by account number, of all accounts.
        paid: Any amount is recorded.
        late: By row of :attr:`rows`, whether the lead was not accepted in time.
        rows: Leads old enough to tell.
        gone: By row of the past, whether its unit churned after use; ``None`` if not recorded.
        won: Whether one of the account's units was won, by account number.
    """

    accounts: Ints
    revenue: Floats
    paid: bool
    rows: Ints
    late: Bools
    gone: Bools | None
    won: Bools


def static_findings(
    past: Past, ladder: Ladder, called: Called | None, crossed: Crossed | None, rules: Rules
) -> StaticFindings | None:
    """Compare those called ideal with as many that the learned score puts first, and its tenth.

    Args:
        past: The past.
        ladder: Who reached what.
        called: Whom the profile in use calls ideal; without one there is nothing to compare.
        crossed: Standing of every row by heads that did not see its account.
        rules: Days within which a lead is to be accepted.
    """
    if called is None:
        return None
    on = _compared(past, ladder, called, rules)
    rows = past.first_row[on.accounts]
    ideal = on.accounts[called.ideal[rows]]
    # A lead can be ideal by its own facts where its account's first lead was not.
    fails = _fails(past, on, called.ideal[on.rows])
    own = _mean(on.revenue[ideal]) if on.paid else Estimate()
    gone = None if on.gone is None else int((on.gone & called.ideal).sum())
    same = tenth = None
    if crossed is not None and len(ideal):
        order = on.accounts[np.argsort(-crossed.standing[rows], kind="stable")]
        same = _chosen(past, on, order[: len(ideal)], ideal)
        tenth = _chosen(past, on, order[: max(1, len(order) // _DECILE)], ideal)
    return StaticFindings(
        name=called.name,
        accounts_called_ideal=len(ideal),
        fail_acceptance_90d=fails,
        revenue_per_account=own,
        learned_revenue_per_account=Estimate() if same is None else same.revenue_per_account,
        detractors_inside=gone,
        detractors_inside_share=_share_gone(on, past, ideal),
        detractors_of_customers=_share_gone(on, past, ideal[on.won[ideal]]),
        scored_how=_how(crossed),
        same_number=same,
        top_decile=tenth,
        claims=_claims(fails, tenth),
    )


def _how(crossed: Crossed | None) -> str:
    if crossed is None:
        return "Too little is recorded to score accounts by heads that have not seen them."
    return (
        "Each account is scored by a model that was learned without it "
        f"({crossed.folds} folds by account)."
    )


def _compared(past: Past, ladder: Ladder, called: Called, rules: Rules) -> _Compared:
    rows = past.first_row
    come = ~(past.created[rows] > past.as_of + 1.0)
    late_rows, late = np.empty(0, np.int64), np.empty(0, np.bool_)
    if ladder.sources[Step.ACCEPTED] is not Presence.MISSING and past.history.times_known:
        units = ladder.units[Step.ACCEPTED]
        start = past.created[units]
        seen = start < seen_until(past, Step.ACCEPTED) - rules.acceptance_days
        late_rows = units[seen]
        late = ~(ladder.at[Step.ACCEPTED] - start <= rules.acceptance_days)[seen]
    gone = None
    if ladder.sources[Step.CHURNED_AFTER_USE] is not Presence.MISSING:
        step = Step.CHURNED_AFTER_USE
        gone = np.zeros(past.rows, dtype=np.bool_)
        gone[ladder.units[step][ladder.reached[step]]] = True
    won = np.zeros(len(past.account_ids), dtype=np.bool_)
    won[past.account[ladder.units[Step.CONVERTED][ladder.reached[Step.CONVERTED]]]] = True
    revenue = revenue_by_account(past)
    return _Compared(
        accounts=np.flatnonzero(come & called.known[rows]),
        revenue=revenue,
        paid=bool(revenue.any()),
        rows=late_rows,
        late=late,
        gone=gone,
        won=won,
    )


def _chosen(past: Past, on: _Compared, accounts: Ints, ideal: Ints) -> Chosen:
    inside = np.zeros(len(past.account_ids), dtype=np.bool_)
    inside[accounts] = True
    return Chosen(
        accounts=len(accounts),
        revenue_per_account=_mean(on.revenue[accounts]) if on.paid else Estimate(),
        revenue_ratio=ratio(on.revenue, accounts, ideal),
        fail_acceptance_90d=_fails(past, on, inside[past.account[on.rows]]),
        detractors_inside=None if on.gone is None else int(on.gone[inside[past.account]].sum()),
        detractors_inside_share=_share_gone(on, past, accounts),
        detractors_of_customers=_share_gone(on, past, accounts[on.won[accounts]]),
    )


def _share_gone(on: _Compared, past: Past, accounts: Ints) -> Estimate:
    """Return the share of accounts of which a unit churned after use."""
    if on.gone is None:
        return Estimate()
    left = np.zeros(len(past.account_ids), dtype=np.bool_)
    left[past.account[on.gone]] = True
    return proportion(float(left[accounts].sum()), float(len(accounts)))


def _fails(past: Past, on: _Compared, mask: Bools) -> Estimate:
    return clustered_share(on.late[mask], past.account[on.rows[mask]])


def clustered_share(hit: Bools, cluster: Ints) -> Estimate:
    """Return a share with Wilson's interval for as many units as the clusters are worth.

    The design effect is the variance by cluster against that of independent units, at least one
    (Rao and Scott 1992).
    """
    if not len(hit):
        return Estimate()
    share, size = float(hit.mean()), float(len(hit))
    plain = share * (1.0 - share) * size
    _, place = np.unique(cluster, return_inverse=True)
    stretch = 1.0
    if plain > 0:
        stretch = max(1.0, float((np.bincount(place, weights=hit - share) ** 2).sum()) / plain)
    return proportion(share * size / stretch, size / stretch)


def ratio(revenue: Floats, one: Ints, other: Ints) -> Estimate:
    """Return how many times the mean of ``other`` that of ``one`` is, with its interval.

    By the delta method on the log of the ratio, clustered by account: one that is in both groups
    moves both means.

    Args:
        revenue: By account number.
        one: Account numbers.
        other: Account numbers.

    >>> ratio(np.array([4.0, 2.0, 1.0, 2.0]), np.array([0, 1]), np.array([2, 3])).value
    2.0
    """
    if not len(one) or not len(other):
        return Estimate()
    means = float(revenue[one].mean()), float(revenue[other].mean())
    if min(means) <= 0:
        return Estimate()
    moves = np.zeros(len(revenue))
    for accounts, mean, sign in ((one, means[0], 1.0), (other, means[1], -1.0)):
        moves[accounts] += sign * (revenue[accounts] / mean - 1.0) / len(accounts)
    value = means[0] / means[1]
    if min(len(one), len(other)) < _LEAST:
        return Estimate(value=value)
    wide = NORMAL_95 * float(np.sqrt((moves**2).sum()))
    return Estimate(value=value, low=value * float(np.exp(-wide)), high=value * float(np.exp(wide)))


def _mean(values: Floats) -> Estimate:
    if not len(values):
        return Estimate()
    mean = float(values.mean())
    wide = NORMAL_95 * float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return Estimate(value=mean, low=max(0.0, mean - float(wide)), high=mean + float(wide))


def _claims(fails: Estimate, tenth: Chosen | None) -> tuple[OftenTold, ...]:
    """Hold what is often said of static profiles against this past."""
    multiple = Estimate() if tenth is None else tenth.revenue_ratio
    return (
        hold("2-3x revenue per account", "top_decile.revenue_ratio", multiple, _MULTIPLE),
        hold("about 40 % fail acceptance", "fail_acceptance_90d", fails, _FORTY),
    )


def hold(claim: str, figure: str, found: Estimate, told: tuple[float, float]) -> OftenTold:
    """Hold a figure found here against a range that is often told."""
    finding = Finding.CANNOT_TELL
    if found.low is not None and found.high is not None:
        if told[0] <= found.low and found.high <= told[1]:
            finding = Finding.REPRODUCED
        elif found.high < told[0] or found.low > told[1]:
            finding = Finding.REFUTED
    return OftenTold(claim=claim, figure=figure, low=told[0], high=told[1], finding=finding)
