"""A process killed while it merges or takes a merge back leaves nothing half done."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.records import Account, Contact, Lead
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind
from leadfit.world import SystemWorld

CHILD = Path(__file__).with_name("reviewer.py")
# Where the process ends, and how many of the two transactions are on record then.
CASES = [
    ("merge.made", 1, 0),
    ("review.settled", 1, 0),
    ("store.before_commit", 1, 0),
    ("store.after_commit", 1, 1),
    ("merge.undone", 1, 1),
    ("store.before_commit", 2, 1),
    ("store.after_commit", 2, 2),
]


def fill(session: Session) -> None:
    """Write two records of one person, each with an account and an open lead."""
    now = SystemWorld().now()
    for number in (1, 2):
        account = Account(account_id=f"a{number}", name=f"Acme {number}", created_at=now)
        session.accounts.add_accounts([account])
        contact = Contact(contact_id=f"c{number}", account_id=f"a{number}")
        session.accounts.add_contacts([(contact, None)])
        lead = Lead(lead_id=f"l{number}", created_at=now, contact_id=f"c{number}")
        session.leads.add(lead, now, None)
    session.reviews.open(
        Review(
            review_id="v1", kind=ReviewKind.DUPLICATE, record_kind=RecordKind.CONTACT,
            left_id="c2", right_id="c1", probability=0.95, opened_at=now,
        )
    )  # fmt: skip


def standing(workspace: Path) -> list[tuple[object, ...]]:
    """Return, past our own code, whether it is decided, merged, taken back, and what is open."""
    store = sqlite3.connect(workspace / "leadfit.sqlite3")
    queries = (
        "SELECT decided_us IS NOT NULL FROM reviews",
        "SELECT count(*), count(undone_us) FROM merges",
        "SELECT contact_id, merged_into FROM contacts ORDER BY 1",
        "SELECT lead_id, is_open FROM leads ORDER BY 1",
    )
    found = [row for query in queries for row in store.execute(query)]
    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
    return found


EXPECTED = (
    [(0,), (0, 0), ("c1", None), ("c2", None), ("l1", 1), ("l2", 1)],
    [(1,), (1, 0), ("c1", None), ("c2", "c1"), ("l1", 1), ("l2", 0)],
    [(1,), (1, 1), ("c1", None), ("c2", None), ("l1", 1), ("l2", 1)],
)


@pytest.mark.parametrize(
    ("point", "time", "done"), CASES, ids=[f"{point}-{time}" for point, time, _ in CASES]
)
def test_a_merge_or_its_undoing_is_there_wholly_or_not_at_all(
    tmp_path: Path, point: str, time: int, done: int
) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    with open_leadfit(workspace) as leadfit:
        leadfit._store.write(fill)
    ended = subprocess.run(
        [sys.executable, str(CHILD), str(workspace), point, str(time), "v1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    assert standing(workspace) == EXPECTED[done]
    with open_leadfit(workspace) as leadfit:
        assert leadfit.verify().intact
        if done == 1:
            leadfit.matching.unmerge("c2", by="rep_max")
    assert standing(workspace) == EXPECTED[2 if done else 0]
