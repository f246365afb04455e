"""Effects by naive lift, by plain logistic regression and by Leadfit, on worlds with known truth.

Run ``python benchmarks/learn_effects.py [--full] [--worlds 2] [--leads 20000] [--facts 60]``; the
published size is five worlds. Keeps, for each method, false discoveries at 5 % FDR, coverage of
95 % intervals, power, the error of effects and the seconds an outcome takes; then how much of an
oracle's worth of the best tenth each score finds. With ``--cells`` the confounding runs through an
interaction of channel and region.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

# Small matrices: a second thread only waits for the first. Set before numpy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 -- a benchmark sets up its own process
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np  # noqa: E402 -- after the threads are set
from recording import record  # noqa: E402 -- the same
from scipy import stats  # noqa: E402 -- the same

from leadfit import learn  # noqa: E402 -- the same
from leadfit.history import Step  # noqa: E402 -- the same
from leadfit.learn.effects import estimate  # noqa: E402 -- the same
from leadfit.learn.facts import read_confounders, read_facts  # noqa: E402 -- the same
from leadfit.learn.hazard import Watched, cut, fit  # noqa: E402 -- the same
from leadfit.learn.heads import score_rows  # noqa: E402 -- the same
from leadfit.learn.ladder import Ladder, climb  # noqa: E402 -- the same
from leadfit.learn.past import Floats, Past, read_past  # noqa: E402 -- the same
from leadfit.learn.watch import watch  # noqa: E402 -- the same
from unit.learn.worlds import Planted, World, make  # noqa: E402 -- the same

RULES = learn.Rules()
STEPS = (Step.EXPANDED, Step.CHURNED_AFTER_USE)

Found = dict[str, tuple[float, float, float, bool]]
"""By fact: effect of ``yes``, low, high, claimed."""


@dataclass
class Tally:
    """Counts of one method over worlds and outcomes."""

    claims: int = 0
    false: int = 0
    covered: int = 0
    total: int = 0
    causes: int = 0
    found: int = 0
    squares: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, found: Found, truth: dict[str, float], seconds: float) -> None:
        """Hold one outcome's effects against the truth."""
        self.seconds.append(seconds)
        for name, (effect, low, high, claimed) in found.items():
            null = abs(truth[name]) < 1e-12
            self.claims += claimed
            self.false += claimed and null
            self.covered += low <= truth[name] <= high
            self.total += 1
            self.causes += not null
            self.found += claimed and not null
            self.squares.append((effect - truth[name]) ** 2)

    def figures(self) -> dict[str, float]:
        """Return what the method is judged by."""
        return {
            "false_discoveries": round(self.false / max(1, self.claims), 3),
            "coverage": round(self.covered / self.total, 3),
            "power": round(self.found / max(1, self.causes), 3),
            "rmse": round(float(np.sqrt(np.mean(self.squares))), 4),
            "seconds": round(float(np.median(self.seconds)), 3),
        }


def plant(seed: int, leads: int, facts: int, *, cells: bool) -> Planted:
    """Make a world: causes of every step, facts that ride on a channel, many that do nothing."""
    rng = np.random.default_rng(seed)
    names = [f"f{n:02d}" for n in rng.permutation(facts)]

    def effects(start: int, end: int, size: float) -> dict[str, float]:
        return {
            name: float(size * rng.choice([-1, 1]) * rng.uniform(0.7, 1.4))
            for name in names[start:end]
        }

    riders = names[20:26]
    return make(
        World(
            seed=seed,
            leads=leads,
            facts=facts,
            accept=effects(0, 4, 0.4),
            convert=effects(2, 7, 0.4),
            expand=effects(5, 13, 0.6),
            churn=effects(11, 18, 0.6),
            riders=() if cells else riders,
            cell_riders=riders if cells else (),
            convert_rate=0.0028,
        )
    )


def naive(planted: Planted, watched: Watched) -> Found:
    """Plain rates with and without the fact, as a report in a CRM shows them."""
    return _judge(planted, [_rates(planted.facts[n][watched.row], watched) for n in planted.facts])


def _rates(values: Floats, watched: Watched) -> tuple[float, float]:
    on, off = watched.event[values > 0], watched.event[values == 0]
    p, q = float(on.mean()), float(off.mean())
    return p - q, float(np.sqrt(p * (1 - p) / len(on) + q * (1 - q) / len(off))) + 1e-9


