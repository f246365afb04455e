"""Signal weights as a chain of shrunken links, so that their order holds in every draw.

The weight of a step is the 24-month value of an account that reached it, relative to one that
expanded within 12 months. It says what a signal foretells, not what would happen if an account
were pushed to the step. With no data the chain gives back the prior.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leadfit.history import Step
from leadfit.learn.ladder import PER_LEAD, Ladder, row_of
from leadfit.learn.leavers import log_kept
from leadfit.learn.money import revenue_by_month
from leadfit.learn.past import Bools, Floats, Past
from leadfit.learn.result import Presence, Weight
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.records import Kind

PSEUDO_DECISIONS = 30.0
_RHO_SPREAD, _RHO_FLOOR = 0.35, 0.05
_KEPT_SPREAD = 0.6
_DRAWS = 2000
_RESAMPLES = 200


def weigh(
    past: Past, ladder: Ladder, rules: Rules, rng: np.random.Generator
) -> tuple[dict[Step, Weight], Weight]:
    """Return the weights of the four steps, and the share the detractor match takes away."""
    prior = rules.prior
    won_prior = prior[Step.CONVERTED] / prior[Step.EXPANDED]
    first = _link(
        past, ladder, (Step.ACCEPTED, Step.QUALIFIED),
        prior[Step.ACCEPTED] / prior[Step.QUALIFIED], rules, rng,
    )  # fmt: skip
    second = _link(
        past, ladder, (Step.QUALIFIED, Step.CONVERTED),
        prior[Step.QUALIFIED] / prior[Step.CONVERTED], rules, rng,
    )  # fmt: skip
    values = _values(past, ladder, rules)
    rho = _ratio(values, won_prior, rng)
    won = 100.0 * rho
    chain = {
        Step.ACCEPTED: won * second * first,
        Step.QUALIFIED: won * second,
        Step.CONVERTED: won,
        Step.EXPANDED: np.full(_DRAWS + 1, 100.0),
    }
    weights = {step: _summary(draw, prior[step]) for step, draw in chain.items()}
    kept = _kept(past, ladder, rules, rng)
    return weights, _summary(1.0 - kept, rules.detractor_prior)


def _summary(chain: Floats, prior: float) -> Weight:
    """Read the first entry as the value and the draws behind it as its interval."""
    low, high = np.quantile(chain[1:], [0.025, 0.975])
    value = float(chain[0])
    return Weight(
        value=value, low=min(value, float(low)), high=max(value, float(high)), prior=float(prior)
    )


def _link(  # noqa: PLR0917 -- a link and where it comes from
    past: Past,
    ladder: Ladder,
    steps: tuple[Step, Step],
    prior: float,
    rules: Rules,
    rng: np.random.Generator,
) -> Floats:
    """Return the chance of the second step after the first: its mean, then draws of it.

    Leads are counted, not accounts: the signal is a lead's, and an account that comes back has
    several chances, which one lead has not. A win counts for the lead it came of.
    """
    hits, tries = 0.0, 0.0
    if all(ladder.sources[step] is not Presence.MISSING for step in steps):
        one, two = (_by_lead(past, ladder, step) for step in steps)
        mature = np.ones(past.leads, np.bool_)
        if past.history.times_known:
            mature = past.created[: past.leads] < past.as_of - rules.mature_days
        tries, hits = float((one & mature).sum()), float((one & two & mature).sum())
    yes, no = PSEUDO_DECISIONS * prior + hits, PSEUDO_DECISIONS * (1 - prior) + tries - hits
    return np.concatenate([[yes / (yes + no)], rng.beta(yes, no, _DRAWS)])


def _by_lead(past: Past, ladder: Ladder, step: Step) -> Bools:
    if step in PER_LEAD or past.history.unit == "deal":
        return ladder.reached[step]
    found = np.zeros(past.rows, dtype=np.bool_)
    found[row_of(past, past.marks(Kind.CONVERTED))] = True
    return found[: past.leads]


def _values(past: Past, ladder: Ladder, rules: Rules) -> Mapping[str, Floats] | None:
    """Return revenue by month of customers followed at least a year, and who expanded."""
    recorded = ladder.sources[Step.EXPANDED] is not Presence.MISSING
    if not recorded or not past.history.times_known or past.history.unit == "deal":
        return None
    won_at = ladder.at[Step.CONVERTED]
    followed = (past.as_of - won_at) / MONTH_DAYS
    old = np.flatnonzero(followed >= rules.horizon_months)
    revenue = revenue_by_month(past, won_at, rules.value_months)[old]
    if len(old) < 20 or not revenue.any():
        return None
    expanded_at = ladder.at[Step.EXPANDED][old] - won_at[old]
    return {
        "revenue": revenue,
        "seen": (np.arange(1, rules.value_months + 1) <= followed[old, None]).astype(np.float64),
        "expanded": (expanded_at <= rules.horizon_months * MONTH_DAYS).astype(np.float64),
    }


def _worth(values: Mapping[str, Floats], weight: Floats) -> Floats:
    """Return the 24-month value: month by month the mean over accounts followed that long."""
    total = weight @ (values["revenue"] * values["seen"])
    seen = weight @ values["seen"]
    means = np.divide(total, seen, out=np.zeros_like(total), where=seen > 1e-9)
    return np.asarray(means.sum(axis=-1))


def _log_ratio(
    values: Mapping[str, Floats], above: Floats, below: Floats, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return the log of the ratio of two groups' worth and its spread, by Bayesian bootstrap."""
    if above.sum() < 5 or below.sum() < 5:
        return None
    draws = rng.exponential(1.0, (_RESAMPLES, len(above)))
    top, bottom = _worth(values, draws * above), _worth(values, draws * below)
    fine = (top > 0) & (bottom > 0)
    if fine.sum() < _RESAMPLES / 2:
        return None
    logs = np.log(top[fine] / bottom[fine])
    return float(logs.mean()), float(logs.std())


