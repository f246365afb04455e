"""What the learner calls steps and differences when it speaks to a reader."""

from __future__ import annotations

from typing import Final

from leadfit.history import Step

NOUNS: Final[dict[Step, str]] = {
    Step.ACCEPTED: "acceptance by sales",
    Step.QUALIFIED: "qualification",
    Step.CONVERTED: "winning the customer",
    Step.EXPANDED: "expansion",
    Step.CHURNED_AFTER_USE: "churn after real use",
}
EVENTS: Final[dict[Step, str]] = {
    Step.ACCEPTED: "acceptances",
    Step.QUALIFIED: "qualifications",
    Step.CONVERTED: "wins",
    Step.EXPANDED: "expansions",
    Step.CHURNED_AFTER_USE: "customers leaving after use",
}
DID: Final[dict[Step, str]] = {
    Step.ACCEPTED: "were accepted",
    Step.QUALIFIED: "qualified",
    Step.CONVERTED: "were won",
    Step.EXPANDED: "expanded",
    Step.CHURNED_AFTER_USE: "left after use",
}


def signed(fraction: float) -> str:
    """Return a difference of two chances in percentage points, with its sign.

    >>> signed(0.104), signed(-0.003)
    ('+10.4', '\u22120.3')
    """
    return f"{100 * fraction:+.1f}".replace("-", "\u2212")


def counted(number: float, noun: str) -> str:
    """Return a whole number with its noun, in the plural unless it is one.

    >>> counted(1, "record"), counted(2500, "day")
    ('1 record', '2,500 days')
    """
    whole = round(number)
    return f"{whole:,} {noun}{'' if whole == 1 else 's'}"
