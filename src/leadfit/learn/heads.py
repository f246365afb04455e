"""The scoring head: what an account's facts say of each step, made for ranking and not for claims.

The same regression as for effects, with the penalty of each fact chosen by the evidence of the
data instead of held small (MacKay 1992, by expectation-maximisation): where facts tell little,
coefficients go to their prior. The prior of a later, rarer step is centred at a multiple of the
earlier step's coefficients, found by the same evidence, so that a few hundred customers can
borrow from many thousand acceptances. Confounders stand at their mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadfit.artifact import Artifact, Head
from leadfit.errors import BadInput, Fault
from leadfit.history import Step
from leadfit.learn import design as columns_of
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Baseline, Fit, Watched, cut, fit, spread
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Ints, Past
from leadfit.learn.result import Presence, Weight
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.watch import watch

_LEAST_EVENTS = 10
_ROUNDS = 12
_SETTLED = 0.02
"""Coefficients that move by less than this between two rounds rank the same."""
_ODDS = 4.0
"""The flag stands from half-way between the average chance and this many times its odds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """One fitted head before it is written down.

    Attributes:
        effects: One coefficient for each level of each fact, in order.
        borrowed: Multiple of the earlier step's coefficients the prior was centred at.
        spread: Standard deviation of coefficients around that prior.
    """

    step: Step
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
) -> tuple[Learned, ...]:
    """Fit a head for each step with enough outcomes, earlier steps first."""
    usable = [levels for levels in facts if not len(levels.known_at)]
    found: list[Learned] = []
    for step in Step:
        if ladder.sources[step] is Presence.MISSING:
            continue
        watched = watch(past, ladder, step, rules)
        if watched.events < _LEAST_EVENTS or watched.events > watched.units - _LEAST_EVENTS:
            continue
        earlier = None if step is Step.CHURNED_AFTER_USE or not found else found[-1].effects
        found.append(_learn(past, step, watched, usable, confounders, earlier, rules))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Columns of one head's fit: what is held aside, then one for each level that varies.

    Attributes:
        aside: Number of columns held aside.
        present: Levels, of all levels of all facts, that have a column.
        fact_of: Number of the fact of each such column.
    """

    values: Floats
    aside: int
    present: Bools
    fact_of: Ints


def _learn(  # noqa: PLR0917 -- one fit from all its parts
    past: Past,
    step: Step,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    earlier: Floats | None,
    rules: Rules,
) -> Learned:
    columns = _columns(past, watched, facts, confounders, rules)
    prior = np.zeros(len(columns.present)) if earlier is None else earlier
    baseline = cut(watched, rules.horizon_months)
    found, multiple, variance = _by_evidence(columns, baseline, prior, rules)
    effects = multiple * prior
    effects[columns.present] = found.beta[columns.aside :]
    total = float(np.exp(found.alpha) @ found.months) if found.timed else 1.0
    return Learned(
        step=step,
        intercept=float(np.log(total)) if found.timed else float(found.alpha[0]),
        effects=effects,
        timed=found.timed,
        borrowed=multiple,
        spread=float(np.sqrt(variance.mean())) if len(variance) else 0.0,
    )


def _by_evidence(
    columns: _Columns, baseline: Baseline, prior: Floats, rules: Rules
) -> tuple[Fit, float, Floats]:
    """Fit, estimate how far coefficients lie from their prior, and fit again until both agree."""
    size = columns.values.shape[1]
    ridge, centre = np.full(size, rules.ridge_confounder), np.zeros(size)
    pulled = prior[columns.present]
    variance, multiple, beta = np.full(len(pulled), 0.05), 0.0, np.full(len(pulled), np.inf)
    start: tuple[Floats, Floats] | None = None
    for last in range(_ROUNDS, 0, -1):
        ridge[columns.aside :] = 1.0 / variance
        centre[columns.aside :] = multiple * pulled
        found = fit(columns.values, baseline, ridge, centre=centre, start=start)
        start = (found.alpha, found.beta)
        noise = spread(found, columns.values, baseline, ridge)[columns.aside :]
        moved = np.abs(found.beta[columns.aside :] - beta).max(initial=0.0)
        beta = found.beta[columns.aside :]
        multiple = _borrow(beta, pulled)
        variance = _variances((beta - multiple * pulled) ** 2 + noise, columns.fact_of, variance)
        if moved < _SETTLED or last == 1:
            return found, multiple, variance
    raise AssertionError(_ROUNDS)


def _columns(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
) -> _Columns:
    held = columns_of.build(past, watched, (), confounders, rules).columns
    blanks, coded, present = _coded(past, watched, facts)
    held = np.concatenate([held, blanks], axis=1)
    held -= held.mean(axis=0)
    sizes = [len(levels.labels) for levels in facts]
    return _Columns(
        values=np.concatenate([held, coded[:, present]], axis=1),
        aside=held.shape[1],
        present=present,
        fact_of=np.repeat(np.arange(len(sizes)), sizes)[present],
    )


def _variances(squares: Floats, fact_of: Ints, before: Floats) -> Floats:
    """Return each coefficient's prior variance: of its own fact, pulled to that of all facts.

    This is the expectation step of a heavy-tailed prior with one degree of freedom: most facts
    mean nothing and are held close, and the few that mean much are let go.
    """
    if not len(squares):
        return squares
    sizes = np.bincount(fact_of)
    common = float(np.clip(1.0 / np.mean(1.0 / before), 1e-4, 1.0))
    own = (common + np.bincount(fact_of, weights=squares)) / (1.0 + sizes)
    return np.asarray(np.clip(own, 1e-4, 4.0)[fact_of])


def _borrow(beta: Floats, prior: Floats) -> float:
    """Return the multiple of ``prior`` nearest to ``beta``; never a reversal."""
    size = float(prior @ prior)
    return float(np.clip(prior @ beta / size, 0.0, 1.5)) if size > 1e-9 else 0.0


def _coded(past: Past, watched: Watched, facts: Sequence[Levels]) -> tuple[Floats, Floats, Bools]:
    """Return blanks, and a column for each level centred at its share among filled leads.

    A blank row is zero in all columns of its fact, so that a blank says nothing: why a value is
    missing may itself be an outcome. What blanks explain is held aside like a confounder.
    """
    parts: list[Floats] = []
    blanks: list[Floats] = []
    for levels in facts:
        codes, blank = levels.codes[watched.row], levels.blank_code
        own = np.eye(len(levels.labels))[codes] - filled_shares(past, levels)
        own[codes == blank] = 0.0
        own[:, blank] = 0.0
        parts.append(own)
        blanks.append((codes == blank).astype(np.float64)[:, None])
    empty = np.empty((watched.units, 0))
    coded = np.concatenate([empty, *parts], axis=1)
    aside = np.concatenate([empty, *blanks], axis=1)
    return aside[:, aside.std(axis=0) > 0], coded, np.asarray(coded.std(axis=0) > 0)


def filled_shares(past: Past, levels: Levels) -> Floats:
    """Return the share of each level among leads with a value; 0 for the blank."""
    codes = levels.codes[: past.leads] if past.leads else levels.codes
    counts = np.bincount(codes, minlength=len(levels.labels)).astype(np.float64)
    counts[levels.blank_code] = 0.0
    return np.asarray(counts / max(1.0, counts.sum()))


# ---- the artifact --------------------------------------------------------------------------


def write(
    past: Past,
    facts: Sequence[Levels],
    heads: Sequence[Learned],
    weights: Mapping[Step, Weight],
    detractor: Weight,
    *,
    learned_from: str,
) -> Artifact:
    """Write the heads down as an artifact.

    Raises:
        BadInput: No step has enough outcomes to learn from.
    """
    usable = [levels for levels in facts if not len(levels.known_at)]
    written = _ladder_heads(past, usable, heads, weights)
    churn = next((head for head in heads if head.step is Step.CHURNED_AFTER_USE), None)
    places = [levels.codes[: past.leads] for levels in usable]
    chances = _chained(written, places)
    return Artifact(
        as_of=past.history.as_of.isoformat(),
        learned_from=learned_from,
        facts=tuple(levels.read for levels in usable),
        heads=tuple(written),
        scale=tuple(round(float(chance.mean()), 9) for chance in chances),
        knots=_knots(),
        detractor=None if churn is None else _head(past, usable, churn, weights),
        # The match is the chance itself, so that a score loses what is to be expected: stretched
        # to reach 1 sooner it cost a fifth of what the best tenth is worth on planted companies.
        detractor_knots=((0.0, 0.0), (1.0, 0.0 if churn is None else 1.0)),
        flag_at=0.5 if churn is None else _flag_from(churn),
        detractor_share=round(detractor.value, 6),
        notes={f"borrowed.{head.step.value}": round(head.borrowed, 6) for head in heads}
        | {f"spread.{head.step.value}": round(head.spread, 6) for head in heads},
    )


def _ladder_heads(
    past: Past, facts: Sequence[Levels], heads: Sequence[Learned], weights: Mapping[Step, Weight]
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
    # A prospect has to be won before it can expand: the chance of both is what it is worth.
    steps = {head.step for head in written}
    won = Step.CONVERTED.value if Step.CONVERTED.value in steps else None
    return [replace(h, given=won) if h.step == Step.EXPANDED.value else h for h in written]


def _head(
    past: Past, facts: Sequence[Levels], head: Learned, weights: Mapping[Step, Weight]
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
        link="hazard" if head.timed else "logit",
        intercept=round(head.intercept, 9),
        coefficients=tuple(rows),
        weight=round(weights[head.step].value, 6) if head.step in LADDER else 0.0,
    )


def _knots() -> tuple[tuple[float, float], ...]:
    """Return the map from relative worth to points: the average is 50, twice it is 80."""
    worth = np.exp(np.linspace(np.log(0.1), np.log(10.0), 41))
    points = 100.0 * worth**2 / (1.0 + worth**2)
    inner = [(round(float(x), 6), round(float(y), 6)) for x, y in zip(worth, points, strict=True)]
    return ((0.0, 0.0), *inner, (100.0, 100.0))


def _flag_from(churn: Learned) -> float:
    """Return the chance of churn after use from which an account is flagged."""
    eta = min(30.0, max(-30.0, churn.intercept))
    average = float(-np.expm1(-np.exp(eta)) if churn.timed else 1 / (1 + np.exp(-eta)))
    average = min(max(average, 1e-6), 1 - 1e-6)
    odds = _ODDS * average / (1 - average)
    return round((average + odds / (1 + odds)) / 2, 6)


def score_rows(artifact: Artifact, facts: Sequence[Levels]) -> tuple[Floats, Floats]:
    """Return the score and the detractor match of every row of the past at once.

    The same figures as :func:`leadfit.artifact.evaluate`, up to rounding.
    """
    used = {fact.name for fact in artifact.facts}
    places = [levels.codes for levels in facts if levels.name in used]
    total = sum(head.weight for head in artifact.heads)
    worth = np.zeros(len(places[0]) if places else 1)
    chances = _chained(artifact.heads, places)
    for head, scale, chance in zip(artifact.heads, artifact.scale, chances, strict=True):
        worth += head.weight / total / scale * chance
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
