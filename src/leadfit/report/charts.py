"""Charts as SVG text, drawn without a browser.

altair and vl-convert take seconds to load, so they are imported when the first chart is drawn.
Colours are fixed here; the stylesheet maps them to the reader's light or dark setting.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from markupsafe import Markup

from leadfit.errors import MissingExtra
from leadfit.report.words import short

Row = Mapping[str, str | float | int | bool | None]

INK: Final = "#1f2933"
MUTED: Final = "#566370"
LINE: Final = "#dde2e7"
ACCENT: Final = "#0b6b62"
INFO: Final = "#245397"
WARN: Final = "#7d5200"
BAD: Final = "#a1302a"
STILL: Final = "#7b8794"
STILL_SOFT: Final = "#edf0f2"
WIDTH: Final = 520
WIDTH_WITHOUT_LABELS: Final = 700
LABEL_LIMIT: Final = 250
FONT: Final = "system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif"
_NOT_DRAWN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff]"
)


def _altair() -> Any:
    try:
        import altair as alt  # noqa: PLC0415 -- seconds to import, only for charts
    except ImportError as error:
        raise MissingExtra("learn", "a report with charts") from error
    return alt


def effects(rows: Sequence[Row], *, claims: Mapping[str, str], described: str) -> Markup:
    """Draw effects as dots with their 95 % intervals around the line of no difference.

    Args:
        rows: ``label``, ``effect``, ``low``, ``high`` in percentage points and ``claim``, best
            first.
        claims: Colour of each claim, in the order of the legend.
        described: What the chart shows, for a reader who cannot see it.
    """
    alt = _altair()
    shown = [dict(row) | {"label": _apart(row["label"], rows, n)} for n, row in enumerate(rows)]
    used = [claim for claim in claims if any(row["claim"] == claim for row in shown)]
    base = alt.Chart(alt.InlineData(values=shown)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=_category_axis(alt)),
        color=alt.Color(
            "claim:N",
            title=None,
            scale=alt.Scale(domain=used, range=[claims[claim] for claim in used]),
            legend=alt.Legend(orient="top", symbolType="circle"),
        ),
    )
    axis = alt.X("low:Q", title="Percentage points, 95 % interval", axis=_number_axis(alt))
    whisker = base.mark_rule(strokeWidth=2).encode(x=axis, x2="high:Q")
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(x="effect:Q")
    none = (
        alt.Chart(alt.InlineData(values=[{"x": 0}]))
        .mark_rule(color=INK, strokeWidth=1.5, strokeDash=[4, 3])
        .encode(x="x:Q")
    )
    return _svg(none + whisker + dot, height=max(60, 26 * len(shown)), described=described)


def funnel(rows: Sequence[Row], *, described: str) -> Markup:
    """Draw how many units reached each step; a missing source is said, never drawn as nothing.

    Args:
        rows: ``step``, ``units`` (``None`` where missing) and ``words`` beside the bar.
        described: What the chart shows, for a reader who cannot see it.
    """
    alt = _altair()
    most = max((float(row["units"] or 0) for row in rows), default=0.0) or 1.0
    shown = [
        dict(row) | {"shown": row["units"] or 0, "missing": row["units"] is None, "all": most}
        for row in rows
    ]
    base = alt.Chart(alt.InlineData(values=shown)).encode(
        y=alt.Y(
            "step:N",
            sort=None,
            title=None,
            axis=_category_axis(alt),
            scale=alt.Scale(domain=[str(row["step"]) for row in rows]),
        )
    )
    x = alt.X("shown:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.45]))
    room = (
        base.transform_filter("datum.missing")
        .mark_bar(height=20, color=STILL_SOFT, stroke=STILL, strokeWidth=1, strokeDash=[4, 4])
        .encode(x=alt.X("all:Q", axis=None))
    )
    bar = base.transform_filter("!datum.missing").mark_bar(height=20, color=ACCENT).encode(x=x)
    said = base.mark_text(align="left", dx=8, color=INK, fontSize=12, limit=240)
    beside = said.transform_filter("!datum.missing").encode(x=x, text="words:N")
    inside = said.transform_filter("datum.missing").encode(x=alt.XDatum(0), text="words:N")
    return _svg(alt.layer(room, bar, beside, inside), height=34 * len(shown), described=described)


def rates(rows: Sequence[Row], *, x_title: str, y_title: str, described: str) -> Markup:
    """Draw rates of consecutive periods with their intervals; young periods are hollow.

    Args:
        rows: ``period``, ``rate``, ``low``, ``high`` in percent and ``matured``.
        x_title: What a period is.
        y_title: What the rate is.
        described: What the chart shows, for a reader who cannot see it.
    """
    alt = _altair()
    shown = [row | {"period": short(row["period"], 16)} for row in map(dict, rows)]
    base = alt.Chart(alt.InlineData(values=shown)).encode(
        x=alt.X(
            "period:O",
            sort=None,
            scale=alt.Scale(domain=[str(row["period"]) for row in shown]),
            title=x_title,
            axis=alt.Axis(labelAngle=0 if len(shown) <= 13 else -90, labelOverlap=True),
        )
    )
    whisker = base.mark_rule(color=ACCENT, strokeWidth=2).encode(
        y=alt.Y("low:Q", title=y_title, axis=_number_axis(alt), scale=alt.Scale(zero=True)),
        y2="high:Q",
    )
    line = (
        base.transform_filter("datum.matured")
        .mark_line(color=ACCENT, strokeWidth=1.5)
        .encode(y="rate:Q")
    )
    full = (
        base.transform_filter("datum.matured")
        .mark_point(filled=True, size=70, color=ACCENT, opacity=1)
        .encode(y="rate:Q")
    )
    hollow = (
        base.transform_filter("!datum.matured")
        .mark_point(size=60, color=STILL, opacity=1)
        .encode(y="rate:Q")
    )
    return _svg(
        whisker + line + full + hollow,
        height=220,
        described=described,
        width=WIDTH_WITHOUT_LABELS,
    )


def curves(rows: Sequence[Row], *, described: str) -> Markup:
    """Draw the share that reached an outcome against months, with its interval.

    Args:
        rows: ``outcome``, ``months``, ``share``, ``low``, ``high``; shares in percent.
        described: What the chart shows, for a reader who cannot see it.
    """
    alt = _altair()
    outcomes = list(dict.fromkeys(str(row["outcome"]) for row in rows))
    colours = [ACCENT, INFO, BAD, WARN, STILL][: len(outcomes)]
    base = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(
        x=alt.X("months:Q", title="Months", axis=_number_axis(alt)),
        color=alt.Color(
            "outcome:N",
            title=None,
            scale=alt.Scale(domain=outcomes, range=colours),
            legend=alt.Legend(
                orient="top", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3
            ),
        ),
    )
    band = base.mark_area(opacity=0.16, interpolate="step-after").encode(
        y=alt.Y("low:Q", title="Per cent that got there", axis=_number_axis(alt)), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(y="share:Q")
    return _svg(band + line, height=220, described=described, width=WIDTH_WITHOUT_LABELS)


def _apart(label: object, rows: Sequence[Row], number: int) -> str:
    """Return a label that no earlier row has, though it may look the same when cut short."""
    shown = short(label, 60)
    same = sum(short(row["label"], 60) == shown for row in rows[:number])
    return shown + chr(0x200B) * same


def _category_axis(alt: Any) -> object:
    return alt.Axis(labelLimit=LABEL_LIMIT, ticks=False, domain=False, labelPadding=8)


def _number_axis(alt: Any) -> object:
    return alt.Axis(tickCount=6, domain=False, ticks=False, labelPadding=6)


def _svg(chart: object, *, height: int, described: str, width: int = WIDTH) -> Markup:
    """Return the chart as an SVG element that may stand in a page beside others."""
    alt = _altair()
    try:
        import vl_convert  # noqa: PLC0415 -- a large native library, only for charts
    except ImportError as error:
        raise MissingExtra("learn", "a report with charts") from error
    finished = (
        alt.layer(chart)
        .properties(width=width, height=height, background="transparent")
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            titleColor=MUTED,
            gridColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_axisY(labelColor=INK)
        .configure_legend(labelColor=INK, labelFontSize=12)
    )
    drawn = str(vl_convert.vegalite_to_svg(_drawable(finished.to_dict())))
    return Markup(_embedded(drawn, described))  # noqa: S704 -- our own SVG, its texts are escaped


def _drawable(spec: Any) -> Any:
    """Return a specification whose texts can be cut short at any place.

    The drawing library cuts by UTF-16 units and fails on half a character, so that characters of
    two units, such as emoji, are drawn as one sign; the tables beside the charts keep them.
    """
    if isinstance(spec, str):
        return _NOT_DRAWN.sub("\ufffd", spec)
    if isinstance(spec, Mapping):
        return {_drawable(key): _drawable(value) for key, value in spec.items()}
    if isinstance(spec, Sequence):
        return [_drawable(each) for each in spec]
    return spec


def _embedded(svg: str, described: str) -> str:
    """Give the SVG ids of its own and a name, and drop what only a browser's canvas needs."""
    own = f"c{zlib.crc32(svg.encode()):x}"
    named = re.sub(r'\bid="([^"]+)"', rf'id="{own}-\1"', svg)
    named = re.sub(r"url\(#([^)]+)\)", rf"url(#{own}-\1)", named)
    label = escape(short(described, 400), quote=True)
    return named.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
