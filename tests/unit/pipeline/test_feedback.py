"""Who is a person and who is not."""

from __future__ import annotations

import pytest

from leadfit.pipeline import is_automatic
from leadfit.policy import load_starter
from leadfit.records import Facts
from leadfit.testing.builders import changed, rep

POLICY = load_starter()


@pytest.mark.parametrize(
    "by",
    [
        "bot", "hubspot-workflow", "Outreach Sequence 4", "SYSTEM", "crm_sync", "no-reply@acme.com",
        "Marketing Automation",
    ],
)  # fmt: skip
def test_a_program_is_known_by_a_word_in_its_name(by: str) -> None:
    assert is_automatic(by, POLICY)


@pytest.mark.parametrize(
    "by", ["rep_ada", "Mary Abbott", "api", "botha@acme.com", "Flowers", "rep_system"]
)
def test_a_name_that_only_looks_alike_is_a_persons(by: str) -> None:
    policy = changed(POLICY, "reps", (*POLICY.reps, rep("rep_system")))
    assert not is_automatic(by, policy)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"automatic": True}, True),
        ({"Auto Reply": "yes"}, True),
        ({"bulk": 1}, True),
        ({"automatic": False}, False),
        ({"note": "automatic"}, False),
        ({}, False),
    ],
)
def test_facts_say_that_no_person_did_it_even_of_a_rep(facts: Facts, expected: bool) -> None:
    assert is_automatic("rep_ada", POLICY, facts) is expected
