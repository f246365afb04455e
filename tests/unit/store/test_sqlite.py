"""The SQLite store: opening, owning, migrating, group commit, damage."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from leadfit.errors import DamagedStore, StoreBusy
from leadfit.resolve.model.card import RecordKind
from leadfit.store import NewerStore, Session, SqliteStore, backfill
from leadfit.store.migrate import LATEST, make, migrate
from leadfit.store.schema import metadata
from leadfit.testing import FrozenWorld
from leadfit.testing.check_store import make_signal

AT = datetime(2026, 3, 2, tzinfo=UTC)


def opened(folder: Path, world: FrozenWorld | None = None) -> SqliteStore:
    return SqliteStore(folder / "s.sqlite3", secret=b"s" * 32, world=world or FrozenWorld())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = opened(tmp_path)
    yield store
    store.close()


def note(number: int) -> Callable[[Session], int]:
    return lambda session: session.signals.append("import", AT, {"rows": number})


def test_migrations_lead_to_the_tables_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    migrate(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def tables_and_rows(path: Path) -> tuple[set[tuple[str, str]], tuple[int]]:
    connection = sqlite3.connect(path)
    tables = set(connection.execute("SELECT name, sql FROM sqlite_master"))
    rows = connection.execute("SELECT count(*) FROM contents").fetchone()
    connection.execute("INSERT INTO contents VALUES ('d', 'policy', 1, x'00')")
    connection.commit()
    connection.close()
    return tables, rows


def test_every_new_store_is_what_the_steps_lead_to_and_empty(tmp_path: Path) -> None:
    migrate(tmp_path / "by-steps")
    by_steps = tables_and_rows(tmp_path / "by-steps")
    for number in range(3):
        path = tmp_path / f"{number}"
        path.touch()
        make(path)
        assert tables_and_rows(path) == by_steps


def test_every_table_is_strict(store: SqliteStore, tmp_path: Path) -> None:
    del store
    connection = sqlite3.connect(tmp_path / "s.sqlite3")
    loose = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND strict = 0 AND name NOT LIKE 'sqlite%' AND name <> 'alembic_version'"
    ).fetchall()
    connection.close()
    assert loose == []


def test_a_newer_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "s.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerStore, match="9999"):
        opened(tmp_path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DamagedStore, match="not a database"):
        opened(tmp_path)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "s.sqlite3")
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(DamagedStore, match="did not make"):
        opened(tmp_path)


def test_a_second_writer_is_refused_and_may_read(tmp_path: Path, store: SqliteStore) -> None:
    store.write(note(1))
    other = opened(tmp_path)
    assert other.read(lambda session: session.signals.verify()).rows == 1
    with pytest.raises(StoreBusy, match="another process writes"):
        other.write(note(2))
    other.close()


def test_a_writer_in_another_process_is_refused(tmp_path: Path, store: SqliteStore) -> None:
    store.write(note(1))
    program = (
        "import sys; from pathlib import Path; from leadfit.store import SqliteStore;"
        "from leadfit.world import SystemWorld;"
        "store = SqliteStore(Path(sys.argv[1]), secret=b's', world=SystemWorld());"
        "store.write(lambda session: session.clocks.stop('l', SystemWorld().now(), 'x'))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s.sqlite3")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "StoreBusy: another process writes" in ended.stderr


def test_a_closed_store_lets_the_next_writer_in(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.write(note(1))
    first.close()
    with pytest.raises(StoreBusy, match="closed"):
        first.write(note(2))
    second = opened(tmp_path)
    assert second.write(note(3)) == 2
    second.close()


def test_the_store_is_for_its_owner_only(tmp_path: Path, store: SqliteStore) -> None:
    store.write(note(1))
    assert (tmp_path / "s.sqlite3").stat().st_mode & 0o077 == 0


def test_a_reader_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(StoreBusy, match="readonly"):
        store.read(note(1))


def test_a_reader_sees_one_moment(store: SqliteStore) -> None:
    store.write(note(1))

    def twice(session: Session) -> tuple[int, int]:
        before = session.signals.verify().rows
        store.write(note(2))
        return before, session.signals.verify().rows

    assert store.read(twice) == (1, 1)
    assert store.read(lambda session: session.signals.verify()).rows == 2


def test_threads_write_side_by_side_and_lose_nothing(store: SqliteStore) -> None:
    def work() -> None:
        for number in range(50):
            store.write(note(number))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.read(lambda session: session.signals.verify())
    assert (found.intact, found.rows) == (True, 400)


def test_pieces_that_wait_together_are_committed_together(tmp_path: Path) -> None:
    world = FrozenWorld()
    store = opened(tmp_path, world)
    gate = threading.Event()
    first = store.submit(lambda _: gate.wait(10))
    answers = [store.submit(note(number)) for number in range(20)]
    gate.set()
    assert first.result(10)
    assert [answer.result(10) for answer in answers] == list(range(1, 21))
    store.close()
    assert world.reached["store.after_commit"] == 1


def test_a_commit_that_fails_fails_every_piece_of_its_group(tmp_path: Path) -> None:
    def full(failpoint: str, count: int) -> None:
        if (failpoint, count) == ("store.before_commit", 1):
            raise sqlite3.OperationalError("database or disk is full")

    store = opened(tmp_path, FrozenWorld(at_failpoint=full))
    with pytest.raises(StoreBusy, match="disk is full"):
        store.write(note(1))
    assert store.write(note(2)) == 1
    store.close()


def fill(store: SqliteStore) -> None:
    for number in range(20_000):
        store.submit(note(number))


def test_a_full_queue_is_said_and_not_waited_for(tmp_path: Path) -> None:
    store = opened(tmp_path)
    gate = threading.Event()
    store.submit(lambda _: gate.wait(10))
    with pytest.raises(StoreBusy, match="queue"):
        fill(store)
    gate.set()
    store.close()


def test_a_statement_that_can_never_be_run_is_no_trouble_of_the_store(store: SqliteStore) -> None:
    rep_ids = [f"rep_{number}" for number in range(300_000)]
    with pytest.raises(sqlite3.OperationalError, match="too many SQL variables"):
        store.write(lambda session: session.owners.open_leads_of(rep_ids, 9))
    assert store.write(note(1)) == 1


def test_verify_finds_a_row_that_was_changed_behind_our_back(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in range(5):
        store.write(note(number))
    store.close()
    connection = sqlite3.connect(tmp_path / "s.sqlite3", isolation_level=None)
    connection.execute("DROP TRIGGER log_keeps_rows_UPDATE")
    connection.execute("UPDATE log SET body = ? WHERE seq = 3", (b'{"rows":9}',))
    connection.close()
    store = opened(tmp_path)
    found = store.read(lambda session: session.signals.verify())
    store.close()
    assert not found.intact
    assert found.faults == ("log row 3 is not what was written",)


def test_no_file_of_the_store_but_people_holds_what_a_person_said(tmp_path: Path) -> None:
    world = FrozenWorld()
    store = opened(tmp_path, world)
    store.write(lambda session: session.signals.add(make_signal(world), b"d" * 32, "j@acme.com"))
    store.close()
    connection = sqlite3.connect(tmp_path / "s.sqlite3")
    logged = b" ".join(row[0] for row in connection.execute("SELECT body FROM log"))
    connection.close()
    for personal in (b"jo.1", b"Jo Hill", b"VP Finance", b"please call"):
        assert personal not in logged
    assert b"employees" in logged


def test_the_known_revision_is_the_last_migration(tmp_path: Path) -> None:
    migrate(tmp_path / "s.sqlite3")
    connection = sqlite3.connect(tmp_path / "s.sqlite3")
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    assert revision == LATEST


@pytest.mark.parametrize("revision", [f"{number:04}" for number in range(1, int(LATEST) + 1)])
def test_a_store_of_every_schema_there_was_is_opened(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "s.sqlite3"
    migrate(path, to=revision)
    store = opened(tmp_path)
    assert store.read(lambda session: session.accounts.account("a1")) is None
    store.close()
    connection = sqlite3.connect(path)
    (now,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    assert now == LATEST


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    migrate(path, to="0001")
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO accounts (account_id, name, is_customer, facts) VALUES ('a1', 'Acme', 0, '{}')"
    )
    connection.commit()
    connection.close()
    store = opened(tmp_path)
    account = store.read(lambda session: session.accounts.account("a1"))
    assert account is not None
    assert store.read(lambda session: session.past.latest_event()) is None
    store.close()


def store_before_counting(folder: Path) -> Path:
    """Write a store as the fifth schema had it, with leads, clocks and actions."""
    path = folder / "s.sqlite3"
    migrate(path, to="0005")
    connection = sqlite3.connect(path)
    for number in range(6):
        connection.execute(
            "INSERT INTO leads (lead_id, created_us, signal_us, facts, tier, is_open, is_imported)"
            " VALUES (?, 1, 1, '{}', ?, 1, 0)",
            (f"l{number}", None if number == 0 else 1 + number % 2),
        )
        connection.execute(
            "INSERT INTO outbox (key, kind, destination, lead_id, due_us, recipients, fields,"
            " state, attempts, next_us) VALUES (?, 'task', 'crm', 'l1', 1, '[]', '{}', ?, 0, 1)",
            (f"k{number}", ("pending", "pending", "done", "done", "cancelled", "dead")[number]),
        )
    connection.execute(
        "INSERT INTO clocks (key, kind, lead_id, started_us, due_us, step)"
        " VALUES ('c', 'signal_to_touch', 'l1', 1, 2, 0)"
    )
    connection.commit()
    connection.close()
    return path


def test_what_was_there_before_anything_was_counted_is_counted_once(tmp_path: Path) -> None:
    store_before_counting(tmp_path)
    for _ in range(2):
        store = opened(tmp_path)
        counts = store.read(lambda session: session.counts(AT))
        assert (counts.leads, counts.leads_by_tier) == (6, {1: 2, 2: 3})
        assert counts.actions == {"pending": 2, "done": 2, "cancelled": 1, "dead": 1}
        assert (counts.clocks_running, counts.overdue, counts.clocks_aside) == (1, 1, 0)
        (due,) = store.read(lambda session: session.clocks.due(AT, 9))
        assert due.key == "c"
        store.close()


KILLED_IN_A_STEP = """
import os, sys
from pathlib import Path
from sqlalchemy import Engine, event
from leadfit.store.migrate import migrate

