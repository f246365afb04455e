"""Effects of fact values on an outcome, with what may be claimed of each.

The estimand is a difference of chances within twelve months: the whole population with the value
against the whole population with the mix of the other values (blanks are none), everything else
as it was recorded (standardisation, or g-computation). Intervals are by the delta method from the
clustered covariance; claims pass Benjamini-Hochberg over the facts of the outcome, and then over
the values of each fact found. None is made of a past in which the strongest fact of all outcomes
might well be chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from leadfit.history import Known, Notice, Step
from leadfit.learn import design as columns_of
from leadfit.learn.design import Block, Design
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import Fit, Watched, cut, fit, gram
from leadfit.learn.past import Bools, Floats, Past
from leadfit.learn.result import Claim, Effect
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.learn.watch import AFTER_WIN
from leadfit.learn.words import NOUNS, signed
from leadfit.levels import BLANK

_NEARLY_ALL = 0.98
_STANDARD = 25_000
"""Units over which chances are averaged, at least, where there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contrast before it is judged.

    Attributes:
        error: Standard error.
        blurred: Why the value cannot be told apart from something else, or ``None``.
        crude: Difference of plain rates, and its z value.
        most: The strongest claim its kind of fact allows.
        joint: Probability of differences as large as all of its fact's if the fact did nothing.
        odds: z value of the difference of log odds.
    """

    fact: str
    value: str
    effect: float
    error: float
    clusters: int
    freedom: int
    units: int
    events: int
    blurred: str | None
    crude: tuple[float, float]
    most: Claim
    joint: float = 1.0
    odds: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Effects of one outcome.

    Attributes:
        watched: The units that were compared: of a step that is soon decided, those old enough.
        rows: The contrasts behind ``effects``, in the same order.
    """

    step: Step
    watched: Watched
    effects: tuple[Effect, ...]
    rows: tuple[Row, ...]
    notices: tuple[Notice, ...]


def estimate(
    past: Past,
    step: Step,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    *,
    rules: Rules,
) -> Findings:
    """Estimate the effect of every value of every fact on ``step``."""
    early, late = tiers(watched, facts, step, rules)
    settled = _settled(watched, rules)
    compared = watched if settled is None else settled
    decided = settled is not None
    rows = _contrasts(past, compared, early, confounders, rules, decided=decided)
    if late:
        # What arises after the win never adjusts what was there before; it is judged by itself.
        landmark, moved = _landmark(watched, late, rules)
        names = {levels.name for levels in moved}
        settled = _settled(landmark, rules)
        rows += _contrasts(
            past,
            landmark if settled is None else settled,
            (*early, *moved),
            confounders,
            rules,
            decided=settled is not None,
            report=names,
        )
    effects = judge(rows, step, compared, rules)
    return Findings(
        step=step,
        watched=compared,
        effects=effects,
        rows=tuple(rows),
        notices=tuple(_notices(rows, effects, step)),
    )


def tiers(
    watched: Watched, facts: Sequence[Levels], step: Step, rules: Rules
) -> tuple[tuple[Levels, ...], tuple[Levels, ...]]:
    """Part facts into those known at the start of watching and those that arose after a win."""
    early: list[Levels] = []
    late: list[Levels] = []
    for levels in facts:
        if not len(levels.known_at) or not watched.timed:
            early.append(levels)
            continue
        delay = levels.known_at[watched.row] - watched.start
        known = delay[~np.isnan(delay)]
        if not len(known):
            continue
        if (known <= 1.0).mean() >= 0.8:
            early.append(as_known(levels, watched, 1.0))
        elif step in AFTER_WIN and (known <= rules.landmark_days).any():
            late.append(levels)
    return tuple(early), tuple(late)


def as_known(levels: Levels, watched: Watched, delay_days: float) -> Levels:
    """Return ``levels`` with what became known later than ``delay_days`` after start blanked."""
    blank = levels.blank_code
    codes = levels.codes.copy()
    late = ~(levels.known_at[watched.row] - watched.start <= delay_days)
    codes[watched.row[late]] = blank
    return replace(levels, codes=codes)


