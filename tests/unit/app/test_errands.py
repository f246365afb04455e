"""Changing the policy while another process writes to the store."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.canonical import moment
from leadfit.errors import BadInput, NotFound, NotPossible, StoreBusy
from leadfit.jobs.files.plans import write_plan
from leadfit.records import Action
from leadfit.store import Session
from leadfit.store.outbox import Gate, GateState
from leadfit.store.publications import Change
from leadfit.store.views import ActionState
from leadfit.testing import FrozenWorld
from unit.app.test_health import SIGNAL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = create_workspace(tmp_path / "workspace")
    with open_leadfit(made) as leadfit:
        leadfit.accept(SIGNAL)
        leadfit.decide_pending()
    return made


@pytest.fixture
def served(folder: Path) -> Iterator[Leadfit]:
    with open_leadfit(folder) as leadfit:
        leadfit.start()
        yield leadfit


@pytest.fixture
def beside(folder: Path, served: Leadfit) -> Iterator[Leadfit]:
    """Open the workspace once more, as a command does beside a server."""
    assert served.folder == folder
    with open_leadfit(folder, sends=False) as leadfit:
        yield leadfit


def plan_of(leadfit: Leadfit, folder: Path, tier_one: int = 50) -> bytes:
    proposal = folder.parent / f"proposal-{tier_one}"
    shutil.copytree(folder / "policy", proposal)
    path = proposal / "policy.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("b_tier_one = 60", f"b_tier_one = {tier_one}"), "utf-8")
    return write_plan(leadfit.plans.plan(proposal))[0]


def test_a_plan_is_applied_by_the_server_that_writes(
    served: Leadfit, beside: Leadfit, folder: Path
) -> None:
    content = plan_of(beside, folder)
    made = beside.errands.apply(content, by="ada", reason="autumn")
    assert (made.change, made.by, made.reason) == (Change.APPLY, "ada", "autumn")
    assert served.policy.digest == made.policy_digest != made.before_policy
    served.close()  # what was asked is gone a moment after its answer is there
    assert list((folder / "errands").iterdir()) == []


def test_what_was_applied_is_taken_back_by_the_server_too(
    served: Leadfit, beside: Leadfit, folder: Path
) -> None:
    before = served.policy.digest
    beside.errands.apply(plan_of(beside, folder), by="ada", reason="autumn")
    made = beside.errands.rollback(by="ada", reason="too many calls")
    assert (made.change, served.policy.digest) == (Change.ROLLBACK, before)
    with pytest.raises(NotFound):
        beside.errands.rollback(by="ada", reason="no such", to="0" * 64)


def test_the_server_refuses_what_it_would_refuse_by_itself(
    served: Leadfit, beside: Leadfit, folder: Path
) -> None:
    first, second = plan_of(beside, folder), plan_of(beside, folder, 55)
    with open_leadfit(folder, sends=False) as another:
        another.errands.apply(second, by="ada", reason="autumn")
    with pytest.raises(BadInput, match="a plan made while"):
        beside.errands.apply(first, by="ben", reason="spring")
    assert [each.by for each in served.policies.history()] == ["ada"]


def leave_alone(leadfit: Leadfit) -> None:
    now = leadfit.world.now()
    until = now + timedelta(hours=3)
    gate = Gate(
        destination="crm", state=GateState.PAUSED, until=until, why="a quota", failing_since=now
    )
    dead = Action(
        key="k", kind="task", destination="ads", lead_id="l", assignment_id=None, due_at=now
    )

    def fill(session: Session) -> None:
        session.destinations.set_gate(gate, now)
        session.outbox.queue(dead, now)
        session.outbox.settle("k", ActionState.REFUSED, at=now, error="no")

    leadfit._store.write(fill)


def test_a_pause_is_ended_and_dead_letters_are_settled_by_the_server_too(
    served: Leadfit, beside: Leadfit
) -> None:
    leave_alone(served)
    gate = beside.errands.resume("crm", "ada")
    assert (gate.state, gate.why) == (GateState.PAUSED, "a quota")
    with pytest.raises(NotPossible, match="not left alone"):
        beside.errands.resume("crm", "ada")
    with pytest.raises(NotFound):
        beside.errands.resume("chat", "ada")
    assert beside.errands.drop("k", "ada").key == "k"
    with pytest.raises(NotFound):
        beside.errands.retry("k", "ada")
    assert served.deliveries.dead_letters() == ()


def test_what_the_server_does_not_do_is_said_in_its_words(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        lay(folder, leadfit, "errand_1.asked", what="resume", destination="crm")
        lay(folder, leadfit, "errand_2.taken", what="retry", key="k", look="leadfit outbox says")
        leadfit.errands.open()
        assert leadfit.errands.round(9) == 1
    assert answer(folder, "errand_1.done") == "there is no destination 'crm'"
    assert "leadfit outbox says" in answer(folder, "errand_2.done")


def test_what_nobody_takes_is_withdrawn(folder: Path) -> None:
    with (
        open_leadfit(folder) as writer,
        open_leadfit(folder, world=FrozenWorld(), sends=False) as beside,
    ):
        writer.accept({**SIGNAL, "event_id": "2"})
        writer.errands.open()
        with pytest.raises(StoreBusy, match="another process writes"):
            beside.errands.apply(plan_of(beside, folder), by="ada", reason="autumn")
        assert list((folder / "errands").iterdir()) == []
        assert writer.errands.round(9) == 0


def lay(folder: Path, leadfit: Leadfit, name: str, **said: object) -> None:
    leadfit.errands.open()
    at = moment(leadfit.world.now())
    text = json.dumps({"at": at, "by": "ada", "reason": "x", "what": "rollback", "to": None} | said)
    (folder / "errands" / name).write_text(text)


def answer(folder: Path, name: str) -> str:
    return str(json.loads((folder / "errands" / name).read_bytes())["error"]["message"])


def test_an_errand_that_was_under_way_when_a_server_ended_is_not_done_again(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.policies.apply(plan_of(leadfit, folder), by="ada", reason="autumn")
        lay(folder, leadfit, "errand_1.taken")
        leadfit.errands.open()
        assert leadfit.errands.round(9) == 0
        assert len(leadfit.policies.history()) == 1
    assert "a server ended while it did this" in answer(folder, "errand_1.done")


def test_an_errand_of_long_ago_is_not_done(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.policies.apply(plan_of(leadfit, folder), by="ada", reason="autumn")
        late = moment(leadfit.world.now() - timedelta(minutes=2))
        lay(folder, leadfit, "errand_1.asked", at=late)
        assert leadfit.errands.round(9) == 1
        assert len(leadfit.policies.history()) == 1
    assert "too long ago" in answer(folder, "errand_1.done")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"at": "9999-01-01T00:00:00Z"}'])
def test_what_is_no_errand_disturbs_nobody(folder: Path, content: bytes) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
        (folder / "errands" / "errand_1.asked").write_bytes(content)
        assert leadfit.errands.round(9) == 1
    assert "cannot read it" in answer(folder, "errand_1.done")


def test_only_the_owner_of_the_workspace_may_lay_an_errand(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
    assert (folder / "errands").stat().st_mode & 0o777 == 0o700


def test_without_a_server_ever_nothing_is_waited_for(folder: Path) -> None:
    world = FrozenWorld()
    with open_leadfit(folder) as writer, open_leadfit(folder, world=world, sends=False) as beside:
        writer.keys.create("read")
        writer.accept({**SIGNAL, "event_id": "2"})
        before = world.monotonic_s()
        with pytest.raises(StoreBusy):
            beside.errands.apply(plan_of(beside, folder), by="ada", reason="autumn")
        assert world.monotonic_s() == before


def test_an_answer_that_nobody_fetched_is_dropped_after_an_hour(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
        old, new = (folder / "errands" / f"errand_{each}.done" for each in (1, 2))
        for path in (old, new):
            path.write_text("{}")
        then = new.stat().st_mtime - 2 * 3600
        os.utime(old, (then, then))
        assert leadfit.errands.round(9) == 0
        assert [old.exists(), new.exists()] == [False, True]


def test_what_was_withdrawn_is_wiped_also_where_its_process_was_killed(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
        left = folder / "errands" / "errand_1.withdrawn"
        left.write_text('{"person": "eve@example.com"}')
        then = left.stat().st_mtime - 2 * 3600
        os.utime(left, (then, then))
        leadfit.errands.round(9)
        assert not left.exists()
