"""When somebody is told, and when matching steps back to review by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from leadfit.policy import Policy
from leadfit.watch.kpis import Audit, Kpi, KpiName, MatchKpis
from leadfit.watch.rows import Period
from leadfit.watch.words import kpi_words

STEP_BACK_CONFIDENCE: Final = 0.99
"""One-sided; the audits are looked at every week, and each look is a chance of a false alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A figure that is surely beyond its limit, for as long as the policy wants.

    Attributes:
        period: The last of the weeks.
        weeks: Weeks on end.
        words: For those who are told.
    """

    kpi: Kpi
    period: Period
    weeks: int
    words: str


def alerts(weeks: Sequence[MatchKpis], policy: Policy) -> tuple[Alert, ...]:
    """Return what the last of ``weeks`` alerts about.

    Args:
        weeks: Whole weeks on end, oldest first; enough for the longest hold of the policy.
        policy: Limits, and how many weeks they must be crossed.
    """
    if not weeks:
        return ()
    found = []
    for place, kpi in enumerate(weeks[-1].kpis):
        hold = policy.matching.watch.match_rate_weeks if kpi.name is KpiName.MATCH_RATE else 1
        held = [week.kpis[place] for week in weeks[-hold:]]
        if len(held) == hold and all(each.is_beyond for each in held):
            found.append(
                Alert(
                    kpi=kpi,
                    period=weeks[-1].period,
                    weeks=hold,
                    words=f"{kpi_words(kpi)}; for {hold} week{'s' if hold > 1 else ''}",
                )
            )
    return tuple(found)


def must_step_back(audit: Audit) -> bool:
    """Whether audited links disprove the promise, so that nothing may be linked at once.

    The lower bound at 99 % is over the promised share. Not being proved is no reason: a young
    model has proved nothing.

    Args:
        audit: Judged links of one model card, over the weeks by which it is judged.
    """
    return audit.judged > 0 and audit.lower(STEP_BACK_CONFIDENCE) > audit.promised
