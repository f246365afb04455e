"""The index of blocking keys, and the normalised columns it leads to.

A key is kept as eight bytes of a keyed digest: what somebody is called cannot be read from the
index, and every key is equally short. Keys of a record are computed from its columns, so that the
rows of a record that goes can be found without an index the other way round.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from leadfit.resolve.model.blocking import ACCOUNT_BLOCKING, CONTACT_BLOCKING, BlockingKeys
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.normal import NORMALISER
from leadfit.store.sql import Connection
from leadfit.store.sql_people import SqlPeople

_BYTES: Final = 8
_NUMBER: Final = {RecordKind.ACCOUNT: 1, RecordKind.CONTACT: 2}
_RULES: Final = {RecordKind.ACCOUNT: ACCOUNT_BLOCKING, RecordKind.CONTACT: CONTACT_BLOCKING}
_CONTACTS: Final = (
    "SELECT contact_id, token, people.key, people.normal FROM contacts JOIN people USING (token)"
    " WHERE contact_id IN ({})"
)


class SqlBlocking:
    """Writes and reads blocking keys of accounts and contacts."""

    def __init__(self, connection: Connection, secret: bytes, people: SqlPeople) -> None:
        self._connection = connection
        self._people = people
        self._secret = secret[: hashlib.blake2b.MAX_KEY_SIZE]
        self._keys = {
            kind: BlockingKeys(
                Card(kind=kind, normaliser=NORMALISER, prior=0.0, comparisons=(), blocking=rules)
            )
            for kind, rules in _RULES.items()
        }

    def write(self, kind: RecordKind, records: Iterable[tuple[str, Mapping[str, str]]]) -> None:
        """Index records by their normalised columns."""
        number = _NUMBER[kind]
        self._connection.executemany(
            "INSERT INTO blocking (key, kind, record_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (
                (self._digest(rule, key), number, record_id)
                for record_id, columns in records
                for rule, key in self._keys[kind].of(columns)
            ),
        )

    def remove(self, kind: RecordKind, record_id: str, columns: Mapping[str, str]) -> None:
        """Take a record out of the index by the columns it was written with."""
        self._connection.executemany(
            "DELETE FROM blocking WHERE key = ? AND kind = ? AND record_id = ?",
            (
                (self._digest(rule, key), _NUMBER[kind], record_id)
                for rule, key in self._keys[kind].of(columns)
            ),
        )

    def find(
        self, kind: RecordKind, columns: Mapping[str, str], limit: int
    ) -> tuple[Sequence[str], tuple[str, ...], int]:
        """Return ids, the rules that were skipped, and how many ids are over the limit.

        A record counts by each key it shares as the reciprocal of how many records share that key.
        """
        shared: dict[str, float] = defaultdict(float)
        skipped: dict[str, None] = {}
        rules = _RULES[kind]
        for rule, key in self._keys[kind].of(columns):
            most = rules[rule].most
            rows = self._connection.execute(
                "SELECT record_id FROM blocking WHERE key = ? AND kind = ? LIMIT ?",
                (self._digest(rule, key), _NUMBER[kind], most + 1),
            ).fetchall()
            if len(rows) > most:
                skipped.setdefault(" and ".join(rules[rule].columns))
                continue
            for (record_id,) in rows:
                shared[record_id] += 1.0 / len(rows)
        ordered = sorted(shared, key=lambda each: (-shared[each], each))
        return ordered[:limit], tuple(skipped), max(0, len(ordered) - limit)

    def contact_columns(self, contact_ids: Sequence[str]) -> Mapping[str, dict[str, str]]:
        """Return the normalised columns of contacts that have some."""
        if not contact_ids:
            return {}
        marks = ",".join("?" * len(contact_ids))
        rows = self._connection.execute(_CONTACTS.format(marks), tuple(contact_ids))
        opened = ((record_id, self._people.open(*sealed)) for record_id, *sealed in rows.fetchall())
        return {
            record_id: cast("dict[str, str]", normal)
            for record_id, normal in opened
            if normal is not None
        }

    def _digest(self, rule: int, key: str) -> int:
        digest = hashlib.blake2b(
            f"{rule}\x1f{key}".encode("utf-8", "surrogatepass"),
            key=self._secret,
            digest_size=_BYTES,
        )
        return int.from_bytes(digest.digest(), "big", signed=True)
