"""Processes buy together and one is killed: budgets hold, one call at most is made twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit.buying import MILLION, PurchaseState
from leadfit.store import Session, SqliteStore, Store
from leadfit.store.vendors import CallState, VendorCall, month_of
from leadfit.testing.vending import VENDOR_NAME, MemoryVendor, Shop
from leadfit.testing.vendor_receivers import HttpReceiver
from leadfit.world import SystemWorld

BUYER = Path(__file__).with_name("buyer.py")
SECRET = b"of the test"
FIRMS = 24
KILLED_AT = ("enrich.begun", "enrich.asking", "enrich.asked", "enrich.settled")


def opened(url: str) -> Store:
    if url.startswith("postgres"):
        from leadfit.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra

        return PostgresStore(url, secret=SECRET, world=SystemWorld())
    return SqliteStore(Path(url), secret=SECRET, world=SystemWorld())


def want(url: str) -> list[str]:
    shop = Shop(lambda: opened(url), SystemWorld(), MemoryVendor())
    # Every firm is wanted by two signals at once.
    ids = shop.want(*(f"firm{number}.com" for number in range(FIRMS)), wait_s=600)
    more = shop.want(*(f"firm{number}.com" for number in range(FIRMS)), wait_s=600)
    shop.store.close()
    return [*ids, *more]


def run(
    url: str, receiver: HttpReceiver, money: float, starts: Path, *points: tuple[str, int]
) -> list[int]:
    told = [url, receiver.url, str(money), str(starts)]
    workers = [
        subprocess.Popen(
            [sys.executable, str(BUYER), *told, point, str(time)], stdout=subprocess.PIPE
        )
        for point, time in points
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
    starts.touch()
    for worker in workers:
        worker.communicate(timeout=60)
    return [worker.returncode for worker in workers]


def ledger(url: str) -> tuple[tuple[VendorCall, ...], int, list[PurchaseState]]:
    """What was called, what was spent and set aside, and how purchases stand."""
    now = datetime.now(UTC)  # noqa: TID251 -- the processes use the real clock

    def read(session: Session) -> tuple[tuple[VendorCall, ...], int, list[PurchaseState]]:
        used = session.vendors.spent(VENDOR_NAME, month_of(now))["money"]
        calls = session.vendors.calls(now - timedelta(days=1), now + timedelta(days=1))
        return calls, used.spent + used.reserved, [v.state for v in session.vendors.views(500)]

    store = opened(url)
    try:
        return store.read(read)
    finally:
        store.close()


def check(url: str, receiver: HttpReceiver, budget: float, *, most_extra: int) -> None:
    calls, spent, states = ledger(url)
    paid = sum(receiver.effects.values())
    assert receiver.wrong == []
    assert paid * MILLION <= sum(each.cost.money for each in calls) == spent <= budget * MILLION
    assert paid - len(receiver.effects) <= most_extra
    assert max(receiver.effects.values()) <= 2
    assert PurchaseState.ASKED not in states
    assert sum(each.state is CallState.UNCLEAR for each in calls) <= most_extra


@pytest.mark.parametrize("point", KILLED_AT)
def test_processes_on_postgresql_of_which_one_is_killed(
    postgres_url: str, tmp_path: Path, point: str
) -> None:
    want(postgres_url)
    with HttpReceiver() as receiver:
        assert isinstance(receiver, HttpReceiver)
        ends = run(postgres_url, receiver, FIRMS + 1, tmp_path / "start", (point, 3), ("none", 1))
        assert ends == [-9, 0]
        check(postgres_url, receiver, FIRMS + 1, most_extra=1)
        assert len(receiver.effects) >= FIRMS - (point == "enrich.begun")


def test_processes_on_postgresql_share_one_budget(postgres_url: str, tmp_path: Path) -> None:
    want(postgres_url)
    with HttpReceiver() as receiver:
        assert isinstance(receiver, HttpReceiver)
        ends = run(postgres_url, receiver, 10, tmp_path / "start", ("none", 1), ("none", 1))
        assert ends == [0, 0]
        check(postgres_url, receiver, 10, most_extra=0)
        assert sum(receiver.effects.values()) == 10


@pytest.mark.parametrize("point", KILLED_AT)
def test_a_process_on_sqlite_that_is_killed_and_begun_again(tmp_path: Path, point: str) -> None:
    url = str(tmp_path / "s.sqlite3")
    want(url)
    with HttpReceiver() as receiver:
        assert isinstance(receiver, HttpReceiver)
        assert run(url, receiver, FIRMS + 1, tmp_path / "start", (point, 3)) == [-9]
        assert run(url, receiver, FIRMS + 1, tmp_path / "start", ("none", 1)) == [0]
        check(url, receiver, FIRMS + 1, most_extra=1)
        assert len(receiver.effects) == FIRMS
