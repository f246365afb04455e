"""What readiness is made of, and what is refused before the disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit.app import Leadfit, create_workspace, open_leadfit
from leadfit.app.settings import Settings
from leadfit.errors import StoreBusy
from leadfit.records import Refusal
from leadfit.web import create_app
from unit.web.builders import ask

SIGNAL = {
    "source": "web-form",
    "event_id": "1",
    "kind": "demo_request",
    "at": "2026-03-02T09:00:00Z",
    "identifiers": {"email": "ada@acme-industries.com"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create_workspace(tmp_path / "workspace", settings=Settings())


@pytest.fixture
def leadfit(folder: Path) -> Iterator[Leadfit]:
    with open_leadfit(folder, settings=Settings()) as opened:
        yield opened


def test_signals_leave_the_reserve_of_the_disk_alone(folder: Path) -> None:
    policy = folder / "policy" / "policy.toml"
    text = policy.read_text("utf-8")
    policy.write_text(text.replace("[signal]", "[signal]\ndisk_reserve_mb = 1000000"), "utf-8")
    with open_leadfit(folder, settings=Settings()) as full:
        key = full.keys.create("ingest")
        with pytest.raises(StoreBusy, match="reserve"):
            full.accept(SIGNAL)
        app = create_app(full)
        answer = ask(app, "POST", "/v1/signals", key=key, json=SIGNAL)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert ask(app, "GET", "/readyz").status_code == 503
        assert full.status().counts.log_rows == 0
    policy.write_text(text, "utf-8")
    with open_leadfit(folder, settings=Settings()) as freed:
        assert not isinstance(freed.accept(SIGNAL), Refusal)
        assert ask(create_app(freed), "GET", "/readyz").status_code == 200


def test_signals_are_refused_while_too_many_wait_for_a_decision(folder: Path) -> None:
    policy = folder / "policy" / "policy.toml"
    text = policy.read_text("utf-8")
    policy.write_text(text.replace("[signal]", "[signal]\nmost_undecided = 2"), "utf-8")
    bodies = [{**SIGNAL, "event_id": f"event-{number}"} for number in range(3)]
    with open_leadfit(folder, settings=Settings()) as opened:
        opened.accept_many(bodies[:2])
    with open_leadfit(folder, settings=Settings()) as behind:
        key = behind.keys.create("ingest")
        answer = ask(create_app(behind), "POST", "/v1/signals", key=key, json=bodies[2])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert behind.decide_pending() == 2
    with open_leadfit(folder, settings=Settings()) as caught_up:
        assert not isinstance(caught_up.accept(bodies[2]), Refusal)


def test_jobs_and_the_writer_are_asked_after_while_it_serves(leadfit: Leadfit) -> None:
    assert [each.name for each in leadfit.checks()] == ["disk"]
    leadfit.start()
    checks = {each.name: each.holds for each in leadfit.checks()}
    assert checks == {"disk": True, "store": True, "queue": True, "jobs": True}


def test_a_lead_is_counted_once_when_it_has_its_first_owner(leadfit: Leadfit) -> None:
    leadfit.accept({**SIGNAL, "at": f"{leadfit.world.now():%Y-%m-%dT%H:%M:%SZ}"})
    leadfit.decide_pending()
    waits = leadfit.waits.new()
    assert len(waits) == 1
    assert 0 <= waits[0] < 60
    assert leadfit.waits.new() == ()
