"""A policy is planned, applied, taken back; nothing else puts it in force."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bought import RULES
from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.app.files import write_whole
from leadfit.artifact import Artifact, Head, to_json
from leadfit.canonical import canonical
from leadfit.cli import run
from leadfit.cli.plan_words import plan_words
from leadfit.errors import BadInput, BadPolicy
from leadfit.jobs.files.plans import PlanFile, read_plan, write_plan
from leadfit.levels import ArtifactFact
from leadfit.store.publications import Change
from leadfit.store.views import ActionState
from leadfit.testing import FrozenWorld

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
MORE = ("b_tier_one = 60", "b_tier_one = 41")


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld(START)


@pytest.fixture
def folder(tmp_path: Path, world: FrozenWorld) -> Path:
    return create_workspace(tmp_path / "workspace", world=world)


@pytest.fixture
def leadfit(folder: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    with open_leadfit(folder, world=world) as opened:
        yield opened


def send(leadfit: Leadfit, number: int, kind: str = "demo_request", **facts: object) -> str:
    leadfit.world.wait(60)
    leadfit.accept(
        {
            "source": "form",
            "event_id": f"event-{number}",
            "kind": kind,
            "at": leadfit.world.now().isoformat(),
            "identifiers": {"email": f"jo@firm{number}.com", "title": "VP Sales"},
            "facts": {"industry": "software", "employees": 800, "country": "DE", **facts},
        }
    )
    leadfit.decide_pending()
    return leadfit.leads()[0].lead.lead_id


def edit(policy: Path, *changes: tuple[str, str], name: str = "policy.toml") -> Path:
    text = (policy / name).read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (policy / name).write_text(text, "utf-8")
    return policy


def beside(leadfit: Leadfit, tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Return a policy folder beside the workspace, changed."""
    place = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
    place.mkdir()
    for name, content in leadfit.policy.files.items():
        (place / name).write_bytes(content)
    return edit(place, *changes)


def planned(leadfit: Leadfit, source: Path | None = None) -> bytes:
    return write_plan(leadfit.plans.plan(source))[0]


def effects_of(plan: PlanFile) -> Any:
    """Return what a plan's file says of its effects."""
    return json.loads(write_plan(plan)[0])["plan"]["effects"]


def look(leadfit: Leadfit, times: int = 3) -> list[bool]:
    found = []
    for _ in range(times):
        leadfit.world.wait(2)
        found.append(leadfit.notice_policy())
    return found


def state_of(folder: Path) -> dict[str, str]:
    """Return a digest of every file and every table."""
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".sqlite3-wal", ".sqlite3-shm"}
    }
    with closing(sqlite3.connect(f"file:{folder / 'leadfit.sqlite3'}?mode=ro", uri=True)) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE sql > ''")]
        for name in sorted(set(names)):
            kind = store.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,))
            if kind.fetchone() != ("table",):
                continue
            rows = store.execute(f'SELECT * FROM "{name}"').fetchall()
            found[f"table {name}"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


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


def test_a_file_is_written_whole_while_another_process_has_begun_to(tmp_path: Path) -> None:
    theirs = tmp_path / "policy.mirrored.new"
    theirs.mkdir()
    write_whole(tmp_path / "policy.mirrored", b"7")
    assert (tmp_path / "policy.mirrored").read_bytes() == b"7"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "policy.mirrored",
        "policy.mirrored.new",
    ]


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


def shadow(leadfit: Leadfit, tmp_path: Path, old: str, new: str) -> None:
    place = beside(leadfit, tmp_path, (f'mode = "{old}"', f'mode = "{new}"'))
    leadfit.policies.apply(planned(leadfit, place), by="ada", reason=f"go {new}")


