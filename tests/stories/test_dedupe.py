"""`leadfit dedupe` as a user calls it: on lists made here, and on public ones where they are."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from leadfit.cli import run
from leadfit.resolve.cluster import pairs_within
from leadfit.testing.contacts import HEADERS, contacts

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEADFIT_SHARED", ROOT.parent / "shared"))  # noqa: TID251 -- a test's own setting
IDENTITY = SHARED / "data" / "identity"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A list of contacts as CSV, and the entity of each id."""
    path = tmp_path_factory.mktemp("list") / "contacts.csv"
    truth = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_id", *HEADERS, "favourite colour"])
        for number, (entity, values) in enumerate(contacts(1500, seed=11)):
            truth[f"c{number}"] = str(entity)
            writer.writerow([f"c{number}", *values, "blue"])
    return path, truth


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    capsys.readouterr()
    code = run([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    document = json.loads(out)
    assert isinstance(document, dict)
    return document


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    told = answer(capsys, "dedupe", path, "--kind", "contact", *written)
    found = rows(out)
    assert [row["record_id"] for row in found] == list(truth)
    precision, recall = scores(found, truth)
    assert precision >= 0.8
    assert recall >= 0.9
    assert told["entities"] == len({row["entity_id"] for row in found})
    assert told["records"] == 1500
    assert told["pairs"] == len(rows(pairs))
    assert isinstance(told["warnings"], list)
    assert any("favourite colour" in warning for warning in told["warnings"])
    assert {row["band"] for row in rows(pairs)} == {"auto", "review", "new"}
    for row in rows(pairs):
        assert float(row["probability"]) >= 0.01
        assert (row["band"] == "new") == (float(row["probability"]) < 0.90)

    again = tmp_path / "again.parquet"
    reused = answer(capsys, "dedupe", path, "--kind", "contact", "--card", card, "--out", again)
    assert reused["card"] == told["card"]
    packed = duckdb.connect().execute(f"SELECT * FROM '{again}'").fetchall()
    assert sorted(packed) == sorted((row["record_id"], row["entity_id"]) for row in found)


def test_labels_put_a_second_stage_into_the_card(
    listed: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, truth = listed
    out, pairs, card = tmp_path / "out.csv", tmp_path / "pairs.csv", tmp_path / "card.json"
    answer(
        capsys, "dedupe", path, "--kind", "contact", "--out", out, "--pairs", pairs,
        "--card-out", card,
    )  # fmt: skip
    labels = tmp_path / "labels.csv"
    judged = [
        (row["left_id"], row["right_id"], int(truth[row["left_id"]] == truth[row["right_id"]]))
        for row in rows(pairs)[:300]
    ]
    with labels.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("left_id", "right_id", "match"), *judged])
    asked = ("--labels", labels, "--card", card, "--card-out", card, "--out", out)
    told = answer(capsys, "dedupe", path, "--kind", "contact", *asked)
    assert json.loads(card.read_text("utf-8"))["second"]["labels"] == len(judged)
    assert isinstance(told["warnings"], list)
    assert any("labels" in warning for warning in told["warnings"])
    precision, recall = scores(rows(out), truth)
    assert precision >= 0.9
    assert recall >= 0.9


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
        (("--engine", "spark"), "id,name\n1,a\n2,a\n", "spark"),
        (("--threshold", "1.5"), "id,name\n1,a\n2,a\n", "--threshold"),
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


def test_labels_of_unknown_records_are_refused(
    listed: tuple[Path, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "out.csv"
    labels.write_text("left_id,right_id,match\nc1,nobody,1\nc1,c2,maybe\n", "utf-8")
    arguments = ["dedupe", str(listed[0]), "--kind", "contact", "--out", str(out)]
    assert run([*arguments, "--labels", str(labels)]) == 2
    told = capsys.readouterr().err
    assert "'nobody'" in told
    assert "'maybe'" in told
    assert not out.exists()


def test_a_list_without_an_id_column_is_named_by_row_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "records.csv", tmp_path / "out.csv"
    lines = [",".join(value or "" for value in values) for _, values in contacts(200, seed=3)]
    path.write_text("\n".join([",".join(HEADERS), *lines]) + "\n", "utf-8")
    told = answer(capsys, "dedupe", path, "--kind", "contact", "--out", out)
    assert told["id_column"] is None
    assert rows(out)[0]["record_id"] == "1"


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
    path, out = IDENTITY / f"{name}.parquet", tmp_path / "out.csv"
    answer(capsys, "dedupe", path, "--kind", "contact", "--out", out, *options)
    truth = dict(duckdb.connect().execute(f"SELECT unique_id, cluster FROM '{path}'").fetchall())
    precision, recall = scores(rows(out), truth)
    assert 2 * precision * recall / (precision + recall) >= least
