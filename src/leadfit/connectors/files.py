"""Carries out actions by writing them down: one JSON line an action, in a file.

For trying Leadfit out, and for anything that reads lines: a script, a log shipper, a spreadsheet.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from itertools import islice
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
        self._is_cut = not _ends_a_line(path)

    def perform(self, action: Action) -> None:
        """Append ``action`` unless its key is there; the line is on disk when this returns.

        Raises:
            StoreBusy: The file cannot be written now.
        """
        self.perform_together([action])

    def perform_together(self, actions: Sequence[Action]) -> None:
        """Append those whose keys are not there; all lines are on disk when this returns.

        Raises:
            StoreBusy: The file cannot be written now.
        """
        with self._lock:
            lines: dict[str, bytes] = {}
            for each in actions:
                if each.key not in self._keys and each.key not in lines:
                    lines[each.key] = self._line(each)
            if not lines:
                return
            content = b"".join((b"\n" if self._is_cut else b"", *lines.values()))
            cut_before = self._is_cut
            try:
                written = content[: os.write(self._file, content)]
                self._is_cut = not written.endswith(b"\n")
                os.fsync(self._file)
            except OSError as error:
                raise StoreBusy(f"{self._path}: {error.strerror}", 5.0) from error
            whole = written.count(b"\n") - cut_before
            self._keys.update(islice(lines, max(0, whole)))
            if whole != len(lines):
                raise StoreBusy(f"{self._path}: a line was cut short", 5.0)

    def _line(self, action: Action) -> bytes:
        return canonical({"done_at": self._world.now(), **document(action)}) + b"\n"

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
