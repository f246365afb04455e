"""An erased person is gone from every file, stays gone, and disturbs nobody else's record."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, open_leadfit
from leadfit.app import Settings
from leadfit.cli import run
from leadfit.exports import read_export
from leadfit.store.intake import RefusedSignal
from leadfit.store.views import SignalState
from leadfit.testing import FrozenWorld
from lived import ANN, CONTACTS, START, Life, live

# Whatever the past and Ann's own signals said of her.
OF_ANN = ("ann@gamma.com", "ann reed", "5550188", '"reed"')


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return live(tmp_path_factory.mktemp("lived"), FrozenWorld(START))


@pytest.fixture
def workspace(past: Path, tmp_path: Path) -> Path:
    shutil.copytree(past.parent, tmp_path / "all")
    return tmp_path / "all" / "workspace"


def holding(folder: Path, words: str) -> list[str]:
    """Return the files in which words stand, in any case, as UTF-8 or UTF-16."""
    wanted = {words.encode(), words.encode("utf-16-le")}
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(each in path.read_bytes().lower() for each in wanted)
    ]


def test_no_value_of_an_erased_person_stands_in_any_file(workspace: Path) -> None:
    with open_leadfit(workspace) as leadfit:
        found = leadfit.persons.erase("Ann@Gamma.com")
        assert (found.removed.persons, found.removed.contacts) == (1, 1)
        assert found.removed.statements == found.removed.decisions == 1
        assert found.scrubbed
        while_open = {words: holding(workspace, words) for words in OF_ANN[:3]}
    assert list(while_open.values()) == [[], [], []]
    assert [holding(workspace, words) for words in OF_ANN] == [[], [], [], []]


def test_even_before_the_store_holds_personal_values_only_sealed(workspace: Path) -> None:
    files = [name for words in OF_ANN for name in holding(workspace, words)]
    assert [name for name in files if "sqlite3" in name] == []


def test_the_key_goes_with_the_person(workspace: Path) -> None:
    store = workspace / "leadfit.sqlite3"
    with closing(sqlite3.connect(store)) as connection, connection:
        keys = {row[0] for row in connection.execute("SELECT key FROM people")}
    connection.close()
    with open_leadfit(workspace) as leadfit:
        leadfit.persons.erase(ANN)
    with closing(sqlite3.connect(store)) as connection, connection:
        left = {row[0] for row in connection.execute("SELECT key FROM people")}
    connection.close()
    (gone,) = keys - left
    assert gone not in b"".join(path.read_bytes() for path in workspace.glob("leadfit.sqlite3*"))


def test_decisions_of_the_person_are_erased_and_all_others_come_out_the_same(
    workspace: Path,
) -> None:
    with open_leadfit(workspace) as leadfit:
        before = leadfit.replay()
        bodies = stored(workspace)
        leadfit.persons.erase(ANN)
        after, verified = leadfit.replay(), leadfit.verify()
        assert stored(workspace) == bodies
    assert (after.different, after.decisions) == (0, before.decisions)
    assert 1 <= after.erased <= 3
    assert after.same == before.same - after.erased
    assert verified.intact


def stored(workspace: Path) -> list[tuple[bytes, bytes, bytes]]:
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        rows = connection.execute("SELECT body, inputs, sealed FROM decisions ORDER BY seq")
        found = rows.fetchall()
    connection.close()
    return found


def test_a_webhook_and_an_import_do_not_bring_the_person_back(workspace: Path) -> None:
    world = FrozenWorld(START.replace(day=9))
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.persons.erase(ANN)
        life = Life(leadfit, world)
        life._sent = 1_000
        leads = leadfit.status().counts.leads
        receipt = life.send("demo_request", ANN, title="CFO", name="Ann Reed")
        by_id = life.send("demo_request", "someone@gamma.com", contact_id="ann", name="Ann Reed")
        leadfit.decide_pending()
        assert leadfit.signal(receipt.signal_id).status is SignalState.DECIDED
        assert leadfit.signal(by_id.signal_id).reason == "the person was erased"
        assert leadfit.status().counts.leads == leads
        leadfit.import_history(read_export(workspace.parent / "export"))
        assert leadfit.persons.export(ANN)["contacts"] == {}
        # The same person under another id of the customer's system.
        other = workspace.parent / "other"
        other.mkdir()
        for name in ("accounts", "leads"):
            shutil.copy(workspace.parent / "export" / f"{name}.csv", other)
        (other / "contacts.csv").write_text(
            CONTACTS.replace("ann,gamma,ann@", "ann-again,gamma,ANN@"), "utf-8"
        )
        leadfit.import_history(read_export(other))
        assert leadfit.persons.export("ann-again")["signals"] == []
    assert [holding(workspace, words) for words in OF_ANN[:3]] == [[], [], []]


def test_a_person_may_be_let_in_again(workspace: Path) -> None:
    world = FrozenWorld(START.replace(day=9))
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.persons.erase(ANN)
        assert leadfit.persons.readmit(ANN)
        assert not leadfit.persons.readmit(ANN)
        life = Life(leadfit, world)
        life._sent = 1_000
        receipt = life.send("demo_request", ANN, name="Ann Reed")
        leadfit.decide_pending()
        assert leadfit.signal(receipt.signal_id).lead_id is not None


def test_what_was_restored_is_erased_again(workspace: Path) -> None:
    world = FrozenWorld(START)
    backup = workspace.parent / "backup.sqlite3"
    shutil.copy(workspace / "leadfit.sqlite3", backup)
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.persons.erase(ANN)
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        marks = connection.execute("SELECT mark, at_us FROM erased").fetchall()
    connection.close()
    shutil.copy(backup, workspace / "leadfit.sqlite3")
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        connection.executemany("INSERT INTO erased (mark, at_us) VALUES (?, ?)", marks)
    connection.close()
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.persons.erase_again() == 1
        assert leadfit.persons.export(ANN)["contacts"] == {}


def test_a_copy_of_the_store_without_the_secret_gives_nobody_away(workspace: Path) -> None:
    (workspace / "secret.key").write_bytes(b"x" * 52)
    with open_leadfit(workspace) as leadfit:
        assert leadfit.persons.export(ANN)["contacts"] == {}
        assert leadfit.persons.export("ann")["contacts"] == {"ann": {}}


def test_erasing_on_postgresql_leaves_others_as_they_are(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(database_url=postgres_url)
    folder = live(tmp_path, FrozenWorld(START), settings)
    with open_leadfit(folder, settings=settings) as leadfit:
        found = leadfit.persons.erase(ANN)
        after, verified = leadfit.replay(), leadfit.verify()
        kept = leadfit.persons.export(ANN)
    assert found.scrubbed
    assert (found.removed.persons, after.different) == (1, 0)
    assert after.erased >= 1
    assert verified.intact
    assert kept["contacts"] == {}


def test_the_command_counts_what_was_removed(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--workspace", str(workspace), "export", ANN]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["contacts"]["ann"]["last_name"] == "Reed"
    assert kept["signals"][0]["said"]["identifiers"]["email"] == ANN
    assert kept["leads"][0]["decisions"][0]["reasons"]
    assert run(["--workspace", str(workspace), "erase", ANN]) == 0
    said = capsys.readouterr().out
    assert re.search(r"signals without what they said\s+1", said)
    assert run(["--workspace", str(workspace), "erase", ANN]) == 0
    assert "Nobody by this address or id" in capsys.readouterr().out


@pytest.mark.parametrize("person", ["", "  ", "not an@ address", "@"])
def test_what_names_nobody_is_refused(workspace: Path, person: str) -> None:
    with open_leadfit(workspace) as leadfit, pytest.raises(BadInput):
        leadfit.persons.erase(person)


def refuse(leadfit: Leadfit, key: str, body: str) -> None:
    """Keep a body that could not be taken."""
    refused = RefusedSignal(
        key=key, at=leadfit.world.now(), source="crm", event_id="", code="bad_input",
        reason="not allowed", body=body,
    )  # fmt: skip
    leadfit._store.write(lambda session: session.intake.refuse(refused, None))


def test_an_address_is_found_wherever_somebody_wrote_it(workspace: Path) -> None:
    world = FrozenWorld(START.replace(day=9))
    with open_leadfit(workspace, world=world) as leadfit:
        life = Life(leadfit, world)
        life._sent = 2_000
        life.send("demo_request", ANN, {f"friend of {ANN}": "yes"})
        life.send("demo_request", "someone@sixthfirm.com", company=ANN)
        life.run()
        of_others = (
            view.lead
            for view in leadfit.leads(limit=50)
            if view.contact is None or view.contact.email != ANN
        )
        other = next(of_others)
        leadfit.reject_lead(other.lead_id, "rep_ada", f"{ANN.title()} said no")
        raw = (json.dumps({"a": ANN}).replace("@", "\\u0040"), "email=Ann%40Gamma.com&b=1")
        for number, body in enumerate(raw):
            refuse(leadfit, str(number), body)
        leadfit.persons.erase(ANN)
        assert leadfit.hooks.refused() == ()
    assert [holding(workspace, each) for each in (ANN, "ann%40gamma", "u0040gamma")] == [[], [], []]


def test_a_backup_from_before_brings_nobody_back(workspace: Path) -> None:
    world = FrozenWorld(START.replace(day=9))
    store = workspace / "leadfit.sqlite3"
    with open_leadfit(workspace, world=world) as leadfit:
        other = next(
            view.lead
            for view in leadfit.leads(limit=50)
            if view.lead.is_open and (view.contact is None or view.contact.email != ANN)
        )
        leadfit.reject_lead(other.lead_id, "rep_ada", f"{ANN} said no")
        refuse(leadfit, "1", f"email={ANN}")
    backup = store.read_bytes()
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.persons.erase(ANN)
    store.write_bytes(backup)
    assert holding(workspace, ANN)
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.persons.erase_again() == 1
        assert holding(workspace, ANN) == []
        assert leadfit.persons.export(ANN)["contacts"] == {}
        life = Life(leadfit, world)
        life._sent = 3_000
        receipt = life.send("demo_request", ANN)
        assert leadfit.signal(receipt.signal_id).reason == "the person was erased"
        of_ann = [view for view in leadfit.leads(limit=50) if view.lead.contact_id == "ann"]
        assert [view.lead.is_open for view in of_ann] == [False]
        assert {each.stopped_by for view in of_ann for each in view.clocks} >= {"erased"}
        assert leadfit.verify().intact
        assert leadfit.persons.readmit(ANN)
        assert leadfit.persons.erase_again() == 0
