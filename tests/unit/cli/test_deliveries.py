"""Commands about deliveries: what waits, what is in doubt, what is dead and what a person does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from as_json import said
from leadfit import create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.records import Action
from leadfit.store import Session
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import ActionState
from leadfit.testing import FrozenWorld


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a dead action, one in doubt and a destination that is left alone."""
    folder, world = tmp_path / "workspace", FrozenWorld()
    create_workspace(folder, world=world)
    now = world.now()

    def fill(session: Session) -> None:
        for key in ("lead_1/1/task", "lead_2/1/alert"):
            action = Action(
                key=key, kind=key.rsplit("/", 1)[1], destination="chat", lead_id=key[:6],
                assignment_id=None, due_at=now, recipients=("rep_ada",), fields={"tier": 1},
            )  # fmt: skip
            session.outbox.queue(action, now)
        session.outbox.claim("chat", holder="a", now=now, until=now, limit=2)
        session.outbox.settle("lead_1/1/task", ActionState.DEAD, at=now, error="gone for good")
        state = ActionState.AMBIGUOUS
        session.outbox.settle("lead_2/1/alert", state, at=now, error="timeout", doubt=True)
        gate = Gate(
            destination="chat", state=GateState.BROKEN, until=now, why="no connection",
            failing_since=now,
        )  # fmt: skip
        session.destinations.set_gate(gate, now)

    with open_leadfit(folder, world=world) as leadfit:
        leadfit._store.write(fill)
    return folder


def test_the_outbox_tells_of_trouble_doubts_and_dead_letters(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = said(capsys, "outbox", "--workspace", str(workspace))
    (letter,) = document["dead_letters"]
    assert (letter["key"], letter["reason"]) == ("lead_1/1/task", "gone for good")
    assert letter["payload"]["recipients"] == ["rep_ada"]
    (chat,) = document["destinations"]
    assert (chat["state"], chat["waiting"], chat["why"]) == ("broken", 1, "no connection")
    (doubt,) = document["doubtful"]
    assert (doubt["action"]["key"], doubt["doubts"]) == ("lead_2/1/alert", 1)


def test_the_outbox_says_the_same_in_words(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["outbox", "--workspace", str(workspace)]) == 0
    words = capsys.readouterr().out
    for part in (
        "broken",
        "1 waiting",
        "in doubt  lead_2/1/alert",
        "lead_1/1/task",
        "gone for good",
    ):
        assert part in words


def test_a_dead_letter_is_tried_again_once(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "lead_1/1/task"
    answer = said(capsys, "retry", key, "--by", "ada", "--workspace", str(workspace))
    assert answer == {"key": key, "what": "action", "retried": True}
    assert said(capsys, "outbox", "--workspace", str(workspace))["dead_letters"] == []
    assert run(["retry", key, "--workspace", str(workspace)]) == 2
    with open_leadfit(workspace) as leadfit:
        assert leadfit.verify().intact


def test_a_dead_letter_that_is_dropped_stays_on_record(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "lead_1/1/task"
    answer = said(capsys, "drop", key, "--workspace", str(workspace))
    assert answer == {"key": key, "what": "action", "dropped": True}
    with open_leadfit(workspace) as leadfit:
        assert leadfit.status().counts.actions["dropped"] == 1
        assert leadfit.deliveries.dead_letters() == ()


def test_a_pause_of_a_destination_is_named_and_ended(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--workspace", str(workspace)]
    with open_leadfit(workspace) as leadfit:
        now = leadfit.world.now()
        gate = Gate(
            destination="chat", state=GateState.PAUSED, until=now + timedelta(hours=30),
            why="receiver_on_hold: status 402", failing_since=now,
        )  # fmt: skip
        leadfit._store.write(lambda session: session.destinations.set_gate(gate, now))
    assert run(["outbox", *place]) == 0
    words = capsys.readouterr().out
    assert f"nothing is sent before {now + timedelta(hours=30):%Y-%m-%d %H:%M:%S} UTC" in words
    assert "leadfit resume DESTINATION" in words
    assert said(capsys, "resume", "chat", "--by", "ada", *place)["resumed"] is True
    assert run(["outbox", *place]) == 0
    words = capsys.readouterr().out
    assert "tried with the next action" in words
    assert "leadfit resume" not in words
    for name, code in (("chat", "not_possible"), ("nowhere", "not_found")):
        assert run(["resume", name, *place, "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_what_is_not_dead_can_be_neither_tried_again_nor_dropped(
    workspace: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    for key in ("lead_2/1/alert", "nothing"):
        assert run([command, key, "--workspace", str(workspace), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == "not_found"


def test_only_a_command_that_sends_needs_the_secrets_of_the_receivers(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said_of_chat = '[destinations.chat]\nconnector = "slack"\ntoken = "env:NOT_SET_ANYWHERE"\n'
    (workspace / "connectors.toml").write_text(said_of_chat + 'channel = "C123"\n', "utf-8")
    for command in (["status"], ["outbox"], ["key", "list"], ["retry", "lead_1/1/task"]):
        assert run([*command, "--workspace", str(workspace)]) == 0
    assert run(["serve", "--port", "1", "--workspace", str(workspace)]) == 2
    assert "NOT_SET_ANYWHERE" in capsys.readouterr().err


def test_a_workspace_that_is_opened_without_connectors_sends_nothing_and_loses_nothing(
    workspace: Path,
) -> None:
    world = FrozenWorld()
    with open_leadfit(workspace, world=world, sends=False) as leadfit:
        leadfit.deliveries.retry("lead_1/1/task", "rep_ada")
        leadfit.deliver()
        assert leadfit.deliveries.status().dead_actions == 0
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.deliveries.status().destinations[0].waiting == 2
    assert (workspace / "outbox.jsonl").read_text("utf-8") == ""
