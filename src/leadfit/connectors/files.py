"""Carries out actions by writing them down: one JSON line an action, in a file.

For trying Leadfit out, and for anything that reads lines: a script, a log shipper, a spreadsheet.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from leadfit.canonical import document
from leadfit.connectors.line_file import LineFile
from leadfit.errors import StoreBusy
from leadfit.records import Action
from leadfit.world import World


class FilePerformer:
    """Appends each action once to ``path``, with its key, and syncs before it answers.

    A line that a crash cut short is left as it is and does not count. The keys of the newest lines
    are held in memory; one that is in doubt is looked up in the file, back to when it was due.
    """

    is_local = True

    def __init__(self, path: Path, *, world: World) -> None:
        self._path = path
        self._world = world
        self._lock = threading.Lock()
        self._file = LineFile(path)

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
        lines = [(each.key, document(each)) for each in actions]
        with self._lock:
            try:
                whole = self._file.append(lines, self._world.now())
            except OSError as error:
                raise StoreBusy(f"{self._path}: {error.strerror}", 5.0) from error
        if not whole:
            raise StoreBusy(f"{self._path}: a line was cut short", 5.0)

    def knows(self, key: str) -> bool | None:
        """Return whether the file holds a whole line with this key, however far back."""
        with self._lock:
            return self._file.has(key)

    def knows_since(self, key: str, since: datetime) -> bool:
        """Return whether a whole line of then or later has this key."""
        with self._lock:
            return self._file.has(key, since)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
