"""What fit, intent and tier were worth as rows of text, heads first, for the command and pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leadfit.bounds import percent, percent_span
from leadfit.history import Step
from leadfit.records import Tier
from leadfit.report import words

if TYPE_CHECKING:
    from leadfit.learn.lifted import EngagementBias
    from leadfit.learn.outlook import Outlook
    from leadfit.learn.quadrants import QuadrantCounts, QuadrantFindings, Share
    from leadfit.learn.tiers import TierFindings

Row = tuple[str, ...]

_NOTHING: Final = "-"
_MONTHS: Final = 12
_HEADS: Final = {
    Step.ACCEPTED: "accepted",
    Step.QUALIFIED: "qualified",
    Step.CONVERTED: "converted",
    Step.EXPANDED: "expanded",
    Step.CHURNED_AFTER_USE: "left after use",
}
_DANGEROUS: Final = "wrong fit, high intent"


def quadrant_rows(found: QuadrantFindings) -> list[Row]:
    """Return one row a quadrant: leads, outcomes with intervals, revenue."""
    steps = [step for step in Step if step not in found.missing]
    heads = ("quadrant", "leads", "Tier 1", "Tier 2", *(_HEADS[step] for step in steps))
    return [
        (*heads, "revenue", "a customer"),
        *(_quadrant(each, steps, found.currency) for each in found.quadrants),
    ]


def _quadrant(each: QuadrantCounts, steps: list[Step], currency: str | None) -> Row:
    name = each.quadrant.value
    won = each.revenue / each.customers if each.customers else None
    return (
        f"{name} (most dangerous)" if name == _DANGEROUS else name,
        str(each.leads), str(each.tier_one), str(each.tier_two),
        *(share(each.outcomes[step]) for step in steps),
        words.money(each.revenue, currency),
        _NOTHING if won is None else words.money(won, currency),
    )  # fmt: skip


def tier_rows(found: TierFindings) -> list[Row]:
    """Return how the win rate of each tier changed, in points and relative."""
    heads = ("tier", "first year", "latest quarter", "points", "95 %", "relative", "95 %")
    return [
        heads,
        *(
            (
                str(each.tier.value), share(each.before), share(each.now),
                *_signed(each.points, each.points_low, each.points_high, ""),
                *_signed(each.relative, each.relative_low, each.relative_high, " %"),
            )
            for each in found.changes
        ),
    ]  # fmt: skip


def month_rows(found: TierFindings) -> list[Row]:
    """Return who was won by tier in each of the latest months, and the correlation."""
    heads = ("month", *(f"Tier {tier.value} won" for tier in Tier), "tier with win", "95 %")
    rows: list[Row] = [heads]
    for each in found.months[-_MONTHS:]:
        told = (_NOTHING, _NOTHING)
        if each.correlation is not None and each.low is not None and each.high is not None:
            told = (f"{each.correlation:+.2f}", f"{each.low:+.2f} to {each.high:+.2f}")
        won = (f"{each.won[tier].reached} of {each.won[tier].of}" for tier in Tier)
        rows.append((each.month, *won, *told))
    return rows


def bias_words(found: EngagementBias) -> str:
    """Return what is said of engagement that outweighs fit."""
    head = {"alarm": "ALARM", "calm": "Calm", "cannot_tell": "Cannot tell"}[found.level]
    since = "" if found.alarm_since is None else f", since {found.alarm_since:%Y-%m-%d}"
    return f"{head}{since}. {found.words}"


def outlook_words(found: Outlook) -> Iterator[str]:
    """Say what the tables do not."""
    rules = found.quadrants.rules
    yield (
        f"As of {found.tiers.as_of:%Y-%m-%d}. "
        f"Leads as they stood when they came: fit from {rules.fit:g} and intent from "
        f"{rules.intent:g} of 100; {found.decided} as they were decided here, {found.rated} rated "
        "by the policy in force on what was known then"
    )
    if found.quadrants.left_out:
        yield f"{found.quadrants.left_out} leads without a day are left out"
    if found.blank:
        yield (
            f"Of {found.blank} of the rated leads no fact of fit is known: their fit counts as 0, "
            "and says nothing"
        )
    if found.snapshot:
        names = ", ".join(found.snapshot[:5])
        yield f"Only today's value is known of {names}: the fit of imported leads may be hindsight"
    days = ", ".join(f"{_HEADS[step]} {rules.days[step]:g}" for step in Step)
    yield f"Counted once watched for so many days: {days}; exact 95 % intervals"


def share(found: Share) -> str:
    """Return a share with what it is of and its interval."""
    if found.value is None:
        return _NOTHING
    return f"{percent(found.value)} of {found.of} ({percent_span(found.low, found.high)})"


def _signed(value: float | None, low: float | None, high: float | None, unit: str) -> Row:
    if value is None:
        return (_NOTHING, _NOTHING)
    span = _NOTHING if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}"
    return (f"{100 * value:+.1f}{unit}", span)
