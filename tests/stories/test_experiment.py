"""An experiment with response times, from the draw to the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.records import Assignment, ClockKind
from leadfit.report.kpis import kpis_page
from leadfit.report.lead_page import lead_page
from leadfit.store.views import LeadView
from leadfit.testing import FrozenWorld
from leadfit.web.pages import sheet
from lived import FACTS, HOT, START, Life

TABLE = """
[experiment.response]
name = "speed"
tiers = [1]
arms = [{arm = "five", minutes = 5, share = 0.5}, {arm = "usual", minutes = 15, share = 0.5}]
maturity_days = 30
"""
LEADS = 24


@pytest.fixture
def workspace(tmp_path: Path, world: FrozenWorld) -> Path:
    made = create_workspace(tmp_path / "workspace", world=world)
    policy = made / "policy" / "policy.toml"
    policy.write_text(policy.read_text("utf-8") + TABLE, "utf-8")
    return made


@pytest.fixture
def life(workspace: Path, world: FrozenWorld) -> Iterator[Life]:
    with open_leadfit(workspace, world=world) as leadfit:
        yield Life(leadfit, world)


def hot(life: Life, number: int, at: str = "") -> None:
    """Let somebody of an account of its own ask for a demo: a Tier 1 lead."""
    email = f"jo{number}{at}@firm{number}.com"
    for kind in HOT * 2:
        life.send(kind, email)
    life.send("demo_request", email, dict(FACTS), title="VP Sales")
    life.run(1)


def fill(life: Life) -> list[tuple[LeadView, Assignment]]:
    for number in range(LEADS):
        hot(life, number)
    return [
        (view, view.assignment)
        for view in life.leadfit.leads(limit=100)
        if view.assignment is not None and view.assignment.tier == 1
    ]


def minutes(view: LeadView) -> float:
    """Return the minutes that the first owner had."""
    (clock,) = [
        each.clock for each in view.clocks if each.clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH
    ]
    assert clock.due_at is not None
    return (clock.due_at - clock.started_at).total_seconds() / 60


def of(leadfit: Leadfit, lead_id: str) -> Assignment:
    given = leadfit.lead(lead_id).assignment
    assert given is not None
    return given


def test_leads_are_drawn_into_both_arms_and_the_clock_is_that_of_the_arm(life: Life) -> None:
    given = fill(life)
    assert len(given) > LEADS / 2
    assert {each.arm for _, each in given} == {"speed/five", "speed/usual"}
    always = [view for view, each in given if life.leadfit.policy.tiers.one.clock == "always"]
    for view, each in given:
        assert each.target_minutes == {"speed/five": 5.0, "speed/usual": 15.0}[str(each.arm)]
        if view in always:
            assert minutes(view) == each.target_minutes


def test_a_second_lead_of_an_account_has_the_arm_of_the_first(life: Life) -> None:
    fill(life)
    for number in range(6):
        hot(life, number, at="-too")
    arms: dict[str | None, set[str | None]] = {}
    for view in life.leadfit.leads(limit=100):
        if view.assignment is not None and view.assignment.arm is not None:
            arms.setdefault(view.lead.account_id, set()).add(view.assignment.arm)
    assert all(len(each) == 1 for each in arms.values())
    assert len({next(iter(each)) for each in arms.values()}) == 2


def test_accounts_that_turn_out_to_be_one_count_once_and_have_one_arm(life: Life) -> None:
    given = [(view.lead, each) for view, each in fill(life)]
    given.sort(key=lambda each: each[1].assigned_at)
    first, arm = given[0]
    later = next(lead for lead, each in given if each.arm != arm.arm)
    before = life.leadfit.outcomes.response("speed")
    assert first.account_id is not None
    assert later.account_id is not None
    # The one that was drawn first is absorbed.
    life.leadfit.matching.merge(later.account_id, first.account_id, by="max", reason="one firm")
    number = next(n for n in range(LEADS) if f"firm{n}.com" in domains(life, later.account_id))
    hot(life, number, at="-third")
    third = max(life.leadfit.leads(limit=100), key=lambda view: view.lead.created_at)
    assert third.assignment is not None
    assert (third.lead.account_id, third.assignment.arm) == (later.account_id, arm.arm)
    converted = {"source": "crm", "event_id": "won", "kind": "converted"}
    at = life.world.now().isoformat()
    life.leadfit.accept(
        {**converted, "at": at, "identifiers": {"account_id": later.account_id}, "facts": {}}
    )
    life.leadfit.decide_pending()
    life.world.pass_time(40 * 86_400)
    after = life.leadfit.outcomes.response("speed")
    assert before is not None
    assert after is not None
    assert sum(each.units for each in after.arms) == sum(each.units for each in before.arms) - 1
    won = {each.arm: each.converted for each in after.arms}
    assert won == {"five": 0, "usual": 0} | {str(arm.arm).partition("/")[2]: 1}


def domains(life: Life, account_id: str) -> tuple[str, ...]:
    account = life.leadfit._store.read(lambda session: session.accounts.account(account_id))
    assert account is not None
    return account.domains


def test_the_arm_stays_under_another_owner(life: Life) -> None:
    view, first = fill(life)[0]
    rep = next(each for each in life.leadfit.policy.reps if each.rep_id != first.owner_id)
    life.leadfit.routing.assign(view.lead.lead_id, rep.rep_id, by="max", reason="knows them")
    second = of(life.leadfit, view.lead.lead_id)
    assert second.number == 2
    assert (second.arm, second.target_minutes) == (first.arm, first.target_minutes)


def test_a_replay_falls_into_the_same_arms(life: Life) -> None:
    fill(life)
    found = life.leadfit.replay()
    assert (found.same, found.different) == (found.decisions, 0)


def test_why_names_the_arm(life: Life, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view, given = fill(life)[0]
    decisions = life.leadfit.why(view.lead.lead_id)
    page = lead_page(sheet(view, decisions), now=life.world.now())
    assert f"drawn into {given.arm}" in page
    life.leadfit.close()
    arm = str(given.arm).partition("/")[2]
    assert run(["--workspace", str(workspace), "why", view.lead.lead_id]) == 0
    assert f"drawn at random into the arm {arm} of the experiment speed" in capsys.readouterr().out


def test_the_command_says_what_came_of_each_arm(
    life: Life, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = fill(life)
    for view, each in given:
        life.leadfit.touch(view.lead.lead_id, each.owner_id)
        if each.arm == "speed/five" and view.contact is not None:
            assert view.contact.email is not None
            life.send("converted", view.contact.email)
    life.run()
    life.world.pass_time(timedelta(days=31).total_seconds())
    found = life.leadfit.outcomes.response()
    assert found is not None
    arms = {each.arm: each for each in found.arms}
    assert arms["five"].converted == arms["five"].mature > 0
    assert (arms["usual"].converted, arms["usual"].touched) == (0, arms["usual"].leads)
    assert len(given) == sum(each.leads for each in found.arms)
    kpis = life.leadfit.match_kpis(1)
    page = kpis_page(kpis.weeks, kpis.whole, kpis.alerts, kpis.edges, experiment=found)
    assert "Which response time pays: experiment speed" in page
    assert "Directional only" in page
    life.leadfit.close()
    assert run(["--workspace", str(workspace), "experiment", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["experiment"] == "speed"
    assert all("Directional only" in each for each in told["elsewhere"])
    assert run(["--workspace", str(workspace), "experiment"]) == 0
    assert "Intervals hold at 95 % at all looks together" in capsys.readouterr().out


def test_without_a_table_nobody_is_drawn_and_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = create_workspace(tmp_path / "other", world=FrozenWorld(START))
    with open_leadfit(workspace, world=FrozenWorld(START)) as leadfit:
        hot(Life(leadfit, FrozenWorld(START)), 1)
        assert all(
            view.assignment is None or view.assignment.arm is None for view in leadfit.leads()
        )
    assert run(["--workspace", str(workspace), "experiment"]) == 0
    assert "No experiment runs" in capsys.readouterr().out


def test_live_leads_stand_in_the_quadrant_of_their_first_decision(
    life: Life, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(life)
    life.send("form_fill", "somebody@tiny-firm.com", {"employees": 5})
    life.run()
    life.leadfit.touch(life.leadfit.leads(limit=1)[0].lead.lead_id, "rep_ada")
    life.leadfit.close()
    assert run(["--workspace", str(workspace), "quadrants", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    leads = {each["quadrant"]: each["leads"] for each in told["quadrants"]["quadrants"]}
    assert told["decided"] == sum(leads.values()) == LEADS + 1
    assert leads["wrong fit, low intent"] == 1
    assert leads[told["most_dangerous"]] == 0
    assert run(["--workspace", str(workspace), "quadrants"]) == 0
    printed = capsys.readouterr().out
    assert "wrong fit, high intent (most dangerous)" in printed
    assert "Does engagement outweigh fit?" in printed
