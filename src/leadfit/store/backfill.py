"""Normalised columns, blocking keys and sealed values for records that an older Leadfit wrote.

A store of an older schema is marked before it is brought up to date, and the mark goes when every
record has its columns; a run that was stopped goes on where it stopped.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from leadfit.log import logger
from leadfit.records import Account, Contact
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.record_columns import account_columns, contact_columns
from leadfit.store.codec import write_plain
from leadfit.store.sql_blocking import SqlBlocking
from leadfit.store.sql_people import SqlPeople
from leadfit.world import World

T = TypeVar("T")

_CHUNK: Final = 2_000
_MARK: Final = 1

_log = logger("store")


def mark(connection: sqlite3.Connection) -> None:
    """Write that records lack their normalised columns."""
    connection.execute(f"PRAGMA user_version = {_MARK}")


def is_marked(connection: sqlite3.Connection) -> bool:
    """Return whether records may lack their normalised columns."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) == _MARK


def backfill(connection: sqlite3.Connection, secret: bytes, world: World) -> int:
    """Give every record its columns and keys, chunk by chunk, seal persons, take the mark away.

    Args:
        connection: Of the one process that writes; no transaction is open.
        secret: Keys the digests of the index, and seals the keys of persons.
        world: Makes the keys of persons.

    Returns:
        How many records were given some.
    """
    people = SqlPeople(connection, secret, partial(world.new_id, "person"), world.token)
    blocking = SqlBlocking(connection, secret, people)
    done = sum(_in_chunks(connection, blocking, kind) for kind in RecordKind)
    while _at_once(connection, partial(people.seal_old, _CHUNK)):
        pass
    connection.execute("PRAGMA user_version = 0")
    _log.info("store.backfilled")
    return done


def _in_chunks(connection: sqlite3.Connection, blocking: SqlBlocking, kind: RecordKind) -> int:
    write = _accounts if kind is RecordKind.ACCOUNT else _contacts
    after, done = "", 0
    while True:
        written = _at_once(connection, partial(write, connection, blocking, after))
        if not written:
            return done
        after, done = written[-1], done + len(written)


def _at_once(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Do a piece of work in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = work()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return done


def _accounts(connection: sqlite3.Connection, blocking: SqlBlocking, after: str) -> Sequence[str]:
    rows = connection.execute(
        "SELECT account_id, name, country, facts FROM accounts"
        " WHERE account_id > ? AND normal IS NULL ORDER BY account_id LIMIT ?",
        (after, _CHUNK),
    ).fetchall()
    domains: dict[str, list[str]] = defaultdict(list)
    for account_id, domain in connection.execute(
        "SELECT account_id, domain FROM domains WHERE account_id >= ? AND account_id <= ?"
        " ORDER BY account_id, domain",
        (rows[0][0], rows[-1][0]) if rows else ("", ""),
    ):
        domains[account_id].append(domain)
    columns = {
        account_id: account_columns(
            Account(
                account_id=account_id,
                name=name,
                country=country,
                domains=tuple(domains[account_id]),
                facts=json.loads(facts),
            )
        )
        for account_id, name, country, facts in rows
    }
    connection.executemany(
        "UPDATE accounts SET normal = ? WHERE account_id = ?",
        [(write_plain(each), account_id) for account_id, each in columns.items()],
    )
    blocking.write(RecordKind.ACCOUNT, columns.items())
    return [*columns]


def _contacts(connection: sqlite3.Connection, blocking: SqlBlocking, after: str) -> Sequence[str]:
    rows = connection.execute(
        "SELECT contact_id, contacts.token, people.body FROM contacts"
        " JOIN people ON people.token = contacts.token"
        " WHERE contact_id > ? AND people.normal IS NULL ORDER BY contact_id LIMIT ?",
        (after, _CHUNK),
    ).fetchall()
    tokens, columns = {}, {}
    for contact_id, token, body in rows:
        said = json.loads(body)
        tokens[contact_id] = token
        columns[contact_id] = contact_columns(
            Contact(
                contact_id=contact_id,
                email=said.get("email"),
                first_name=said.get("first_name"),
                last_name=said.get("last_name"),
                title=said.get("title"),
                phone=said.get("phone"),
            )
        )
    connection.executemany(
        "UPDATE people SET normal = ? WHERE token = ?",
        [(write_plain(each), tokens[contact_id]) for contact_id, each in columns.items()],
    )
    blocking.write(RecordKind.CONTACT, columns.items())
    return [*columns]
