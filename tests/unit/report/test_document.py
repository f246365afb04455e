from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from leadfit import report
from leadfit.history import Notice, Step
from leadfit.learn.result import AmountEffect, Benchmark, Claim, Estimate, Presence
from leadfit.report import advice
from unit.report import builders

PROMISED = {
    "as_of",
    "sources",
    "funnel",
    "verdict",
    "customers_needed",
    "effects",
    "weights",
    "detractor",
    "profile",
    "detractor_profile",
    "static_icp",
    "drift",
    "warnings",
    "money",
    "current_icp",
}


def parsed(benchmark: Benchmark) -> dict[str, object]:
    text = json.dumps(report.document(benchmark), allow_nan=False)
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_the_document_has_every_promised_key() -> None:
    assert parsed(builders.supported()).keys() >= PROMISED


def test_an_effect_has_every_promised_key_and_stays_a_fraction() -> None:
    effects = report.document(builders.supported())["effects"]
    assert isinstance(effects, list)
    assert effects[0].keys() >= {
        "fact",
        "value",
        "outcome",
        "effect",
        "low",
        "high",
        "q_value",
        "robustness",
        "claim",
    }
    assert effects[0]["effect"] == 0.09
    assert effects[0]["outcome"] == "expanded"


def test_sources_and_funnel_have_the_five_keys_and_null_where_missing() -> None:
    found = report.document(builders.thin())
    assert found["sources"] == {
        "accepted": "missing",
        "qualified": "missing",
        "converted": "present",
        "expanded": "missing",
        "churned_after_use": "missing",
    }
    assert found["funnel"] == {
        "leads": 412,
        "accepted": None,
        "qualified": None,
        "converted": 40,
        "expanded": None,
        "churned_after_use": None,
    }


def test_no_static_profile_is_null_and_a_known_one_has_its_rate() -> None:
    assert report.document(builders.thin())["static_icp"] is None
    static = report.document(builders.supported())["static_icp"]
    assert isinstance(static, dict)
    assert static["fail_acceptance_90d"] == {"rate": 0.41, "low": 0.38, "high": 0.44}


def test_what_the_learned_score_puts_first_stands_beside_the_static_profile() -> None:
    static = report.document(builders.supported())["static_icp"]
    assert isinstance(static, dict)
    # What was promised first keeps its name and its place.
    assert static["detractors_inside"] == 63
    assert static["learned_revenue_per_account"]["value"] == 733_000
    assert static["detractors_inside_share"] == {"rate": 0.0508, "low": 0.04, "high": 0.0645}
    tenth = static["top_decile"]
    assert tenth["accounts"] == 620
    assert tenth["revenue_ratio"]["value"] == 2.41
    assert tenth["fail_acceptance_90d"]["rate"] == 0.21
    assert isinstance(tenth["revenue_per_account"]["value"], int)
    assert static["claims"][0]["finding"] == "cannot_tell"


def test_figures_beside_a_static_profile_are_named_with_their_intervals() -> None:
    figures = advice.static_figures(builders.supported())
    assert ("The best tenth by the learned score", "620 accounts") in figures
    assert ("\u2014 times that of the accounts called ideal", "2.41 (1.93 to 3.01)") in figures
    assert ("Churned after real use", "63, 21.0 % of its customers (17.0 % to 26.0 %)") in figures
    assert figures[-1][1] == "Each account is scored by a model that was learned without it."


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_becomes_null(number: float) -> None:
    odd = replace(
        builders.supported(),
        detectable=number,
        warnings=(Notice(code="whale", field=None, message="m", evidence={"share": number}),),
        drift=replace(builders.supported().drift, change=Estimate(value=number)),
    )
    found = parsed(odd)
    assert found["detectable"] is None
    assert found["warnings"] == [
        {"code": "whale", "field": None, "message": "m", "evidence": {"share": None}}
    ]


def test_evidence_of_any_kind_becomes_plain_json() -> None:
    evidence = {
        "steps": {Step.EXPANDED: 3},
        "names": {"b", "a"},
        "pair": (1, None),
        "yes": True,
        "state": Presence.PARTIAL,
        "at": builders.supported().as_of,
    }
    odd = replace(
        builders.supported(),
        warnings=(Notice(code="whale", field="f", message="m", evidence=evidence),),
    )
    warnings = parsed(odd)["warnings"]
    assert isinstance(warnings, list)
    assert warnings[0]["evidence"] == {
        "steps": {"expanded": 3},
        "names": ["a", "b"],
        "pair": [1, None],
        "yes": True,
        "state": "partial",
        "at": "2026-06-30T00:00:00Z",
    }


def test_the_same_benchmark_gives_the_same_bytes() -> None:
    first, second = (json.dumps(report.document(builders.supported())) for _ in range(2))
    assert first == second


def test_effects_on_money_are_whole_minor_units() -> None:
    worth = AmountEffect(
        fact="plan", value="pro", effect=25_000.6, low=10_000.2, high=40_001.0, raw=70_000.4,
        q_value=0.01, robustness=0.2, claim=Claim.CAUSED, shrunk=24_000.5, units=90,
        compared_with=210.5,
    )  # fmt: skip
    listed = parsed(replace(builders.supported(), amount_effects=(worth,)))["amount_effects"]
    assert isinstance(listed, list)
    (found,) = listed
    amounts = {name: found[name] for name in ("effect", "low", "high", "raw", "shrunk")}
    assert amounts == {"effect": 25_001, "low": 10_000, "high": 40_001, "raw": 70_000,
                       "shrunk": 24_000}  # fmt: skip
    assert found["claim"] == "caused"
