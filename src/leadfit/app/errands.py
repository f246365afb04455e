"""What one process asks the one that writes to the store to do: change the policy, send again.

A workspace in a file has one writer, which is the server while one runs. Whoever applies a plan or
settles a dead letter beside it lays an errand into a folder of the workspace that only its owner
may use; the server does it, by the same checks as ever, and lays the answer beside it. An errand is
done at most once: one that was under way when a server ended is not done again, and one that nobody
took is withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

from leadfit.app.changing import Changing
from leadfit.app.delivering import Delivering
from leadfit.app.files import write_whole
from leadfit.canonical import canonical, moment, plain
from leadfit.errors import BadInput, Fault, LeadfitError, NotPossible, Retryable, StoreBusy
from leadfit.log import logger
from leadfit.store.outbox import DeadLetter, Gate
from leadfit.store.publications import Publication
from leadfit.world import World

FOLDER: Final = "errands"
_OWNER_ONLY: Final = 0o700
_ASKED, _TAKEN, _DONE = ".asked", ".taken", ".done"
# How long two processes on one machine wait for each other.
_LOOK_S: Final = 0.1
_TAKEN_WITHIN_S: Final = 10.0
_DONE_WITHIN_S: Final = 120.0
_FRESH: Final = timedelta(seconds=60)
_KEPT: Final = timedelta(hours=1)
_CHANGE: Final = "change"
_DELIVERIES: Final = frozenset({"retry", "drop", "resume"})

_log = logger("app.errands")

Said = Mapping[str, object]


class Errands:
    """Changes the policy here, or has the process that writes do it; safe to use from any thread.

    Args:
        world: Time and ids.
        folder: The workspace.
        policies: Changes the policy where this process may write.
        deliveries: Settles dead letters and ends pauses there.
    """

    def __init__(
        self, world: World, folder: Path, policies: Changing, deliveries: Delivering
    ) -> None:
        self._world = world
        self._folder = folder / FOLDER
        self._policies = policies
        self._deliveries = deliveries

    def apply(self, content: bytes, *, by: str, reason: str) -> Publication:
        """Publish exactly the policy of a plan; see :meth:`leadfit.app.changing.Changing.apply`.

        Raises:
            BadInput: It is no plan, changes nothing, or is stale.
            StoreBusy: Another process writes to the store and takes no errands.
        """
        said = {"what": "apply", "by": by, "reason": reason}
        try:
            return self._policies.apply(content, by=by, reason=reason)
        except StoreBusy as busy:
            return self._publication(self._ask({**said, "plan": content.decode()}, busy))

    def rollback(self, *, by: str, reason: str, to: str | None = None) -> Publication:
        """Put back what was in force; see :meth:`leadfit.app.changing.Changing.rollback`.

        Raises:
            BadInput: There is nothing before, or it does not fit the people of today.
            NotFound: No such policy was in force.
            StoreBusy: Another process writes to the store and takes no errands.
        """
        try:
            return self._policies.rollback(by=by, reason=reason, to=to)
        except StoreBusy as busy:
            said = {"what": "rollback", "by": by, "reason": reason, "to": to}
            return self._publication(self._ask(said, busy))

    def retry(self, key: str, by: str) -> DeadLetter:
        """Let a dead letter be tried again; see :meth:`leadfit.app.delivering.Delivering.retry`.

        Raises:
            NotFound: Nothing dead has this key.
            StoreBusy: Another process writes to the store and takes no errands.
        """
        letter = self._deliveries.dead_letter(key)
        self._settle("retry", key, by)
        return letter

    def drop(self, key: str, by: str) -> DeadLetter:
        """Give a dead letter up for good; see :meth:`leadfit.app.delivering.Delivering.drop`.

        Raises:
            NotFound: Nothing dead has this key.
            StoreBusy: Another process writes to the store and takes no errands.
        """
        letter = self._deliveries.dead_letter(key)
        self._settle("drop", key, by)
        return letter

    def resume(self, destination: str, by: str) -> Gate:
        """End a pause of a destination; see :meth:`leadfit.app.delivering.Delivering.resume`.

        Raises:
            NotFound: Nothing was ever sent to a destination of that name.
            NotPossible: It is not left alone.
            StoreBusy: Another process writes to the store and takes no errands.
        """
        gate = self._deliveries.held(destination)
        self._settle("resume", destination, by)
        return gate

    def _settle(self, what: str, key: str, by: str) -> None:
        try:
            self._deliver(what, key, by)
        except StoreBusy as busy:
            self._ask({"what": what, "key": key, "by": by, "reason": ""}, busy)

    def _deliver(self, what: str, key: str, by: str) -> None:
        if what == "retry":
            self._deliveries.retry(key, by)
        elif what == "drop":
            self._deliveries.drop(key, by)
        else:
            self._deliveries.resume(key, by)

    def _ask(self, said: Said, busy: StoreBusy) -> Said:
        if not self._folder.is_dir():
            raise busy
        name = self._world.new_id("errand")
        asked = self._folder / f"{name}{_ASKED}"
        try:
            write_whole(asked, canonical({**said, "at": moment(self._world.now())}))
        except OSError as error:
            # The folder is another user's: whoever serves takes no errands from this one.
            raise busy from error
        done = self._folder / f"{name}{_DONE}"
        if not self._waited(lambda: not asked.exists(), _TAKEN_WITHIN_S) and _withdrawn(asked):
            raise busy
        if not self._waited(done.exists, _DONE_WITHIN_S):
            raise StoreBusy(f"it was handed to the server; {_says(str(said['what']))}", 5.0)
        answer: Said = json.loads(done.read_bytes())
        done.unlink()
        return _checked(answer)

    def _waited(self, is_so: Callable[[], bool], most_s: float) -> bool:
        until_s = self._world.monotonic_s() + most_s
        while not is_so():
            if self._world.monotonic_s() >= until_s:
                return False
            self._world.wait(_LOOK_S)
        return True

    def _publication(self, answer: Said) -> Publication:
        self._policies.follow()
        return next(each for each in self._policies.history() if each.number == answer["number"])

    def open(self) -> None:
        """Make the folder, for this process takes errands now; end those a server left behind."""
        self._folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        self._folder.chmod(_OWNER_ONLY)
        for taken in sorted(self._folder.glob(f"*{_TAKEN}")):
            said = _says(_what_of(taken))
            self._answer(taken, _refused(f"a server ended while it did this; {said}"))

    def round(self, limit: int) -> int:
        """Do what is asked, in the order it was asked in; return how many errands ended."""
        asked = sorted(self._folder.glob(f"*{_ASKED}"))[:limit]
        for each in asked:
            taken = each.with_suffix(_TAKEN)
            try:
                each.rename(taken)
            except FileNotFoundError:
                continue  # withdrawn
            self._answer(taken, self._do(taken))
        self._forget_old()
        return len(asked)

    def _do(self, taken: Path) -> Said:
        try:
            said = json.loads(taken.read_bytes())
            at, by, reason = datetime.fromisoformat(said["at"]), str(said["by"]), said["reason"]
            if self._world.now() - at > _FRESH:
                return _refused("it was asked too long ago; ask again")
            done = self._done(said, by, reason)
        except LeadfitError as error:
            _log.warning("errand.refused", code=error.code)
            return _failed(error, _what_of(taken))
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("errand.unreadable", error=type(error).__name__)
            return _refused("the server cannot read it; run both as one user")
        _log.info("errand.done")
        return done

    def _done(self, said: Said, by: str, reason: str) -> Said:
        what = str(said["what"])
        if what in _DELIVERIES:
            self._deliver(what, str(said["key"]), by)
            return {"number": 0}
        if what == "apply":
            content = str(said["plan"]).encode()
            return {"number": self._policies.apply(content, by=by, reason=reason).number}
        to = said["to"]
        made = self._policies.rollback(by=by, reason=reason, to=None if to is None else str(to))
        return {"number": made.number}

    def _answer(self, taken: Path, answer: Said) -> None:
        write_whole(taken.with_suffix(_DONE), canonical(answer))
        taken.unlink()

    def _forget_old(self) -> None:
        """Drop answers that nobody fetched."""
        for each in self._folder.glob(f"*{_DONE}"):
            with suppress(FileNotFoundError):  # its reader took it at this moment
                at = datetime.fromtimestamp(each.stat().st_mtime, tz=UTC)
                if self._world.now() - at > _KEPT:
                    each.unlink()


def _withdrawn(asked: Path) -> bool:
    try:
        asked.unlink()
    except FileNotFoundError:
        return False
    return True


def _checked(answer: Said) -> Said:
    """Return an answer of success; raise what another one says."""
    if "number" in answer:
        return answer
    faults = [Fault(**each) for each in cast("list[dict[str, str]]", answer["faults"])]
    message = str(answer["message"])
    if faults:
        raise BadInput(faults)
    if answer["may_pass"]:
        raise StoreBusy(message, 5.0)
    raise NotPossible(str(answer["what"]), message)


def _what_of(taken: Path) -> str:
    """Return what an errand asks for; a change of the policy where it cannot be read."""
    try:
        what = str(json.loads(taken.read_bytes())["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return _CHANGE
    return what if what in _DELIVERIES else _CHANGE


def _says(what: str) -> str:
    """Return what tells the end of an errand that nobody answered."""
    where = "outbox" if what in _DELIVERIES else "policy history"
    return f"leadfit {where} says what came of it"


def _failed(error: LeadfitError, what: str) -> Said:
    faults = error.faults if isinstance(error, BadInput) else ()
    return {
        **_refused(str(error), what),
        "faults": plain(faults),
        "may_pass": isinstance(error, Retryable),
    }


def _refused(message: str, what: str = _CHANGE) -> Said:
    return {"what": what, "message": message, "faults": [], "may_pass": False}
