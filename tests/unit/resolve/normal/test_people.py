"""Names of people."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadfit.resolve.normal import Column, normalise, parted_name
from leadfit.resolve.normal.people import nick_keys
from leadfit.resolve.normal.text import words


@pytest.mark.parametrize(
    ("text", "full", "first", "last"),
    [
        ("John Smith", "john smith", "john", "smith"),
        ("SMITH, John", "john smith", "john", "smith"),
        ("Dr. John O\u2019Neil Jr.", "john oneil", "john", "oneil"),
        ("John Smith, PhD", "john smith", "john", "smith"),
        ("van der Berg, Jo", "jo van der berg", "jo", "van der berg"),
        ("Jo van der Berg", "jo van der berg", "jo", "van der berg"),
        ("Mary-Jane Smith-Jones", "mary jane smith jones", "mary", "smith jones"),
        ('Robert "Bob" Smith', "robert smith", "robert", "smith"),
        ("Bj\u00f8rn \u00c5berg", "bjorn aberg", "bjorn", "aberg"),
        ("Jos\u00e9  Garc\u00eda \U0001f600", "jose garcia", "jose", "garcia"),
    ],
)
def test_a_full_name_has_a_first_and_a_last_part(
    text: str, full: str, first: str, last: str
) -> None:
    found = normalise(Column.NAME, text)
    assert (found[""], found["first"], found["last"]) == (full, first, last)
    assert set(found["nick"].split()) >= {first}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("Dr. Doe, Jane", "Jane", "Doe"),
        ("Jane Q. van der Berg, PhD", "Jane Q.", "van der Berg"),
        ("Zo\u00eb O\u2019Neil \U0001f600", "Zo\u00eb", "O\u2019Neil"),
        ("Mary Smith-Jones", "Mary", "Smith-Jones"),
        ("Mr Smith", None, "Smith"),
        ("Dr", "Dr", None),
        ("test test", "test", "test"),
        ("  ", None, None),
    ],
)
def test_a_full_name_is_parted_as_it_was_typed(
    text: str, first: str | None, last: str | None
) -> None:
    assert parted_name(text) == (first, last)


@given(st.text("abdjrs,' \u00e9", max_size=40))
@example("a ' a,b")
def test_the_last_name_of_a_parted_name_is_that_of_the_full_name(text: str) -> None:
    last = normalise(Column.NAME, text).get("last")
    _, typed = parted_name(text)
    assert last is None or " ".join(words(typed or "")) == last


@pytest.mark.parametrize("text", ["Cher", "\u738b\u5c0f\u660e", "Dr"])
def test_a_single_name_is_neither_first_nor_last(text: str) -> None:
    assert normalise(Column.NAME, text).keys() == {""}


@pytest.mark.parametrize("text", ["n/a", "jo@acme.com", "test", "unknown", "--", "\u200f"])
def test_what_is_no_name_is_null(text: str) -> None:
    assert normalise(Column.NAME, text) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bob", "Robert"), ("Rob", "Bob"), ("Jon", "John"), ("Liz", "Elizabeth"), ("bill", "William")],
)
def test_nicknames_share_a_key(one: str, other: str) -> None:
    ours, theirs = (normalise(Column.FIRST_NAME, name)["nick"].split() for name in (one, other))
    assert set(ours) & set(theirs)


@pytest.mark.parametrize(("one", "other"), [("Bill", "Robert"), ("Ann", "John"), ("Zzyzx", "Bob")])
def test_strangers_share_no_key(one: str, other: str) -> None:
    ours, theirs = (nick_keys(name.lower()).split() for name in (one, other))
    assert not set(ours) & set(theirs)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("O'Neil", "oneil"),
        ("O Neil", "oneil"),
        ("Mc Donald", "mcdonald"),
        ("Smith III", "smith"),
        ("Smith-Jones", "smith jones"),
        ("Na", "na"),
        ("Null", "null"),
        ("de la Cruz", "de la cruz"),
    ],
)
def test_a_surname_has_one_form(text: str, name: str) -> None:
    assert normalise(Column.SURNAME, text) == {"": name}
