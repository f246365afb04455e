"""A workspace whose store is in PostgreSQL says the same as one in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.app import Settings
from leadfit.exports import read_export
from leadfit.history import History, Table
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import encode
from leadfit.testing import FrozenWorld, planted

START = datetime(2026, 7, 20, 14, tzinfo=UTC)
KINDS = ("pricing_view", "demo_request", "form_fill", "calculator", "page_view", "lead")
FACTS: Mapping[str, object] = {"employees": 800, "industry": "software", "country": "DE"}


def body(leadfit: Leadfit, number: int, kind: str, email: str) -> dict[str, object]:
    return {
        "source": "web-form", "event_id": f"event-{number}", "kind": kind,
        "at": leadfit.world.now().isoformat(),
        "identifiers": {"email": email, "company": f"Firm {number % 5}", "title": "VP Sales"},
        "facts": FACTS if number % 3 else {}, "text": "please call",
    }  # fmt: skip


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "export"
    planted.write(planted.simulate(planted.Dials(seed=3, leads=100, facts=12)), folder)
    return folder


def told(folder: Path, settings: Settings, recorded: History) -> dict[str, object]:
    """Live through a past, forty signals, their handling and a weekend; return all that is said."""
    world = FrozenWorld(START)
    create_workspace(folder, world=world, settings=settings)
    with open_leadfit(folder, world=world, settings=settings) as leadfit:
        imported = leadfit.import_history(recorded)
        for number in range(40):
            email = f"jo{number % 13}@firm{number % 5}.com"
            receipt = leadfit.accept(body(leadfit, number, KINDS[number % 6], email))
            assert isinstance(receipt, Receipt)
            world.pass_time(30)
            if number % 4 == 3:
                leadfit.decide_pending()
        leadfit.decide_pending()
        leads = [view.lead.lead_id for view in leadfit.leads(limit=40) if view.assignment]
        leadfit.touch(leads[0], "rep_ada")
        leadfit.reject_lead(leads[1], "rep_ben", "no budget")
        accounts = sorted({v.lead.account_id for v in leadfit.leads() if v.lead.account_id})
        kept = leadfit.matching.merge(accounts[0], accounts[1], kind=RecordKind.ACCOUNT, by="ada")
        leadfit.deliver()
        world.pass_time(3 * 86_400)
        for _ in range(3):
            leadfit.run_clocks()
            world.pass_time(16 * 60)
        leadfit.watch_matching()
        between = [encode(leadfit.lead(lead_id)) for lead_id in leads]
        leadfit.matching.unmerge(kept.merge_id, by="ada")
        history = leadfit.history()
        return {
            "imported": encode(imported),
            "between": between,
            "leads": [encode(each) for each in leadfit.leads(limit=500)],
            "page": [each.lead.lead_id for each in leadfit.leads(limit=7, after=leads[2])],
            "why": [encode(leadfit.why(lead_id)) for lead_id in leads],
            "merges": [encode(each) for each in leadfit.matching.merges(accounts[0])],
            "counts": encode(leadfit.status().counts),
            "history": [
                part.columns if isinstance(part, Table) else part
                for part in (getattr(history, each.name) for each in fields(history))
            ],
            "verify": encode(leadfit.verify()),
        }


def test_both_stores_tell_the_same_story(tmp_path: Path, postgres_url: str, past: Path) -> None:
    recorded = read_export(past)
    in_file = told(tmp_path / "file", Settings(), recorded)
    there = told(tmp_path / "server", Settings(database_url=postgres_url), recorded)
    assert in_file.keys() == there.keys()
    for part, said in in_file.items():
        assert said, part
        assert there[part] == said, part


def test_the_commands_work_the_same_with_the_address_in_the_environment(
    tmp_path: Path, postgres_url: str, past: Path
) -> None:
    folder = tmp_path / "workspace"
    environment = os.environ | {  # noqa: TID251 -- passed on
        "LEADFIT_DATABASE_URL": postgres_url, "LEADFIT_WORKSPACE": str(folder),
    }  # fmt: skip

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "leadfit", *arguments],
            env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout

    run("init")
    assert not list(folder.glob("*.sqlite3*"))
    run("import", str(past))
    with open_leadfit(folder, settings=Settings(database_url=postgres_url)) as leadfit:
        leadfit.accept(body(leadfit, 1, "demo_request", "jo@firm1.com"))
        leadfit.decide_pending()
        lead_id = leadfit.leads(limit=1)[0].lead.lead_id
    assert "Tier" in run("why", lead_id)
    assert "all as written" in run("verify")


def test_without_the_driver_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from leadfit import MissingExtra, open_leadfit\n"
        "from leadfit.app import Settings, create_workspace\n"
        "try:\n"
        "    create_workspace(sys.argv[1], settings=Settings(database_url='postgresql://x/y'))\n"
        "except MissingExtra as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "workspace"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert "leadfit[postgres]" in done.stdout
