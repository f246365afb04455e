"""The tables of promises as rows of text, heads first, for the command and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from leadfit.records import ClockKind
from leadfit.watch.sla import Kept, Lengths, SlaWeek

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
        yield f"{_share(whole)} of {whole.judged} promises of a first touch kept"
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
        _share(group),
        f"{100 * group.low:.1f} to {100 * group.high:.1f} %",
        str(group.judged),
        str(group.missed),
        str(group.enrolled),
        str(group.by_others),
        str(group.told_late),
    )


def _share(group: Kept) -> str:
    return _NOTHING if group.share is None else f"{100 * group.share:.1f} %"


def _length(each: Lengths) -> Row:
    tier = "all" if each.tier is None else str(each.tier.value)
    return (
        CLOCKS[each.clock], tier, _minutes(each.median), _minutes(each.p90), str(each.count)
    )  # fmt: skip


def _minutes(value: float | None) -> str:
    """Return minutes for reading.

    >>> _minutes(0.05), _minutes(12.34), _minutes(150.0), _minutes(None)
    ('3 s', '12.3 min', '2.5 h', '-')
    """
    if value is None:
        return _NOTHING
    if value < 1:
        return f"{60 * value:.0f} s"
    return f"{value:.1f} min" if value < 120 else f"{value / 60:.1f} h"


def _seconds(value: float | None) -> str:
    return _NOTHING if value is None else _minutes(value / 60)


def _week(week: SlaWeek) -> Row:
    return (
        f"{week.period.start:%G-W%V}",
        _share(week.whole),
        str(week.whole.judged),
        str(week.whole.missed),
        str(sum(week.pages.values())),
        str(week.told),
        str(len(week.incidents)),
        _seconds(week.late_s),
    )
