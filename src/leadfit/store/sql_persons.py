"""Forgets a person, hands out what is kept of one, and keeps erased ones from coming back."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, cast
from urllib.parse import unquote_plus

from leadfit.records import Kind
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import from_us, to_us
from leadfit.store.persons import Erasure, Named, Record
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts, said_of
from leadfit.store.sql_breaches import WITHDRAW
from leadfit.store.sql_outbox import CANCEL_OF_LEAD
from leadfit.store.sql_people import SqlPeople
from leadfit.store.sql_rare import Rare
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.sql_tallies import Tallies

_CHUNK: Final = 500
# Free texts that people wrote about a lead or a contact may name the person.
_TEXTS_OF_LEADS: Final = (("feedback", "reason"), ("reviews", "reason"), ("lifts", "reason"))
_OVERRIDES: Final = "overrides"
_TEXTS: Final = (
    ("feedback", "reason", "seq"),
    ("reviews", "reason", "review_id"),
    ("lifts", "reason", "decision_id"),
    ("merges", "reason", "merge_id"),
    ("merges", "undone_reason", "merge_id"),
    (_OVERRIDES, "reason", "assignment_id"),
)
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class SqlPersons:
    """See :class:`leadfit.store.persons.Persons`."""

    def __init__(
        self,
        connection: Connection,
        people: SqlPeople,
        signals: SqlSignals,
        accounts: SqlAccounts,
        rare: Rare,
        *,
        tallies: Tallies,
    ) -> None:
        self._connection = connection
        self._tallies = tallies
        self._rare = rare
        self._people = people
        self._signals = signals
        self._accounts = accounts

    def _marks(self, named: Named) -> list[bytes]:
        marks, people = [], self._people
        if named.email is not None:
            marks.append(people.mark_of_address(people.address_key(named.email)))
        if named.contact_id is not None:
            marks.append(people.mark_of_contact(self._accounts.contact_key(named.contact_id)))
        return marks

    def is_erased(self, named: Named) -> bool:
        """Return whether a person was erased and must not be brought back."""
        return any(self._people.is_marked(mark) for mark in self._marks(named))

    def marks(self) -> tuple[bytes, ...]:
        """Return the marks of everybody who was erased, in their order."""
        rows = self._connection.execute("SELECT mark FROM erased ORDER BY mark").fetchall()
        return tuple(bytes(row[0]) for row in rows)

    def add_marks(self, marks: Iterable[bytes], at: datetime) -> None:
        """Take marks in that were kept outside of the store."""
        self._rare.forget()
        for mark in marks:
            self._connection.execute(
                "INSERT INTO erased (mark, at_us) VALUES (?, ?) ON CONFLICT (mark) DO NOTHING",
                (mark, to_us(at)),
            )

    def readmit(self, named: Named, at: datetime) -> bool:
        """Take the marks of a person away; ``False`` where there were none."""
        marks = [mark for mark in self._marks(named) if self._people.is_marked(mark)]
        self._rare.forget()
        for mark in marks:
            self._connection.execute("DELETE FROM erased WHERE mark = ?", (mark,))
        if marks:
            self._signals.append("readmission", at, {"marks": [mark.hex() for mark in marks]})
        return bool(marks)

    def _tokens(self, named: Named) -> list[str]:
        """Return the tokens of a person: by address and contact, and by what is merged with it."""
        found: dict[str, None] = {}
        if named.email is not None:
            address = self._people.address_key(named.email)
            found |= dict.fromkeys(self._all("SELECT token FROM people WHERE email = ?", address))
        if named.contact_id is not None:
            token = self._accounts.token_of(self._accounts.contact_key(named.contact_id))
            found |= {} if token is None else {token: None}
        waiting = list(found)
        while waiting:
            for contact_id in self._contacts([waiting.pop()]):
                survivor = self._accounts.contact_survivor(contact_id)
                for each in self._accounts.members_of(RecordKind.CONTACT, survivor):
                    token = None if each is None else self._accounts.token_of(each)
                    if token is not None and token not in found:
                        found[token] = None
                        waiting.append(token)
        return list(found)

    def _contacts(self, tokens: Iterable[str]) -> list[str]:
        query = "SELECT contact_id FROM contacts WHERE token = ? ORDER BY contact_id"
        return [each for token in tokens for each in self._all(query, token)]

    def _all(self, query: str, *values: object) -> list[str]:
        return [row[0] for row in self._connection.execute(query, values).fetchall()]

    def erase(self, named: Named, at: datetime) -> Erasure:
        """Remove what is kept of a person with its key, and mark that nobody brings it back."""
        tokens = self._tokens(named)
        contacts = self._contacts(tokens)
        marks = dict.fromkeys(self._marks(named))
        for token in tokens:
            addresses = self._all(
                "SELECT email FROM people WHERE token = ? AND email IS NOT NULL", token
            )
            marks |= dict.fromkeys(map(self._people.mark_of_address, addresses))
        marks |= dict.fromkeys(map(self._people.mark_of_contact, contacts))
        signals = [
            each
            for token in tokens
            for each in self._all("SELECT signal_id FROM statements WHERE token = ?", token)
        ]
        leads = self._leads(contacts)
        known = {each.casefold() for each in self._addresses(named, contacts)}
        self._end(leads, at)
        done = Erasure(
            persons=len(tokens),
            contacts=len(contacts),
            statements=len(signals),
            leads=len(leads),
            texts=self._blank_texts(leads, contacts)
            + self._blank_mentions(known)
            + self._refused(known),
            decisions=self._decisions(signals),
            marks=len(marks),
        )
        self._remove(tokens, contacts)
        self.add_marks(marks, at)
        said = {"tokens": tokens, "marks": [mark.hex() for mark in marks]}
        self._signals.append("erasure", at, said)
        return done

    def _remove(self, tokens: Sequence[str], contacts: Sequence[str]) -> None:
        self._signals.forget()
        self._accounts.forget_contacts(contacts)
        for token in tokens:
            self._connection.execute("DELETE FROM statements WHERE token = ?", (token,))
            # The row holds the key: what was sealed under it elsewhere is gone with it.
            self._connection.execute("DELETE FROM people WHERE token = ?", (token,))

    def _leads(self, contacts: Sequence[str]) -> list[str]:
        query = "SELECT lead_id FROM leads WHERE contact_id = ? ORDER BY lead_id"
        return [each for contact_id in contacts for each in self._all(query, contact_id)]

    def _end(self, leads: Sequence[str], at: datetime) -> None:
        """Close the leads of a person: no clock runs on, and nothing that waits is done."""
        now = to_us(at)
        for lead_id in leads:
            self._connection.execute("UPDATE leads SET is_open = 0 WHERE lead_id = ?", (lead_id,))
            self._connection.execute(
                "UPDATE clocks SET stopped_us = ?, stopped_by = 'erased'"
                " WHERE lead_id = ? AND stopped_us IS NULL",
                (now, lead_id),
            )
            self._tallies.ended(self._connection.execute(CANCEL_OF_LEAD, (now, lead_id)).fetchall())
            self._connection.execute(
                WITHDRAW,
                (now, lead_id),
            )

    def _decisions(self, signals: Sequence[str]) -> int:
        query = "SELECT count(*) FROM decisions WHERE signal_id = ?"
        counts = (self._connection.execute(query, (each,)).fetchone()[0] for each in signals)
        return sum(counts)

    def _refused(self, addresses: Collection[str]) -> int:
        """Drop bodies that could not be taken and in which an address of the person stands."""
        return sum(
            self._connection.execute("DELETE FROM refused_signals WHERE key = ?", (key,)).rowcount
            for key, body in self._connection.execute(
                "SELECT key, body FROM refused_signals ORDER BY key"
            ).fetchall()
            if _names(body, addresses)
        )

    def _blank_mentions(self, addresses: Collection[str]) -> int:
        """Blank what people wrote about other leads and in which an address stands."""
        done = 0
        for table, column, key in _TEXTS:
            rows = self._connection.execute(
                f"SELECT {key}, {column} FROM {table} WHERE {column} LIKE ?",  # noqa: S608 -- names of our own
                ("%@%",),
            ).fetchall()
            blank = "''" if table == _OVERRIDES else "NULL"
            for row, text in rows:
                if _names(text, addresses):
                    done += self._connection.execute(
                        f"UPDATE {table} SET {column} = {blank} WHERE {key} = ?",  # noqa: S608 -- names of our own
                        (row,),
                    ).rowcount
        return done

    def _addresses(self, named: Named, contacts: Iterable[str]) -> set[str]:
        known = (self._accounts.own_contact(each) for each in contacts)
        found = {each.email for each in known if each is not None and each.email is not None}
        return found if named.email is None else found | {named.email}

    def _blank_texts(self, leads: Sequence[str], contacts: Sequence[str]) -> int:
        done = 0
        for table, column in (*_TEXTS_OF_LEADS, (_OVERRIDES, "reason")):
            # An override cannot be without a reason; an empty one says that it was erased.
            blank = "''" if table == _OVERRIDES else "NULL"
            for lead_id in leads:
                done += self._connection.execute(
                    f"UPDATE {table} SET {column} = {blank} WHERE lead_id = ?"  # noqa: S608 -- names of our own
                    f" AND {column} IS NOT NULL AND {column} <> ''",
                    (lead_id,),
                ).rowcount
        for contact_id in contacts:
            done += self._connection.execute(
                "UPDATE merges SET reason = NULL, undone_reason = NULL WHERE (survivor_id = ?1"
                " OR absorbed_id = ?1) AND coalesce(reason, undone_reason) IS NOT NULL",
                (contact_id,),
            ).rowcount
            done += self._connection.execute(
                "UPDATE reviews SET reason = NULL WHERE record_kind = 'contact'"
                " AND (left_id = ?1 OR right_id = ?1) AND reason IS NOT NULL",
                (contact_id,),
            ).rowcount
        return done

    def erase_marked(self, at: datetime) -> int:
        """Erase everybody who is marked, as after a restore; return how many there were."""
        done, after, mentioned = 0, "", set[str]()
        while rows := self._connection.execute(
            "SELECT people.token, people.email, contacts.contact_id FROM people LEFT JOIN contacts"
            " ON contacts.token = people.token WHERE people.token > ?"
            " ORDER BY people.token LIMIT ?",
            (after, _CHUNK),
        ).fetchall():  # fmt: skip
            after = rows[-1][0]
            for token, address, contact_id in rows:
                if self._is_marked(address, contact_id):
                    contacts = self._contacts([token])
                    leads = self._leads(contacts)
                    known = self._addresses(Named(), contacts)
                    self._end(leads, at)
                    self._blank_texts(leads, contacts)
                    mentioned |= {each.casefold() for each in known}
                    self._remove([token], contacts)
                    self._signals.append("erasure", at, {"tokens": [token], "marks": []})
                    done += 1
        self._blank_mentions(mentioned)
        self._refused(mentioned)
        return done

    def _is_marked(self, address: str | None, contact_id: str | None) -> bool:
        people = self._people
        if address is not None and people.is_marked(people.mark_of_address(address)):
            return True
        return contact_id is not None and people.is_marked(people.mark_of_contact(contact_id))

    def record(self, named: Named) -> Record:
        """Return everything that is kept of a person."""
        tokens = self._tokens(named)
        contacts = self._contacts(tokens)
        values = {
            each: said_of(found)
            for each in contacts
            if (found := self._accounts.own_contact(each)) is not None
        }
        signals = [
            each
            for token in tokens
            for each in self._all("SELECT signal_id FROM statements WHERE token = ?", token)
        ]
        return Record(
            contacts=cast("dict[str, dict[str, object]]", values),
            signals=tuple(self._signal(each) for each in sorted(signals)),
            leads=tuple(self._leads(contacts)),
        )

    def _signal(self, signal_id: str) -> dict[str, object]:
        source, kind, received_us = self._connection.execute(
            "SELECT source, kind, received_us FROM signals WHERE signal_id = ?", (signal_id,)
        ).fetchone()
        found = self._signals.person_of(signal_id)
        return {
            "signal_id": signal_id,
            "source": source,
            "kind": Kind(kind),
            "received_at": from_us(received_us),
            "said": {} if found is None else json.loads(json.dumps(found[1])),
        }


def _names(text: str, addresses: Collection[str]) -> bool:
    """Return whether an address stands in a text, also as JSON or a form may write it."""
    plain = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
    written = (plain.casefold(), unquote_plus(plain).casefold())
    return any(address in each for address in addresses for each in written)
