"""Copies of PostgreSQL stores: a new one for each case, and its tables for the one checker."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from leadfit.app.settings import Settings


def copy_rows(settings: Settings, file: Path, tables: Sequence[str]) -> None:
    """Write ``tables`` as they stand into a new SQLite file.

    Args:
        settings: Name the store.
        file: Where the copy goes; must not be there.
        tables: Their names.
    """
    import psycopg  # noqa: PLC0415 -- an extra
    from psycopg import sql  # noqa: PLC0415 -- an extra

    with (
        psycopg.connect(settings.database_url or "") as source,
        closing(sqlite3.connect(file)) as target,
    ):
        for table in tables:
            found = source.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            names = [column.name for column in found.description or ()]
            columns = ", ".join(f'"{name}"' for name in names)
            marks = ", ".join("?" * len(names))
            target.execute(f'CREATE TABLE "{table}" ({columns})')
            target.executemany(
                f'INSERT INTO "{table}" VALUES ({marks})',  # noqa: S608 -- names of our own schema
                found.fetchall(),
            )
        target.commit()


def copy_store(server: str, template: str, name: str) -> Settings:
    """Make a database anew as a copy of another that nobody has open; return its settings.

    Args:
        server: Address of a database whose user may make databases.
        template: Name of the database that is copied.
        name: Name of the copy; what stood there is gone.
    """
    import psycopg  # noqa: PLC0415 -- an extra
    from psycopg import sql  # noqa: PLC0415 -- an extra

    with psycopg.connect(server, autocommit=True) as connection:
        copy, original = sql.Identifier(name), sql.Identifier(template)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(copy))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, original))
    return Settings(database_url=urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
