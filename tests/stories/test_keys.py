"""API keys while a server holds the store: made, used, listed, ended."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit.app import Leadfit, create_workspace, open_leadfit
from leadfit.app.settings import Settings
from leadfit.errors import BadInput, DamagedStore, NotFound
from leadfit.testing import FrozenWorld


def command(folder: Path, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "leadfit", *words, "--workspace", str(folder), "--json"],
        capture_output=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create_workspace(tmp_path / "workspace", settings=Settings())


def test_a_key_is_made_and_ended_while_another_process_writes(folder: Path) -> None:
    with open_leadfit(folder, settings=Settings()) as leadfit:
        leadfit.start()
        made = command(folder, "key", "create", "--scope", "ingest", "--expires-days", "2")
        key = str(made["key"])
        assert leadfit.keys.scope(key) == "ingest"
        assert made["expires_at"] is not None
        (listed,) = leadfit.keys.all()
        assert key.startswith(listed.prefix)
        assert leadfit.verify().intact
        command(folder, "key", "revoke", listed.prefix)
        assert leadfit.keys.scope(key) is None
        shown = command(folder, "key", "list")
        assert key not in json.dumps(shown)
        assert listed.prefix in json.dumps(shown)


@pytest.fixture
def leadfit(folder: Path) -> Leadfit:
    return open_leadfit(folder, world=FrozenWorld(), settings=Settings())


def test_a_key_ends_when_its_time_has_come(leadfit: Leadfit) -> None:
    key = leadfit.keys.create("read", leadfit.world.now() + timedelta(hours=1))
    assert leadfit.keys.scope(key) == "read"
    leadfit.world.wait(3600)
    assert leadfit.keys.scope(key) is None
    with pytest.raises(BadInput, match="a time to come"):
        leadfit.keys.create("read", leadfit.world.now())
    leadfit.close()


def test_when_a_key_was_used_is_kept_to_the_hour(leadfit: Leadfit, folder: Path) -> None:
    key = leadfit.keys.create("read")
    first = leadfit.world.now()
    assert leadfit.keys.scope(key) == "read"
    leadfit.world.wait(60)
    leadfit.keys.scope(key)
    leadfit.keys.create("ops")
    leadfit.close()
    with open_leadfit(folder, settings=Settings()) as later:
        (used, unused) = later.keys.all()
    assert (used.used_at, unused.used_at) == (first, None)


def test_a_key_that_is_not_there_cannot_be_ended(leadfit: Leadfit) -> None:
    with pytest.raises(NotFound):
        leadfit.keys.revoke("leadfit_read_xxxxxxxx")
    leadfit.close()


def test_an_emptied_store_is_named_and_not_taken_for_a_new_one(folder: Path) -> None:
    store = folder / "leadfit.sqlite3"
    store.write_bytes(b"")
    with pytest.raises(DamagedStore, match=r"leadfit\.sqlite3"):
        open_leadfit(folder, settings=Settings())
    assert store.stat().st_size == 0


def test_a_store_whose_making_was_cut_short_is_made_anew(folder: Path) -> None:
    store = folder / "leadfit.sqlite3"
    store.rename(folder / "leadfit.sqlite3.new")
    (folder / "leadfit.sqlite3.new").write_bytes(b"half")
    with open_leadfit(folder, settings=Settings()) as leadfit:
        assert leadfit.status().counts.log_rows == 0
