"""Files of a workspace beside its store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar

from leadfit import artifact as artifacts
from leadfit.artifact import Artifact
from leadfit.errors import BadInput, Fault, shorten
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.card import Card
from leadfit.resolve.model.starter import starter_card
from leadfit.world import World

DATABASE: Final = "leadfit.sqlite3"
_FOLDERS: Final = ("policy", "artifacts", "cards", "reports", "errands")
_BESIDE: Final = re.compile(r"\.(\d+)\.new$")
_LEFT_OVER: Final = timedelta(hours=1)
SECRET: Final = "secret.key"  # noqa: S105 -- the name of a file


def make_secret(path: Path, world: World) -> None:
    """Write a new secret, readable by its owner alone."""
    opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(opened, world.token().encode())
        os.fsync(opened)
    finally:
        os.close(opened)
    sync_names(path.parent)


def read_secret(path: Path) -> bytes:
    """Return the secret by which digests are keyed."""
    return path.read_bytes().strip()


def current_artifact(place: Path) -> Artifact | None:
    """Return the artifact that was in force last.

    Raises:
        BadInput: It is not there, damaged, changed, or of a version this one cannot read.
    """
    way = "remove this file and run `leadfit learn`"
    return _current(place / "artifacts" / "current", artifacts.from_json, "artifact", way)


def current_card(place: Path) -> Card:
    """Return the model card that was in force last, or the starter card.

    Raises:
        BadInput: It is not there, damaged, changed, or of a version this one cannot read.
    """
    way = "remove this file to begin again with the card Leadfit brings"
    return _current(place / "cards" / "current", cards.from_json, "card", way) or starter_card()


class _Kept(Protocol):
    @property
    def digest(self) -> str: ...


K = TypeVar("K", bound=_Kept)


def _current(current: Path, read: Callable[[str], K], what: str, way: str) -> K | None:
    """Return what ``current`` names, or ``None`` where nothing was put in force yet."""
    if not current.is_file():
        return None
    allowed = f"the name of the {what} as written; restore it, or {way}"
    try:
        path = current.parent / current.read_text("utf-8").strip()
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        came = shorten(str(error))
        raise BadInput(Fault(place=str(current), came=came, allowed=allowed)) from error
    try:
        found = read(text)
    except BadInput as error:
        fault = Fault(place=str(current), came=path.name, allowed=allowed)
        raise BadInput([*error.faults, fault]) from error
    if found.digest != path.stem:
        came = f"{path.name}, whose digest is {found.digest}"
        raise BadInput(Fault(place=str(current), came=came, allowed=allowed))
    return found


def keep_card(place: Path, card: Card) -> None:
    """Write a model card and name it as the one in force."""
    folder = place / "cards"
    folder.mkdir(exist_ok=True)
    name = f"{card.digest}.json"
    write_whole(folder / name, cards.to_json(card).encode())
    write_whole(folder / "current", name.encode())


def write_artifact(place: Path, artifact: Artifact) -> str:
    """Write an artifact into a workspace, without putting it in force; return its file's name."""
    folder = place / "artifacts"
    folder.mkdir(exist_ok=True)
    name = f"{artifact.digest}.json"
    write_whole(folder / name, artifacts.to_json(artifact).encode())
    return name


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old one or the new one."""
    # Of two processes that write at once each has a file of its own beside it.
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_names(path.parent)


def can_write(path: Path) -> bool:
    """Return whether a file or folder can be written to by this process, as the system says."""
    return os.access(path, os.W_OK)


def drop_leftovers(place: Path, now: datetime) -> int:
    """Remove what :func:`write_whole` left in a workspace when its process was killed.

    Such a file names its process. It is removed once no process of this machine has that number
    and the file is an hour old, since a workspace may be on a disk of several machines.

    Returns:
        How many were removed.
    """
    dropped = 0
    for folder in (place, *(place / name for name in _FOLDERS)):
        for path in folder.glob("*.*.new"):
            found = _BESIDE.search(path.name)
            if found is None or _lives(int(found[1])) or not _is_old(path, now):
                continue
            path.unlink(missing_ok=True)
            dropped += 1
    return dropped


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_old(path: Path, now: datetime) -> bool:
    try:
        written = path.stat().st_mtime
    except OSError:
        return False
    return now - datetime.fromtimestamp(written, tz=UTC) > _LEFT_OVER


def sync_names(folder: Path) -> None:
    """Make durable which files are in a folder: a new name may outlive no power cut by itself."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # a system that opens no folders keeps names by itself
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
