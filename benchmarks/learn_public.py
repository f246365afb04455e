"""Effects on amounts, held against public experiments and studies whose answer is known.

Run ``python benchmarks/learn_public.py``; the files are looked for in the folder that
``LEADFIT_SHARED`` names, else in ``../shared``, and nothing is measured without them. Kept for each
study: the published answer, the plain difference, Leadfit's effect with interval and what other
ways to adjust would have said of the same rows. ``--full`` draws 100 outcomes of IHDP, not 20.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

# Small matrices: a second thread only waits for the first. Set before numpy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 -- a benchmark sets up its own process
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np  # noqa: E402 -- after the threads are set
from recording import asked_for_full, record  # noqa: E402 -- the same

from leadfit.learn.amounts.balancing import balance  # noqa: E402 -- the same
from leadfit.learn.past import Floats  # noqa: E402 -- the same
from stories.experiments import (  # noqa: E402 -- the same
    CAUSAL,
    GAIN,
    RULES,
    Study,
    amount_of,
    hillstrom,
    ihdp,
    lalonde,
    nhefs,
    standard_error,
    trial,
)


def plain(study: Study) -> tuple[float, float]:
    """Return the difference of means and its standard error."""
    inside, rest = study.amount[study.treated], study.amount[~study.treated]
    error = np.sqrt(inside.var(ddof=1) / len(inside) + rest.var(ddof=1) / len(rest))
    return float(inside.mean() - rest.mean()), float(error)


def least_squares(study: Study) -> float:
    """Return the coefficient of the treatment beside all columns."""
    own = study.treated.astype(np.float64)[:, None]
    columns = np.concatenate([np.ones((len(own), 1)), own, study.columns()], axis=1)
    return float(np.linalg.lstsq(columns, study.amount, rcond=None)[0][1])


def predicted(study: Study) -> float:
    """Return what the treated have over what a regression of the others foretells (Kline 2011)."""
    columns = np.concatenate([np.ones((len(study.rows), 1)), study.columns()], axis=1)
    slopes = np.linalg.lstsq(columns[~study.treated], study.amount[~study.treated], rcond=None)[0]
    return float((study.amount - columns @ slopes)[study.treated].mean())


def weighed(study: Study) -> float:
    """Return the difference under balancing weights on the plain columns alone."""
    columns = study.columns()
    even = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    weights = balance(even, study.treated, ~study.treated).weights
    return float(study.amount[study.treated].mean() - weights @ study.amount)


def measure(study: Study, published: str) -> Mapping[str, object]:
    """Return what each way says of one study."""
    started = time.process_time()
    found = amount_of(study)
    seconds = time.process_time() - started
    bare = amount_of(study, replace(RULES, max_cells=0))
    raw, error = plain(study)
    return {
        "published": published,
        "plain_difference": _shown(raw),
        "plain_error": _shown(error),
        "leadfit": _shown(found.effect),
        "low": _shown(found.low),
        "high": _shown(found.high),
        "standard_error": _shown(standard_error(found)),
        "robustness": round(found.robustness, 3),
        "treated": found.units,
        "compared_with": round(found.compared_with),
        "overlap": found.apart is None,
        "seconds": round(seconds, 1),
        "other_ways": {
            "Leadfit without pairwise cells": _shown(bare.effect),
            "least squares": _shown(least_squares(study)),
            "regression of the others": _shown(predicted(study)),
            "balancing weights on plain columns": _shown(weighed(study)),
        },
    }


def _shown(figure: float | Floats) -> float:
    number = float(figure)
    return round(number) if abs(number) >= 100 else round(number, 3)


def drawn(draws: int) -> Mapping[str, object]:
    """Return median errors over drawn outcomes of known truth, and how often intervals hold it."""
    errors: dict[str, list[float]] = {}
    held = 0
    for seed in range(draws):
        study = ihdp(seed)
        found = amount_of(study)
        held += found.low <= GAIN <= found.high
        for name, effect in (
            ("leadfit", found.effect),
            ("plain difference", plain(study)[0]),
            ("least squares", least_squares(study)),
            ("regression of the others", predicted(study)),
            ("balancing weights on plain columns", weighed(study)),
        ):
            errors.setdefault(name, []).append(abs(effect - GAIN))
    return {
        "draws": draws,
        "truth": GAIN,
        "intervals_that_hold_it": round(held / draws, 3),
        "median_error": {name: round(float(np.median(each)), 3) for name, each in errors.items()},
    }


def main() -> None:
    """Measure, print and keep the figures; say so where the files are not here."""
    full = asked_for_full(__doc__)
    if not CAUSAL.is_dir():
        print(f"nothing measured: no {CAUSAL}; set LEADFIT_SHARED to the folder with data/causal")
        return
    run = plain(trial())
    census = lalonde()
    studies: dict[str, object] = {
        "LaLonde, trained against census": measure(census, f"{run[0]:+,.0f} by the experiment"),
        "LaLonde, the experiment": {
            "difference": _shown(run[0]),
            "standard_error": _shown(run[1]),
            "untrained_census_refused": not _overlaps(replace(census, value="no")),
        },
        "NHEFS, gave up smoking": measure(nhefs(), "+3.4 to +3.5 kg (2.6 to 4.3)"),
    }
    for arm in ("Mens E-Mail", "Womens E-Mail"):
        study = hillstrom(arm)
        studies[f"Hillstrom, {arm}"] = measure(study, f"{plain(study)[0]:+.3f} by the experiment")
    studies["IHDP, outcomes drawn"] = drawn(100 if full else 20)
    record("learn_public", studies, full=full)


def _overlaps(study: Study) -> bool:
    return amount_of(study).apart is None


if __name__ == "__main__":
    main()
