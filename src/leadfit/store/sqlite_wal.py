"""How far SQLite's write-ahead log has come.

After a checkpoint SQLite writes the log anew from its start and leaves the file as long as it was,
so the size tells nothing; nor should it shrink, because a sync of a file that grows waits for the
file system's own journal, too, and takes twice as long. A frame belongs to the present round when
it carries the salts of the header (https://www.sqlite.org/fileformat.html, "The WAL file format").
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

PAGE: Final = 4096
_HEADER: Final = 32
_FRAME: Final = 24
_SALTS_OF_HEADER: Final = 16
_SALTS_OF_FRAME: Final = 8
_SALTS: Final = 8


class WalGauge:
    """Looks into the write-ahead log of a store; it takes no lock and changes nothing.

    Args:
        path: The file of the store.
        step: Pages after which :meth:`is_long` says so, once.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path.with_name(f"{path.name}-wal")
        self._step = step
        self._limit = step
        self._round = b""
        self._moved = (b"", 0)
        self._file: BinaryIO | None = None

    def moved(self, pages: int, moved: int) -> None:
        """Keep what a checkpoint came to.

        Args:
            pages: Pages in the log.
            moved: Those that are in the database now; -1 where nothing could be moved.
        """
        if 0 < pages == moved:
            self._moved = (self._read(_SALTS_OF_HEADER), pages)

    def has_new(self, pages: int) -> bool:
        """Return whether the log holds this many pages, and not only such as were moved."""
        salts, moved = self._moved
        return self.has(max(pages, moved + 1 if salts == self._read(_SALTS_OF_HEADER) else 0))

    def has(self, pages: int) -> bool:
        """Return whether the present round of the log holds this many pages."""
        salts = self._read(_SALTS_OF_HEADER)
        at = _HEADER + (pages - 1) * (_FRAME + PAGE) + _SALTS_OF_FRAME
        return len(salts) == _SALTS and self._read(at) == salts

    def is_long(self) -> bool:
        """Return whether the log has grown by a whole step since it last said so or began anew."""
        salts = self._read(_SALTS_OF_HEADER)
        if salts != self._round:
            self._round, self._limit = salts, self._step
        if not self.has(self._limit):
            return False
        # While a reader holds the log, it goes on growing: once a step is often enough.
        self._limit += self._step
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _read(self, at: int) -> bytes:
        try:
            if self._file is None:
                self._file = self._path.open("rb", buffering=0)
            self._file.seek(at)
            return self._file.read(_SALTS)
        except OSError:
            return b""
