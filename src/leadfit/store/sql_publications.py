"""Rules that were put in force, each with its row in the log."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from leadfit.store.codec import to_us
from leadfit.store.publications import LogHead, Publication
from leadfit.store.published import COLUMNS, KIND, publication_of, said_of
from leadfit.store.sql import Connection
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.sql_tallies import ACTIONS, Tallies

_ADD: Final = (
    f"INSERT INTO publications (seq, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- fixed columns
)
_ALL: Final = f"SELECT {COLUMNS} FROM publications ORDER BY number"  # noqa: S608 -- fixed columns
_LATEST: Final = f"SELECT {COLUMNS} FROM publications ORDER BY number DESC LIMIT 1"  # noqa: S608 -- fixed columns
_DECIDING: Final = (
    "SELECT decisions.policy_digest FROM decisions JOIN contents"
    " ON contents.digest = decisions.policy_digest WHERE contents.kind = 'policy'"
    " AND decisions.seq = (SELECT max(seq) FROM decisions)"
)

# Of a lead's present owner something was withheld and nothing carried out: nobody was told of it.
_OF_THE_OWNER: Final = """
SELECT 1 FROM assignments JOIN outbox ON outbox.lead_id = assignments.lead_id
    AND outbox.assignment_id = assignments.assignment_id
WHERE assignments.lead_id = clocks.lead_id AND assignments.ended_us IS NULL
"""
_UNTOLD: Final = f"""
UPDATE clocks SET stopped_us = CASE WHEN started_us > ? THEN started_us ELSE ? END,
    stopped_by = 'withheld'
WHERE stopped_us IS NULL AND EXISTS ({_OF_THE_OWNER} AND outbox.state = 'withheld')
AND NOT EXISTS ({_OF_THE_OWNER} AND outbox.state IN ('done', 'sending', 'ambiguous'))
"""  # noqa: S608 -- fixed words


class SqlPublications:
    """See :class:`leadfit.store.publications.Publications`."""

    def __init__(self, connection: Connection, signals: SqlSignals, tallies: Tallies) -> None:
        self._connection = connection
        self._signals = signals
        self._tallies = tallies

    def latest(self) -> Publication | None:
        """Return the last one, which says what is in force."""
        row = self._connection.execute(_LATEST).fetchone()
        return None if row is None else publication_of(row)

    def all(self) -> tuple[Publication, ...]:
        """Return all of them, the first one first."""
        return tuple(publication_of(row) for row in self._connection.execute(_ALL).fetchall())

    def add(self, publication: Publication) -> None:
        """Write one, in the log as well."""
        last = self.latest()
        expected = 1 if last is None else last.number + 1
        if publication.number != expected:
            raise ValueError(f"publication {publication.number} where {expected} is next")
        seq = self._signals.append(KIND, publication.at, said_of(publication))
        each = publication
        self._connection.execute(
            _ADD,
            (
                seq, each.number, to_us(each.at), each.change.value, each.policy_digest,
                each.artifact_digest, each.by, each.reason, each.before_policy,
                each.before_artifact, each.plan_digest, each.restores,
            ),
        )  # fmt: skip

    def deciding(self) -> str | None:
        """Return the digest of the policy by which the latest decision was made, if it is kept."""
        row = self._connection.execute(_DECIDING).fetchone()
        return None if row is None else str(row[0])

    def head(self) -> LogHead:
        """Return the last row of the log; number 0 while it is empty."""
        row = self._connection.execute(
            "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return LogHead(seq=0, hash="") if row is None else LogHead(seq=row[0], hash=row[1].hex())

    def hash_of(self, seq: int) -> str | None:
        """Return the hash of a row of the log, in hexadecimal digits."""
        row = self._connection.execute("SELECT hash FROM log WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else bytes(row[0]).hex()

    def withhold(self, at: datetime) -> int:
        """Let nothing that waits be sent or told any more; return how many actions.

        Clocks of leads of which nobody was told stop.
        """
        now_us = to_us(at)
        held = self._connection.execute(
            "UPDATE outbox SET state = 'withheld', done_us = ?,"
            " error = 'decided while nothing was acted on' WHERE state = 'pending'",
            (now_us,),
        ).rowcount
        self._tallies.add(f"{ACTIONS}/withheld", int(held))
        self._connection.execute(_UNTOLD, (now_us, now_us))
        self._connection.execute(
            "UPDATE notices SET told_by = '', told_us = ? WHERE told_by IS NULL", (now_us,)
        )
        self._connection.execute(
            "UPDATE tellings SET ended_us = ? WHERE ended_us IS NULL", (now_us,)
        )
        return int(held)
