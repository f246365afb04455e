"""What a message tells of a lead: with its persons, and without."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.connectors.transport import Transport
from leadfit.connectors.webhook import VERSION, WebhookPerformer
from leadfit.jobs.deliveries.brief import Briefings
from leadfit.records import Action
from leadfit.testing import FrozenWorld
from leadfit.testing.receivers import WebhookReceiver
from leadfit.world import SystemWorld
from lived import FACTS, HOT, START

PERSON = {
    "email": "jo.hill@acme.com", "name": "Jo Hill", "company": "Acme",
    "title": "VP Operations", "phone": "+49 30 5550188",
}  # fmt: skip
QUOTED = ("jo.hill", "Jo Hill", "VP Operations", "5550188", "Ada Mills")


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    with lead_of(tmp_path, (*HOT * 3, "demo_request"), FACTS) as opened:
        yield opened


@contextmanager
def lead_of(place: Path, kinds: Sequence[str], facts: Mapping[str, object]) -> Iterator[Leadfit]:
    world = FrozenWorld(START)
    folder = create_workspace(place / "workspace", world=world)
    with open_leadfit(folder, world=world) as opened:
        for number, kind in enumerate(kinds):
            body = {
                "source": "web-form", "event_id": f"event-{number}", "kind": kind,
                "at": world.now().isoformat(), "identifiers": PERSON, "facts": dict(facts),
            }  # fmt: skip
            assert isinstance(opened.accept(body), Receipt)
        opened.decide_pending()
        yield opened


def alert_of(leadfit: Leadfit) -> Action:
    (view,) = leadfit.leads()
    (alert,) = [
        each.action
        for each in leadfit.lead(view.lead.lead_id).actions
        if each.action.kind == "alert"
    ]
    return alert


def briefings(leadfit: Leadfit, *, is_personal: bool) -> Briefings:
    page = "https://leadfit.example.com"
    return Briefings(leadfit._store, lambda: leadfit.policy, page, is_personal=is_personal)


def told(leadfit: Leadfit, *, is_personal: bool) -> tuple[Mapping[str, object], str]:
    """Send the alert to a receiver that checks it; return what it was told, and as text."""
    loopback = [ipaddress.ip_network("127.0.0.0/8")]
    transport = Transport(SystemWorld(), request_s=lambda: 5.0, allowed=loopback)
    with WebhookReceiver() as receiver:
        assert isinstance(receiver, WebhookReceiver)
        performer = WebhookPerformer(
            transport, receiver.url, receiver.secret, world=SystemWorld(),
            briefing=briefings(leadfit, is_personal=is_personal), is_personal=is_personal,
        )  # fmt: skip
        performer.perform(alert_of(leadfit))
        assert receiver.wrong == []
    (data,) = receiver.told
    return data, json.dumps(data)


def part(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    return cast("Mapping[str, object]", data[name])


def test_a_signed_message_holds_what_a_receiver_needs_to_act(leadfit: Leadfit) -> None:
    data, _ = told(leadfit, is_personal=True)
    (view,) = leadfit.leads()
    lead, account, contact = (part(data, name) for name in ("lead", "account", "contact"))
    assert data["version"] == VERSION
    assert (lead["lead_id"], lead["tier"]) == (view.lead.lead_id, 1)
    assert view.score is not None
    assert lead["score"] == round(view.score.total, 2)
    assert part(lead, "owner")["rep_id"] == view.lead.owner_id
    assert lead["first_touch_due_at"] is not None
    assert lead["link"] == f"https://leadfit.example.com/leads/{view.lead.lead_id}"
    assert len(cast("list[str]", lead["reasons"])) == 4
    assert view.account is not None
    assert (account["account_id"], account["name"]) == (view.account.account_id, "Acme")
    assert (contact["name"], contact["email"]) == ("Jo Hill", "jo.hill@acme.com")
    assert contact["title"] == "VP Operations"


def test_without_persons_everything_but_who_they_are_is_told(leadfit: Leadfit) -> None:
    data, text = told(leadfit, is_personal=False)
    for quoted in QUOTED:
        assert quoted not in text, f"{quoted} was told"
    lead, account, contact = (part(data, name) for name in ("lead", "account", "contact"))
    (view,) = leadfit.leads()
    assert (lead["tier"], account["name"]) == (1, "Acme")
    assert view.contact is not None
    assert contact["contact_id"] == view.contact.contact_id
    assert part(lead, "owner") == {
        "rep_id": view.lead.owner_id, "name": None, "email": None
    }  # fmt: skip


def test_a_reason_that_quotes_a_person_says_the_name_of_the_value_instead(tmp_path: Path) -> None:
    with lead_of(tmp_path, ["demo_request"], {}) as leadfit:
        (view,) = leadfit.leads()
        action = Action(
            key="k", kind="task", destination="crm", lead_id=view.lead.lead_id,
            assignment_id=None, due_at=START,
        )  # fmt: skip
        named, unnamed = (
            " ".join(briefings(leadfit, is_personal=each)(action).reasons) for each in (True, False)
        )
    assert named.count("demo_request") == 1, "one reason was given several times"
    assert "VP Operations" in named
    assert "VP Operations" not in unnamed
    assert named.replace("VP Operations", "⟨title⟩") == unnamed
