"""The sandbox as a user has it: a folder, the truth beside it, and a benchmark of the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadfit.cli import run

FILES = ["accounts", "contacts", "contracts", "deals", "events", "facts", "leads", "reps", "spend"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sandbox")
    arguments = ("--seed", "3", "--leads", "900", "--facts", "12")
    places = ("--out", str(folder / "export"), "--truth", str(folder / "truth"))
    assert run(["sample", *arguments, *places]) == 0
    return folder


def benchmark(export: Path, out: Path) -> tuple[bytes, bytes]:
    """Return report.json and artifact.json of an export."""
    assert run(["benchmark", str(export), "--out", str(out)]) == 0
    return (out / "report.json").read_bytes(), (out / "artifact.json").read_bytes()


def test_sample_writes_every_file_an_export_folder_may_have(made: Path) -> None:
    assert sorted(path.name for path in (made / "export").iterdir()) == [
        f"{name}.csv" for name in FILES
    ]
    assert [path.name for path in (made / "truth").iterdir()] == ["truth.json"]


def test_deals_and_contracts_beside_events_change_no_byte_of_a_benchmark(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in (made / "export").iterdir():
        if path.stem not in {"deals", "contracts"}:
            (bare / path.name).write_bytes(path.read_bytes())

    whole = benchmark(made / "export", tmp_path / "one")

    assert whole == benchmark(bare, tmp_path / "two")
    funnel = json.loads(whole[0])["funnel"]
    truth = json.loads((made / "truth" / "truth.json").read_text("utf-8"))
    assert funnel == truth["funnel"]
    capsys.readouterr()
