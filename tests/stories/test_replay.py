"""Every recorded decision can be made again, byte for byte; what cannot is said and named."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.app import Settings
from leadfit.cli import run
from leadfit.jobs.files.plans import write_plan
from leadfit.store.decided import open_decision, squeeze_decision
from leadfit.store.told import Told
from leadfit.testing import FrozenWorld
from lived import FACTS, START, Life, live


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return live(tmp_path_factory.mktemp("lived"), FrozenWorld(START))


@pytest.fixture
def copied(workspace: Path, tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A copy of the workspace, and a connection to its store."""
    copy = tmp_path / "copy"
    for path in workspace.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(workspace)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    connection = sqlite3.connect(copy / "leadfit.sqlite3", isolation_level=None)
    yield copy, connection
    connection.close()


def entries(workspace: Path) -> set[str]:
    with open_leadfit(workspace) as leadfit:
        found = leadfit._store.read(lambda session: session.told.page(0, 2**62, 1000))
    told = [each for each in found if isinstance(each, Told)]
    assert len(told) == len(found)
    return {json.loads(json.dumps(each.inputs["entry"]))["call"] for each in told}


def test_every_kind_of_decision_comes_out_as_it_was(workspace: Path) -> None:
    assert entries(workspace) == {"signal", "owner", "hand"}
    with open_leadfit(workspace) as leadfit:
        found = leadfit.replay()
        assert found.decisions == leadfit.status().counts.decisions > 40
    assert (found.same, found.different, found.erased) == (found.decisions, 0, 0)


