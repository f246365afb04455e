"""Pages and charts as text. Nothing here reads, writes or waits; surfaces do that.

A benchmark is rendered by :func:`document` (``report.json``), :func:`page` (``report.html``) and
:func:`summary` (a terminal); what the drift watch found, for the quarterly review, by
:func:`review_document` (``review.json``) and :func:`review_page` (``review.html``). The pages of a
workspace are in :mod:`leadfit.report.live`, that of one lead in :mod:`leadfit.report.lead_page`.
The parts load when they are first used: a benchmark needs the extra ``learn``, a page does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadfit.learn import DriftFindings
    from leadfit.learn.outlook import Outlook
    from leadfit.learn.result import Benchmark

__all__ = ["document", "page", "review_document", "review_page", "summary"]


def document(benchmark: Benchmark) -> dict[str, object]:
    """Return a benchmark as the content of ``report.json``, plain JSON values in a fixed order.

    Rates and effects are fractions of 1 with 95 % intervals; amounts are whole minor units of
    ``money.currency``; times are ISO 8601 in UTC. What is not known is ``None``, never NaN.
    """
    from leadfit.report.as_json import document as make  # noqa: PLC0415 -- needs an extra

    return make(benchmark)


def page(benchmark: Benchmark) -> str:
    """Return a benchmark as ``report.html``: one file, no script, no network, prints well.

    Raises:
        MissingExtra: The extra that draws charts is not installed.
    """
    from leadfit.report.findings import page as make  # noqa: PLC0415 -- needs an extra

    return make(benchmark)


def summary(benchmark: Benchmark) -> str:
    """Return a benchmark as about 25 lines of text for a terminal."""
    from leadfit.report.terminal import summary as make  # noqa: PLC0415 -- needs an extra

    return make(benchmark)


def review_document(found: DriftFindings, outlook: Outlook | None = None) -> dict[str, object]:
    """Return the quarterly review as the content of ``review.json``, plain JSON values.

    ``quarter`` names the days, ``decisions`` what is to be decided, by whom, on what evidence and
    between what, ``findings`` holds everything the watch found, and ``outlook`` what fit, intent
    and tier were worth. Rates and points are fractions of 1; what is not known is ``None``, never
    NaN.
    """
    from leadfit.report.drift_review import review_document as make  # noqa: PLC0415 -- needs an extra

    return make(found, outlook)


def review_page(found: DriftFindings, outlook: Outlook | None = None) -> str:
    """Return the quarterly review as ``review.html``: one file, no script, no network, prints well.

    Raises:
        MissingExtra: The extra that draws charts is not installed.
    """
    from leadfit.report.drift_review import review_page as make  # noqa: PLC0415 -- needs an extra

    return make(found, outlook)
