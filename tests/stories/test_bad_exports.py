"""Bad export folders through the command: named or refused with their place, and nothing breaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from leadfit.cli import run
from leadfit.testing import planted

Row = dict[str, str]
Rows = list[Row]
Export = dict[str, Rows]
Named = set[tuple[str, str | None]]
TABLES = ("accounts", "contacts", "events", "facts", "leads", "reps", "spend")
LEADS = 400


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("export") / "export"
    planted.sample(folder, seed=6, leads=LEADS, facts=12)
    found = {}
    for name in TABLES:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    return found


def written(tables: Export, folder: Path) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        columns = list(rows[0]) if rows else ["lead_id", "created_at"]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    return folder


def refuse(constant: str) -> float:
    raise AssertionError(constant)


def benchmarked(tables: Export, folder: Path) -> tuple[Mapping[str, object], Named]:
    """Benchmark an export; return the report and the codes and fields of its warnings.

    Whatever was written must be JSON without NaN and infinity.
    """
    folder.mkdir(exist_ok=True)
    assert run(["benchmark", str(written(tables, folder / "export")), "--out", str(folder)]) == 0
    for path in folder.glob("*.json"):
        json.loads(path.read_text("utf-8"), parse_constant=refuse)
    assert "<html" in (folder / "report.html").read_text("utf-8")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert isinstance(report, dict)
    return report, {(each["code"], each["field"]) for each in report["warnings"]}


def changed(tables: Export, **others: Rows) -> Export:
    return {**tables, **others}


def events(tables: Export, change: Callable[[int, Row], Row]) -> Export:
    return changed(tables, events=[change(n, row) for n, row in enumerate(tables["events"])])


def dated(kinds: set[str], at: str, *, every: int = 1) -> Callable[[int, Row], Row]:
    """Return what dates some events anew: of some kinds, or of all if none is named."""
    return lambda n, row: (
        {**row, "at": at} if not n % every and (not kinds or row["kind"] in kinds) else row
    )


def test_columns_that_are_no_evidence_are_each_named(tables: Export, tmp_path: Path) -> None:
    won = {row["lead_id"] for row in tables["events"] if row["kind"] == "converted"}
    odd: dict[str, Callable[[int, Row], str]] = {
        "constant": lambda _n, _row: "same",
        "constant_number": lambda _n, _row: "7",
        "outcome": lambda _n, row: "yes" if row["lead_id"] in won else "no",
        "outcome_number": lambda _n, row: "1.0" if row["lead_id"] in won else "0.0",
        "levels": lambda n, _row: f"value {n}",
        "blank": lambda _n, _row: "",
        "no_word": lambda _n, _row: "N/A",
        "infinite": lambda n, _row: "inf" if n % 3 else str(n % 17),
        "less": lambda n, _row: "-Infinity" if n % 3 else str(n % 17),
        "nan": lambda n, _row: "NaN" if n % 3 else str(n % 17),
        "too_large": lambda n, _row: "1e999" if n % 3 else str(n % 17),
        "spreadsheet": lambda n, _row: "#DIV/0!" if n % 3 else str(n % 17),
        "huge": lambda n, _row: f"{n % 17}e305",
        "tiny": lambda n, _row: f"{n % 17}e-320",
    }
    leads = [
        {**row, **{name: make(n, row) for name, make in odd.items()}}
        for n, row in enumerate(tables["leads"])
    ]
    accounts = [{**row, "blank_too": ""} for row in tables["accounts"]]

    _, named = benchmarked(changed(tables, leads=leads, accounts=accounts), tmp_path)

    assert {
        ("constant_fact", "constant"),
        ("constant_fact", "constant_number"),
        ("leakage_after_outcome", "outcome"),
        ("leakage_after_outcome", "outcome_number"),
        ("too_many_levels", "levels"),
        ("all_missing", "blank"),
        ("all_missing", "blank_too"),
        ("all_missing", "no_word"),
        ("missing_as_value", "infinite"),
        ("missing_as_value", "less"),
        ("missing_as_value", "nan"),
        ("missing_as_value", "too_large"),
        ("missing_as_value", "spreadsheet"),
    } <= named


@pytest.mark.parametrize("value", ["NaN", "inf", "1e999"])
def test_use_that_is_no_finite_number_is_refused_with_its_row(
    tables: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    place = next(n for n, row in enumerate(tables["events"]) if row["kind"] == "used")
    made = events(tables, lambda n, row: {**row, "value": value} if n == place else row)
    folder = written(made, tmp_path / "export")
    assert run(["benchmark", str(folder), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert f"events.csv row {place + 2} column value: came '{value}'" in told
    assert not (tmp_path / "out").exists()


def test_an_outcome_that_everyone_reached_is_named(tables: Export, tmp_path: Path) -> None:
    kept = [row for row in tables["events"] if row["kind"] != "converted"]
    at = max(row["at"] for row in tables["events"])
    made = [
        {**kept[0], "event_id": f"x{n}", "at": at, "kind": "converted", "lead_id": lead["lead_id"]}
        for n, lead in enumerate(tables["leads"])
    ]
    _, named = benchmarked(changed(tables, events=[*kept, *made]), tmp_path)
    assert ("one_class", "converted") in named


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ({"converted", "expanded", "renewed", "churned", "used"}, "converted"),
        ({"accepted", "worked"}, "accepted"),
    ],
)
def test_an_outcome_that_nobody_reached_is_a_missing_source(
    tables: Export, tmp_path: Path, gone: set[str], missing: str
) -> None:
    kept = [row for row in tables["events"] if row["kind"] not in gone]
    report, _ = benchmarked(changed(tables, events=kept), tmp_path)
    sources, funnel = report["sources"], report["funnel"]
    assert isinstance(sources, dict)
    assert isinstance(funnel, dict)
    assert sources[missing] == "missing"
    assert funnel[missing] is None


def test_outcomes_before_their_lead_are_named(tables: Export, tmp_path: Path) -> None:
    kinds = {"accepted", "worked", "qualified", "converted"}
    _, named = benchmarked(events(tables, dated(kinds, "2019-01-01", every=3)), tmp_path)
    assert {("impossible_dates", step) for step in ("accepted", "qualified", "converted")} <= named


def test_expansion_before_the_win_is_named(tables: Export, tmp_path: Path) -> None:
    _, named = benchmarked(events(tables, dated({"expanded"}, "2023-07-03")), tmp_path)
    assert ("impossible_dates", "expanded") in named


def test_a_few_dates_in_the_far_future_are_named_and_do_not_stretch_the_past(
    tables: Export, tmp_path: Path
) -> None:
    plain, _ = benchmarked(tables, tmp_path / "plain")
    report, named = benchmarked(events(tables, dated(set(), "2999-01-01", every=50)), tmp_path)
    assert ("impossible_dates", "at") in named
    assert str(report["as_of"])[:7] == str(plain["as_of"])[:7]


def test_leads_from_the_far_future_are_named_and_left_out(tables: Export, tmp_path: Path) -> None:
    leads = [
        {**row, "created_at": "2999-01-01"} if n % 10 == 0 else row
        for n, row in enumerate(tables["leads"])
    ]
    report, named = benchmarked(changed(tables, leads=leads), tmp_path)
    assert ("after_as_of", "leads") in named
    assert isinstance(report["funnel"], dict)
    assert report["funnel"]["leads"] == LEADS - LEADS // 10


def test_a_past_in_which_all_happened_before_it_began_breaks_nothing(
    tables: Export, tmp_path: Path
) -> None:
    report, named = benchmarked(events(tables, dated(set(), "2019-01-01")), tmp_path)
    assert ("after_as_of", "leads") in named
    assert report["verdict"] == "not_enough_evidence"


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_row_or_none_is_not_enough_evidence(tables: Export, tmp_path: Path, rows: int) -> None:
    report, _ = benchmarked({"leads": tables["leads"][:rows]}, tmp_path)
    assert report["verdict"] == "not_enough_evidence"
    assert isinstance(report["funnel"], dict)
    assert report["funnel"]["leads"] == rows


def test_one_lead_that_was_won_is_one_class(tables: Export, tmp_path: Path) -> None:
    (lead,) = tables["leads"][:1]
    won = [{"at": "2026-01-01", "kind": "converted", "lead_id": lead["lead_id"]}]
    _, named = benchmarked({"leads": [lead], "events": won}, tmp_path)
    assert ("one_class", "converted") in named


def test_without_a_file_of_accounts_the_funnel_is_the_same(tables: Export, tmp_path: Path) -> None:
    plain, _ = benchmarked(tables, tmp_path / "plain")
    bare = {name: rows for name, rows in tables.items() if name != "accounts"}
    report, _ = benchmarked(bare, tmp_path)
    assert report["funnel"] == plain["funnel"]


def test_without_leads_and_deals_the_folder_is_refused_by_name(
    tables: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written({"accounts": tables["accounts"]}, tmp_path / "export")
    assert run(["benchmark", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "no table that holds leads or deals" in capsys.readouterr().err
