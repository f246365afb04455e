"""What is in force, and what an edited folder comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit import Leadfit, open_leadfit
from leadfit.app.files import write_whole
from leadfit.errors import BadPolicy
from leadfit.store.publications import Change
from leadfit.testing import FrozenWorld
from stories.policy_changes.changing import MORE, beside, edit, look, planned, send


def test_an_edited_folder_is_in_force_until_the_first_decision_and_then_a_proposal(
    folder: Path, leadfit: Leadfit, world: FrozenWorld
) -> None:
    edit(folder / "policy", ("sla_minutes = 15", "sla_minutes = 14"))
    assert any(look(leadfit))
    send(leadfit, 1)
    edit(folder / "policy", ("sla_minutes = 14", "sla_minutes = 13"))
    assert not any(look(leadfit))
    assert leadfit.policy.tiers.one.sla_minutes == 14
    (waits,) = leadfit.policies.edited().differences
    assert (waits.path, waits.after) == ("tiers.one.sla_minutes", "13")
    leadfit.close()
    with open_leadfit(folder, world=world) as again:
        assert again.policy.tiers.one.sla_minutes == 14


def test_a_folder_that_is_broken_meanwhile_keeps_nobody_from_opening(
    folder: Path, leadfit: Leadfit, world: FrozenWorld
) -> None:
    send(leadfit, 1)
    leadfit.close()
    (folder / "policy" / "policy.toml").write_text("version = two", "utf-8")
    with open_leadfit(folder, world=world) as again:
        assert again.policy.tiers.one.sla_minutes == 15
        assert again.policies.edited().faults
        with pytest.raises(BadPolicy):
            again.plans.plan()


def test_people_come_in_force_at_once_and_in_the_log(
    folder: Path, leadfit: Leadfit, world: FrozenWorld
) -> None:
    send(leadfit, 1)
    edit(folder / "policy", (",gb,,,yes", ",gb,,,no"), name="reps.csv")
    edit(folder / "policy", ("sla_minutes = 15", "sla_minutes = 13"))
    assert any(look(leadfit))
    assert leadfit.policy.tiers.one.sla_minutes == 15
    assert sum(not rep.active for rep in leadfit.policy.reps) == 1
    (made,) = leadfit.policies.history()
    assert (made.change, made.reason) == (Change.PEOPLE, "reps.csv changed in the folder")
    assert leadfit.verify().intact
    digest = leadfit.policy.digest
    leadfit.close()
    with open_leadfit(folder, world=world) as again:
        assert again.policy.digest == digest


def test_another_process_follows_what_was_applied(
    folder: Path, leadfit: Leadfit, tmp_path: Path, world: FrozenWorld
) -> None:
    send(leadfit, 1)
    with open_leadfit(folder, world=world) as reader:
        leadfit.policies.apply(
            planned(leadfit, beside(leadfit, tmp_path, MORE)), by="ada", reason="more calls"
        )
        assert any(look(reader))
        assert reader.policy.digest == leadfit.policy.digest


def test_a_file_is_written_whole_while_another_process_has_begun_to(tmp_path: Path) -> None:
    theirs = tmp_path / "policy.mirrored.new"
    theirs.mkdir()
    write_whole(tmp_path / "policy.mirrored", b"7")
    assert (tmp_path / "policy.mirrored").read_bytes() == b"7"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "policy.mirrored",
        "policy.mirrored.new",
    ]
