"""Files of a workspace beside its store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from leadfit import artifact as artifacts
from leadfit.artifact import Artifact
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
    """Return the artifact that was in force last."""
    current = place / "artifacts" / "current"
    if not current.is_file():
        return None
    return artifacts.from_json((current.parent / current.read_text().strip()).read_text("utf-8"))


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
