"""Leadfit beside naive lift, L1 logistic, boosting with SHAP, DoubleML and EconML: one run.

``python benchmarks/learn_peers.py [--full] [--worlds N] [--attributes N] [--seed N]``. The default
is small, a world of 4,000 leads and 30 facts with 4 attributes for DoubleML and EconML, which are
asked one value at a time; ``--full`` is a world of 20,000 leads and 60 facts, seed 9300, with 10
attributes for those two. Their seconds for all attributes are extrapolated and marked so. The
outcomes are expansion and churn after use; what a figure means stands at ``planted_worlds.Tally``.

Every peer but the naive lift is given Leadfit's own columns, recorded confounders and their cells
included, for customers whose twelve months are over; the naive lift takes every customer as
recorded. All are judged on the same values: those of facts known at the win that Leadfit does not
call ``not_identified``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np
import planted_worlds as worlds
from doubleml import DoubleMLData, DoubleMLPLR
from econml.dml import LinearDML
from learn_gates import AFTER, RULES, knowable, prospects
from lightgbm import LGBMClassifier
from recording import record
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, LogisticRegressionCV
from targeting import L1, columns_of, share_of_oracle, spread_levels

from leadfit import learn
from leadfit.artifact import evaluate
from leadfit.history import Step
from leadfit.learn.design import Block, Design, build
from leadfit.learn.effects import estimate, tiers
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, Past, read_past
from leadfit.learn.result import Claim
from leadfit.learn.rules import MONTH_DAYS
from leadfit.learn.watch import seen_until, watch
from leadfit.testing.planted import Dials

RATE = 0.05
REFITS = 20
DEPTH = {"n_estimators": 100, "learning_rate": 0.05, "num_leaves": 8, "min_child_samples": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a run is; ``attributes``: for DoubleML and EconML."""

    worlds: int
    leads: int
    facts: int
    attributes: int
    seed: int


FULL = Size(worlds=1, leads=20_000, facts=60, attributes=10, seed=9300)
SMALL = Size(worlds=1, leads=4_000, facts=30, attributes=4, seed=47)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One value of one fact, and what is true of it."""

    fact: str
    value: str
    truth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a method says of a value; no ``error``: it gives none, and ``claimed`` says it all."""

    effect: float
    error: float | None
    claimed: bool = False


Answers = dict[Asked, Told]
Line = dict[str, float | None]


class Case(NamedTuple):
    """One outcome of one world, with the facts that are no leaks."""

    world: worlds.World
    past: Past
    facts: Sequence[Levels]
    step: Step
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One outcome, as each peer is given it.

    Attributes:
        watched: Every customer at risk.
        facts: Levels by name.
        design: Leadfit's columns of the customers whose twelve months are over.
        event: Whether each of those reached the outcome.
        asked: The values to be judged.
    """

    watched: Watched
    facts: Mapping[str, Levels]
    design: Design
    event: Floats
    asked: tuple[Asked, ...]

    def place(self, asked: Asked) -> tuple[Block, Bools] | None:
        """Return the fact's block and who has the value; ``None``: too few of them have it."""
        for block in self.design.blocks:
            if block.levels.name == asked.fact:
                level = block.levels.labels.index(asked.value)
                # Rare levels sit with the reference, so the first place is read with care.
                if level in block.used:
                    return block, block.places == block.used.index(level)
        return None


def naive(problem: Problem, asked: Sequence[Asked]) -> Answers:
    """Plain rates with and without the value, over every customer, as a report shows them."""
    found: Answers = {}
    event = problem.watched.event
    for each in asked:
        levels = problem.facts[each.fact]
        mine = levels.codes[problem.watched.row] == levels.labels.index(each.value)
        on, off = event[mine], event[~mine]
        if len(on) and len(off):
            p, q = float(on.mean()), float(off.mean())
            error = float(np.sqrt(p * (1 - p) / len(on) + q * (1 - q) / len(off)))
            found[each] = Told(effect=p - q, error=max(error, 1e-6))
    return found


