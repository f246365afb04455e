"""Carries out actions by writing them down: one JSON line an action, in a file.

For trying Leadfit out, and for anything that reads lines: a script, a log shipper, a spreadsheet.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from leadfit.canonical import canonical, document
from leadfit.errors import StoreBusy
from leadfit.records import Action
from leadfit.world import World


class FilePerformer:
    """Appends each action once to ``path``, with its key, and syncs before it answers.

    A line that a crash cut short is left as it is and does not count.
    """

    is_local = True

    def __init__(self, path: Path, *, world: World) -> None:
        self._path = path
        self._world = world
        self._lock = threading.Lock()
        self._keys = _read_keys(path)
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        if not _ends_a_line(path):
            os.write(self._file, b"\n")

    def perform(self, action: Action) -> None:
        """Append ``action`` unless its key is there; the line is on disk when this returns.

        Raises:
            StoreBusy: The file cannot be written now.
        """
        with self._lock:
            if action.key in self._keys:
                return
            line = canonical({"done_at": self._world.now(), **document(action)}) + b"\n"
            try:
                written = os.write(self._file, line)
                os.fsync(self._file)
            except OSError as error:
                raise StoreBusy(f"{self._path}: {error.strerror}", 5.0) from error
            if written != len(line):
                os.write(self._file, b"\n")
                raise StoreBusy(f"{self._path}: the line was cut short", 5.0)
            self._keys.add(action.key)

    def knows(self, key: str) -> bool | None:
        """Return whether the file holds a whole line with this key."""
        with self._lock:
            return key in self._keys

    def close(self) -> None:
        """Close the file; once, since its number may be another file's afterwards."""
        with self._lock:
            number, self._file = self._file, -1
        if number >= 0:
            os.close(number)


def _read_keys(path: Path) -> set[str]:
    keys: set[str] = set()
    if not path.exists():
        return keys
    with path.open("rb") as lines:
        for line in lines:
            try:
                keys.add(json.loads(line)["key"])
            except (ValueError, KeyError, TypeError):
                continue
    return keys


def _ends_a_line(path: Path) -> bool:
    size = path.stat().st_size
    if size == 0:
        return True
    with path.open("rb") as content:
        content.seek(size - 1)
        return content.read(1) == b"\n"
