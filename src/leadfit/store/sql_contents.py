"""Policies, artifacts and model cards that decided, each kept once under its digest."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from leadfit.store.sql import Connection
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.told import Content, ContentKind

_ROWS: Final = "SELECT digest, kind, seq, body FROM contents WHERE seq > ? ORDER BY seq LIMIT 1"


class SqlContents:
    """See :class:`leadfit.store.told.Contents`."""

    def __init__(self, connection: Connection, signals: SqlSignals) -> None:
        self._connection = connection
        self._signals = signals
        self._kept: set[str] = set()

    def keep(
        self, kind: ContentKind, digest: str, at: datetime, content: Callable[[], bytes]
    ) -> None:
        """Keep a content before the first decision that names it; once by its digest."""
        if digest in self._kept:
            return
        if self._connection.execute(
            "SELECT 1 FROM contents WHERE digest = ?", (digest,)
        ).fetchone() is None:  # fmt: skip
            body = zlib.compress(content(), 9)
            said = {
                "digest": digest,
                "content": kind.value,
                "body_sha256": hashlib.sha256(body).hexdigest(),
            }
            seq = self._signals.append("content", at, said)
            self._connection.execute(
                "INSERT INTO contents (digest, kind, seq, body) VALUES (?, ?, ?, ?)",
                (digest, kind.value, seq, body),
            )
        self._kept.add(digest)

    def forget(self) -> None:
        """Look again what is kept: the transaction that kept it may be undone."""
        self._kept.clear()

    def get(self, digest: str) -> Content | None:
        """Return what is kept under a digest."""
        row = self._connection.execute(
            "SELECT digest, kind, seq, body FROM contents WHERE digest = ?", (digest,)
        ).fetchone()
        return None if row is None else _content(row)

    def each(self) -> Iterator[Content]:
        """Yield everything that is kept, in the order of the log."""
        row = self._connection.execute(_ROWS, (-1,)).fetchone()
        while row is not None:
            yield _content(row)
            row = self._connection.execute(_ROWS, (row[2],)).fetchone()


def _content(row: tuple[str, str, int, bytes]) -> Content:
    digest, kind, seq, body = row
    return Content(digest=digest, kind=ContentKind(kind), seq=seq, body=zlib.decompress(body))
