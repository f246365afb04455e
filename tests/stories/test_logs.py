"""What fails is logged by its kind; what it was about stays out of the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from leadfit import Receipt, create_workspace, log, open_leadfit
from leadfit.testing import FrozenWorld

PERSONAL = ("jo.hill@acme.com", "jo.hill", "Jo Hill", "VP Operations", "+49 30 1234")
FAILS_AT = {"decide.matched": 3, "deliver.tried": 1, "sla.advanced": 1}


@pytest.fixture(autouse=True)
def _lines_as_in_production() -> Iterator[None]:
    log.configure(as_json=True)
    yield
    structlog.reset_defaults()


def break_down(failpoint: str, reached: int) -> None:
    """Fail with words that quote whom it was about, as a driver's or a vendor's error would."""
    if FAILS_AT.get(failpoint) == reached:
        raise RuntimeError(f"cannot write {', '.join(PERSONAL)}")


def body(number: int, kind: str) -> dict[str, object]:
    return {
        "source": "web-form",
        "event_id": f"event-{number}",
        "kind": kind,
        "at": "2026-03-02T15:00:00Z",
        "identifiers": {
            "email": "jo.hill@acme.com",
            "name": "Jo Hill",
            "title": "VP Operations",
            "phone": "+49 30 1234",
        },
        "text": "jo.hill@acme.com wants a demo",
    }


def test_no_failure_writes_a_personal_value_into_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = FrozenWorld(datetime(2026, 3, 2, 15, tzinfo=UTC), at_failpoint=break_down)
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        kinds = ("demo_request", "pricing_view", "demo_request")
        receipts = [leadfit.accept(body(number, kind)) for number, kind in enumerate(kinds)]
        assert all(isinstance(each, Receipt) for each in receipts)
        leadfit.decide_pending()
        leadfit.deliver()
        world.pass_time(30 * 86_400)
        leadfit.run_clocks()
        assert leadfit.status().counts.signals_dead == 1
    lines = capsys.readouterr().err.splitlines()
    events = {json.loads(line)["event"] for line in lines}
    assert events == {"signal.dead", "action.failed", "piece.failed"}
    for personal in PERSONAL:
        assert personal not in "\n".join(lines)


def test_a_field_that_is_personal_by_its_name_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    log.logger("tests").info("lead.shown", email="jo.hill@acme.com", lead_id="lead_1")
    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["email"], json.loads(line)["lead_id"]) == ("***", "lead_1")
