"""Figures in words: those of matching, and lengths of time."""

from __future__ import annotations

from typing import Final

from leadfit.watch.kpis import Audit, Kpi, KpiName

NAMES: Final = {
    KpiName.MATCH_RATE: "match rate (has an account)",
    KpiName.LINKED_TO_EXISTING: "linked to an existing account",
    KpiName.FALSE_POSITIVE: "false positives",
    KpiName.FALSE_NEGATIVE: "false negatives",
    KpiName.REVIEW_AGE: "median age of reviews",
}


def amount(name: KpiName, value: float) -> str:
    """Return a figure with its unit.

    >>> amount(KpiName.FALSE_POSITIVE, 0.0149), amount(KpiName.REVIEW_AGE, 24.0)
    ('1.49 %', '24 h')
    >>> amount(KpiName.REVIEW_AGE, 0.25)
    '15 min'
    """
    if name is KpiName.REVIEW_AGE:
        return f"{60 * value:.2g} min" if 0 < value < 1 else f"{value:.3g} h"
    return f"{round(100 * value, 2):g} %"


def interval_words(kpi: Kpi) -> str:
    """Return the interval of a figure."""
    low = amount(kpi.name, kpi.low)
    return f"{low} or more" if kpi.high is None else f"{low} to {amount(kpi.name, kpi.high)}"


def state_words(kpi: Kpi) -> str:
    """Say what is proved of a figure, in a few words."""
    if kpi.target is None:
        return ""
    if not kpi.sample:
        return "not yet measured"
    if kpi.is_beyond:
        return "beyond the alert"
    return "target proved" if kpi.is_proved else "target not yet proved"


def kpi_words(kpi: Kpi) -> str:
    """Say a figure with its interval and limit, in one sentence."""
    if kpi.value is None:
        return f"{NAMES[kpi.name]}: nothing to count"
    words = f"{NAMES[kpi.name]}: {amount(kpi.name, kpi.value)} ({interval_words(kpi)})"
    if kpi.alert is None or kpi.target is None:
        return words
    side = "below" if kpi.is_rate_of_matches else "above"
    target, alert = amount(kpi.name, kpi.target), amount(kpi.name, kpi.alert)
    return f"{words}, from {kpi.sample}; target {target}, alert {side} {alert}"


def proof_words(audit: Audit) -> str:
    """Say what audits prove of the links made at once, in one sentence.

    >>> clean = Audit(judged=200, wrong=0, share=0.0, effective=200, promised=0.005, more=398)
    >>> proof_words(clean)
    '0.5 % not yet proved, bound 1.49 % (0 of 200 judged links wrong); 398 more right ones prove it'
    """
    wanted = amount(KpiName.FALSE_POSITIVE, audit.promised)
    if not audit.judged:
        return f"{wanted} not yet proved: no link was judged; {audit.more} right ones prove it"
    counted = f"{audit.wrong} of {audit.judged} judged links wrong"
    bound = amount(KpiName.FALSE_POSITIVE, audit.bound)
    if not audit.more:
        return f"{wanted} proved: at most {bound} at 95 % confidence ({counted})"
    return (
        f"{wanted} not yet proved, bound {bound} ({counted}); {audit.more} more right ones prove it"
    )


def minutes(value: float | None) -> str:
    """Return minutes for reading.

    >>> minutes(0.05), minutes(12.34), minutes(150.0), minutes(None)
    ('3 s', '12.3 min', '2.5 h', '-')
    """
    if value is None:
        return "-"
    if value < 1:
        return f"{60 * value:.0f} s"
    return f"{value:.1f} min" if value < 120 else f"{value / 60:.1f} h"
