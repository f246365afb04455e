"""`leadfit dedupe` as a user calls it: on lists made here, and on public ones where they are."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from as_json import said
from contract.absent import without
from csv_rows import rows_of
from leadfit.cli import run
from leadfit.resolve.pairs.cluster import pairs_within
from leadfit.testing.contacts import HEADERS, contacts

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEADFIT_SHARED", ROOT.parent / "shared"))  # noqa: TID251 -- a test's own setting
IDENTITY = SHARED / "data" / "identity"
_RECORDS = 450


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A list of contacts as CSV, and the entity of each id."""
    path = tmp_path_factory.mktemp("list") / "contacts.csv"
    truth = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", *HEADERS, "favourite colour"])
        for number, (entity, values) in enumerate(contacts(_RECORDS, seed=11)):
            truth[f"c{number}"] = str(entity)
            writer.writerow([f"c{number}", *values, "blue"])
    return path, truth


def scores(found: Sequence[Mapping[str, str]], truth: Mapping[str, str]) -> tuple[float, float]:
    """Return precision and recall over pairs."""
    ours = [row["entity_id"] for row in found]
    true = [truth[row["record_id"]] for row in found]
    both = pairs_within(zip(ours, true, strict=True))
    return both / max(1, pairs_within(ours)), both / max(1, pairs_within(true))


