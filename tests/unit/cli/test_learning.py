"""The learning commands as a script calls them: one JSON document, promised exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from as_json import answer
from leadfit.cli import run
from leadfit.testing import planted


def test_a_workspace_learns_scores_a_list_and_watches_for_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export, workspace = tmp_path / "export", str(tmp_path / "workspace")
    planted.sample(export, seed=5, leads=600, facts=12, truth=None)
    assert run(["init", "--workspace", workspace]) == 0
    code, document = answer(capsys, "learn", "--workspace", workspace)
    assert code == 2
    assert "error" in document
    code, document = answer(capsys, "import", str(export), "--workspace", workspace)
    assert isinstance(document["added"], dict)
    assert document["added"]["events"] > 1000

    code, document = answer(capsys, "learn", "--workspace", workspace)
    assert (code, document["published"], document["objections"]) == (0, True, [])
    assert document["accounts"] == document["accounts_rescored"]
    digest = document["artifact"]
    code, document = answer(capsys, "learn", "--as-of", "2025-06-01", "--workspace", workspace)
    assert (code, document["published"]) == (1, False)
    assert document["objections"]

    model = tmp_path / "workspace" / "artifacts" / f"{digest}.json"
    out = tmp_path / "scored.csv"
    arguments = ("score", str(export / "accounts.csv"), "--artifact", str(model))
    code, document = answer(capsys, *arguments, "--out", str(out))
    assert (code, document["artifact"]) == (0, digest)
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "account_id,icp_score,detractor,suppressed,reasons"
    assert len(lines) == document["rows"] + 1
    code, document = answer(capsys, *arguments, "--out", str(tmp_path / "scored.xlsx"))
    assert code == 2

    code, document = answer(capsys, "drift", "--workspace", workspace)
    assert code == (1 if document["found"] else 0)
    assert document["level"] in {"calm", "watch", "alarm", "cannot_tell"}
    pack = tmp_path / "review"
    code, document = answer(capsys, "drift", "--out", str(pack), "--workspace", workspace)
    review = json.loads((pack / "review.json").read_text("utf-8"))
    assert review["findings"]["level"] == document["level"]
    assert "What to decide" in (pack / "review.html").read_text("utf-8")