def l1_logistic(problem: Problem, asked: Sequence[Asked]) -> Answers:
    """A cross-validated L1 logistic regression; what keeps a coefficient is claimed."""
    columns = problem.design.columns
    model = LogisticRegressionCV(
        Cs=8, cv=3, l1_ratios=(1.0,), solver="liblinear", scoring="neg_log_loss",
        use_legacy_attributes=False, random_state=0,
    ).fit(columns, problem.event)  # fmt: skip
    beta = np.asarray(model.coef_, dtype=np.float64).ravel()
    eta = columns @ beta + float(np.ravel(model.intercept_)[0])
    found: Answers = {}
    for each in asked:
        placed = problem.place(each)
        if placed is None:
            continue
        block, _ = placed
        own = np.concatenate([[0.0], beta[list(block.columns)]])
        rest = eta - own[block.places]
        risks = np.array([float((1 / (1 + np.exp(-rest - b))).mean()) for b in own])
        at = block.used.index(block.levels.labels.index(each.value))
        others = np.where(np.arange(len(own)) == at, 0.0, block.shares)
        effect = float(risks[at] - risks @ others / others.sum())
        kept = own[at] if at else np.abs(own).max()
        found[each] = Told(effect=effect, error=None, claimed=bool(kept != 0.0))
    return found


def boosting(problem: Problem, asked: Sequence[Asked]) -> Answers:
    """Boosted trees; a value's SHAP contributions against the others', errors by bootstrap."""
    columns, event = problem.design.columns, problem.event
    rng = np.random.default_rng(0)
    placed = {each: problem.place(each) for each in asked}
    rows: list[list[float]] = []
    for turn in range(REFITS + 1):
        drawn = rng.integers(0, len(event), len(event)) if turn else np.arange(len(event))
        model = LGBMClassifier(**DEPTH, n_jobs=1, verbose=-1, random_state=0)
        model.fit(columns[drawn], event[drawn])
        shap = np.asarray(model.predict(columns, pred_contrib=True), dtype=np.float64)
        chance = 1 / (1 + np.exp(-shap.sum(axis=1)))
        slope = float((chance * (1 - chance)).mean())
        rows.append([
            _contribution(shap, *place) * slope for place in placed.values() if place is not None
        ])  # fmt: skip
    table = np.array(rows)
    errors = table[1:].std(axis=0, ddof=1)
    kept = [each for each, place in placed.items() if place is not None]
    return {
        each: Told(effect=float(effect), error=max(float(error), 1e-6))
        for each, effect, error in zip(kept, table[0], errors, strict=True)
    }


def _contribution(shap: Floats, block: Block, mine: Bools) -> float:
    own = shap[:, list(block.columns)].sum(axis=1)
    return float(own[mine].mean() - own[~mine].mean())


def _lasso() -> LassoCV:
    return LassoCV(alphas=20, cv=3, random_state=0)


def _beside(problem: Problem, asked: Sequence[Asked]) -> Iterator[tuple[Asked, Bools, Floats]]:
    """Yield each value that can be asked about, who has it, and the columns of all other facts."""
    for each in asked:
        placed = problem.place(each)
        if placed is not None:
            block, mine = placed
            yield each, mine, np.delete(problem.design.columns, block.columns, axis=1)


def double_ml(problem: Problem, asked: Sequence[Asked]) -> Answers:
    """DoubleML's partially linear model by lasso, one value at a time.

    All treatments in one call would adjust a value for its own fact's other values.
    """
    found: Answers = {}
    for each, mine, rest in _beside(problem, asked):
        # DoubleML draws its folds from the global generator.
        np.random.seed(0)
        data = DoubleMLData.from_arrays(rest, problem.event, mine.astype(np.float64))
        model = DoubleMLPLR(data, _lasso(), _lasso(), n_folds=5).fit()
        found[each] = Told(effect=float(model.coef[0]), error=float(model.se[0]))
    return found


def econ_ml(problem: Problem, asked: Sequence[Asked]) -> Answers:
    """EconML's LinearDML by lasso, one value at a time."""
    found: Answers = {}
    for each, mine, rest in _beside(problem, asked):
        # EconML chooses each penalty on folds of its own.
        lasso = LassoCV(alphas=20, random_state=0)
        model = LinearDML(model_y=lasso, model_t=lasso, cv=5, random_state=0)
        model.fit(problem.event, mine.astype(np.float64), X=None, W=rest)
        told = model.intercept__inference()
        effect, error = float(np.ravel(told.point_estimate)[0]), float(np.ravel(told.stderr)[0])
        found[each] = Told(effect=effect, error=error)
    return found


PEERS: Mapping[str, tuple[Callable[[Problem, Sequence[Asked]], Answers], bool]] = {
    "naive lift": (naive, False),
    "L1 logistic": (l1_logistic, False),
    "boosting + SHAP": (boosting, False),
    "DoubleML": (double_ml, True),
    "EconML LinearDML": (econ_ml, True),
}
"""Each with whether it gets a limited number of attributes."""


