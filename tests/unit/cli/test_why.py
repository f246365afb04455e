"""Why a lead has its owner, as somebody in revenue operations reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit import open_leadfit
from leadfit.cli import run
from leadfit.testing import FrozenWorld
from lived import ANN, START, live


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return live(tmp_path_factory.mktemp("lived"), FrozenWorld(START))


def told(workspace: Path, capsys: pytest.CaptureFixture[str], lead_id: str, *options: str) -> str:
    assert run(["--workspace", str(workspace), "why", lead_id, *options]) == 0
    return capsys.readouterr().out


def lead_of(workspace: Path, email: str) -> str:
    with open_leadfit(workspace) as leadfit:
        return next(
            view.lead.lead_id
            for view in leadfit.leads(limit=100)
            if view.contact is not None and view.contact.email == email
        )


def test_owner_tier_score_match_and_clocks_are_told_with_the_names_of_rules(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(workspace, capsys, lead_of(workspace, "di.frost@newfirm.com"))
    assert "Owner     Cara Stone (rep_cara), since " in said
    assert "owner number " in said
    assert "owns the territory europe" in said
    assert "  [territory]" in said
    assert "Tier      1: fit 90 of 100 passes the gate of 70" in said
    assert "Score     90 of 100 points" in said
    assert "as the gates ask: fit 90, engagement and intent " in said
    assert "+13  employees is 800, at least 500  [fit.employees]" in said
    assert "it has an account of its own: newfirm.com" in said
    assert "Dan Hill (rep_dan): team ae does not work Tier 1  [team]" in said
    assert "from the owner to the first touch" in said
    assert "signals that moved nothing, now 90 points" in said


def test_a_linked_lead_says_how_sure_the_link_is(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(workspace, capsys, lead_of(workspace, ANN))
    assert "Match     linked at once to Gamma Foods (gamma), 99 % that it is the right one" in said
    assert "[email.known]" in said


def test_points_have_one_decimal_at_most(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_leadfit(workspace) as leadfit:
        ids = [view.lead.lead_id for view in leadfit.leads(limit=100) if view.score is not None]
    for lead_id in ids:
        said = told(workspace, capsys, lead_id)
        points = [line.split()[0] for line in said.splitlines() if "+" in line[:20]]
        assert all(len(each.partition(".")[2]) <= 1 for each in points), points


def test_all_tells_every_decision(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lead_id = lead_of(workspace, "di.frost@newfirm.com")
    with open_leadfit(workspace) as leadfit:
        decisions = leadfit.why(lead_id)
    said = told(workspace, capsys, lead_id, "--all")
    assert all(each.decision_id in said for each in decisions)


def test_an_erased_value_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = live(tmp_path, FrozenWorld(START))
    lead_id = lead_of(folder, "di.frost@newfirm.com")
    with open_leadfit(folder) as leadfit:
        leadfit.persons.erase("di.frost@newfirm.com")
    said = told(folder, capsys, lead_id)
    assert "title is (erased), which holds 'vp'" in said
    assert "VP Sales" not in said
