"""The folder by which one process asks the one that writes to the store to do something.

Who asks lays a file into it; the process that writes takes it, does it, and lays the answer beside
it. An errand is done at most once: the name of its file changes before it is begun, one that was
under way when a server ended is not done again, and one that nobody took is withdrawn. Each is one
transaction of the store, so that it is done or not, and never half.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

from leadfit.app.files import sync_names, write_whole
from leadfit.canonical import canonical, moment, plain
from leadfit.errors import Fault, LeadfitError, NotPossible, StoreBusy
from leadfit.log import logger
from leadfit.world import World

FOLDER: Final = "errands"
_OWNER_ONLY: Final = 0o700
_ASKED, _TAKEN, _DONE = ".asked", ".taken", ".done"
_WITHDRAWN: Final = ".withdrawn"
_LOOK_S: Final = 0.1
_TAKEN_WITHIN_S: Final = 10.0
_DONE_WITHIN_S: Final = 120.0
_FRESH: Final = timedelta(seconds=60)
_KEPT: Final = timedelta(hours=1)
_NOT_TAKEN: Final = (
    f"another process writes to the store and took nothing on within {_TAKEN_WITHIN_S:g} s: a"
    " command that runs long, such as leadfit import, or a server that does not answer. What was"
    " asked is withdrawn, nothing was done"
)

_log = logger("app.errands")

Said = Mapping[str, object]


class Unreadable(ValueError):  # noqa: N818 -- it says of an errand what it is
    """An errand does not say what it has to say."""


class ErrandFolder:
    """Lays errands, and takes them; safe to use from any thread.

    Args:
        world: Time and ids.
        workspace: The workspace.
    """

    def __init__(self, world: World, workspace: Path) -> None:
        self._world = world
        self._folder = workspace / FOLDER

    def ask(self, said: Said, busy: StoreBusy) -> Said:
        """Have the process that writes do something; return its answer.

        Args:
            said: What it is, with ``look``: where to see whether it was done.
            busy: Why this process cannot do it, raised where no server ever took errands here.

        Raises:
            LeadfitError: What doing it there has raised.
            StoreBusy: Nobody took it, and it is withdrawn; or no answer came.
        """
        if not self._folder.is_dir():
            raise busy
        name = self._world.new_id("errand")
        asked, done = (self._folder / f"{name}{end}" for end in (_ASKED, _DONE))
        try:
            self._forget_old()
            write_whole(asked, canonical({**said, "at": moment(self._world.now())}))
        except OSError as error:
            # The folder is another user's: whoever serves takes no errands from this one.
            raise busy from error
        self._wait_till_taken(asked)
        if not self._waited(done.exists, _DONE_WITHIN_S):
            what = f"the server took it and has not answered within {_DONE_WITHIN_S:g} s"
            raise StoreBusy(f"{what}; {said['look']}", 5.0)
        answer = json.loads(done.read_bytes())
        _wipe(done)
        if "error" in answer:
            raise _error_of(answer["error"])
        return cast("Said", answer)

    def _wait_till_taken(self, asked: Path) -> None:
        try:
            is_taken = self._waited(lambda: not asked.exists(), _TAKEN_WITHIN_S)
        except BaseException:
            # Who gave up waiting does not want it done later.
            _withdrawn(asked)
            raise
        if not is_taken and _withdrawn(asked):
            raise StoreBusy(_NOT_TAKEN, 5.0)

    def _waited(self, is_so: Callable[[], bool], most_s: float) -> bool:
        until_s = self._world.monotonic_s() + most_s
        while not is_so():
            if self._world.monotonic_s() >= until_s:
                return False
            self._world.wait(_LOOK_S)
        return True

    def open(self) -> None:
        """Make the folder, for this process takes errands now; end those a server left behind."""
        self._folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        self._folder.chmod(_OWNER_ONLY)
        for taken in sorted(self._folder.glob(f"*{_TAKEN}")):
            if taken.with_suffix(_DONE).exists():
                _wipe(taken)  # it was answered, and the server ended right behind that
                continue
            look = "look whether it was done"
            with suppress(OSError, ValueError, KeyError, TypeError):
                look = str(json.loads(taken.read_bytes())["look"])
            self._answer(taken, _refused(f"a server ended while it did this; {look}"))

    def round(self, limit: int, does: Callable[[Said], Said]) -> int:
        """Do what is asked, in the order it was asked in; return how many errands ended."""
        asked = sorted(self._folder.glob(f"*{_ASKED}"))[:limit]
        for each in asked:
            taken = each.with_suffix(_TAKEN)
            try:
                each.rename(taken)
            except FileNotFoundError:
                continue  # withdrawn
            # Else a power cut could leave the name of before behind what was done.
            sync_names(self._folder)
            self._world.reach("errand.taken")
            answer = self._done(taken, does)
            self._world.reach("errand.done")
            self._answer(taken, answer)
        self._forget_old()
        return len(asked)

    def _done(self, taken: Path, does: Callable[[Said], Said]) -> Said:
        try:
            said = cast("dict[str, object]", json.loads(taken.read_bytes()))
            if self._world.now() - datetime.fromisoformat(str(said["at"])) > _FRESH:
                return _refused("it was asked too long ago; ask again")
        except (OSError, ValueError, KeyError, TypeError) as error:
            return _unreadable(error)
        try:
            answer = does(said)
        except Unreadable as error:
            return _unreadable(error)
        except LeadfitError as error:
            _log.warning("errand.refused", code=error.code)
            return _failed(error)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of what another asks for
            _log.error("errand.failed", error=type(error).__name__)
            return _failed(LeadfitError("an error inside the server; its log has a line on it"))
        _log.info("errand.done")
        return answer

    def _answer(self, taken: Path, answer: Said) -> None:
        write_whole(taken.with_suffix(_DONE), canonical(answer))
        _wipe(taken)

    def _forget_old(self) -> None:
        """Drop answers that nobody fetched, and what was asked by a process that was killed."""
        ends = (_DONE, _ASKED, _WITHDRAWN)
        for each in (found for end in ends for found in self._folder.glob(f"*{end}")):
            with suppress(FileNotFoundError):  # its reader took it at this moment
                at = datetime.fromtimestamp(each.stat().st_mtime, tz=UTC)
                if self._world.now() - at > _KEPT:
                    _wipe(each)


def _withdrawn(asked: Path) -> bool:
    own = asked.with_suffix(_WITHDRAWN)
    try:
        asked.rename(own)
    except FileNotFoundError:
        return False
    _wipe(own)
    return True


def _wipe(path: Path) -> None:
    """Remove a file with its bytes: an errand may name a person who is to be erased."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _unreadable(error: Exception) -> Said:
    _log.warning("errand.unreadable", error=type(error).__name__)
    return _refused("the server cannot read it; run both as one user, of one version")


def _refused(why: str) -> Said:
    return _failed(NotPossible("errand", why))


def _failed(error: LeadfitError) -> Said:
    fields: dict[str, object] = {}
    for name, value in vars(error).items():
        with suppress(ValueError):
            fields[name] = plain(value)
    return {"error": {"code": error.code, "message": str(error), "fields": fields}}


def _error_of(said: Mapping[str, object]) -> LeadfitError:
    """Return an error as the server raised it: its class, its words and its fields."""
    kinds: dict[str, type[LeadfitError]] = {}
    found: list[type[LeadfitError]] = [LeadfitError]
    for kind in found:
        kinds.setdefault(kind.code, kind)
        found.extend(kind.__subclasses__())
    kind = kinds.get(str(said["code"]), LeadfitError)
    error = kind.__new__(kind, str(said["message"]))
    fields = dict(cast("dict[str, object]", said["fields"]))
    if "faults" in fields:
        faults = cast("list[dict[str, str]]", fields["faults"])
        fields["faults"] = tuple(Fault(**each) for each in faults)
    for name, value in fields.items():
        setattr(error, name, value)
    return error