def _landmark(
    watched: Watched, late: Sequence[Levels], rules: Rules
) -> tuple[Watched, tuple[Levels, ...]]:
    """Begin watching when the late facts are known, so that nobody is immortal until then."""
    delays = np.concatenate([levels.known_at[watched.row] - watched.start for levels in late])
    delays = delays[~np.isnan(delays) & (delays <= rules.landmark_days)]
    day = float(np.quantile(delays, 0.95)) if len(delays) else 0.0
    month = max(0.0, day) / MONTH_DAYS
    stays = watched.end > month
    kept = Watched(
        row=watched.row[stays],
        cluster=watched.cluster[stays],
        entry=np.maximum(watched.entry[stays], month),
        end=watched.end[stays],
        event=watched.event[stays],
        timed=True,
        start=watched.start[stays],
    )
    return kept, tuple(as_known(levels, kept, day) for levels in late)


def _contrasts(
    past: Past,
    watched: Watched,
    facts: Sequence[Levels],
    confounders: Sequence[Levels],
    rules: Rules,
    *,
    decided: bool,
    report: set[str] | None = None,
) -> list[Row]:
    if watched.events < 2 or watched.events > watched.units - 2:
        return []
    design = columns_of.build(past, watched, facts, confounders, rules)
    if not design.blocks:
        return []
    baseline = cut(watched, rules.horizon_months, decided=decided)
    found = fit(design.columns, baseline, design.ridge, clusters=watched.cluster)
    blurred = _blurred(design, rules)
    asked = [b for b in design.blocks if report is None or b.levels.name in report]
    rows: list[Row] = []
    for block, standard in zip(asked, _standardise(asked, design, found), strict=True):
        rows.extend(_block_rows(block, standard, found, watched, blurred))
    if not confounders:
        # With no channel, region, rep or score on record nothing was held but the calendar.
        rows = [replace(row, most=Claim.ASSOCIATED) for row in rows]
    return rows


def _settled(watched: Watched, rules: Rules) -> Watched | None:
    """Return the units old enough to be decided, where decisions fall soon; else ``None``.

    A lead is accepted in days or never. Whoever is not accepted by then is no longer at risk of
    it, so hazards are not proportional and effects of a hazard model come out too small; a
    logistic model of the decision has no such fault.
    """
    if not watched.timed or watched.events < 2:
        return None
    decided = float(np.quantile(watched.end[watched.event], _NEARLY_ALL))
    # By when it began, not by how long it was watched: a decision ends the watching.
    open_ones = ~watched.event & (watched.end < rules.horizon_months)
    if not open_ones.any():
        return None
    last = float((watched.start + watched.end * MONTH_DAYS)[open_ones].max())
    stays = (watched.entry <= 0) & (last - watched.start >= decided * MONTH_DAYS)
    if decided > rules.decided_days / MONTH_DAYS or stays.sum() < watched.units / 2:
        return None
    age = watched.end[stays]
    return replace(
        watched,
        row=watched.row[stays],
        cluster=watched.cluster[stays],
        entry=watched.entry[stays],
        end=age,
        event=watched.event[stays] & (age <= decided),
        start=watched.start[stays],
    )


def _block_rows(
    block: Block,
    standard: tuple[Floats, Floats],
    found: Fit,
    watched: Watched,
    blurred: Mapping[tuple[str, int], str],
) -> list[Row]:
    risks, gradients = standard
    size = len(block.used)
    units = np.bincount(block.places, minlength=size)
    events = np.bincount(block.places[watched.event], minlength=size)
    filled = np.array([block.levels.labels[level] != BLANK for level in block.used])
    joint = _joint(block, found, filled)
    rows: list[Row] = []
    for place in _reported(block, filled):
        # Against units with another value: a blank is no value, and may itself be an outcome.
        rest = filled & (np.arange(size) != place)
        others = np.where(rest, block.shares, 0.0)
        if others.sum() <= 0:
            continue
        contrast = -others / others.sum()
        contrast[place] = 1.0
        inside = int(events[place]), int(units[place])
        rows.append(
            Row(
                fact=block.levels.name,
                value=block.levels.labels[block.used[place]],
                effect=float(risks @ contrast),
                error=_error(gradients @ contrast, found),
                clusters=found.clusters,
                freedom=max(1, found.clusters - len(found.beta)),
                units=inside[1],
                events=inside[0],
                blurred=blurred.get((block.levels.name, place)),
                crude=_crude(inside, (int(events[rest].sum()), int(units[rest].sum()))),
                most=_most(block.levels, timed=watched.timed),
                joint=joint,
                odds=_odds(standard, place, others / others.sum(), found),
            )
        )
    return rows


def _error(gradient: Floats, found: Fit) -> float:
    """Return the standard error of something with ``gradient``, by the delta method."""
    return float(np.sqrt(max(float(gradient @ found.covariance @ gradient), 1e-16)))


