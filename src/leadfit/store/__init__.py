"""The store: event log, people, accounts, leads, decisions, slots, clocks and outbox.

:mod:`leadfit.store.base` says what every store does; :class:`SqliteStore` keeps it in one
file, ``PostgresStore`` of :mod:`leadfit.store.postgres`, an extra, in a database.
"""

from __future__ import annotations

from leadfit.store.base import Session, Store
from leadfit.store.migrate import NewerStore
from leadfit.store.sqlite import SqliteStore

__all__ = ["NewerStore", "Session", "SqliteStore", "Store"]
