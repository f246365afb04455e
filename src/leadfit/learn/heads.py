"""The scoring head: what an account's facts say of each step, made for ranking and not for claims.

Each step is asked of those who reached the one before (:mod:`leadfit.learn.risk_sets`), with the
penalty of each fact chosen by the evidence (:mod:`leadfit.learn.shrinkage`). What an account is
worth follows from the furthest steps: the chance to be won, times what a customer is worth, which
is more by the chance that it expands and less by the chance that it leaves after use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.artifact import Artifact, Head
from leadfit.errors import BadInput, Fault
from leadfit.history import Step
from leadfit.learn import design as columns_of
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Watched, cut
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import Presence, Weight
from leadfit.learn.risk_sets import RiskSet, risk_set
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.shrinkage import fit_shrunk
from leadfit.learn.watch import AFTER_WIN

_LEAST_EVENTS = 10
_LEAST_UNITS = 5
_BORROWS_BELOW = 1000
"""With more outcomes than this a step tells more of itself than the one before does."""
_FLAGGED = 2.5
"""An account is flagged from so many times the average lead's odds of churn after use.

Where one customer in seven leaves in a year, that is twice as often as the average. From 1.75 times
on outbound would lose twice as much of its best tenth, from 3.25 times on every fourth of those
found would be missed (``benchmarks/learn_flag.py``).
"""
_LEAST_AVERAGE = 1e-6
_FOLLOWS = frozenset({"region", "rep_id", "tier", "score"})
"""What follows from the account itself: it would be decided alike for the next one like it."""
_LEAST_KEPT = 0.2
"""A customer that never expands is worth at least this share of one that does."""
_BEST = 0.995
"""The lead better than this share of all has ``_BEST_POINTS``, which leaves room for better."""
_BEST_POINTS = 90.0
_FINE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedHead:
    """One fitted head before it is written down.

    Attributes:
        given: The step that everyone it was learned from had reached, or ``None``.
        effects: One coefficient for each level of each fact, in order.
        borrowed: Multiple of the earlier step's coefficients the prior was centred at.
        spread: Standard deviation of coefficients around that prior.
    """

    step: Step
    given: Step | None
    intercept: float
    effects: Floats
    timed: bool
    borrowed: float
    spread: float


def learn_heads(
    past: Past,
    ladder: Ladder,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> tuple[FittedHead, ...]:
    """Fit a head for each step with enough outcomes, earlier steps first."""
    usable = [levels for levels in facts if not len(levels.known_at)]
    found: dict[Step, FittedHead] = {}
    for step in Step:
        if ladder.sources[step] is Presence.MISSING:
            continue
        learned = {each: head.given for each, head in found.items()}
        at_risk = risk_set(past, ladder, step, learned, rules, least=_LEAST_EVENTS)
        events = at_risk.watched.events
        if _LEAST_EVENTS <= events <= at_risk.watched.units - _LEAST_EVENTS:
            borrows = at_risk.given is not None and events < _BORROWS_BELOW
            earlier = found[at_risk.given].effects if borrows and at_risk.given else None
            found[step] = _learn(past, at_risk, usable, confounders, earlier, rules)
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Columns of one head's fit: what is held aside, then one for each level that is told apart.

    Attributes:
        aside: Number of columns held aside.
        present: Levels, of all levels of all facts, that have a column.
        fact_of: Number of the fact of each further column, from 0 without gaps; each blank, which
            comes behind all levels, is one of its own.
    """

    values: Floats
    aside: int
    present: Bools
    fact_of: Ints