def states(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{folder / 'leadfit.sqlite3'}?mode=ro", uri=True)) as store:
        return dict(store.execute("SELECT state, count(*) FROM outbox GROUP BY state"))


def test_in_shadow_mode_everything_is_decided_and_nothing_leaves(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    edit(folder / "policy", ('mode = "live"', 'mode = "shadow"'))
    assert any(look(leadfit))
    lead_id = send(leadfit, 1)
    (decision,) = leadfit.why(lead_id)
    assert decision.shadow
    assert decision.assignment is not None
    assert decision.plan.actions
    leadfit.world.wait(3 * 86_400)
    assert leadfit.run_clocks() == 0
    assert leadfit.deliver() == 0
    assert set(states(folder)) == {ActionState.WITHHELD.value}
    assert (folder / "outbox.jsonl").read_bytes() == b""
    shadow(leadfit, tmp_path, "shadow", "live")
    leadfit.world.wait(3 * 86_400)
    assert leadfit.deliver() == leadfit.run_clocks() == 0
    send(leadfit, 2)
    assert leadfit.deliver() > 0
    assert not leadfit.why(leadfit.leads()[0].lead.lead_id)[0].shadow


@pytest.mark.parametrize("is_swept_before", [True, False])
def test_nobody_is_late_with_a_lead_that_was_given_in_shadow_mode(
    folder: Path, leadfit: Leadfit, tmp_path: Path, is_swept_before: bool
) -> None:
    edit(folder / "policy", ('mode = "live"', 'mode = "shadow"'))
    assert any(look(leadfit))
    lead_id = send(leadfit, 1)
    if is_swept_before:
        leadfit.routing.sweep()
    shadow(leadfit, tmp_path, "shadow", "live")
    swept = leadfit.routing.sweep()
    leadfit.world.wait(3 * 86_400)
    assert leadfit.run_clocks() == leadfit.deliver() == 0
    assert leadfit.incidents(START) == ()
    assert swept.leads.unexplained == 0
    (clock,) = leadfit.lead(lead_id).clocks
    assert (clock.stopped_by, clock.breached_at) == ("withheld", None)
    owner = leadfit.lead(lead_id).lead.owner_id
    other = next(each for each in ("rep_ada", "rep_ben", "rep_cara") if each != owner)
    leadfit.routing.assign(lead_id, other, by="lou", reason="goes live")
    assert leadfit.deliver() > 0
    assert any(each.stopped_at is None for each in leadfit.lead(lead_id).clocks)


def test_what_waits_when_shadow_mode_begins_is_withheld(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    assert states(folder).get("pending", 0) > 0
    shadow(leadfit, tmp_path, "live", "shadow")
    assert set(states(folder)) == {ActionState.WITHHELD.value}


def test_shadow_mode_is_compared_with_the_incumbent(
    folder: Path, leadfit: Leadfit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(folder / "policy", ('mode = "live"', 'mode = "shadow"'))
    assert any(look(leadfit))
    lead_id = send(leadfit, 1)
    ours = leadfit.lead(lead_id).lead.owner_id
    send(leadfit, 2, owner_id="rep_of_theirs", account_id="acc_of_theirs")
    send(leadfit, 3, incumbent_owner_id=ours)
    found = leadfit.plans.shadow()
    assert (found.leads, found.owner.compared, found.owner.only_ours) == (3, 2, 1)
    assert found.owner.differ in {1, 2}
    assert found.owner.examples
    assert found.owner.low is not None
    assert found.owner.share is not None
    assert found.owner.low <= found.owner.share
    assert found.account.only_theirs + found.account.compared == 1
    leadfit.close()
    assert run(["shadow", "report", "--workspace", str(folder)]) == 0
    assert "The policy is in shadow mode" in capsys.readouterr().out


def test_decisions_of_shadow_mode_are_made_again_to_the_byte(
    folder: Path, leadfit: Leadfit
) -> None:
    edit(folder / "policy", ('mode = "live"', 'mode = "shadow"'))
    assert any(look(leadfit))
    for number in range(3):
        send(leadfit, number)
    assert leadfit.replay().holds


EXPERIMENT = """
[experiment.response]
name = "speed"
arms = [
    { arm = "fast", minutes = 5, share = 0.5 },
    { arm = "usual", minutes = 15, share = 0.5 },
]
"""
BY_ICP = ('fit_source = "facts"', 'fit_source = "icp"')
LEARNED = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="0" * 64,
    facts=(
        ArtifactFact(
            name="industry",
            levels=("software", "retail", "(other)"),
            values=("software", "retail"),
        ),
    ),
    heads=(Head(step="converted", link="logit", intercept=0.0, coefficients=((1.0, 0.0, -1.0),)),),
    worth=(5.0,),
    knots=((0.0, 0.0), (5.0, 100.0)),
)


def fit_gate_of(leadfit: Leadfit, source: Path, *, learned: bool = True) -> Any:
    path = leadfit.folder / "learned.json"
    path.write_text(to_json(LEARNED), "utf-8")
    plan = leadfit.plans.plan(source, artifact=str(path) if learned else None)
    return effects_of(plan)["fit_gate"]


def test_another_source_of_fit_comes_with_the_cut_that_lets_as_many_pass(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    for number, industry in enumerate(("software", "software", "retail", "farming")):
        send(leadfit, number, industry=industry)
    gate = fit_gate_of(leadfit, beside(leadfit, tmp_path, BY_ICP))
    assert gate["before"] == {"source": "facts", "cut": 70, "pass_rate": 0.75}
    assert gate["after"] == {"source": "icp", "cut": 70, "pass_rate": 0.5}
    assert gate["derived"] == {"key": "score.cuts.b_icp", "cut": 50, "pass_rate": 0.75}
    assert gate["keeps_pass_rate"] is False
    derived = beside(leadfit, tmp_path, BY_ICP, ("b_tier_one = 60", "b_icp = 50\nb_tier_one = 60"))
    assert fit_gate_of(leadfit, derived)["keeps_pass_rate"] is True
    words = plan_words(leadfit.plans.plan(derived, artifact=str(leadfit.folder / "learned.json")))
    assert "as many as before pass with score.cuts.b_icp = 50 (75.0 %)" in words


def test_a_source_of_fit_that_stays_is_not_spoken_of(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, MORE)
    assert fit_gate_of(leadfit, place) == {"changes": False}
    assert "source of fit" not in plan_words(leadfit.plans.plan(place))


def test_without_a_learned_score_no_cut_is_derived_for_it(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, BY_ICP)
    gate = fit_gate_of(leadfit, place, learned=False)
    assert gate["identified"] is False
    words = plan_words(leadfit.plans.plan(place))
    assert "the cut that lets as many pass is not known: no learned score is in force" in words


def test_what_vendors_would_answer_is_unknown_and_not_nothing(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, ("[enrich]\non = false", "[enrich]\non = true"))
    with (place / "policy.toml").open("a", encoding="utf-8") as file:
        file.write(RULES)
    plan = leadfit.plans.plan(place)
    assert effects_of(plan)["available"] is True
    assert [each["table"] for each in effects_of(plan)["unknown"]] == ["enrich"]
    assert "enrich.on" in effects_of(plan)["not_replayed"]
    words = plan_words(plan)
    assert "Unknown, which is not the same as nothing:" in words
    assert "[enrich]: what vendors would answer" in words


def test_targets_that_would_be_drawn_at_random_are_unknown_and_not_nothing(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path)
    with (place / "policy.toml").open("a", encoding="utf-8") as file:
        file.write(EXPERIMENT)
    plan = leadfit.plans.plan(place)
    assert [each["table"] for each in effects_of(plan)["unknown"]] == ["experiment.response"]
    beyond = effects_of(plan)["not_replayed"]
    assert beyond
    assert all(each.startswith("experiment") for each in beyond)
    assert "[experiment.response]: which arm" in plan_words(plan)


def said_by(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> str:
    assert run([*arguments, "--workspace", str(folder)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('fit_source = "facts"', 'fit_source = "icp"'), "fit counts by facts until one is"),
        (('model = "B"', 'model = "C"'), "Model A stands in until one is"),
    ],
)
def test_a_plan_says_what_stands_in_while_nothing_is_learned(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: tuple[str, str],
    words: str,
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    edit(place, change)
    assert words in said_by(capsys, folder, "plan", str(place))


def test_a_plan_names_a_vendor_whose_profile_there_is_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    vendor = """
[[enrich.vendors]]
name = "file"
profile = "cvs"
options = { file = "facts.csv" }
supplies = { employees = "company" }
price = 0.5
"""
    rules = place / "policy.toml"
    rules.write_text(rules.read_text("utf-8") + vendor, "utf-8")
    assert run(["plan", str(place), "--workspace", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "enrich.vendors[file].profile: came 'cvs'; allowed: one of" in said
    assert "csv" in said


def test_a_plan_refuses_more_words_of_one_fact_than_can_be_tried_together(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    lists = "".join(
        f"""
[score.less.list-{number}]
component = "fit"
points = 1
fact = "industry"
words = ["word{number}"]
"""
        for number in range(15)
    )
    vendor = """
[[enrich.vendors]]
name = "file"
profile = "csv"
options = { file = "facts.csv" }
supplies = { industry = "company" }
price = 0.5
"""
    rules = place / "policy.toml"
    rules.write_text(rules.read_text("utf-8") + lists + vendor, "utf-8")
    assert run(["plan", str(place), "--workspace", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "enrich.vendors[file].supplies.industry" in said
    assert "fewer words in the parts of one fact" in said
