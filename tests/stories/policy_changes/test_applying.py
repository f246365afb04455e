"""A plan is applied once, or refused as stale; what was applied is taken back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.errors import BadInput
from leadfit.jobs.files.plans import read_plan
from leadfit.testing import FrozenWorld
from stories.policy_changes.changing import MORE, START, beside, edit, look, planned, send


def test_a_plan_is_applied_once_with_who_and_why(
    folder: Path, leadfit: Leadfit, tmp_path: Path, world: FrozenWorld
) -> None:
    send(leadfit, 1)
    before = leadfit.policy.digest
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    made = leadfit.policies.apply(content, by="ada", reason="more calls")
    assert leadfit.policy.score.cuts.b_tier_one == 41
    assert (made.by, made.reason, made.before_policy) == ("ada", "more calls", before)
    assert made.plan_digest == json.loads(content)["digest"]
    assert "b_tier_one = 41" in (folder / "policy" / "policy.toml").read_text("utf-8")
    with pytest.raises(BadInput, match="was in force"):
        leadfit.policies.apply(content, by="bob", reason="again")
    assert leadfit.verify().intact
    send(leadfit, 2)
    assert {each.policy_digest for each in leadfit.why(leadfit.leads()[0].lead.lead_id)} == {
        leadfit.policy.digest
    }
    leadfit.close()
    with open_leadfit(folder, world=world) as again:
        assert again.policy.score.cuts.b_tier_one == 41


def test_of_two_plans_of_one_day_the_second_is_stale(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    one = planned(leadfit, beside(leadfit, tmp_path, MORE))
    other = planned(leadfit, beside(leadfit, tmp_path, ("slots = 15", "slots = 9")))
    leadfit.policies.apply(one, by="ada", reason="more calls")
    digest = leadfit.policy.digest
    with pytest.raises(BadInput, match="run `leadfit plan` again"):
        leadfit.policies.apply(other, by="bob", reason="fewer slots")
    assert leadfit.policy.digest == digest


@pytest.mark.parametrize("spoiled", ["score", "digest", "half", "no json"])
def test_a_plan_that_was_changed_is_refused(leadfit: Leadfit, tmp_path: Path, spoiled: str) -> None:
    send(leadfit, 1)
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    bad = {
        "score": content.replace(b"b_tier_one = 41", b"b_tier_one = 15"),
        "digest": content.replace(b'{"digest":"', b'{"digest":"0'),
        "half": content[: len(content) // 2],
        "no json": b"plan",
    }[spoiled]
    with pytest.raises(BadInput, match="plan"):
        leadfit.policies.apply(bad, by="ada", reason="more calls")
    assert leadfit.policies.history() == ()


def test_a_folder_that_moved_on_since_the_plan_makes_it_stale(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, MORE)
    content = planned(leadfit, place)
    edit(place, ("slots = 15", "slots = 9"))
    with pytest.raises(BadInput, match="changed since"):
        leadfit.policies.apply(content, by="ada", reason="more calls")


def test_a_log_that_moved_too_far_and_a_plan_that_is_too_old_are_stale(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    rules = ("[change]\n", "[change]\n")
    text = (leadfit.folder / "policy" / "policy.toml").read_text("utf-8")
    assert "[change]" not in text
    added = f"{text}\n[change]\nmost_rows = 3\nmost_hours = 2\n"
    (leadfit.folder / "policy" / "policy.toml").write_text(added, "utf-8")
    assert any(look(leadfit))
    send(leadfit, 1)
    assert rules[0] in added
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    for number in (2, 3):
        send(leadfit, number)
    with pytest.raises(BadInput, match="most_rows"):
        leadfit.policies.apply(content, by="ada", reason="more calls")
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    leadfit.world.wait(3 * 3600)
    with pytest.raises(BadInput, match="most_hours"):
        leadfit.policies.apply(content, by="ada", reason="more calls")


def test_a_plan_of_another_workspace_is_refused(
    leadfit: Leadfit, tmp_path: Path, world: FrozenWorld
) -> None:
    send(leadfit, 1)
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    other = create_workspace(tmp_path / "other", world=world)
    with open_leadfit(other, world=world) as elsewhere:
        send(elsewhere, 7)
        with pytest.raises(BadInput, match="another workspace"):
            elsewhere.policies.apply(content, by="ada", reason="more calls")


@pytest.mark.parametrize("point", ["policy.written", "policy.published", "policy.mirrored"])
def test_a_kill_during_apply_leaves_the_old_or_the_new(tmp_path: Path, point: str) -> None:
    class Killed(BaseException):
        pass

    def kill(name: str, _times: int) -> None:
        if name == point:
            raise Killed

    world = FrozenWorld(START)
    folder = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(folder, world=world) as leadfit:
        send(leadfit, 1)
        old = leadfit.policy.digest
        content = planned(leadfit, beside(leadfit, tmp_path, MORE))
        new = read_plan(content)[0].policy.digest
    killing = FrozenWorld(world.now(), seed=9, at_failpoint=kill)
    leadfit = open_leadfit(folder, world=killing)
    with pytest.raises(Killed):
        leadfit.policies.apply(content, by="ada", reason="more calls")
    leadfit.close()
    with open_leadfit(folder, world=FrozenWorld(killing.now(), seed=10)) as again:
        expected = old if point == "policy.written" else new
        assert again.policy.digest == expected
        assert again.policies.edited().differences == ()
        assert len(again.policies.history()) == (0 if point == "policy.written" else 1)
        assert again.verify().intact


def test_who_and_why_must_be_said(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    with pytest.raises(BadInput, match="by"):
        leadfit.policies.apply(content, by=" ", reason="more calls")
    with pytest.raises(BadInput, match="reason"):
        leadfit.policies.apply(content, by="ada", reason=" ")


def test_a_changed_row_of_the_history_shows(folder: Path, leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    content = planned(leadfit, beside(leadfit, tmp_path, MORE))
    leadfit.policies.apply(content, by="ada", reason="more calls")
    leadfit.close()
    with closing(sqlite3.connect(folder / "leadfit.sqlite3")) as store, store:
        store.execute("UPDATE publications SET said_by = 'bob'")
    store.close()
    with open_leadfit(folder) as again:
        found = again.verify()
    assert not found.intact
    assert "publication" in found.faults[0]


def test_two_rollbacks_go_two_steps_back_and_a_third_has_nowhere_to_go(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    digests = [leadfit.policy.digest]
    for change in (MORE, ("slots = 15", "slots = 9")):
        place = beside(leadfit, tmp_path, change)
        leadfit.policies.apply(planned(leadfit, place), by="ada", reason="a step")
        digests.append(leadfit.policy.digest)
    for digest in digests[-2::-1]:
        leadfit.policies.rollback(by="bob", reason="back")
        assert leadfit.policy.digest == digest
    with pytest.raises(BadInput, match="nothing that was in force before"):
        leadfit.policies.rollback(by="bob", reason="back")
    leadfit.policies.rollback(by="bob", reason="the newest after all", to=digests[2][:10])
    assert leadfit.policy.digest == digests[2]
    leadfit.policies.rollback(by="bob", reason="one back from there")
    assert leadfit.policy.digest == digests[1]
    assert [each.change.value for each in leadfit.policies.history()] == [
        "apply", "apply", "rollback", "rollback", "rollback", "rollback",
    ]  # fmt: skip
    assert leadfit.verify().intact


def test_a_rollback_keeps_who_works_here_today(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    leadfit.policies.apply(
        planned(leadfit, beside(leadfit, tmp_path, MORE)), by="ada", reason="more calls"
    )
    edit(folder / "policy", (",gb,,,yes", ",gb,,,no"), name="reps.csv")
    assert any(look(leadfit))
    leadfit.policies.rollback(by="bob", reason="back")
    assert leadfit.policy.score.cuts.b_tier_one == 60
    assert sum(not rep.active for rep in leadfit.policy.reps) == 1
    assert not any(look(leadfit))
