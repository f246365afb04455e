"""Answers of a vendor are compared with the truth in the normal form of each fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.jobs.vendors.audit import (
    LEAST_LEADS,
    VendorAudit,
    agrees,
    audit,
    compare,
    draw,
    read_truth,
)
from leadfit.records import Fact
from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld
from leadfit.testing.vending import MemoryVendor, Shop, enriching


@pytest.mark.parametrize(
    ("fact", "said", "known", "same"),
    [
        ("employees", 640, "640", True),
        ("employees", 640, "600", True),
        ("employees", 640, "500", False),
        ("employees", "1,200", "1200.0", True),
        ("country", "Deutschland", "DE", True),
        ("country", "France", "DE", False),
        ("industry", "Computer  Software", "computer-software", True),
        ("industry", "Retail", "Software", False),
        ("domain", "https://www.acme.com/about", "acme.com", True),
        ("is_public", True, "yes", True),
        ("is_public", False, "yes", False),
    ],
)
def test_values_are_compared_in_their_normal_form(
    fact: str, said: Fact, known: str, same: bool
) -> None:
    assert agrees(fact, said, known, 0.1) is same


def test_intervals_are_exact() -> None:
    pairs = [({"industry": "a"}, {"industry": "a" if each < 95 else "b"}) for each in range(100)]
    fact, leads = compare(pairs, ["industry"], 0.1)
    assert (fact.right, fact.compared, leads.share) == (95, 100, 0.95)
    # Clopper and Pearson, from tables.
    assert (round(fact.low, 4), round(fact.high, 4)) == (0.8872, 0.9836)


def test_what_the_vendor_did_not_say_is_no_error_and_is_counted() -> None:
    truth = {"industry": "a", "employees": ""}
    industry, employees, leads = compare(
        [(truth, {"industry": None})], ["industry", "employees"], 0
    )
    assert (industry.compared, industry.missing) == (0, 1)
    assert (employees.compared, employees.missing) == (0, 0)
    assert leads.share is None
    assert (leads.low, leads.high) == (0.0, 1.0)


def test_text_where_a_number_belongs_is_the_fault_of_the_file() -> None:
    truths = ("about 600", "500-1000", "n/a", "640", "64")
    pairs = [({"employees": each, "city": ""}, {"employees": 640}) for each in truths]
    employees, _, leads = compare(pairs, ["employees", "city"], 0.1)
    assert (employees.right, employees.compared, employees.unreadable) == (1, 2, 3)
    assert (leads.compared, leads.missing, leads.unreadable) == (2, 0, 3)
    text, _ = compare([({"city": "640"}, {"city": "Rome"})], ["city"], 0.1)
    assert (text.compared, text.unreadable) == (1, 0)


def test_a_lead_is_right_when_everything_is() -> None:
    pairs = [({"a": "1", "b": "2"}, {"a": 1, "b": 2}), ({"a": "1", "b": "2"}, {"a": 1, "b": 3})]
    *_, leads = compare(pairs, ["a", "b"], 0.1)
    assert (leads.right, leads.compared) == (1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [("name,employees\n", "domain or email"), ("domain,size\n", "employees"), ("", "nothing")],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=said):
        read_truth(path, ("employees",))
    with pytest.raises(BadInput, match="FileNotFoundError"):
        read_truth(tmp_path / "none.csv", ("employees",))


def _audited(shop: Shop, truth: Path, firms: int) -> VendorAudit:
    """Audit the vendor, which is wrong about every tenth firm and was never asked about one."""
    lines = [f"firm{number}.com,{640 if number % 10 else 64}" for number in range(firms)]
    truth.write_text("\n".join(["domain,employees", *lines, "unknown.com,5"]), "utf-8")
    now, (rules,) = shop.world.now(), shop.policy.enrich.vendors
    return shop.store.write(lambda session: audit(session, rules, truth, tolerance=0.1, now=now))


def test_an_audit_compares_what_was_bought_and_says_when_it_is_too_little(tmp_path: Path) -> None:
    world = FrozenWorld()
    path = tmp_path / "s.sqlite3"
    shop = Shop(
        lambda: SqliteStore(path, secret=b"s", world=world), world, MemoryVendor(), enriching()
    )
    (rules,) = shop.policy.enrich.vendors
    for firms, enough in ((range(60), False), (range(60, 120), True)):
        shop.want(*(f"firm{number}.com" for number in firms), wait_s=300)
        shop.buyer.buy(1_000)
        found = _audited(shop, tmp_path / "truth.csv", firms.stop)
        assert (found.rows, found.leads) == (firms.stop + 1, firms.stop)
        assert found.is_enough is enough is (found.leads >= LEAST_LEADS)
        assert found.whole.share == 0.9
        assert found.whole.low < 0.9 < found.whole.high
    drawn = shop.store.read(lambda session: draw(session, rules, 100))
    assert len(set(drawn)) == 100
    assert drawn == shop.store.read(lambda session: draw(session, rules, 100))
    kept = shop.store.read(lambda session: session.vendors.latest_audit("v"))
    assert kept is not None
    assert '"is_enough":true' in kept[1]
    shop.store.close()
