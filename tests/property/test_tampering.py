"""Whatever is changed or dropped in the log, or in what it gives the digest of, is found."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadfit.store import chain
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
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
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
    yield connection
    connection.close()


def verified(connection: sqlite3.Connection) -> Verification:
    return SqlSession(connection, b"s" * 32, FrozenWorld()).signals.verify()


def verified_in_parts(connection: sqlite3.Connection) -> Verification:
    """Verify as several processes do, each of which walks a part of the log."""
    signals = SqlSession(connection, b"s" * 32, FrozenWorld()).signals
    last = signals.last()
    bounds = pairwise(last * number // 3 for number in range(4))
    return signals.verify([signals.walk(*each) for each in bounds])


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
        assert not verified_in_parts(store).intact, (table, column, found, value, changed)
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
        assert not verified_in_parts(store).intact
    finally:
        store.execute("ROLLBACK")


def test_an_untouched_store_is_intact(store: sqlite3.Connection) -> None:
    last, made = store.execute("SELECT seq, hash FROM log_head").fetchone()
    assert verified(store) == Verification(intact=True, rows=last, anchor=f"{last}:{made.hex()}")


def test_stretches_that_were_walked_by_themselves_are_the_whole(store: sqlite3.Connection) -> None:
    assert verified_in_parts(store) == verified(store)


def test_stretches_of_another_past_do_not_join(store: sqlite3.Connection) -> None:
    signals = SqlSession(store, b"s" * 32, FrozenWorld()).signals
    middle = signals.last() // 2
    before = signals.walk(0, middle)
    store.execute("BEGIN")
    try:
        rewrite(store, middle)
        assert verified(store).intact  # it is a chain of its own
        found = signals.verify([before])
        assert found.faults == (f"log row {middle + 1} is not what was written",)
        assert found.anchor is None
    finally:
        store.execute("ROLLBACK")


def rewrite(connection: sqlite3.Connection, seq: int) -> None:
    """Change the time of a row that nothing lies beside, and all hashes that follow from it."""
    (seq,) = connection.execute(
        "SELECT max(seq) FROM log WHERE seq <= ? AND kind NOT IN ('signal', 'decision')", (seq,)
    ).fetchone()
    connection.execute("UPDATE log SET at_us = at_us + 1 WHERE seq = ?", (seq,))
    rows = connection.execute(
        "SELECT seq, at_us, kind, body, prev FROM log WHERE seq >= ? ORDER BY seq", (seq,)
    ).fetchall()
    made = rows[0][4]
    for number, at_us, kind, body, _ in rows:
        prev, made = made, chain.link(made, number, at_us, kind.encode(), body)
        connection.execute("UPDATE log SET prev = ?, hash = ? WHERE seq = ?", (prev, made, number))
    connection.execute("UPDATE log_head SET hash = ?", (made,))


@pytest.mark.parametrize("column", ["token", "body"])
def test_values_of_another_person_are_found(store: sqlite3.Connection, column: str) -> None:
    """Their token by the log; the sealed values themselves only a replay can open."""
    one, other = store.execute(
        "SELECT min(signal_id), max(signal_id) FROM statements JOIN people USING (token)"
    ).fetchone()
    store.execute("BEGIN")
    try:
        store.execute(
            f"UPDATE statements SET {column} = (SELECT {column} FROM statements"
            " WHERE signal_id = ?) WHERE signal_id = ?",
            (other, one),
        )
        assert verified(store).intact == (column == "body")
    finally:
        store.execute("ROLLBACK")


def test_a_log_that_was_cut_and_closed_again_is_found_by_an_anchor(
    store: sqlite3.Connection,
) -> None:
    signals = SqlSession(store, b"s" * 32, FrozenWorld()).signals
    anchor = chain.read_anchor(signals.verify().anchor or "")
    early = store.execute("SELECT seq, hash FROM log WHERE seq = 5").fetchone()
    assert signals.verify((), [anchor, early, (0, chain.GENESIS)]).intact
    store.execute("BEGIN")
    try:
        for table in ("log", "signals", "decisions", "contents"):
            store.execute(f"DELETE FROM {table} WHERE seq > 12")
        store.execute(
            "UPDATE log_head SET (seq, hash) = (SELECT seq, hash FROM log WHERE seq = 12)"
        )
        assert signals.verify().intact  # nothing in the store tells of what is gone
        assert signals.verify((), [early]).intact
        assert signals.verify((), [anchor]).faults == (
            f"log row {anchor[0]} was anchored and is not there",
        )
        assert signals.verify((), [(12, anchor[1])]).faults == (
            "log row 12 is not the row that was anchored",
        )
    finally:
        store.execute("ROLLBACK")


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
