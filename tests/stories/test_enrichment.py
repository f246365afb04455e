"""Facts are bought where they can change a decision, and a proof is kept where they cannot."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bought import Seller, workspace_that_buys
from leadfit import open_leadfit
from leadfit.cli import run
from leadfit.errors import BadInput, NotFound
from leadfit.jobs.files.plans import write_plan
from leadfit.records import Fact, Tier
from leadfit.store.views import SignalState
from leadfit.testing import FrozenWorld

CUT = zlib.compress(b"{}")
HOT = {"industry": "software", "country": "us"}


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[Seller]:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        yield Seller(leadfit, world)


def test_a_signal_waits_for_what_can_change_its_tier_and_is_decided_by_the_answer(
    seller: Seller,
) -> None:
    seller.knows["companies"] = {"employees": 800}
    signal_id = seller.send("demo_request", "jo@acme.com", HOT)
    assert seller.leadfit.signal(signal_id).status is SignalState.WAITING
    (purchase,) = seller.wanted()
    assert (purchase.vendor, purchase.facts) == ("companies", ("country", "employees", "industry"))
    assert "tier" in purchase.flips
    assert seller.answer() == 1
    lead = seller.lead(signal_id)
    assert (lead.lead.tier, lead.lead.facts["employees"]) == (Tier.TWO, 800)
    decision = seller.leadfit.why(lead.lead.lead_id)[-1]
    assert decision.enrichment is not None
    assert decision.enrichment.rule == "enrichment.bought"
    assert seller.leadfit.replay().different == 0


def test_a_lead_that_nothing_can_change_is_decided_at_once_with_a_certificate(
    seller: Seller,
) -> None:
    signal_id = seller.send("email_reply", "jo@acme.com", HOT)
    lead = seller.lead(signal_id)
    (decision,) = seller.leadfit.why(lead.lead.lead_id)
    assert not seller.wanted()
    assert decision.enrichment is not None
    assert decision.enrichment.rule == "enrichment.settled"
    kept = seller.leadfit._store.read(
        lambda session: session.enriching.certificate(decision.decision_id)
    )
    assert kept is not None
    assert kept.digest == decision.certificate_digest
    assert json.loads(kept.body)["tiers"] == [3]
    assert seller.leadfit.replay().different == 0


def test_a_miss_is_decided_by_what_is_known_and_says_so(seller: Seller) -> None:
    signal_id = seller.send("demo_request", "jo@acme.com", HOT)
    seller.answer()
    lead = seller.lead(signal_id)
    (decision,) = seller.leadfit.why(lead.lead.lead_id)
    assert lead.lead.tier is Tier.THREE
    assert decision.score is not None
    said = [each.words for each in decision.score.reasons if each.rule == "enrichment.missing"]
    assert len(said) == 1
    assert said[0].startswith("enrichment: missing (miss)")
    assert seller.leadfit.replay().different == 0


def test_nobody_waits_longer_than_the_time_budget_and_a_later_answer_still_counts(
    seller: Seller,
) -> None:
    signal_id = seller.send("demo_request", "jo@acme.com", HOT)
    seller.world.pass_time(4.9)
    seller.leadfit.decide_pending()
    assert seller.leadfit.signal(signal_id).status is SignalState.WAITING
    seller.world.pass_time(0.1)
    seller.leadfit.decide_pending()
    lead = seller.lead(signal_id)
    assert lead.lead.tier is Tier.THREE
    (decision,) = seller.leadfit.why(lead.lead.lead_id)
    assert decision.enrichment is not None
    assert "missing (late)" in decision.enrichment.words
    seller.knows["companies"] = {"employees": 800}
    seller.world.pass_time(60)
    seller.answer()
    assert seller.lead(signal_id).lead.tier is Tier.TWO
    assert seller.leadfit.replay().different == 0


def test_nobody_waits_for_the_hour_by_which_a_clock_is_set_back(seller: Seller) -> None:
    signal_id = seller.send("demo_request", "jo@acme.com", HOT)
    assert seller.leadfit.signal(signal_id).status is SignalState.WAITING
    seller.world.pass_time(-3_600)
    seller.leadfit.decide_pending()
    assert seller.leadfit.signal(signal_id).status is SignalState.DECIDED
    assert seller.leadfit.replay().different == 0


def test_a_vendor_that_cannot_be_asked_is_tried_once_for_a_signal(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.send("demo_request", "jo@acme.com", HOT)
        assert [seller.fail("no_credential") > 0 for _ in range(4)][-1] is False
        views = leadfit._store.read(lambda session: session.vendors.views(1000))
        asked = [(each.purchase.vendor, each.purchase.whom) for each in views]
        assert len(asked) == len(set(asked)) > 0
        assert leadfit.leads()
        assert leadfit.replay().different == 0


def test_other_signals_go_on_while_one_waits_and_one_of_the_same_person_opens_one_lead(
    seller: Seller,
) -> None:
    waiting = seller.send("demo_request", "jo@acme.com", HOT)
    other = seller.send("email_reply", "al@beta.com", HOT)
    again = seller.send("demo_request", "jo@acme.com", HOT)
    assert seller.leadfit.signal(waiting).status is SignalState.WAITING
    assert seller.leadfit.signal(other).status is SignalState.DECIDED
    assert seller.leadfit.signal(again).status is SignalState.DECIDED
    seller.knows["companies"] = {"employees": 800}
    assert seller.answer() == 1
    assert seller.lead(waiting).lead.lead_id == seller.lead(again).lead.lead_id
    assert seller.lead(waiting).lead.tier is Tier.ONE  # asked twice
    assert seller.leadfit.replay().different == 0


def test_what_was_bought_of_a_company_serves_the_next_lead_from_there(seller: Seller) -> None:
    seller.knows["companies"] = {"employees": 800}
    seller.send("demo_request", "jo@acme.com", HOT)
    seller.answer()
    signal_id = seller.send("demo_request", "al@acme.com", HOT)
    assert seller.leadfit.signal(signal_id).status is SignalState.DECIDED
    assert seller.lead(signal_id).lead.tier is Tier.TWO
    assert len(seller.sold) == 1
    assert seller.leadfit.replay().different == 0


def test_a_process_that_ends_while_a_signal_waits_loses_nothing(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        signal_id = Seller(leadfit, world).send("demo_request", "jo@acme.com", HOT)
    with open_leadfit(workspace, world=world) as leadfit:
        after = Seller(leadfit, world)
        assert leadfit.signal(signal_id).status is SignalState.WAITING
        after.knows["companies"] = {"employees": 800}
        assert after.answer() == 1
        assert after.lead(signal_id).lead.tier is Tier.TWO


def test_a_domain_that_is_bought_finds_the_account_of_a_free_mail_address(seller: Seller) -> None:
    first = seller.send("email_reply", "al@acme.com", HOT)
    seller.knows |= {"people": {"domain": "acme.com"}, "companies": {"employees": 800}}
    signal_id = seller.send("demo_request", "jo.lee@gmail.com", HOT)
    assert [each.vendor for each in seller.wanted()] == ["people"]
    assert "attribution" in seller.wanted()[0].flips
    seller.answer()
    while seller.answer():
        pass
    lead = seller.lead(signal_id)
    match = seller.leadfit.why(lead.lead.lead_id)[-1].match
    assert seller.lead(first).lead.account_id in {match.account_id, match.possible_account_id}
    assert seller.leadfit.replay().different == 0


def test_a_title_that_was_bought_stands_nowhere_in_the_log_and_replays(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world, model='"A"')
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.knows = {"people": {"title": "Chief Flavour Officer"}, "companies": {}}
        facts: dict[str, Fact] = {**HOT, "employees": 800, "budget_confirmed": "yes"}
        hot = ("pricing_view", "calculator", "comparison_view")
        for kind in hot:
            seller.send(kind, "jo@acme.com", facts)
        signal_id = seller.send("demo_request", "jo@acme.com", facts)
        while seller.answer():
            pass
        lead = seller.lead(signal_id)
        assert [each.vendor for each in seller.sold] == ["people"]
        decision = leadfit.why(lead.lead.lead_id)[-1]
        assert decision.subject.facts["title"] == "Chief Flavour Officer"
        assert decision.enrichment is not None
        assert decision.enrichment.rule == "enrichment.bought"
        assert leadfit.replay().different == 0
    for path in workspace.glob("leadfit.sqlite3*"):
        assert b"Flavour" not in path.read_bytes()


def test_nothing_is_asked_and_nothing_waits_while_it_is_off(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    policy = workspace / "policy" / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace("on = true", "on = false"), "utf-8")
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        signal_id = seller.send("demo_request", "jo@acme.com", HOT)
        (decision,) = leadfit.why(seller.lead(signal_id).lead.lead_id)
        assert (decision.enrichment, decision.certificate_digest) == (None, None)
        inputs = leadfit._store.read(lambda session: session.leads.inputs(decision.decision_id))
        assert inputs is not None
        asked = inputs["answers"]
        assert isinstance(asked, dict)
        assert not [name for name in asked if name.startswith(("purchases", "enriching"))]


def test_every_certificate_holds_and_one_that_was_changed_is_found(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.knows["companies"] = {"employees": 800}
        first = seller.send("email_reply", "jo@acme.com", {"country": "us"})
        seller.send("demo_request", "al@beta.com", HOT)
        seller.answer()
        found = leadfit.enriching.check()
        assert (found.certificates, found.held, found.holds) == (2, 2, True)
        assert found.completions > 50
        lead_id = seller.lead(first).lead.lead_id
        assert leadfit.enriching.check(lead_id).certificates == 1
        with pytest.raises(NotFound):
            leadfit.enriching.check("lead_nobody")
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        connection.execute("UPDATE certificates SET body = ? WHERE lead_id = ?", (CUT, lead_id))
    with open_leadfit(workspace, world=world) as leadfit:
        found = leadfit.enriching.check()
        assert (found.held, found.refuted) == (1, 1)
        assert found.shown[0].why == "it is not what its digest is of"
    assert run(["enrich", "check", "--workspace", str(workspace)]) == 1
    assert run(["enrich", "check", "--lead", lead_id, "--all"]) == 2


def test_a_certificate_that_is_gone_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        ids = [seller.send("email_reply", f"jo@firm{n}.com", {"country": "us"}) for n in range(4)]
        leads = [seller.lead(each).lead.lead_id for each in ids]
        leadfit.persons.erase("jo@firm3.com")
    for sql, number, why in (
        ("DELETE FROM certificates WHERE lead_id = ?", 0, "its certificate is missing"),
        ("UPDATE certificates SET body = x'00' WHERE lead_id = ?", 1, "it cannot be read"),
        ("UPDATE certificates SET lead_id = 'x' WHERE lead_id = ?", 2, "under another lead"),
        ("UPDATE certificates SET digest = 'x' WHERE lead_id = ?", 3, "what its digest is of"),
    ):
        with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
            connection.execute(sql, (leads[number],))
        with open_leadfit(workspace, world=world) as leadfit:
            found = leadfit.enriching.check()
            assert (found.certificates, found.refuted, found.holds) == (4, number + 1, False)
            assert [each for each in found.shown if why in each.why]
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.enriching.check(leads[0]).refuted == 1


def that_bought(folder: Path) -> Path:
    """Make a workspace in which a fact was bought, and close it."""
    world = FrozenWorld()
    workspace = workspace_that_buys(folder / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.knows["companies"] = {"employees": 800}
        seller.send("demo_request", "al@beta.com", HOT)
        seller.answer()
        assert leadfit.enriching.check().holds
    return workspace


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("UPDATE vendor_budgets SET spent = 7", "vendor_budgets, companies, 2026-03, credits"),
        ("UPDATE vendor_calls SET money = 7", "vendor_budgets, companies, 2026-03, money"),
        ("DELETE FROM vendor_calls", "no call of the ledger was answered"),
        ("UPDATE purchases SET state = 'missed'", "it was answered, and its purchase was not"),
        ("UPDATE purchases SET answer_id = 'x'", "its answer is not in the log"),
        ("DELETE FROM purchases", "its purchase is missing"),
    ],
)
def test_a_ledger_that_was_changed_does_not_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, place: str
) -> None:
    workspace = that_bought(tmp_path)
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        connection.execute(change)
    assert run(["enrich", "check", "--workspace", str(workspace)]) == 1
    assert place in capsys.readouterr().out


@pytest.mark.parametrize("column", ["state", "facts"])
def test_a_damaged_line_of_the_ledger_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    workspace = that_bought(tmp_path)
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        connection.execute(f"UPDATE vendor_calls SET {column} = '{{'")
    told = ["enrich", "report", "--since", "2026-01-01", "--workspace", str(workspace)]
    assert run(told) == 2
    assert "vendor_calls, call_" in capsys.readouterr().err


def test_a_lead_that_is_given_by_hand_costs_nothing_again(seller: Seller) -> None:
    signal_id = seller.send("demo_request", "jo@acme.com", HOT)
    seller.answer()
    lead = seller.lead(signal_id).lead
    first = seller.leadfit.enriching.report()
    assert [each.state.value for each in first.lines] == ["missed"]
    other = next(rep for rep in ("rep_ada", "rep_dan") if rep != lead.owner_id)
    seller.leadfit.routing.assign(lead.lead_id, other, by="max", reason="knows them")
    again = seller.leadfit.enriching.report()
    assert (again.whole, again.lines) == (first.whole, first.lines)


def test_what_was_paid_in_two_currencies_has_no_sum(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world, currency='"EUR"')
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.send("demo_request", "jo@acme.com", HOT)
        seller.answer()
        world.pass_time(60)
        policy = workspace / "policy" / "policy.toml"
        policy.write_text(policy.read_text("utf-8").replace('"EUR"', '"JPY"'), "utf-8")
        plan = write_plan(leadfit.plans.plan(workspace / "policy"))[0]
        leadfit.policies.apply(plan, by="ada", reason="we moved")
        assert leadfit.enriching.report().currency == "EUR"
        changed_at = world.now()
        world.pass_time(60)
        seller.send("demo_request", "al@beta.com", HOT)
        seller.answer()
        assert leadfit.enriching.report(until=changed_at).currency == "EUR"
        assert leadfit.enriching.report(changed_at).currency == "JPY"
        with pytest.raises(BadInput, match="calls in EUR and, since 2026-03-02T09:01"):
            leadfit.enriching.report()


def test_each_purchase_is_waste_or_not_by_itself(tmp_path: Path) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        # Whose the lead is was found, though it is as small as it seemed.
        seller.send("email_reply", "al@acme.com", HOT)
        seller.knows = {"people": {"domain": "acme.com"}, "companies": {"employees": 5}}
        seller.send("demo_request", "jo.lee@gmail.com", HOT)
        while seller.answer():
            pass
        views = leadfit._store.read(lambda session: session.vendors.views(10))
        changed = {each.purchase.vendor: each.changed for each in views}
        assert changed == {"people": True, "companies": False}


def test_why_says_what_was_bought_and_what_was_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = FrozenWorld()
    workspace = workspace_that_buys(tmp_path / "workspace", world)
    with open_leadfit(workspace, world=world) as leadfit:
        seller = Seller(leadfit, world)
        seller.knows["companies"] = {"employees": 800}
        settled = seller.send("email_reply", "jo@acme.com", {"country": "us"})
        bought = seller.send("demo_request", "al@beta.com", HOT)
        seller.answer()
        ids = [seller.lead(each).lead.lead_id for each in (settled, bought)]
    for lead_id, words in zip(
        ids,
        (
            "not bought because no value of employees, industry, title changes Tier 3",
            "bought country, employees, industry from companies for 0.5 USD because the tier",
        ),
        strict=True,
    ):
        assert run(["why", lead_id, "--workspace", str(workspace)]) == 0
        assert words in " ".join(capsys.readouterr().out.split())


def given_away_too_soon(seller: Seller) -> tuple[str, str]:
    """Let a Tier 2 lead be given away before its country is known; return it and its owner."""
    facts: dict[str, Fact] = {"industry": "software", "employees": 800}
    signal_id = seller.send("demo_request", "jo@acme.com", facts)
    assert {flip for each in seller.wanted() for flip in each.flips} >= {"owner"}
    seller.world.pass_time(5)
    seller.leadfit.decide_pending()
    lead = seller.lead(signal_id).lead
    assert lead.tier is Tier.TWO
    assert lead.owner_id is not None
    seller.world.pass_time(60)
    return signal_id, lead.owner_id


def owner_after(seller: Seller, signal_id: str, country: str) -> str | None:
    """Answer late and return the owner; the tier stays and every decision replays."""
    seller.knows["companies"] = {"country": country}
    seller.answer()
    lead = seller.lead(signal_id).lead
    assert (lead.tier, lead.facts["country"]) == (Tier.TWO, country)
    assert seller.leadfit.replay().different == 0
    return lead.owner_id


def test_a_late_answer_that_names_another_owner_moves_a_lead_nobody_touched(
    seller: Seller,
) -> None:
    signal_id, before = given_away_too_soon(seller)
    assert before == "rep_eva"
    assert owner_after(seller, signal_id, "us") == "rep_dan"
    lead_id = seller.lead(signal_id).lead.lead_id
    decision = next(each for each in seller.leadfit.why(lead_id) if not each.opened)
    assert decision.ranking is not None
    assert decision.assignment is not None
    assert (decision.assignment.number, decision.assignment.place.rule) == (2, "territory")
    said = [each.words for each in decision.ranking.reasons if each.rule == "route.answered"]
    assert said == ["taken from rep_eva: companies said country after the lead was given away"]


def test_a_late_answer_leaves_a_lead_with_an_owner_who_is_right(seller: Seller) -> None:
    signal_id, before = given_away_too_soon(seller)
    assert owner_after(seller, signal_id, "de") == before
    decisions = seller.leadfit.why(seller.lead(signal_id).lead.lead_id)
    assert [each.assignment is not None for each in decisions if not each.opened] == [False]


def test_a_late_answer_takes_no_lead_from_who_spoke_to_it(seller: Seller) -> None:
    signal_id, before = given_away_too_soon(seller)
    seller.leadfit.touch(seller.lead(signal_id).lead.lead_id, before)
    assert owner_after(seller, signal_id, "us") == before


def test_a_late_answer_takes_no_lead_from_who_was_chosen_by_a_person(seller: Seller) -> None:
    signal_id, _ = given_away_too_soon(seller)
    lead_id = seller.lead(signal_id).lead.lead_id
    seller.leadfit.routing.assign(lead_id, "rep_ada", by="rep_max", reason="knows them")
    assert owner_after(seller, signal_id, "us") == "rep_ada"


def test_the_facts_of_another_source_move_no_lead_that_has_an_owner(seller: Seller) -> None:
    signal_id, before = given_away_too_soon(seller)
    seller.send("page_view", "jo@acme.com", {"country": "us"})
    assert seller.lead(signal_id).lead.owner_id == before
    assert seller.leadfit.replay().different == 0
