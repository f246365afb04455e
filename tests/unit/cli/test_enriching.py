"""Commands about bought facts: spending, quotas, the scorecard, samples and audits."""

from __future__ import annotations

from pathlib import Path

import pytest

from as_json import said
from leadfit import create_workspace, open_leadfit
from leadfit.buying import PurchaseState
from leadfit.cli import run
from leadfit.connectors.lookup import Brought
from leadfit.store import Session, Store
from leadfit.testing.vending import MemoryVendor, Shop, enriching, policy_folder_of
from leadfit.world import SystemWorld

FACTS = Brought(facts={"employees": 640})
POLICY = """
[[enrich.vendors]]
name = "v"
profile = "apollo"
secret = "env:APOLLO_KEY"
supplies = { employees = "company" }
price = 1.0
money_a_month = 100
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return with_purchases(tmp_path)


def with_purchases(tmp_path: Path) -> Path:
    """Make one in which four companies were asked about; one was a miss, one changed a tier."""
    folder, world = tmp_path / "workspace", SystemWorld()
    create_workspace(folder, world=world)
    starter = folder / "policy" / "policy.toml"
    starter.write_text(
        starter.read_text("utf-8").replace("[enrich]\non = false", "[enrich]\non = true")
    )
    policy_folder_of(folder / "policy", POLICY)
    with open_leadfit(folder, world=world, sends=False) as leadfit:
        store: Store = leadfit._store
        vendor = MemoryVendor(*[FACTS] * 3, Brought())
        shop = Shop(lambda: store, world, vendor, enriching(pays_misses=True))
        wanted = shop.want("acme.com", "globex.com", "initech.com", "hooli.com", wait_s=60)
        shop.buyer.buy(4)
        answered = [each for each in wanted if shop.view(each).state is PurchaseState.ANSWERED]

        def note(session: Session) -> None:
            for each in answered:
                session.vendors.note_changed(each, changed=each == answered[0])

        store.write(note)
    return folder


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run([*arguments]) == 0
    return capsys.readouterr().out


def test_the_report_says_what_calls_cost_and_what_was_waste(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(capsys, "enrich", "report", "--calls", "--workspace", str(workspace))
    assert (found["whole"]["calls"], found["whole"]["cost"], found["currency"]) == (4, 4.0, "USD")
    assert (found["whole"]["waste"], found["waste_a_year"]) == (3.0, 36.0)
    assert found["whole"]["changed_share"] == 0.25
    assert [each["name"] for each in found["vendors"]] == ["v"]
    assert {each["changed"] for each in found["calls"]} == {True, False}
    assert all(each["signal_id"] and each["cost"] == 1.0 for each in found["calls"])
    words = shown(capsys, "enrich", "report", "--calls", "--workspace", str(workspace))
    assert "4 calls" in words
    assert "waste, calls that changed nothing: USD 3.00" in words
    assert "changed nothing" in words


def test_a_time_that_ends_before_it_begins_is_refused(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enrich", "report", "--until", "2020-01-01", "--workspace", str(workspace)]) == 2
    assert "a time before the other" in capsys.readouterr().err


def test_quotas_are_shown_without_the_secrets_of_the_vendors(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (vendor,) = said(capsys, "enrich", "quotas", "--workspace", str(workspace))["vendors"]
    money = next(each for each in vendor["quotas"] if each["what"] == "money")
    assert (money["used"], money["most"]) == (4_000_000, 100_000_000)
    calls = next(each for each in vendor["quotas"] if each["what"].startswith("calls"))
    assert (calls["what"], calls["most"]) == ("calls in 60 s, enrichment", 50)
    words = shown(capsys, "enrich", "quotas", "--workspace", str(workspace))
    assert "v: open" in words
    assert "of 100" in words


def test_the_scorecard_has_eight_columns_of_seven_platforms_and_no_value_without_a_source(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    platforms = said(capsys, "enrich", "scorecard", "--workspace", str(workspace))["platforms"]
    assert [each["platform"] for each in platforms] == [
        "Clearbit", "Apollo", "Lusha", "Hunter", "ZoomInfo", "6sense", "Demandbase",
    ]  # fmt: skip
    for each in platforms:
        assert len(each["cells"]) + 2 == 8
        assert each["confidence"] in {"Low", "Med", "High"}
        for cell in each["cells"]:
            assert (cell["value"] is None) == (cell["source"] is None)
        accuracy = next(cell for cell in each["cells"] if cell["column"] == "accuracy")
        assert accuracy["value"] is None
    (measured,) = next(each for each in platforms if each["platform"] == "Apollo")["measured"]
    assert (measured["calls"], measured["hit_rate"], measured["accuracy"]) == (4, 0.75, None)
    words = shown(capsys, "enrich", "scorecard", "--workspace", str(workspace))
    assert "null" not in words
    assert "accuracy" in words
    assert "not known" in words
    assert "4 calls, hits 75 %" in words
    assert "not audited" in words


def test_a_sample_is_drawn_filled_in_and_audited(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sample.csv"
    drawn = said(capsys, "enrich", "sample", "v", "--out", str(out), "--workspace", str(workspace))
    assert drawn["leads"] == 3
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "domain,employees"
    out.write_text("\n".join([lines[0], *(f"{line}640" for line in lines[1:])]), "utf-8")
    found = said(capsys, "enrich", "audit", "v", str(out), "--workspace", str(workspace))
    assert (found["leads"], found["whole"]["share"], found["is_enough"]) == (3, 1.0, False)
    words = shown(capsys, "enrich", "audit", "v", str(out), "--workspace", str(workspace))
    assert "too few" in words
    platforms = said(capsys, "enrich", "scorecard", "--workspace", str(workspace))["platforms"]
    (measured,) = next(each for each in platforms if each["platform"] == "Apollo")["measured"]
    assert (measured["accuracy"], measured["audited"]) == (1.0, 3)


def test_a_vendor_that_is_not_in_the_policy_is_named(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("domain,employees\n", "utf-8")
    place = ["--workspace", str(workspace)]
    assert run(["enrich", "audit", "nobody", str(tmp_path / "t.csv"), *place]) == 2
    assert "a vendor of the policy: v" in capsys.readouterr().err


def test_a_sample_for_a_folder_that_is_not_there_is_refused_with_its_place(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "sample.csv"
    code = run(["enrich", "sample", "v", "--out", str(out), "--workspace", str(workspace)])
    assert code == 2
    said = capsys.readouterr().err
    assert "sample.csv" in said
    assert "allowed: a file that can be written" in said


def test_the_leads_that_cost_most_stand_under_names_of_their_columns(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["enrich", "report", "--workspace", str(workspace)]) == 0
    lines = capsys.readouterr().out.splitlines()
    below = lines[lines.index("Leads that cost most:") + 1]
    assert below.split()[:3] == ["calls", "answers", "hits"]


def test_the_kpis_tell_what_facts_cost_and_what_is_left_of_quotas(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(capsys, "kpis", "--workspace", str(workspace))
    assert [each["vendor"] for each in found["vendors"]] == ["v"]
    assert found["by_hand"]["moved_on"] == []
    words = shown(capsys, "kpis", "--workspace", str(workspace))
    assert "v: open" in words
    assert "No lead was moved or lifted by hand since" in words


def test_the_kpis_of_a_workspace_that_buys_nothing_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = create_workspace(tmp_path / "plain")
    words = shown(capsys, "kpis", "--workspace", str(folder))
    assert "No fact is bought: the policy names no vendor" in words
