"""Brings a store to the schema this version knows, step by step."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leadfit.errors import DamagedStore, Permanent

if TYPE_CHECKING:
    from sqlalchemy import Connection

LATEST: Final = "0006"
_KNOWN: Final = ("0001", "0002", "0003", "0004", "0005", LATEST)
_making = threading.Lock()
_made: list[bytes] = []


class NewerStore(Permanent):
    """The store was written by a newer Leadfit; it was left as it is.

    Attributes:
        revision: The schema revision of the store.
    """

    code = "newer_store"

    def __init__(self, place: Path | str, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"{place} has schema {revision}; this Leadfit knows up to {LATEST} and left it "
            "untouched; install the Leadfit that wrote it, or restore a backup"
        )


def revision_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """Return the schema revision of a store, or ``None`` for an empty file.

    Raises:
        NewerStore: This Leadfit does not know the revision.
        DamagedStore: The file is not a store.
    """
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "alembic_version" not in tables:
            if tables:
                raise DamagedStore(str(path), "it is a database that Leadfit did not make")
            return None
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError as error:
        raise DamagedStore(str(path), str(error)) from error
    return known(rows, path)


def known(rows: Sequence[tuple[object, ...]], place: Path | str) -> str | None:
    """Return the revision that the rows of Alembic's table name, or ``None`` for no row.

    Raises:
        NewerStore: This Leadfit does not know it.
    """
    revision = str(rows[0][0]) if rows else None
    if revision is not None and revision not in _KNOWN:
        raise NewerStore(place, revision)
    return revision


def make(path: Path) -> None:
    """Turn an empty file into a store of the latest schema, durably.

    The steps are taken once a process, since they are slow: an empty store is the same everywhere,
    and whoever makes more of them, as simulations do, gets copies.
    """
    with _making:
        if not _made:
            migrate(path)
            _made.append(path.read_bytes())
            return
    with path.open("r+b") as file:
        file.write(_made[0])
        file.flush()
        os.fsync(file.fileno())


def migrate(path: Path, *, to: str = LATEST) -> None:
    """Take every step the store at ``path`` lacks, all in one transaction.

    Args:
        path: The store.
        to: The revision to stop at.

    Raises:
        NewerStore: This Leadfit does not know the store's revision.
    """
    # Slow to import, and needed only when there is a step to take.
    from sqlalchemy import create_engine, event  # noqa: PLC0415 -- as said above
    from sqlalchemy.engine import URL  # noqa: PLC0415 -- as said above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 -- as said above

    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    event.listen(engine, "connect", _begin_by_hand)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        upgrade(connection, to)
    engine.dispose()


def upgrade(connection: Connection, to: str = LATEST) -> None:
    """Take every step that is lacking, within the transaction of a connection."""
    from alembic import command  # noqa: PLC0415 -- slow to import, as said above
    from alembic.config import Config  # noqa: PLC0415 -- as said above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _begin_by_hand(connection: sqlite3.Connection, _record: object) -> None:
    """Keep the driver from committing before table definitions, so that a step is all or none."""
    connection.isolation_level = None


def _begin(connection: object) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # SQLAlchemy types no listener
