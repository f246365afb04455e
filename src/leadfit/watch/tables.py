"""The tables of matching as rows of text, heads first, for the command and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leadfit.bounds import percent, percent_span
from leadfit.watch.bands import BandShare, WhatIf
from leadfit.watch.kpis import Kpi, MatchKpis
from leadfit.watch.words import NAMES, amount, interval_words, state_words

Row = tuple[str, ...]

_NOTHING: Final = "-"


def figure_rows(week: MatchKpis) -> list[Row]:
    """Return each figure with its interval, target, alert, sample and state."""
    head = ("", "value", "interval", "target", "alert", "from", "")
    return [head, *map(_figure, week.kpis)]


def week_rows(weeks: Sequence[MatchKpis]) -> list[Row]:
    """Return the figures week by week; at least one week."""
    head = ("week", *(NAMES[each.name] for each in weeks[-1].kpis))
    return [head, *((week_name(week), *map(_value, week.kpis)) for week in weeks)]


def band_rows(bands: Sequence[BandShare]) -> list[Row]:
    """Return the share of each band and what it is meant to be."""
    return [("band", "share", "interval", "meant to be"), *map(_band, bands)]


def edge_rows(edges: Sequence[WhatIf]) -> list[Row]:
    """Return the bands with other edges, and the wrong links among what was judged."""
    head = (
        "auto from",
        "review from",
        "auto",
        "review",
        "new",
        "wrong links",
        "interval",
        "judged",
    )
    return [head, *map(_edge, edges)]


def week_name(week: MatchKpis) -> str:
    """Return the ISO week of a figure, such as ``2026-W10``."""
    return f"{week.period.start:%G-W%V}"


def _figure(kpi: Kpi) -> Row:
    is_measured = kpi.value is not None and kpi.sample > 0
    side = "<" if kpi.is_rate_of_matches else ">"
    return (
        NAMES[kpi.name],
        _value(kpi),
        interval_words(kpi) if is_measured else _NOTHING,
        _NOTHING if kpi.target is None else amount(kpi.name, kpi.target),
        _NOTHING if kpi.alert is None else f"{side} {amount(kpi.name, kpi.alert)}",
        str(kpi.sample),
        state_words(kpi),
    )


def _value(kpi: Kpi) -> str:
    return _NOTHING if kpi.value is None else amount(kpi.name, kpi.value)


def _band(band: BandShare) -> Row:
    low, high = band.wanted
    wanted = percent_span(low, high, 0)
    return (
        band.band.value,
        percent(band.share),
        _NOTHING if band.share is None else percent_span(band.low, band.high),
        f"{wanted}, outside" if band.is_outside else wanted,
    )


def _edge(found: WhatIf) -> Row:
    return (
        f"{found.auto:g}",
        f"{found.review:g}",
        *(percent(band.share) for band in found.bands),
        percent(found.wrong, 2),
        percent_span(found.low, found.high, 2) if found.judged else _NOTHING,
        str(found.judged),
    )
