"""The forms of a lead's page: what a person says and does about it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from leadfit.records import Tier
from leadfit.store.lifts import Lift
from leadfit.web import create_app
from unit.web.builders import START, LeadfitInMemory, NoRouting, ask, lead_view, score

BROWSER = {"accept": "text/html"}
FORM = {**BROWSER, "content-type": "application/x-www-form-urlencoded"}
ENTERED = {"act": "override", "by": "rep_max", "key": "act", "reason": "met their board"}


@pytest.fixture
def leadfit(tmp_path: Path) -> LeadfitInMemory:
    low = lead_view("crm/1", tier=Tier.TWO)
    low = replace(low, score=replace(score(), model="B", tier=Tier.TWO))
    closed = replace(low, lead=replace(low.lead, lead_id="l2", is_open=False))
    never = replace(low, lead=replace(low.lead, lead_id="l3"), score=None)
    return LeadfitInMemory(tmp_path, [low, closed, never, lead_view("l4")])


def send(
    leadfit: LeadfitInMemory, headers: dict[str, str] | None = None, **fields: str
) -> httpx.Response:
    content = urlencode({**ENTERED, **fields})
    return ask(
        create_app(leadfit), "POST", "/leads/crm%2F1", content=content, headers=headers or FORM
    )


def test_a_lead_is_lifted_by_its_form_with_who_did_it_and_why(leadfit: LeadfitInMemory) -> None:
    page = ask(create_app(leadfit), "GET", "/leads/crm%2F1", headers=BROWSER).text
    assert 'method="post" action="/leads/crm%2F1#override"' in page
    answer = send(leadfit)
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/crm%2F1#override")
    assert leadfit.said == [("lifted", "crm/1", "rep_max", "met their board")]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"reason": " "}, 422, "Reason: say why"),
        ({"by": ""}, 422, "Your name: say who it is"),
        ({"reason": "x" * 501}, 422, "at most 500 characters"),
        ({"key": "see"}, 403, "this key has the scope read"),
        ({"key": "wrong"}, 401, "this key is not known"),
        ({"reason": "a friend"}, 409, "is below the gate of 70"),
    ],
)
def test_a_form_that_is_refused_is_shown_again_without_its_key(
    leadfit: LeadfitInMemory, fields: dict[str, str], status: int, words: str
) -> None:
    answer = send(leadfit, None, **fields)
    assert answer.status_code == status
    assert words.lower() in answer.text.lower()
    assert "Not lifted." in answer.text
    assert 'value="act"' not in answer.text
    assert re.search(r'name="by" value="(rep_max|)"', answer.text)
    assert leadfit.said == []


def test_a_form_of_another_site_or_kind_is_refused(leadfit: LeadfitInMemory) -> None:
    assert send(leadfit, {**FORM, "sec-fetch-site": "cross-site"}).status_code == 403
    for origin in ("https://evil.example", "null"):
        assert send(leadfit, {**FORM, "origin": origin}).status_code == 403
    assert send(leadfit, BROWSER).status_code == 415
    assert leadfit.said == []


@pytest.mark.parametrize(
    ("lead_id", "why"),
    [("l2", "it is closed"), ("l3", "it was never rated"), ("l4", "it is Tier 1")],
)
def test_where_no_person_can_lift_a_lead_its_page_says_why(
    leadfit: LeadfitInMemory, lead_id: str, why: str
) -> None:
    page = ask(create_app(leadfit), "GET", f"/leads/{lead_id}", headers=BROWSER).text
    assert why in page
    assert "Lift this lead" not in page


def test_the_page_tells_how_a_lead_was_lifted(leadfit: LeadfitInMemory) -> None:
    class Lifted(NoRouting):
        def lifts(self, lead_id: str) -> tuple[Lift, ...]:
            made = Lift(
                decision_id="d", lead_id=lead_id, tier=Tier.ONE, from_tier=Tier.THREE,
                by="rep_max", reason="<b>board</b>", at=START,
            )  # fmt: skip
            return (made, replace(made, reason=None))

    leadfit.routing = Lifted([])
    page = ask(create_app(leadfit), "GET", "/leads/l4", headers=BROWSER).text
    assert "Lifted from Tier 3 to Tier 1 by rep_max" in page
    assert "&lt;b&gt;board" in page
    assert "the reason was erased" in page


ACTS = [
    ({"act": "touch"}, ("touch", "crm/1", "rep_max", None)),
    ({"act": "accept"}, ("accept", "crm/1", "rep_max", None)),
    ({"act": "reject", "reason": "a student"}, ("reject", "crm/1", "rep_max", "a student")),
    (
        {"act": "assign", "rep_id": "rep_bo", "reason": "knows them"},
        ("assigned", "crm/1", "rep_max", ("rep_bo", "knows them")),
    ),
]


@pytest.mark.parametrize(("fields", "said"), ACTS, ids=[said[0] for _, said in ACTS])
def test_what_a_person_did_is_said_by_the_form_of_a_lead(
    leadfit: LeadfitInMemory, fields: dict[str, str], said: tuple[object, ...]
) -> None:
    page = ask(create_app(leadfit), "GET", "/leads/crm%2F1", headers=BROWSER).text
    assert f'name="act" value="{fields["act"]}"' in page
    answer = send(leadfit, None, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/crm%2F1#acts")
    assert leadfit.said == [said]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"act": "reject", "reason": ""}, 422, "Reason: say why"),
        ({"act": "assign", "reason": "x"}, 422, "Give it to: a rep of the list"),
        ({"act": "assign", "rep_id": "rep_full", "reason": "x"}, 409, "all 15 slots are taken"),
        ({"act": "won"}, 422, "What to do: one of the buttons"),
        ({"act": ""}, 422, "What to do: one of the buttons"),
        ({"act": "touch", "key": "see"}, 403, "this key has the scope read"),
        ({"act": "touch", "by": ""}, 422, "Your name: say who it is"),
    ],
)
def test_what_cannot_be_done_is_told_beside_what_was_entered(
    leadfit: LeadfitInMemory, fields: dict[str, str], status: int, words: str
) -> None:
    answer = send(leadfit, None, **fields)
    assert answer.status_code == status
    assert words.lower() in answer.text.lower()
    assert "Not done." in answer.text
    assert "Not lifted." not in answer.text
    assert 'value="act"' not in answer.text
    if fields.get("rep_id") == "rep_full":
        assert 'name="reason" value="x"' in answer.text
    assert leadfit.said == []


def test_a_form_that_gives_a_lead_away_is_refused_from_another_site(
    leadfit: LeadfitInMemory,
) -> None:
    headers = {**FORM, "sec-fetch-site": "cross-site"}
    answer = send(leadfit, headers, act="assign", rep_id="rep_bo", reason="x")
    assert answer.status_code == 403
    assert leadfit.said == []


def test_reps_to_give_a_lead_to_are_shown_by_name_without_its_owner(
    leadfit: LeadfitInMemory,
) -> None:
    page = ask(create_app(leadfit), "GET", "/leads/l4", headers=BROWSER).text
    offered = re.findall(r'<option value="([^"]+)">([^<]+)</option>', page)
    owner = leadfit.lead("l4").lead.owner_id
    expected = {rep.rep_id: rep.name for rep in leadfit.policy.reps if rep.active}
    expected.pop(str(owner), None)
    assert dict(offered) == {each: f"{name} ({each})" for each, name in expected.items()}
    assert [name for _, name in offered] == sorted((name for _, name in offered), key=str.casefold)


def test_nothing_is_asked_about_a_closed_lead(leadfit: LeadfitInMemory) -> None:
    page = ask(create_app(leadfit), "GET", "/leads/l2", headers=BROWSER).text
    assert "It is closed: nothing more is done about it" in page
    assert 'name="act"' not in page


def test_a_lead_that_was_never_rated_is_given_to_nobody_by_hand(leadfit: LeadfitInMemory) -> None:
    page = ask(create_app(leadfit), "GET", "/leads/l3", headers=BROWSER).text
    assert 'value="reject"' in page
    assert 'value="assign"' not in page
    assert "rep_id" not in page
