"""A file of JSON lines that several processes append to, read from its end by pieces.

However long it is, only its last piece and the newest keys are held in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from leadfit.canonical import Plain, canonical

PIECE: Final = 1_048_576
"""Bytes that are read at once. A number of the machine: larger pieces are hardly read faster."""
RECENT: Final = 10_000
"""Newest keys that are held in memory: 20 times what one process can have in doubt when it dies."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class LineFile:
    """Lines with a key each, in the order of their times. Not safe to use from several threads.

    A line that was cut short is left as it is and does not count.

    Args:
        path: The file; made where there is none, for its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._recent: dict[str, None] = {}
        self._latest = _LONG_AGO
        self._is_cut = False
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        self._end = 0
        self._catch_up()

    def close(self) -> None:
        """Close the file; once, since its number may be another file's afterwards."""
        number, self._file = self._file, -1
        if number >= 0:
            os.close(number)

    def append(self, lines: Sequence[tuple[str, dict[str, Plain]]], now: datetime) -> bool:
        """Append those whose keys are not among the newest; all are on disk when this returns.

        Args:
            lines: Each with its key.
            now: When they are written.

        Returns:
            Whether they were written whole; a disk that fills up may cut one short.

        Raises:
            OSError: They were not written.
        """
        self._catch_up()
        fresh = {key: line for key, line in lines if key not in self._recent}
        if not fresh:
            return True
        stamped = [self._stamped(line, now) for line in fresh.values()]
        content = b"".join((b"\n" if self._is_cut else b"", *stamped))
        written = os.write(self._file, content)
        os.fsync(self._file)
        if written < len(content):
            self._catch_up()
            return False
        self._end += written
        self._is_cut = False
        self._latest = max(self._latest, now)
        self._remember(fresh)
        return True

    def has(self, key: str, since: datetime | None = None) -> bool:
        """Return whether a whole line has this key.

        Args:
            key: The key.
            since: It was written then or later, if at all; what is older is not read.
        """
        self._catch_up()
        return key in self._recent or self._stands_before(key, since or _LONG_AGO)

    def _stamped(self, line: dict[str, Plain], now: datetime) -> bytes:
        # The times of lines never go back, so that reading can end at those that are too old.
        before = {"clock_was": self._latest} if now < self._latest else {}
        return canonical({**line, "done_at": now, **before}) + b"\n"

    def _catch_up(self) -> None:
        """Take in what was written since, by whomever, as far as one piece reaches."""
        size = os.fstat(self._file).st_size
        if size == self._end:
            return
        if size < self._end:  # somebody began the file anew
            self._end = 0
        start = max(self._end, size - PIECE)
        content = self._read(start, size)
        for line in content.split(b"\n"):
            key, at = _told(line)
            if key is not None:
                self._remember((key,))
                self._latest = max(self._latest, at or _LONG_AGO)
        self._end, self._is_cut = size, size > 0 and not content.endswith(b"\n")

    def _read(self, start: int, end: int) -> bytes:
        os.lseek(self._file, start, os.SEEK_SET)
        return os.read(self._file, end - start)

    def _remember(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._recent.pop(key, None)
            self._recent[key] = None
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def _stands_before(self, key: str, since: datetime) -> bool:
        words = canonical(key)
        for lines in self._backwards():
            if any(words in line and _told(line)[0] == key for line in lines):
                return True
            oldest = next((at for _, at in map(_told, lines) if at is not None), None)
            if oldest is not None and oldest < since:
                return False
        return False

    def _backwards(self) -> Iterator[list[bytes]]:
        """Yield the lines of each piece, the last piece first."""
        end, rest = self._end, b""
        while end > 0:
            start = max(0, end - PIECE)
            lines = (self._read(start, end) + rest).split(b"\n")
            # A line longer than a piece is none of ours, and is not put together.
            rest = lines.pop(0) if start > 0 and len(lines[0]) <= PIECE else b""
            yield lines
            end = start


def _told(line: bytes) -> tuple[str | None, datetime | None]:
    """Return the key of a line and its time; no key where it is not one of ours or was cut."""
    try:
        said = json.loads(line)
        key, at = str(said["key"]), said.get("clock_was", said.get("done_at"))
        return key, None if at is None else datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None
