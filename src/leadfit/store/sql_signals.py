"""Signals and the log; personal values of a signal in ``statements``."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from leadfit.records import Kind, Signal
from leadfit.store import chain, sql_verify
from leadfit.store.codec import from_us, pack, to_us
from leadfit.store.personal import join_parts, part_signal
from leadfit.store.sql import Connection
from leadfit.store.sql_head import ChainHead, StoredHead
from leadfit.store.sql_people import Person, SqlPeople
from leadfit.store.told import Statement
from leadfit.store.views import SignalState, SignalView, Stretch, Verification

_VIEW: Final = "signal_id, seq, source, kind, status, received_us, lead_id, reason"

_SAID: Final = """
SELECT log.body, signals.event_id, people.token, people.key, statements.body
FROM signals JOIN log ON log.seq = signals.seq
LEFT JOIN statements ON statements.signal_id = signals.signal_id
LEFT JOIN people ON people.token = statements.token
WHERE signals.signal_id = ?
"""

ViewRow = tuple[str, int, str, str, str, int, str | None, str | None]


class SqlSignals:
    """See :class:`leadfit.store.base.Signals`."""

    def __init__(
        self,
        connection: Connection,
        secret: bytes,
        people: SqlPeople,
        head: ChainHead | None = None,
    ) -> None:
        self._connection = connection
        self._head = StoredHead(connection) if head is None else head
        self._secret = secret
        self._people = people
        self._spoke: tuple[str, tuple[Person, Statement] | None] = ("", None)

    def digest(self, body: bytes) -> bytes:
        """Return the keyed digest by which bodies are compared."""
        return hmac.digest(self._secret, body, "sha256")

    def event_key(self, event_id: str) -> str:
        """Return the form in which an event id is kept: one that holds an address, as a digest."""
        if "@" not in event_id:
            return event_id
        return f"hmac:{self.digest(event_id.encode()).hex()}"

    def find(self, source: str, event_id: str) -> tuple[SignalView, bytes] | None:
        """Return the signal with this source and event id, and the digest of its body."""
        row = self._connection.execute(
            f"SELECT {_VIEW}, digest FROM signals WHERE source = ? AND event_id = ?",  # noqa: S608 -- fixed columns
            (source, self.event_key(event_id)),
        ).fetchone()
        return None if row is None else (_view(row[:-1]), row[-1])

    def add(self, signal: Signal, digest: bytes, email: str | None) -> None:
        """Append a signal to the log; ``email`` is the normalised address of its person.

        Of a person who was erased nothing is kept but that something came, and nothing is done.
        """
        body, statement = part_signal(signal)
        event_key = self.event_key(signal.event_id)
        status, reason = SignalState.ACCEPTED, None
        person = self._people.of_address(email) if statement else None
        if (statement and person is None) or self._is_of_erased(signal):
            body = {"identifiers": {}, "facts": {}}
            statement = {}
            status, reason = SignalState.DECIDED, "the person was erased"
        body |= {
            "signal_id": signal.signal_id,
            "source": signal.source,
            "event_id": event_key,
            "kind": signal.kind,
            "at": signal.at,
            "received_at": signal.received_at,
            "digest": digest.hex(),
        }
        if statement and person is not None:
            body["person"] = person[0]
            self._connection.execute(
                "INSERT INTO statements (signal_id, token, body) VALUES (?, ?, ?)",
                (signal.signal_id, person[0], self._people.seal(person, statement)),
            )
        seq = self.append("signal", signal.received_at, body)
        self._connection.execute(
            "INSERT INTO signals (seq, signal_id, source, event_id, kind, digest, received_us,"
            " status, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seq, signal.signal_id, signal.source, event_key, signal.kind.value, digest,
                to_us(signal.received_at), status.value, reason,
            ),
        )  # fmt: skip

    def _is_of_erased(self, signal: Signal) -> bool:
        """Return whether a signal names a contact who was erased."""
        contact_id = signal.identifiers.contact_id
        if contact_id is None:
            return False
        key = self._people.contact_key(contact_id)
        return self._people.is_marked(self._people.mark_of_contact(key))

    def view(self, signal_id: str) -> SignalView | None:
        """Return where a signal stands."""
        row = self._connection.execute(
            f"SELECT {_VIEW} FROM signals WHERE signal_id = ?",  # noqa: S608 -- fixed columns
            (signal_id,),
        ).fetchone()
        return None if row is None else _view(row)

    def read(self, signal_id: str) -> Signal | None:
        """Return a signal as it came, apart from what was erased since."""
        row = self._connection.execute(_SAID, (signal_id,)).fetchone()
        if row is None:
            return None
        found = self._speaker(row[2:])
        self._spoke = (signal_id, found)
        return signal_of(row[0], row[1], {} if found is None else found[1])

    def pending(self, limit: int) -> tuple[str, ...]:
        """Return ids of undecided signals in the order of the log."""
        rows = self._connection.execute(
            "SELECT signal_id FROM signals WHERE status = 'accepted' ORDER BY seq LIMIT ?",
            (limit,),
        )
        return tuple(row[0] for row in rows)

    def waiting(self, most: int) -> int:
        """Return how many signals are undecided, counted up to ``most``."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM signals WHERE status = 'accepted' LIMIT ?)"
            " AS undecided",
            (most,),
        ).fetchone()
        return int(count)

    def settle(
        self, signal_id: str, status: SignalState, lead_id: str | None, reason: str | None = None
    ) -> None:
        """Write how a signal ended."""
        self._connection.execute(
            "UPDATE signals SET status = ?, lead_id = ?, reason = ? WHERE signal_id = ?",
            (status.value, lead_id, reason, signal_id),
        )

    def tries(self, signal_id: str) -> int:
        """Return how often deciding a signal failed for a while."""
        row = self._connection.execute(
            "SELECT tries FROM signals WHERE signal_id = ?", (signal_id,)
        ).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def put_off(self, signal_id: str, again_at: datetime, reason: str) -> None:
        """Write that deciding an undecided signal failed; it stands in nobody's way until then."""
        self._connection.execute(
            "UPDATE signals SET status = 'waiting', again_us = ?, reason = ?,"
            " tries = coalesce(tries, 0) + 1 WHERE signal_id = ? AND status = 'accepted'",
            (to_us(again_at), reason, signal_id),
        )

    def put_off_until(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return signals whose wait after being put off is over, in the order of their times."""
        rows = self._connection.execute(
            "SELECT signal_id FROM signals WHERE status = 'waiting' AND again_us IS NOT NULL"
            " AND again_us <= ? ORDER BY again_us, seq LIMIT ?",
            (to_us(now), limit),
        )
        return tuple(row[0] for row in rows)

    def take_up(self, signal_ids: Sequence[str]) -> None:
        """Let signals that were put off be decided, in their old places in the order."""
        self._connection.executemany(
            "UPDATE signals SET status = 'accepted', again_us = NULL, reason = NULL"
            " WHERE signal_id = ? AND status = 'waiting' AND again_us IS NOT NULL",
            [(each,) for each in signal_ids],
        )

    def append(self, kind: str, at: datetime, body: Mapping[str, object]) -> int:
        """Append a row to the log; return its number."""
        last, prev = self._head.read() or (0, chain.GENESIS)
        seq, at_us, packed = last + 1, to_us(at), pack(body)
        made = chain.link(prev, seq, at_us, kind.encode(), packed)
        self._connection.execute(
            "INSERT INTO log (seq, at_us, kind, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (seq, at_us, kind, packed, prev, made),
        )
        self._head.write(seq, made)
        return seq

    def last(self) -> int:
        """Return the number of the last row of the log; 0 where there is none."""
        (last,) = self._connection.execute("SELECT max(seq) FROM log").fetchone()
        return 0 if last is None else int(last)

    def walk(self, after: int, upto: int) -> Stretch:
        """Check the rows of the log behind one number up to another, and what lies beside them."""
        return sql_verify.walk(self._connection, after, upto)

    def verify(
        self, walked: Sequence[Stretch] = (), anchors: Sequence[chain.Anchor] = ()
    ) -> Verification:
        """Check the log from the first row to the kept head, and what it gives the digests of."""
        return sql_verify.verify(self._connection, self._head.read, walked, anchors)

    def person_of(self, signal_id: str) -> tuple[str, Statement] | None:
        """Return the token and the statement of a signal; ``None`` where it said nothing."""
        found = self.speaker_of(signal_id)
        return None if found is None else (found[0][0], found[1])

    def speaker_just_read(self, signal_id: str) -> tuple[Person, Statement] | None:
        """Return :meth:`speaker_of`, without asking once more where it was read just now."""
        known, self._spoke = self._spoke, ("", None)
        return known[1] if known[0] == signal_id else self.speaker_of(signal_id)

    def forget(self) -> None:
        """Forget what was read."""
        self._spoke = ("", None)

    def speaker_of(self, signal_id: str) -> tuple[Person, Statement] | None:
        """Return the person of a signal with its key, and what the signal said."""
        row = self._connection.execute(
            "SELECT statements.token, people.key, statements.body FROM statements"
            " JOIN people USING (token) WHERE signal_id = ?",
            (signal_id,),
        ).fetchone()
        return None if row is None else self._speaker(row)

    def _speaker(
        self, row: tuple[str | None, bytes | None, str | None]
    ) -> tuple[Person, Statement] | None:
        """Return whose a statement is, and what it says, from a row that joins the two."""
        token, key, body = row
        said = None if token is None else self._people.open(token, key, body)
        if token is None or said is None:
            return None
        return (token, cast("bytes", key)), cast("Statement", said)

    def keep_subject(
        self,
        signal_id: str,
        found: tuple[Person, Statement] | None,
        personal: Mapping[str, object],
        token: str | None,
    ) -> None:
        """Keep personal facts that a decision looked at beside what its signal said.

        Args:
            signal_id: The signal.
            found: What :meth:`speaker_of` returns of it.
            personal: The facts.
            token: Whose they are where the signal itself said nothing.
        """
        body = {} if found is None else dict(found[1])
        if body.get("subject") == personal:
            return
        body["subject"] = dict(personal)
        person = None if found is None else found[0]
        if person is None and token is not None:
            person = self._people.person(token)
        if person is None and (person := self._people.of_address(None)) is None:
            return
        self._connection.execute(
            "INSERT INTO statements (signal_id, token, body) VALUES (?, ?, ?)"
            " ON CONFLICT (signal_id) DO UPDATE SET body = excluded.body",
            (signal_id, person[0], self._people.seal(person, body)),
        )


def signal_of(logged: bytes, event_id: str, statement: Statement) -> Signal:
    """Return a signal as it stands in the log, with its personal values put back."""
    body = json.loads(bytes(logged).decode())
    identifiers, facts, text = join_parts(body, statement)
    return Signal(
        signal_id=body["signal_id"],
        source=body["source"],
        event_id=event_id,
        kind=Kind(body["kind"]),
        at=datetime.fromisoformat(body["at"]),
        received_at=datetime.fromisoformat(body["received_at"]),
        identifiers=identifiers,
        facts=facts,
        text=text,
    )


def _view(row: ViewRow) -> SignalView:
    signal_id, seq, source, kind, status, received_us, lead_id, reason = row
    return SignalView(
        signal_id=signal_id,
        seq=seq,
        source=source,
        kind=Kind(kind),
        status=SignalState(status),
        received_at=from_us(received_us),
        lead_id=lead_id,
        reason=reason,
    )