class Board:
    """What every method said of every outcome, and how long it took."""

    def __init__(self) -> None:
        self.rows: dict[str, list[worlds.Graded]] = {}
        self.seconds: dict[str, list[float]] = {}
        self.measured: dict[str, tuple[int, int]] = {}

    def add(self, name: str, step: Step, answers: Answers, seconds: float) -> None:
        """Judge a peer's answers: Benjamini-Hochberg over what it was asked of the outcome."""
        claims = _claims(answers)
        graded = self.rows.setdefault(name, [])
        for (each, told), claimed in zip(answers.items(), claims, strict=True):
            wide = np.nan if told.error is None else 1.96 * told.error
            graded.append(
                worlds.Graded(
                    fact=each.fact, value=each.value, step=step, truth=each.truth,
                    effect=told.effect, low=told.effect - wide, high=told.effect + wide,
                    claimed=claimed,
                )
            )  # fmt: skip
        self.seconds.setdefault(name, []).append(seconds)

    def figures(self, name: str) -> Line:
        """Return a method's line of the table."""
        rows = self.rows[name]
        tally = worlds.Tally(rows).figures()
        wanted = ("claims", "false", "coverage", "power", "power_values", "rmse")
        found: Line = {key: tally[key] for key in wanted}
        if rows and np.isnan(rows[0].low):
            found["coverage"] = None
        seconds = self.seconds.get(name)
        return {
            "values": len(rows),
            "attributes": len({row.fact for row in rows}),
            **found,
            "seconds": float(np.mean(seconds)) if seconds else None,
        }


def _claims(answers: Answers) -> list[bool]:
    if any(told.error is None for told in answers.values()):
        return [told.claimed for told in answers.values()]
    z = [abs(told.effect / (told.error or 1.0)) for told in answers.values()]
    return [bool(q <= RATE) for q in stats.false_discovery_control(2 * stats.norm.sf(z))]


def mature(past: Past, watched: Watched, step: Step) -> Watched:
    """Return the customers whose twelve months are over: the peers know no censoring."""
    stays = watched.start + RULES.horizon_months * MONTH_DAYS <= seen_until(past, step)
    names = ("row", "cluster", "entry", "end", "event", "start")
    return replace(watched, **{name: getattr(watched, name)[stays] for name in names})


def outcome(board: Board, case: Case) -> dict[str, int]:
    """Ask every method about one outcome and return how much there was to see."""
    world, past, facts, step, size = case
    watched, held = watch(past, climb(past), step, RULES), read_confounders(past, RULES)
    began = perf_counter()
    found = estimate(past, step, watched, facts, held, rules=RULES)
    seconds = perf_counter() - began
    early = {levels.name: levels for levels in tiers(watched, facts, step, RULES)[0]}
    truth = worlds.Truth(world.company, facts)
    shown = [each for each in found.effects if each.fact in early]
    graded = worlds.grade(truth, shown)
    names = sorted({row.fact for row in graded})
    few = set(np.random.default_rng(0).permutation(names)[: size.attributes].tolist())
    board.rows.setdefault("Leadfit", []).extend(graded)
    board.rows.setdefault("Leadfit, the same attributes as DoubleML and EconML", []).extend(
        row for row in graded if row.fact in few
    )
    board.seconds.setdefault("Leadfit", []).append(seconds)
    grown = mature(past, watched, step)
    problem = Problem(
        watched=watched, facts=early,
        design=build(past, grown, list(early.values()), held, RULES),
        event=grown.event.astype(np.float64),
        asked=tuple(Asked(fact=r.fact, value=r.value, truth=r.truth) for r in graded),
    )  # fmt: skip
    for name, (method, slow) in PEERS.items():
        asked = [each for each in problem.asked if not slow or each.fact in few]
        began = perf_counter()
        answers = method(problem, asked)
        board.add(name, step, answers, perf_counter() - began)
        print(f"-- {step.value}: {name}: {board.seconds[name][-1]:.1f} s", flush=True)
        if slow:
            done, whole = board.measured.get(name, (0, 0))
            board.measured[name] = (done + len(asked), whole + len(problem.asked))
    return {
        "customers": watched.units,
        "of twelve months": grown.units,
        "events": watched.events,
        "columns": problem.design.columns.shape[1],
        "values": len(problem.asked),
        "not identified": sum(each.claim is Claim.NOT_IDENTIFIED for each in shown),
    }