def logistic(planted: Planted, watched: Watched) -> Found:
    """All facts in one logistic regression, no confounders, young customers taken as failures."""
    columns = np.stack([values[watched.row] for values in planted.facts.values()], axis=1)
    untimed = Watched(
        row=watched.row,
        cluster=watched.cluster,
        entry=watched.entry,
        end=watched.end,
        event=watched.event,
        timed=False,
        start=watched.start,
    )
    found = fit(
        columns, cut(untimed, 12.0), np.full(columns.shape[1], 1e-3), clusters=watched.cluster
    )
    slope = float(found.slope(columns @ found.beta).mean())
    errors = np.sqrt(np.diag(found.covariance)[1:])
    return _judge(
        planted,
        [(float(b) * slope, float(e) * slope) for b, e in zip(found.beta, errors, strict=True)],
    )


def _judge(planted: Planted, rows: Sequence[tuple[float, float]]) -> Found:
    p_values = [2 * stats.norm.sf(abs(effect / error)) for effect, error in rows]
    q_values = stats.false_discovery_control(p_values)
    return {
        name: (effect, effect - 1.96 * error, effect + 1.96 * error, bool(q <= 0.05))
        for name, (effect, error), q in zip(planted.facts, rows, q_values, strict=True)
    }


def leadfit(past: Past, watched: Watched, step: Step) -> Found:
    """The inference head."""
    facts, confounders = read_facts(past, RULES), read_confounders(past, RULES)
    found = estimate(past, step, watched, facts, confounders, rules=RULES)
    rows: Found = {}
    for e in found.effects:
        sign = 1.0 if e.value == "yes" else -1.0
        low, high = sorted((sign * e.low, sign * e.high))
        rows[e.fact] = (sign * e.effect, low, high, e.claim == "caused")
    return rows


def share_of_oracle(score: Floats, value: Floats) -> float:
    """Return the worth of the best tenth by score: 0 is random, 1 the oracle."""
    size = len(value) // 10
    best = np.sort(value)[-size:].mean()
    mine = value[np.argsort(-score, kind="stable")[:size]].mean()
    return float((mine - value.mean()) / (best - value.mean()))


def target(planted: Planted, ladder: Ladder) -> dict[str, float]:
    """Return what each score finds of the worth of leads nobody has spoken to."""
    study = learn.study(planted.history)
    if study.artifact is None:
        return {}
    past = read_past(planted.history)
    facts = [f for f in read_facts(past, RULES) if f.name not in study.benchmark.excluded]
    columns = np.stack(list(planted.facts.values()), axis=1)
    won = ladder.reached[Step.CONVERTED].astype(float)
    lift = np.array([won[c > 0].mean() - won[c == 0].mean() for c in columns.T])
    watched = watch(past, ladder, Step.CONVERTED, RULES)
    plain = fit(columns[watched.row], cut(watched, 12.0), np.full(columns.shape[1], 1e-3))
    return {
        "naive lift on wins": share_of_oracle(columns @ lift, planted.value),
        "win propensity only": share_of_oracle(columns @ plain.beta, planted.value),
        "Leadfit": share_of_oracle(score_rows(study.artifact, facts)[0], planted.value),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and keep the figures of every method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published size")
    parser.add_argument("--worlds", type=int)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--facts", type=int, default=60)
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--cells", action="store_true")
    asked = parser.parse_args(arguments)
    worlds = asked.worlds or (5 if asked.full else 2)
    tallies = {name: Tally() for name in ("naive lift", "plain logistic", "Leadfit")}
    worth: dict[str, list[float]] = {}
    customers: list[int] = []
    for seed in range(asked.seed, asked.seed + worlds):
        planted = plant(seed, asked.leads, asked.facts, cells=asked.cells)
        past = read_past(planted.history)
        ladder = climb(past)
        customers.append(int(ladder.reached[Step.CONVERTED].sum()))
        for step in STEPS:
            watched = watch(past, ladder, step, RULES)
            methods: dict[str, Callable[[], Found]] = {
                "naive lift": partial(naive, planted, watched),
                "plain logistic": partial(logistic, planted, watched),
                "Leadfit": partial(leadfit, past, watched, step),
            }
            for name, method in methods.items():
                started = time.perf_counter()
                found = method()
                tallies[name].add(found, dict(planted.truth[step]), time.perf_counter() - started)
        for name, share in target(planted, ladder).items():
            worth.setdefault(name, []).append(share)
    record(
        "learn_effects",
        {
            "worlds": worlds,
            "leads": asked.leads,
            "facts": asked.facts,
            "customers": int(np.mean(customers)),
            "cells": asked.cells,
            "methods": {name: tally.figures() for name, tally in tallies.items()},
            "share_of_oracle": {name: round(float(np.mean(s)), 3) for name, s in worth.items()},
        },
        full=asked.full,
    )


if __name__ == "__main__":
    main()
