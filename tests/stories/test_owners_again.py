"""What moved leads between owners can be made again, byte for byte, from what is on record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.errors import NotPossible
from leadfit.testing import FrozenWorld
from posted import body

# A Monday, 10:00 in New York and 16:00 in Berlin.
START = datetime(2026, 3, 2, 15, tzinfo=UTC)
FACTS = {"employees": 800, "industry": "software", "country": "US"}
CUTS = ("b_tier_one = 60", "b_tier_one = 2"), ("b_tier_two = 40", "b_tier_two = 1")


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    world = FrozenWorld(START)
    folder = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(folder, world=world) as opened:
        change(opened, "policy.toml", *CUTS, ("slots = 15", "slots = 2"))
        yield opened


def change(leadfit: Leadfit, name: str, *words: tuple[str, str]) -> None:
    """Change a file of the policy and let it be noticed."""
    path = leadfit.folder / "policy" / name
    text = path.read_text("utf-8")
    for old, new in words:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    for _ in range(2):
        leadfit.world.wait(2)
        leadfit.notice_policy()


def send(leadfit: Leadfit, number: int, kind: str, who: int, **facts: object) -> str:
    leadfit.accept(
        body(number, kind, leadfit.world.now(), f"jo@firm{who}.com", facts, source="form")
    )
    leadfit.decide_pending()
    return leadfit.leads()[0].lead.lead_id


def test_moves_raises_waits_and_hands_are_made_again_to_the_byte(leadfit: Leadfit) -> None:
    leads = []
    for who in range(14):
        leads.append(send(leadfit, who, "demo_request", who, **FACTS))
        leadfit.world.wait(120)
    leads += [send(leadfit, who, "form_fill", who) for who in range(20, 28)]
    # Everybody senior is full: what rises has its owner, what comes waits.
    for who in range(20, 24):
        send(leadfit, 100 + who, "demo_request", who, **FACTS)
    away = "gb,,,yes,no\nrep_ivy", "gb,2026-03-02,2026-03-09,yes,no\nrep_ivy"
    change(leadfit, "reps.csv", away)
    moved = leadfit.routing.sweep().moved
    for lead_id in leads:
        with suppress(NotPossible):
            leadfit.routing.assign(lead_id, "rep_dan", by="rep_max", reason="knows them")
    send(leadfit, 800, "assigned", 21, rep_id="rep_ivy", by="Jo at the CRM")
    send(leadfit, 801, "assigned", 22, rep_id="rep_nobody", by="Jo at the CRM")
    leadfit.world.wait(50 * 3600)
    leadfit.run_clocks()
    send(leadfit, 900, "demo_request", 90, **FACTS)
    leadfit.routing.sweep()
    rules = [each.assignment.place.rule for each in leadfit.leads(100) if each.assignment]
    assert {"by_hand"} <= set(rules)
    assert moved > 0
    again = leadfit.replay()
    assert (again.different, again.same) == (0, again.decisions)
    assert again.decisions > len(leads)
