"""Kills a process at every named failpoint and at random ones, and checks what is left.

Each case is a process of its own, forked from one that has imported everything: it tells the story
and is killed by SIGKILL on the way. A second process begins again on what is left and brings it to
rest; what then stands in the store is held to what was written down outside.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from leadfit.app.files import DATABASE
from leadfit.app.leadfit import Leadfit
from leadfit.app.settings import Settings
from leadfit.resolve import domain_key
from leadfit.testing.crash.outside import Outside, time_of
from leadfit.testing.crash.story import BEGINS, finish, open_at, tell, write_export
from leadfit.testing.crash.vendors import add_hook, add_seller
from leadfit.testing.crash.world import KillingWorld
from leadfit.testing.sim import Effect, History
from leadfit.testing.sim.check import faults
from leadfit.testing.sim.history import Acknowledged, Touch
from leadfit.world import SystemWorld, seeded

_KILLED: Final = -signal.SIGKILL
_CHECKED: Final = (
    "signals", "decisions", "leads", "assignments", "clocks", "outbox", "feedback", "reviews",
    "merges", "keys", "refused_signals", "lifts", "purchases", "vendor_calls", "vendor_budgets",
)  # fmt: skip
_PATIENCE_S: Final = 0.03
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillPoint:
    """Where a process is killed.

    Attributes:
        failpoint: The named point; ``None`` for the ``time``-th of all points.
        time: Which time it is reached.
    """

    failpoint: str | None
    time: int

    def __str__(self) -> str:
        return f"{self.failpoint or 'point'} {self.time}"


class Bench:
    """A place where processes are killed, one after another, each on its own copy.

    Args:
        folder: Scratch space.
        template: A workspace that is copied for each case.
        settings: Makes an empty store of a case, given the case's folder; SQLite by default.
        rows: Reads the tables of that store into the SQLite file that is checked; by default the
            store is that file.

    Attributes:
        keep_to: Where the folder of a case is kept when it is done; ``None`` throws it away.
    """

    def __init__(
        self,
        folder: Path,
        template: Path,
        *,
        settings: Callable[[], Settings] = Settings,
        rows: Callable[[Settings, Path, Sequence[str]], None] | None = None,
    ) -> None:
        self._folder = folder
        self._template = template
        self._settings = settings
        self._rows = rows
        self._export = folder / "export"
        self.keep_to: Path | None = None
        write_export(self._export)
        # The list of public suffixes is read once here, not by every child for itself.
        domain_key("acme.com")

    def points(self) -> Counter[str]:
        """Return how often the whole story passes each named point, with nobody killed."""
        with self._case() as (place, told, settings):
            counted = place / "counted.json"

            def count() -> None:
                world = self._tell(place, told, settings, KillingWorld(forward_s=_forward_s()))
                counted.write_text(json.dumps(world.reached), "utf-8")

            if (status := _in_a_process(count, place)) != 0:
                raise RuntimeError(f"the story ended with {status}: {_why(place)}")
            return Counter(json.loads(counted.read_text("utf-8")))

    def run(self, case: KillPoint) -> list[str]:
        """Kill a process there and return what does not hold afterwards, in words."""
        with self._case() as (place, told, settings):
            world = KillingWorld(forward_s=_forward_s(), failpoint=case.failpoint, time=case.time)
            status = _in_a_process(lambda: self._tell(place, told, settings, world), place)
            if status == 0 and case.time > 1:
                # How often a point is passed depends on what fell into one group of commits.
                return self.run(replace(case, time=case.time // 2))
            if status != _KILLED:
                return [f"{case}: the process ended with {status}: {_why(place)}"]
            forward_s = [float(str(each["forward_s"])) for each in told.told("time")]
            again = KillingWorld(forward_s=max(forward_s, default=_forward_s()) + 60.0)
            status = _in_a_process(lambda: self._finish(place, told, settings, again), place)
            if status != 0:
                return [f"{case}: the process that began again ended with {status}: {_why(place)}"]
            file = place / "workspace" / DATABASE
            if self._rows is not None:
                file = place / "rows.sqlite3"
                self._rows(settings, file, _CHECKED)
            if self.keep_to is not None:
                shutil.copytree(place, self.keep_to)
            return [f"{case}: {fault}" for fault in faults_of(file, told)]

    def _case(self) -> _Place:
        return _Place(self._folder / "case", self._template, self._settings())

    def _tell(
        self, place: Path, told: Outside, settings: Settings, world: KillingWorld
    ) -> KillingWorld:
        stage = open_at(place / "workspace", world, told, settings)
        with stage.leadfit:
            tell(stage, self._export)
        return world

    def _finish(self, place: Path, told: Outside, settings: Settings, world: KillingWorld) -> None:
        stage = open_at(place / "workspace", world, told, settings)
        with stage.leadfit as leadfit:
            finish(stage, patience_s=0.0 if self._rows is None else _PATIENCE_S)
            found = leadfit.verify()
            if not found.intact:
                raise RuntimeError(f"the log does not hold: {found.faults[0]}")
            _check_replay(leadfit)
            _check_in_force(leadfit, told)


def _forward_s() -> float:
    """Return the seconds from now to the day on which the story begins."""
    return (BEGINS - SystemWorld().now()).total_seconds()


class _Place:
    """The folder of one case, gone when it is done."""

    def __init__(self, folder: Path, template: Path, settings: Settings) -> None:
        self._folder, self._template, self._settings = folder, template, settings
        self._told: Outside | None = None

    def __enter__(self) -> tuple[Path, Outside, Settings]:
        shutil.rmtree(self._folder, ignore_errors=True)
        workspace = self._folder / "workspace"
        shutil.copytree(self._template, workspace)
        add_hook(workspace / "policy")
        add_seller(workspace)
        # A store in a file is made within the story, so that a process dies at that, too.
        (workspace / DATABASE).unlink(missing_ok=True)
        self._told = Outside(self._folder / "outside")
        return self._folder, self._told, self._settings

    def __exit__(self, *_: object) -> None:
        if self._told is not None:
            self._told.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def named_cases(points: Counter[str], most: int) -> Iterator[KillPoint]:
    """Yield up to ``most`` times of each named point: the first, the last, and between."""
    for name, times in sorted(points.items()):
        steps = max(1, min(most, times))
        chosen = {1 + round(step * (times - 1) / max(1, steps - 1)) for step in range(steps)}
        for time in sorted(chosen):
            yield KillPoint(failpoint=name, time=time)


def random_cases(points: Counter[str], many: int, seed: int) -> Iterator[KillPoint]:
    """Yield ``many`` points of the story by their number in it."""
    random = seeded("crash matrix", seed)
    for _ in range(many):
        yield KillPoint(failpoint=None, time=random.randint(1, points.total()))


def _in_a_process(work: Callable[[], object], place: Path) -> int:
    """Do ``work`` in a child; return its exit status, or the negative number of its signal."""
    with warnings.catch_warnings():
        # Threads may run beside, of a numeric library or a test runner; the child needs none.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 -- the outermost edge of the child
            (place / "error.txt").write_text(traceback.format_exc(), "utf-8")
        finally:
            os._exit(status)
    _, waited = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(waited)


def _why(place: Path) -> str:
    path = place / "error.txt"
    return path.read_text("utf-8")[-1000:] if path.exists() else ""


def _check_replay(leadfit: Leadfit) -> None:
    found = leadfit.replay()
    if not found.holds or found.without_inputs:
        raise RuntimeError(f"a decision comes out otherwise: {found}")


def _check_in_force(leadfit: Leadfit, told: Outside) -> None:
    for what, there in (("artifact", leadfit.artifact), ("card", leadfit.card)):
        said = told.told(what)
        if said and (there is None or there.digest != said[-1]["digest"]):
            raise RuntimeError(f"the {what} that was published is not in force")
    if told.told("erased") and leadfit.persons.erase_again():
        raise RuntimeError("somebody who was erased has come back")


def faults_of(file: Path, told: Outside) -> Iterator[str]:
    """Yield everything that does not hold of a store and what was written down, in words."""
    yield from faults(file, _history(told))
    with closing(sqlite3.connect(file)) as connection:
        yield from _acknowledged(connection, told)


def _history(told: Outside) -> History:
    """Put together what was seen from outside, as the checker reads it."""
    return History(
        acknowledged=[
            Acknowledged(
                signal_id=str(each["signal_id"]), source="", event_id=str(each["signal_id"]),
                at=_EPOCH,
            )
            for each in told.told("signal")
        ],
        effects=[
            Effect(
                destination=str(each["destination"]), key=str(each["key"]),
                kind=str(each["kind"]), lead_id=str(each["lead_id"]), recipients=(),
                at=time_of(each["at"]), due_at=time_of(each["due_at"]), is_repeat=False,
                answered=True, is_marked=False,
            )
            for each in told.told("effect")
        ],
        touches=[
            Touch(lead_id=str(each["lead_id"]), by="", at=time_of(each["at"]))
            for each in told.told("touch")
        ],
    )  # fmt: skip


def _acknowledged(connection: sqlite3.Connection, told: Outside) -> Iterator[str]:
    """What a person was told is done is on record."""
    for what, kind in (("touch", "touched"), ("accepted", "accepted"), ("rejected", "rejected")):
        for each in told.told(what):
            lead_id = each["lead_id"]
            if not _is_there(connection, "feedback WHERE lead_id = ? AND kind = ?", lead_id, kind):
                yield f"{what} of {lead_id} was acknowledged and is not on record"
    for what, there in (
        ("reviewed", "reviews WHERE review_id = ? AND decided_us IS NOT NULL"),
        ("merged", "merges WHERE merge_id = ?"),
        ("assigned", "assignments WHERE assignment_id = ?"),
        ("unmerged", "merges WHERE merge_id = ? AND undone_us IS NOT NULL"),
        ("lifted", "lifts WHERE decision_id = ?"),
        ("key", "keys WHERE prefix = ? AND revoked_us IS NULL"),
        ("refused", "refused_signals WHERE event_id = ?"),
    ):
        for each in told.told(what):
            (record_id,) = (value for name, value in each.items() if name != "what")
            if not _is_there(connection, there, record_id):
                yield f"{record_id} was {what}, which was acknowledged and is not on record"
    yield from _bought(connection)
    repeated = [key for key, times in Counter(_keys(told)).items() if times > 1]
    for key in repeated:
        yield f"action {key} was done twice"


def _bought(connection: sqlite3.Connection) -> Iterator[str]:
    """Purchases have ended, none was asked more than twice, and the budget says what calls cost."""
    for purchase_id, state in connection.execute(
        "SELECT purchase_id, state FROM purchases WHERE state IN ('wanted', 'asked')"
    ):
        yield f"purchase {purchase_id} is still {state}"
    for purchase_id, calls in connection.execute(
        "SELECT purchase_id, count(*) FROM vendor_calls GROUP BY purchase_id HAVING count(*) > 2"
    ):
        yield f"purchase {purchase_id} was asked {calls} times"
    (cost,) = connection.execute("SELECT coalesce(sum(money), 0) FROM vendor_calls").fetchone()
    spent, reserved = connection.execute(
        "SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0) FROM vendor_budgets"
        " WHERE unit = 'money'"
    ).fetchone()
    if spent != cost or reserved:
        yield f"calls cost {cost}, the budget says {spent} and {reserved} set aside"


def _keys(told: Outside) -> Iterator[str]:
    for each in told.told("effect"):
        yield str(each["key"])


def _is_there(connection: sqlite3.Connection, where: str, *values: object) -> bool:
    found = connection.execute(f"SELECT 1 FROM {where} LIMIT 1", values)  # noqa: S608 -- fixed texts of this module
    return found.fetchone() is not None
