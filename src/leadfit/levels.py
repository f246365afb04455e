"""How a fact becomes one of a few levels: what every learned model reads facts by."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from leadfit.records import Fact

BLANK = "(blank)"
OTHER = "(other)"
FORM_DEFAULTS = frozenset(
    {
        *("select", "select one", "please select", "-- select --", "--select--", "- select -"),
        *("choose", "choose one", "please choose", "-none-", "--none--", "-- none --", "- none -"),
    }
)
"""What a form leaves in a list nobody touched, lower case."""
MISSING_WORDS = frozenset(
    {
        *("unknown", "n/a", "na", "n.a.", "none", "null", "nil", "missing", "not provided"),
        *("not specified", "undefined", "tbd", "not available", "nan", "-", "--", "?"),
    }
)
"""Words that say that nothing is known, lower case."""
_BLANK_WORDS = frozenset({""}) | FORM_DEFAULTS | MISSING_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFact:
    """How a fact becomes one of a few levels.

    Attributes:
        name: Name of the fact, the column header of the export it was learned from.
        levels: Labels; ``(blank)`` and ``(other)`` are the places of what is missing or rare.
        values: The text of each level for a text fact, lower case and trimmed; empty for a number.
        edges: Upper edges of the bins of a number, the last bin being open; empty for text.
    """

    name: str
    levels: tuple[str, ...]
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def level_of(self, value: Fact) -> int:
        """Return the index into ``levels`` for ``value``; what is unheard of counts as other.

        >>> size = ArtifactFact(name="size", levels=("<= 9", "> 9", "(blank)"), edges=(9.0,))
        >>> size.level_of(12), size.level_of(None), size.level_of("many")
        (1, 2, 2)
        """
        if value is None or (isinstance(value, str) and value.strip().lower() in _BLANK_WORDS):
            return self._place(BLANK)
        if self.edges:
            number = read_number(value)
            return self._place(BLANK) if number is None else bisect_left(self.edges, number)
        text = as_text(value)
        return self.values.index(text) if text in self.values else self._place(OTHER)

    def _place(self, label: str) -> int:
        """Return the place of ``label``, or -1 (no evidence either way) where there is none."""
        return self.levels.index(label) if label in self.levels else -1


def read_number(value: Fact) -> float | None:
    """Return ``value`` as a finite number, or ``None`` where it is none.

    >>> read_number("1200"), read_number("many"), read_number(float("inf"))
    (1200.0, None, None)
    """
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def as_text(value: Fact) -> str:
    """Return ``value`` as it is compared: trimmed, lower case, ``yes`` and ``no`` for booleans.

    >>> as_text(" SaaS "), as_text(True), as_text(3.0)
    ('saas', 'yes', '3')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip().lower()
