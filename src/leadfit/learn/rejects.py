"""Rejections that the score does not expect: segments nobody has weighted yet.

Each value of each fact is held against the score: among leads of the same tenth of the score and
the same quarter, are more of this value rejected, or rejected for this reason, than chance gives?
The test is exact, conditional on the numbers in each stratum (Birch 1964; Mehta, Patel and Gray
1985), and false discoveries are held by Benjamini and Hochberg over all values and reasons tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from leadfit.artifact import Artifact
from leadfit.history import History, Step, column_of
from leadfit.learn import leaks
from leadfit.learn.drift.scored import score_past
from leadfit.learn.drift.streams import months_of, rejected
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, Ints, Past, numbers, read_past
from leadfit.learn.rules import Rules
from leadfit.records import Kind

_DEFAULT = Rules()
_STRATA = 10
_LEAST_UNITS = 20
_LEAST_REASON = 20
_MOST_REASONS = 12
ANY = "any reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedSegment:
    """A value of a fact that is rejected more than the score says.

    Attributes:
        reason: The reason tested, or ``any reason``.
        decided: Leads with this value that were accepted or rejected.
        rejected: Of these, rejected (for this reason).
        expected: How many would have been by score and quarter alone.
        top_reason: The reason given most, with how often.
        words: The finding in one sentence.
    """

    fact: str
    value: str
    reason: str
    decided: int
    rejected: int
    expected: float
    p_value: float
    q_value: float
    top_reason: tuple[str, int] | None
    words: str


def rejections(
    history: History,
    artifact_or_scores: Artifact | Mapping[str, float] | None = None,
    *,
    rules: Rules = _DEFAULT,
) -> tuple[RejectedSegment, ...]:
    """Return segments that sales reject more than their score says, the surest first.

    Args:
        history: The past, as for :func:`leadfit.learn.benchmark`.
        artifact_or_scores: The score in use: an artifact, scores by lead id, or nothing for the
            ``score`` column.
        rules: Rate of false discoveries, how facts are read.
    """
    past = read_past(history)
    ladder = climb(past)
    score = _scores(past, artifact_or_scores)
    no, no_at = rejected(past)
    yes = ladder.reached[Step.ACCEPTED]
    no &= ~yes
    at = np.where(no, no_at, ladder.at[Step.ACCEPTED])
    rows = np.flatnonzero((yes | no) & ~np.isnan(score))
    if len(rows) < 2 * _LEAST_UNITS or not no[rows].any():
        return ()
    strata = _strata(score[rows], at[rows])
    reasons = _reasons(past)
    confounders = read_confounders(past, rules)
    screened = leaks.screen(past, ladder, read_facts(past, rules), confounders, rules)
    channels = [each for each in confounders if each.name in {"source", "region"}]
    found = [
        each
        for name, hit in _outcomes(no[rows], [reasons[row] for row in rows])
        for levels in (*screened.usable, *channels)
        for each in _tested(levels, levels.codes[rows], name, hit, strata)
    ]
    if not found:
        return ()
    q_values = stats.false_discovery_control([each.p_value for each in found])
    named = [
        _named(each, float(q), rows, no[rows], reasons)
        for each, q in zip(found, q_values, strict=True)
        if q <= rules.false_discovery_rate
    ]
    return tuple(sorted(named, key=lambda e: (e.q_value, e.p_value, e.fact, e.value, e.reason)))


def _scores(past: Past, given: Artifact | Mapping[str, float] | None) -> Floats:
    if isinstance(given, Artifact):
        return score_past(past, given)[: past.leads]
    if given is None:
        return numbers(column_of(past.history.leads, "score"))
    ids = column_of(past.history.leads, "lead_id")
    return np.array([given.get(str(item), np.nan) for item in ids], dtype=np.float64)


def _strata(score: Floats, at: Floats) -> Ints:
    """Return the stratum of each lead: tenth of the score by quarter of the decision."""
    edges = np.unique(np.quantile(score, np.arange(1, _STRATA) / _STRATA))
    tenth = np.searchsorted(edges, score, side="right")
    known = ~np.isnan(at)
    quarter = np.zeros(len(at), np.int64)
    quarter[known] = months_of(at[known]) // 3
    _, place = np.unique(quarter * (_STRATA + 1) + tenth, return_inverse=True)
    return np.asarray(place, np.int64)


def _reasons(past: Past) -> list[str]:
    """Return the latest reason of rejection of each lead, blank where none was given."""
    table = past.history.events
    place = {str(item): n for n, item in enumerate(column_of(past.history.leads, "lead_id"))}
    found = [""] * past.leads
    events = zip(
        column_of(table, "kind"),
        column_of(table, "lead_id"),
        column_of(table, "reason"),
        strict=True,
    )
    for kind, lead, reason in events:
        if kind == Kind.REJECTED.value and reason is not None and str(lead) in place:
            found[place[str(lead)]] = str(reason).strip()
    return found


def _outcomes(no: Bools, reasons: Sequence[str]) -> list[tuple[str, Bools]]:
    counts = Counter(reason for reason, hit in zip(reasons, no, strict=True) if hit and reason)
    common = [name for name, many in counts.most_common(_MOST_REASONS) if many >= _LEAST_REASON]
    named = np.array(reasons, dtype=object)
    return [(ANY, no), *((name, no & (named == name)) for name in common)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """One value and reason with its exact p-value."""

    levels: Levels
    code: int
    reason: str
    decided: int
    hits: int
    expected: float
    p_value: float


def _tested(levels: Levels, codes: Ints, reason: str, hit: Bools, strata: Ints) -> list[_Tested]:
    size = int(strata.max()) + 1
    total = np.bincount(strata, minlength=size)
    hits = np.bincount(strata, weights=hit, minlength=size).astype(np.int64)
    found: list[_Tested] = []
    for code in levels.shown:
        mine = codes == code
        own = np.bincount(strata[mine], minlength=size)
        if own.sum() < _LEAST_UNITS or own.sum() == total.sum():
            continue
        seen = int(hit[mine].sum())
        expected = float((own * hits / np.maximum(total, 1)).sum())
        found.append(
            _Tested(
                levels=levels,
                code=code,
                reason=reason,
                decided=int(own.sum()),
                hits=seen,
                expected=expected,
                # At or below expectation the exact chance is large; 1 is on the safe side.
                p_value=exact(total, hits, own, seen) if seen > expected else 1.0,
            )
        )
    return found


def exact(total: Ints, hits: Ints, own: Ints, seen: int) -> float:
    """Return the chance of at least ``seen`` hits among one's own, all margins held.

    Args:
        total: Units by stratum.
        hits: Hits by stratum.
        own: Own units by stratum.
        seen: Own hits, all strata together.

    >>> round(exact(np.array([4]), np.array([2]), np.array([2]), 2), 4)
    0.1667
    """
    sure = 0
    chances = np.ones(1)
    for size, many, mine in zip(total, hits, own, strict=True):
        low, high = max(0, mine + many - size), min(mine, many)
        sure += int(low)
        if high > low:
            chances = np.convolve(chances, _spread(int(size), int(many), int(mine), low, high))
    place = seen - sure
    if place <= 0:
        return 1.0
    return float(min(1.0, chances[place:].sum())) if place < len(chances) else 0.0


def _spread(size: int, many: int, mine: int, low: int, high: int) -> Floats:
    """Return the hypergeometric chances of ``low`` to ``high`` hits among one's own."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    hit = np.arange(low, high + 1)
    ways = logs[many] - logs[hit] - logs[many - hit]
    rest = logs[size - many] - logs[mine - hit] - logs[size - many - mine + hit]
    return np.asarray(np.exp(ways + rest - logs[size] + logs[mine] + logs[size - mine]))


def _named(
    each: _Tested, q_value: float, rows: Ints, no: Bools, reasons: Sequence[str]
) -> RejectedSegment:
    mine = (each.levels.codes[rows] == each.code) & no
    given = Counter(reasons[row] for row in rows[mine] if reasons[row])
    top = given.most_common(1)[0] if given else None
    label = each.levels.labels[each.code]
    by = "" if each.reason == ANY else f' for the reason "{each.reason}"'
    said = "" if top is None or by else f' The reason given most is "{top[0]}", {top[1]:,} times.'
    return RejectedSegment(
        fact=each.levels.name,
        value=label,
        reason=each.reason,
        decided=each.decided,
        rejected=each.hits,
        expected=each.expected,
        p_value=each.p_value,
        q_value=q_value,
        top_reason=top,
        words=f"{each.levels.name} = {label}: {each.hits:,} of {each.decided:,} were rejected{by} "
        f"where their score makes one expect {each.expected:,.0f}.{said}",
    )
