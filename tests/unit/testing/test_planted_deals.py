"""What the planted company's CRM holds beside its events: deals, contracts, lives of customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from csv_rows import rows_of
from leadfit import learn
from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.history import History
from leadfit.learn.ladder import climb, count
from leadfit.learn.past import read_past
from leadfit.testing import planted
from leadfit.testing.planted import Company, Dials
from leadfit.testing.planted.customers import EXPANSIONS
from leadfit.testing.planted.ledger import Event

DIALS = Dials(leads=2500, facts=12, seed=4)
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def company() -> Company:
    return planted.simulate(DIALS)


@pytest.fixture(scope="module")
def export(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "export"
    planted.write(company, folder)
    return folder


@pytest.fixture(scope="module")
def tables(export: Path) -> Mapping[str, Rows]:
    return {path.stem: rows_of(path) for path in export.iterdir()}


def copied(export: Path, to: Path, *, files: Collection[str], kinds: Collection[str] = ()) -> Path:
    """Copy an export without some files, and without events of some kinds."""
    to.mkdir()
    for path in export.iterdir():
        if path.stem not in files:
            (to / path.name).write_bytes(path.read_bytes())
    header, *lines = (export / "events.csv").read_text("utf-8").splitlines()
    kept = [line for line in lines if line.split(",")[2] not in kinds]
    (to / "events.csv").write_text("\n".join([header, *kept]) + "\n", "utf-8")
    return to


def funnel(history: History) -> dict[str, int | None]:
    past = read_past(history)
    return asdict(count(climb(past), past.leads))


def by_kind(company: Company, kind: str) -> list[Event]:
    return [event for event in company.ledger.events if event[1] == kind]


def test_a_deal_holds_all_three_conditions_exactly_where_its_lead_was_qualified(
    tables: Mapping[str, Rows],
) -> None:
    qualified = {row["lead_id"] for row in tables["events"] if row["kind"] == "qualified"}
    whole = {
        row["lead_id"]
        for row in tables["deals"]
        if row["close_date"] and row["budget_confirmed"] == "yes" and row["next_step"]
    }
    assert whole == qualified
    assert len(tables["deals"]) > len(qualified)


def test_deals_end_as_their_leads_did(tables: Mapping[str, Rows]) -> None:
    ended = {
        (row["kind"], row["lead_id"]): (row["at"], row["amount"], row["reason"])
        for row in tables["events"]
        if row["kind"] in {"converted", "lost"}
    }
    for row in tables["deals"]:
        kind = {"yes": "converted", "no": "lost"}.get(row["won"])
        if kind is None:
            assert not row["closed_at"]
            assert row["stage"] in {"evaluation", "proposal", "stalled"}
            continue
        at, amount, reason = ended[kind, row["lead_id"]]
        assert (row["closed_at"], row["lost_reason"]) == (at, reason)
        assert kind == "lost" or row["amount"] == amount
    assert {row["stage"] for row in tables["deals"]} >= {"won", "lost", "stalled", "proposal"}


def test_with_deals_and_contracts_the_ladder_is_the_same_as_without(
    export: Path, tmp_path: Path
) -> None:
    whole = read_export(export)
    bare = read_export(copied(export, tmp_path / "bare", files={"deals", "contracts"}))

    assert funnel(whole) == funnel(bare)
    assert whole.as_of == bare.as_of
    assert whole.leads == bare.leads
    assert whole.events == bare.events


def test_deals_tell_the_ladder_where_no_event_does(export: Path, tmp_path: Path) -> None:
    kinds = {"qualified", "converted", "lost"}
    from_deals = copied(export, tmp_path / "deals", files={"contracts"}, kinds=kinds)
    assert funnel(read_export(from_deals)) == funnel(read_export(export))


def test_contracts_tell_of_customers_where_no_event_does(export: Path, tmp_path: Path) -> None:
    kinds = {"converted", "expanded", "renewed", "churned"}
    history = read_export(copied(export, tmp_path / "c", files={"deals"}, kinds=kinds))
    whole = read_export(export)

    assert funnel(history) == funnel(whole)
    for kind in ("expanded", "renewed", "churned"):
        assert history.events.columns["kind"].count(kind) == whole.events.columns["kind"].count(
            kind
        )


def test_customers_expand_several_times_and_in_all_five_kinds(company: Company) -> None:
    expansions = by_kind(company, "expanded")
    times = Counter(event[3] for event in expansions)

    assert {1, 2, 3} == set(times.values())
    assert {event[6] for event in expansions} == set(EXPANSIONS)
    assert {"seats", "usage", "products", "upsell", "cross_sell"} == set(EXPANSIONS)


def test_later_expansions_change_nothing_that_happened_without_them(company: Company) -> None:
    once = planted.simulate(replace(DIALS, most_expansions=1))
    firsts: dict[object, object] = {}
    for event in by_kind(company, "expanded"):
        firsts.setdefault(event[3], event)
    later = {id(event) for event in by_kind(company, "expanded")} - {
        id(event) for event in firsts.values()
    }
    kept = [event for event in company.ledger.events if id(event) not in later]

    assert later
    # Renewals of those that expanded again are larger; nothing else differs.
    assert [each for each in kept if each[1] != "renewed"] == [
        each for each in once.ledger.events if each[1] != "renewed"
    ]
    assert [each[:5] for each in kept] == [each[:5] for each in once.ledger.events]
    assert once.effects() == company.effects()


def test_stalls_tickets_and_departures_are_recorded_and_read_back(
    company: Company, export: Path
) -> None:
    read = Counter(read_export(export).events.columns["kind"])
    for kind in ("stalled", "rejected", "ticket", "stakeholder_left", "used", "contracted"):
        assert read[kind] == len(by_kind(company, kind)) > 0


def test_some_leave_before_they_ever_used_the_product_and_some_after(company: Company) -> None:
    use: Counter[object] = Counter()
    left = Counter[bool]()
    for event in company.ledger.events:
        if event[1] == "used":
            use[event[3]] += int(event[7])
    for event in by_kind(company, "churned"):
        left[use[event[3]] >= 5] += 1
    assert left[True] > left[False] > 0


def segment_bookings(company: Company, segment: str) -> Counter[str]:
    industry = {row.account_id: row.entity.values[0] for row in company.ledger.accounts}
    booked: Counter[str] = Counter()
    for event in company.ledger.events:
        if event[1] in {"converted", "expanded", "renewed"} and industry[event[3]] == segment:
            booked[event[3]] += int(event[5].replace(".", ""))
    return booked


def test_a_whale_carries_its_segment_and_the_truth_names_it(tmp_path: Path) -> None:
    company = planted.simulate(replace(DIALS, whale=0.8))
    whale = planted.truth_of(company)["whale"]
    assert isinstance(whale, dict)

    booked = segment_bookings(company, str(whale["value"]))

    ((account, most),) = booked.most_common(1)
    assert account == whale["account_id"]
    assert most / booked.total() == pytest.approx(0.8, abs=0.03)
    planted.write(company, tmp_path / "export")
    warnings = learn.benchmark(read_export(tmp_path / "export")).warnings
    (named,) = [each for each in warnings if each.code == "whale"]
    assert named.evidence["account_id"] == account


def test_without_a_whale_nobody_carries_a_segment_and_the_truth_says_so(company: Company) -> None:
    booked = segment_bookings(company, "finance")
    assert max(booked.values()) / booked.total() < 0.3
    assert planted.truth_of(company)["whale"] is None


def test_a_whale_changes_amounts_and_nothing_else(company: Company) -> None:
    large = planted.simulate(replace(DIALS, whale=0.8))
    assert [(*each[:5], *each[6:]) for each in large.ledger.events] == [
        (*each[:5], *each[6:]) for each in company.ledger.events
    ]


def test_a_whale_that_leaves_nothing_to_others_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        Dials(whale=0.99)
    assert [fault.place for fault in caught.value.faults] == ["dials.whale"]
