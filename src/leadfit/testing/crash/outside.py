"""What a process was told and what it did, written down where its death cannot reach it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from leadfit.connectors.base import NotTaken, RecordRefused, Unclear
from leadfit.records import Action, Fact, Written
from leadfit.testing.crash import vendors
from leadfit.world import World


class Outside:
    """A folder beside a workspace; every line in it is whole or is not there.

    Args:
        folder: Where the lines are kept.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "told.jsonl"
        # One write a line, at the end, whichever process writes: a kill leaves no half of one.
        self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def tell(self, what: str, **fields: Fact) -> None:
        """Write down something that has happened for good."""
        os.write(self._file, json.dumps({"what": what, **fields}).encode() + b"\n")

    def told(self, what: str) -> list[Mapping[str, Fact]]:
        """Return what was written down of one kind, in order."""
        lines = self._path.read_text("utf-8").splitlines()
        return [each for each in map(json.loads, lines) if each["what"] == what]

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._file)


class KeepingReceiver:
    """A receiver that does nothing twice under one key and remembers what it did.

    Attributes:
        down: Destinations that cannot be reached.
        refuses: Kinds of actions that are refused.
        silent: Destinations that do what they are asked, and do not answer.
    """

    def __init__(self, outside: Outside, world: World) -> None:
        self._outside = outside
        self._world = world
        self._keys = {str(each["key"]) for each in outside.told("effect")}
        self.down: set[str] = set()
        self.refuses: set[str] = set()
        self.silent: set[str] = set()

    def perform(self, action: Action) -> None:
        """Carry out ``action`` unless its key is known.

        Raises:
            NotTaken: The destination is down.
            RecordRefused: Actions of this kind are refused.
            Unclear: It was done, and the destination does not say so.
        """
        if action.destination in self.down:
            raise NotTaken(f"{action.destination} cannot be reached")
        if action.kind in self.refuses:
            raise RecordRefused(f"{action.kind} is refused")
        if action.key in self._keys:
            return
        self._keys.add(action.key)
        self._outside.tell(
            "effect",
            key=action.key,
            kind=action.kind,
            destination=action.destination,
            lead_id=action.lead_id,
            at=self._world.now().isoformat(),
            due_at=action.due_at.isoformat(),
        )
        if action.destination in self.silent:
            raise Unclear(f"{action.destination} does not answer")

    def knows(self, key: str) -> bool | None:
        """Say whether it has the key."""
        return key in self._keys

    def writes(self, action: Action) -> Sequence[Written]:
        """Return what carrying out ``action`` writes, which may be reported back."""
        return vendors.writes(action)

    def close(self) -> None:
        """Stay: it is another's process."""


def time_of(text: Fact) -> datetime:
    """Return a time that was written down."""
    return datetime.fromisoformat(str(text))
