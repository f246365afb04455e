"""Charts of hostile texts."""

from __future__ import annotations

import pytest

from leadfit.report import charts


@pytest.mark.parametrize(
    "text", ["\U0001d49c" * 50, "a" + "\U0001f600" * 50, "\x1b[31m\x1f", "\x9f"]
)
def test_a_label_of_any_characters_is_drawn(text: str) -> None:
    row: charts.Row = {"label": text, "effect": 1.0, "low": 0.0, "high": 2.0, "claim": "associated"}
    drawn = charts.effects([row], claims={"associated": charts.ACCENT}, described="one")
    assert "<svg" in drawn
    assert "\U0001d49c" not in drawn
