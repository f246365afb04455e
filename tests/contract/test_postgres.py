"""The PostgreSQL store: opening, migrating, duties, a lost server, texts it cannot keep."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest

from leadfit.errors import BadInput, DamagedStore, StoreBusy
from leadfit.records import Account
from leadfit.store import NewerStore, Session
from leadfit.store.migrate import LATEST, upgrade
from leadfit.store.schema import metadata
from leadfit.testing import FrozenWorld

psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
postgres = pytest.importorskip("leadfit.store.postgres")
connections = pytest.importorskip("leadfit.store.postgres_connection")

if TYPE_CHECKING:
    from leadfit.store.postgres import PostgresStore

SECRET = b"s" * 32
AT = datetime(2026, 3, 2, tzinfo=UTC)
# What SQLite counts by itself, and what only a store that several workspaces can reach needs.
OF_POSTGRESQL_ALONE = {"rowid", "secret_check"}


def opened(url: str, secret: bytes = SECRET) -> PostgresStore:
    return postgres.PostgresStore(url, secret=secret, world=FrozenWorld())  # type: ignore[no-any-return]  # imported where it is installed


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    store = opened(postgres_url)
    yield store
    store.close()


def note(number: int) -> Callable[[Session], int]:
    return lambda session: session.signals.append("import", AT, {"rows": number})


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def end_connections(url: str) -> None:
    run(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_migrations_lead_to_the_tables_of_the_schema_there_too(postgres_tables: str) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 -- slow
    from alembic.migration import MigrationContext  # noqa: PLC0415 -- slow
    from sqlalchemy import create_engine  # noqa: PLC0415 -- slow

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres_tables)
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, metadata)
    engine.dispose()
    kept = [each for each in differences if each[-1].name not in OF_POSTGRESQL_ALONE]
    assert kept == []


def test_two_processes_that_open_an_empty_database_make_its_tables_once(
    empty_postgres_url: str,
) -> None:
    with ThreadPoolExecutor(2) as pool:
        stores = list(pool.map(opened, [empty_postgres_url] * 2))
    for number, store in enumerate(stores):
        assert store.write(note(number)) == number + 1
    assert stores[0].read(lambda session: session.signals.verify()).rows == 2
    for store in stores:
        store.close()


KILLED_IN_A_STEP = """
import os, sys
from sqlalchemy import Engine, event
from leadfit.store.postgres import make_tables

def look(_connection, _cursor, statement, *_rest):
    if sys.argv[2] in statement:
        os._exit(9)

