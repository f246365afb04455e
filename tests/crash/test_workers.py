"""Two worker processes on one store in PostgreSQL decide as one would, and one may be killed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.app import Settings

WORKER = Path(__file__).with_name("worker.py")
SIGNALS = 200
CONTACTS = 120
SLOTS = 4


@pytest.fixture
def leadfit(tmp_path: Path, postgres_url: str) -> Leadfit:
    """A workspace in which capacity is short, with signals that nobody has decided."""
    settings = Settings(database_url=postgres_url)
    folder = create_workspace(tmp_path / "workspace", settings=settings)
    policy = folder / "policy" / "policy.toml"
    whole = policy.read_text("utf-8").replace("tiers = [1]", "tiers = [1, 2, 3]")
    policy.write_text(whole.replace("slots = 15", f"slots = {SLOTS}"), "utf-8")
    opened = open_leadfit(folder, settings=settings)
    at = f"{opened.world.now():%Y-%m-%dT%H:%M:%SZ}"
    answers = opened.accept_many(
        {
            "source": "form", "event_id": f"event-{number}", "kind": "demo_request", "at": at,
            "identifiers": {"email": f"jo@firm{number % CONTACTS}.com"},
            "facts": {"employees": 500, "industry": "software", "country": "US"},
        }
        for number in range(SIGNALS)
    )  # fmt: skip
    assert {type(each) for each in answers} == {Receipt}
    return opened


def run_two(leadfit: Leadfit, url: str, killed_at: tuple[str, int] = ("none", 1)) -> list[int]:
    """Let two processes decide at the same time; the first may be killed. Return how they ended."""
    starts = leadfit.folder / "start"
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(leadfit.folder), url, str(starts), point, str(time)],
            stdout=subprocess.PIPE,
        )
        for point, time in (killed_at, ("none", 1))
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
    starts.touch()
    for worker in workers:
        worker.communicate(timeout=120)
    return [worker.returncode for worker in workers]


def check_whole(leadfit: Leadfit, url: str) -> None:
    """Check, past our own code, what must hold of the tables together."""
    import psycopg  # noqa: PLC0415 -- an extra

    def count(query: str) -> Counter[object]:
        return Counter(row[0] for row in connection.execute(query))

    with psycopg.connect(url) as connection:
        decided = count("SELECT signal_id FROM decisions")
        owners = count("SELECT lead_id FROM assignments WHERE ended_us IS NULL")
        leads = count("SELECT contact_id FROM leads")
        busy = count("SELECT rep_id FROM slots WHERE lead_id IS NOT NULL")
        taken = count("SELECT lead_id FROM slots WHERE lead_id IS NOT NULL")
        turns = count("SELECT turn FROM turns")
        torn = connection.execute(
            "SELECT count(*) FROM leads LEFT JOIN assignments"
            " ON assignments.lead_id = leads.lead_id AND ended_us IS NULL"
            " WHERE leads.owner_id IS DISTINCT FROM assignments.owner_id"
        ).fetchone()
    assert len(decided) == SIGNALS
    assert set(decided.values()) == {1}
    assert len(leads) == CONTACTS
    assert set(leads.values()) == {1}
    assert set(owners.values()) == {1}
    assert len(owners) == sum(busy.values())
    assert max(busy.values()) == SLOTS
    assert set(taken.values()) == {1}
    assert set(turns.values()) == {1}
    assert torn == (0,)
    counts = leadfit.status().counts
    assert (counts.signals_pending, counts.signals_dead) == (0, 0)
    assert counts.unassigned == CONTACTS - len(owners)
    assert leadfit.verify().intact


def test_two_processes_decide_each_signal_once_and_never_over_capacity(
    leadfit: Leadfit, postgres_url: str
) -> None:
    assert run_two(leadfit, postgres_url) == [0, 0]
    check_whole(leadfit, postgres_url)
    leadfit.close()


@pytest.mark.parametrize(
    "killed_at", [("decide.claimed", 9), ("store.before_commit", 2), ("store.after_commit", 3)],
    ids=lambda killed_at: killed_at[0],
)  # fmt: skip
def test_a_killed_process_loses_nothing_and_the_other_goes_on(
    leadfit: Leadfit, postgres_url: str, killed_at: tuple[str, int]
) -> None:
    assert run_two(leadfit, postgres_url, killed_at) == [-9, 0]
    check_whole(leadfit, postgres_url)
    leadfit.close()
