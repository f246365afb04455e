"""Effects of fact values on an outcome.

The estimand is a difference of chances within twelve months: the whole population with the value
against the whole population with the mix of the other values (blanks are none), everything else
as it was recorded (standardisation, or g-computation). Intervals are by the delta method from the
clustered covariance; what may be claimed of each effect is said by ``claims``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from leadfit.history import Known, Step
from leadfit.learn import design as columns_of
from leadfit.learn.claims import Contrasted, Findings, judge, notices_of
from leadfit.learn.design import Block, Design
from leadfit.learn.facts import Levels
from leadfit.learn.hazard import FittedRegression, Watched, cut, fit, gram
from leadfit.learn.past import Bools, Floats, Past
from leadfit.learn.result import Claim
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.learn.watch import AFTER_WIN
from leadfit.levels import BLANK

_NEARLY_ALL = 0.98
_STANDARD = 25_000
"""Units over which chances are averaged, at least, where there are more."""


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
        notices=tuple(notices_of(rows, effects, step)),
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
) -> list[Contrasted]:
    if watched.events < 2 or watched.events > watched.units - 2:
        return []
    design = columns_of.build(past, watched, facts, confounders, rules)
    if not design.blocks:
        return []
    baseline = cut(watched, rules.horizon_months, decided=decided)
    found = fit(design.columns, baseline, design.ridge, clusters=watched.cluster)
    blurred = _blurred(design, rules)
    asked = [b for b in design.blocks if report is None or b.levels.name in report]
    rows: list[Contrasted] = []
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
    found: FittedRegression,
    watched: Watched,
    blurred: Mapping[tuple[str, int], str],
) -> list[Contrasted]:
    risks, gradients = standard
    size = len(block.used)
    units = np.bincount(block.places, minlength=size)
    events = np.bincount(block.places[watched.event], minlength=size)
    filled = np.array([block.levels.labels[level] != BLANK for level in block.used])
    joint = _joint(block, found, filled)
    rows: list[Contrasted] = []
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
            Contrasted(
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


def _error(gradient: Floats, found: FittedRegression) -> float:
    """Return the standard error of something with ``gradient``, by the delta method."""
    return float(np.sqrt(max(float(gradient @ found.covariance @ gradient), 1e-16)))


def _odds(
    standard: tuple[Floats, Floats], place: int, others: Floats, found: FittedRegression
) -> float:
    """Return the z value of the log odds at ``place`` less those at the mix of ``others``."""
    risks, gradients = standard
    one, rest = (float(np.clip(risk, 1e-12, 1 - 1e-12)) for risk in (risks[place], risks @ others))
    steep = gradients[:, place] / (one * (1 - one)) - gradients @ others / (rest * (1 - rest))
    return (math.log(one / (1 - one)) - math.log(rest / (1 - rest))) / _error(steep, found)


def _joint(block: Block, found: FittedRegression, filled: Bools) -> float:
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
    blocks: Sequence[Block], design: Design, found: FittedRegression
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
                twin = design.name_of(int(subset[int(links.argmax())]))
                found.setdefault((block.levels.name, int(place)), f"{kind}:{twin}")
    return found
