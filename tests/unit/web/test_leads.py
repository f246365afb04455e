from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit.web import create_app
from unit.web.builders import LeadfitInMemory, ask, lead_view


@pytest.fixture
def leadfit(tmp_path: Path) -> LeadfitInMemory:
    return LeadfitInMemory(tmp_path, [lead_view()])


def test_a_lead_comes_with_owner_tier_score_match_and_clocks(leadfit: LeadfitInMemory) -> None:
    found = ask(create_app(leadfit), "GET", "/v1/leads/lead_1", key="see").json()
    assert (found["lead_id"], found["owner"], found["tier"]) == ("lead_1", "rep_ada", 1)
    assert found["score"]["total"] == 72.25
    assert found["match"]["band"] == "auto"
    assert found["clocks"][0]["clock"]["kind"] == "assignment_to_touch"


def test_the_why_holds_reasons_that_sum_to_the_score(leadfit: LeadfitInMemory) -> None:
    found = ask(create_app(leadfit), "GET", "/v1/leads/lead_1/why", key="see").json()
    score = found["decisions"][0]["score"]
    points = [reason["points"] for reason in score["reasons"] if reason["points"] is not None]
    assert sum(points) == score["total"]
    assert found["decisions"][0]["ranking"]["excluded"][0]["rule"] == "away"


@pytest.mark.parametrize("path", ["/v1/leads/none", "/v1/leads/none/why"])
def test_a_lead_that_is_not_there_is_a_problem(leadfit: LeadfitInMemory, path: str) -> None:
    answer = ask(create_app(leadfit), "GET", path, key="see")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("call", "body", "said"),
    [
        ("accept", {"by": "rep_ada"}, ("accept", "lead_1", "rep_ada", None)),
        ("accept", None, ("accept", "lead_1", "api", None)),
        ("reject", {"reason": "student", "by": "bo"}, ("reject", "lead_1", "bo", "student")),
        (
            "touch",
            {"at": "2026-03-02T10:00:00+01:00"},
            ("touch", "lead_1", "api", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ),
        ("touch", None, ("touch", "lead_1", "api", None)),
    ],
)
def test_what_a_person_says_is_recorded(
    leadfit: LeadfitInMemory, call: str, body: object, said: tuple[object, ...]
) -> None:
    app = create_app(leadfit)
    path = f"/v1/leads/lead_1/{call}"
    if body is None:
        answer = ask(app, "POST", path, key="act")
    else:
        answer = ask(app, "POST", path, key="act", json=body)
    assert answer.status_code == 200
    assert answer.json()["lead_id"] == "lead_1"
    assert leadfit.said == [said]


@pytest.mark.parametrize(
    ("call", "body", "places"),
    [
        ("reject", {}, ["reason"]),
        ("reject", {"reason": " ", "tier": 1}, ["tier", "reason"]),
        ("reject", {"reason": "x", "a\nb": 1, "": 1}, ["a?b", "''"]),
        ("touch", {"at": "yesterday", "by": 3}, ["by", "at"]),
        ("accept", [], ["body"]),
    ],
)
def test_a_bad_word_is_refused_with_every_fault(
    leadfit: LeadfitInMemory, call: str, body: object, places: list[str]
) -> None:
    answer = ask(create_app(leadfit), "POST", f"/v1/leads/lead_1/{call}", key="act", json=body)
    assert answer.status_code == 422
    assert [fault["place"] for fault in answer.json()["faults"]] == places
    assert leadfit.said == []


@pytest.mark.parametrize("key", [None, "in", "see"])
@pytest.mark.parametrize("call", ["accept", "reject", "touch", "assign", "override"])
def test_only_ops_may_say_something_about_a_lead(
    leadfit: LeadfitInMemory, call: str, key: str | None
) -> None:
    answer = ask(
        create_app(leadfit), "POST", f"/v1/leads/lead_1/{call}", key=key, json={"reason": "x"}
    )
    assert answer.status_code == (401 if key is None else 403)
    assert leadfit.said == []


def test_a_lead_is_given_by_hand_with_who_did_it_and_why(leadfit: LeadfitInMemory) -> None:
    body = {"rep_id": "rep_ben", "reason": "knows them", "by": "rep_max"}
    answer = ask(create_app(leadfit), "POST", "/v1/leads/lead_1/assign", json=body, key="act")
    assert answer.status_code == 200
    assert answer.json()["lead_id"] == "lead_1"
    assert leadfit.said[-1] == ("assigned", "lead_1", "rep_max", ("rep_ben", "knows them"))


def test_a_rep_who_cannot_have_the_lead_is_a_conflict(leadfit: LeadfitInMemory) -> None:
    body = {"rep_id": "rep_full", "reason": "knows them"}
    answer = ask(create_app(leadfit), "POST", "/v1/leads/lead_1/assign", json=body, key="act")
    assert (answer.status_code, "all 15 slots" in answer.text) == (409, True)


def test_giving_a_lead_by_hand_needs_a_rep_and_a_reason(leadfit: LeadfitInMemory) -> None:
    answer = ask(create_app(leadfit), "POST", "/v1/leads/lead_1/assign", json={}, key="act")
    assert answer.status_code == 422
    assert {each["place"] for each in answer.json()["faults"]} == {"rep_id", "reason"}


def test_a_lead_is_lifted_over_the_intent_gate_with_who_did_it_and_why(
    leadfit: LeadfitInMemory,
) -> None:
    body = {"reason": "met their board", "by": "rep_ada"}
    answer = ask(create_app(leadfit), "POST", "/v1/leads/lead_1/override", json=body, key="act")
    assert (answer.status_code, answer.json()["lead_id"]) == (200, "lead_1")
    assert leadfit.said[-1] == ("lifted", "lead_1", "rep_ada", "met their board")


def test_a_lead_that_does_not_fit_is_not_lifted_and_the_reason_is_told(
    leadfit: LeadfitInMemory,
) -> None:
    path = "/v1/leads/lead_1/override"
    answer = ask(create_app(leadfit), "POST", path, json={"reason": "a friend"}, key="act")
    assert (answer.status_code, "below the gate of 70" in answer.text) == (409, True)
    nothing = ask(create_app(leadfit), "POST", path, json={}, key="act")
    assert [each["place"] for each in nothing.json()["faults"]] == ["reason"]


def test_leads_taken_by_hand_are_counted_by_rep(leadfit: LeadfitInMemory) -> None:
    text = ask(create_app(leadfit), "GET", "/metrics", key="see").text
    assert 'leadfit_overrides_total{rep="rep_ada"} 3' in text
