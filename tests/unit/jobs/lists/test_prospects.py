"""The outbound filter: lists of accounts on file."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import duckdb
import pytest

from csv_rows import rows_of
from leadfit.artifact import Artifact, Head, evaluate, to_json
from leadfit.errors import BadInput
from leadfit.jobs.lists.prospects import read_artifact, score_list
from leadfit.jobs.lists.scoring import CHUNK
from leadfit.levels import ArtifactFact
from leadfit.records import Facts

INDUSTRY = ArtifactFact(
    name="industry", levels=("SaaS", "Retail", "(other)", "(blank)"), values=("saas", "retail")
)
SIZE = ArtifactFact(name="Employees", levels=("<= 9", "> 9", "(blank)"), edges=(9.0,))
MODEL = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="test",
    facts=(INDUSTRY, SIZE),
    heads=(
        Head(
            step="converted", link="logit", intercept=-1.0, weight=58.0,
            coefficients=((1.2, -0.8, 0.0, 0.0), (-0.5, 0.5, 0.0)),
        ),
    ),
    worth=(4.0,),
    knots=((0.0, 0.0), (1.0, 50.0), (4.0, 100.0)),
    detractor=Head(
        step="churned_after_use", link="logit", intercept=-2.0,
        coefficients=((2.0, 0.0, 0.0, 0.0), (-1.0, 1.0, 0.0)),
    ),
    detractor_knots=((0.1, 0.0), (0.6, 1.0)),
)  # fmt: skip


def write_list(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


LIST = "account_id,Industry,employees,city\na1,SaaS,50,Rome\n=cmd(),Retail,5,\n-3,weaving,,Oslo\n"


def test_every_account_is_scored_as_the_artifact_scores_it(tmp_path: Path) -> None:
    found = score_list(write_list(tmp_path / "l.csv", LIST), MODEL, tmp_path / "out.csv")
    assert (found.rows, found.id_column, found.missing) == (3, "account_id", ())
    assert found.unread == ("city",)
    assert dict(found.unheard) == {"industry": 1}
    told: list[Facts] = [
        {"industry": "SaaS", "Employees": 50},
        {"industry": "Retail", "Employees": 5},
        {"industry": "weaving"},
    ]
    for row, facts in zip(rows_of(tmp_path / "out.csv"), told, strict=True):
        score = evaluate(MODEL, facts)
        assert float(row["icp_score"]) == pytest.approx(score.score, abs=0.005)
        assert float(row["detractor"]) == pytest.approx(score.detractor, abs=0.00005)
        assert row["suppressed"] == ("true" if score.flagged else "false")


def test_reasons_sum_to_the_score_and_say_first_why_an_account_is_left_out(tmp_path: Path) -> None:
    found = score_list(write_list(tmp_path / "l.csv", LIST), MODEL, tmp_path / "out.csv")
    rows = rows_of(tmp_path / "out.csv")
    assert found.suppressed == sum(row["suppressed"] == "true" for row in rows) == 1
    for row in rows:
        reasons = json.loads(row["reasons"])
        points = [each["points"] for each in reasons if each["points"] is not None]
        assert round(math.fsum(points), 2) == float(row["icp_score"])
        assert (reasons[0]["rule"] == "icp.suppressed") == (row["suppressed"] == "true")
    assert "left after use" in json.loads(rows[0]["reasons"])[0]["words"]


def test_a_match_that_no_single_fact_speaks_for_has_no_open_end(tmp_path: Path) -> None:
    blank = write_list(tmp_path / "l.csv", "id,industry\n1,\n")
    score_list(blank, MODEL, tmp_path / "out.csv")
    for reason in json.loads(rows_of(tmp_path / "out.csv")[0]["reasons"]):
        assert not reason["words"].endswith(": ")


def test_no_cell_is_a_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    score_list(write_list(tmp_path / "l.csv", LIST), MODEL, tmp_path / "out.csv")
    ids = [row["account_id"] for row in rows_of(tmp_path / "out.csv")]
    assert ids == ["a1", "'=cmd()", "'-3"]


def test_an_id_of_any_characters_is_read_back_as_it_was(tmp_path: Path) -> None:
    names = ["a,b", 'says "yes"', "two\nlines", "two\rlines", "plain", "ende \u2028 neu"]
    path = tmp_path / "l.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["account_id", "industry"], *([each, "SaaS"] for each in names)]
        )
    score_list(path, MODEL, tmp_path / "out.csv")
    assert [row["account_id"] for row in rows_of(tmp_path / "out.csv")] == names


def test_parquet_has_types_and_ids_as_they_came(tmp_path: Path) -> None:
    score_list(write_list(tmp_path / "l.csv", LIST), MODEL, tmp_path / "out.parquet")
    again = tmp_path / "again.csv"
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT account_id, icp_score, suppressed FROM read_parquet(?)",
            [str(tmp_path / "out.parquet")],
        ).fetchall()
    assert [row[0] for row in rows] == ["a1", "=cmd()", "-3"]
    assert [type(value) for value in rows[0]] == [str, float, bool]
    # A list in Parquet is read as well as one in CSV; this one has no fact of the artifact.
    with pytest.raises(BadInput, match="no column is a fact"):
        score_list(tmp_path / "out.parquet", MODEL, again)
    assert not again.exists()


def test_a_fact_that_the_list_lacks_is_named_once_and_counts_as_blank(tmp_path: Path) -> None:
    text = "id,industry\n1,SaaS\n2,Select\n"
    found = score_list(write_list(tmp_path / "l.csv", text), MODEL, tmp_path / "out.csv")
    assert (found.id_column, found.missing, dict(found.unheard)) == ("id", ("Employees",), {})
    first = rows_of(tmp_path / "out.csv")[0]
    assert float(first["icp_score"]) == pytest.approx(
        evaluate(MODEL, {"industry": "SaaS"}).score, abs=0.005
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("name,industry\na,SaaS\n", "no id column", id="no id"),
        pytest.param("account_id,industry\n,SaaS\n", "row 2 column account_id", id="blank id"),
        pytest.param("account_id,industry\na,SaaS\nb\n", "row 3", id="short row"),
        pytest.param("account_id,town\na,Rome\n", "no column is a fact", id="nothing known"),
        pytest.param("", "an empty file", id="empty"),
    ],
)
def test_a_list_that_cannot_be_read_leaves_nothing_behind(
    tmp_path: Path, text: str, words: str
) -> None:
    write_list(tmp_path / "l.csv", text)
    with pytest.raises(BadInput, match=words):
        score_list(tmp_path / "l.csv", MODEL, tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["l.csv"]


def test_a_list_is_never_written_over_itself(tmp_path: Path) -> None:
    path = write_list(tmp_path / "l.csv", LIST)
    with pytest.raises(BadInput, match="the list itself"):
        score_list(path, MODEL, path)
    assert path.read_text("utf-8") == LIST


def test_an_artifact_is_read_back_and_anything_else_refused(tmp_path: Path) -> None:
    path = write_list(tmp_path / "artifact.json", to_json(MODEL))
    assert read_artifact(path).digest == MODEL.digest
    with pytest.raises(BadInput):
        read_artifact(tmp_path / "none.json")
    with pytest.raises(BadInput, match=r"x\.json: artifact\.as_of"):
        read_artifact(write_list(tmp_path / "x.json", "{}"))


def test_several_processes_write_the_file_that_one_writes(tmp_path: Path) -> None:
    industries = ("SaaS", "Retail", "weaving", "", "=x")
    rows = "".join(f"a{n},{industries[n % 5]},{n % 23}\n" for n in range(3 * CHUNK + 7))
    path = write_list(tmp_path / "l.csv", f"account_id,industry,employees\n{rows}")
    told = [
        score_list(path, MODEL, tmp_path / f"{workers}.csv", workers=workers) for workers in (1, 2)
    ]
    assert told[0] == told[1]
    assert told[0].rows == 3 * CHUNK + 7
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_a_fault_late_in_a_long_list_leaves_nothing_behind(tmp_path: Path) -> None:
    rows = "".join(f"a{n},SaaS,7\n" for n in range(2 * CHUNK + 7))
    path = write_list(tmp_path / "l.csv", f"account_id,industry,employees\n{rows},SaaS,7\n")
    with pytest.raises(BadInput, match="column account_id"):
        score_list(path, MODEL, tmp_path / "out.csv", workers=2)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["l.csv"]
