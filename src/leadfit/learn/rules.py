"""The numbers the learner goes by; each is a default that a caller may replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default

from leadfit.history import Step

LADDER = (Step.ACCEPTED, Step.QUALIFIED, Step.CONVERTED, Step.EXPANDED)
MONTH_DAYS = 365.25 / 12


def prior_weights() -> Mapping[Step, float]:
    """Return the signal weights before any data, on 0 to 100."""
    return {
        Step.ACCEPTED: 22.0,
        Step.QUALIFIED: 38.0,
        Step.CONVERTED: 58.0,
        Step.EXPANDED: 100.0,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Thresholds and horizons of the learner.

    Attributes:
        horizon_months: Effects are differences of the chance within this time.
        false_discovery_rate: Share of false claims that Benjamini-Hochberg allows.
        any_claim_level: Nothing at all is claimed unless that no fact matters for any outcome is
            refuted at this level.
        min_effect: The verdict asks whether an effect of this size could have been seen.
        min_events: With fewer outcomes a normal interval means nothing.
        min_level_units: Rarer values of a fact are pooled.
        max_levels: More values than this are pooled into the rest, rarest first.
        bins: Bins of a number, at its quantiles.
        cells_level: Pairs of confounders whose cells go with a fact at this level are held.
        leak_deviance: A single fact that explains more of an outcome's entropy than this is
            looked at closely: nearly all real facts stay below .15.
        leak_certain: One that explains more than this was written after the outcome.
        leak_decided: Between the two it was, if units with one of its values reached the outcome
            at most this often, or failed to at most this often.
        twin_r2: Share of a value explained by the other columns from which it cannot be told
            apart.
        decided_days: A step nearly all of whose events come within this time is a decision.
        value_months: Value of an account is counted over this time.
        whale_share: An account with this share of all revenue is named.
        whale_level_share: So is one with this share of the revenue of one value that a profile
            names, where at least ``whale_payers`` accounts pay: of a handful one always has much.
        folds: Accounts are dealt into so many folds to judge the learned score on those it has not
            seen.
    """

    horizon_months: float = 12.0
    false_discovery_rate: float = 0.05
    any_claim_level: float = 0.01
    min_effect: float = 0.05
    power: float = 0.8
    min_events: int = 30
    min_level_units: int = 20
    min_level_share: float = 0.01
    max_levels: int = 30
    max_confounder_levels: int = 40
    max_cells: int = 120
    cells_level: float = 0.2
    bins: int = 5
    ridge_fact: float = 0.5
    ridge_confounder: float = 0.25
    leak_deviance: float = 0.25
    leak_certain: float = 0.45
    leak_decided: float = 0.04
    twin_r2: float = 0.9
    overlap_r2: float = 0.9
    whale_share: float = 0.1
    whale_level_share: float = 0.3
    whale_payers: int = 10
    folds: int = 5
    landmark_days: float = 90.0
    mature_days: float = 183.0
    decided_days: float = 122.0
    acceptance_days: float = 90.0
    recent_days: int = 90
    value_months: int = 24
    prior: Mapping[Step, float] = default(default_factory=prior_weights)
    detractor_prior: float = 0.75
