"""The ladder as a chain: who comes to be at risk of a step by reaching the one before.

The chance to be won is the chance to be accepted, times that to be qualified once accepted, times
that to be won once qualified. Each link is asked of those who came to it, so that the plentiful
early decisions tell what they can and no fact has to speak for several steps with one figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from leadfit.history import Step
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.rules import LADDER, MONTH_DAYS, Rules
from leadfit.learn.watch import AFTER_WIN, seen_until, watch

_CARRIED = 0.95
"""A step is a link only if so many of those at the next came through it."""
_NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSet:
    """Units at risk of a step.

    Attributes:
        given: The step they all have reached, or ``None``.
        decided: They were watched until nearly all who ever reach it had done so, so that only
            whether they did counts, and not when.
    """

    step: Step
    given: Step | None
    watched: Watched
    decided: bool


def risk_set(
    past: Past,
    ladder: Ladder,
    step: Step,
    learned: Mapping[Step, Step | None],
    rules: Rules,
    *,
    least: int,
) -> RiskSet:
    """Return who is at risk of ``step`` and what they have reached before.

    Args:
        past: The past.
        ladder: Who reached what.
        step: What they may reach.
        learned: Steps that have a model, in order, and what each is given; one of them may be
            what they have reached.
        rules: The horizon, and how soon a decision falls.
        least: Fewest who reach it, and fewest who do not, for a link to be used.
    """
    if step in AFTER_WIN:
        won = Step.CONVERTED in learned and step is Step.EXPANDED
        return RiskSet(
            step=step,
            given=Step.CONVERTED if won else None,
            watched=watch(past, ladder, step, rules),
            decided=False,
        )
    for before in reversed(LADDER[: LADDER.index(step)]):
        if before not in learned:
            continue
        # Where a step is all but certain after the one below it, the chain passes it by.
        if learned[before] is None and before is not next(iter(learned)):
            continue
        watched = _came_by(past, ladder, step, before, rules)
        if watched is not None and least <= watched.events <= watched.units - least:
            return _settled(RiskSet(step=step, given=before, watched=watched, decided=False), rules)
    watched = watch(past, ladder, step, rules)
    alone = RiskSet(step=step, given=None, watched=watched, decided=False)
    return _settled(alone, rules) if step is Step.ACCEPTED else alone


def _came_by(past: Past, ladder: Ladder, step: Step, before: Step, rules: Rules) -> Watched | None:
    """Return those who reached ``before``, watched from then on; ``None`` if others skip it."""
    row, through, since = _first(past, ladder, step, before)
    reached, at = ladder.reached[step], ladder.at[step]
    if not reached.any() or through[reached].mean() < _CARRIED:
        return None
    if not past.history.times_known:
        none = np.full(int(through.sum()), np.nan)
        return Watched(
            row=row[through], cluster=past.account[row[through]], entry=none, end=none,
            event=reached[through], timed=False, start=none,
        )  # fmt: skip
    until = seen_until(past, step)
    event = reached & through & ~(at > until + 1.0)
    months = np.maximum(0.0, np.where(event, at, until) - since) / MONTH_DAYS
    seen = through & ~np.isnan(since) & ~np.isnan(months) & ((months > 0) | event)
    return Watched(
        row=row[seen],
        cluster=past.account[row[seen]],
        entry=np.zeros(int(seen.sum())),
        end=np.minimum(months[seen], rules.horizon_months),
        event=(event & (months <= rules.horizon_months))[seen],
        timed=True,
        start=since[seen],
    )


def _first(past: Past, ladder: Ladder, step: Step, before: Step) -> tuple[Ints, Bools, Floats]:
    """Return by unit of ``step`` the row that first reached ``before``, whether, and when.

    An account reaches a step by the first of its leads that does.
    """
    rows, reached, at = ladder.units[before], ladder.reached[before], ladder.at[before]
    own = ladder.units[step]
    if len(rows) == len(own) and bool((rows == own).all()):
        return rows, reached, at
    size = len(past.account_ids)
    there = np.flatnonzero(reached)
    late_first = there[np.argsort(-np.nan_to_num(at[there], nan=np.inf), kind="stable")]
    account = past.account[rows[late_first]]
    row, through, since = own.copy(), np.zeros(size, np.bool_), np.full(size, np.nan)
    row[account], since[account], through[account] = rows[late_first], at[late_first], True
    return row, through, since


def _settled(found: RiskSet, rules: Rules) -> RiskSet:
    """Keep those old enough to be decided, where decisions fall soon.

    By when they came, not by how long they were watched: a decision ends the watching.
    """
    watched = found.watched
    if not watched.timed or not watched.events:
        return found
    soon = float(np.quantile(watched.end[watched.event], _NEARLY_ALL))
    waiting = ~watched.event & (watched.end < rules.horizon_months)
    if soon > rules.decided_days / MONTH_DAYS or not waiting.any():
        return found
    last = float((watched.start + watched.end * MONTH_DAYS)[waiting].max())
    old = (watched.entry <= 0) & (last - watched.start >= soon * MONTH_DAYS)
    event = watched.event & (watched.end <= soon)
    if old.sum() < watched.units / 2 or not 0 < event[old].sum() < old.sum():
        return found
    kept = replace(
        watched, row=watched.row[old], cluster=watched.cluster[old], entry=watched.entry[old],
        end=watched.end[old], event=event[old], start=watched.start[old],
    )  # fmt: skip
    return replace(found, watched=kept, decided=True)
