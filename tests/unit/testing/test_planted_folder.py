"""The export folder of the planted company, as a reader finds it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.records import Kind
from leadfit.testing import planted
from leadfit.testing.planted import Company, Dials
from leadfit.testing.planted.folder import leak_names

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def company() -> Company:
    return planted.simulate(Dials(leads=1500, facts=20, seed=3, leaks=1))


@pytest.fixture(scope="module")
def written(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    planted.write(company, folder / "export", truth=folder / "truth")
    return folder


@pytest.fixture(scope="module")
def tables(written: Path) -> Mapping[str, Rows]:
    found = {}
    for path in sorted((written / "export").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def test_the_folder_holds_the_canonical_files(tables: Mapping[str, Rows]) -> None:
    assert sorted(tables) == [
        *("accounts", "contacts", "contracts", "deals", "events", "facts", "leads", "reps", "spend")
    ]
    assert len(tables["leads"]) == 1500
    assert {row["kind"] for row in tables["events"]} <= set(Kind)


def test_the_truth_lies_apart_and_in_no_file_of_the_export(written: Path) -> None:
    truth = json.loads((written / "truth" / "truth.json").read_text("utf-8"))

    assert [path.name for path in (written / "truth").iterdir()] == ["truth.json"]
    assert len(truth["facts"]) == 20
    assert {"weights", "funnel", "accounts", "entities", "drift", "dials"} <= set(truth)
    assert truth["facts"][0]["values"][0]["effects"]["expanded"]["risk"] > 0


def test_ids_are_unique_and_every_reference_leads_somewhere(tables: Mapping[str, Rows]) -> None:
    keys = {
        name: [row[key] for row in tables[name]]
        for name, key in (
            ("accounts", "account_id"),
            ("contacts", "contact_id"),
            ("leads", "lead_id"),
            ("events", "event_id"),
            ("reps", "rep_id"),
        )
    }
    assert all(len(ids) == len(set(ids)) for ids in keys.values())
    known = {f"{name[:-1]}_id": {*ids, ""} for name, ids in keys.items()}
    for name in ("contacts", "leads", "events", "facts"):
        for row in tables[name]:
            assert all(row[key] in ids for key, ids in known.items() if key in row)
    accounts = known["account_id"]
    assert all(row["parent_account_id"] in accounts for row in tables["accounts"])


def test_nothing_is_recorded_after_the_end_of_the_history(
    company: Company, tables: Mapping[str, Rows]
) -> None:
    end = company.ends_at.isoformat()[:19] + "Z"
    assert all(row["at"] <= end for row in tables["events"])
    assert all(row["created_at"] <= end for row in tables["leads"])
    assert [row["at"] for row in tables["events"]] == sorted(row["at"] for row in tables["events"])


def test_the_counts_in_the_files_are_those_of_the_truth(
    company: Company, tables: Mapping[str, Rows]
) -> None:
    worked = {row["lead_id"] for row in tables["events"] if row["kind"] == "worked"}
    accepted = {row["lead_id"] for row in tables["events"] if row["kind"] == "accepted"}
    kinds = Counter(row["kind"] for row in tables["events"])

    assert company.funnel["accepted"] == len(worked & accepted)
    assert company.funnel["qualified"] == kinds["qualified"]
    assert company.funnel["converted"] == kinds["converted"]
    expanded = {row["account_id"] for row in tables["events"] if row["kind"] == "expanded"}
    assert company.funnel["expanded"] == len(expanded) < kinds["expanded"]


def test_churn_after_use_in_the_files_is_that_of_the_truth(
    company: Company, tables: Mapping[str, Rows]
) -> None:
    use: Counter[str] = Counter()
    detractors = set()
    for row in tables["events"]:
        if row["kind"] == "used":
            use[row["account_id"]] += int(row["value"])
        if row["kind"] == "churned" and use[row["account_id"]] >= 5:
            detractors.add(row["account_id"])

    assert company.funnel["churned_after_use"] == len(detractors)
    assert len(detractors) > 5


def test_rates_of_the_funnel_are_those_of_a_real_one(company: Company) -> None:
    funnel = company.funnel
    assert 0.5 < funnel["accepted"] / funnel["leads"] < 0.65
    assert 0.07 < funnel["converted"] / funnel["leads"] < 0.11


def test_the_export_is_read_without_a_fault_and_gives_the_same_history(
    company: Company, written: Path
) -> None:
    history = read_export(written / "export")

    assert history.leads.rows == 1500
    assert history.accounts.rows >= len(company.entities)
    assert not history.notices
    assert history.events.rows == len(company.ledger.events)
    assert {column.name for column in history.fact_columns} >= {
        fact.name for fact in company.facts if fact.table != "facts"
    }


def test_a_planted_leak_stands_under_a_meaningless_name(tables: Mapping[str, Rows]) -> None:
    won = {row["lead_id"] for row in tables["events"] if row["kind"] == "converted"}
    (leak,) = leak_names(3, 1)

    told = {row[leak] for row in tables["leads"] if row["lead_id"] in won}

    assert told <= {"k4", ""}
    assert not any(row[leak] == "k4" for row in tables["leads"] if row["lead_id"] not in won)


def test_facts_that_arise_after_the_win_are_known_for_customers_only(
    tables: Mapping[str, Rows],
) -> None:
    since = {row["account_id"]: row["at"] for row in tables["events"] if row["kind"] == "converted"}

    assert {row["fact"] for row in tables["facts"]} == {"onboarding_champion", "onboarding_days"}
    assert all(row["known_at"] > since[row["account_id"]] for row in tables["facts"])


@pytest.mark.parametrize("place", ["export", "truth"])
def test_a_folder_with_files_is_refused_and_nothing_is_written(
    company: Company, tmp_path: Path, place: str
) -> None:
    (tmp_path / place).mkdir()
    (tmp_path / place / "mine.txt").write_text("keep me")

    with pytest.raises(BadInput, match="new or empty"):
        planted.write(company, tmp_path / "export", truth=tmp_path / "truth")

    assert [path.name for path in tmp_path.rglob("*.*")] == ["mine.txt"]


def test_the_truth_may_not_lie_inside_the_export(company: Company, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="folder apart"):
        planted.write(company, tmp_path / "export", truth=tmp_path / "export" / "truth")
    assert not (tmp_path / "export").exists()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()

    company = planted.sample(folder, seed=1, leads=60, facts=12)

    assert (folder / "leads.csv").is_file()
    assert len(company.facts) == 12
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_dials_out_of_range_are_all_named() -> None:
    with pytest.raises(BadInput) as caught:
        Dials(leads=3, duplicates=1.5, facts=2)

    places = [fault.place for fault in caught.value.faults]
    assert places == ["dials.duplicates", "dials.leads", "dials.facts"]