def look(_connection, _cursor, statement, *_rest):
    if sys.argv[2] in statement:
        os._exit(9)

event.listen(Engine, "before_cursor_execute", look)
migrate(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    "statement",
    ["ADD COLUMN trouble", "clocks_running", "CREATE TABLE tallies", "GROUP BY state", "'0006'"],
)
def test_a_step_that_is_killed_inside_is_taken_again_whole(tmp_path: Path, statement: str) -> None:
    path = store_before_counting(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_IN_A_STEP, str(path), statement], check=False
    )
    assert ended.returncode == 9
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0005",)]
    connection.close()
    store = opened(tmp_path)
    counts = store.read(lambda session: session.counts(AT))
    assert (counts.leads, counts.clocks_running, counts.actions["pending"]) == (6, 1, 2)
    store.close()


def older_store(folder: Path, accounts: int) -> Path:
    """Write a store as the second schema had it, without normalised columns and keys."""
    path = folder / "s.sqlite3"
    migrate(path, to="0002")
    connection = sqlite3.connect(path)
    for number in range(accounts):
        account_id = f"a{number:05}"
        connection.execute(
            "INSERT INTO accounts (account_id, name, country, is_customer, facts)"
            " VALUES (?, ?, 'US', 0, '{\"city\":\"Boston\"}')",
            (account_id, f"Quandary{number} Instruments Inc"),
        )
        connection.execute(
            "INSERT INTO domains (domain, account_id) VALUES (?, ?)",
            (f"quandary{number}.com", account_id),
        )
    body = '{"first_name":"Jo","last_name":"Marsh","phone":"+1 212 736 5000"}'
    connection.execute("INSERT INTO people (token, body) VALUES ('t1', ?)", (body,))
    connection.execute(
        "INSERT INTO contacts (contact_id, account_id, token) VALUES ('c1', 'a00000', 't1')"
    )
    connection.commit()
    connection.close()
    return path