def test_a_list_becomes_entities_and_its_card_serves_the_next_run(
    listed: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, truth = listed
    out, pairs, card = tmp_path / "out.csv", tmp_path / "pairs.csv", tmp_path / "card.json"
    written = ("--out", out, "--pairs", pairs, "--card-out", card)
    told = said(capsys, "dedupe", path, "--kind", "contact", *written)
    found = rows_of(out)
    assert [row["record_id"] for row in found] == list(truth)
    precision, recall = scores(found, truth)
    assert precision >= 0.8
    assert recall >= 0.9
    assert told["entities"] == len({row["entity_id"] for row in found})
    assert told["records"] == _RECORDS
    assert told["pairs"] == len(rows_of(pairs))
    assert isinstance(told["warnings"], list)
    assert any("favourite colour" in warning for warning in told["warnings"])
    assert {row["band"] for row in rows_of(pairs)} == {"auto", "review", "new"}
    for row in rows_of(pairs):
        assert float(row["probability"]) >= 0.01
        assert (row["band"] == "new") == (float(row["probability"]) < 0.90)

    again = tmp_path / "again.parquet"
    reused = said(capsys, "dedupe", path, "--kind", "contact", "--card", card, "--out", again)
    assert reused["card"] == told["card"]
    packed = duckdb.connect().execute(f"SELECT * FROM '{again}'").fetchall()
    assert sorted(packed) == sorted((row["record_id"], row["entity_id"]) for row in found)


def test_drawn_pairs_are_filled_in_and_come_back_as_labels(
    listed: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, truth = listed
    out, sheet, card = tmp_path / "out.csv", tmp_path / "sheet.csv", tmp_path / "card.json"
    drawn = ("--sample", 260, "--sample-out", sheet, "--card-out", card, "--out", out)
    assert said(capsys, "dedupe", path, "--kind", "contact", *drawn)["sampled_pairs"] == 260
    filled = rows_of(sheet)
    assert list(filled[0])[:5] == [
        *("left_id", "right_id", "match"),
        *("left first_name", "right first_name"),
    ]
    assert {row["match"] for row in filled} == {""}
    assert all(0 < float(row["chance"]) <= 1 for row in filled)
    for row in filled[5:]:
        row["match"] = str(int(truth[row["left_id"]] == truth[row["right_id"]]))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(filled[0]))
        writer.writeheader()
        # The same answer in the other order is one answer.
        turned = {**filled[9], "left_id": filled[9]["right_id"], "right_id": filled[9]["left_id"]}
        writer.writerows([*filled, turned])

    learned = tmp_path / "learned.json"
    again = ("--labels", sheet, "--card", card, "--card-out", learned, "--out", out)
    told = said(capsys, "dedupe", path, "--kind", "contact", *again)
    assert json.loads(learned.read_text("utf-8"))["second"]["labels"] == 255
    assert isinstance(told["warnings"], list)
    words = "\n".join(told["warnings"])
    assert "245 more would make" in words
    assert "5 labels without an answer" in words
    assert "0.5 % not yet proved, bound" in words
    assert "chance" not in words
    precision, recall = scores(rows_of(out), truth)
    assert precision >= 0.9
    assert recall >= 0.9


def test_labels_of_two_lists_are_learned_from(
    listed: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some records here have no pair that weighs more than the prior."""
    path, truth = listed
    two, out, sheet = tmp_path / "two.csv", tmp_path / "out.csv", tmp_path / "sheet.csv"
    records = rows_of(path)
    with two.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*records[0], "list"])
        writer.writeheader()
        before: list[str] = []
        for record in records:
            entity = truth[record["contact_id"]]
            writer.writerow({**record, "list": "ab"[before.count(entity) % 2]})
            before.append(entity)
    asked = ("dedupe", two, "--kind", "contact", "--source", "list", "--out", out)
    card = tmp_path / "card.json"
    drawn = ("--sample", 260, "--sample-out", sheet, "--card-out", card)
    assert said(capsys, *asked, *drawn)["sampled_pairs"] == 260
    filled = rows_of(sheet)
    for row in filled:
        row["match"] = str(int(truth[row["left_id"]] == truth[row["right_id"]]))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(filled[0]))
        writer.writeheader()
        writer.writerows(filled)
    learned = tmp_path / "learned.json"
    said(capsys, *asked, "--labels", sheet, "--card", card, "--card-out", learned)
    assert json.loads(learned.read_text("utf-8"))["second"]["labels"] == 260
    lists = {row["contact_id"]: row["list"] for row in rows_of(two)}
    joined: dict[str, list[str]] = {}
    for row in rows_of(out):
        joined.setdefault(row["entity_id"], []).append(lists[row["record_id"]])
    assert any(len(each) > 1 for each in joined.values())
    assert all(len(each) == len(set(each)) for each in joined.values())


def test_relatives_are_told_and_never_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out, pairs = tmp_path / "accounts.csv", tmp_path / "out.csv", tmp_path / "pairs.csv"
    named = {entity: values[2] or "" for entity, values in contacts(200, seed=5)}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account_id", "name", "domains", "city", "parent_account_id"])
        for number, name in named.items():
            own = f"firm{number}.com"
            city = f"town {number % 40}"
            writer.writerow([f"a{number}", name, f"{own};brand{number}.com", city, ""])
            writer.writerow([f"copy{number}", name.upper(), own, city, ""])
            if number < 30:
                writer.writerow([f"b{number}", f"Brand {number}", f"brand{number}.com", "", ""])
                writer.writerow([f"s{number}", f"{name} Sales", "", "", f"a{number}"])
    told = said(capsys, "dedupe", path, "--kind", "account", "--out", out, "--pairs", pairs)
    found = {frozenset((row["left_id"], row["right_id"])): row for row in rows_of(pairs)}
    entity = {row["record_id"]: row["entity_id"] for row in rows_of(out)}
    kin = [n for n in named if n < 30]
    assert kin
    for number in kin:
        for relative in ("b", "s"):
            row = found[frozenset((f"a{number}", f"{relative}{number}"))]
            assert row["relation"] == "related"
            assert row["band"] != "auto"
            assert entity[f"a{number}"] != entity[f"{relative}{number}"]
    assert told["related_pairs"] == sum(row["relation"] == "related" for row in found.values())
    same = [entity[f"a{number}"] == entity[f"copy{number}"] for number in named]
    assert sum(same) >= 0.9 * len(same)
    more = ("--out", tmp_path / "strict.csv", "--pairs", tmp_path / "strict_pairs.csv")
    said(capsys, "dedupe", path, "--kind", "account", "--threshold", "1", *more)
    assert rows_of(tmp_path / "strict_pairs.csv") == rows_of(pairs), (
        "what is told follows no threshold"
    )
    strict = {row["entity_id"] for row in rows_of(tmp_path / "strict.csv")}
    assert len(strict) > len(set(entity.values()))


@pytest.mark.parametrize(("header", "proves"), [("VAT number", True), ("street no", False)])
def test_only_what_a_registry_gives_links_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, proves: bool
) -> None:
    path, pairs = tmp_path / "accounts.csv", tmp_path / "pairs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account_id", "name", "city", header])
        for number, (_, values) in enumerate(contacts(200, seed=5)):
            name, city = f"{values[2]} {number}", f"town {number % 40}"
            writer.writerow([f"a{number}", name, city, f"DE{7919 * number + 100_003}"])
            writer.writerow([f"b{number}", name.upper(), city, f"DE{7919 * number + 100_003}"])
    said(capsys, "dedupe", path, "--kind", "account", "--out", tmp_path / "o.csv", "--pairs", pairs)
    bands = [row["band"] for row in rows_of(pairs)]
    assert ("auto" in bands) == proves


@pytest.mark.parametrize(
    ("options", "content", "named"),
    [
        (("--ignore", "no such"), "id,name\n1,a\n2,b\n", "--ignore"),
        (("--compare", "no such"), "id,name\n1,a\n2,b\n", "--compare"),
        (("--source", "no such"), "id,name\n1,a\n2,b\n", "--source"),
        (("--id", "no such"), "id,name\n1,a\n2,b\n", "--id"),
        ((), "id,name\n1,a\n1,b\n", "row 3"),
        ((), "id,name\n1,a\n,b\n", "row 3"),
        ((), "id,name\n", "no row"),
        ((), "", "records.csv"),
        ((), "id,colour\n1,red\n2,red\n", "--compare"),
        (("--threshold", "1.5"), "id,name\n1,a\n2,a\n", "--threshold"),
        (("--sample", "9"), "id,name\n1,a\n2,a\n", "--sample-out"),
        (("--pairs", "nowhere/pairs.csv"), "id,name\n1,a\n2,a\n", "--pairs"),
        ((), "id,name\n1,a\n", "no column whose values differ"),
        ((), "id,name\n1,\n2,\n", "no column whose values differ"),
    ],
)
def test_bad_input_exits_2_names_the_place_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    content: str,
    named: str,
) -> None:
    path, out = tmp_path / "records.csv", tmp_path / "out.csv"
    path.write_text(content, "utf-8")
    assert run(["dedupe", str(path), "--kind", "contact", "--out", str(out), *options]) == 2
    assert named in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["records.csv"]


@pytest.mark.parametrize("command", ["dedupe", "match"])
def test_an_engine_that_is_not_installed_is_refused_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = tmp_path / "records.csv"
    path.write_text("id,name\n1,a\n2,a\n", "utf-8")
    more = ("--kind", "contact") if command == "dedupe" else ("--accounts", str(path))
    out = ("--out", str(tmp_path / "out.csv"))
    with without("pyspark"):
        assert run([command, str(path), *more, "--engine", "spark", *out]) == 2
    assert "leadfit[spark]" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["records.csv"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("left_id,right_id,match\nc1,nobody,1\nc1,c2,maybe\n", ("'nobody'", "'maybe'")),
        ("left_id,right_id,match\nc1,c2,1\nc2,c1,0\n", ("row 3", "one answer for each pair")),
        ("left_id,right_id,match\nc1,c1,1\n", ("another record",)),
        ("left_id,right_id,match,chance\nc1,c2,1,1.5\nc1,c3,1,\n", ("row 2", "row 3")),
        ("left_id,right_id,match\nc1,c2,1\nc2,c1,1\nc3,c4,\n", ("1 pairs", "199 more needed")),
        ("left,right_id,match\nc1,c2,1\n", ("left_id",)),
    ],
)
def test_labels_that_cannot_be_used_are_refused_before_anything_is_trained(
    listed: tuple[Path, dict[str, str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    named: tuple[str, ...],
) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    labels.write_text(content, "utf-8")
    arguments = ["dedupe", str(listed[0]), "--kind", "contact", "--out", str(out)]
    assert run([*arguments, "--labels", str(labels)]) == 2
    told = capsys.readouterr().err
    assert all(each in told for each in named), told
    assert "trained" not in told
    assert not out.exists()


def test_a_list_without_an_id_column_is_named_by_row_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "records.csv", tmp_path / "out.csv"
    lines = [",".join(value or "" for value in values) for _, values in contacts(200, seed=3)]
    path.write_text("\n".join([",".join(HEADERS), *lines]) + "\n", "utf-8")
    told = said(capsys, "dedupe", path, "--kind", "contact", "--out", out)
    assert told["id_column"] is None
    assert rows_of(out)[0]["record_id"] == "1"


@pytest.mark.skipif(not IDENTITY.is_dir(), reason="the public identity data are not beside us")
@pytest.mark.parametrize(
    ("name", "options", "least"),
    [
        ("febrl3", ("--ignore", "cluster"), 0.997),
        ("febrl4", ("--ignore", "cluster,__index_level_0__", "--source", "src"), 0.999),
    ],
)
def test_people_with_typos_are_found_without_labels(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: tuple[str, ...],
    least: float,
) -> None:
    whole, path, out = IDENTITY / f"{name}.parquet", tmp_path / "people.csv", tmp_path / "out.csv"
    # One entity in five: the benchmark resolve_accuracy measures the whole list.
    with duckdb.connect() as connection:
        few = f"SELECT * FROM '{whole}' WHERE hash(cluster) % 5 = 0"
        connection.execute(f"COPY ({few}) TO '{path}' (HEADER)").fetchall()
        truth = dict(connection.execute(f"SELECT unique_id, cluster FROM ({few})").fetchall())
    said(capsys, "dedupe", path, "--kind", "contact", "--out", out, *options)
    precision, recall = scores(rows_of(out), truth)
    assert 2 * precision * recall / (precision + recall) >= least


@pytest.mark.parametrize(
    ("option", "name"), [("--out", "list.csv"), ("--pairs", "list.csv"), ("--pairs", "out.csv")]
)
def test_what_is_read_or_written_beside_it_is_never_written_over(
    tmp_path: Path, option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("account_id,name\na,Acme\nb,ACME Inc\n", "utf-8")
    before = path.read_bytes()
    places = {"--out": "out.csv", option: name}
    given = [part for each, file in places.items() for part in (each, str(tmp_path / file))]
    assert run(["dedupe", str(path), "--kind", "account", *given]) == 2
    assert f"{option}: " in capsys.readouterr().err
    assert path.read_bytes() == before
    assert not (tmp_path / "out.csv").exists()


def test_a_threshold_that_is_no_number_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("account_id,name\na,Acme\nb,ACME Inc\n", "utf-8")
    given = ["dedupe", str(path), "--kind", "account", "--out", str(tmp_path / "out.csv")]
    assert run([*given, "--threshold", "nan"]) == 2
    assert "--threshold" in capsys.readouterr().err