def _learn(  # noqa: PLR0917 -- one fit from all its parts
    past: Past,
    at_risk: RiskSet,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    earlier: Floats | None,
    rules: Rules,
) -> FittedHead:
    columns = _columns(past, at_risk.watched, facts, confounders, rules)
    prior = np.zeros(len(columns.present)) if earlier is None else earlier
    shrunk = fit_shrunk(
        columns.values,
        cut(at_risk.watched, rules.horizon_months, decided=at_risk.decided),
        aside=columns.aside,
        ridge_aside=rules.ridge_confounder,
        fact_of=columns.fact_of,
        prior=np.pad(
            prior[columns.present], (0, len(columns.fact_of) - int(columns.present.sum()))
        ),
    )
    found, variance = shrunk.found, shrunk.variance
    effects = shrunk.borrowed * prior
    own = found.beta[columns.aside :]
    effects[columns.present] = own[: int(columns.present.sum())]
    total = float(np.exp(found.alpha) @ found.months) if found.timed else 1.0
    return FittedHead(
        step=at_risk.step,
        given=at_risk.given,
        intercept=float(np.log(total)) if found.timed else float(found.alpha[0]),
        effects=effects,
        timed=found.timed,
        borrowed=shrunk.borrowed,
        spread=float(np.sqrt(variance.mean())) if len(variance) else 0.0,
    )