def test_records_of_an_older_schema_are_found_by_what_is_alike(tmp_path: Path) -> None:
    older_store(tmp_path, 4_500)
    store = opened(tmp_path)
    last = store.read(
        lambda session: session.accounts.blocked(
            RecordKind.ACCOUNT, {"company": "quandary4499 instruments"}, 20
        )
    )
    (found,) = last.candidates
    assert found.account is not None
    assert found.account.account_id == "a04499"
    assert found.columns["domain"] == "quandary4499.com"
    assert found.columns["city"] == "boston"
    people = store.read(
        lambda session: session.accounts.blocked(
            RecordKind.CONTACT, {"phone.suffix": "7365000"}, 20
        )
    )
    assert [each.contact.contact_id for each in people.candidates if each.contact] == ["c1"]
    store.close()


def test_giving_records_their_columns_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = older_store(tmp_path, 3)
    connection = sqlite3.connect(path, isolation_level=None)
    backfill.mark(connection)
    connection.close()
    migrate(path)  # and the process ends before any record has its columns
    store = opened(tmp_path)
    columns = {"domain.label": "quandary1"}
    found = store.read(lambda s: s.accounts.blocked(RecordKind.ACCOUNT, columns, 20)).candidates
    assert [each.account.account_id for each in found if each.account] == ["a00001"]
    store.close()
    connection = sqlite3.connect(path)
    assert not backfill.is_marked(connection)
    connection.close()


def test_threads_that_read_one_after_another_share_a_connection(store: SqliteStore) -> None:
    def read() -> None:
        store.read(lambda session: session.signals.pending(1))

    for _ in range(5):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert len(store._readers) == 1


def test_threads_that_read_at_once_have_a_snapshot_each(store: SqliteStore) -> None:
    both = threading.Barrier(2)
    seen: list[int] = []

    def look(session: Session) -> int:
        both.wait(10)
        return session.signals.last()

    readers = [threading.Thread(target=lambda: seen.append(store.read(look))) for _ in range(2)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    assert seen == [0, 0]
    assert len(store._readers) == 2