event.listen(Engine, "before_cursor_execute", look)
make_tables(sys.argv[1])
"""


@pytest.mark.parametrize("statement", ["clocks_running", "GROUP BY state"])
def test_a_step_that_is_killed_inside_is_taken_again_whole_there_too(
    empty_postgres_url: str, statement: str
) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 -- slow

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(empty_postgres_url)
    )
    with engine.begin() as connection:
        upgrade(connection, "0005")
    engine.dispose()
    run(
        empty_postgres_url,
        "INSERT INTO leads (lead_id, created_us, signal_us, facts, tier, is_open, is_imported)"
        " VALUES ('l1', 1, 1, '{}', 2, 1, 0)",
    )
    killed = [sys.executable, "-c", KILLED_IN_A_STEP, empty_postgres_url, statement]
    assert subprocess.run(killed, check=False).returncode == 9
    store = opened(empty_postgres_url)
    assert store.read(lambda session: session.counts(AT)).leads_by_tier == {2: 1}
    store.close()


def test_a_newer_database_is_refused_and_left_as_it_is(empty_postgres_url: str) -> None:
    opened(empty_postgres_url).close()
    run(empty_postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerStore, match="9999"):
        opened(empty_postgres_url)
    run(empty_postgres_url, f"UPDATE alembic_version SET version_num = '{LATEST}'")
    opened(empty_postgres_url).close()


def test_tables_of_something_else_are_left_alone(empty_postgres_url: str) -> None:
    run(empty_postgres_url, "CREATE TABLE mine (id integer)")
    with pytest.raises(DamagedStore, match="did not make"):
        opened(empty_postgres_url)
    run(empty_postgres_url, "CREATE SCHEMA leadfit")
    opened(f"{empty_postgres_url}&options=-csearch_path%3Dleadfit").close()


def test_a_store_of_another_workspace_is_refused(postgres_url: str) -> None:
    opened(postgres_url).close()
    with pytest.raises(BadInput, match="secret"):
        opened(postgres_url, secret=b"another")


def test_an_address_that_leads_nowhere_is_refused_without_its_password() -> None:
    with pytest.raises(StoreBusy) as caught:
        opened("postgresql://jo:hunter2@127.0.0.1:1/leads")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(BadInput) as unread:
        opened("postgresql://jo:hunter2@[::1/leads")
    assert "hunter2" not in str(unread.value)


def test_a_lost_server_is_said_and_then_found_again(
    store: PostgresStore, postgres_url: str
) -> None:
    begun, ended = Event(), Event()

    def slow(session: Session) -> int:
        begun.set()
        ended.wait(10)
        return session.signals.append("import", AT, {})

    assert store.write(note(1)) == 1
    assert store.read(lambda session: session.signals.verify()).rows == 1
    answer: Future[int] = store.submit(slow)
    begun.wait(10)
    end_connections(postgres_url)
    ended.set()
    assert isinstance(answer.exception(10), StoreBusy)
    assert store.write(note(2)) == 2
    assert store.read(lambda session: session.signals.verify()).rows == 2


def test_a_connection_that_was_lost_at_rest_is_noticed_by_nobody(
    store: PostgresStore, postgres_url: str
) -> None:
    assert store.write(note(1)) == 1
    assert store.read(lambda session: session.signals.verify()).rows == 1
    end_connections(postgres_url)
    assert store.write(note(2)) == 2
    assert store.read(lambda session: session.signals.verify()).rows == 2


def test_a_server_that_is_away_is_told_of_at_once(store: PostgresStore, postgres_url: str) -> None:
    address = urlsplit(postgres_url)
    name = address.path.removeprefix("/")
    elsewhere = urlunsplit(address._replace(path="/postgres"))
    assert store.write(note(1)) == 1
    run(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        run(elsewhere, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                       f" WHERE datname = '{name}'")  # fmt: skip
        for _ in range(2):
            with pytest.raises(StoreBusy, match="database of the store") as told:
                store.write(note(2))
            assert name not in str(told.value)
        with pytest.raises(StoreBusy):
            store.read(lambda session: session.signals.verify())
        assert not store.may_do("deliver")
    finally:
        run(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_piece_that_breaks_a_rule_of_the_tables_leaves_the_group_whole(
    store: PostgresStore,
) -> None:
    def twice(session: Session) -> None:
        session.signals.append("import", AT, {})
        for _ in range(2):
            session.keys.add(b"k", "prefix", "read", AT)

    answers = [store.submit(work) for work in (note(1), twice, note(2))]
    assert answers[0].result(10) == 1
    assert isinstance(answers[1].exception(10), psycopg.errors.UniqueViolation)
    assert answers[2].result(10) == 2
    assert store.read(lambda session: session.signals.verify()).intact


def test_a_duty_is_done_by_one_process_until_it_closes_the_store(
    store: PostgresStore, postgres_url: str
) -> None:
    other = opened(postgres_url)
    assert store.may_do("deliver")
    assert store.may_do("deliver")
    assert not other.may_do("deliver")
    assert other.may_do("learn")
    store.close()
    assert other.may_do("deliver")
    other.close()


def test_a_duty_goes_to_another_when_its_process_loses_the_server(
    store: PostgresStore, postgres_url: str
) -> None:
    assert store.may_do("deliver")
    end_connections(postgres_url)
    other = opened(postgres_url)
    assert other.may_do("deliver")
    assert not store.may_do("deliver")
    other.close()


@pytest.mark.parametrize("statement", ["UPDATE log SET kind = 'x'", "DELETE FROM log",
                                       "TRUNCATE log CASCADE"])  # fmt: skip
def test_the_log_takes_no_change(store: PostgresStore, postgres_url: str, statement: str) -> None:
    store.write(note(1))
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        run(postgres_url, statement)


def test_a_changed_row_of_the_log_shows(store: PostgresStore, postgres_url: str) -> None:
    for number in range(3):
        store.write(note(number))
    run(postgres_url, "ALTER TABLE log DISABLE TRIGGER USER")
    run(postgres_url, "UPDATE log SET kind = 'Import' WHERE seq = 2")
    run(postgres_url, "ALTER TABLE log ENABLE TRIGGER USER")
    found = store.read(lambda session: session.signals.verify())
    assert found.faults == ("log row 2 is not what was written",)


def test_without_the_head_of_the_log_nothing_is_written(
    store: PostgresStore, postgres_url: str
) -> None:
    run(postgres_url, "DELETE FROM log_head")
    with pytest.raises(DamagedStore, match="log_head"):
        store.write(note(1))


def test_a_text_with_a_nul_is_kept_without_it(store: PostgresStore) -> None:
    odd = Account(account_id="a\0", name="Ac\0me", domains=("x.com",))
    assert store.write(lambda session: session.accounts.add_accounts([odd])) == (1, 1)
    found = store.read(lambda session: session.accounts.account("a\0"))
    assert found is not None
    assert found.name == "Ac\ufffdme"


def test_an_acknowledged_piece_is_durable_whatever_the_database_says(postgres_url: str) -> None:
    raw = connections.connect(
        f"{postgres_url}&options=-csynchronous_commit%3Doff", statement_s=1, lock_s=1, idle_s=1
    )
    assert raw.execute("SHOW synchronous_commit").fetchone() == ("on",)
    raw.close()