def outbound(
    world: worlds.World, study: learn.Study, past: Past, facts: Sequence[Levels]
) -> dict[str, float]:
    """Return the share of an oracle's worth that each score finds among unknown accounts."""
    if study.artifact is None:
        return {}
    company, artifact = world.company, study.artifact
    people = prospects(company)
    value = knowable(company, people)[0]
    names = [fact.name for fact in company.facts]
    score = np.array([
        evaluate(artifact, dict(zip(names, each.values, strict=True)) | {"country": each.country})
        .score for each in people
    ])  # fmt: skip
    known = [levels for levels in facts if not len(levels.known_at)]
    new, ladder, columns = spread_levels(known, people, names), climb(past), columns_of(known)
    chances: list[Floats] = []
    lift = np.zeros(new.shape[1])
    for step in (Step.CONVERTED, *AFTER):
        watched = watch(past, ladder, step, RULES)
        held, event = columns[watched.row], watched.event.astype(np.float64)
        if step is Step.CONVERTED:
            have = np.maximum(held.sum(axis=0), 1)
            lift = event @ held / have - event @ (1 - held) / np.maximum(len(held) - have, 1)
        model = LGBMClassifier(**DEPTH, n_jobs=1, verbose=-1, random_state=0).fit(held, event)
        raw = np.asarray(model.predict(new, raw_score=True), dtype=np.float64)
        chances.append(1 / (1 + np.exp(-raw)))
    won, expands, churns = chances
    scores = {
        "naive lift": new @ lift,
        "L1 logistic": L1(past, known).score(new),
        "boosting + SHAP": won * (1 + expands) * (1 - 0.75 * churns),
        "Leadfit": score,
    }
    return {name: round(share_of_oracle(each, value), 3) for name, each in scores.items()}


def table(methods: Mapping[str, Line]) -> str:
    """Return the figures as the documentation shows them."""
    heads = ("attributes", "false", "coverage", "power", "power_values", "rmse", "outbound")
    lines = [f"| method | {' | '.join(heads)} | seconds |", "|---" * (len(heads) + 2) + "|"]
    for name, row in methods.items():
        cells = ["" if row.get(head) is None else str(row[head]) for head in heads]
        seconds = "" if row["seconds"] is None else str(row["seconds"])
        if "seconds_of_all_extrapolated" in row:
            seconds += f" (all: {row['seconds_of_all_extrapolated']}, extrapolated)"
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds} |")
    return "\n".join(lines)


def one_world(size: Size) -> dict[str, object]:
    """Return what there was to see in one world, and the figures of every method."""
    # A path of penalties may end before the last digit; the chosen one is what counts. LightGBM
    # gives names to columns that have none, and then warns that they have none.
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    world = worlds.plant(Dials(leads=size.leads, facts=size.facts, seed=size.seed))
    study, past = learn.study(world.history), read_past(world.history)
    left_out = study.benchmark.excluded
    facts = [levels for levels in read_facts(past, RULES) if levels.name not in left_out]
    board = Board()
    seen = {step.value: outcome(board, Case(world, past, facts, step, size)) for step in AFTER}
    shares = outbound(world, study, past, facts)
    methods: dict[str, Line] = {}
    for name in board.rows:
        methods[name] = {**board.figures(name), "outbound": shares.get(name)}
        done, whole = board.measured.get(name, (0, 0))
        if done < whole:
            taken = float(np.mean(board.seconds[name]))
            methods[name]["seconds_of_all_extrapolated"] = taken * whole / done
    return {"seed": size.seed, "outcomes": seen, "methods": methods}


def means(found: Sequence[Mapping[str, Line]]) -> dict[str, Line]:
    """Return the mean of every figure over worlds; a figure no world has stays absent."""
    methods: dict[str, Line] = {}
    for name in found[0]:
        methods[name] = {}
        for key in found[0][name]:
            values = [v for world in found if (v := world[name].get(key)) is not None]
            fine = [v for v in values if not np.isnan(v)]
            methods[name][key] = round(float(np.mean(fine)), 3) if fine else None
    return methods


def main() -> None:
    """Plant the worlds, ask every method, print one table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published size")
    parser.add_argument("--attributes", type=int, help="for DoubleML and EconML")
    parser.add_argument("--worlds", type=int, help="with seeds that follow each other")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    size = FULL if asked.full else SMALL
    size = replace(
        size,
        attributes=asked.attributes or size.attributes,
        seed=asked.seed or size.seed,
        worlds=asked.worlds or size.worlds,
    )
    made = [replace(size, seed=size.seed + n) for n in range(size.worlds)]
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(one_world, made))
    methods = means([each.pop("methods") for each in found])  # type: ignore[misc]  # figures by name
    figures = {"leads": size.leads, "facts": size.facts, "worlds": found, "methods": methods}
    record("learn_peers", figures, full=asked.full)
    print(table(methods))


if __name__ == "__main__":
    main()
