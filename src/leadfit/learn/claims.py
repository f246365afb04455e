"""What may be claimed of effects: which of them pass, together with all that was looked at.

Claims pass Benjamini-Hochberg over the facts of the outcome, and then over the values of each fact
found. None is made of a past in which the strongest fact of all outcomes might well be chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from leadfit.history import Notice, Step
from leadfit.learn.hazard import Watched
from leadfit.learn.past import Floats
from leadfit.learn.result import Claim, Effect
from leadfit.learn.rules import Rules
from leadfit.learn.words import NOUNS, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasted:
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
    rows: tuple[Contrasted, ...]
    notices: tuple[Notice, ...]


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
        notices = tuple(notices_of(found.rows, effects, found.step))
        judged.append(replace(found, effects=effects, notices=notices))
    return judged


def _judge_again(
    effect: Effect, row: Contrasted, q_value: float, watched: Watched, rules: Rules
) -> Effect:
    return replace(effect, q_value=q_value, claim=_claim(row, q_value, watched, rules))


def _p_values(rows: Sequence[Contrasted]) -> Floats:
    """Return the p value of each row, the larger of those of the difference and of the log odds.

    A value that by luck hardly anybody with it reached the outcome has a small chance and, for
    that, a small error: of a dozen outcomes the difference alone finds too much below the others.
    """
    z = np.array([min(abs(row.effect / row.error), abs(row.odds)) for row in rows])
    freedom = np.array([max(1, row.clusters - 1) for row in rows], dtype=np.float64)
    return np.asarray(np.clip(2 * stats.t.sf(z, freedom), 0.0, 1.0))


def _q_values(
    rows: Sequence[Contrasted], families: Sequence[tuple[str, str]], rules: Rules
) -> Floats:
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


def _closed(rows: Sequence[Contrasted], families: Sequence[tuple[str, str]], rules: Rules) -> float:
    """Return a q value that lets a claim pass only where Simes' test over all facts does."""
    joint = dict(zip(families, (row.joint for row in rows), strict=True))
    p_value = float(np.min(stats.false_discovery_control(np.clip(list(joint.values()), 0.0, 1.0))))
    return min(1.0, p_value / rules.any_claim_level * rules.false_discovery_rate)


def judge(
    rows: Sequence[Contrasted], step: Step, watched: Watched, rules: Rules
) -> tuple[Effect, ...]:
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


def _claim(row: Contrasted, q_value: float, watched: Watched, rules: Rules) -> Claim:
    if row.blurred is not None:
        return Claim.NOT_IDENTIFIED
    if q_value > rules.false_discovery_rate or watched.events < rules.min_events:
        return Claim.INSUFFICIENT
    return row.most


def notices_of(rows: Sequence[Contrasted], effects: Sequence[Effect], step: Step) -> list[Notice]:
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
