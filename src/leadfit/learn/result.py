"""What a benchmark found: frozen values that ``report`` renders and writes as report.json.

Rates and effects are fractions, money is in integer minor units, intervals are 95 %. A figure
that is not known is ``None``, never a guess and never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import datetime
from enum import StrEnum

from leadfit.history import Notice, Step


class Presence(StrEnum):
    """Whether a source of evidence is recorded."""

    PRESENT = "present"
    PARTIAL = "partial"
    MISSING = "missing"


class Verdict(StrEnum):
    """What the data say about an ideal customer profile; it qualifies claims only."""

    ICP_SUPPORTED = "icp_supported"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    NO_ICP_SUPPORTED = "no_icp_supported"


class Claim(StrEnum):
    """How far an effect may be read.

    ``caused``: if nothing unrecorded explains more than the robustness value. ``associated``:
    seen, and not by chance, but a cause is not shown. ``not_identified``: the data cannot part
    it from something recorded beside it. ``insufficient``: it may be chance.
    """

    CAUSED = "caused"
    ASSOCIATED = "associated"
    NOT_IDENTIFIED = "not_identified"
    INSUFFICIENT = "insufficient"


class Judgement(StrEnum):
    """What became of the profile in use."""

    RIGHT = "right"
    DRIFTED = "drifted"
    WRONG = "wrong"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; all three are ``None`` where it cannot be known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Units that reached each step; ``None`` where the source is missing."""

    leads: int
    accepted: int | None = None
    qualified: int | None = None
    converted: int | None = None
    expanded: int | None = None
    churned_after_use: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelMonth:
    """What became of the leads of one month.

    Attributes:
        month: First month of creation, such as ``2018-03``.
        counts: Leads of that month that reached each recorded step so far.
        matured: The cohort is old enough for its conversions to be compared.
    """

    month: str
    leads: int
    counts: Mapping[Step, int]
    matured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one value of one fact does to one outcome, all other facts and confounders held.

    Attributes:
        fact: Column header as in the file.
        value: The value, or a range of a number such as ``10 to 50``.
        effect: Difference of the chance within 12 months, as a fraction; of the chance at all
            where no times are recorded.
        q_value: After Benjamini-Hochberg by fact, then by value within it, for the outcome and
            for all outcomes together: the larger of the two.
        robustness: Share of the rest of the variance that something unrecorded would have to
            explain, of the fact and of the outcome, to bring the effect to nothing.
        shrunk: The effect after empirical-Bayes shrinkage: the best guess.
        units: Units that carry the value.
        events: Units that carry the value and reached the outcome.
    """

    fact: str
    value: str
    outcome: Step
    effect: float
    low: float
    high: float
    q_value: float
    robustness: float
    claim: Claim
    shrunk: float
    units: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountEffect:
    """What one value of one fact does to what a customer pays in its first months.

    It is the mean effect on the customers that have the value: what they paid less what customers
    like them with other values paid. Amounts are minor units of the money's currency.

    Attributes:
        raw: Plain difference of means, before anything is held.
        q_value: After Benjamini-Hochberg by fact, then by value within it; 1 without overlap.
        robustness: As for :class:`Effect`.
        claim: ``not_identified`` where no customers alike are among those with other values.
        shrunk: The effect after empirical-Bayes shrinkage: the best guess.
        units: Customers with the value.
        compared_with: Customers with other values, counted by how evenly they weigh.
        apart: What could not be made alike, or ``None``.
        months: The first months of a customer that are counted: 12, or 6 or 3 in a young past.
    """

    fact: str
    value: str
    effect: float
    low: float
    high: float
    raw: float
    q_value: float
    robustness: float
    claim: Claim
    shrunk: float
    units: int
    compared_with: float
    apart: str | None = None
    months: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A signal weight on 0 to 100; for the detractor a fraction of the score taken away."""

    value: float
    low: float
    high: float
    prior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """A value that raises (or, in the detractor profile, lowers) the worth of an account.

    Attributes:
        points: Points of the 0 to 100 score the value adds; negative in the detractor profile.
        why: One or two sentences with the figures.
        grade: Evidence: ``caused``, ``associated``, ``not_identified`` or ``insufficient``.
        claimed_for: The outcome that the grade speaks of, which may be an earlier one than the
            verdict's; ``None`` where no single effect stands behind the points.
    """

    fact: str
    value: str
    points: float
    why: str
    grade: Claim
    claimed_for: Step | None = None


