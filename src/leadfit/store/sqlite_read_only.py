"""How a store that cannot be written to is read, such as a backup that an auditor looks at.

SQLite reads a file in WAL mode by two files beside it, which it makes where they are missing. Where
nothing can be made, a file without a log is whole by itself and is read as one that nobody changes
(https://www.sqlite.org/wal.html, "Read-Only Databases"); that nobody did is checked after each
reading. A file with a log is read with it, or not at all: without its log it may be of no moment
that ever was.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from leadfit.errors import BadInput, Fault, StoreBusy

Seen = tuple[tuple[int, int], int]


def connect_to_read(path: Path, *, timeout_s: float) -> sqlite3.Connection:
    """Open a store to be read alone.

    Raises:
        BadInput: Transactions lie in a log beside it that cannot be read here.
    """
    parts = ["mode=ro"]
    if _log_bytes(path) == 0:
        parts.append("immutable=1")
    else:
        _refuse_unreadable_log(path)
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{'&'.join(parts)}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


def _refuse_unreadable_log(path: Path) -> None:
    log, index = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    is_readable = log.is_file() and os.access(log, os.R_OK)
    if is_readable and (os.access(index, os.R_OK) or os.access(path.parent, os.W_OK)):
        return
    allowed = (
        f"also {index.name} to read it by, or a copy of the folder where it can be written to: the "
        "latest transactions lie in that log alone, and without them the store cannot be read"
    )
    raise BadInput(Fault(place=str(log), came="a log that cannot be read here", allowed=allowed))


def seen(path: Path) -> Seen:
    """Return how a file and its log look now: another answer later says that somebody wrote."""
    found = path.stat()
    return (found.st_mtime_ns, found.st_size), _log_bytes(path)


def check_unchanged(path: Path, before: Seen) -> None:
    """Refuse what was read while somebody wrote to the file.

    Raises:
        StoreBusy: Somebody did.
    """
    if before[1] == 0 and seen(path) != before:
        raise StoreBusy(f"{path} was written to by another process while it was read", 1.0)


def _log_bytes(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0