def test_a_store_in_postgresql_replays_the_same(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(database_url=postgres_url)
    folder = live(tmp_path, FrozenWorld(START), settings)
    with open_leadfit(folder, settings=settings) as leadfit:
        found, verified = leadfit.replay(), leadfit.verify()
        decisions = leadfit.status().counts.decisions
    assert (found.decisions, found.same) == (decisions, decisions)
    assert verified.intact


def replayed(workspace: Path, *options: str, seed: str = "0") -> dict[str, object]:
    environment = os.environ | {"PYTHONHASHSEED": seed}  # noqa: TID251 -- handed on
    ended = subprocess.run(
        [sys.executable, "-m", "leadfit", "--workspace", str(workspace), "replay", "--json",
         *options],
        capture_output=True, text=True, timeout=120, check=False, env=environment,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert isinstance(answer, dict)
    return answer


def test_hash_seeds_change_nothing(workspace: Path) -> None:
    assert replayed(workspace, seed="1") == replayed(workspace, seed="77")


def test_four_workers_say_the_same_as_one(tmp_path: Path) -> None:
    world = FrozenWorld(START)
    folder = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(folder, world=world) as leadfit:
        life = Life(leadfit, world)
        for number in range(20):
            life.send("demo_request", f"jo{number}@firm{number}.com", dict(FACTS))
        # Rows of another kind: the decisions behind them are of another part.
        leadfit._store.write(
            lambda session: [
                session.signals.append("note", world.now(), {"row": row}) for row in range(5_000)
            ]
        )
        leadfit.decide_pending()
        for number in range(20):
            life.send("demo_request", f"al{number}@firm{number}.com", dict(FACTS))
        leadfit._store.write(
            lambda session: [
                session.signals.append("note", world.now(), {"row": row}) for row in range(5_000)
            ]
        )
        leadfit.decide_pending()
        # Long enough for several processes to walk the log.
        leadfit._store.write(
            lambda session: [
                session.signals.append("note", world.now(), {"row": row}) for row in range(41_000)
            ]
        )
    one, four = replayed(folder), replayed(folder, "--workers", "4")
    assert one == four
    assert one["same"] == 40
    assert verified(folder) == verified(folder, "--workers", "2")
    flip_a_bit(folder, 30_000)
    broken = verified(folder, "--workers", "2")
    assert (broken["intact"], broken["anchor"]) == (False, None)
    assert broken["faults"] == ["log row 30000 is not what was written"]
    assert broken == verified(folder)


def verified(workspace: Path, *options: str) -> dict[str, object]:
    ended = subprocess.run(
        [sys.executable, "-m", "leadfit", "--workspace", str(workspace), "verify", "--json",
         *options],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    answer = json.loads(ended.stdout)
    assert isinstance(answer, dict)
    assert ended.returncode == (0 if answer["intact"] else 1), ended.stderr
    # Nor has a library anything to say when the processes end.
    assert not ended.stderr
    return answer


def flip_a_bit(workspace: Path, seq: int) -> None:
    connection = sqlite3.connect(workspace / "leadfit.sqlite3", isolation_level=None)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    (body,) = connection.execute("SELECT body FROM log WHERE seq = ?", (seq,)).fetchone()
    changed = bytes((body[0] ^ 1, *body[1:]))
    connection.execute("UPDATE log SET body = ? WHERE seq = ?", (changed, seq))
    connection.close()


def test_the_network_is_never_asked(workspace: Path) -> None:
    program = (
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'):\n"
        "        raise SystemExit(f'{event} {args}')\n"
        "sys.addaudithook(refuse)\n"
        "from leadfit.cli import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "--workspace", str(workspace), "replay", "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["different"] == 0


def test_since_leaves_earlier_decisions_out(workspace: Path) -> None:
    late = replayed(workspace, "--since", "2026-03-03T12:00:00Z")
    everything = replayed(workspace)
    assert isinstance(late["decisions"], int)
    assert isinstance(everything["decisions"], int)
    assert 0 < late["decisions"] < everything["decisions"]


def test_a_changed_decision_is_named_with_its_fields(
    copied: tuple[Path, sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    copy, connection = copied
    decision_id, body = connection.execute(
        "SELECT decision_id, body FROM decisions WHERE body IS NOT NULL ORDER BY seq LIMIT 1"
    ).fetchone()
    told = json.loads(open_decision(body))
    told["match"]["probability"] = 0.123
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    connection.execute(
        "UPDATE decisions SET body = ? WHERE decision_id = ?", (squeeze_decision(text), decision_id)
    )
    assert run(["--workspace", str(copy), "replay"]) == 1
    said = capsys.readouterr().out
    assert decision_id in said
    assert "match.probability" in said
    assert "then 0.123" in said
    assert run(["--workspace", str(copy), "verify"]) == 1
    assert "is not what was written" in capsys.readouterr().out


def test_a_policy_that_was_not_kept_is_missed(
    copied: tuple[Path, sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    copy, connection = copied
    connection.execute("DELETE FROM contents WHERE kind = 'policy'")
    assert run(["--workspace", str(copy), "replay", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["different"] == found["decisions"]
    assert "kept policy" in found["differences"][0]["why"]
    assert run(["--workspace", str(copy), "verify"]) == 1


def test_an_older_policy_decides_again_after_another_came_in_force(tmp_path: Path) -> None:
    world = FrozenWorld(START)
    folder = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(folder, world=world) as leadfit:
        Life(leadfit, world).send("demo_request", "jo@acme.com", dict(FACTS))
        leadfit.decide_pending()
    policy = folder / "policy" / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace('model = "B"', 'model = "A"'), "utf-8")
    with open_leadfit(folder, world=world) as leadfit:
        plan, _ = write_plan(leadfit.plans.plan())
        leadfit.policies.apply(plan, by="ada", reason="all points count")
        life = Life(leadfit, world)
        life._sent = 10
        life.send("demo_request", "al@acme.org", dict(FACTS))
        leadfit.decide_pending()
        models = {view.score.model for view in leadfit.leads() if view.score is not None}
        found = leadfit.replay()
    assert models == {"A", "B"}
    assert found.same == 2


def test_a_decision_takes_little_room(workspace: Path) -> None:
    with closing(sqlite3.connect(workspace / "leadfit.sqlite3")) as connection, connection:
        (mean,) = connection.execute(
            "SELECT avg(length(body) + length(inputs) + coalesce(length(sealed), 0)) FROM decisions"
        ).fetchone()
    connection.close()
    assert mean < 2_000


def test_a_log_that_was_cut_and_closed_again_is_found_by_what_was_noted_elsewhere(
    copied: tuple[Path, sqlite3.Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    copy, connection = copied
    assert run(["--workspace", str(copy), "verify", "--json"]) == 0
    anchor = json.loads(capsys.readouterr().out)["anchor"]
    assert run(["--workspace", str(copy), "verify", "--anchor", anchor]) == 0
    assert f"anchor, to be kept elsewhere: {anchor}" in capsys.readouterr().out
    last = int(anchor.partition(":")[0])
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for table in ("log", "signals", "decisions", "contents"):
        connection.execute(f"DELETE FROM {table} WHERE seq > ?", (last - 4,))
    connection.execute(
        "UPDATE log_head SET seq = ?1, hash = (SELECT hash FROM log WHERE seq = ?1)", (last - 4,)
    )
    assert run(["--workspace", str(copy), "verify"]) == 0
    capsys.readouterr()
    assert run(["--workspace", str(copy), "verify", "--anchor", anchor]) == 1
    assert f"log row {last} was anchored and is not there" in capsys.readouterr().out


def test_what_is_no_anchor_is_refused(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--workspace", str(workspace), "verify", "--anchor", "12:abc"]) == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err


ONE = "(SELECT decision_id FROM decisions JOIN statements USING (signal_id) LIMIT 1)"
OF_ONE = f"(SELECT signal_id FROM decisions WHERE decision_id = {ONE})"
CHANGES = {
    "body": f"UPDATE decisions SET body = zeroblob(80) WHERE decision_id = {ONE}",
    "inputs": f"UPDATE decisions SET inputs = zeroblob(80) WHERE decision_id = {ONE}",
    "signal": f"DELETE FROM signals WHERE signal_id = {OF_ONE}",
    "values": f"UPDATE statements SET body = replace(body, '=', 'A') WHERE signal_id = {OF_ONE}",
    "key": "UPDATE people SET key = zeroblob(80) WHERE token ="
    f" (SELECT token FROM statements WHERE signal_id = {OF_ONE})",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_changed_is_named_and_neither_ends_the_replay_nor_passes_for_erased(
    copied: tuple[Path, sqlite3.Connection], change: str
) -> None:
    folder, connection = copied
    (decisions,) = connection.execute("SELECT count(*) FROM decisions").fetchone()
    connection.execute(change)
    connection.close()
    with open_leadfit(folder) as leadfit:
        found = leadfit.replay()
    assert (found.decisions, found.erased) == (decisions, 0)
    assert 1 <= found.different <= 3
    assert found.same == decisions - found.different
    assert len(found.differences) == found.different