def _columns(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> _Columns:
    blanks, coded, present = _coded(past, watched, facts)
    held = _held(past, watched, facts, confounders, rules)
    sizes = [len(levels.labels) for levels in facts]
    fact_of = np.unique(np.repeat(np.arange(len(sizes)), sizes)[present], return_inverse=True)[1]
    facts_told = int(fact_of.max(initial=-1)) + 1
    return _Columns(
        values=np.concatenate(
            [held - held.mean(axis=0), coded[:, present], blanks - blanks.mean(axis=0)], axis=1
        ),
        aside=held.shape[1],
        present=present,
        fact_of=np.concatenate([fact_of, facts_told + np.arange(blanks.shape[1])]),
    )


def _held(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> Floats:
    """Return how an account was met, which stands at its mean in a score.

    Region, rep, tier and score are left to the facts they follow from. Of their cells with a
    channel only what is left beside themselves is held.
    """
    met = [levels for levels in confounders if levels.name not in _FOLLOWS]
    held = columns_of.build(past, watched, (), met, rules).columns
    if len(met) == len(confounders):
        return np.asarray(held)
    alone = columns_of.build(past, watched, (), confounders, rules)
    whole = columns_of.build(past, watched, facts, confounders, rules)
    cells = whole.columns[:, alone.confounders : whole.confounders]
    if not cells.shape[1]:
        return np.asarray(held)
    mains = np.concatenate([np.ones((watched.units, 1)), alone.columns], axis=1)
    return np.concatenate([held, cells - mains @ np.linalg.lstsq(mains, cells)[0]], axis=1)


def _coded(past: Past, watched: Watched, facts: Sequence[Levels]) -> tuple[Floats, Floats, Bools]:
    """Return blanks, a column for each level centred at its share among filled leads, and which.

    A blank row is zero in all columns of its fact, so that a blank says nothing: why a value is
    missing may itself be an outcome. What blanks explain has columns that no score reads.
    """
    parts: list[Floats] = []
    blanks: list[Floats] = []
    told: list[Bools] = []
    for levels in facts:
        codes, blank = levels.codes[watched.row], levels.blank_code
        own = np.eye(len(levels.labels))[codes] - filled_shares(past, levels)
        own[codes == blank] = 0.0
        parts.append(own)
        blanks.append((codes == blank).astype(np.float64)[:, None])
        told.append(_told_apart(codes, len(levels.labels), blank))
    empty = np.empty((watched.units, 0))
    coded = np.concatenate([empty, *parts], axis=1)
    aside = np.concatenate([empty, *blanks], axis=1)
    present = np.concatenate([np.zeros(0, np.bool_), *told])
    return aside[:, aside.std(axis=0) > 0], coded, present


def _told_apart(codes: Ints, labels: int, blank: int) -> Bools:
    """Return the levels with a column: those enough units carry; of two only the rarer."""
    counts = np.bincount(codes, minlength=labels)
    counts[blank] = 0
    told = np.asarray(counts >= _LEAST_UNITS)
    if told.sum() < 2:
        return np.zeros(labels, np.bool_)
    if told.sum() == 2:
        told[int(np.argmax(counts))] = False
    return told


def filled_shares(past: Past, levels: Levels) -> Floats:
    """Return the share of each level among leads with a value; 0 for the blank."""
    counts = np.bincount(_codes(past, levels), minlength=len(levels.labels)).astype(np.float64)
    counts[levels.blank_code] = 0.0
    return np.asarray(counts / max(1.0, counts.sum()))


def _codes(past: Past, levels: Levels) -> Ints:
    """Return the level of each lead; of each account where the past has no leads."""
    return levels.codes[: past.leads] if past.leads else levels.codes


def write(
    past: Past,
    facts: Sequence[Levels],
    heads: Sequence[FittedHead],
    weights: Mapping[Step, Weight],
    detractor: Weight,
    *,
    learned_from: str,
    rules: Rules | None = None,
) -> Artifact:
    """Write the heads down as an artifact.

    Raises:
        BadInput: No step has enough outcomes to learn from.
    """
    usable = [levels for levels in facts if not len(levels.known_at)]
    written = _ladder_heads(past, usable, heads, weights)
    churn = next((head for head in heads if head.step is Step.CHURNED_AFTER_USE), None)
    rows = [_codes(past, levels) for levels in usable]
    chances = _chained(written, rows)
    worth = _worth(written, chances, weights)
    value = np.sum([part * chance for part, chance in zip(worth, chances, strict=True)], axis=0)
    knots = _leaving(churn, rules or Rules())
    detracts = None if churn is None else _head(past, usable, churn, weights)
    flag = 0.5
    if detracts is not None:
        flag = float(_lines(_flag_from(_of_rows(detracts, rows)), knots))
    return Artifact(
        as_of=past.history.as_of.isoformat(),
        learned_from=learned_from,
        facts=tuple(levels.read for levels in usable),
        heads=tuple(written),
        worth=worth,
        knots=_knots(value),
        detractor=detracts,
        detractor_knots=knots,
        flag_at=round(flag, 6),
        detractor_share=round(detractor.value, 6),
        notes={f"borrowed.{head.step.value}": round(head.borrowed, 6) for head in heads}
        | {f"spread.{head.step.value}": round(head.spread, 6) for head in heads},
    )


def _ladder_heads(
    past: Past, facts: Sequence[Levels], heads: Sequence[FittedHead], weights: Mapping[Step, Weight]
) -> list[Head]:
    written = [_head(past, facts, head, weights) for head in heads if head.step in LADDER]
    if not written:
        raise BadInput(
            Fault(
                place="history.events",
                came="no ladder step with outcomes and failures",
                allowed=f"at least {_LEAST_EVENTS} units that reached a step and as many that did "
                "not",
            )
        )
    return written


def _worth(
    heads: Sequence[Head], chances: Sequence[Floats], weights: Mapping[Step, Weight]
) -> tuple[float, ...]:
    """Return what a chance of one of each head adds, so that the average lead is worth one.

    The signal weight of a win is the worth of all customers, of whom some expand. Taken apart, a
    customer that does not is worth what is left, and expanding adds the rest; the steps before
    count by leading to the win.
    """
    steps = [Step(head.step) for head in heads]
    before = [n for n, step in enumerate(steps) if step not in AFTER_WIN]
    parts = np.zeros(len(heads))
    if not before or Step.EXPANDED not in steps:
        parts[-1] = 1.0
    else:
        last, after = before[-1], steps.index(Step.EXPANDED)
        expands = float(chances[after].mean() / max(1e-9, chances[last].mean()))
        ratio = weights[steps[last]].value / weights[Step.EXPANDED].value
        stays = (ratio - expands) / max(1e-9, 1.0 - expands)
        parts[last] = min(1.0, max(_LEAST_KEPT, stays))
        parts[after] = 1.0 - parts[last]
    mean = sum(float(part * chance.mean()) for part, chance in zip(parts, chances, strict=True))
    return tuple(round(float(part) / max(1e-9, mean), 9) for part in parts)


def _leaving(churn: FittedHead | None, rules: Rules) -> tuple[tuple[float, float], ...]:
    """Return the map from the chance of churn within the horizon to the detractor match.

    The match is the chance to leave while value is still counted, so that a score loses what is
    to be expected: the share taken away is that of a customer who left within that time.
    """
    if churn is None:
        return ((0.0, 0.0), (1.0, 0.0))
    if not churn.timed:
        return ((0.0, 0.0), (1.0, 1.0))
    stretch = max(1.0, rules.value_months / rules.horizon_months)
    chance = np.linspace(0.0, 1.0, round(1.0 / _FINE) + 1)
    match = 1.0 - (1.0 - chance) ** stretch
    return tuple(
        (round(float(x), 6), round(float(y), 6)) for x, y in zip(chance, match, strict=True)
    )


def _head(
    past: Past, facts: Sequence[Levels], head: FittedHead, weights: Mapping[Step, Weight]
) -> Head:
    rows: list[tuple[float, ...]] = []
    at = 0
    for levels in facts:
        size = len(levels.labels)
        own = head.effects[at : at + size]
        middle = float(filled_shares(past, levels) @ own)
        centred = [round(float(value) - middle, 9) for value in own]
        centred[levels.blank_code] = 0.0
        rows.append(tuple(centred))
        at += size
    return Head(
        step=head.step.value,
        given=None if head.given is None else head.given.value,
        link="hazard" if head.timed else "logit",
        intercept=round(head.intercept, 9),
        coefficients=tuple(rows),
        weight=round(weights[head.step].value, 6) if head.step in LADDER else 0.0,
    )


def _knots(values: Floats) -> tuple[tuple[float, float], ...]:
    """Return the map from worth to points: in proportion, up to what the best leads are worth.

    Any bend would weigh the detractor match, which takes its share of points, more among the best
    than it costs.
    """
    best = float(np.quantile(values, _BEST)) if len(values) else 1.0
    return ((0.0, 0.0), (round(max(best, 1e-6) * 100.0 / _BEST_POINTS, 6), 100.0))


def _flag_from(chances: Floats) -> Floats:
    """Return the chance of churn after use from which an account is flagged."""
    average = min(max(float(chances.mean()), _LEAST_AVERAGE), 1.0 - _LEAST_AVERAGE)
    odds = _FLAGGED * average / (1.0 - average)
    return np.asarray(odds / (1.0 + odds))


def score_rows(artifact: Artifact, facts: Sequence[Levels]) -> tuple[Floats, Floats]:
    """Return the score and the detractor match of every row of the past at once.

    The same figures as :func:`leadfit.artifact.evaluate`, up to rounding.
    """
    used = {fact.name for fact in artifact.facts}
    places = [levels.codes for levels in facts if levels.name in used]
    worth = np.zeros(len(places[0]) if places else 1)
    chances = _chained(artifact.heads, places)
    for part, chance in zip(artifact.worth, chances, strict=True):
        worth += part * chance
    points = _lines(worth, artifact.knots)
    match = np.zeros(len(worth))
    if artifact.detractor is not None:
        match = _lines(_of_rows(artifact.detractor, places), artifact.detractor_knots)
    return points * (1.0 - artifact.detractor_share * match), match


def _chained(heads: Sequence[Head], places: Sequence[Ints]) -> list[Floats]:
    """Return the chance of each head for each row, times that of the step it is given."""
    found: dict[str, Floats] = {}
    for head in heads:
        chance = _of_rows(head, places)
        found[head.step] = chance if head.given is None else chance * found[head.given]
    return [found[head.step] for head in heads]


def _lines(values: Floats, knots: Sequence[tuple[float, float]]) -> Floats:
    table = np.array(knots)
    return np.asarray(np.interp(values, table[:, 0], table[:, 1]))


def _of_rows(head: Head, places: Sequence[Ints]) -> Floats:
    eta = np.full(len(places[0]) if places else 1, head.intercept)
    for row, codes in zip(head.coefficients, places, strict=True):
        eta += np.array(row)[codes]
    eta = np.clip(eta, -30.0, 30.0)
    return np.asarray(-np.expm1(-np.exp(eta)) if head.link == "hazard" else 1 / (1 + np.exp(-eta)))
