"""Whatever is changed or dropped in the log, or in what it gives the digest of, is found."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadfit.store.sql_session import SqlSession
from leadfit.store.views import Verification
from leadfit.testing import FrozenWorld
from lived import START, live

COLUMNS = (
    *((("log", column)) for column in ("seq", "at_us", "kind", "body", "prev", "hash")),
    *((("decisions", column)) for column in ("decision_id", "signal_id", "lead_id", "decided_us")),
    *((("decisions", column)) for column in ("body", "inputs", "sealed", "seq")),
    *((("contents", column)) for column in ("digest", "kind", "seq", "body")),
    *((("signals", column)) for column in ("source", "event_id", "kind", "digest")),
    ("log_head", "seq"), ("log_head", "hash"),
)  # fmt: skip
SETTINGS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A copy of a store in which everything happened once."""
    folder = tmp_path_factory.mktemp("lived")
    workspace = live(folder, FrozenWorld(START))
    copy = Path(shutil.copy(workspace / "leadfit.sqlite3", folder / "copy.sqlite3"))
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    # Whoever changes a file by hand is not held back by what keeps the program from doing so.
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def verified(connection: sqlite3.Connection) -> Verification:
    return SqlSession(connection, b"s" * 32, FrozenWorld()).signals.verify()


def flipped(value: object, bit: int) -> object:
    """Return a value with one bit of it changed."""
    if isinstance(value, int):
        return value ^ 1 << bit % 40
    content = bytearray(value.encode() if isinstance(value, str) else bytes(value))  # type: ignore[call-overload]  # text or bytes
    content[bit // 8 % len(content)] ^= 1 << bit % (7 if isinstance(value, str) else 8)
    return content.decode("utf-8", "replace") if isinstance(value, str) else bytes(content)


@SETTINGS
@given(where=st.sampled_from(COLUMNS), row=st.integers(0, 10**6), bit=st.integers(0, 10**6))
def test_any_one_bit_is_found(
    store: sqlite3.Connection, where: tuple[str, str], row: int, bit: int
) -> None:
    table, column = where
    keys = {"decisions": "decision_id", "contents": "digest", "log_head": "one"}
    key = keys.get(table, "seq")
    rows = store.execute(
        f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {key}"
    ).fetchall()
    found, value = rows[row % len(rows)]
    changed = flipped(value, bit)
    store.execute("BEGIN")
    try:
        try:
            store.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (changed, found))
        except sqlite3.IntegrityError:
            return  # the number of another row: the store itself refuses it
        assert not verified(store).intact, (table, column, found, value, changed)
    finally:
        store.execute("ROLLBACK")


@SETTINGS
@given(
    table=st.sampled_from(("log", "signals", "decisions", "contents", "statements", "people")),
    row=st.integers(0, 10**6),
)
def test_any_dropped_row_is_found(store: sqlite3.Connection, table: str, row: int) -> None:
    key = {"log": "seq", "decisions": "decision_id", "contents": "digest"}.get(table, "signal_id")
    key = "token" if table == "people" else key
    # A person of whom only an import told has no row of the log.
    named = " WHERE token IN (SELECT token FROM statements)" if table == "people" else ""
    keys = [each[0] for each in store.execute(f"SELECT {key} FROM {table}{named} ORDER BY {key}")]
    store.execute("BEGIN")
    try:
        store.execute(f"DELETE FROM {table} WHERE {key} = ?", (keys[row % len(keys)],))
        assert not verified(store).intact
    finally:
        store.execute("ROLLBACK")


def test_an_untouched_store_is_intact(store: sqlite3.Connection) -> None:
    assert verified(store) == Verification(
        intact=True, rows=store.execute("SELECT count(*) FROM log").fetchone()[0]
    )


def test_a_decision_that_is_not_in_the_log_is_found(store: sqlite3.Connection) -> None:
    store.execute("BEGIN")
    try:
        store.execute(
            "INSERT INTO decisions SELECT 'decision_x', signal_id, lead_id, decided_us,"
            " policy_digest, artifact_digest, body, inputs, 10000000, sealed FROM decisions LIMIT 1"
        )
        assert "1 rows of decisions are not in the log" in verified(store).faults
    finally:
        store.execute("ROLLBACK")
