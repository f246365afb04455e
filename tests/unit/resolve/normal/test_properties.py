"""What holds for every text, whatever somebody typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadfit.resolve.normal import Column, normalise

_PIECES = (
    "Acme", "acme", "Smith", "O'Neil", "Inc.", "Ltd", "GmbH & Co. KG", "S.A. de C.V.",
    "Sp. z o.o.", "Canada", "(Schweiz)", "of", "the", "The", ",", ", NY", "NY", "PA", "/DE/",
    "\\TX\\", "-", "(", ")", "&", ".", "a", "b", "Bank", "North America", "City of", "Test",
    "n/a", "xxx", "(ABC)", "dba", "Dr.", "Jr.", "van der", "Mc", "\"Bob\"", "jo@acme.com", "+1",
    "415 555 2671", "ext 5", "Suite", "#5", "12", "34a", "Main Street", "Hauptstra\u00dfe",
    "Floor", "VP", "CTO", "Manager", "1980-02-31", "\u682a\u5f0f\u4f1a\u793e",
    "\u6709\u9650\u516c\u53f8", "\U0001f600", "\u200f", "\x00", "\u0130", "\ufb03",
    "\u0e01\u0e34", "\u0439", "\u1e9e", "\u03a3", "\uff21\uff27", "\u2122", "\u00bd", "SW1A 1AA",
    "94105-1234", "UK", "us", "st", "ii", "0", "1.0", "4 March 1980", "und", "Co", "'", "\u0345",
    "\ud800",
)  # fmt: skip
ANYTHING = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(_PIECES), max_size=7).map(" ".join),
    st.lists(st.sampled_from(_PIECES), max_size=7).map("".join),
    st.text("Aa .,&'-/()#+0159\u00e9\u0130", max_size=30),
)
COUNTRIES = st.sampled_from([None, "US", "Deutschland", "GB", "Narnia"])


@pytest.mark.parametrize("column", list(Column))
@given(text=ANYTHING, country=COUNTRIES)
def test_normalising_a_normal_form_changes_nothing(
    column: Column, text: str, country: str | None
) -> None:
    once = normalise(column, text, country=country)
    if "" in once:
        assert normalise(column, once[""], country=country).get("") == once[""]


@pytest.mark.parametrize("column", list(Column))
@given(text=ANYTHING, country=COUNTRIES)
def test_every_part_is_text_with_something_in_it(
    column: Column, text: str, country: str | None
) -> None:
    parts = normalise(column, text, country=country)
    assert all(part and part.strip() == part for part in parts.values())
    assert all(len(part) <= 512 for part in parts.values())
    assert normalise(column, text, country=country) == parts


@pytest.mark.parametrize("column", list(Column))
@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\u200f\u200b", "\U0001f600", "\n\t", "'", "---"]
)
def test_what_says_nothing_is_null(column: Column, text: str) -> None:
    assert "" not in normalise(column, text)
