"""Purchases: what is paid, what comes back, what is done when a vendor does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from leadfit.buying import MILLION, PurchaseState
from leadfit.connectors.base import NotAllowedIn, NotTaken, OnHold, RecordRefused, Unclear
from leadfit.connectors.lookup import Brought, CannotAsk, TooFast, Window
from leadfit.policy import Policy
from leadfit.store import SqliteStore
from leadfit.store.outbox import Gate, GateState
from leadfit.store.vendors import CallState
from leadfit.testing import FrozenWorld
from leadfit.testing.vending import MemoryVendor, Shop, enriching

Open = Callable[..., Shop]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Open]:
    made: list[Shop] = []

    def opened(vendor: MemoryVendor | None = None, policy: Policy | None = None) -> Shop:
        world = FrozenWorld()
        path = tmp_path / "s.sqlite3"
        made.append(
            Shop(
                lambda: SqliteStore(path, secret=b"s", world=world), world,
                vendor or MemoryVendor(), policy,
            )
        )  # fmt: skip
        return made[-1]

    yield opened
    for each in made:
        each.store.close()


def gate(shop: Shop) -> Gate:
    return shop.store.read(lambda session: session.destinations.gate("vendor:v"))


def test_an_answer_is_a_stored_signal_with_its_price_in_the_ledger(shop: Open) -> None:
    here = shop()
    (wanted,) = here.want("acme.com")
    assert here.buyer.buy(10) == 1
    view = here.view(wanted)
    assert view.state is PurchaseState.ANSWERED
    answer = here.store.read(lambda session: session.signals.read(str(view.answer_id)))
    assert answer is not None
    assert (answer.source, answer.event_id, answer.kind) == ("vendor:v", wanted, "enriched")
    assert answer.facts == {"employees": 640}
    assert answer.identifiers.email == "jo@acme.com"
    (call,) = here.calls()
    assert (call.state, call.cost.money, call.facts) == (
        CallState.ANSWERED, MILLION, ("employees",),
    )  # fmt: skip
    assert here.spent() == MILLION


def test_a_vendor_hears_of_a_company_nothing_but_what_it_is_asked_by(shop: Open) -> None:
    here = shop()
    here.want("acme.com")
    here.buyer.buy(10)
    (question,) = here.vendor.asked
    assert question.fields["domain"] == "acme.com"
    assert question.facts == ("employees",)


@pytest.mark.parametrize(("pays", "cost"), [(False, 0), (True, MILLION)])
def test_a_miss_costs_what_the_policy_says_and_is_not_asked_again(
    shop: Open, pays: bool, cost: int
) -> None:
    here = shop(MemoryVendor(Brought(status=404)), enriching(pays_misses=pays))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert here.view(wanted).state is PurchaseState.MISSED
    assert here.spent() == cost
    (again,) = here.want("acme.com")
    here.buyer.buy(10)
    assert (here.view(again).state, here.view(again).reason) == (PurchaseState.FAILED, "asked")
    assert here.vendor.paid == {"acme.com": 1}


@pytest.mark.parametrize(
    ("brought", "reason"),
    [
        (Brought(status=200, refused="garbage"), "garbage"),
        (Brought(status=200, refused="other_subject"), "other_subject"),
        (Brought(status=200, left_out={"employees": "wrong_type"}), "wrong_type"),
        (Brought(facts={"employees": "x" * 3_000}), "facts_refused"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_a_paid_miss_with_its_reason(
    shop: Open, brought: Brought, reason: str
) -> None:
    here = shop(MemoryVendor(brought))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert (here.view(wanted).state, here.view(wanted).reason) == (PurchaseState.MISSED, reason)
    (call,) = here.calls()
    assert (call.state, call.cost.money, call.facts) == (CallState.REFUSED, MILLION, ())


def test_one_unclear_call_is_made_once_more_and_both_count_as_paid(shop: Open) -> None:
    here = shop(MemoryVendor(Unclear("timeout")))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert here.view(wanted).state is PurchaseState.WANTED
    here.world.wait(2)
    here.buyer.buy(10)
    assert here.view(wanted).state is PurchaseState.ANSWERED
    assert here.spent() == 2 * MILLION
    assert [each.state for each in here.calls()] == [CallState.UNCLEAR, CallState.ANSWERED]


def test_two_unclear_calls_are_the_end(shop: Open) -> None:
    here = shop(MemoryVendor(Unclear("timeout"), Unclear("timeout")))
    (wanted,) = here.want("acme.com", wait_s=60)
    for _ in range(10):
        here.buyer.buy(10)
        here.world.wait(5)
    assert (here.view(wanted).state, here.view(wanted).reason) == (PurchaseState.FAILED, "unclear")
    assert here.vendor.paid == {"acme.com": 2}


def test_a_vendor_that_is_too_fast_for_is_asked_later_and_nothing_was_paid(shop: Open) -> None:
    here = shop(MemoryVendor(TooFast("status 429", 3.0)))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert here.spent() == 0
    assert here.view(wanted).state is PurchaseState.WANTED
    (other,) = here.want("globex.com")
    here.buyer.buy(10)
    assert len(here.vendor.asked) == 1
    here.world.wait(3)
    assert here.buyer.buy(10) == 2
    assert here.view(other).state is PurchaseState.ANSWERED
    assert here.spent() == 2 * MILLION
    assert gate(here).state is GateState.OPEN


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TooFast("status 429", 60.0), "rate"),
        (OnHold("status 402", 60.0), "credits"),
        (NotAllowedIn("status 401"), "no_credential"),
        (NotTaken("no connection"), "late"),
        (CannotAsk("no domain"), "cannot_ask"),
    ],
)
def test_a_purchase_that_brings_nothing_in_time_says_why_and_costs_nothing(
    shop: Open, error: Exception, reason: str
) -> None:
    here = shop(MemoryVendor(*[error] * 9))
    (wanted,) = here.want("acme.com")
    for _ in range(10):
        here.buyer.buy(10)
        here.world.wait(1)
    view = here.view(wanted)
    assert view.state is PurchaseState.FAILED
    assert view.reason == ("unreachable" if reason == "late" else reason)
    assert here.spent() == 0


def test_a_question_the_vendor_refuses_is_a_miss_without_a_price(shop: Open) -> None:
    here = shop(MemoryVendor(RecordRefused("status 422")))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert (here.view(wanted).state, here.view(wanted).reason) == (PurchaseState.MISSED, "refused")
    assert here.spent() == 0


def test_credits_that_are_gone_stop_every_process_until_the_vendor_says(shop: Open) -> None:
    here = shop(MemoryVendor(OnHold("status 402", 3_600.0)))
    here.want("acme.com")
    here.buyer.buy(10)
    here.restart()
    (later,) = here.want("globex.com", wait_s=200)
    here.buyer.buy(10)
    here.world.wait(100)
    here.buyer.buy(10)
    assert len(here.vendor.asked) == 1
    assert gate(here).state is GateState.PAUSED
    here.world.wait(3_600)
    here.buyer.buy(10)
    assert here.view(later).reason == "late"


def test_five_failures_in_half_a_minute_leave_a_vendor_alone(shop: Open) -> None:
    here = shop(MemoryVendor(*[NotTaken("no connection")] * 20))
    here.want(*(f"firm{number}.com" for number in range(10)), wait_s=120)
    here.buyer.buy(10)
    assert gate(here).state is GateState.BROKEN
    asked = len(here.vendor.asked)
    assert asked >= 5
    here.buyer.buy(100)
    assert len(here.vendor.asked) == asked
    here.world.wait(31)
    here.vendor.answers.clear()
    here.buyer.buy(100)
    assert gate(here).state is GateState.OPEN
    assert len(here.vendor.asked) > asked + 1


def test_an_answer_that_is_not_ready_is_fetched_and_paid_once(shop: Open) -> None:
    here = shop(MemoryVendor(Brought(later_s=3, ticket="7")))
    (wanted,) = here.want("acme.com")
    here.buyer.buy(10)
    assert here.view(wanted).state is PurchaseState.ASKED
    here.restart()
    here.world.wait(20)
    here.buyer.buy(10)
    assert here.view(wanted).state is PurchaseState.ANSWERED
    assert here.vendor.tickets == ["7"]
    assert here.spent() == MILLION
    assert len(here.calls()) == 1


def test_what_a_vendor_says_of_its_limits_is_kept_to(shop: Open) -> None:
    said = Window(seconds=60, most=60, left=0)
    vendor = MemoryVendor(Brought(facts={"employees": 1}, windows=(said,)), windows={60: 60})
    here = shop(vendor)
    here.want("acme.com")
    here.buyer.buy(10)
    (late,) = here.want("globex.com", wait_s=30)
    here.buyer.buy(10)
    assert len(vendor.asked) == 1
    assert here.view(late).reason == "rate"


def test_calls_keep_to_the_limits_of_the_vendor(shop: Open) -> None:
    here = shop(MemoryVendor(windows={1: 2}))
    began = here.world.now()
    here.want(*(f"firm{number}.com" for number in range(7)), wait_s=100)
    for _ in range(20):
        here.buyer.buy(10)
        here.world.wait(0.1)
    at = sorted((each.at - began) / timedelta(seconds=1) for each in here.calls())
    assert len(at) == 7
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(at))


@pytest.mark.parametrize(
    ("budget", "made", "reason"),
    [({"money_a_month": 3.5}, 3, "money"), ({"credits_a_month": 4.0}, 4, "credits")],
)
def test_no_call_is_made_above_a_budget(
    shop: Open, budget: dict[str, float], made: int, reason: str
) -> None:
    here = shop(MemoryVendor(), enriching(**budget))
    wanted = here.want(*(f"firm{number}.com" for number in range(8)))
    here.buyer.buy(100)
    assert len(here.vendor.asked) == made
    assert {here.view(each).reason for each in wanted[made:]} == {reason}


def test_a_purchase_whose_signal_waits_no_more_is_not_made(shop: Open) -> None:
    here = shop()
    (wanted,) = here.want("acme.com")
    here.world.wait(6)
    here.buyer.buy(10)
    assert (here.view(wanted).state, here.view(wanted).reason) == (PurchaseState.FAILED, "late")
    assert not here.vendor.asked


def test_a_vendor_that_is_gone_from_the_policy_is_not_asked(shop: Open) -> None:
    here = shop()
    (wanted,) = here.want("acme.com")
    here.policy = enriching(name="other")
    here.buyer.buy(10)
    assert here.view(wanted).reason == "no_vendor"
    assert not here.vendor.asked


def test_what_could_not_be_written_is_written_later(shop: Open) -> None:
    here = shop()
    (wanted,) = here.want("acme.com")
    tries = here.buyer.claim("v", 1)
    outcomes = [here.buyer.carry_out(each) for each in tries]
    here.buyer._holding.keep(outcomes)
    here.buyer.buy(1)
    assert here.view(wanted).state is PurchaseState.ANSWERED
