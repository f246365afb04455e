"""Learning Model C: fit early, calibrate later, judge on the latest fifth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as default

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.errors import BadInput
from leadfit.history import History, Notice, Step
from leadfit.learn import leaks
from leadfit.learn.cross_fitting import of_rows, without
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.heads import learn_heads, score_rows, write
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.logistic import fit_logistic, sigmoid
from leadfit.learn.model_c.judging import judge
from leadfit.learn.model_c.rows import LeadMoments, channel_records, moments
from leadfit.learn.past import Bools, Floats, Ints, Past, date, read_past
from leadfit.learn.result import Presence, Weight
from leadfit.learn.rules import LADDER, MONTH_DAYS, Rules
from leadfit.propensity import HoldOut, Measured, PropensityModel

_RIDGES = (1.0, 10.0, 100.0)
_FOLDS = 3
_LEAST_WINS = 30
_SEED = 20240301


@dataclass(frozen=True, slots=True, kw_only=True)
class PropensityRules:
    """Windows of Model C.

    Attributes:
        learner: How the history is read.
        window_days: A win counts within this time.
        after_days: A lead is looked at so many days after creation, while it is open.
        half_life_days: Of engagement.
        least_months: Below this much history no model is made.
        hold_out: Share of matured rows, the latest, that only judge.
        later_slice: Share of the rows before them, the latest, that calibrate.
    """

    learner: Rules = default(default_factory=Rules)
    window_days: float = 90.0
    after_days: tuple[float, ...] = (0.0, 14.0)
    half_life_days: float = 14.0
    least_months: float = 12.0
    hold_out: float = 0.20
    later_slice: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class PropensityFindings:
    """A model, or why there is none.

    Attributes:
        rows: Moments of leads with a known answer.
        wins: Of these.
        censored: Moments too young to have one; they are no failures and teach nothing yet.
        months: Months of history.
    """

    model: PropensityModel | None
    rows: int
    wins: int
    censored: int
    months: float
    notices: tuple[Notice, ...] = ()


_DEFAULT = PropensityRules()


def propensity(history: History, *, rules: PropensityRules = _DEFAULT) -> PropensityFindings:
    """Learn the chance that a lead is won within ninety days.

    Args:
        history: The past, as for :func:`leadfit.learn.benchmark`.
        rules: Windows.

    Returns:
        The model with its report on the latest fifth of the history. Without a year of history
        or thirty wins to learn from, and as many to judge by, there is no model and a notice.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        past = read_past(history)
        climbed = climb(past)
        if not history.times_known or climbed.sources[Step.CONVERTED] is Presence.MISSING:
            return _none(0.0, "no_wins", "No dated wins are recorded, so none can be foretold.")
        created = past.created[: past.leads]
        dated = created[~np.isnan(created)]
        months = float(past.as_of - dated.min()) / MONTH_DAYS if len(dated) else 0.0
        if months < rules.least_months:
            return _none(
                months,
                "too_little_history",
                f"{months:.1f} months of history are recorded; the chance of a win within "
                f"{rules.window_days:.0f} days needs at least {rules.least_months:.0f}.",
            )
        rows = moments(past, climbed, rules.after_days, rules.window_days, rules.half_life_days)
        return _learn(past, climbed, rows, months, rules)


