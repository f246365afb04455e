"""Do small trees win over the logistic second stage on pairs held back?

``python benchmarks/resolve_trees.py [--full]`` draws 1,000 labels of company names alone and, with
``--full``, 1,000 of patent applicants, three times each. Sixty trees of depth three, held to the
same signs, are added to the logistic model. Both are judged, without a calibration map, on all
pairs without a label (``same_base``) and on pairs of organisations of which no label speaks
(``new_clusters``), as in ``resolve_labels``. ``log_loss_held_back`` is that of the labels, from
models that saw no pair of the same organisation: what a product could choose by.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from public_records import lobbying, patstat, shared
from recording import asked_for_full, record
from resolve_labels import Base, Bools, Floats, base, drawn_labels, error_of, over_draws, scores
from small_trees import boosted, summed

from leadfit.resolve.from_labels.facts import NAMES
from leadfit.resolve.from_labels.training import fit, folds_of
from leadfit.resolve.model.card import SecondStage
from leadfit.world import seeded

LABELS = 1_000
DRAWS = 3
TREES = 60
RIDGE = 1.0


def odds_of(stage: SecondStage, facts: Floats) -> Floats:
    inputs = [NAMES.index(name) for name in stage.inputs]
    return np.asarray(stage.intercept + facts[:, inputs] @ np.array(stage.coefficients))


def log_loss(odds: Floats, truth: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, odds) - truth * odds))


def both(facts: Floats, truth: Floats, asked: Floats) -> tuple[Floats, Floats]:
    """Return log odds by the logistic model alone and with trees."""
    stage = fit(facts, truth, RIDGE)
    alone = odds_of(stage, asked)
    return alone, alone + summed(boosted(facts, truth, odds_of(stage, facts), TREES), asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Pairs that labels are drawn from, and those that are judged; see ``resolve_labels``."""

    pool: Bools
    held_out: Bools
    true_pairs: int
    wrong: float


def compared(of: Base, split: Split, seed: int) -> dict[str, dict[str, float]]:
    labelled, unseen = drawn_labels(of, split.pool, LABELS, seed)
    places = np.flatnonzero(~unseen)
    at = {(str(of.left[n]), str(of.right[n])): n for n in places}
    order = [at[each.left_id, each.right_id] for each in labelled]
    facts, truth = of.facts[order], of.truth[order].astype(np.float64)
    folds = folds_of(labelled)
    inside: dict[str, Floats] = {name: np.empty(len(truth)) for name in ("logistic", "trees")}
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        inside["logistic"][out], inside["trees"][out] = both(facts[~out], truth[~out], facts[out])
    asked = split.held_out & unseen
    known = int(of.truth[split.held_out & ~unseen].sum())
    found = {}
    for name, odds in zip(inside, both(facts, truth, of.facts[asked]), strict=True):
        said = 1 / (1 + np.exp(-np.clip(odds, -36, 36)))
        run = scores(said, of.truth[asked], split.true_pairs - known, split.wrong)
        found[name] = {
            "f1": run.figures["f1"],
            "recall_at_half_percent": run.figures["recall_at_half_percent"],
            "calibration_error": error_of(run.judged),
            "log_loss_held_back": log_loss(inside[name], truth),
        }
    return found


def split_of(of: Base, which: str, seed: int) -> Split:
    every = np.ones(len(of.truth), dtype=np.bool_)
    if which == "same_base":
        return Split(pool=every, held_out=every, true_pairs=of.true_pairs, wrong=1.0)
    names = sorted(set(of.clusters.tolist()))
    seeded("clusters", seed).shuffle(names)
    aside = np.isin(of.clusters, names[: len(names) // 2])
    counts = Counter(of.clusters[aside].tolist())
    return Split(
        pool=~aside[of.left] & ~aside[of.right],
        held_out=aside[of.left] & aside[of.right],
        true_pairs=sum(n * (n - 1) // 2 for n in counts.values()),
        wrong=2.0,
    )


def over_all(of: Base, which: str) -> Mapping[str, object]:
    runs = [compared(of, split_of(of, which, seed), seed) for seed in range(DRAWS)]
    return {
        model: {name: over_draws([run[model][name] for run in runs]) for name in figures}
        for model, figures in runs[0].items()
    }


def main() -> int:
    full = asked_for_full(__doc__)
    folder = shared()
    if folder is None:
        print("public data absent: set LEADFIT_SHARED to the folder that holds data/identity")
        return 0
    figures: dict[str, object] = {"labels": LABELS, "trees": TREES}
    with tempfile.TemporaryDirectory() as scratch:
        for read in (lobbying, patstat) if full else (lobbying,):
            of = base(*read(folder / "data", Path(scratch)))
            figures[read.__name__] = {
                which: over_all(of, which) for which in ("same_base", "new_clusters")
            }
    record("resolve_trees", figures, full=full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
