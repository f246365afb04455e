"""A server killed while it does an errand has done it or not, and never does it again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.canonical import moment
from leadfit.records import Lead
from leadfit.world import SystemWorld

CHILD = Path(__file__).with_name("server_of_errands.py")
# Where the server ends, and how often the errand was done by then.
CASES = [
    ("errand.taken", 0),
    ("store.before_commit", 0),
    ("store.after_commit", 1),
    ("errand.done", 1),
]


@pytest.mark.parametrize(("point", "done"), CASES, ids=[point for point, _ in CASES])
def test_an_errand_is_done_wholly_or_not_at_all_and_not_again(
    tmp_path: Path, point: str, done: int
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    now = SystemWorld().now()
    with open_leadfit(workspace) as leadfit:
        lead = Lead(lead_id="l1", created_at=now)
        leadfit._store.write(lambda session: session.leads.add(lead, now, None))
        leadfit.errands.open()
    said = {
        "what": "hear", "look": "leadfit why l1 says whether it was done", "at": moment(now),
        "lead_id": "l1", "kind": "rejected", "by": "ada", "when": None, "reason": "a student",
    }  # fmt: skip
    (workspace / "errands" / "errand_1.asked").write_text(json.dumps(said))
    ended = subprocess.run(
        [sys.executable, str(CHILD), str(workspace), point, "1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    with open_leadfit(workspace) as leadfit:
        leadfit.errands.open()
        assert leadfit.errands.round(9) == 0
        view = leadfit.lead("l1")
        assert (len(view.feedback), view.lead.is_open) == (done, not done)
        assert leadfit.verify().intact
    answer = json.loads((workspace / "errands" / "errand_1.done").read_bytes())
    assert answer["error"]["message"].endswith(said["look"])