def _ratio(values: Mapping[str, Floats] | None, prior: float, rng: np.random.Generator) -> Floats:
    """Return the worth of a customer relative to one that expanded: its middle, then draws.

    It is below 1 by meaning.
    """
    mean, spread = np.log(prior), _RHO_SPREAD
    if values is not None:
        everyone = np.ones(len(values["expanded"]))
        found = _log_ratio(values, everyone, values["expanded"], rng)
        if found is not None:
            mean, spread = _combine((mean, spread), (found[0], max(found[1], _RHO_FLOOR)))
    logs = np.concatenate([[mean], rng.normal(mean, spread, _DRAWS)])
    return np.asarray(np.exp(np.minimum(logs, -1e-3)))


def _kept(past: Past, ladder: Ladder, rules: Rules, rng: np.random.Generator) -> Floats:
    """Return the share of value a customer that churned after use keeps: middle, then draws."""
    prior = 1.0 - rules.detractor_prior
    mean, spread = np.log(prior / (1 - prior)), _KEPT_SPREAD
    recorded = ladder.sources[Step.CHURNED_AFTER_USE] is not Presence.MISSING
    if recorded and past.history.times_known and past.history.unit != "deal":
        found = log_kept(past, ladder, rules, rng)
        if found is not None:
            share = min(0.98, float(np.exp(found[0])))
            # A log ratio's spread, carried to the logit.
            wide = max(found[1], _RHO_FLOOR) / (1 - share)
            mean, spread = _combine((mean, spread), (float(np.log(share / (1 - share))), wide))
    logits = np.concatenate([[mean], rng.normal(mean, spread, _DRAWS)])
    return np.asarray(1 / (1 + np.exp(-logits)))


def _combine(prior: tuple[float, float], data: tuple[float, float]) -> tuple[float, float]:
    """Return mean and spread of the product of two normal densities."""
    a, b = prior[1] ** -2, data[1] ** -2
    return (prior[0] * a + data[0] * b) / (a + b), float((a + b) ** -0.5)
