"""Dead letters over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.records import Action
from leadfit.store import Session
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import ActionState
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from unit.web.builders import ask

KEY = "lead_1/1/task"


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    world = FrozenWorld()
    folder = create_workspace(tmp_path / "workspace", world=world)
    now = world.now()

    def fill(session: Session) -> None:
        action = Action(
            key=KEY, kind="task", destination="crm", lead_id="lead_1", assignment_id=None,
            due_at=now,
        )  # fmt: skip
        session.outbox.queue(action, now)
        session.outbox.settle(KEY, ActionState.REFUSED, at=now, error="no such owner")

    with open_leadfit(folder, world=world) as opened:
        opened._store.write(fill)
        yield opened


def test_dead_letters_are_listed_and_tried_again_over_http(leadfit: Leadfit) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("ops")
    (letter,) = ask(app, "GET", "/v1/dead-letters", key=key).json()["dead_letters"]
    assert (letter["key"], letter["reason"], letter["what"]) == (KEY, "no such owner", "action")
    assert ask(app, "GET", "/v1/dead-letters?what=signal", key=key).json() == {"dead_letters": []}
    assert ask(app, "POST", "/v1/dead-letters/retry", key=key, json={"key": KEY}).status_code == 200
    assert ask(app, "POST", "/v1/dead-letters/retry", key=key, json={"key": KEY}).status_code == 404
    assert leadfit.deliver() == 1


def test_a_dead_letter_is_dropped_over_http(leadfit: Leadfit) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("ops")
    body = {"key": KEY, "by": "ada"}
    assert ask(app, "POST", "/v1/dead-letters/drop", key=key, json=body).json()["key"] == KEY
    assert leadfit.status().counts.actions == {"dropped": 1}


def test_a_pause_is_ended_over_http_and_its_end_is_on_record(leadfit: Leadfit) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("ops")
    now = leadfit.world.now()
    gate = Gate(
        destination="crm", state=GateState.PAUSED, until=now + timedelta(hours=9),
        why="receiver_on_hold: status 402", failing_since=now,
    )  # fmt: skip

    def pause(session: Session) -> None:
        session.dead_letters.retry(KEY, now)
        session.outbox.claim("crm", holder="a", now=now, until=now, limit=1)
        later = now + timedelta(hours=9)
        session.outbox.settle(KEY, ActionState.PENDING, at=now, next_at=later)
        session.destinations.set_gate(gate, now)

    leadfit._store.write(pause)
    assert leadfit.deliver() == 0
    (told,) = ask(app, "GET", "/v1/destinations", key=key).json()["destinations"]
    assert (told["state"], told["waiting"]) == ("paused", 1)
    path, body = "/v1/destinations/resume", {"destination": "crm", "by": "ada"}
    rows = leadfit._store.read(lambda session: session.signals.last())
    assert ask(app, "POST", path, key=key, json=body).json()["state"] == "paused"
    assert leadfit._store.read(lambda session: session.signals.last()) == rows + 1
    assert ask(app, "POST", path, key=key, json=body).status_code == 409
    body = {"destination": "nowhere"}
    assert ask(app, "POST", path, key=key, json=body).status_code == 404
    assert leadfit.deliver() == 1, "what waited for its next try still waits"
    assert leadfit._store.read(lambda s: s.destinations.gate("crm")).state is GateState.OPEN


@pytest.mark.parametrize("scope", ["ingest", "read"])
def test_destinations_want_the_scope_ops(leadfit: Leadfit, scope: str) -> None:
    app, key = create_app(leadfit), leadfit.keys.create(scope)
    assert ask(app, "GET", "/v1/destinations", key=key).status_code == 403
    body = {"destination": "crm"}
    assert ask(app, "POST", "/v1/destinations/resume", key=key, json=body).status_code == 403


@pytest.mark.parametrize("scope", ["ingest", "read"])
def test_dead_letters_want_the_scope_ops(leadfit: Leadfit, scope: str) -> None:
    app, key = create_app(leadfit), leadfit.keys.create(scope)
    assert ask(app, "GET", "/v1/dead-letters", key=key).status_code == 403
    body = {"key": KEY}
    assert ask(app, "POST", "/v1/dead-letters/retry", key=key, json=body).status_code == 403


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "what=lead", "other=1"])
def test_a_query_that_cannot_be_answered_is_refused_by_name(leadfit: Leadfit, query: str) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("ops")
    assert ask(app, "GET", f"/v1/dead-letters?{query}", key=key).status_code == 422


def test_the_first_page_says_what_is_wrong_with_deliveries(leadfit: Leadfit) -> None:
    app = create_app(leadfit)
    assert "1 dead letters" in ask(app, "GET", "/").text
    now = leadfit.world.now()
    gate = Gate(
        destination="pager", state=GateState.BROKEN, why="<b>no connection</b>", failing_since=now
    )
    leadfit._store.write(lambda session: session.destinations.set_gate(gate, now))
    page = ask(app, "GET", "/").text
    assert "pager does not take what it is sent" in page
    assert "<b>no" not in page
    leadfit._store.write(lambda s: s.destinations.set_gate(Gate(destination="pager"), now))
    leadfit.deliveries.drop(KEY, "ada")
    assert "Deliveries need a look" not in ask(app, "GET", "/").text
