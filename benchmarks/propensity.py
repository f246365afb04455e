"""How well the chance of a win is told on the latest fifth of a planted company's history.

Run ``python benchmarks/propensity.py [--full]``. Model C is learned from planted companies and held
against moments it has not seen. Kept for each company: the mean gap of said and seen, the area
under the curve, precision and recall at both tier edges with 95 % intervals, and the detractor
flag's precision on customers that it has not seen, with its lower bound.
"""

from __future__ import annotations

import planted_worlds as worlds
from recording import asked_for_full, record

from leadfit import learn
from leadfit.testing import planted

SEED = 5340


def figures(seed: int, leads: int) -> dict[str, object]:
    """Return how Model C and the flag do in one company."""
    history = worlds.plant(planted.Dials(seed=seed, leads=leads, facts=12)).history
    found, flag = learn.propensity(history), learn.flag_precision(history)
    told: dict[str, object] = {"months": round(found.months, 1), "wins": found.wins}
    if found.model is not None:
        held = found.model.hold_out
        told |= {
            "held_out": held.leads,
            "held_out_wins": held.wins,
            "ece": round(held.ece, 3),
            "auc": round(held.auc, 3),
            "brier": round(held.brier, 4),
            "brier_of_rate": round(held.brier_of_rate, 4),
        }
        for cut in held.cuts:
            precision = (cut.precision, cut.precision_low, cut.precision_high)
            recall = (cut.recall, cut.recall_low, cut.recall_high)
            told[f"from_{cut.at:g}"] = {
                "called": cut.called,
                "precision": [round(each, 3) for each in precision],
                "recall": [round(each, 3) for each in recall],
            }
    if flag is not None:
        told["flag"] = {
            "customers": flag.customers,
            "left": flag.left,
            "flagged": flag.flagged,
            "flagged_left": flag.flagged_left,
            "precision_low": round(flag.low, 3),
        }
    return told


def main() -> None:
    """Measure, print and keep the figures."""
    full = asked_for_full(__doc__)
    leads, count = (12_000, 4) if full else (4_000, 1)
    kept = {f"company {n + 1}, {leads} leads": figures(SEED + n, leads) for n in range(count)}
    record("propensity", kept, full=full)


if __name__ == "__main__":
    main()
