"""The page that says how matching does."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.report.render import render
from leadfit.watch import (
    Alert,
    MatchKpis,
    WhatIf,
    band_rows,
    edge_rows,
    figure_rows,
    proof_words,
    week_name,
    week_rows,
)


def kpis_page(
    weeks: Sequence[MatchKpis],
    whole: MatchKpis,
    alerts: Sequence[Alert],
    edges: Sequence[WhatIf],
) -> str:
    """Return the page of the match KPIs.

    Args:
        weeks: Whole weeks, oldest first; at least one.
        whole: The weeks by which the promise is proved.
        alerts: What the last week alerts about.
        edges: The same signals with other edges; the first are in force.
    """
    last = weeks[-1]
    tables = (
        (f"Week {week_name(last)}", figure_rows(last)),
        (f"Since {whole.period.start:%Y-%m-%d}", figure_rows(whole)),
        ("Week by week", week_rows(weeks)),
        ("Bands", band_rows(whole.bands)),
        ("The same signals with other edges; the first row is in force", edge_rows(edges)),
    )
    return render(
        "kpis.html",
        {
            "here": "kpis",
            "title": "Matching",
            "alerts": [alert.words for alert in alerts],
            "proof": proof_words(whole.audit),
            "is_proved": whole.audit.more == 0,
            "waiting": whole.waiting,
            "overdue": whole.overdue,
            "unjudged": whole.unjudged,
            "tables": [
                {"caption": caption, "head": rows[0], "rows": rows[1:]} for caption, rows in tables
            ],
        },
    )
