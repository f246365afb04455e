"""The artifact: strict reading, and an evaluation whose reasons sum."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from leadfit.artifact import Artifact, Head, average_points, evaluate, from_json, to_json
from leadfit.errors import BadInput
from leadfit.levels import ArtifactFact
from leadfit.records import Facts


def build() -> Artifact:
    industry = ArtifactFact(
        name="industry",
        levels=("saas", "retail", "(other)", "(blank)"),
        values=("saas", "retail"),
    )
    size = ArtifactFact(name="size", levels=("<= 50", "50 to 200", "> 200"), edges=(50.0, 200.0))
    converted = Head(
        step="converted",
        link="hazard",
        intercept=-2.0,
        coefficients=((0.5, -0.4, 0.0, -0.1), (-0.2, 0.0, 0.3)),
        weight=58.0,
    )
    expanded = replace(converted, step="expanded", given="converted", weight=100.0, intercept=-1.0)
    churn = replace(
        converted,
        step="churned_after_use",
        weight=0.0,
        coefficients=((0.0, 1.5, 0.0, 0.0), (0.0, 0.0, 0.0)),
    )
    return Artifact(
        as_of="2026-01-01T00:00:00+00:00",
        learned_from="0" * 64,
        facts=(industry, size),
        heads=(converted, expanded),
        worth=(3.0, 16.0),
        knots=((0.0, 0.0), (1.0, 50.0), (2.0, 80.0), (5.0, 100.0)),
        detractor=churn,
        detractor_knots=((0.1, 0.0), (0.4, 1.0)),
        flag_at=0.5,
    )


def faults_of(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        from_json(text)
    return [fault.place for fault in caught.value.faults]


@pytest.mark.parametrize("industry", ["saas", "retail", "farming", None])
@pytest.mark.parametrize("size", [10, 50, 51.5, 1e9, None, "many"])
def test_the_points_of_all_reasons_sum_to_the_score(
    industry: str | None, size: float | str | None
) -> None:
    found = evaluate(build(), {"industry": industry, "size": size})
    assert math.fsum(r.points or 0.0 for r in found.reasons) == pytest.approx(found.score, abs=1e-9)
    assert 0 <= found.score <= 100


def test_a_better_industry_scores_higher_and_says_why() -> None:
    good: Facts = {"industry": "SaaS ", "size": 500}
    bad: Facts = {"industry": "retail", "size": 5}
    best, worst = evaluate(build(), good), evaluate(build(), bad)
    assert best.score > worst.score
    assert any(r.rule == "icp.industry" and (r.points or 0) > 0 for r in best.reasons)


def test_a_full_detractor_match_takes_three_quarters_of_the_points() -> None:
    with_detractor = replace(build(), detractor_knots=((0.0, 1.0), (1.0, 1.0)))
    without = replace(build(), detractor=None)
    facts: Facts = {"industry": "saas", "size": 500}
    expected = evaluate(without, facts).score * 0.25
    assert evaluate(with_detractor, facts).score == pytest.approx(expected, abs=1e-5)


def test_the_lost_points_are_shown_as_one_subtraction() -> None:
    found = evaluate(build(), {"industry": "retail", "size": 100})
    lost = [r for r in found.reasons if r.rule == "icp.detractor"]
    assert found.detractor > 0
    assert len(lost) == 1
    assert (lost[0].points or 0) < 0
    assert "industry retail" in lost[0].words


def test_the_flag_follows_the_match_and_not_the_score() -> None:
    strong = replace(build(), flag_at=0.0)
    assert evaluate(strong, {"industry": "saas", "size": 500}).flagged
    assert not evaluate(replace(build(), flag_at=1.0), {"industry": "saas"}).flagged


def test_an_artifact_reads_back_to_the_same_bytes_and_digest() -> None:
    artifact = build()
    again = from_json(to_json(artifact))
    assert again == artifact
    assert again.digest == artifact.digest
    assert to_json(again) == to_json(artifact)


def test_two_artifacts_differ_in_digest_when_a_number_differs() -> None:
    assert build().digest != replace(build(), flag_at=0.4).digest


def test_a_number_that_is_not_finite_cannot_be_put_into_an_artifact() -> None:
    with pytest.raises(ValueError, match="has no JSON form"):
        replace(build(), flag_at=math.nan)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("shape", 1, "shape"),
        ("as_of", 3, "as_of"),
        ("knots", [[0, 5], [1, 4]], "knots"),
        ("detractor_share", 1.5, "detractor_share"),
        ("flag_at", True, "flag_at"),
        ("worth", [1.0], "worth"),
        ("facts", {}, "facts"),
        ("notes", {"a": None}, "notes.a"),
        ("heads", [], "heads"),
    ],
)
def test_a_fault_is_named_by_its_path(path: str, value: object, place: str) -> None:
    content = json.loads(to_json(build()))
    content[path] = value
    assert place in faults_of(json.dumps(content))


def test_another_version_is_named_alone_with_the_way_out() -> None:
    content = json.loads(to_json(build()))
    old = {key: value for key, value in content.items() if key != "worth"} | {"shape": 1}
    with pytest.raises(BadInput, match="leadfit learn") as caught:
        from_json(json.dumps(old))
    assert [fault.place for fault in caught.value.faults] == ["shape"]


def test_every_fault_is_named_at_once() -> None:
    content = json.loads(to_json(build()))
    content["heads"][0]["link"] = "probit"
    content["heads"][1]["coefficients"] = [[0.0]]
    content["facts"][0]["colour"] = "red"
    places = faults_of(json.dumps(content))
    assert {"heads.0.link", "heads.1.coefficients", "facts.0.colour"} <= set(places)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"shape": NaN}', "[" * 100_000])
def test_what_is_no_artifact_is_refused(text: str) -> None:
    assert faults_of(text)


def test_an_infinite_number_in_the_file_is_refused() -> None:
    text = to_json(build()).replace('"flag_at":0.5', '"flag_at":1e999')
    assert "flag_at" in faults_of(text)


@pytest.mark.parametrize("given", ["expanded", "won", "qualified"])
def test_a_head_is_given_the_step_of_an_earlier_head_or_none(given: str) -> None:
    content = json.loads(to_json(build()))
    content["heads"][1]["given"] = given
    assert faults_of(json.dumps(content)) == ["heads.1.given"]


def test_an_average_account_has_the_points_of_the_intercepts_alone() -> None:
    won, expands = -math.expm1(-math.exp(-2.0)), -math.expm1(-math.exp(-1.0))
    worth = 3.0 * won + 16.0 * won * expands
    assert 1.0 < worth < 2.0
    assert average_points(build()) == pytest.approx(50.0 + 30.0 * (worth - 1.0))
