"""Checks the log, and that everything it gives the digest of is there as it was written.

The log is one chain of hashes; a row about a decision or a content holds the SHA-256 of the bytes
that are kept apart from it. Personal values of a signal may be missing only where the log says that
the person was erased.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import Final

from leadfit.store import chain
from leadfit.store.published import KIND, check_publication
from leadfit.store.sql import Connection, Row
from leadfit.store.views import Verification

_ROWS: Final = """
SELECT log.seq, at_us, CAST(log.kind AS BLOB), log.body, prev, hash,
    decisions.body, inputs, sealed, decision_id, decisions.signal_id, decisions.lead_id,
    decided_us, signals.signal_id, source, event_id, signals.kind, digest, received_us
FROM log LEFT JOIN decisions ON decisions.seq = log.seq
LEFT JOIN signals ON signals.seq = log.seq
WHERE log.seq > ? ORDER BY log.seq LIMIT ?
"""
_PERSONLESS: Final = """
SELECT signals.seq, log.body FROM signals JOIN log ON log.seq = signals.seq
LEFT JOIN statements ON statements.signal_id = signals.signal_id
LEFT JOIN people ON people.token = statements.token
WHERE people.token IS NULL AND signals.seq > ? ORDER BY signals.seq LIMIT ?
"""
_BEFORE_ALL: Final = -(2**63)
_CHUNK: Final = 5000
_MOST: Final = 20
_SIGNAL: Final = b"signal"
_DECISION: Final = b"decision"
_CONTENT: Final = b"content"
_ERASURE: Final = b"erasure"
_PUBLICATION: Final = KIND.encode()
_PERSON: Final = b'"person":"'

Head = tuple[int, bytes]


def verify(connection: Connection, read_head: Callable[[], Head | None]) -> Verification:
    """Check the log from the first row to the kept head, and what it gives the digests of."""
    audit = _Audit(connection)
    try:
        head = read_head()
        if head is None and connection.execute("SELECT 1 FROM log LIMIT 1").fetchone() is None:
            head = (0, chain.GENESIS)
        found = chain.check(audit.rows(), head)
        faults = [*found.faults, *audit.faults, *audit.rest()]
    except sqlite3.DatabaseError as error:
        return Verification(intact=False, rows=0, faults=(f"log: {error}",))
    return Verification(intact=not faults, rows=found.rows, faults=tuple(faults[:_MOST]))


class _Audit:
    """Compares what lies beside the log with what the log says of it, row by row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._signals = 0
        self._decisions = 0
        self._contents = 0
        self._publications = 0
        self._erased: set[str] = set()
        self.faults: list[str] = []

    def rows(self) -> Iterator[chain.Row]:
        """Yield the rows of the log, each looked at on its way."""
        after = _BEFORE_ALL
        while page := self._connection.execute(_ROWS, (after, _CHUNK)).fetchall():
            for row in page:
                kind = row[2]
                if kind == _SIGNAL:
                    self._check_signal(row)
                elif kind == _DECISION:
                    self._check_decision(row)
                elif kind == _CONTENT:
                    self._check_content(row[0], row[3])
                elif kind == _PUBLICATION:
                    self._check_publication(row)
                elif kind == _ERASURE:
                    self._erased.update(_told(row[3], "tokens"))
                yield row[:6]
            after = page[-1][0]

    def _check_signal(self, row: Row) -> None:
        """Compare the row by which an event is known again; it is a copy of what the log says."""
        seq, at_us, said = row[0], row[1], row[3]
        signal_id, source, event_id, kind, digest, received_us = row[13:]
        if signal_id is None:
            self._fault(f"the signal of log row {seq} is missing")
            return
        self._signals += 1
        known = f'"digest":"{digest.hex()}","event_id":{encode_basestring(event_id)},'
        end = f'"signal_id":{encode_basestring(signal_id)},"source":{encode_basestring(source)}}}'
        if not (
            known.encode() in said
            and said.endswith(end.encode())
            and f'"kind":"{kind}"'.encode() in said
            and received_us == at_us
        ):
            self._fault(f"the signal of log row {seq} is not what was written")

    def _check_decision(self, row: Row) -> None:
        seq, at_us, said = row[0], row[1], row[3]
        body, inputs, sealed, decision_id, signal_id, lead_id, decided_us = row[6:13]
        if body is None:
            self._check_older(seq, said)
            return
        self._decisions += 1
        lead = b"null" if lead_id is None else _quoted(lead_id)
        expected = b'{"body_sha256":"%s","decision_id":"%s","inputs_sha256":"%s","lead_id":%s,' % (
            _sha256(body), decision_id.encode(), _sha256(inputs), lead,
        )  # fmt: skip
        if not (
            said.startswith(expected)
            and (sealed is None or _sha256(sealed) in said)
            and (sealed is not None) == (b'"sealed_sha256":' in said)
            and _quoted(signal_id) in said
            and decided_us == at_us
        ):
            self._fault(f"the decision of log row {seq} is not what was written")

    def _check_older(self, seq: int, said: bytes) -> None:
        """Look for the decision of an older Leadfit, which did not name its row."""
        try:
            told = json.loads(said)
            row = self._connection.execute(
                "SELECT body, inputs FROM decisions WHERE decision_id = ? AND seq IS NULL",
                (told["decision_id"],),
            ).fetchone()
            wanted = (told["body_sha256"], told["inputs_sha256"])
        except (ValueError, TypeError, KeyError):
            self._fault(f"log row {seq} does not say of which decision it is")
            return
        if row is None:
            self._fault(f"the decision of log row {seq} is missing")
        elif tuple(hashlib.sha256(each).hexdigest() for each in row) != wanted:
            self._fault(f"the decision of log row {seq} is not what was written")

    def _check_content(self, seq: int, said: bytes) -> None:
        self._contents += 1
        row = self._connection.execute(
            "SELECT digest, body, kind FROM contents WHERE seq = ?", (seq,)
        ).fetchone()
        if row is None:
            self._fault(f"the content of log row {seq} is missing")
        elif not (_sha256(row[1]) in said and row[0].encode() in said and row[2].encode() in said):
            self._fault(f"the content of log row {seq} is not what was written")

    def _check_publication(self, row: Row) -> None:
        wrong = check_publication(self._connection, row[0], row[1], row[3])
        if wrong is None or not wrong.endswith("is missing"):
            self._publications += 1
        if wrong is not None:
            self._fault(wrong)

    def _fault(self, words: str) -> None:
        if len(self.faults) < _MOST:
            self.faults.append(words)

    def rest(self) -> Iterator[str]:
        """Yield what the walk along the log cannot see."""
        for table, seen in (
            ("signals", self._signals),
            ("decisions", self._decisions),
            ("contents", self._contents),
            ("publications", self._publications),
        ):
            (there,) = self._connection.execute(
                f"SELECT count(*) FROM {table} WHERE seq IS NOT NULL"  # noqa: S608 -- names of our own
            ).fetchone()
            if there > seen:
                yield f"{there - seen} rows of {table} are not in the log"
        after = _BEFORE_ALL
        while page := self._connection.execute(_PERSONLESS, (after, _CHUNK)).fetchall():
            for seq, said in page:
                if _PERSON in said and _person(said) not in self._erased:
                    yield f"the personal values of log row {seq} are missing"
            after = page[-1][0]


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _quoted(text: str) -> bytes:
    return encode_basestring(text).encode()


def _told(said: bytes, name: str) -> list[str]:
    try:
        return list(json.loads(said)[name])
    except (ValueError, TypeError, KeyError):
        return []


def _person(said: bytes) -> str | None:
    try:
        found = json.loads(said)["person"]
    except (ValueError, TypeError, KeyError):
        return None
    return found if isinstance(found, str) else None
