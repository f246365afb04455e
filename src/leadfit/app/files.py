"""Files of a workspace beside its store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from leadfit import artifact as artifacts
from leadfit.artifact import Artifact
from leadfit.errors import BadInput, Fault, shorten
from leadfit.resolve import card as cards
from leadfit.resolve.card import Card
from leadfit.resolve.starter import starter_card
from leadfit.world import World

DATABASE: Final = "leadfit.sqlite3"
SECRET: Final = "secret.key"  # noqa: S105 -- the name of a file


def make_secret(path: Path, world: World) -> None:
    """Write a new secret, readable by its owner alone."""
    opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(opened, world.token().encode())
        os.fsync(opened)
    finally:
        os.close(opened)


def read_secret(path: Path) -> bytes:
    """Return the secret by which digests are keyed."""
    return path.read_bytes().strip()


def current_artifact(place: Path) -> Artifact | None:
    """Return the artifact that was in force last.

    Raises:
        BadInput: It is not there, damaged, changed, or of a version this one cannot read.
    """
    current = place / "artifacts" / "current"
    if not current.is_file():
        return None
    try:
        path = current.parent / current.read_text("utf-8").strip()
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(_unusable(current, shorten(str(error)))) from error
    try:
        found = artifacts.from_json(text)
    except BadInput as error:
        raise BadInput([*error.faults, _unusable(current, path.name)]) from error
    if found.digest != path.stem:
        raise BadInput(_unusable(current, f"{path.name}, whose digest is {found.digest}"))
    return found


def _unusable(current: Path, came: str) -> Fault:
    """Return what is wrong with the artifact in force, and how to go on without it."""
    way = "restore it, or remove this file and run `leadfit learn`"
    return Fault(
        place=str(current), came=came, allowed=f"the name of an artifact as written; {way}"
    )


def current_card(place: Path) -> Card | None:
    """Return the model card that was in force last, or the starter card."""
    current = place / "cards" / "current"
    if not current.is_file():
        return starter_card()
    return cards.from_json((current.parent / current.read_text().strip()).read_bytes())


def keep_card(place: Path, card: Card) -> None:
    """Write a model card and name it as the one in force."""
    folder = place / "cards"
    folder.mkdir(exist_ok=True)
    name = f"{card.digest}.json"
    write_whole(folder / name, cards.to_json(card).encode())
    write_whole(folder / "current", name.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old one or the new one."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