class Finding(StrEnum):
    """What became of a common claim on this past."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class OftenTold:
    """A figure that is often quoted, held against this past.

    Attributes:
        claim: As it is quoted.
        figure: Where the figure stands that it was held against.
        low: The claim as a range.
        high: Its end.
        finding: ``reproduced`` if the whole interval lies in the range, ``refuted`` if none of it
            does.
    """

    claim: str
    figure: str
    low: float
    high: float
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What became of the accounts the learned score puts first.

    Attributes:
        accounts: How many.
        revenue_per_account: Minor units.
        revenue_ratio: That, as a multiple of an account the static profile calls ideal.
        fail_acceptance_90d: Share of their leads not accepted within 90 days.
        detractors_inside: Those that churned after use.
        detractors_inside_share: That, of the accounts.
        detractors_of_customers: That, of those of them that were won.
    """

    accounts: int
    revenue_per_account: Estimate
    revenue_ratio: Estimate
    fail_acceptance_90d: Estimate
    detractors_inside: int | None
    detractors_inside_share: Estimate
    detractors_of_customers: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFindings:
    """What became of the accounts a static profile calls ideal.

    Attributes:
        fail_acceptance_90d: Share of ideal leads not accepted within 90 days.
        revenue_per_account: Minor units, accounts called ideal.
        learned_revenue_per_account: Minor units, as many accounts with the best learned score.
        detractors_inside: Ideal accounts that churned after use.
        detractors_inside_share: That, of the accounts called ideal.
        detractors_of_customers: That, of those of them that were won.
        scored_how: How accounts came by the learned score they are ranked by, in words.
        same_number: As many accounts as are called ideal, by the learned score; ``None`` where
            nothing could be learned that ranks them.
        top_decile: The best tenth of all accounts, by the learned score.
        claims: Figures that are often quoted, held against these.
    """

    accounts_called_ideal: int
    fail_acceptance_90d: Estimate
    revenue_per_account: Estimate
    learned_revenue_per_account: Estimate
    detractors_inside: int | None
    name: str = "static rules"
    detractors_inside_share: Estimate = default(default_factory=Estimate)
    detractors_of_customers: Estimate = default(default_factory=Estimate)
    scored_how: str = ""
    same_number: Chosen | None = None
    top_decile: Chosen | None = None
    claims: tuple[OftenTold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentIcp:
    """The judgement on the profile in use: incumbent score, tier, or static rules.

    Attributes:
        judged: What was judged, such as ``tier``, ``score`` or ``static rules``; ``None`` if
            nothing in use was recorded.
        outcome: The step it was judged on.
        lift: Difference of the rate of that step, called ideal minus not.
        lift_before: The same in the older half of the matured units.
        lift_now: The same in the newer half.
        words: The judgement in one or two sentences.
    """

    judgement: Judgement
    words: str
    judged: str | None = None
    outcome: Step | None = None
    lift: Estimate = default(default_factory=Estimate)
    lift_before: Estimate = default(default_factory=Estimate)
    lift_now: Estimate = default(default_factory=Estimate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What is at stake, in minor units of ``currency``; ``None`` where it is not recorded.

    Attributes:
        open_pipeline: Amounts of deals neither won nor lost.
        recent_revenue: Revenue recorded in the last ``recent_days`` before as_of.
        detractor_spend: Recent acquisition spend that went to accounts flagged as detractors,
            by their share of the leads of the same period.
        detractor_share: That share.
    """

    currency: str | None = None
    open_pipeline: int | None = None
    open_deals: int | None = None
    recent_revenue: int | None = None
    recent_days: int = 90
    detractor_spend: int | None = None
    detractor_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Share that reached the outcome within ``months``, and the hazard of that month."""

    months: float
    share: float
    low: float
    high: float
    hazard: float
    at_risk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How an outcome arrives with time; Kaplan-Meier, so young units count for what was seen."""

    outcome: Step
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonMonth:
    """Closes by month of the year: won, lost, and the win rate among closed."""

    month: int
    won: int
    lost: int
    rate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class FactShift:
    """How a fact's mix moved between the first and the last year.

    Attributes:
        psi: Population stability index; over .25 is a large change.
    """

    fact: str
    psi: float
    largest_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Win rate of the matured leads of a period."""

    period: str
    leads: int
    rate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class YearsApart:
    """The first year of a past against its last: win rate and mix of leads, without any score.

    ``Benchmark.drift`` holds it; whether a score still holds is ``leadfit.learn.drift``.

    Attributes:
        change: Last minus first year of matured cohorts, win rate.
        found: The interval of ``change`` excludes zero and it exceeds 5 points.
    """

    outcome: Step | None = None
    cohorts: tuple[Cohort, ...] = ()
    change: Estimate = default(default_factory=Estimate)
    found: bool = False
    shifts: tuple[FactShift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the charts are drawn from."""

    funnel: tuple[FunnelMonth, ...] = ()
    curves: tuple[Curve, ...] = ()
    season: tuple[SeasonMonth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Everything a benchmark says, as report.json promises it and as the report shows it.

    Attributes:
        as_of: Nothing later was looked at; ``None`` where no times are recorded.
        unit: ``lead`` or ``deal``: what the funnel counts before conversion.
        verdict_outcome: The furthest step with any outcome; the verdict is about it.
        detectable: Smallest effect detectable at 80 % power for that step.
        customers_needed: Units at that step that would suffice, if the verdict is
            ``not_enough_evidence``.
        effects: All effects, strongest evidence first.
        profile: Best first; facts with a leak are never in it.
        detractor_profile: Worst first.
        artifact_digest: Of the artifact fitted on the same history.
        excluded: Facts that were kept out of the profile, with the reason.
        poor_fit: Values that lower the score without any churn, worst first.
        meaningful_users: Customers with meaningful use; ``None`` where no use is recorded.
        amount_effects: Effects on what a customer pays, strongest evidence first; empty where
            times or amounts are not recorded.
    """

    as_of: datetime | None
    unit: str
    sources: Mapping[Step, Presence]
    funnel: Funnel
    verdict: Verdict
    verdict_outcome: Step | None
    verdict_words: str
    detectable: float | None
    customers_needed: int | None
    money: Money
    current_icp: CurrentIcp
    effects: tuple[Effect, ...]
    weights: Mapping[Step, Weight]
    detractor: Weight
    profile: tuple[ProfileRow, ...]
    detractor_profile: tuple[ProfileRow, ...]
    static_icp: StaticFindings | None
    drift: YearsApart
    warnings: tuple[Notice, ...]
    series: Series = default(default_factory=Series)
    artifact_digest: str | None = None
    excluded: Mapping[str, str] = default(default_factory=dict)
    poor_fit: tuple[ProfileRow, ...] = ()
    meaningful_users: int | None = None
    amount_effects: tuple[AmountEffect, ...] = ()
