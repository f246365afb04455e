"""What a plan says, and that making one changes nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from leadfit import Leadfit
from leadfit.canonical import canonical
from leadfit.cli import run
from leadfit.errors import BadInput
from leadfit.jobs.files.plans import read_plan, write_plan
from stories.policy_changes.changing import (
    MORE,
    beside,
    edit,
    effects_of,
    look,
    planned,
    send,
    state_of,
)


def test_a_plan_says_who_moves_and_changes_no_byte(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    for number in range(12):
        send(leadfit, number)
    place = beside(leadfit, tmp_path, MORE)
    before = state_of(folder)
    plan = leadfit.plans.plan(place)
    content, digest = write_plan(plan)
    assert state_of(folder) == before
    assert [each.path for each in plan.differences] == ["score.cuts.b_tier_one"]
    effects = json.loads(content)["plan"]["effects"]
    assert effects["available"] is True
    assert effects["leads_opened"] == 12
    assert effects["check"]["other_owner"] == effects["check"]["other_tier"] == 0
    tier_one = effects["tiers"]["tier 1"]
    assert (tier_one["before"], tier_one["after"], tier_one["change"]) == (0, 12, 12)
    assert effects["wins"]["identified"] is False
    rows: Any = plan.leads["rows"]
    assert len(rows) == effects["tiers"]["change_tier"]
    assert read_plan(content)[1] == digest


def test_lists_lots_and_lifts_of_the_record_hold_under_other_rules(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    edit(folder / "policy", ("domains = []", 'domains = ["firm1.com"]'))
    assert any(look(leadfit))
    rival = send(leadfit, 1)
    lifted = send(leadfit, 2)
    assert leadfit.lead(rival).lead.tier == 3
    assert leadfit.lead(lifted).lead.tier == 2
    leadfit.routing.lift(lifted, by="ada", reason="spoke to them")
    other = beside(leadfit, tmp_path, ("b_tier_one = 60", "b_tier_one = 61"))
    plan = leadfit.plans.plan(other)
    assert effects_of(plan)["check"]["other_tier"] == 0
    assert plan.leads["rows"] == []
    without = beside(leadfit, tmp_path, ('domains = ["firm1.com"]', 'domains = ["firm2.com"]'))
    assert effects_of(leadfit.plans.plan(without))["not_replayed"] == [
        "score.less.competitors.domains"
    ]


def test_the_policy_in_force_moves_nobody(leadfit: Leadfit) -> None:
    for number in range(8):
        send(leadfit, number)
    plan = leadfit.plans.plan()
    assert not plan.changes_anything
    assert plan.leads["rows"] == []
    effects = effects_of(plan)
    assert effects["tiers"]["change_tier"] == effects["owners"]["change_owner"] == 0
    with pytest.raises(BadInput, match="changes nothing"):
        leadfit.policies.apply(planned(leadfit), by="ada", reason="why not")


def test_what_buying_would_cost_lies_between_one_call_and_every_offer_that_matters(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    for number in range(6):
        send(leadfit, number, country=None)
    vendors = (
        '[[enrich.vendors]]\nname = "geo"\nprofile = "csv"\nprice = 2\nhit_rate = 1\n'
        'supplies = { country = "company" }\noptions = { file = "geo.csv" }\n\n'
        '[[enrich.vendors]]\nname = "branch"\nprofile = "csv"\nprice = 3\nhit_rate = 1\n'
        'supplies = { industry = "company" }\noptions = { file = "branch.csv" }\n\n[sweep]'
    )
    source = beside(leadfit, tmp_path, ("on = false", "on = true"), ("[sweep]", vendors))
    spend = effects_of(leadfit.plans.plan(source))["spend"]
    assert spend["identified"]
    assert spend["before"] == 0
    assert spend["drafted"] == spend["leads"] == 6
    # Only the country is missing; it decides over the fit gate and over who gets the lead.
    assert spend["after_low"] == spend["after_high"] == 12


def test_rules_that_buy_nothing_cost_nothing(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    source = beside(leadfit, tmp_path, ("a_tier_one = 75", "a_tier_one = 80"))
    spend = effects_of(leadfit.plans.plan(source))["spend"]
    assert (spend["before"], spend["after"]) == (0, 0)


def test_without_a_history_the_preview_is_unknown_and_not_nothing(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    plan = leadfit.plans.plan(beside(leadfit, tmp_path, MORE))
    assert effects_of(plan)["available"] is False
    assert plan.changes_anything
    assert "tiers" not in plan.effects


def test_every_fault_of_a_broken_folder_is_named(
    leadfit: Leadfit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = beside(leadfit, tmp_path, ("sla_minutes = 15", "sla_minutes = -15"))
    edit(place, (",gb,,,yes", ",nowhere,,,yes"), name="reps.csv")
    folder = leadfit.folder
    leadfit.close()
    assert run(["plan", str(place), "--workspace", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "tiers.one.sla_minutes" in said
    assert "reps.csv row" in said


def test_smaller_capacity_shows_in_load_and_waits(leadfit: Leadfit, tmp_path: Path) -> None:
    for number in range(20):
        send(leadfit, number)
    plan = leadfit.plans.plan(beside(leadfit, tmp_path, MORE, ("slots = 15", "slots = 1")))
    owners = effects_of(plan)["owners"]
    assert owners["without_owner"]["before"] == 0
    assert owners["without_owner"]["after"] > 0


def test_a_file_that_is_no_plan_is_refused_whatever_is_wrong_with_it(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    said = json.loads(planned(leadfit, beside(leadfit, tmp_path, MORE)))["plan"]
    for change in (
        {"made_at": "2026-03-02T10:00:00"},
        {"source": 5},
        {"log": {"seq": 10**30, "hash": ""}},
        {"log": {"seq": "1", "hash": ""}},
        {"policy": {**said["policy"], "files": {"policy.toml": 3}}},
    ):
        body = canonical({**said, **change})
        digest = hashlib.sha256(body).hexdigest().encode()
        with pytest.raises(BadInput):
            leadfit.policies.apply(
                b'{"digest":"' + digest + b'","plan":' + body + b"}", by="ada", reason="why"
            )
    for content in (b'{"digest":"x","plan":{"a":NaN}}', b'{"digest":1,"plan":1e999}', b"[" * 9_999):
        with pytest.raises(BadInput, match="no plan"):
            leadfit.policies.apply(content, by="ada", reason="why")
