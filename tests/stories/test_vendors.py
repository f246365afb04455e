"""From a signal that lacks a fact to a decision by a bought one, over the real way out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.buying import MILLION, PurchaseState
from leadfit.records import Tier
from leadfit.store.views import SignalState
from leadfit.testing import FrozenWorld
from leadfit.testing.receivers import Fault
from leadfit.testing.vendor_receivers import KEY, ApolloReceiver, HttpReceiver
from leadfit.world import SystemWorld, World

HOT = {"industry": "software", "country": "us"}
RULES = """
[[enrich.vendors]]
name = "companies"
profile = "{profile}"
supplies = {{ employees = "company" }}
price = 0.50
hit_rate = 0.8
{more}
"""
HTTP = """
secret = "env:LEADFIT_TEST_VENDOR"
options = {{ url = "{url}" }}
windows = [{{ calls = 100, seconds = 1 }}]
"""


def workspace(folder: Path, profile: str, more: str, world: World | None = None) -> Path:
    place = create_workspace(folder, world=world)
    path = place / "policy" / "policy.toml"
    text = path.read_text("utf-8").replace("[enrich]\non = false", "[enrich]\non = true")
    path.write_text(text + RULES.format(profile=profile, more=more), "utf-8")
    (place / "connectors.toml").write_text('allow = ["127.0.0.0/8"]\n', "utf-8")
    return place


def send(leadfit: Leadfit, email: str = "jo@acme.com", number: int = 1) -> str:
    answer = leadfit.accept(
        {
            "source": "web-form", "event_id": f"event-{number}", "kind": "demo_request",
            "at": leadfit.world.now().isoformat(), "identifiers": {"email": email},
            "facts": dict(HOT),
        }
    )  # fmt: skip
    assert isinstance(answer, Receipt)
    leadfit.decide_pending()
    return answer.signal_id


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpReceiver]:
    monkeypatch.setenv("LEADFIT_TEST_VENDOR", KEY)
    receiver = HttpReceiver()
    yield receiver
    receiver.close()


def test_a_file_of_facts_decides_a_tier(tmp_path: Path) -> None:
    world = FrozenWorld()
    place = tmp_path / "w"
    create_workspace(place, world=world)
    (place / "facts.csv").write_text("domain,employees\nacme.com,800\n", "utf-8")
    path = place / "policy" / "policy.toml"
    text = path.read_text("utf-8").replace("[enrich]\non = false", "[enrich]\non = true")
    more = 'options = { file = "facts.csv" }'
    path.write_text(text + RULES.format(profile="csv", more=more), "utf-8")
    with open_leadfit(place, world=world) as leadfit:
        signal_id = send(leadfit)
        assert leadfit.signal(signal_id).status is SignalState.WAITING
        assert leadfit.enriching.buy() == 1
        leadfit.decide_pending()
        (lead,) = leadfit.leads()
        assert lead.lead.tier is Tier.TWO
        assert float(str(lead.lead.facts["employees"])) == 800
        assert leadfit.replay().different == 0


def test_a_vendor_over_http_decides_a_tier_and_the_ledger_says_what_it_cost(
    tmp_path: Path, receiver: HttpReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    world = FrozenWorld()
    place = workspace(tmp_path / "w", "http", HTTP.format(url=receiver.url), world)
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        assert leadfit.enriching.buy() == 1
        leadfit.decide_pending()
        (lead,) = leadfit.leads()
        assert (lead.lead.tier, lead.lead.facts["employees"]) == (Tier.TWO, 640)
        found = leadfit.enriching.report()
        (line,) = found.lines
        assert (line.lead_id, line.cost.money, line.changed) == (
            lead.lead.lead_id, MILLION // 2, True,
        )  # fmt: skip
        assert line.decision_id == leadfit.why(lead.lead.lead_id)[-1].decision_id
        assert found.whole.waste == 0
        assert leadfit.replay().different == 0
        # The next lead of the company is decided by the answer that is there.
        send(leadfit, "al@acme.com", 2)
        assert leadfit.enriching.buy() == 0
        assert receiver.asked == 1
    assert receiver.wrong == []
    shown = capfd.readouterr()
    for path in place.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
    assert KEY not in shown.out + shown.err


@pytest.mark.parametrize(
    ("fault", "state", "cost"),
    [
        (Fault.WRONG_TYPE, PurchaseState.MISSED, MILLION // 2),
        (Fault.HUGE, PurchaseState.MISSED, MILLION // 2),
        (Fault.REDIRECT, PurchaseState.WANTED, 0),
        (Fault.TOO_MANY, PurchaseState.WANTED, 0),
        (Fault.FAILED_AFTER, PurchaseState.WANTED, MILLION // 2),
    ],
)
def test_a_lead_is_decided_in_time_whatever_a_vendor_answers(
    tmp_path: Path, receiver: HttpReceiver, fault: Fault, state: PurchaseState, cost: int
) -> None:
    world = FrozenWorld()
    place = workspace(tmp_path / "w", "http", HTTP.format(url=receiver.url), world)
    receiver.faults = lambda _number: fault
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        leadfit.enriching.buy(1)
        (view,) = leadfit.enriching.purchases()
        assert view.state is state, view
        assert leadfit.enriching.report().whole.cost == cost
        world.pass_time(6)
        leadfit.enriching.buy()
        leadfit.decide_pending()
        (lead,) = leadfit.leads()
        assert lead.lead.tier is Tier.THREE
        (decision,) = leadfit.why(lead.lead.lead_id)
        assert decision.enrichment is not None
        assert decision.enrichment.rule == "enrichment.missing"


def test_nothing_is_asked_about_a_person_who_was_erased_while_the_signal_waited(
    tmp_path: Path, receiver: HttpReceiver
) -> None:
    world = FrozenWorld()
    place = workspace(tmp_path / "w", "http", HTTP.format(url=receiver.url), world)
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        leadfit.persons.erase("jo@acme.com")
        leadfit.enriching.buy()
        (view,) = leadfit.enriching.purchases()
        assert (view.state, view.reason) == (PurchaseState.FAILED, "erased")
    assert receiver.asked == 0


def test_an_erased_person_is_in_no_answer_that_was_bought(
    tmp_path: Path, receiver: HttpReceiver
) -> None:
    world = FrozenWorld()
    place = workspace(tmp_path / "w", "http", HTTP.format(url=receiver.url), world)
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        tries = leadfit.enriching._enrichment.claim("companies", 1)
        leadfit.persons.erase("jo@acme.com")
        enrichment = leadfit.enriching._enrichment
        enrichment.settle([enrichment.carry_out(each) for each in tries])
        leadfit.decide_pending()
        send(leadfit, "al@beta.com", 2)
        leadfit.enriching.buy()
        leadfit.decide_pending()
        leadfit.persons.erase("al@beta.com")
        assert leadfit.replay().different == 0
        assert leadfit.verify().intact
    for path in place.glob("leadfit.sqlite3*"):
        assert b"jo@acme.com" not in path.read_bytes()
        assert b"al@beta.com" not in path.read_bytes()


def test_an_address_inside_the_house_is_never_asked(tmp_path: Path, receiver: HttpReceiver) -> None:
    world = FrozenWorld()
    more = HTTP.format(url=receiver.url)
    place = workspace(tmp_path / "w", "http", more, world)
    (place / "connectors.toml").unlink()
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        leadfit.enriching.buy()
        (view,) = leadfit.enriching.purchases()
        (status,) = leadfit.enriching.status()
        assert (view.state, view.reason) == (PurchaseState.WANTED, "set_up")
        assert status.gate.why is not None
        assert "not public" in status.gate.why
    assert receiver.asked == 0


def test_an_answer_about_somebody_else_never_reaches_a_lead(
    tmp_path: Path, receiver: HttpReceiver
) -> None:
    world = FrozenWorld()
    place = workspace(tmp_path / "w", "http", HTTP.format(url=receiver.url), world)
    receiver.other = "globex.com"
    with open_leadfit(place, world=world) as leadfit:
        send(leadfit)
        leadfit.enriching.buy()
        leadfit.decide_pending()
        (lead,) = leadfit.leads()
        assert lead.lead.facts.get("employees") is None
        (view,) = leadfit.enriching.purchases()
        assert view.reason == "other_subject"
        assert leadfit.enriching.report().whole.paid_for_nothing == MILLION // 2


def test_a_server_buys_in_threads_while_the_signal_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFIT_TEST_VENDOR", KEY)
    receiver, world = ApolloReceiver(), SystemWorld()
    place = workspace(tmp_path / "w", "ours", 'secret = "env:LEADFIT_TEST_VENDOR"')
    packaged = Path(__file__).parents[2] / "src/leadfit/connectors/vendors/profiles/apollo.toml"
    text = packaged.read_text("utf-8").replace("https://api.apollo.io/api/v1", "{url}")
    (place / "vendors").mkdir()
    (place / "vendors" / "ours.toml").write_text(text, "utf-8")
    path = place / "policy" / "policy.toml"
    options = f'secret = "env:LEADFIT_TEST_VENDOR"\noptions = {{ url = "{receiver.url}" }}'
    path.write_text(
        path.read_text("utf-8").replace('secret = "env:LEADFIT_TEST_VENDOR"', options), "utf-8"
    )
    with open_leadfit(place, world=world) as leadfit:
        leadfit.start()
        send(leadfit)
        for _ in range(200):
            if leadfit.leads():
                break
            world.wait(0.05)
        (lead,) = leadfit.leads()
        assert lead.lead.tier is Tier.TWO
    receiver.close()
    assert receiver.wrong == []
    assert receiver.effects == {"acme.com": 1}


def test_an_open_workspace_names_every_vendor_that_cannot_be_asked(tmp_path: Path) -> None:
    place = workspace(tmp_path / "w", "apollo", 'secret = "env:LEADFIT_NOT_THERE"')
    with pytest.raises(Exception, match="LEADFIT_NOT_THERE"):
        open_leadfit(place)
    with open_leadfit(place, sends=False) as leadfit:
        assert json.dumps([each.vendor for each in leadfit.enriching.status()]) == '["companies"]'
