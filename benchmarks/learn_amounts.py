"""Effects on what a customer pays in its first year, held against planted companies.

Run ``python benchmarks/learn_amounts.py [--full] [--worlds 2] [--seed 7301]``; the published size
is eight worlds of 20,000 leads and 60 facts, and four in which nothing matters. The truth of a
value: what the customers that have it would have booked with the mix of the other values, their
luck the same. Kept: coverage of 95 % intervals, false claims, power, the error beside that of the
plain difference of means, and the seconds of a company.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import planted_worlds  # first: it sets the threads before numpy is loaded  # isort: skip
import numpy as np
from recording import record

from leadfit import learn
from leadfit.learn.amounts import customer_amounts, first_months
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.ladder import climb
from leadfit.learn.past import Floats, read_past
from leadfit.learn.result import AmountEffect, Claim
from leadfit.levels import BLANK
from leadfit.testing import planted
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.population import Entity

RULES = learn.Rules()
YEAR = 12.0
LARGE = 0.1
"""True effects of at least this share of a mean first year are those that power is about."""


@dataclass
class Tally:
    """Effects beside their truth, of one or more companies; amounts over a mean first year."""

    truth: list[float] = field(default_factory=list)
    effect: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    claimed: list[bool] = field(default_factory=list)
    refused: int = 0

    def add(self, each: AmountEffect, truth: float, mean: float) -> None:
        """Hold one effect against its truth."""
        if each.claim is Claim.NOT_IDENTIFIED:
            self.refused += 1
            return
        self.truth.append(truth / mean)
        self.effect.append(each.effect / mean)
        self.raw.append(each.raw / mean)
        self.held.append(each.low <= truth <= each.high)
        self.claimed.append(each.claim is Claim.CAUSED)

    def figures(self) -> Mapping[str, float]:
        """Return what the effects are judged by."""
        truth, effect, raw = (np.array(each) for each in (self.truth, self.effect, self.raw))
        claimed, null = np.array(self.claimed), truth == 0.0
        large, right = np.abs(truth) >= LARGE, np.sign(effect) == np.sign(truth)
        return {
            "values": len(truth),
            "refused": self.refused,
            "coverage": _share(np.array(self.held)),
            "coverage_of_true_effects": _share(np.array(self.held)[~null]),
            "claims": int(claimed.sum()),
            "false": round(float((claimed & null).sum() / max(1, claimed.sum())), 3),
            "power": _share((claimed & right)[large]),
            "signs": _share(right[large]),
            "rmse": round(float(np.sqrt(np.mean((effect - truth) ** 2))), 4),
            "rmse_of_plain_differences": round(float(np.sqrt(np.mean((raw - truth) ** 2))), 4),
        }


def _share(held: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return round(float(held.mean()), 3) if len(held) else float("nan")


def true_effects(
    company: planted.Company, levels: Levels, rows: Sequence[int], accounts: Sequence[str]
) -> Mapping[str, float]:
    """Return the true effect of each value of a fact on those customers that have it."""
    place = next(
        n for n, each in enumerate(company.facts) if each.name == levels.name.rpartition(".")[2]
    )
    fact = company.facts[place]
    entities = {
        sale.account.account_id: sale.account.entity for sale in company.ledger.won.values()
    }
    people = [entities[each] for each in accounts]
    codes = levels.codes[list(rows)]
    own = np.array([each.levels[place] for each in people])
    booked = _booked(company, fact, people)
    found: dict[str, float] = {}
    for code in np.unique(codes).tolist():
        inside = codes == code
        others = ~inside & (codes != levels.blank_code)
        if levels.labels[code] == BLANK or not others.any():
            continue
        mix = np.bincount(own[others], minlength=len(fact.levels)) / others.sum()
        gained = booked[np.arange(len(people)), own] - booked @ mix
        found[levels.labels[code]] = float(gained[inside].mean())
    return found


def _booked(company: planted.Company, fact: PlantedFact, people: Sequence[Entity]) -> Floats:
    """Return what each customer would book in a year under each value of a fact."""
    if not any(level.expand or level.churn for level in fact.levels):
        return np.zeros((len(people), len(fact.levels)))
    return np.array(
        [
            [company.fate_under(each, {fact.name: v.value}).booked(YEAR) for v in fact.levels]
            for each in people
        ],
        dtype=np.float64,
    )


def measure(dials: planted.Dials, tally: Tally) -> tuple[float, int, bool]:
    """Hold one company's effects against the truth: seconds, customers, whether any is claimed."""
    world = planted_worlds.plant(dials)
    past = read_past(world.history)
    ladder = climb(past)
    facts, confounders = read_facts(past, RULES), read_confounders(past, RULES)
    facts = tuple(each for each in facts if each.name != "country")
    started = time.process_time()
    effects = customer_amounts(past, ladder, facts, confounders, RULES)
    seconds = time.process_time() - started
    seen = first_months(past, ladder, RULES)
    if seen is None or seen.months != YEAR:
        raise SystemExit("too few customers were seen for a year: ask for more leads")
    watched, amount = seen.watched, seen.paid
    accounts = [past.account_ids[n] for n in watched.cluster]
    asked = {each.fact for each in effects}
    truth = {
        levels.name: true_effects(world.company, levels, watched.row.tolist(), accounts)
        for levels in facts
        if levels.name in asked
    }
    for each in effects:
        if each.value in truth[each.fact]:
            tally.add(each, truth[each.fact][each.value], float(amount.mean()))
    return seconds, watched.units, any(each.claim is Claim.CAUSED for each in effects)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the published size")
    parser.add_argument("--worlds", type=int)
    parser.add_argument("--nulls", type=int)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--facts", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7301)
    parser.add_argument("--cells", action="store_true", help="confounding by an interaction")
    asked = parser.parse_args(arguments)
    worlds = asked.worlds or (8 if asked.full else 2)
    nulls = (4 if asked.full else 1) if asked.nulls is None else asked.nulls
    riding = planted.Confounding.INTERACTION if asked.cells else planted.Confounding.ADDITIVE
    tally, runs = Tally(), []
    for seed in range(asked.seed, asked.seed + worlds):
        dials = planted.Dials(seed=seed, leads=asked.leads, facts=asked.facts, confounding=riding)
        runs.append(measure(dials, tally))
    empty, claiming = Tally(), 0
    for seed in range(asked.seed + worlds, asked.seed + worlds + nulls):
        dials = planted.Dials(seed=seed, leads=asked.leads, facts=asked.facts, null=True)
        claiming += measure(dials, empty)[2]
    record(
        "learn_amounts",
        {
            "seeds": [asked.seed, asked.seed + worlds + nulls - 1],
            "leads": asked.leads,
            "facts": asked.facts,
            "confounding": riding.value,
            "customers_followed_for_a_year": int(np.mean([run[1] for run in runs])),
            "seconds": round(float(np.median([run[0] for run in runs])), 1),
            "effects": tally.figures(),
            "null_worlds": nulls,
            "null_worlds_that_claim_anything": claiming,
        },
        full=asked.full,
    )


if __name__ == "__main__":
    main()
