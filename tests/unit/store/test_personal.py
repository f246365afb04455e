"""What is taken for personal, and kept out of the log."""

from __future__ import annotations

import pytest

from leadfit.store.personal import is_personal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Manager name", "Hank Hill"),
        ("work_phone", "555 7788"),
        ("Lead comments", "call after six"),
        ("reach", "+49 30 555 7788"),
        ("question", "please tell my colleague " * 20),
        ("anything", "jo@x.example"),
        ("contact_name", None),
    ],
)
def test_a_person_is_recognised_by_the_end_of_a_name_or_by_the_value(
    name: str, value: str | None
) -> None:
    assert is_personal(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("company name", "Initech"),
        ("product", "platform"),
        ("since", "2026-11-22"),
        ("revenue", "1200000"),
        ("has phone", True),
        ("industry", None),
    ],
)
def test_facts_of_a_company_stay_in_the_log(name: str, value: str | int | None) -> None:
    assert not is_personal(name, value)
