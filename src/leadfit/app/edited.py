"""What the policy folder of a workspace says that is not in force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leadfit import policy as policies
from leadfit.app.in_force import PEOPLE_FILES
from leadfit.errors import BadPolicy, Fault
from leadfit.policy import Difference, Policy
from leadfit.policy.load import FILES

_Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What the policy folder says that is not in force.

    Attributes:
        differences: Keys and rows that wait for a plan to be applied.
        faults: Why the folder cannot be used; nothing can be planned from it then.
        files: The files in which it is.
    """

    differences: tuple[Difference, ...] = ()
    faults: tuple[Fault, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Something in the folder is not in force."""
        return bool(self.differences or self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """How the policy folder stands to what is in force, for a summary.

    Attributes:
        differs: Files that say something else.
        is_usable: A plan can be made of the folder.
        words: Both for a person, with what to do.
    """

    differs: tuple[str, ...] = ()
    is_usable: bool = True
    words: tuple[str, ...] = ()


def state_of(edited: Edited) -> FolderState:
    """Return how the folder stands, in words."""
    if edited.faults:
        count = len(edited.faults)
        more = f", and {count - 1} more; leadfit policy diff names all" if count > 1 else ""
        words = f"the policy folder cannot be used: {edited.faults[0]}{more}"
        return FolderState(differs=edited.files, is_usable=False, words=(words,))
    words_of = tuple(
        f"{each} differs from what is in force: {_next(each)}" for each in edited.files
    )
    return FolderState(differs=edited.files, words=words_of)


def _next(name: str) -> str:
    if name in PEOPLE_FILES:
        return "leadfit serve takes it over within seconds"
    return "leadfit plan shows it, leadfit apply puts it in force"


class EditedFolder:
    """Compares the policy folder with what is in force; safe to use from any thread.

    A folder that nobody touched since the latest look is not read again: whoever asks whether a
    server is ready asks often.

    Args:
        folder: The policy folder.
        policy: Returns the policy in force.
    """

    def __init__(self, folder: Path, policy: Callable[[], Policy]) -> None:
        self._folder = folder
        self._policy = policy
        self._lock = threading.Lock()
        self._latest: tuple[_Stamp, Edited] | None = None

    def now(self) -> Edited:
        """Return what the folder says that is not in force."""
        present = self._policy()
        stamp = (present.digest, *(_stamp(self._folder / name) for name in FILES))
        with self._lock:
            if self._latest is None or self._latest[0] != stamp:
                self._latest = stamp, _compare(self._folder, present)
            return self._latest[1]


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _compare(folder: Path, present: Policy) -> Edited:
    files = tuple(name for name in FILES if not _same(folder / name, present.files[name]))
    if not files:
        return Edited()
    try:
        found = policies.load(folder)
    except BadPolicy as error:
        return Edited(faults=tuple(error.faults), files=files)
    differences = policies.diff(present, found)
    if not differences:
        return Edited()
    return Edited(differences=differences, files=_that_matter(files, present, found.files))


def _that_matter(
    files: tuple[str, ...], present: Policy, found: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Leave out files in which only comments or the like are other."""
    return tuple(each for each in files if len(files) == 1 or _matters(each, present, found))


def _matters(name: str, present: Policy, found: Mapping[str, bytes]) -> bool:
    try:
        alone = policies.from_files({**present.files, name: found[name]})
    except BadPolicy:
        return True  # it holds together with the others only
    return bool(policies.diff(present, alone))


def _same(path: Path, held: bytes) -> bool:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n") == held.replace(b"\r\n", b"\n")
    except OSError:
        return False
