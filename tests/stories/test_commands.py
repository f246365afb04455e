"""Commands as a script calls them: one JSON document, promised exit codes, nothing half-written."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from as_json import answer
from leadfit.cli import run
from leadfit.testing import planted


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "export"
    planted.sample(folder, seed=5, leads=600, facts=12, truth=None)
    return folder


def test_map_names_the_five_sources_and_writes_nothing_into_the_folder(
    export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(export.rglob("*"))
    code, document = answer(capsys, "map", str(export))
    assert code == 0
    assert set(document) >= {"sources", "tables", "mapping", "questions"}
    assert isinstance(document["sources"], dict)
    assert set(document["sources"]) == {
        "accepted",
        "qualified",
        "converted",
        "expanded",
        "churned_after_use",
    }
    assert sorted(export.rglob("*")) == before


def test_benchmark_writes_three_files_and_prints_the_report(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = answer(capsys, "benchmark", str(export), "--out", str(tmp_path / "report"))
    assert code == 0
    files = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert files == ["artifact.json", "report.html", "report.json"]
    assert json.loads((tmp_path / "report" / "report.json").read_text("utf-8")) == document
    assert isinstance(document["funnel"], dict)
    assert document["funnel"]["leads"] == 600


def test_a_column_of_bad_values_is_told_in_a_few_lines_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"L{number},14/11/2024\n" for number in range(40))
    (tmp_path / "leads.csv").write_text(f"lead_id,created_at\n{rows}")
    assert run(["benchmark", str(tmp_path), "--out", str(tmp_path / "report")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "error: leads.csv column created_at: 35 more like those above"


def test_bad_input_exits_2_names_the_place_and_writes_nothing(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in export.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    leads = next(file for file in broken.iterdir() if file.name.startswith("leads"))
    raw = leads.read_bytes()
    text = (gzip.decompress(raw) if leads.suffix == ".gz" else raw).decode()
    lines = text.splitlines()
    column = lines[0].split(",").index("created_at")
    cells = lines[3].split(",")
    cells[column] = "31/02/2025"
    lines[3] = ",".join(cells)
    leads.unlink()
    (broken / "leads.csv").write_text("\n".join(lines) + "\n", "utf-8")
    out = tmp_path / "report"
    code, document = answer(capsys, "benchmark", str(broken), "--out", str(out))
    assert code == 2
    assert isinstance(document["error"], dict)
    (fault,) = document["error"]["faults"]
    assert "leads.csv" in fault["place"]
    assert "row 4" in fault["place"]
    assert "created_at" in fault["place"]
    assert "31/02/2025" in fault["came"]
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["benchmark"],
        ["benchmark", "x", "--as-of", "soon"],
        ["nonsense"],
        ["key", "create"],
    ],
    ids=["no folder", "no time", "no command", "no scope"],
)
def test_bad_usage_exits_2_with_one_document(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = answer(capsys, *arguments)
    assert code == 2
    assert "error" in document


def test_a_workspace_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = str(tmp_path / "workspace")
    code, document = answer(capsys, "init", "--workspace", workspace)
    assert code == 0
    assert document["policy_digest"]
    code, document = answer(capsys, "--workspace", workspace, "init")
    assert code == 2
    assert "error" in document


def test_a_second_import_adds_nothing(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = str(tmp_path / "workspace")
    assert run(["init", "--workspace", workspace]) == 0
    _, first = answer(capsys, "import", str(export), "--workspace", workspace)
    _, second = answer(capsys, "import", str(export), "--workspace", workspace)
    assert isinstance(first["added"], dict)
    assert isinstance(second["added"], dict)
    assert first["added"]["leads"] == 600
    assert set(second["added"].values()) == {0}


def test_a_key_is_shown_once_and_kept_as_a_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "workspace"
    assert run(["init", "--workspace", str(workspace)]) == 0
    _, document = answer(
        capsys, "key", "create", "--scope", "ingest", "--workspace", str(workspace)
    )
    key = str(document["key"])
    assert len(key) >= 40
    for file in workspace.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes()


@pytest.mark.parametrize("group", [[], ["key"], ["cards"]])
def test_a_group_without_a_command_shows_its_help_and_says_what_is_missing(
    group: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(group) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith(" ".join(["Usage: leadfit", *group]))
    assert shown[-1] == "error: command line: came no command; allowed: one of those above"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ["key", "create"],
            (
                "option '--scope': came nothing; allowed: one of ingest, read, ops, admin; see "
                "`leadfit key create --help`"
            ),
        ),
        (
            ["key", "create", "--scope", "all"],
            (
                "--scope: came 'all'; allowed: one of 'ingest', 'read', 'ops', 'admin'; see "
                "`leadfit key create --help`"
            ),
        ),
        (
            ["assign", "lead_1", "rep_1", "--reason", "x"],
            "option '--by': came nothing; allowed: see `leadfit assign --help`",
        ),
        (
            ["benchmark"],
            "argument 'FOLDER': came nothing; allowed: see `leadfit benchmark --help`",
        ),
        (
            ["import", "folder", "--maping", "x"],
            "--maping: came an unknown option; allowed: --mapping or see `leadfit import --help`",
        ),
        (
            ["leads", "acme.com"],
            (
                "command line: came unexpected extra argument (acme.com); allowed: see "
                "`leadfit leads --help`"
            ),
        ),
    ],
)
def test_a_misused_command_says_in_one_line_what_is_wrong_and_names_its_own_help(
    command: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {told}"


@pytest.mark.parametrize("arguments", [["init"], ["sample", "--leads", "50", "--out", "made"]])
def test_a_disk_that_takes_nothing_more_is_no_error_inside(
    tmp_path: Path, arguments: list[str]
) -> None:
    # No file may grow, as where the disk is full.
    code = (
        "import resource, sys; from leadfit.cli import run;"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); sys.exit(run(sys.argv[1:]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 3
    assert told.stderr.splitlines()[-1] == "error: File too large"


def test_a_time_that_is_none_is_named_with_its_option_and_what_is_allowed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["simulate", "hourly-batch", "--seed", "-1"]) == 2
    capsys.readouterr()
    assert run(["drift", "--as-of", "yesterday"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: --as-of: came 'yesterday'; allowed: an ISO 8601 date or time")
    assert last.endswith("see `leadfit drift --help`")


def test_a_story_that_there_is_not_is_answered_with_the_stories_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["simulate", "nope"]) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == "Usage: leadfit simulate [OPTIONS] STORY"
    assert "STORY: came 'nope'; allowed: one of 'engagement-bias'" in shown[-1]


def test_why_of_an_unknown_lead_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = str(tmp_path / "workspace")
    assert run(["init", "--workspace", workspace]) == 0
    code, document = answer(capsys, "why", "lead_nobody", "--workspace", workspace)
    assert code == 2
    assert isinstance(document["error"], dict)
    assert document["error"]["code"] == "not_found"


def test_the_sample_workspace_runs_the_whole_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = str(tmp_path / "workspace")
    code, document = answer(
        capsys, "init", "--sample", "--leads", "1000", "--signals", "60", "--workspace", workspace
    )
    assert code == 0
    assert isinstance(document["counts"], dict)
    assert document["counts"]["decisions"] >= 50
    assert document["counts"]["signals_pending"] == 0
    assert document["counts"]["signals_dead"] == 0
    assert document["artifact_digest"]
    code, verified = answer(capsys, "verify", "--workspace", workspace)
    assert code == 0
    assert verified["intact"] is True
