"""Names of companies: core, legal form and place."""

from __future__ import annotations

import pytest

from leadfit.resolve.normal import Column, normalise


def core(text: str) -> str | None:
    return normalise(Column.COMPANY, text).get("")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Accenture Canada", {"": "accenture", "place": "canada"}),
        ("Vodafone Deutschland GmbH", {"": "vodafone", "legal": "gmbh", "place": "germany"}),
        (
            "Deutsche Bank (Schweiz) AG",
            {"": "deutsche bank", "legal": "ag", "place": "switzerland"},
        ),
        ("Acme, Inc., Toronto", {"": "acme", "legal": "inc", "place": "toronto"}),
        ("Town of Geneseo, NY", {"": "town of geneseo", "place": "new york"}),
        ("Town of Oxford NY", {"": "town of oxford", "place": "new york"}),
    ],
)
def test_legal_form_and_geography_are_split_off(text: str, parts: dict[str, str]) -> None:
    assert normalise(Column.COMPANY, text) == parts


@pytest.mark.parametrize(
    "text",
    ["bank of america", "american airlines", "texas instruments", "air canada", "toys r us"],
)
def test_a_name_keeps_the_geography_it_is_called_by(text: str) -> None:
    assert core(text) == text
