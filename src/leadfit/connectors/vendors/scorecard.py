"""What is said of vendors, each value with its source and day; what nobody can check is null."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from leadfit.policy.section import Section

COLUMNS: Final = (
    "platform", "supplies", "coverage", "accuracy", "rate_limit", "pricing", "access",
    "confidence",
)  # fmt: skip
"""The columns of the scorecard."""

Confidence = Literal["Low", "Med", "High"]
_CONFIDENCE: Final[Mapping[str, Confidence]] = {
    "docs": "High", "spec": "High", "third-party": "Med", "recalled": "Low", "claim": "Low",
}  # fmt: skip
_ORDER: Final = ("Low", "Med", "High")


class ScorecardCell(Section):
    """A value with its source."""

    value: str = Field(min_length=1, max_length=200)
    """What is said."""
    label: Literal["docs", "spec", "third-party", "recalled", "claim"]
    """Who says it; a `claim` is of unknown origin."""
    at: Annotated[date, Field(strict=False)]
    """When it was so."""

    @property
    def confidence(self) -> Confidence:
        """How far it can be relied on."""
        return _CONFIDENCE[self.label]


class Platform(Section):
    """A line of the scorecard."""

    title: str
    """Its name."""
    supplies: ScorecardCell | None = None
    """What it sells."""
    coverage: ScorecardCell | None = None
    """What it claims to know."""
    accuracy: ScorecardCell | None = None
    """How right it claims to be."""
    rate_limit: ScorecardCell | None = None
    """How fast it may be asked."""
    pricing: ScorecardCell | None = None
    """What it costs."""
    access: ScorecardCell | None = None
    """Who may ask, and how."""

    @property
    def confidence(self) -> Confidence | None:
        """The least of its cells', so that the line is not trusted more than any of them."""
        found = [cell.confidence for _, cell in self.cells() if cell is not None]
        return min(found, key=_ORDER.index) if found else None

    def cells(self) -> Iterator[tuple[str, ScorecardCell | None]]:
        """Yield the cells by column."""
        for name in COLUMNS[1:-1]:
            yield name, getattr(self, name)


def read_scorecard() -> Mapping[str, Platform]:
    """Return the scorecard by profile."""
    content = (resources.files("leadfit.connectors.vendors") / "scorecard.toml").read_text("utf-8")
    plain = json.dumps(tomllib.loads(content), default=str)
    return TypeAdapter(dict[str, Platform]).validate_json(plain)
