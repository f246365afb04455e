"""Wherever a process that buys dies: no budget is exceeded, and one call at most is made twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from leadfit.buying import MILLION, PurchaseState
from leadfit.errors import LeadfitError
from leadfit.store import SqliteStore, Store
from leadfit.store.vendors import CallState
from leadfit.testing import FrozenWorld
from leadfit.testing.vending import MemoryVendor, Shop, enriching

DOMAINS = ("acme.com", "globex.com", "initech.com")
BUDGET = 5.0


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Dies when a failpoint is reached for the nth time, and counts them else."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, int]] = []
        self.dies_at: tuple[str, int] | None = None
        self.counts: Counter[str] = Counter()

    def __call__(self, failpoint: str, _number: int) -> None:
        self.counts[failpoint] += 1
        here = failpoint, self.counts[failpoint]
        self.reached.append(here)
        if here == self.dies_at:
            raise Killed


def opener(path: Path, world: FrozenWorld) -> Callable[[], Store]:
    return lambda: SqliteStore(path, secret=b"s", world=world)


def begin(folder: Path) -> tuple[Shop, Mortal, list[str]]:
    mortal = Mortal()
    world = FrozenWorld(at_failpoint=mortal)
    policy = enriching(money_a_month=BUDGET, credits_a_month=BUDGET)
    shop = Shop(opener(folder / "s.sqlite3", world), world, MemoryVendor(), policy)
    wanted = list(shop.want(*DOMAINS, wait_s=300))
    mortal.counts.clear()
    mortal.reached.clear()
    return shop, mortal, wanted


def points(folder: Path) -> list[tuple[str, int]]:
    shop, mortal, _ = begin(folder)
    shop.buyer.buy(10)
    shop.store.close()
    return mortal.reached


def test_a_crash_anywhere_costs_at_most_one_call(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    found = points(tmp_path / "whole")
    assert {name for name, _ in found} >= {
        "enrich.picked", "enrich.begun", "enrich.asking", "enrich.asked", "enrich.settled",
        "store.before_commit", "store.after_commit",
    }  # fmt: skip
    extra: Counter[int] = Counter()
    for number, point in enumerate(found):
        folder = tmp_path / str(number)
        folder.mkdir()
        extra[_die_at(folder, point)] += 1
    assert set(extra) <= {0, 1}, extra
    assert extra[1] > 0


def _buy_until_dead(shop: Shop) -> None:
    shop.buyer.buy(10)
    shop.store.write(lambda _session: None)
    raise Killed


def _die_at(folder: Path, point: tuple[str, int]) -> int:
    """Die, begin again, buy everything; return how many calls were made twice."""
    shop, mortal, wanted = begin(folder)
    mortal.dies_at = point
    with pytest.raises((Killed, LeadfitError)):
        _buy_until_dead(shop)
    mortal.dies_at = None
    shop.restart()
    for _ in range(30):
        shop.buyer.buy(10)
        shop.world.wait(5)
    views = [shop.view(each) for each in wanted]
    assert {each.state for each in views} == {PurchaseState.ANSWERED}, (point, views)
    calls = shop.calls()
    assert all(each.state in {CallState.ANSWERED, CallState.UNCLEAR} for each in calls)
    # What the vendor was paid is what the ledger holds, or less.
    paid = sum(shop.vendor.paid.values())
    assert paid * MILLION <= sum(each.cost.money for each in calls) == shop.spent()
    assert shop.spent() <= BUDGET * MILLION
    assert max(shop.vendor.paid.values()) <= 2
    shop.store.close()
    return paid - len(DOMAINS)


def test_a_process_that_dies_again_and_again_is_bounded(tmp_path: Path) -> None:
    shop, mortal, wanted = begin(tmp_path)
    for _ in range(12):
        mortal.counts.clear()
        mortal.dies_at = ("enrich.asked", 1)
        with pytest.raises((Killed, LeadfitError)):
            _buy_until_dead(shop)
        mortal.dies_at = None
        shop.restart()
    assert max(shop.vendor.paid.values()) <= 2
    assert shop.spent() <= BUDGET * MILLION
    for _ in range(10):
        shop.buyer.buy(10)
        shop.world.wait(60)
    assert all(shop.view(each).state is not PurchaseState.ASKED for each in wanted)
    assert sum(shop.vendor.paid.values()) * MILLION <= shop.spent() <= BUDGET * MILLION
    shop.store.close()


def test_a_budget_for_fewer_calls_is_kept_when_a_call_is_lost(tmp_path: Path) -> None:
    shop, mortal, wanted = begin(tmp_path)
    shop.policy = enriching(money_a_month=3.0)
    mortal.dies_at = ("enrich.asked", 1)
    with pytest.raises(Killed):
        shop.buyer.buy(10)
    mortal.dies_at = None
    shop.restart()
    for _ in range(20):
        shop.buyer.buy(10)
        shop.world.wait(5)
    assert shop.spent() <= 3 * MILLION
    assert sum(shop.vendor.paid.values()) <= 3
    reasons = Counter(shop.view(each).reason for each in wanted)
    assert reasons["money"] >= 1
    shop.store.close()
