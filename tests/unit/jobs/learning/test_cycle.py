"""Learning once a cycle while a workspace is served."""

from __future__ import annotations

from pathlib import Path

from leadfit import policy as policies
from leadfit.errors import BadInput, Fault
from leadfit.jobs.learning.cycle import Cycle
from leadfit.policy import Policy
from leadfit.store import SqliteStore
from leadfit.store.past import LearningRun
from leadfit.testing import FrozenWorld

HOUR_S = 3600.0


def policy_of(folder: Path, every_hours: float) -> Policy:
    folder.mkdir()
    for name, content in policies.starter_files().items():
        text = content.decode()
        text = text.replace("every_hours = 0 ", f"every_hours = {every_hours} ")
        (folder / name).write_text(text, "utf-8")
    found = policies.load(folder)
    assert found.learn.every_hours == every_hours
    return found


def test_a_run_begins_when_the_latest_is_a_cycle_old(
    tmp_path: Path, world: FrozenWorld, store: SqliteStore
) -> None:
    policy, runs = policy_of(tmp_path / "policy", 6), list[float]()
    at = world.now()
    run = LearningRun(at=at, as_of=at, artifact_digest=None, published=False)
    store.write(lambda session: session.past.add_learning(run))
    cycle = Cycle(world, store, lambda: policy, lambda: runs.append(world.monotonic_s()))
    for _ in range(30):
        assert cycle.round(10) == 0
        world.pass_time(HOUR_S)
    assert runs == [6 * HOUR_S, 12 * HOUR_S, 18 * HOUR_S, 24 * HOUR_S]


def test_a_run_that_cannot_be_made_is_tried_a_cycle_later(
    tmp_path: Path, world: FrozenWorld, store: SqliteStore
) -> None:
    policy, tries = policy_of(tmp_path / "policy", 1), list[int]()

    def refuse() -> None:
        tries.append(1)
        raise BadInput(Fault(place="history", came="nothing", allowed="an import"))

    cycle = Cycle(world, store, lambda: policy, refuse)
    cycle.round(10)
    cycle.round(10)
    assert len(tries) == 1
    world.pass_time(HOUR_S)
    cycle.round(10)
    assert len(tries) == 2


def test_without_a_cycle_nothing_is_learned(
    tmp_path: Path, world: FrozenWorld, store: SqliteStore
) -> None:
    policy, runs = policy_of(tmp_path / "policy", 0), list[int]()
    Cycle(world, store, lambda: policy, lambda: runs.append(1)).round(10)
    assert runs == []