def _odds(standard: tuple[Floats, Floats], place: int, others: Floats, found: Fit) -> float:
    """Return the z value of the log odds at ``place`` less those at the mix of ``others``."""
    risks, gradients = standard
    one, rest = (float(np.clip(risk, 1e-12, 1 - 1e-12)) for risk in (risks[place], risks @ others))
    steep = gradients[:, place] / (one * (1 - one)) - gradients @ others / (rest * (1 - rest))
    return (math.log(one / (1 - one)) - math.log(rest / (1 - rest))) / _error(steep, found)


def _joint(block: Block, found: Fit, filled: Bools) -> float:
    """Return the p value of Wald's test that all values of the fact do the same; blanks aside."""
    first, *rest = np.flatnonzero(filled).tolist() or [0]
    if not rest:
        return 1.0
    contrast = np.zeros((len(rest), len(block.used)))
    contrast[np.arange(len(rest)), rest] = 1.0
    contrast[:, first] -= 1.0
    contrast = contrast[:, 1:]
    columns = np.array(block.columns)
    own = contrast @ found.beta[columns]
    places = columns + len(found.alpha)
    spread = contrast @ found.covariance[np.ix_(places, places)] @ contrast.T
    spread[np.diag_indices(len(spread))] += 1e-12
    wald = float(own @ np.linalg.solve(spread, own)) / len(rest)
    return float(stats.f.sf(wald, len(rest), max(1, found.clusters - 1)))


def _reported(block: Block, filled: Bools) -> list[int]:
    """Return the places worth a row; the second of two values is the first turned round."""
    places = [n for n, level in enumerate(block.used) if level in block.levels.shown]
    return places[1:] if len(places) == 2 and filled.sum() == 2 else places


def _most(levels: Levels, *, timed: bool) -> Claim:
    """Return the strongest claim a fact allows: today's value may answer to the outcome."""
    recorded_before = levels.known is Known.CREATED and timed
    return Claim.CAUSED if recorded_before else Claim.ASSOCIATED


