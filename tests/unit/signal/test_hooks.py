"""What vendors' calls say, as bodies of signals."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from leadfit.policy import load_starter
from leadfit.policy.intake import Hook
from leadfit.records import Refusal, Signal
from leadfit.signal import Incoming, Translation, read, translate
from leadfit.signal.form import parse_form

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
POLICY = load_starter()
JSON = {"content-type": "application/json; charset=utf-8"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
HUBSPOT = {
    "eventId": 101, "subscriptionId": 7, "portalId": 62515, "occurredAt": 1795323600000,
    "subscriptionType": "object.propertyChange", "attemptNumber": 0, "objectId": 1246965,
    "propertyName": "lifecyclestage", "propertyValue": "customer", "objectTypeId": "0-1",
}  # fmt: skip


def hook(**rest: object) -> Hook:
    return Hook.model_validate({"scheme": "stripe", "secrets": ["env:ONE"], **rest})


def call(body: object, headers: dict[str, str] | None = None) -> Incoming:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Incoming(method="POST", url="https://x.example/", body=raw, headers=headers or JSON)


def told(rules: Hook, incoming: Incoming, now: datetime = NOW) -> Translation:
    found = translate(rules, "vendor", incoming, now=now)
    assert isinstance(found, Translation)
    return found


def signals(found: Translation) -> list[Signal]:
    read_all = [
        read(each, POLICY, now=NOW + timedelta(days=30), signal_id="s") for each in found.bodies
    ]
    assert all(isinstance(each, Signal) for each in read_all), read_all
    return [each for each in read_all if isinstance(each, Signal)]


def test_an_event_of_hubspot_becomes_a_signal_of_its_contact() -> None:
    rules = hook(
        shape="hubspot", kinds={"object.propertyChange:lifecyclestage=customer": "converted"}
    )
    (body,) = told(rules, call([HUBSPOT])).bodies
    assert body["kind"] == "converted"
    assert body["identifiers"] == {"contact_id": "1246965"}
    assert body["event_id"] == "62515/7/101/1246965/1795323600000"
    (one,) = signals(told(rules, call([HUBSPOT])))
    assert one.at == datetime.fromtimestamp(1795323600, UTC)


def test_another_attempt_of_hubspot_says_the_same() -> None:
    rules = hook(shape="hubspot", always="page_view")
    first = told(rules, call([HUBSPOT])).bodies
    assert told(rules, call([{**HUBSPOT, "attemptNumber": 3}])).bodies == first


def test_events_of_words_that_are_not_named_are_left_out() -> None:
    rules = hook(shape="hubspot", kinds={"contact.creation": "lead"})
    found = told(rules, call([HUBSPOT, {**HUBSPOT, "subscriptionType": "contact.creation",
                                        "propertyName": None, "objectTypeId": None}]))  # fmt: skip
    assert (len(found.bodies), found.left_out) == (1, 1)


def test_a_call_of_segment_is_known_by_its_message_id() -> None:
    rules = hook(shape="segment", kinds={"track:Demo Requested": "demo_request"})
    track = {
        "type": "track", "event": "Demo Requested", "messageId": "m1",
        "timestamp": "2026-11-22T05:00:00.000Z",
        "context": {"traits": {"email": "ada@acme.example", "company": {"name": "Acme"}}},
    }  # fmt: skip
    (one,) = signals(told(rules, call(track)))
    assert (one.event_id, one.identifiers.email, one.identifiers.company) == (
        "m1", "ada@acme.example", "Acme",
    )  # fmt: skip
    nobody = told(rules, call({"batch": [track, {**track, "context": {}}]}))
    assert (len(nobody.bodies), nobody.left_out) == (1, 1)


def test_cloud_events_are_known_by_source_and_id() -> None:
    rules = hook(
        shape="cloudevents", kinds={"acme.signup": "form_fill"}, identifiers={"email": "data.email"}
    )
    event = {
        "specversion": "1.0", "id": "1", "source": "/crm", "type": "acme.signup",
        "time": "2026-11-22T04:00:00Z", "data": {"email": "ada@acme.example"},
    }  # fmt: skip
    media = {"content-type": "application/cloudevents+json"}
    (one,) = signals(told(rules, call(event, media)))
    assert one.event_id == "/crm#1"
    both = told(rules, call([event, {**event, "source": "/web"}], media))
    assert [each["event_id"] for each in both.bodies] == ["/crm#1", "/web#1"]


def slack(**action: object) -> Incoming:
    payload = {
        "type": "block_actions", "trigger_id": "13.7", "user": {"id": "U1"},
        "actions": [{"action_ts": "1795323601.84", **action}],
    }  # fmt: skip
    return call(urlencode({"payload": json.dumps(payload)}).encode(), FORM)


@pytest.mark.parametrize(
    ("button", "kind"),
    [("lead_accept", "accepted"), ("lead_reject", "rejected"), ("lead_touch", "touched")],
)
def test_a_button_in_slack_is_feedback_of_a_rep(button: str, kind: str) -> None:
    rules = hook(scheme="slack-v0", shape="slack", people={"U1": "rep_ada"})
    (one,) = signals(told(rules, slack(action_id=button, value="lead_1")))
    assert (one.kind, one.identifiers.lead_id, one.facts["by"]) == (kind, "lead_1", "rep_ada")
    assert one.event_id == f"13.7/{button}/1795323601.84"


def test_a_reason_chosen_in_slack_goes_with_the_rejection() -> None:
    rules = hook(scheme="slack-v0", shape="slack")
    chosen = {"selected_option": {"value": "too small"}, "block_id": "lead_1"}
    (one,) = signals(told(rules, slack(action_id="lead_reject", **chosen)))
    assert one.identifiers.lead_id == "lead_1"
    assert dict(one.facts) == {"by": "U1", "reason": "too small"}


def test_slack_hears_its_challenge() -> None:
    rules = hook(scheme="slack-v0", shape="slack")
    found = told(rules, call({"type": "url_verification", "challenge": "abc"}))
    assert (found.challenge, found.bodies) == ("abc", ())


def test_an_incident_of_pagerduty_is_left_out_unless_it_is_given_a_meaning() -> None:
    event = {"event": {
        "id": "011", "event_type": "incident.acknowledged", "agent": {"id": "P1"},
        "occurred_at": "2026-11-22T05:00:00.000Z", "data": {"incident_key": "leadfit/sla/lead_1"},
    }}  # fmt: skip
    silent = hook(scheme="pagerduty-v1", shape="pagerduty")
    assert told(silent, call(event)).left_out == 1
    heard = hook(
        scheme="pagerduty-v1", shape="pagerduty", kinds={"incident.acknowledged": "accepted"}
    )
    (one,) = signals(told(heard, call(event)))
    assert (one.identifiers.lead_id, one.facts["by"], one.event_id) == ("lead_1", "P1", "011")


def test_any_json_is_read_by_paths() -> None:
    rules = hook(
        items="data.rows", event_id="id", kind="what", at="ts", text="note",
        kinds={"signup": "form_fill"}, identifiers={"email": "who.0.mail"}, facts={"seats": "n"},
    )  # fmt: skip
    row = {"id": 7, "what": "signup", "ts": 1795323600, "note": "hello",
           "who": [{"mail": "ada@acme.example"}], "n": 12}  # fmt: skip
    (one,) = signals(told(rules, call({"data": {"rows": [row, {**row, "what": "other"}]}})))
    assert (one.event_id, one.text, dict(one.facts)) == ("7", "hello", {"seats": 12})
    assert one.at == datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    rules = hook(always="form_fill", identifiers={"email": "email"})
    first = told(rules, call({"email": "ada@acme.example", "n": 1})).bodies[0]["event_id"]
    again = told(rules, call(b'{ "n": 1, "email": "ada@acme.example" }')).bodies[0]["event_id"]
    other = told(rules, call({"email": "ada@acme.example", "n": 2})).bodies[0]["event_id"]
    assert first == again != other


def test_an_id_that_is_too_long_becomes_its_digest() -> None:
    rules = hook(always="form_fill", event_id="id", identifiers={"email": "email"})
    (one,) = signals(told(rules, call({"id": "x" * 300, "email": "ada@acme.example"})))
    assert one.event_id.startswith("sha256:")


def test_an_event_without_a_time_gets_the_present_and_is_marked() -> None:
    rules = hook(always="form_fill", identifiers={"email": "email"})
    found = told(rules, call({"email": "ada@acme.example"}))
    assert found.timeless == {0}
    assert found.bodies[0]["at"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        pytest.param(b'{"a": 1, "a": 2}', JSON, id="a key twice"),
        pytest.param(b'{"a": NaN}', JSON, id="not a number"),
        pytest.param(b"[" * 200, JSON, id="deep"),
        pytest.param(b"{}", {"content-type": "text/plain"}, id="another media type"),
        pytest.param(b"{}", FORM, id="a form where JSON is meant"),
        pytest.param(json.dumps([{}] * 1001).encode(), JSON, id="too many"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused_as_a_whole(
    raw: bytes, headers: dict[str, str]
) -> None:
    found = translate(hook(shape="hubspot", always="lead"), "v", call(raw, headers), now=NOW)
    assert isinstance(found, Refusal)
    assert found.faults[0].place == "body"


def form_hook(**rest: object) -> Hook:
    given = {"scheme": "form", "shape": "form", "secrets": [], "always": "demo_request"}
    return hook(**{**given, "identifiers": {"email": "Your e-mail", "name": "name"}, **rest})


def sent(**fields: str) -> Incoming:
    return call(urlencode({"Your e-mail": "ada@acme.example", **fields}).encode(), FORM)


def test_a_form_says_only_what_its_fields_are_mapped_to() -> None:
    found = told(form_hook(), sent(owner_id="rep_ada", tier="1", lead_id="lead_9", name="Ada"))
    (one,) = signals(found)
    assert dict(one.facts) == {}
    assert (one.identifiers.lead_id, one.identifiers.name) == (None, "Ada")


def test_a_form_that_fills_the_field_nobody_sees_is_left_out() -> None:
    found = told(form_hook(), sent(website_url="http://spam.example"))
    assert (found.bodies, found.left_out) == ((), 1)


def test_a_form_sent_twice_on_a_day_is_one_event_and_another_the_next() -> None:
    first = told(form_hook(), sent()).bodies[0]["event_id"]
    again = told(form_hook(), sent(), NOW + timedelta(hours=3)).bodies[0]["event_id"]
    later = told(form_hook(), sent(), NOW + timedelta(days=1)).bodies[0]["event_id"]
    assert first == again != later


@pytest.mark.parametrize(
    "change",
    [
        {"identifiers": {"account_id": "a"}},
        {"identifiers": {"lead_id": "a"}},
        {"facts": {"owner_id": "o"}},
        {"facts": {"Tier": "t"}},
        {"facts": {"consent_email": "c"}},
        {"facts": {"by": "b"}},
        {"always": "touched"},
        {"kinds": {"x": "converted"}},
        {"secrets": ["env:ONE"]},
        {"by": "who"},
        {"per_second": 6},
    ],
)
def test_a_policy_that_trusts_a_form_with_more_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="form"):
        form_hook(**change)


def test_a_form_may_report_facts_whose_names_only_resemble() -> None:
    assert form_hook(facts={"reports": "r", "hobby": "h"}).facts == {"reports": "r", "hobby": "h"}


@pytest.mark.parametrize(
    "change",
    [
        {"secrets": []},
        {"secrets": ["a", "b"]},
        {"secrets": ["env:A", "env:B", "env:C"]},
        {"scheme": "token"},
        {"allow_from": ["nowhere"]},
        {"event_id": "a..b"},
        {"always": None, "kinds": {}},
        {"identifiers": {}},
        {"scheme": "slack-v0"},
        {"shape": "form"},
    ],
)
def test_a_hook_that_does_not_fit_together_is_refused(change: dict[str, object]) -> None:
    given = {"always": "lead", "identifiers": {"email": "email"}}
    assert hook(**given).always == "lead"
    with pytest.raises(ValueError, match="Hook"):
        hook(**{**given, **change})


@pytest.mark.parametrize("raw", [b"a=1&a=2", b"a=%ff", b"&".join(b"%d=1" % n for n in range(301))])
def test_a_form_that_two_readers_could_differ_on_is_refused(raw: bytes) -> None:
    assert isinstance(parse_form(raw), Refusal)


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    rules = hook(always="form_fill", identifiers={"name": "name"})
    found = told(rules, replace(call({}), body=b'{"name": "\\ud800"}'))
    refused = read(found.bodies[0], POLICY, now=NOW, signal_id="s")
    assert isinstance(refused, Refusal)
