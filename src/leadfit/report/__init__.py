"""Pages and charts as text. Nothing here reads, writes or waits; surfaces do that.

A benchmark is rendered by :func:`document` (``report.json``), :func:`page` (``report.html``) and
:func:`summary` (a terminal). The pages of a workspace are in :mod:`leadfit.report.live`.
The parts load when they are first used: a benchmark needs the extra ``learn``, a page does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadfit.learn.result import Benchmark

__all__ = ["document", "page", "summary"]


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
