"""What each vendor is told, and how its answers are read."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leadfit.connectors.base import (
    Brief,
    NotAllowedIn,
    NotTaken,
    OnHold,
    Person,
    RecordRefused,
    Unclear,
    WronglySetUp,
)
from leadfit.connectors.salesforce import SalesforcePerformer
from leadfit.connectors.slack import SlackPerformer, escape
from leadfit.connectors.transport import Transport
from leadfit.connectors.webhook import WebhookPerformer
from leadfit.connectors.words import clean, details, headline
from leadfit.records import Action, Fact
from leadfit.testing.check_connector import make_action
from leadfit.testing.receivers import (
    Reply,
    Request,
    SalesforceReceiver,
    SlackReceiver,
    WebhookReceiver,
)
from leadfit.world import SystemWorld

ADA = Person(rep_id="rep_a", name="Ada <!here> Mills", timezone="Europe/Berlin")
BRIEF = Brief(
    people=(ADA,),
    owner=ADA,
    tier=1,
    score=82.5,
    contact="Jo & Co <@U9>",
    title="VP\r\nFinance",
    phone="+49 30 1",
    account="Acme <b>",
    reasons=("asked for a demo", "owns the territory"),
    due_at=datetime(2026, 3, 2, 9, 15, tzinfo=UTC),
    link="https://leadfit.example.com/leads/lead_1",
)
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


def transport() -> Transport:
    return Transport(SystemWorld(), request_s=lambda: 2.0, allowed=LOOPBACK)


def test_a_message_says_who_what_and_until_when_on_the_owners_wall() -> None:
    words = headline(make_action("k"), BRIEF)
    assert words == (
        "Work this lead · Tier 1 · Jo & Co <@U9>, Acme <b> · "
        "first touch by Mon 02 Mar 10:15 (Europe/Berlin)"
    )
    told = dict(details(make_action("k"), BRIEF))
    assert told["Why"] == "asked for a demo; owns the territory"
    assert told["Contact"] == "Jo & Co <@U9>, VP Finance"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"words": "source form fell silent", "probe": "silent"}, "source form fell silent"),
        (
            {"waited_minutes": 31.5, "limit_minutes": 5.0},
            "A lead waited 32 minutes for its first owner, not 5",
        ),
        ({"lead_count": 3, "leads": "a, b, c"}, "Nobody has touched 3 leads in time"),
        ({"clock": "signal_to_touch"}, "A clock ran out"),
        ({"tier": 1}, "New lead"),
    ],
)  # fmt: skip
def test_an_alert_says_what_it_is_about(fields: dict[str, Fact], words: str) -> None:
    alert = replace(make_action("k"), kind="alert", fields=fields)
    assert headline(alert, Brief()) == words


def test_a_page_about_many_leads_names_them() -> None:
    page = replace(make_action("k"), kind="page", fields={"lead_count": 2, "leads": "l1, l2"})
    assert dict(details(page, Brief()))["Leads"] == "l1, l2"


def test_a_chance_is_told_as_one_and_not_as_points() -> None:
    told = dict(details(make_action("k"), Brief(chance=0.062)))
    assert (told["Chance"], "Score" in told) == ("6.2 % to be won in 90 days", False)


def test_what_may_be_a_repeat_says_so_first() -> None:
    assert headline(make_action("k", may_be_a_repeat=True), BRIEF).startswith("(may be a repeat) ")


@pytest.mark.parametrize("text", ["a\r\nb", "a\x00b", "a\u2028b", "a\u202eb"])
def test_a_text_from_outside_stays_one_line(text: str) -> None:
    assert clean(text) == "a b"


@pytest.fixture
def slack() -> Iterator[SlackReceiver]:
    receiver = SlackReceiver()
    yield receiver
    receiver.close()


def slack_performer(receiver: SlackReceiver, token: str = SlackReceiver.token) -> SlackPerformer:
    return SlackPerformer(
        transport(), token=token, channel="C1", people={"rep_m": "U1"},
        briefing=lambda _action: BRIEF, url=f"{receiver.url}/api",
    )  # fmt: skip


def test_slack_calls_those_it_is_for_and_nobody_else(slack: SlackReceiver) -> None:
    seen: list[str] = []
    answer = slack.answer

    def watch(request: Request) -> Reply:
        body = request.json()
        assert isinstance(body, dict)
        seen.extend((body["text"], body["blocks"][0]["text"]["text"]))
        return answer(request)

    slack.answer = watch  # type: ignore[method-assign]  # a receiver of this test
    action = make_action("k")
    slack_performer(slack).perform(
        Action(
            key="k",
            kind="alert",
            destination="chat",
            lead_id="lead_1",
            assignment_id=None,
            due_at=action.due_at,
            recipients=("rep_a", "rep_m"),
            fields={"tier": 1},
        )
    )
    assert slack.wrong == []
    text, section = seen
    assert "Jo &amp; Co &lt;@U9&gt;" in text
    assert section.startswith("Ada &lt;!here&gt; Mills <@U1>\n*New lead")
    assert "<https://leadfit.example.com/leads/lead_1|Open the lead>" in section
    assert section.count("<@") == 1


@pytest.mark.parametrize("who", ["@channel", "@here", "@everyone", "@Channel"])
def test_nobody_can_call_everybody_by_a_text(who: str) -> None:
    assert who not in escape(f"hello {who}")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ratelimited", NotTaken), ("service_unavailable", NotTaken),
        ("invalid_auth", NotAllowedIn), ("token_revoked", NotAllowedIn),
        ("missing_scope", WronglySetUp), ("fatal_error", Unclear),
        ("internal_error", Unclear), ("channel_not_found", RecordRefused),
        ("is_archived", RecordRefused), ("msg_too_long", RecordRefused),
        ("something_new", RecordRefused),
    ],
)  # fmt: skip
def test_an_ok_status_of_slack_may_be_an_error(
    slack: SlackReceiver, code: str, expected: type[Exception]
) -> None:
    slack.says = code
    with pytest.raises(expected) as caught:
        slack_performer(slack).perform(make_action("k"))
    assert type(caught.value) is expected
    assert code in str(caught.value)


def test_a_token_that_slack_does_not_take_is_not_shown(slack: SlackReceiver) -> None:
    with pytest.raises(NotAllowedIn) as caught:
        slack_performer(slack, "xoxb-wrong").perform(make_action("k"))
    assert "xoxb" not in str(caught.value)


@pytest.fixture
def salesforce() -> Iterator[SalesforceReceiver]:
    receiver = SalesforceReceiver()
    yield receiver
    receiver.close()


def salesforce_performer(receiver: SalesforceReceiver) -> SalesforcePerformer:
    return SalesforcePerformer(
        transport(), url=receiver.url, client_id="id", client_secret="of the test",  # noqa: S106 -- of the test
        version="v66.0", key_field="Leadfit_Key__c", people={"rep_a": "005000000000001"},
        briefing=lambda _action: BRIEF,
    )  # fmt: skip


def test_a_token_that_ended_is_fetched_anew_once(salesforce: SalesforceReceiver) -> None:
    performer = salesforce_performer(salesforce)
    performer.perform(make_action("a"))
    assert salesforce.tokens == 1
    salesforce.expire()
    performer.perform(make_action("b"))
    assert (salesforce.tokens, salesforce.order) == (3, ["a", "b"])


def test_a_task_can_be_looked_up_by_its_key(salesforce: SalesforceReceiver) -> None:
    performer = salesforce_performer(salesforce)
    performer.perform(make_action("lead_1/1/task"))
    assert performer.knows("lead_1/1/task") is True
    assert performer.knows("lead_1/2/task") is False


@pytest.mark.parametrize(
    ("code", "expected"),
    [("UNABLE_TO_LOCK_ROW", NotTaken), ("REQUIRED_FIELD_MISSING", RecordRefused)],
)
def test_a_record_may_fail_under_an_ok_status(
    salesforce: SalesforceReceiver, code: str, expected: type[Exception]
) -> None:
    salesforce.refused = code
    with pytest.raises(expected, match=code):
        salesforce_performer(salesforce).perform(make_action("a"))


def test_the_requests_of_the_day_are_a_pause_and_no_refusal(salesforce: SalesforceReceiver) -> None:
    answer = salesforce.answer

    def used_up(request: Request) -> Reply:
        if request.method == "PATCH":
            error = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "no"}]
            return Reply(status=403, body=error)
        return answer(request)

    salesforce.answer = used_up  # type: ignore[method-assign]  # a receiver of this test
    with pytest.raises(OnHold) as caught:
        salesforce_performer(salesforce).perform(make_action("a"))
    assert type(caught.value) is OnHold


def test_a_webhook_tells_of_persons_only_when_it_may() -> None:
    bodies: list[bytes] = []
    with WebhookReceiver() as receiver:
        assert isinstance(receiver, WebhookReceiver)
        answer = receiver.answer

        def watch(request: Request) -> Reply:
            bodies.append(request.body)
            return answer(request)

        receiver.answer = watch  # type: ignore[method-assign]  # a receiver of this test
        world, url, secret = SystemWorld(), receiver.url, receiver.secret
        WebhookPerformer(transport(), url, secret, world=world).perform(make_action("a"))
        told = WebhookPerformer(transport(), url, secret, world=world, briefing=lambda _: BRIEF)
        told.perform(make_action("b"))
        assert receiver.wrong == []
    assert b"Jo &" not in bodies[0]
    assert b"Jo &" in bodies[1]
