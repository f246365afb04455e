"""Real exports read by the mappings of ``examples/mappings``; skipped where they are absent."""

from __future__ import annotations

import os  # the data lie outside the repository, where an environment variable may say
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from leadfit.exports import propose_mapping, read_export
from leadfit.history import History, Known, Step

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LEADFIT_SHARED", ROOT.parent / "shared"))  # noqa: TID251 -- a test's own setting
FUNNEL = SHARED / "data" / "funnel"
pytestmark = pytest.mark.skipif(
    not FUNNEL.is_dir(), reason=f"no data at {FUNNEL}; LEADFIT_SHARED may name their folder"
)


def read(name: str) -> History:
    return read_export(FUNNEL / name, mapping=ROOT / "examples" / "mappings" / f"{name}.toml")


def known_of(history: History) -> dict[str, Known]:
    return {column.name: column.known for column in history.fact_columns}


def test_olist_gives_842_conversions_and_8_sellers_that_churned_after_use() -> None:
    history = read("olist")
    events = history.events.columns
    assert history.leads.rows == 8000
    converted = {
        account: at
        for account, at, kind in zip(
            events["account_id"], events["at"], events["kind"], strict=True
        )
        if kind == "converted"
    }
    assert len(converted) == Counter(events["kind"])["converted"] == 842
    units: dict[object, float] = defaultdict(float)
    revenue: dict[object, int] = defaultdict(int)
    columns = (events[name] for name in ("account_id", "at", "kind", "value", "amount"))
    for account, at, kind, value, amount in zip(*columns, strict=True):
        if kind == "used":
            assert isinstance(value, float)
            units[account] += value if str(at) >= str(converted[account]) else 0.0
            revenue[account] += amount if isinstance(amount, int) else 0
    assert sum(each >= 5 for each in units.values()) == 108
    assert Counter(events["kind"])["churned"] == 8
    assert sum(each > 0 for each in revenue.values()) == 376
    assert round(100 * max(revenue.values()) / sum(revenue.values()), 1) == 16.9
    assert set(history.proxies) == {Step.EXPANDED, Step.CHURNED_AFTER_USE}


def test_olist_deal_attributes_are_known_only_after_a_win() -> None:
    history = read("olist")
    after_win = {name for name, known in known_of(history).items() if known is Known.AFTER_WIN}
    assert after_win >= {"business_segment", "lead_type", "declared_monthly_revenue"}
    assert known_of(history)["origin"] is Known.CREATED
    origin = Counter(history.leads.columns["origin"])
    assert (origin[None], origin["unknown"]) == (60, 1099)


def test_maven_counts_deals_and_names_the_product_that_does_not_join() -> None:
    history = read("maven_crm")
    assert history.unit == "deal"
    kinds = Counter(history.events.columns["kind"])
    assert (kinds["converted"], kinds["lost"]) == (4238, 2473)
    dropped = sum(int(str(n.evidence["rows"])) for n in history.notices if n.code == "dropped_rows")
    assert history.leads.rows + dropped == 8800
    (notice,) = [n for n in history.notices if n.code == "unmatched_reference"]
    assert notice.evidence["values"] == {"GTXPro": 1480}
    own = [a for a in history.leads.columns["account_id"] if str(a).startswith("lead:")]
    assert len(own) == 1088
    assert {"sector", "revenue", "employees", "office_location"} <= set(known_of(history))
    assert len(set(history.accounts.columns["parent_account_id"]) - {None}) == 7


def test_x_education_has_outcomes_without_times_and_declares_what_came_after_contact() -> None:
    history = read("x_education")
    assert (history.leads.rows, history.events.rows) == (5524, 2152)
    assert not history.times_known
    late = {name for name, known in known_of(history).items() if known is Known.AFTER_CONTACT}
    assert late == {
        "Tags",
        "Lead Quality",
        "Lead Profile",
        "Last Notable Activity",
        "Asymmetrique Activity Index",
        "Asymmetrique Profile Index",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Score",
    }
    assert known_of(history)["City"] is Known.CREATED


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_crm_tables_are_recognised_without_a_mapping(crm: str) -> None:
    folder = FUNNEL / "crm_exports" / crm
    proposal = propose_mapping(folder)
    assert proposal.faults == ()
    assert {kind.split()[0] for kind in proposal.tables.values()} == {crm, "not"}
    history = read_export(folder)
    assert history.leads.rows > 0
    assert history.facts.rows == (100 if crm == "hubspot" else 0)
    assert any(notice.code == "snapshot_fact" for notice in history.notices)
