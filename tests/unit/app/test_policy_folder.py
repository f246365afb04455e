"""A policy folder that changes while its workspace is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.testing import FrozenWorld


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld()


@pytest.fixture
def leadfit(tmp_path: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as opened:
        yield opened


def edit(leadfit: Leadfit, name: str, old: str, new: str) -> None:
    path = leadfit.folder / "policy" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def looks(leadfit: Leadfit, world: FrozenWorld, times: int) -> list[bool]:
    found = []
    for _ in range(times):
        world.pass_time(2)
        found.append(leadfit.notice_policy())
    return found


def test_a_change_is_in_force_once_two_looks_have_found_the_same(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    before = leadfit.policy.digest
    assert looks(leadfit, world, 2) == [False, False]
    edit(leadfit, "policy.toml", "sla_minutes = 15", "sla_minutes = 10")
    assert looks(leadfit, world, 3) == [False, True, False]
    assert leadfit.policy.tiers.one.sla_minutes == 10
    assert leadfit.policy.digest != before


def test_files_that_are_still_being_saved_are_waited_for(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    edit(leadfit, "policy.toml", "sla_minutes = 15", "sla_minutes = 10")
    assert looks(leadfit, world, 1) == [False]
    edit(leadfit, "reps.csv", "mon-fri 09:00-17:30", "mon-fri 09:00-18:00")
    assert looks(leadfit, world, 2) == [False, True]


def test_nobody_looks_more_often_than_every_two_seconds(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    leadfit.notice_policy()
    edit(leadfit, "policy.toml", "sla_minutes = 15", "sla_minutes = 10")
    assert [leadfit.notice_policy() for _ in range(5)] == [False] * 5
    assert looks(leadfit, world, 2) == [False, True]


@pytest.mark.parametrize(
    ("old", "new"), [("sla_minutes = 15", "sla_minutes = -1"), ("[tiers.one]", "[tiers.none]")]
)
def test_a_folder_that_cannot_be_used_leaves_the_policy_in_force(
    leadfit: Leadfit, world: FrozenWorld, old: str, new: str
) -> None:
    before = leadfit.policy
    edit(leadfit, "policy.toml", old, new)
    assert looks(leadfit, world, 4) == [False] * 4
    assert leadfit.policy is before
    edit(leadfit, "policy.toml", new, "sla_minutes = 9" if "sla" in old else old)
    assert looks(leadfit, world, 2) == [False, "sla" in old]


def test_a_file_that_is_gone_for_a_moment_changes_nothing(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    path = leadfit.folder / "policy" / "reps.csv"
    kept = path.read_bytes()
    path.unlink()
    assert looks(leadfit, world, 3) == [False] * 3
    path.write_bytes(kept)
    assert looks(leadfit, world, 3) == [False] * 3


def test_the_line_ends_of_a_checkout_are_no_change(leadfit: Leadfit, world: FrozenWorld) -> None:
    path = leadfit.folder / "policy" / "reps.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert looks(leadfit, world, 3) == [False] * 3


def test_a_running_server_moves_the_leads_of_a_rep_who_was_marked_as_gone(
    tmp_path: Path,
) -> None:
    folder = create_workspace(tmp_path / "workspace")
    with open_leadfit(folder) as leadfit:
        leadfit.accept(
            {
                "source": "form",
                "event_id": "1",
                "kind": "form_fill",
                "at": leadfit.world.now().isoformat(),
                "identifiers": {"email": "jo@acme.com"},
            }
        )
        leadfit.decide_pending()
        (view,) = leadfit.leads()
        assert view.lead.owner_id == "rep_hugo"
        edit(leadfit, "reps.csv", "Europe/London,mon-fri 09:00-17:00,gb,,,yes,no\nrep_ivy",
             "Europe/London,mon-fri 09:00-17:00,gb,,,no,no\nrep_ivy")  # fmt: skip
        leadfit.start()
        for _ in range(100):
            leadfit.world.wait(0.1)
            (view,) = leadfit.leads()
            if view.lead.owner_id != "rep_hugo":
                break
        assert view.assignment is not None
        assert (view.assignment.owner_id, view.assignment.place.rule) == ("rep_ivy", "overflow")
