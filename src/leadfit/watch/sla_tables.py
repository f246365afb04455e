"""The tables of promises as rows of text, heads first, for the command and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from leadfit.bounds import percent, percent_span
from leadfit.records import ClockKind
from leadfit.watch.sla import Kept, Lengths, SlaWeek
from leadfit.watch.words import minutes

Row = tuple[str, ...]

_NOTHING: Final = "-"
CLOCKS: Final = {
    ClockKind.SIGNAL_TO_ASSIGNMENT: "signal to owner",
    ClockKind.ASSIGNMENT_TO_TOUCH: "owner to first touch",
    ClockKind.SIGNAL_TO_TOUCH: "signal to first touch",
}


def kept_rows(groups: Sequence[Kept], head: str) -> list[Row]:
    """Return how many promises each group kept, with bounds."""
    heads = (head, "kept", "interval", "from", "missed", "enrolled", "by others", "told late")
    return [heads, *map(_kept, groups)]


def length_rows(lengths: Sequence[Lengths]) -> list[Row]:
    """Return how long each clock ran; a tier for which none ended is left out."""
    shown = [each for each in lengths if each.count or each.tier is None]
    return [("clock", "tier", "median", "90 %", "from"), *map(_length, shown)]


def week_kept_rows(weeks: Sequence[SlaWeek]) -> list[Row]:
    """Return the shares week by week, and what came of misses."""
    heads = ("week", "kept", "from", "missed", "pages", "breaches told", "incidents", "latest step")
    return [heads, *map(_week, weeks)]


def sla_words(week: SlaWeek) -> Iterator[str]:
    """Say what a table of a week does not."""
    whole = week.whole
    if whole.judged:
        yield f"{percent(whole.share)} of {whole.judged} promises of a first touch kept"
    else:
        yield "no promise of a first touch had its deadline"
    if week.open or week.moved:
        yield f"{week.open} still open, {week.moved} ended or moved before the deadline"
    if week.steps:
        steps = ", ".join(f"{number} x {name}" for name, number in week.steps.items())
        yield f"breach steps: {steps}; the latest {_seconds(week.late_s)} after it was due"


def _kept(group: Kept) -> Row:
    if not group.judged:
        return (group.name, *(_NOTHING,) * 2, "0", *(_NOTHING,) * 4)
    return (
        group.name,
        percent(group.share),
        percent_span(group.low, group.high),
        str(group.judged),
        str(group.missed),
        str(group.enrolled),
        str(group.by_others),
        str(group.told_late),
    )


def _length(each: Lengths) -> Row:
    tier = "all" if each.tier is None else str(each.tier.value)
    return (
        CLOCKS[each.clock], tier, minutes(each.median), minutes(each.p90), str(each.count)
    )  # fmt: skip


def _seconds(value: float | None) -> str:
    return _NOTHING if value is None else minutes(value / 60)


def _week(week: SlaWeek) -> Row:
    return (
        f"{week.period.start:%G-W%V}",
        percent(week.whole.share),
        str(week.whole.judged),
        str(week.whole.missed),
        str(sum(week.pages.values())),
        str(week.told),
        str(len(week.incidents)),
        _seconds(week.late_s),
    )
