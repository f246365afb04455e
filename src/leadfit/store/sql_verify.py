"""Checks the log, and that everything it gives the digest of is there as it was written.

The log is one chain of hashes; a row about a decision or a content holds the SHA-256 of the bytes
that are kept apart from it. Personal values of a signal may be missing only where the log says that
the person was erased.

A stretch of the log is checked by itself, with what lies beside its rows; several may be at once,
each in a process of its own. What the last look finds, in one snapshot, joins them: from the first
row of all, end to end, up to the kept head.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final

from leadfit.store import chain
from leadfit.store.chain import Anchor
from leadfit.store.published import KIND, check_publication
from leadfit.store.sql import Connection, Row
from leadfit.store.views import Stretch, Verification

_LOG: Final = """
SELECT seq, at_us, CAST(log.kind AS BLOB), body, prev, hash FROM log
WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?
"""
_SIGNALS: Final = """
SELECT signals.seq, signals.signal_id, source, event_id, signals.kind, digest, received_us,
    statements.token, people.token
FROM signals LEFT JOIN statements ON statements.signal_id = signals.signal_id
LEFT JOIN people ON people.token = statements.token
WHERE signals.seq > ? AND signals.seq <= ?
"""
_DECISIONS: Final = """
SELECT seq, body, inputs, sealed, decision_id, signal_id, lead_id, decided_us
FROM decisions WHERE seq > ? AND seq <= ?
"""
_FIRST: Final = -(2**63)
_LAST: Final = 2**63 - 1
_PAGE: Final = 500
"""Rows that are looked at together; of more, each is fetched from memory again when needed."""
_SIGNAL: Final = b"signal"
_DECISION: Final = b"decision"
_CONTENT: Final = b"content"
_ERASURE: Final = b"erasure"
_PUBLICATION: Final = KIND.encode()
_PERSON: Final = b'"person":"'


def verify(
    connection: Connection,
    read_head: Callable[[], Anchor | None],
    walked: Sequence[Stretch] = (),
    anchors: Iterable[Anchor] = (),
) -> Verification:
    """Check the log from the first row to the kept head, and what it gives the digests of.

    Args:
        connection: Of the transaction.
        read_head: Returns the kept number and hash of the last row.
        walked: Stretches from the first row on that were checked already.
        anchors: Numbers and hashes of rows that were noted before, outside of the store.
    """
    try:
        head = read_head()
        if head is None and connection.execute("SELECT 1 FROM log LIMIT 1").fetchone() is None:
            head = (0, chain.GENESIS)
        after = max((each.last for each in walked), default=0)
        stretches = (*walked, walk(connection, after, _LAST))
        faults = [
            *chain.join(stretches, head),
            *_rest(connection, stretches),
            *_off_the_chain(connection, anchors),
        ]
    except sqlite3.DatabaseError as error:
        return Verification(intact=False, rows=0, faults=(f"log: {error}",))
    return Verification(
        intact=not faults,
        rows=sum(each.rows for each in stretches),
        anchor=None if faults or head is None else chain.write_anchor(head),
        faults=tuple(faults[: chain.MOST_FAULTS]),
    )


def walk(connection: Connection, after: int, upto: int) -> Stretch:
    """Check the rows behind one number up to another, and what lies beside them.

    Args:
        connection: Of the transaction.
        after: 0 for the first row of all.
        upto: The last number.
    """
    audit, follower = _Audit(connection), chain.Follower()
    after = after or _FIRST
    try:
        while page := connection.execute(_LOG, (after, upto, _PAGE)).fetchall():
            follower.follow(page)
            last = page[-1][0]
            audit.look_beside(page, after, last)
            after = last
    except sqlite3.DatabaseError as error:
        audit.fault(f"log: {error}")
    return Stretch(
        rows=follower.rows,
        first=follower.first,
        start=follower.start,
        last=follower.last,
        end=follower.end,
        signals=audit.signals,
        decisions=audit.decisions,
        contents=audit.contents,
        publications=audit.publications,
        erased=frozenset(audit.erased),
        without_values=audit.without_values,
        faults=(*follower.faults, *audit.faults),
    )


class _Audit:
    """Compares what lies beside the log with what the log says of it, row by row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.signals = 0
        self.decisions = 0
        self.contents = 0
        self.publications = 0
        self.erased: set[str] = set()
        self.without_values: dict[str, int] = {}
        self.faults: list[str] = []

    def look_beside(self, rows: Sequence[chain.Row], after: int, last: int) -> None:
        """Look at what lies beside some rows of the log, those behind one number up to another."""
        signals = self._beside(_SIGNALS, after, last)
        decisions = self._beside(_DECISIONS, after, last)
        for seq, at_us, kind, said, _, _ in rows:
            if kind == _SIGNAL:
                self._check_signal(seq, at_us, said, signals.get(seq))
            elif kind == _DECISION:
                self._check_decision(seq, at_us, said, decisions.get(seq))
            elif kind == _CONTENT:
                self._check_content(seq, said)
            elif kind == _PUBLICATION:
                self._check_publication(seq, at_us, said)
            elif kind == _ERASURE:
                self.erased.update(_told(said, "tokens"))

    def _beside(self, question: str, after: int, last: int) -> Mapping[int, Row]:
        return {row[0]: row for row in self._connection.execute(question, (after, last)).fetchall()}

    def _check_signal(self, seq: int, at_us: int, said: bytes, row: Row | None) -> None:
        """Compare the row by which an event is known again; it is a copy of what the log says."""
        if row is None:
            self.fault(f"the signal of log row {seq} is missing")
            return
        _, signal_id, source, event_id, kind, digest, received_us, token, of_person = row
        self.signals += 1
        known = f'"digest":"{digest.hex()}","event_id":{encode_basestring(event_id)},'
        end = f'"signal_id":{encode_basestring(signal_id)},"source":{encode_basestring(source)}}}'
        is_whole = received_us == at_us and known.encode() in said and said.endswith(end.encode())
        # The two stand side by side; nearly every signal has both.
        both = f'"kind":"{kind}","person":"{of_person}",'
        if is_whole and of_person is not None and both.encode() in said:
            return
        if not is_whole or f'"kind":"{kind}"'.encode() not in said:
            self.fault(f"the signal of log row {seq} is not what was written")
        if of_person is None or f'"person":"{of_person}"'.encode() not in said:
            self._check_person(seq, said, token, of_person)

    def _check_person(
        self, seq: int, said: bytes, token: str | None, of_person: str | None
    ) -> None:
        """Look whose values a signal should have; of many, the log says that there are none."""
        person = _person(said) if _PERSON in said else None
        if person is None:
            return
        if of_person is None:
            self.without_values.setdefault(person, seq)
        elif token != person:
            self.fault(f"the personal values of log row {seq} are of another person")

    def _check_decision(self, seq: int, at_us: int, said: bytes, row: Row | None) -> None:
        if row is None:
            self._check_older(seq, said)
            return
        _, body, inputs, sealed, decision_id, signal_id, lead_id, decided_us = row
        self.decisions += 1
        lead = "null" if lead_id is None else encode_basestring(lead_id)
        begin = (
            f'{{"body_sha256":"{_sha256(body)}","decision_id":"{decision_id}",'
            f'"inputs_sha256":"{_sha256(inputs)}","lead_id":{lead},'
        )
        of_signal = f'"signal_id":{encode_basestring(signal_id)},'
        if sealed is None:
            is_sealed_so = b'"sealed_sha256":' not in said
        else:
            is_sealed_so = True
            of_signal = f'"sealed_sha256":"{_sha256(sealed)}",{of_signal}'
        if not (
            said.startswith(begin.encode())
            and is_sealed_so
            and of_signal.encode() in said
            and decided_us == at_us
        ):
            self.fault(f"the decision of log row {seq} is not what was written")

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
            self.fault(f"log row {seq} does not say of which decision it is")
            return
        if row is None:
            self.fault(f"the decision of log row {seq} is missing")
        elif tuple(map(_sha256, row)) != wanted:
            self.fault(f"the decision of log row {seq} is not what was written")

    def _check_content(self, seq: int, said: bytes) -> None:
        self.contents += 1
        row = self._connection.execute(
            "SELECT digest, body, kind FROM contents WHERE seq = ?", (seq,)
        ).fetchone()
        if row is None:
            self.fault(f"the content of log row {seq} is missing")
        elif not all(each.encode() in said for each in (row[0], _sha256(row[1]), row[2])):
            self.fault(f"the content of log row {seq} is not what was written")

    def _check_publication(self, seq: int, at_us: int, said: bytes) -> None:
        wrong = check_publication(self._connection, seq, at_us, said)
        if wrong is None or not wrong.endswith("is missing"):
            self.publications += 1
        if wrong is not None:
            self.fault(wrong)

    def fault(self, words: str) -> None:
        """Note what does not hold."""
        if len(self.faults) < chain.MOST_FAULTS:
            self.faults.append(words)