def _standardise(
    blocks: Sequence[Block], design: Design, found: Fit
) -> Iterator[tuple[Floats, Floats]]:
    """Yield for each block the chance with everybody at each level, and its gradient.

    The gradient is by all coefficients. In a large past every n-th unit stands for all: over so
    many the mean is the same.
    """
    rows = slice(None, None, max(1, len(design.columns) // _STANDARD))
    held = np.ascontiguousarray(design.columns[rows])
    eta, size = held @ found.beta, len(found.alpha)
    shares = found.alpha_shares()
    for block in blocks:
        columns = np.array(block.columns)
        own = np.concatenate([[0.0], found.beta[columns]])
        base = eta - own[block.places[rows]]
        each = [found.risk_and_slope(base + value) for value in own]
        slopes = np.stack([slope for _, slope in each])
        gradients = np.empty((size + len(found.beta), len(own)))
        gradients[size:] = (slopes @ held).T / len(held)
        steep = slopes.mean(axis=1)
        gradients[:size] = np.outer(shares, steep)
        gradients[size + columns] = 0.0
        gradients[size + columns, np.arange(1, len(own))] = steep[1:]
        yield np.array([risk.mean() for risk, _ in each]), gradients


def _crude(inside: tuple[int, int], outside: tuple[int, int]) -> tuple[float, float]:
    """Return the difference of plain rates, and its z value, from events and units."""
    if not inside[1] or not outside[1]:
        return 0.0, 0.0
    p, q = inside[0] / inside[1], outside[0] / outside[1]
    pooled = (inside[0] + outside[0]) / (inside[1] + outside[1])
    error = np.sqrt(pooled * (1 - pooled) * (1 / inside[1] + 1 / outside[1]))
    return p - q, float((p - q) / error) if error > 0 else 0.0


def _blurred(design: Design, rules: Rules) -> dict[tuple[str, int], str]:
    """Find values that recorded confounders, or other facts, all but determine."""
    means = design.columns.mean(axis=0)
    units = max(1, len(design.columns))
    cross = gram(design.columns, np.ones(len(design.columns))) / units - np.outer(means, means)
    cross[np.diag_indices(len(cross))] += 1e-9
    spread = np.sqrt(np.diag(cross))
    everything = np.arange(len(cross))
    held = everything[: design.confounders]
    by_held = np.linalg.solve(cross[np.ix_(held, held)], cross[held])
    inverse = np.linalg.inv(cross)
    found: dict[tuple[str, int], str] = {}
    for block in design.blocks:
        mine = np.array(block.columns)
        here = np.ix_(mine, mine)
        variance = np.maximum(block.shares * (1 - block.shares), 1e-12)
        # What all other columns explain of these is what the inverse does not leave over.
        for subset, limit, kind, part in (
            (held, rules.overlap_r2, "no_overlap", cross[mine][:, held] @ by_held[:, mine]),
            (
                np.setdiff1d(everything, mine),
                rules.twin_r2,
                "twin",
                cross[here] - np.linalg.inv(inverse[here]),
            ),
        ):
            if not len(subset):
                continue
            # The dummy of the reference is the negative sum of the rest.
            explained = np.concatenate([[part.sum()], np.diag(part)]) / variance
            for place in np.flatnonzero(explained > limit):
                ties = cross[subset][:, mine]
                tie = -ties.sum(axis=1) if place == 0 else ties[:, place - 1]
                links = np.abs(tie) / spread[subset]
                twin = _column_name(design, int(subset[int(links.argmax())]))
                found.setdefault((block.levels.name, int(place)), f"{kind}:{twin}")
    return found


def _column_name(design: Design, column: int) -> str:
    if column < design.confounders:
        return design.names[column]
    for block in design.blocks:
        if column in block.columns:
            level = block.used[block.columns.index(column) + 1]
            return f"{block.levels.name} {block.levels.labels[level]}"
    return "another column"


def judge_together(findings: Sequence[Findings], rules: Rules) -> list[Findings]:
    """Judge the effects of all outcomes once more as one family.

    With five outcomes, each allowed one false claim in twenty, a past in which nothing matters
    would claim something in one run of five. A claim has to pass in its outcome and in the whole.
    And the whole has to be open: that no fact matters for anything must itself be refuted, at a
    stricter level (Simes 1986), or one such past in twenty would claim something all the same.
    """
    everything = [row for found in findings for row in found.rows]
    if not everything:
        return list(findings)
    families = [(found.step.value, row.fact) for found in findings for row in found.rows]
    q_values = np.maximum(
        _q_values(everything, families, rules), _closed(everything, families, rules)
    )
    judged: list[Findings] = []
    at = 0
    for found in findings:
        whole = q_values[at : at + len(found.rows)]
        at += len(found.rows)
        effects = tuple(
            _judge_again(effect, row, max(effect.q_value, float(q)), found.watched, rules)
            for effect, row, q in zip(found.effects, found.rows, whole, strict=True)
        )
        notices = tuple(_notices(found.rows, effects, found.step))
        judged.append(replace(found, effects=effects, notices=notices))
    return judged


def _judge_again(
    effect: Effect, row: Row, q_value: float, watched: Watched, rules: Rules
) -> Effect:
    return replace(effect, q_value=q_value, claim=_claim(row, q_value, watched, rules))


def _p_values(rows: Sequence[Row]) -> Floats:
    """Return the p value of each row, the larger of those of the difference and of the log odds.

    A value that by luck hardly anybody with it reached the outcome has a small chance and, for
    that, a small error: of a dozen outcomes the difference alone finds too much below the others.
    """
    z = np.array([min(abs(row.effect / row.error), abs(row.odds)) for row in rows])
    freedom = np.array([max(1, row.clusters - 1) for row in rows], dtype=np.float64)
    return np.asarray(np.clip(2 * stats.t.sf(z, freedom), 0.0, 1.0))


def _q_values(rows: Sequence[Row], families: Sequence[tuple[str, str]], rules: Rules) -> Floats:
    """Return q values by families: first facts are found, then values within those found.

    A fact in five bins would otherwise pay for five tests and hide among them. A value within
    one of R facts found among m is tested at the rate times R / m, which keeps the rate over the
    facts found (Benjamini and Bogomolov 2014).
    """
    order = {family: n for n, family in enumerate(dict.fromkeys(families))}
    place = np.array([order[family] for family in families])
    joint = np.ones(len(order))
    joint[place] = [row.joint for row in rows]
    of_fact = np.asarray(stats.false_discovery_control(np.clip(joint, 0.0, 1.0)))
    found = max(1, int((of_fact <= rules.false_discovery_rate).sum()))
    p_values, q_values = _p_values(rows), np.ones(len(rows))
    for n in range(len(order)):
        mine = np.flatnonzero(place == n)
        own = stats.false_discovery_control(p_values[mine]) * (len(order) / found)
        q_values[mine] = np.minimum(1.0, np.maximum(of_fact[n], own))
    return q_values


def _closed(rows: Sequence[Row], families: Sequence[tuple[str, str]], rules: Rules) -> float:
    """Return a q value that lets a claim pass only where Simes' test over all facts does."""
    joint = dict(zip(families, (row.joint for row in rows), strict=True))
    p_value = float(np.min(stats.false_discovery_control(np.clip(list(joint.values()), 0.0, 1.0))))
    return min(1.0, p_value / rules.any_claim_level * rules.false_discovery_rate)


def judge(rows: Sequence[Row], step: Step, watched: Watched, rules: Rules) -> tuple[Effect, ...]:
    """Turn contrasts into effects with q values, robustness, shrinkage and claims."""
    if not rows:
        return ()
    effect = np.array([row.effect for row in rows])
    error = np.array([row.error for row in rows])
    freedom = np.array([max(1, row.clusters - 1) for row in rows], dtype=np.float64)
    q_values = _q_values(rows, [(step.value, row.fact) for row in rows], rules)
    wide = stats.t.ppf(0.975, freedom) * error
    between = max(0.0, float(np.mean(effect**2 - error**2)))
    shrunk = effect * between / (between + error**2)
    found: list[Effect] = []
    for n, row in enumerate(rows):
        found.append(
            Effect(
                fact=row.fact,
                value=row.value,
                outcome=step,
                effect=float(effect[n]),
                low=float(max(-1.0, effect[n] - wide[n])),
                high=float(min(1.0, effect[n] + wide[n])),
                q_value=float(q_values[n]),
                robustness=robustness_value(row.effect / row.error, row.freedom),
                claim=_claim(row, float(q_values[n]), watched, rules),
                shrunk=float(shrunk[n]),
                units=row.units,
                events=row.events,
            )
        )
    return tuple(found)


def robustness_value(t: float, freedom: float) -> float:
    """Return how strong something unrecorded would have to be to bring an effect to nothing.

    Source: Cinelli and Hazlett 2020.

    Args:
        t: The effect over its standard error.
        freedom: Degrees of freedom of the error, above 0.

    Returns:
        The share of what is left of the variance, of the fact and of the outcome, that it would
        have to explain; from 0 to 1.

    >>> robustness_value(0.0, 100.0), round(robustness_value(-3.0, 100.0), 3)
    (0.0, 0.258)
    """
    f = abs(float(t)) / math.sqrt(freedom)
    # (sqrt(f^4 + 4 f^2) - f^2) / 2 without the difference, of which a large f leaves nothing.
    return 2.0 / (1.0 + math.hypot(1.0, 2.0 / f)) if f > 0 else 0.0


def _claim(row: Row, q_value: float, watched: Watched, rules: Rules) -> Claim:
    if row.blurred is not None:
        return Claim.NOT_IDENTIFIED
    if q_value > rules.false_discovery_rate or watched.events < rules.min_events:
        return Claim.INSUFFICIENT
    return row.most


def _notices(rows: Sequence[Row], effects: Sequence[Effect], step: Step) -> list[Notice]:
    """Name what is tied to a confounder, and what only looked like an effect."""
    found: list[Notice] = []
    for row, effect in zip(rows, effects, strict=True):
        if row.blurred is not None:
            kind, _, twin = row.blurred.partition(":")
            code = "no_overlap" if kind == "no_overlap" else "confounded"
            found.append(
                Notice(
                    code=code,
                    field=row.fact,
                    message=f"{row.fact} {row.value} and {twin} come together so often that the "
                    f"data cannot part their effects on {NOUNS[step]}.",
                    evidence={"value": row.value, "with": twin, "outcome": step.value},
                )
            )
        elif (
            effect.claim is Claim.INSUFFICIENT
            and abs(row.crude[1]) > 4
            and abs(row.effect) < abs(row.crude[0]) / 2
        ):
            found.append(
                Notice(
                    code="confounded",
                    field=row.fact,
                    message=f"{row.fact} {row.value} goes with {NOUNS[step]} "
                    f"({signed(row.crude[0])} points), but what is recorded beside it explains "
                    f"that: {signed(row.effect)} is left "
                    f"({signed(effect.low)} to {signed(effect.high)}).",
                    evidence={
                        "value": row.value,
                        "outcome": step.value,
                        "crude": row.crude[0],
                        "adjusted": row.effect,
                    },
                )
            )
    return found
