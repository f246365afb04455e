"""The fit component: by facts, or the learned score of the account.

By facts, fit is a sum in which each part looks at one fact. By the learned score it is that score
times ``weights.fit / 100``: a function of all facts of the artifact together, through
:func:`leadfit.artifact.evaluate`, which rises with each head's linear predictor and falls with the
detractor match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadfit.policy.scoring import ScoreRules
from leadfit.records import IcpScore, Reason
from leadfit.score.points import DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What fit is made of.

    Attributes:
        reasons: Reasons with points, which sum to the component.
        beside: Reasons without points: fit by facts where fit is the learned score, or why it is
            not.
        by_icp: The component is the learned score.
    """

    reasons: tuple[Reason, ...]
    beside: tuple[Reason, ...] = ()
    by_icp: bool = False


def fit_of(rules: ScoreRules, by_facts: Sequence[Reason], icp: IcpScore | None) -> Fit:
    """Return the fit component from the source the policy names.

    Args:
        rules: The score rules.
        by_facts: Reasons of fit by facts, what is taken away included.
        icp: The learned score, if one is in force.
    """
    if rules.fit_source == "facts":
        return Fit(reasons=tuple(by_facts))
    if icp is None:
        words = "no learned score is in force, so that fit counts by facts"
        return Fit(reasons=tuple(by_facts), beside=(Reason(rule="fit.degraded", words=words),))
    points = round(icp.score / 100 * rules.weights.fit, DIGITS)
    words = f"the learned score of the account is {icp.score:g} of 100"
    return Fit(
        reasons=(Reason(rule="fit.icp", words=words, points=points),),
        beside=tuple(_shown(each) for each in by_facts),
        by_icp=True,
    )


def _shown(reason: Reason) -> Reason:
    """Return a reason of fit by facts as one that adds nothing up."""
    words = f"{reason.words}: {reason.points or 0.0:g} points of fit by facts"
    return Reason(rule=f"firmographic.{reason.rule.removeprefix('fit.')}", words=words)
