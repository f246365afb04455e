"""Personal values, each person's sealed under a key of its own that stands in the person's row.

An address is looked up by its keyed digest. When the row goes, the key goes with it, and whatever
was sealed under it elsewhere, as beside a decision, can never be read again.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Final, cast

from leadfit.store.codec import pack_text
from leadfit.store.sealing import Sealer
from leadfit.store.sql import Connection

_OR_ERASED: Final = (
    " UNION ALL SELECT 1, NULL, NULL FROM erased WHERE mark = ?2 ORDER BY 1 DESC, 2 LIMIT 1"
)
_OF_ADDRESS: Final = f"SELECT 0, token, key FROM people WHERE email = ?1{_OR_ERASED}"  # noqa: S608 -- of our own
_OF_NOBODY_YET: Final = (
    "SELECT 0, token, key FROM people WHERE email = ?1 AND NOT EXISTS"  # noqa: S608 -- of our own
    f" (SELECT 1 FROM contacts WHERE contacts.token = people.token){_OR_ERASED}"
)
_MARKS: Final = b"leadfit marks of erased persons 1"
_ADD: Final = "INSERT INTO people (token, email, body, normal, key) VALUES (?, ?, ?, ?, ?)"
_NOTHING: Final = "{}"

Person = tuple[str, bytes]
"""Token and key, as they are kept."""


class SqlPeople:
    """Rows of ``people``: tokens, keys, and what is sealed under them.

    Args:
        connection: Of the transaction.
        secret: Keys digests of addresses, and seals the keys of persons.
        new_token: Returns the token of a new person.
        new_secret: Returns an unguessable token of 256 bits.
    """

    def __init__(
        self,
        connection: Connection,
        secret: bytes,
        new_token: Callable[[], str],
        new_secret: Callable[[], str],
    ) -> None:
        self._connection = connection
        self._secret = secret
        self._new_token = new_token
        self._marks_key = hmac.digest(secret, _MARKS, "sha256")
        self._sealer = Sealer(secret, new_secret)

    def address_key(self, email: str) -> str:
        """Return the form in which a normalised address is kept and looked up."""
        return hmac.digest(self._secret, b"address\x1f" + email.encode(), "sha256").hex()[:40]

    def contact_key(self, contact_id: str) -> str:
        """Return the form in which a contact id is kept: one that is an address, as a digest."""
        if "@" not in contact_id:
            return contact_id
        return f"contact_{hmac.digest(self._secret, contact_id.encode(), 'sha256').hex()[:32]}"

    def mark_of_address(self, address_key: str) -> bytes:
        """Return the mark of an erased person by the form in which an address is kept."""
        return hmac.digest(self._marks_key, b"address\x1f" + address_key.encode(), "sha256")

    def mark_of_contact(self, contact_key: str) -> bytes:
        """Return the mark of an erased person by the form in which a contact id is kept."""
        return hmac.digest(self._marks_key, b"contact\x1f" + contact_key.encode(), "sha256")

    def is_marked(self, mark: bytes) -> bool:
        """Return whether a mark stands."""
        row = self._connection.execute("SELECT 1 FROM erased WHERE mark = ?", (mark,)).fetchone()
        return row is not None

    def of_address(self, email: str | None) -> Person | None:
        """Return the first person of an address, or a new one; ``None`` for one who was erased."""
        if email is None:
            return self._add(None)
        found = self._found(_OF_ADDRESS, email)
        if found is None:
            return self._add(email)
        return found if found[1] else None

    def for_contact(self, email: str | None) -> tuple[Person, bool] | None:
        """Return a person no contact stands for yet, and whether it still has to be written.

        ``None`` is one who was erased.
        """
        found = None if email is None else self._found(_OF_NOBODY_YET, email)
        if found is not None:
            return (found, False) if found[1] else None
        token = self._new_token()
        return (token, self._sealer.new_key(token)), True

    def _found(self, statement: str, email: str) -> Person | None:
        """Return the person a statement finds; one without a key was erased."""
        key = self.address_key(email)
        row = self._connection.execute(statement, (key, self.mark_of_address(key))).fetchone()
        if row is None:
            return None
        return ("", b"") if row[0] else self._with_key(row[1], row[2])

    def _with_key(self, token: str, key: bytes | None) -> Person:
        if key is not None:
            return token, key
        made = self._sealer.new_key(token)
        self._connection.execute("UPDATE people SET key = ? WHERE token = ?", (made, token))
        return token, made

    def _add(self, email: str | None) -> Person:
        token = self._new_token()
        key = self._sealer.new_key(token)
        self._connection.execute(_ADD, self.row((token, key), email, {}, None))
        return token, key

    def row(
        self,
        person: Person,
        email: str | None,
        said: Mapping[str, object],
        normal: Mapping[str, str] | None,
    ) -> tuple[str, str | None, str, str | None, bytes]:
        """Return a row of ``people``: what is known of a person, and its normalised columns."""
        token, key = person
        return (
            token,
            None if email is None else self.address_key(email),
            self.seal(person, said) if said else _NOTHING,
            None if normal is None else self.seal(person, normal),
            key,
        )

    def write(self, rows: list[tuple[str, str | None, str, str | None, bytes]]) -> None:
        """Write rows that :meth:`row` made."""
        self._connection.executemany(_ADD, rows)

    def fill(self, person: Person, said: Mapping[str, object], normal: Mapping[str, str]) -> None:
        """Write what is known of a person that is there."""
        self._connection.execute(
            "UPDATE people SET body = ?, normal = ? WHERE token = ?",
            (self.seal(person, said), self.seal(person, normal), person[0]),
        )

    def person(self, token: str) -> Person | None:
        """Return a person with its key; ``None`` for one that is not there or was erased."""
        row = self._connection.execute(
            "SELECT key FROM people WHERE token = ?", (token,)
        ).fetchone()
        return None if row is None else self._with_key(token, row[0])

    def seal(self, person: Person, content: Mapping[str, object]) -> str:
        """Return personal values sealed under the key of their person."""
        return self._sealer.seal(person[1], person[0], pack_text(content))

    def open(self, token: str, key: bytes | None, sealed: str | None) -> dict[str, object] | None:
        """Return sealed values; ``None`` where the person's key is gone or nothing was sealed."""
        if sealed is None:
            return None
        content = self._sealer.open(key, token, sealed)
        return None if content is None else cast("dict[str, object]", json.loads(content))

    def seal_old(self, limit: int) -> int:
        """Seal persons whose values an older Leadfit wrote openly; return how many there were."""
        rows = self._connection.execute(
            "SELECT token, email, body, normal FROM people WHERE key IS NULL"
            " ORDER BY token LIMIT ?",
            (limit,),
        ).fetchall()
        for token, email, body, normal in rows:
            person = (token, self._sealer.new_key(token))
            self._connection.execute(
                "UPDATE people SET email = ?, body = ?, normal = ?, key = ? WHERE token = ?",
                (*self.row(person, email, json.loads(body), normal and json.loads(normal))[1:],
                 token),
            )  # fmt: skip
            said = self._connection.execute(
                "SELECT signal_id, body FROM statements WHERE token = ?", (token,)
            ).fetchall()
            for signal_id, statement in said:
                self._connection.execute(
                    "UPDATE statements SET body = ? WHERE signal_id = ?",
                    (self.seal(person, json.loads(statement)), signal_id),
                )
        return len(rows)
