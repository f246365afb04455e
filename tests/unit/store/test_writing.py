"""Who goes first at the writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

import pytest

from leadfit.errors import LeadfitError, StoreBusy
from leadfit.store import Session, SqliteStore
from leadfit.store.writing import GroupWriter, Transactions
from leadfit.world import SystemWorld


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "store.sqlite3", secret=b"s", world=SystemWorld())
    yield made
    made.close()


T = TypeVar("T")


def noting(done: list[T], what: T) -> Callable[[Session], None]:
    """Return a piece of work that notes that it was done."""

    def work(_session: Session) -> None:
        done.append(what)

    return work


def test_what_somebody_waits_for_passes_what_nobody_waits_for(store: SqliteStore) -> None:
    done: list[str] = []
    gate = threading.Event()
    first = store.submit(lambda _session: gate.wait(10))
    later = [store.submit(noting(done, f"later {n}"), later=True) for n in range(3)]
    now = [store.submit(noting(done, f"now {n}")) for n in range(3)]
    assert store.waiting >= 6
    gate.set()
    first.result(10)
    for each in (*later, *now):
        each.result(10)
    assert done == ["now 0", "now 1", "now 2", "later 0", "later 1", "later 2"]


class Telling(SystemWorld):
    """Notes when a group was committed."""

    def __init__(self, done: list[str]) -> None:
        super().__init__()
        self._done = done

    def reach(self, failpoint: str) -> None:
        """Note a commit."""
        if failpoint == "store.after_commit":
            self._done.append("commit")


def test_whoever_waits_is_answered_before_what_nobody_waits_for_begins(tmp_path: Path) -> None:
    done: list[str] = []
    store = SqliteStore(tmp_path / "told.sqlite3", secret=b"s", world=Telling(done))
    gate = threading.Event()
    first = store.submit(lambda _session: gate.wait(10))
    later = [store.submit(noting(done, f"later {n}"), later=True) for n in range(2)]
    now = [store.submit(noting(done, f"now {n}")) for n in range(2)]
    gate.set()
    for each in (*later, *now):
        each.result(10)
    assert first.done()
    assert "commit" in done[done.index("now 1") : done.index("later 0")]
    store.close()


def test_one_commit_stands_for_pieces_that_nobody_waits_for_and_who_comes_meanwhile(
    tmp_path: Path,
) -> None:
    done: list[str] = []
    store = SqliteStore(tmp_path / "told.sqlite3", secret=b"s", world=Telling(done))
    came: list[Future[None]] = []

    def meanwhile(_session: Session) -> None:
        came.append(store.submit(noting(done, "now")))
        done.append("later 0")

    begun, gate = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        begun.set()
        gate.wait(10)

    first = store.submit(hold)
    assert begun.wait(10)
    later = [store.submit(meanwhile, later=True)]
    later += [store.submit(noting(done, f"later {n}"), later=True) for n in (1, 2)]
    gate.set()
    for each in (first, *later, *came):
        each.result(10)
    store.close()
    assert done == ["commit", "later 0", "now", "later 1", "later 2", "commit"]


def test_what_nobody_waits_for_is_not_passed_for_ever(store: SqliteStore) -> None:
    done: list[int] = []
    gate = threading.Event()
    store.submit(lambda _session: gate.wait(10))
    store.submit(lambda _session: done.append(-1), later=True)
    ends = [store.submit(noting(done, n)) for n in range(6_000)]
    gate.set()
    ends[-1].result(30)
    assert 0 < done.index(-1) < 5_999


def test_closing_finishes_what_nobody_waits_for(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "other.sqlite3", secret=b"s", world=SystemWorld())
    done: list[int] = []
    for n in range(300):
        store.submit(noting(done, n), later=True)
    store.close()
    assert done == list(range(300))


class Broken:
    """Transactions of a connection on which nothing works, not even to end one."""

    def begin(self) -> None:
        """Fail."""
        raise OSError("the disk is gone")

    give_up = begin

    def named(self, error: BaseException) -> BaseException:
        """Return an error as it is."""
        return error

    def chores(self) -> tuple[()]:
        """Return nothing."""
        return ()

    def close(self) -> None:
        """Let go of nothing."""


def test_nobody_waits_for_ever_for_a_writer_that_cannot_even_give_up() -> None:
    writer = GroupWriter(SystemWorld(), lambda: cast("Transactions", Broken()), lambda: None)
    answer = writer.submit(lambda _session: None)
    with pytest.raises(OSError, match="the disk is gone"):
        answer.result(10)
    writer.close()


class Ending(SystemWorld):
    """A world that ends in the middle of the first group, once it may."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self._gate = gate

    def reach(self, failpoint: str) -> None:
        """End before the commit."""
        if failpoint == "store.before_commit" and self._gate.wait(10):
            raise SystemExit(failpoint)


def until_full(store: SqliteStore) -> Iterator[Future[None]]:
    """Fill the queue of a writer with pieces that do nothing."""
    with suppress(StoreBusy):
        while True:
            yield store.submit(lambda _session: None)


def test_a_full_queue_is_closed_also_when_the_writer_fails(tmp_path: Path) -> None:
    gate, begun = threading.Event(), threading.Event()
    store = SqliteStore(tmp_path / "full.sqlite3", secret=b"s", world=Ending(gate))
    store.submit(lambda _session: begun.set())
    begun.wait(10)
    ends = list(until_full(store))
    closing = threading.Thread(target=store.close, daemon=True)
    closing.start()
    closing.join(0.2)
    gate.set()
    closing.join(10)
    assert not closing.is_alive()
    with pytest.raises((LeadfitError, SystemExit)):
        ends[-1].result(0)