def _none(
    months: float, code: str, message: str, rows: LeadMoments | None = None
) -> PropensityFindings:
    return PropensityFindings(
        model=None,
        rows=0 if rows is None else int(rows.matured.sum()),
        wins=0 if rows is None else int((rows.won & rows.matured).sum()),
        censored=0 if rows is None else int((~rows.matured).sum()),
        months=months,
        notices=(Notice(code=code, field=None, message=message, evidence={"months": months}),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Rows to fit on, to calibrate on, and to judge by, in the order of time."""

    fit: Bools
    later: Bools
    held: Bools
    held_from: float


def _parts(rows: LeadMoments, rules: PropensityRules) -> _Parts:
    """Part rows by time; no answer used for learning came after the hold-out begins."""
    times = rows.at[rows.matured]
    held_from = float(np.quantile(times, 1 - rules.hold_out)) if len(times) else np.inf
    told = rows.matured & (rows.at + rules.window_days <= held_from)
    early = rows.at[told]
    later_from = float(np.quantile(early, 1 - rules.later_slice)) if len(early) else np.inf
    return _Parts(
        fit=told & (rows.at < later_from),
        later=told & (rows.at >= later_from),
        held=rows.matured & (rows.at >= held_from),
        held_from=held_from,
    )


def _learn(
    past: Past, ladder: Ladder, rows: LeadMoments, months: float, rules: PropensityRules
) -> PropensityFindings:
    parts = _parts(rows, rules)
    wins = [int(rows.won[mask].sum()) for mask in (parts.fit | parts.later, parts.held)]
    if wins[0] < _LEAST_WINS or wins[1] < 5 or not rows.won[parts.later].any():
        message = f"{wins[0]} wins to learn from and {wins[1]} to judge by are too few."
        return _none(months, "too_few_wins", message, rows)
    facts = _facts(past, ladder, rules.learner)
    icp = icp_out_of_fold(past, facts, parts.held_from, rules.learner)
    measured = rows.measured | {"icp_score": icp[rows.row]}
    made = _fit(facts, rows, measured, parts)
    raw = made.intercept + made.raw
    shift, slope = _calibrate(raw[parts.later], rows.won[parts.later])
    chance = sigmoid(shift + slope * raw)
    model = PropensityModel(
        as_of=past.history.as_of.isoformat(),
        window_days=rules.window_days,
        half_life_days=rules.half_life_days,
        intercept=round(made.intercept, 9),
        facts=tuple(levels.read for levels in facts),
        weights=made.weights,
        measured=made.measured,
        calibration=(round(shift, 9), round(slope, 9)),
        hold_out=_judged(past, rows, parts, chance),
        months=round(months, 3),
        channels=channel_records(past, ladder, rules.window_days),
    )
    return PropensityFindings(
        model=model,
        rows=int(rows.matured.sum()),
        wins=int((rows.won & rows.matured).sum()),
        censored=int((~rows.matured).sum()),
        months=months,
    )


def _judged(past: Past, rows: LeadMoments, parts: _Parts, chance: Floats) -> HoldOut:
    """Return how the model does on what it has not seen."""
    held = parts.held
    rng = np.random.default_rng(_SEED + int(held.sum()))
    since = date(parts.held_from).isoformat()
    return judge(chance[held], rows.won[held], past.account[rows.row[held]], since, rng)


def _facts(past: Past, ladder: Ladder, rules: Rules) -> tuple[Levels, ...]:
    """Return facts that were known when the lead came."""
    every, confounders = read_facts(past, rules), read_confounders(past, rules)
    usable = leaks.screen(past, ladder, every, confounders, rules).usable
    return tuple(levels for levels in usable if not len(levels.known_at))


def icp_out_of_fold(past: Past, facts: Sequence[Levels], held_from: float, rules: Rules) -> Floats:
    """Return an ICP score of each row by a profile that never saw the row's own outcomes.

    Before ``held_from`` the accounts are dealt into folds and each is scored by a profile of the
    others; from then on by a profile of all that came before. No profile saw a later outcome.
    """
    early = replace(
        past,
        as_of=held_from,
        history=replace(past.history, as_of=date(held_from)),
    )
    fold = _dealt(past)[past.account]
    found = np.full(past.rows, 50.0)
    new = ~(past.created < held_from)
    for one in range(_FOLDS):
        inside = fold == one
        kept = [of_rows(levels, ~inside) for levels in facts]
        scores = _profile(without(early, inside), kept, facts, rules)
        mine = inside & ~new
        if scores is not None:
            found[mine] = scores[mine]
    scores = _profile(early, facts, facts, rules)
    if scores is not None:
        found[new] = scores[new]
    return found


def _dealt(past: Past) -> Ints:
    """Return the fold of each account; by its place, which says nothing of its outcome."""
    return np.asarray(np.arange(len(past.account_ids)) * 2654435761 % 4294967296 % _FOLDS, np.int64)


def _profile(
    past: Past, kept: Sequence[Levels], facts: Sequence[Levels], rules: Rules
) -> Floats | None:
    """Return the ICP score of each row by the heads a past teaches.

    Args:
        past: What is learned from.
        kept: Its facts.
        facts: The same facts of the rows that are scored.
        rules: How it is learned.
    """
    weights = {
        step: Weight(value=rules.prior[step], low=0.0, high=100.0, prior=rules.prior[step])
        for step in LADDER
    }
    taken = rules.detractor_prior
    churn = Weight(value=taken, low=0.0, high=1.0, prior=taken)
    try:
        heads = learn_heads(past, climb(past), kept, (), rules)
        artifact = write(past, kept, heads, weights, churn, learned_from="fold")
    except BadInput:
        return None
    scores, _ = score_rows(artifact, facts)
    return scores if len(facts) and len(scores) == len(facts[0].codes) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A fitted regression: what it says of each row, and its numbers."""

    raw: Floats
    intercept: float
    weights: tuple[tuple[float, ...], ...]
    measured: tuple[Measured, ...]


def _fit(
    facts: Sequence[Levels], rows: LeadMoments, measured: Mapping[str, Floats], parts: _Parts
) -> _Made:
    """Fit with the ridge that says most about the later slice."""
    coded = [np.eye(len(levels.labels))[levels.codes[rows.row]] for levels in facts]
    names = [name for name in measured if float(measured[name][parts.fit].std()) > 1e-9]
    middles = [
        (float(measured[name][parts.fit].mean()), float(measured[name][parts.fit].std()))
        for name in names
    ]
    numbers = [
        (measured[n] - mean) / scale for n, (mean, scale) in zip(names, middles, strict=True)
    ]
    blocks = [*coded, *(values[:, None] for values in numbers), np.ones((len(rows.row), 1))]
    columns = np.concatenate(blocks, axis=1)
    won = rows.won.astype(np.float64)
    beta = _best(columns, won, parts)
    weights: list[tuple[float, ...]] = []
    at = 0
    for levels in facts:
        size = len(levels.labels)
        weights.append(tuple(round(float(value), 9) for value in beta[at : at + size]))
        at += size
    return _Made(
        raw=columns[:, :-1] @ beta[:-1],
        intercept=float(beta[-1]),
        weights=tuple(weights),
        measured=tuple(
            Measured(
                name=name,
                mean=round(mean, 9),
                scale=round(scale, 9),
                weight=round(float(value), 9),
            )
            for name, (mean, scale), value in zip(names, middles, beta[at:-1], strict=True)
        ),
    )


def _best(columns: Floats, won: Floats, parts: _Parts) -> Floats:
    """Return the coefficients of the ridge that says most about the later slice."""
    tried: list[tuple[float, int, Floats]] = []
    for n, size in enumerate(_RIDGES):
        ridge = np.append(np.full(columns.shape[1] - 1, size), 0.0)
        beta = fit_logistic(columns[parts.fit], won[parts.fit], ridge).beta
        chance = np.clip(sigmoid(columns[parts.later] @ beta), 1e-9, 1 - 1e-9)
        came = won[parts.later]
        loss = -float((came * np.log(chance) + (1 - came) * np.log(1 - chance)).mean())
        tried.append((loss, n, beta))
    return min(tried, key=lambda each: each[:2])[2]


def _calibrate(raw: Floats, won: Bools) -> tuple[float, float]:
    """Return intercept and slope of the log odds on the later slice (Platt 1999), held near 1."""
    columns = np.stack([np.ones(len(raw)), raw], axis=1)
    # The slope's prior is 1: a slice of few wins must not turn the ranking round.
    offset = np.array([0.0, 1.0])
    beta = np.zeros(2)
    ridge = np.array([0.0, 5.0])
    said = won.astype(np.float64)
    for _ in range(50):
        chance = sigmoid(columns @ (offset + beta))
        slope = columns.T @ (said - chance) - ridge * beta
        bent = np.maximum(chance * (1 - chance), 1e-9)
        step = np.linalg.solve((columns * bent[:, None]).T @ columns + np.diag(ridge), slope)
        beta += np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    return float(beta[0]), max(0.05, float(1.0 + beta[1]))
