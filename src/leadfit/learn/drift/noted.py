"""What customer success writes: segments whose customers it worries about more than about others.

Nobody compares this with a score. Notes of trouble come months before churn, and a segment that
does not find value is named here while its leads still look ideal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import stats

from leadfit.history import Step, column_of
from leadfit.learn.drift.result import DriftRules, NotedSegment
from leadfit.learn.facts import Levels
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Ints, Past
from leadfit.records import Kind

_RECENT_DAYS = 183.0
_LEAST_NOTED = 5


def worried(
    past: Past, ladder: Ladder, facts: Sequence[Levels], rules: DriftRules
) -> tuple[NotedSegment, ...]:
    """Return the segments that are noted more than the rest of the customers, surest first.

    Args:
        past: The history as arrays; a ``health_note`` whose value is blank or below zero is one
            of trouble. Only its ``reason`` is read, never its text.
        ladder: Who became a customer, and who left.
        facts: Whose values are candidates; all of them count in the correction.
        rules: Rate of false discoveries.

    The test is exact (hypergeometric): as many customers of the segment or more are noted, had
    the notes fallen on customers of all segments alike.
    """
    row, noted = _customers(past, ladder)
    if int(noted.sum()) < _LEAST_NOTED or noted.all():
        return ()
    found: list[tuple[float, Levels, int, Bools]] = []
    for levels in facts:
        codes = levels.codes[row]
        for code in levels.shown:
            mine = codes == code
            if min(int(mine.sum()), int((~mine).sum())) < rules.least_noted:
                continue
            drawn = int((noted & mine).sum()) - 1
            p = stats.hypergeom.sf(drawn, len(row), int(noted.sum()), int(mine.sum()))
            found.append((float(p), levels, code, mine))
    if not found:
        return ()
    q_values = stats.false_discovery_control([p for p, *_ in found])
    named = [
        _segment(past, row, levels, code, mine, noted, float(q))
        for q, (_, levels, code, mine) in zip(q_values, found, strict=True)
        if q <= rules.false_discovery_rate
    ]
    return tuple(sorted(named, key=lambda each: (each.q_value, each.fact, each.value)))


def _customers(past: Past, ladder: Ladder) -> tuple[Ints, Bools]:
    """Return the row of each customer of the last half year, and whether trouble was noted."""
    won_at, left_at = ladder.at[Step.CONVERTED], ladder.left_at
    since = past.as_of - _RECENT_DAYS
    there = ladder.reached[Step.CONVERTED] & ~(left_at < since) & ~(won_at > past.as_of)
    row = ladder.units[Step.CONVERTED][there]
    marks = past.marks(Kind.HEALTH_NOTE)
    trouble = (marks.at > since) & (marks.at <= past.as_of) & ~(marks.value >= 0)
    noted = np.zeros(len(past.account_ids), np.bool_)
    noted[marks.account[trouble]] = True
    return row, noted[past.account[row]]


def _segment(  # noqa: PLR0917 -- all that is said of it
    past: Past,
    row: Ints,
    levels: Levels,
    code: int,
    mine: Bools,
    noted: Bools,
    q_value: float,
) -> NotedSegment:
    elsewhere = float(noted[~mine].mean())
    reason = _reason(past, {past.account_ids[n] for n in past.account[row[mine & noted]]})
    value, hits = levels.labels[code], int((noted & mine).sum())
    said = "" if reason is None else f' The reason given most is "{reason}".'
    return NotedSegment(
        fact=levels.name,
        value=value,
        customers=int(mine.sum()),
        noted=hits,
        elsewhere=elsewhere,
        reason=reason,
        q_value=q_value,
        words=f"{levels.name} = {value}: customer success noted trouble at {hits:,} of "
        f"{int(mine.sum()):,} customers in the last half year, {hits / mine.sum():.0%}; "
        f"{elsewhere:.0%} of the others.{said}",
    )


def _reason(past: Past, accounts: set[str]) -> str | None:
    """Return the reason noted most at these accounts; of equals the first by name."""
    events = past.history.events
    names = ("kind", "account_id", "reason")
    rows = zip(*(column_of(events, name) for name in names), strict=True)
    counted = Counter(
        str(reason)
        for kind, account, reason in rows
        if kind == Kind.HEALTH_NOTE.value and reason and str(account) in accounts
    )
    return min(counted, key=lambda each: (-counted[each], each)) if counted else None
