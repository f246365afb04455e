"""What the stories of a change of policy are told with."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leadfit import Leadfit
from leadfit.jobs.files.plans import PlanFile, write_plan
from posted import body

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
MORE = ("b_tier_one = 60", "b_tier_one = 41")


def send(leadfit: Leadfit, number: int, kind: str = "demo_request", **facts: object) -> str:
    leadfit.world.wait(60)
    leadfit.accept(
        body(
            number,
            kind,
            leadfit.world.now(),
            f"jo@firm{number}.com",
            {"industry": "software", "employees": 800, "country": "DE", **facts},
            source="form",
            title="VP Sales",
        )
    )
    leadfit.decide_pending()
    return leadfit.leads()[0].lead.lead_id


def edit(policy: Path, *changes: tuple[str, str], name: str = "policy.toml") -> Path:
    text = (policy / name).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (policy / name).write_text(text, "utf-8")
    return policy


def beside(leadfit: Leadfit, tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Return a policy folder beside the workspace, changed."""
    place = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
    place.mkdir()
    for name, content in leadfit.policy.files.items():
        (place / name).write_bytes(content)
    return edit(place, *changes)


def planned(leadfit: Leadfit, source: Path | None = None) -> bytes:
    return write_plan(leadfit.plans.plan(source))[0]


def effects_of(plan: PlanFile) -> Any:
    """Return what a plan's file says of its effects."""
    return json.loads(write_plan(plan)[0])["plan"]["effects"]


def look(leadfit: Leadfit, times: int = 3) -> list[bool]:
    found = []
    for _ in range(times):
        leadfit.world.wait(2)
        found.append(leadfit.notice_policy())
    return found


def state_of(folder: Path) -> dict[str, str]:
    """Return a digest of every file and every table."""
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".sqlite3-wal", ".sqlite3-shm"}
    }
    with closing(sqlite3.connect(f"file:{folder / 'leadfit.sqlite3'}?mode=ro", uri=True)) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE sql > ''")]
        for name in sorted(set(names)):
            kind = store.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,))
            if kind.fetchone() != ("table",):
                continue
            rows = store.execute(f'SELECT * FROM "{name}"').fetchall()
            found[f"table {name}"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found
