"""Column types and index conditions that mean the same in SQLite and in PostgreSQL.

And the collection that all tables are of.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from sqlalchemy import REAL, BigInteger, Integer, MetaData, Text, TextClause, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData()
"""Every table of the store."""

WHOLE: Final[TypeEngine[Any]] = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits."""

WORDS: Final[TypeEngine[Any]] = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its code points, whatever language the database was made in."""

NUMBER: Final[TypeEngine[Any]] = REAL().with_variant(DOUBLE_PRECISION(), "postgresql")
"""A float of 64 bits."""


class Only(TypedDict):
    """Options of an index."""

    sqlite_where: TextClause
    postgresql_where: TextClause


def only(condition: str) -> Only:
    """Return the options by which an index holds only rows of a condition.

    >>> sorted(only("tier = 1"))
    ['postgresql_where', 'sqlite_where']
    """
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
