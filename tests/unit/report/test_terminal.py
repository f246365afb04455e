from __future__ import annotations

import unicodedata

import pytest

from leadfit import report
from unit.report import builders

CASES = [builders.supported, builders.thin, builders.null, builders.huge, builders.hostile]


@pytest.mark.parametrize("build", CASES)
def test_the_summary_fits_a_terminal(build: object) -> None:
    assert callable(build)
    lines = report.summary(build()).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    assert not any(unicodedata.category(sign) == "Cc" for line in lines for sign in line)


def test_the_summary_says_money_verdict_profile_and_ladder() -> None:
    text = report.summary(builders.supported())
    for part in (
        "EUR 4,123,456 open pipeline",
        "Your current profile has drifted",
        "Your data supports an ideal customer profile",
        "industry = software",
        "points of the 0 to 100 score that each value adds",
        "9,120 accepted by sales",
        "(whale)",
    ):
        assert part in text


def test_a_missing_source_is_missing_in_the_summary() -> None:
    text = report.summary(builders.thin())
    assert "qualification missing" in text
    assert "no amounts recorded" in text
    assert "About 310 leads" in text
