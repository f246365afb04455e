"""Whom the detractor flag takes out of outbound, on planted companies whose truth is known.

Run ``python benchmarks/learn_flag.py [--full]``. An artifact learned from a company scores accounts
that are in no CRM; whether an account would truly leave after use is known. Kept for the flag, and
for flags from less and from more: who is flagged, how much more they leave than others, how many of
those that truly leave twice as often are found, and what outbound loses. Four worlds of two sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import planted_worlds as worlds
from learn_gates import prospects
from recording import asked_for_full, record

from leadfit import learn
from leadfit.artifact import Artifact, evaluate
from leadfit.learn.past import Bools, Floats
from leadfit.testing import planted
from leadfit.testing.planted.truth import account_truth

SEED = 5210
IN_USE = 2.5
"""Times the average lead's odds of churn after use from which ``learn`` flags an account."""
TIMES = (1.75, IN_USE, 3.25, 4.0)
OFTEN = 2.0
"""Who truly leaves so many times as often as the average account is one to be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Accounts that are in no CRM: what the artifact says of each, and what is true.

    Attributes:
        score: 0 to 100, by account.
        said: Chance of churn after use within twelve months, by the artifact.
        flag_from: The one such chance from which the artifact flags.
        leaves: The true chance.
        value: True expected worth.
    """

    score: Floats
    said: Floats
    flag_from: Floats
    leaves: Floats
    value: Floats


def meet(dials: planted.Dials) -> Met:
    """Learn from one company and score accounts it has not met."""
    world = worlds.plant(dials)
    artifact = learn.fit(world.history)
    people = prospects(world.company)
    names = [fact.name for fact in world.company.facts]
    found = [
        evaluate(artifact, dict(zip(names, each.values, strict=True)) | {"country": each.country})
        for each in people
    ]
    true = [account_truth(world.company.economics, each) for each in people]
    return Met(
        score=np.array([each.score for each in found]),
        said=chance(artifact, np.array([each.detractor for each in found])),
        flag_from=chance(artifact, np.array([artifact.flag_at])),
        leaves=np.array([each.churns for each in true]),
        value=np.array([each.oracle_value for each in true]),
    )


def chance(artifact: Artifact, match: Floats) -> Floats:
    """Return the chance of churn after use that each detractor match stands for."""
    knots = np.array(artifact.detractor_knots)
    return np.asarray(np.interp(match, knots[:, 1], knots[:, 0]))


def odds(chances: Floats) -> Floats:
    """Return the odds of chances."""
    return np.asarray(chances / (1.0 - chances))


def figures(met: Met, flagged: Bools) -> Mapping[str, float]:
    """Return what a flag does in one company."""
    often = met.leaves >= OFTEN * met.leaves.mean()
    best = met.score >= np.quantile(met.score, 0.9)
    nan = float("nan")
    return {
        "flagged": float(flagged.mean()),
        "leave_times_average": float(met.leaves[flagged].mean() / met.leaves.mean())
        if flagged.any()
        else nan,
        "found_of_often": float((flagged & often).sum() / max(1, often.sum())),
        "worth_times_average": float(met.value[flagged].mean() / met.value.mean())
        if flagged.any()
        else nan,
        "flagged_of_best_tenth": float(flagged[best].mean()),
        "worth_of_best_tenth_lost": float(met.value[best & flagged].sum() / met.value[best].sum()),
    }


def main() -> None:
    """Measure, print and keep the figures."""
    full = asked_for_full(__doc__)
    kept: dict[str, object] = {}
    for leads, facts in ((20_000, 60), (4_000, 40)):
        count = 4 if full else 1
        all_met = [
            meet(planted.Dials(seed=SEED + n, leads=leads, facts=facts)) for n in range(count)
        ]
        for times in TIMES:
            each = [
                figures(met, odds(met.said) >= odds(met.flag_from) * times / IN_USE)
                for met in all_met
            ]
            kept[f"{leads} leads, {times:g} times the odds"] = {
                name: [
                    round(float(np.nanmean([one[name] for one in each])), 3),
                    *[round(one[name], 3) for one in each],
                ]
                for name in each[0]
            }
    record("learn_flag", {"mean_and_each_world": kept, "seed": SEED}, full=full)


if __name__ == "__main__":
    main()
