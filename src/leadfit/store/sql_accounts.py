"""Accounts, domains and contacts; personal values of contacts in ``people``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Final, cast

from leadfit.records import Account, Candidate, Contact, Keys
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.pairs.merging import join_accounts, join_contacts
from leadfit.resolve.record_columns import account_columns, contact_columns
from leadfit.resolve.relatives.domains import AccountDomain
from leadfit.store.codec import maybe_time, maybe_us, pack, pack_text, to_us, write_plain
from leadfit.store.matching import Blocked
from leadfit.store.sql import Connection
from leadfit.store.sql_blocking import SqlBlocking
from leadfit.store.sql_matching import SqlMerges
from leadfit.store.sql_people import SqlPeople
from leadfit.store.sql_rare import Rare
from leadfit.store.sql_tallies import Tallies
from leadfit.store.told import People

_ACCOUNT: Final = (
    "account_id, name, parent_account_id, owner_id, country, is_customer, facts, created_us"
)
_SHORT: Final = (
    "account_id, name, parent_account_id, owner_id, country, is_customer, merged_into, normal"
)
_CONTACT: Final = (
    "contacts.contact_id, contacts.account_id, contacts.created_us, people.token, people.key,"
    " people.body FROM contacts LEFT JOIN people ON people.token = contacts.token"
)
_MOST_CANDIDATES: Final = 20
_AT_ONCE: Final = 500


class SqlAccounts:
    """See :class:`leadfit.store.base.Accounts`."""

    def __init__(
        self,
        connection: Connection,
        secret: bytes,
        people: SqlPeople,
        rare: Rare,
        tallies: Tallies,
    ) -> None:
        self._connection = connection
        self._tallies = tallies
        self._people = people
        self._rare = rare
        self._merges = SqlMerges(connection, rare)
        self._blocking = SqlBlocking(connection, secret, people)

    def contact_key(self, contact_id: str) -> str:
        """Return the form in which a contact id is kept: one that is an address, as a digest."""
        return self._people.contact_key(contact_id)

    def candidates(self, keys: Keys, at: datetime | None = None) -> tuple[Candidate, ...]:
        """Return the records that share a blocking key, strongest key first.

        With a time, only accounts that held the domain then are of it.
        """
        found: list[Candidate] = []
        if keys.lead_id is not None:
            found += self._by_lead(keys.lead_id)
        if keys.contact_id is not None:
            found += self._by_contact("contact_id", "contacts.contact_id = ?",
                                      self.contact_key(keys.contact_id))  # fmt: skip
        if keys.account_id is not None and (account := self.account(keys.account_id)) is not None:
            found.append(Candidate(found_by="account_id", account=account))
        if keys.email is not None:
            found += self._by_contact(
                "email", "people.email = ?", self._people.address_key(keys.email)
            )
        if keys.domain is not None:
            found += self._by_domain(keys.domain, at)
        return tuple(found)

    def _by_lead(self, lead_id: str) -> list[Candidate]:
        row = self._connection.execute(
            "SELECT account_id, contact_id, is_open FROM leads WHERE lead_id = ?", (lead_id,)
        ).fetchone()
        if row is None:
            return []
        account_id, contact_id, is_open = row
        return [
            Candidate(
                found_by="lead_id",
                account=None if account_id is None else self.account(account_id),
                contact=None if contact_id is None else self.contact(contact_id),
                open_lead_id=lead_id if is_open else None,
            )
        ]

    def _by_contact(self, found_by: str, where: str, value: str) -> list[Candidate]:
        rows = self._connection.execute(
            f"SELECT {_CONTACT} WHERE {where} ORDER BY contacts.contact_id LIMIT ?",
            (value, _MOST_CANDIDATES),
        ).fetchall()
        ids = dict.fromkeys(self._merges.survivor(RecordKind.CONTACT, row[0]) for row in rows)
        contacts = (self.contact(contact_id) for contact_id in ids)
        return [
            Candidate(
                found_by=found_by,
                account=None if contact.account_id is None else self.account(contact.account_id),
                contact=contact,
                open_lead_id=self.open_lead_of(contact.contact_id),
            )
            for contact in contacts
            if contact is not None
        ]

    def _by_domain(self, domain: str, at: datetime | None) -> list[Candidate]:
        holds, values = "", tuple[object, ...]((domain,))
        if at is not None:
            us = to_us(at)
            holds = " AND coalesce(since_us, ?2) <= ?2 AND coalesce(until_us, ?2) >= ?2"
            values = (domain, us)
        rows = self._connection.execute(
            f"SELECT account_id, role FROM domains WHERE domain = ?1{holds}"  # noqa: S608 -- of our own
            f" ORDER BY role <> 'primary', account_id LIMIT {_MOST_CANDIDATES}",
            values,
        ).fetchall()
        roles: dict[str, str] = {}
        for account_id, role in rows:
            roles.setdefault(self._merges.survivor(RecordKind.ACCOUNT, account_id), role)
        found = ((self.account(account_id), role) for account_id, role in sorted(roles.items()))
        return [
            Candidate(found_by="domain", account=account, role=role)
            for account, role in found
            if account is not None
        ]

    def add_domains(self, lines: Iterable[AccountDomain]) -> None:
        """Write lines of the account-to-domains table over those of the same two."""
        self._connection.executemany(
            "INSERT INTO domains (domain, account_id, role, source, since_us, until_us)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (domain, account_id) DO UPDATE SET"
            " role = excluded.role, source = excluded.source, since_us = excluded.since_us,"
            " until_us = excluded.until_us",
            (
                (
                    each.domain, each.account_id, each.role.value, each.source,
                    _day_us(each.since, time.min), _day_us(each.until, time.max),
                )
                for each in lines
            ),
        )  # fmt: skip

    def blocked(self, kind: RecordKind, columns: Mapping[str, str], limit: int) -> Blocked:
        """Return records that share a blocking key with these normalised columns."""
        ids, skipped, left_out = self._blocking.find(kind, columns, limit)
        if kind is RecordKind.ACCOUNT:
            found = self._accounts_in_short(ids)
        else:
            known = self._blocking.contact_columns(ids)
            contacts = (self._contact_found(each, known[each]) for each in ids if each in known)
            found = [each for each in contacts if each is not None]
        return Blocked(candidates=tuple(found), skipped=skipped, left_out=left_out)

    def _accounts_in_short(self, account_ids: Sequence[str]) -> list[Candidate]:
        """Return accounts with what they are weighed by, all of them in a few queries."""
        if not account_ids:
            return []
        marks = ",".join("?" * len(account_ids))
        rows = self._connection.execute(
            f"SELECT {_SHORT} FROM accounts WHERE account_id IN ({marks}) AND normal IS NOT NULL",  # noqa: S608 -- marks only
            tuple(account_ids),
        ).fetchall()
        stands_for_others = {
            row[0]
            for row in self._connection.execute(
                f"SELECT merged_into FROM accounts WHERE merged_into IN ({marks})",  # noqa: S608 -- marks only
                tuple(account_ids),
            )
        }
        known = {row[0]: row for row in rows}
        found: list[Candidate] = []
        for each in account_ids:
            row = known.get(each)
            if row is None:
                continue
            is_merged = row[6] is not None or each in stands_for_others
            account = self.account(each) if is_merged else _in_short(row)
            if account is not None:
                found.append(
                    Candidate(found_by="blocking", account=account, columns=json.loads(row[7]))
                )
        return found

    def _contact_found(self, record_id: str, columns: Mapping[str, str]) -> Candidate | None:
        contact = self.contact(record_id)
        if contact is None:
            return None
        account = None if contact.account_id is None else self.account(contact.account_id)
        company = {} if account is None else account_columns(account)
        return Candidate(
            found_by="blocking",
            account=account,
            contact=contact,
            open_lead_id=self.open_lead_of(contact.contact_id),
            columns={**columns, **{n: v for n, v in company.items() if n.startswith("company")}},
        )

    def normal_forms(self, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return ids and normalised columns of accounts behind the id ``after``, by id."""
        rows = self._connection.execute(
            "SELECT account_id, normal FROM accounts WHERE account_id > ? AND normal IS NOT NULL"
            " AND merged_into IS NULL ORDER BY account_id LIMIT ?",
            (after, limit),
        )
        return [(account_id, json.loads(normal)) for account_id, normal in rows]

    def open_lead_of(self, contact_id: str) -> str | None:
        """Return the newest open lead of a contact and of those merged into it."""
        members = self._merges.members(RecordKind.CONTACT, contact_id)
        marks = ",".join("?" * len(members))
        row = self._connection.execute(
            f"SELECT lead_id FROM leads WHERE contact_id IN ({marks}) AND is_open = 1"  # noqa: S608 -- marks only
            " ORDER BY created_us DESC, lead_id DESC LIMIT 1",
            tuple(members),
        ).fetchone()
        return None if row is None else row[0]

    def account(self, account_id: str) -> Account | None:
        """Return the account that stands for ``account_id``, with what was merged into it."""
        survivor = self._merges.survivor(RecordKind.ACCOUNT, account_id)
        members = self._merges.members(RecordKind.ACCOUNT, survivor)
        found = [own for each in members if (own := self.own_account(each)) is not None]
        joined = join_accounts(found)[0] if len(found) > 1 else next(iter(found), None)
        if joined is None or joined.parent_account_id is None:
            return joined
        return replace(joined, parent_account_id=self.survivor_of(joined.parent_account_id))

    def own_account(self, account_id: str) -> Account | None:
        """Return the account as it was recorded, whatever it was merged into."""
        row = self._connection.execute(
            f"SELECT {_ACCOUNT} FROM accounts WHERE account_id = ?",  # noqa: S608 -- fixed columns
            (account_id,),
        ).fetchone()
        if row is None:
            return None
        domains = self._connection.execute(
            "SELECT domain FROM domains WHERE account_id = ? ORDER BY domain", (account_id,)
        ).fetchall()
        return Account(
            account_id=row[0],
            name=row[1],
            domains=tuple(each[0] for each in domains),
            parent_account_id=row[2],
            owner_id=row[3],
            country=row[4],
            is_customer=bool(row[5]),
            facts=json.loads(row[6]),
            created_at=maybe_time(row[7]),
        )

    def contact(self, contact_id: str) -> Contact | None:
        """Return the contact that stands for ``contact_id``, with what was merged into it."""
        survivor = self._merges.survivor(RecordKind.CONTACT, self.contact_key(contact_id))
        members = self._merges.members(RecordKind.CONTACT, survivor)
        found = [own for each in members if (own := self.own_contact(each)) is not None]
        return join_contacts(found)[0] if len(found) > 1 else next(iter(found), None)

    def own_contact(self, contact_id: str) -> Contact | None:
        """Return the contact as it was recorded, whatever it was merged into."""
        row = self._connection.execute(
            f"SELECT {_CONTACT} WHERE contacts.contact_id = ?",
            (self.contact_key(contact_id),),
        ).fetchone()
        return None if row is None else self._contact(row)

    def _contact(self, row: tuple[str, str | None, int | None, str, bytes | None, str]) -> Contact:
        contact_id, account_id, created_us, token, key, body = row
        said = cast("dict[str, str]", self._people.open(token, key, body) or {})
        return Contact(
            contact_id=contact_id,
            account_id=account_id,
            email=said.get("email"),
            first_name=said.get("first_name"),
            last_name=said.get("last_name"),
            title=said.get("title"),
            phone=said.get("phone"),
            created_at=maybe_time(created_us),
        )

    def survivor_of(self, account_id: str) -> str:
        """Return the id of the account that stands for ``account_id``."""
        return self._merges.survivor(RecordKind.ACCOUNT, account_id)

    def members_of(self, kind: RecordKind, record_id: str | None) -> tuple[str | None, ...]:
        """Return the records that a record stands for, itself first; ``(None,)`` for none."""
        return (None,) if record_id is None else self._merges.members(kind, record_id)

    def token_of(self, contact_id: str) -> str | None:
        """Return the token of a contact's personal values."""
        row = self._connection.execute(
            "SELECT token FROM contacts WHERE contact_id = ?", (contact_id,)
        ).fetchone()
        return None if row is None else row[0]

    def seal(self, people: People) -> bytes:
        """Return personal values of contacts, each person's sealed under its own key."""
        by_token: dict[str, dict[str, object]] = {}
        for contact_id, values in sorted(people.items()):
            token = self.token_of(contact_id)
            if token is not None:
                by_token.setdefault(token, {})[contact_id] = dict(values)
        sealed = {}
        for token, content in by_token.items():
            person = self._people.person(token)
            if person is not None:
                sealed[token] = self._people.seal(person, content)
        return pack(sealed)

    def unseal(self, sealed: bytes) -> tuple[People, bool]:
        """Return the values that :meth:`seal` sealed, and whether those of anybody are gone.

        Raises:
            ValueError: Somebody is there whose values cannot be opened.
        """
        people: dict[str, Mapping[str, object]] = {}
        is_whole = True
        for token, content in json.loads(sealed).items():
            person = self._people.person(token)
            opened = None if person is None else self._people.open(*person, content)
            if person is not None and opened is None:
                raise ValueError("sealed values or the key of their person were changed")
            is_whole = is_whole and opened is not None
            people |= cast("dict[str, Mapping[str, object]]", opened or {})
        return people, not is_whole

    def add_accounts(self, accounts: Iterable[Account]) -> tuple[int, int]:
        """Add accounts that are not there; return the numbers of new accounts and new domains."""
        given = list(accounts)
        there = self._known_accounts([each.account_id for each in given])
        columns = {
            each.account_id: account_columns(each)
            for each in reversed(given)
            if each.account_id not in there
        }
        rows = [
            (
                each.account_id, each.name, each.parent_account_id, each.owner_id, each.country,
                int(each.is_customer), pack_text(each.facts), maybe_us(each.created_at),
                write_plain(columns.get(each.account_id, {})),
            )
            for each in given
        ]  # fmt: skip
        domains = [(domain, each.account_id) for each in given for domain in each.domains]
        added = self._insert(
            f"INSERT INTO accounts ({_ACCOUNT}, normal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- fixed columns
            " ON CONFLICT (account_id) DO NOTHING",
            rows,
        )
        self._tallies.add("accounts", added)
        self._blocking.write(RecordKind.ACCOUNT, columns.items())
        return added, self._insert(
            "INSERT INTO domains (domain, account_id) VALUES (?, ?)"
            " ON CONFLICT (domain, account_id) DO NOTHING",
            domains,
        )

    def _known_accounts(self, account_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for at in range(0, len(account_ids), _AT_ONCE):
            some = account_ids[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT account_id FROM accounts WHERE account_id IN ({marks})",  # noqa: S608 -- marks only
                some,
            )
            found.update(row[0] for row in rows)
        return frozenset(found)

    def _insert(self, statement: str, rows: Sequence[tuple[object, ...]]) -> int:
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        return self._connection.total_changes - before

    def add_contacts(self, contacts: Iterable[tuple[Contact, str | None]]) -> int:
        """Add contacts, each with its normalised address, that are not there; return how many."""
        people: list[tuple[str, str | None, str, str | None, bytes]] = []
        rows: list[tuple[str, str | None, str | None, int | None]] = []
        columns: dict[str, Mapping[str, str]] = {}
        has_marks = self._rare.has_erased()
        for contact, email in contacts:
            contact_id = self.contact_key(contact.contact_id)
            if contact_id in columns or self._knows_contact(contact_id):
                continue
            found = self._people.for_contact(email)
            mark = self._people.mark_of_contact(contact_id) if has_marks else b""
            if found is None or (has_marks and self._people.is_marked(mark)):
                # Leads may name it; of the person who was erased nothing comes back.
                columns[contact_id] = {}
                rows.append((contact_id, contact.account_id, None, maybe_us(contact.created_at)))
                continue
            person, is_new = found
            columns[contact_id] = contact_columns(contact)
            said, normal = said_of(contact), columns[contact_id]
            if is_new:
                people.append(self._people.row(person, email, said, normal))
            else:
                self._people.fill(person, said, normal)
            rows.append((contact_id, contact.account_id, person[0], maybe_us(contact.created_at)))
        self._people.write(people)
        self._blocking.write(RecordKind.CONTACT, columns.items())
        added = self._insert(
            "INSERT INTO contacts (contact_id, account_id, token, created_us) VALUES (?, ?, ?, ?)",
            rows,
        )
        self._tallies.add("contacts", added)
        return added

    def _knows_contact(self, contact_id: str) -> bool:
        return (
            self._connection.execute(
                "SELECT 1 FROM contacts WHERE contact_id = ?", (contact_id,)
            ).fetchone()
            is not None
        )

    def contact_survivor(self, contact_id: str) -> str:
        """Return the id of the contact that stands for ``contact_id``."""
        return self._merges.survivor(RecordKind.CONTACT, contact_id)

    def forget_contacts(self, contact_ids: Sequence[str]) -> None:
        """Take contacts out of the index and away from their person; their ids stay."""
        for contact_id, columns in self._blocking.contact_columns(contact_ids).items():
            self._blocking.remove(RecordKind.CONTACT, contact_id, columns)
        self._connection.executemany(
            "UPDATE contacts SET token = NULL WHERE contact_id = ?",
            [(each,) for each in contact_ids],
        )

    def link_contact(self, contact_id: str, account_id: str) -> None:
        """Put a contact without an account into one."""
        self._connection.execute(
            "UPDATE contacts SET account_id = ? WHERE contact_id = ? AND account_id IS NULL",
            (account_id, contact_id),
        )

    def part_contact(self, contact_id: str, account_id: str) -> None:
        """Take a contact out of an account."""
        self._connection.execute(
            "UPDATE contacts SET account_id = NULL WHERE contact_id = ? AND account_id = ?",
            (contact_id, account_id),
        )


def _day_us(day: date | None, at: time) -> int | None:
    return None if day is None else to_us(datetime.combine(day, at, UTC))


def _in_short(row: tuple[str, str, str | None, str | None, str | None, int, None, str]) -> Account:
    """Return an account without domains and facts."""
    return Account(
        account_id=row[0],
        name=row[1],
        parent_account_id=row[2],
        owner_id=row[3],
        country=row[4],
        is_customer=bool(row[5]),
    )


def said_of(contact: Contact) -> dict[str, str]:
    """Return the personal values of a contact by their names."""
    named = {
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "title": contact.title,
        "phone": contact.phone,
    }
    return {name: value for name, value in named.items() if value is not None}
