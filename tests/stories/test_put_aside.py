"""A deadline that cannot be acted on: who sees it, and what they can do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from as_json import said
from leadfit import Leadfit, open_leadfit
from leadfit.cli import run
from leadfit.testing import FrozenWorld
from leadfit.web.metrics import Metrics


def send(leadfit: Leadfit, number: int) -> str:
    (answer,) = leadfit.accept_many(
        [
            {
                "source": "form",
                "event_id": f"event-{number}",
                "kind": "demo_request",
                "at": leadfit.world.now().isoformat(),
                "identifiers": {"email": f"jo@firm{number}.com"},
            }
        ]
    )
    assert hasattr(answer, "signal_id")
    leadfit.decide_pending()
    lead_id = leadfit.signal(answer.signal_id).lead_id
    assert lead_id is not None
    return lead_id


def write_owner(leadfit: Leadfit, lead_id: str, body: str) -> str:
    """Write something over the body of an assignment; return what stood there."""
    path = leadfit.folder / "leadfit.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        where = "WHERE lead_id = ?"
        (was,) = store.execute(f"SELECT body FROM assignments {where}", (lead_id,)).fetchone()
        store.execute(f"UPDATE assignments SET body = ? {where}", (body, lead_id))
    return str(was)


def run_until_aside(leadfit: Leadfit, world: FrozenWorld) -> None:
    for _ in range(300):
        leadfit.run_clocks()
        world.pass_time(1)


def test_a_deadline_that_was_put_aside_is_seen_retried_and_then_fires(
    leadfit: Leadfit, world: FrozenWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = send(leadfit, 1)
    was = write_owner(leadfit, bad, "{}")
    world.wait(10 * 86_400)
    run_until_aside(leadfit, world)
    status = leadfit.deliveries.status()
    assert (status.dead_clocks, status.dead_actions) == (2, 0)
    assert any("2 dead letters" in words for words in status.trouble)
    assert "leadfit_clocks_put_aside 2\n" in Metrics().text(leadfit.status())
    incidents = leadfit.incidents(world.now() - timedelta(days=30))
    assert sum("put aside" in each.words for each in incidents) == 2
    told = [each.action for each in leadfit.lead(send(leadfit, 2)).actions]
    assert told
    folder = leadfit.folder
    leadfit.close()
    asked = ("--workspace", str(folder))
    letters = said(capsys, "outbox", "--what", "clock", *asked)["dead_letters"]
    assert {each["lead_id"] for each in letters} == {bad}
    with open_leadfit(folder, world=world) as again:
        write_owner(again, bad, was)
    assert run(["why", bad, *asked]) == 0
    assert "put aside" in capsys.readouterr().out
    for letter in letters:
        assert said(capsys, "retry", letter["key"], "--by", "ada", *asked)["what"] == "clock"
    with open_leadfit(folder, world=world) as again:
        assert again.deliveries.status().dead_clocks == 0
        assert again.run_clocks() == 2
        late = [each.late_by_s for each in again.lead(bad).clocks if each.late_by_s]
        assert min(late) > 86_400


def test_a_deadline_that_was_put_aside_ends_with_its_lead_or_by_a_persons_hand(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    ended, dropped = send(leadfit, 1), send(leadfit, 2)
    was = write_owner(leadfit, ended, "{}")
    write_owner(leadfit, dropped, "{}")
    world.wait(10 * 86_400)
    run_until_aside(leadfit, world)
    assert leadfit.deliveries.status().dead_clocks == 4
    write_owner(leadfit, ended, was)
    leadfit.reject_lead(ended, by="rep_ada", reason="no budget")
    left = leadfit.deliveries.dead_letters(what="clock")
    assert {each.lead_id for each in left} == {dropped}
    for each in left:
        leadfit.deliveries.drop(each.key, by="ada")
    assert leadfit.deliveries.status().dead_clocks == 0
    run_until_aside(leadfit, world)
    assert leadfit.deliveries.dead_letters() == ()
