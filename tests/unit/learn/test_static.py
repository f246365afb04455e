"""A static profile from the content of its TOML file."""

from __future__ import annotations

import pytest

from leadfit.errors import BadInput
from leadfit.learn import read_static


def places(content: dict[str, object]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_static(content)
    return [fault.place for fault in caught.value.faults]


def test_an_account_is_ideal_when_all_rules_hold() -> None:
    icp = read_static(
        {"rule": [{"fact": "industry", "in": ["SaaS", "Retail"]}, {"fact": "size", "min": 50}]}
    )
    assert icp.calls_ideal({"industry": "saas", "size": 50})
    assert not icp.calls_ideal({"industry": "saas", "size": 49})
    assert not icp.calls_ideal({"industry": "farming", "size": 500})


def test_a_blank_fact_is_never_ideal() -> None:
    icp = read_static({"rule": [{"fact": "size", "max": 10}]})
    assert not icp.calls_ideal({"size": None})
    assert not icp.calls_ideal({"size": "many"})


def test_every_fault_is_named_by_its_path() -> None:
    content: dict[str, object] = {
        "rule": [
            {"fact": "size", "min": "ten", "colour": 1},
            {"fact": "", "in": []},
            {"fact": "size"},
            {"fact": "size", "min": 5, "max": 1},
            "size",
        ],
        "rules": [],
    }
    assert set(places(content)) == {
        *("rules", "rule.0.min", "rule.0.colour", "rule.1.fact", "rule.1.in"),
        *("rule.2", "rule.3", "rule.4"),
    }


@pytest.mark.parametrize("content", [{}, {"rule": []}, {"rule": {"fact": "a"}}])
def test_a_profile_without_rules_is_refused(content: dict[str, object]) -> None:
    assert "rule" in places(content)
