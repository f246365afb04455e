"""The one Jinja environment: package templates, everything escaped, nothing undefined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from leadfit.report import words


@cache
def stylesheet() -> str:
    """Return the one stylesheet of report and pages.

    >>> "--accent" in stylesheet()
    True
    """
    return files("leadfit.report").joinpath("static/leadfit.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("leadfit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=words.count,
        percent=words.percent,
        points=words.points,
        moment=words.moment,
        day=words.day,
        short=words.short,
        plain=words.plain,
        sentence=words.sentence,
        points_span=words.points_span,
    )
    return environment


def render(template: str, view: Mapping[str, object]) -> str:
    """Return a template of the package as text; every value in ``view`` is escaped."""
    return _environment().get_template(template).render(view)
