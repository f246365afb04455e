"""Shadow mode: all is decided, nothing leaves, and it is compared with the incumbent."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leadfit import Leadfit
from leadfit.cli import run
from leadfit.store.views import ActionState
from stories.policy_changes.changing import START, beside, edit, look, planned, send


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


def test_a_promise_made_live_is_kept_over_a_time_in_shadow_mode(
    folder: Path, leadfit: Leadfit, tmp_path: Path
) -> None:
    edit(folder / "policy", ('mode = "live"', 'mode = "shadow"'))
    assert any(look(leadfit))
    given_in_shadow = send(leadfit, 1)
    shadow(leadfit, tmp_path, "shadow", "live")
    told, touched = send(leadfit, 2), send(leadfit, 3)
    assert leadfit.deliver() > 0
    untold = send(leadfit, 4)
    shadow(leadfit, tmp_path, "live", "shadow")
    leadfit.world.wait(3600)
    leadfit.touch(touched, by="rep_ada", at=leadfit.world.now())
    leadfit.world.wait(3 * 86_400)
    leadfit.routing.sweep()
    assert leadfit.run_clocks() == leadfit.deliver() == 0
    shadow(leadfit, tmp_path, "shadow", "live")
    assert leadfit.run_clocks() > 0
    for lead_id, is_late in ((told, True), (touched, False), (untold, False)):
        clocks = leadfit.lead(lead_id).clocks
        assert any(each.breached_at is not None for each in clocks) is is_late
    (late, *_) = [each.late_by_s for each in leadfit.lead(told).clocks if each.late_by_s]
    assert late > 86_400
    stopped = {each.stopped_by for each in leadfit.lead(untold).clocks}
    assert stopped - {"assigned"} == {"withheld"}
    assert all(each.breached_at is None for each in leadfit.lead(given_in_shadow).clocks)
    assert leadfit.deliver() > 0
    assert leadfit.run_clocks() == 0


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
