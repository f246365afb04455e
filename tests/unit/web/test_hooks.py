"""Vendors that call: verified, stored once, answered so that they call again only when it helps."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from leadfit.app import Leadfit, create_workspace, open_leadfit
from leadfit.app.settings import Settings
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from leadfit.web.site import Site
from unit.web.builders import ask

SECRET = "a secret of the tests"  # noqa: S105 -- of no use elsewhere
HOOKS = """
[hooks.crm]
scheme = "github"
header = "X-Signed"
secrets = ["env:LEADFIT_TEST_HOOK"]
items = "events"
event_id = "id"
kind = "what"
by = "who"
kinds = { signup = "form_fill", taken = "accepted", seen = "page_view" }
identifiers = { email = "email", lead_id = "lead" }
facts = { seats = "seats" }

[hooks.chat]
scheme = "slack-v0"
shape = "slack"
secrets = ["env:LEADFIT_TEST_HOOK"]
people = { U1 = "rep_ada" }

[hooks.site]
scheme = "form"
shape = "form"
always = "demo_request"
identifiers = { email = "email", company = "company" }
burst = 20

[hooks.missing]
scheme = "github"
secrets = ["env:LEADFIT_TEST_NOT_SET"]
always = "lead"
identifiers = { email = "email" }
"""
JSON = {"content-type": "application/json"}
EVENT = {"id": "e1", "what": "signup", "email": "ada@acme-industries.com", "seats": 12}


@pytest.fixture
def leadfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leadfit]:
    monkeypatch.setenv("LEADFIT_TEST_HOOK", SECRET)
    folder = create_workspace(tmp_path / "workspace", settings=Settings())
    policy = folder / "policy" / "policy.toml"
    policy.write_text(policy.read_text("utf-8") + HOOKS, "utf-8")
    with open_leadfit(folder, world=FrozenWorld(), settings=Settings()) as opened:
        yield opened


def signed(body: object) -> tuple[bytes, dict[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {**JSON, "X-Signed": f"sha256={made}"}


def post(leadfit: Leadfit, body: object, source: str = "crm") -> httpx.Response:
    raw, headers = signed(body)
    return ask(create_app(leadfit), "POST", f"/v1/hooks/{source}", content=raw, headers=headers)


def test_a_verified_call_is_stored_and_its_repeat_has_the_first_answer(leadfit: Leadfit) -> None:
    first = post(leadfit, {"events": [EVENT]})
    assert first.status_code == 202
    (result,) = first.json()["results"]
    assert result["status"] == 202
    leadfit.world.wait(3600)
    again = post(leadfit, {"events": [EVENT], "attempt": 2})
    assert again.status_code == 200
    (repeat,) = again.json()["results"]
    assert (repeat["status"], repeat["signal_id"]) == (200, result["signal_id"])
    assert leadfit.decide_pending() == 1
    assert leadfit.signal(result["signal_id"]).source == "crm"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"X-Signed": "sha256=00"}, "not the vendor's"),
        ({"X-Signed": ""}, "missing"),
        ({"X-Signed": "\xff" * 64}, "not the vendor's"),
    ],
)
def test_a_call_that_is_badly_signed_is_refused_and_leaves_nothing(
    leadfit: Leadfit, change: Mapping[str, str], reason: str
) -> None:
    raw, headers = signed({"events": [EVENT]})
    changed = [(name, value.encode("latin-1")) for name, value in {**headers, **change}.items()]
    app = create_app(leadfit)
    answer = ask(app, "POST", "/v1/hooks/crm", content=raw, headers=changed)
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_signature"
    assert reason in answer.json()["detail"]
    assert leadfit.status().counts.log_rows == 0


def test_the_raw_bytes_are_verified_and_not_what_they_mean(leadfit: Leadfit) -> None:
    raw, headers = signed({"events": [EVENT]})
    other = json.dumps(json.loads(raw), indent=1).encode()
    answer = ask(create_app(leadfit), "POST", "/v1/hooks/crm", content=other, headers=headers)
    assert answer.status_code == 401


def test_one_bad_event_stops_no_other_and_is_kept(leadfit: Leadfit) -> None:
    bad = {**EVENT, "id": "e2", "seats": [1]}
    answer = post(leadfit, {"events": [EVENT, bad, {**EVENT, "id": "e3"}]})
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["results"]] == [202, 422, 202]
    (kept,) = leadfit.hooks.refused()
    assert (kept.source, kept.event_id, kept.code) == ("crm", "e2", "bad_input")
    assert "acme" not in kept.reason
    post(leadfit, {"events": [bad]})
    assert len(leadfit.hooks.refused()) == 1


@pytest.mark.parametrize("bad", [{"id": "\ud800"}, {"id": "e2", "email": "\ud800@acme.com"}])
def test_half_a_surrogate_pair_stops_no_other_event(
    leadfit: Leadfit, bad: Mapping[str, str]
) -> None:
    answer = post(leadfit, {"events": [EVENT, {**EVENT, **bad}]})
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["results"]] == [202, 422]
    assert len(leadfit.hooks.refused()) == 1


def test_an_event_id_used_again_with_another_body_is_a_conflict_and_kept(leadfit: Leadfit) -> None:
    post(leadfit, {"events": [EVENT]})
    answer = post(leadfit, {"events": [{**EVENT, "seats": 13}]})
    assert [each["status"] for each in answer.json()["results"]] == [409]
    (kept,) = leadfit.hooks.refused()
    assert kept.code == "conflict"
    assert json.loads(kept.body)["facts"] == {"seats": 13}


def test_what_is_kept_is_shown_to_a_key_of_ops_and_forgotten_in_time(leadfit: Leadfit) -> None:
    post(leadfit, {"events": [EVENT]})
    post(leadfit, {"events": [{**EVENT, "seats": 13}]})
    app = create_app(leadfit)
    assert ask(app, "GET", "/v1/refused", key=leadfit.keys.create("read")).status_code == 403
    odd = ask(app, "GET", "/v1/refused?sort=1", key=leadfit.keys.create("ops"))
    assert odd.status_code == 422
    assert "limit, after" in odd.text
    shown = ask(app, "GET", "/v1/refused", key=leadfit.keys.create("ops")).json()["refused"]
    assert [each["code"] for each in shown] == ["conflict"]
    leadfit.world.wait(29 * 86_400)
    assert leadfit.hooks.forget_old() == 0
    leadfit.world.wait(2 * 86_400)
    assert leadfit.hooks.forget_old() == 1
    assert leadfit.hooks.refused() == ()


def test_a_verified_body_that_cannot_be_read_is_refused_and_kept(leadfit: Leadfit) -> None:
    answer = post(leadfit, b'{"events": [NaN]}')
    assert answer.status_code == 422
    (kept,) = leadfit.hooks.refused()
    assert (kept.event_id, kept.body) == ("", '{"events": [NaN]}')


def test_a_button_in_chat_is_taken_as_feedback_once(leadfit: Leadfit) -> None:
    signal_id = post(leadfit, {"events": [EVENT]}).json()["results"][0]["signal_id"]
    leadfit.decide_pending()
    lead_id = leadfit.signal(signal_id).lead_id
    payload = {
        "type": "block_actions", "trigger_id": "1", "user": {"id": "U1"},
        "actions": [{"action_id": "lead_touch", "value": lead_id, "action_ts": "1772442000.1"}],
    }  # fmt: skip
    raw = urlencode({"payload": json.dumps(payload)}).encode()
    at = str(int(leadfit.world.now().timestamp()))
    made = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={made}",
    }
    app = create_app(leadfit)
    for _ in range(2):
        answer = ask(app, "POST", "/v1/hooks/chat", content=raw, headers=headers)
        assert answer.status_code == 200
        leadfit.decide_pending()
    view = leadfit.lead(lead_id or "")
    assert [(each.kind, each.by) for each in view.feedback] == [("touched", "rep_ada")]
    assert not any(clock.is_running for clock in view.clocks)


def test_a_hook_nobody_named_is_not_there(leadfit: Leadfit) -> None:
    assert post(leadfit, {}, "nobody").status_code == 404


def test_a_hook_without_its_secret_asks_its_vendor_to_call_again(leadfit: Leadfit) -> None:
    answer = post(leadfit, {"email": "ada@acme.example"}, "missing")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert any("LEADFIT_TEST_NOT_SET" in each for each in leadfit.hooks.check())


def test_one_of_two_secrets_is_enough_while_the_other_is_not_set(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    policy = tmp_path / "workspace" / "policy" / "policy.toml"
    both = '["env:LEADFIT_TEST_HOOK", "env:LEADFIT_TEST_NOT_SET"]'
    text = policy.read_text("utf-8")
    policy.write_text(text.replace('["env:LEADFIT_TEST_HOOK"]', both), "utf-8")
    leadfit.close()
    with open_leadfit(tmp_path / "workspace", world=FrozenWorld(), settings=Settings()) as again:
        assert post(again, {"events": [EVENT]}).status_code == 202


def test_forms_are_taken_slowly_and_say_no_more_than_their_fields(leadfit: Leadfit) -> None:
    app = create_app(leadfit)
    headers = {"content-type": "application/x-www-form-urlencoded"}

    def send(number: int) -> httpx.Response:
        raw = urlencode({"email": f"p{number}@acme-industries.com", "owner_id": "rep_x"}).encode()
        return ask(app, "POST", "/v1/hooks/site", content=raw, headers=headers)

    answers = [send(number) for number in range(25)]
    assert [each.status_code for each in answers] == [202] * 20 + [429] * 5
    assert int(answers[-1].headers["Retry-After"]) >= 1
    leadfit.world.wait(1)
    assert send(25).status_code == 202


def test_the_policy_says_how_fast_forms_are_taken(tmp_path: Path) -> None:
    folder = create_workspace(tmp_path / "workspace", settings=Settings())
    policy = folder / "policy" / "policy.toml"
    text = policy.read_text("utf-8")
    assert "form_burst = 100" in text
    slow = text.replace("form_burst = 100", "form_burst = 3").replace(
        "form_per_second = 5", "form_per_second = 0.5"
    )
    policy.write_text(slow + HOOKS, "utf-8")
    with open_leadfit(folder, world=FrozenWorld(), settings=Settings()) as leadfit:
        app = create_app(leadfit)

        def sent(number: int) -> int:
            body = f"email=jo{number}@acme.com".encode()
            kind = {"content-type": "application/x-www-form-urlencoded"}
            return ask(app, "POST", "/v1/hooks/site", content=body, headers=kind).status_code

        assert [sent(number) for number in range(4)] == [202, 202, 202, 429]
        leadfit.world.wait(2)
        assert [sent(number) for number in (4, 5)] == [202, 429]


def test_a_form_of_a_machine_is_answered_like_any_other_and_stores_nothing(
    leadfit: Leadfit,
) -> None:
    raw = urlencode({"email": "p@acme-industries.com", "website_url": "http://x"}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = ask(create_app(leadfit), "POST", "/v1/hooks/site", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert leadfit.status().counts.log_rows == 0


def test_only_hooks_answer_to_the_public_name(leadfit: Leadfit) -> None:
    app = create_app(leadfit, site=Site(leadfit, public_url="https://leads.acme.example"))
    raw, headers = signed({"events": [EVENT]})
    host = "leads.acme.example"
    answer = ask(app, "POST", "/v1/hooks/crm", host=host, content=raw, headers=headers)
    assert answer.status_code == 202
    for path in ("/", "/leads", "/v1/signals", "/metrics"):
        assert ask(app, "GET", path, host=host).status_code == 421


def test_two_lengths_of_one_body_are_refused(leadfit: Leadfit) -> None:
    raw, headers = signed({"events": [EVENT]})
    two = {**headers, "Content-Length": str(len(raw)), "Transfer-Encoding": "chunked"}
    answer = ask(create_app(leadfit), "POST", "/v1/hooks/crm", content=raw, headers=two)
    assert (answer.status_code, answer.json()["code"]) == (400, "two_lengths")


def test_an_event_without_a_time_is_the_same_event_when_it_comes_again(leadfit: Leadfit) -> None:
    first = post(leadfit, {"events": [EVENT]}).json()["results"][0]["signal_id"]
    leadfit.world.wait(90)
    again = post(leadfit, {"events": [EVENT, {**EVENT, "id": "e9"}]}).json()["results"]
    assert [each["status"] for each in again] == [200, 202]
    assert again[0]["signal_id"] == first
