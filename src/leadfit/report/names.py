"""What the findings of a benchmark are called, and in which tone they are shown."""

from __future__ import annotations

from typing import Final

from leadfit.history import Step
from leadfit.learn.result import (
    Benchmark,
    Claim,
    Estimate,
    Judgement,
    Presence,
    ProfileRow,
    Verdict,
)
from leadfit.learn.words import NOUNS
from leadfit.report.words import day, percent

STEPS: Final[dict[Step, str]] = {
    Step.ACCEPTED: "accepted by sales",
    Step.QUALIFIED: "qualified",
    Step.CONVERTED: "became a customer",
    Step.EXPANDED: "expanded",
    Step.CHURNED_AFTER_USE: "churned after real use",
}
STEP_NOUNS: Final[dict[Step, str]] = NOUNS
_SHORT_NOUNS: Final[dict[Step, str]] = {
    Step.ACCEPTED: "acceptance",
    Step.QUALIFIED: "qualification",
    Step.CONVERTED: "winning",
    Step.EXPANDED: "expansion",
    Step.CHURNED_AFTER_USE: "churn after use",
}
CLAIMS: Final[dict[Claim, str]] = {
    Claim.CAUSED: "Caused",
    Claim.ASSOCIATED: "Associated",
    Claim.NOT_IDENTIFIED: "Cannot be told apart",
    Claim.INSUFFICIENT: "Could be chance",
}
CLAIM_TONES: Final[dict[Claim, str]] = {
    Claim.CAUSED: "good",
    Claim.ASSOCIATED: "info",
    Claim.NOT_IDENTIFIED: "warn",
    Claim.INSUFFICIENT: "still",
}
CLAIM_MEANING: Final[dict[Claim, str]] = {
    Claim.CAUSED: (
        "The difference stays after everything recorded beside it is held equal. It is a cause "
        "unless something nobody recorded explains more than the robustness value"
    ),
    Claim.ASSOCIATED: (
        "The difference is real in these records, but they do not show that it is the reason"
    ),
    Claim.NOT_IDENTIFIED: (
        "It moves together with something else that was recorded, so the data cannot say which "
        "of the two it is"
    ),
    Claim.INSUFFICIENT: (
        "With so many attributes looked at, chance alone could have given this; treat it as a guess"
    ),
}
JUDGEMENTS: Final[dict[Judgement, str]] = {
    Judgement.RIGHT: "Your current profile still holds",
    Judgement.DRIFTED: "Your current profile has drifted",
    Judgement.WRONG: "Your current profile does not tell good from bad",
    Judgement.CANNOT_TELL: "Your current profile cannot be judged yet",
}
JUDGEMENT_TONES: Final[dict[Judgement, str]] = {
    Judgement.RIGHT: "good",
    Judgement.DRIFTED: "warn",
    Judgement.WRONG: "bad",
    Judgement.CANNOT_TELL: "still",
}
VERDICTS: Final[dict[Verdict, str]] = {
    Verdict.ICP_SUPPORTED: "Your data supports an ideal customer profile",
    Verdict.NOT_ENOUGH_EVIDENCE: "There is not enough evidence yet",
    Verdict.NO_ICP_SUPPORTED: "No ideal customer profile is supported by this data",
}
VERDICT_TONES: Final[dict[Verdict, str]] = {
    Verdict.ICP_SUPPORTED: "good",
    Verdict.NOT_ENOUGH_EVIDENCE: "warn",
    Verdict.NO_ICP_SUPPORTED: "info",
}
PRESENCE_TONES: Final[dict[Presence, str]] = {
    Presence.PRESENT: "good",
    Presence.PARTIAL: "warn",
    Presence.MISSING: "still",
}
PRESENCE_MEANING: Final[dict[Presence, str]] = {
    Presence.PRESENT: "Recorded for the units that got this far",
    Presence.PARTIAL: "Recorded for some only, or derived by a rule; read it with care",
    Presence.MISSING: "Not in the export; nothing below is measured on it",
}
WARNINGS: Final[dict[str, str]] = {
    "left_truncation": "The beginning is cut off",
    "right_censoring": "The latest records are too young",
    "leakage_after_outcome": "This was filled in after the outcome",
    "explains_much": "This explains an outcome unusually well",
    "known_only_for_won": "This is known for won records only",
    "form_default": "This is a form's default, not an answer",
    "missing_as_value": "A blank is used as if it were a value",
    "whale": "One account carries much of the money",
    "seasonality": "The calendar decides much of this",
    "conflicting_labels": "Two records contradict each other",
    "impossible_dates": "Some dates cannot be",
    "impossible_amounts": "Some figures cannot be",
    "confounded": "Two things come together, so neither can take the credit",
    "no_overlap": "There is nobody to compare with",
    "selection": "Who got in here was already selected",
    "snapshot_fact": "This holds today's value, not the value then",
    "times_unknown": "No times are recorded",
    "constant_fact": "This never varies",
    "all_missing": "This is blank in every row",
    "too_many_levels": "This has too many different values to compare",
    "one_class": "Every record reached this step",
    "accepted_without_work": "Accepted, but whether it was worked is not recorded",
    "undated_outcome": "Some outcomes have no date",
    "after_as_of": "Some records are later than the as-of date",
    "shared_domain": "Several accounts share a domain",
    "unreadable_domain": "Some domains of accounts cannot be read",
    "unnamed_currency": "Some amounts name no currency",
    "dropped_rows": "Some rows were left out",
    "rows_skipped": "Some rows were skipped",
    "unmatched_reference": "Some names do not join",
}


def graded(row: ProfileRow) -> str:
    """Return the evidence for a row of a profile, with the outcome a claim is about.

    >>> row = ProfileRow(
    ...     fact="size", value="50 to 80", points=4.0, why="",
    ...     grade=Claim.CAUSED, claimed_for=Step.ACCEPTED,
    ... )
    >>> graded(row)
    'Caused: acceptance'
    """
    if row.claimed_for is None or row.grade not in {Claim.CAUSED, Claim.ASSOCIATED}:
        return CLAIMS[row.grade]
    return f"{CLAIMS[row.grade]}: {_SHORT_NOUNS[row.claimed_for]}"


def titled(code: str) -> str:
    """Return a fixed word of ours as a title.

    >>> titled("whale"), titled("rows_dropped")
    ('One account carries much of the money', 'Rows dropped')
    """
    return WARNINGS.get(code, code.replace("_", " ").capitalize())


def span(estimate: Estimate, digits: int = 1) -> str:
    """Return the interval of a rate in words.

    >>> span(Estimate(value=0.2, low=0.1, high=0.3))
    '10.0 % to 30.0 %'
    """
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"{percent(estimate.low, digits)} to {percent(estimate.high, digits)}"


def as_of(benchmark: Benchmark) -> str:
    """Return up to which day the records go, or that no times are recorded."""
    if benchmark.as_of is None:
        return "no times recorded"
    return f"records up to {day(benchmark.as_of)}"