def _rest(connection: Connection, stretches: Sequence[Stretch]) -> Iterator[str]:
    """Yield what no walk along the log can see."""
    for table, seen in (
        ("signals", sum(each.signals for each in stretches)),
        ("decisions", sum(each.decisions for each in stretches)),
        ("contents", sum(each.contents for each in stretches)),
        ("publications", sum(each.publications for each in stretches)),
    ):
        (there,) = connection.execute(
            f"SELECT count(*) FROM {table} WHERE seq IS NOT NULL"  # noqa: S608 -- names of our own
        ).fetchone()
        if there > seen:
            yield f"{there - seen} rows of {table} are not in the log"
    erased = frozenset[str]().union(*(each.erased for each in stretches))
    for each in stretches:
        for person, seq in each.without_values.items():
            if person not in erased:
                yield f"the personal values of log row {seq} are missing"


def _off_the_chain(connection: Connection, anchors: Iterable[Anchor]) -> Iterator[str]:
    """Yield which anchors are no rows of the log, every one of which was compared with its hash."""
    for seq, noted in anchors:
        row = connection.execute("SELECT hash FROM log WHERE seq = ?", (seq,)).fetchone()
        if row is None and (seq, noted) != (0, chain.GENESIS):
            yield f"log row {seq} was anchored and is not there"
        elif row is not None and row[0] != noted:
            yield f"log row {seq} is not the row that was anchored"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
