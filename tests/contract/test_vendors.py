"""Every vendor's profile does what every one must, and knows the statuses that mislead."""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Callable, Iterator

import pytest

from leadfit.connectors.base import OnHold
from leadfit.connectors.lookup import TooFast
from leadfit.connectors.transport import Transport
from leadfit.connectors.vendors.answers import typed
from leadfit.connectors.vendors.load import Profiles
from leadfit.connectors.vendors.profile import Taken
from leadfit.errors import LeadfitError
from leadfit.testing.check_vendor import CHECKS, ODD, VendorBench, vendor_bench
from leadfit.testing.receivers import Reply
from leadfit.testing.vendor_receivers import RECEIVERS, TokenReceiver
from leadfit.world import SystemWorld

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
WORLD = SystemWorld()
TRANSPORT = Transport(WORLD, request_s=lambda: 0.4, allowed=LOOPBACK)


def made(name: str) -> VendorBench:
    return vendor_bench(name, TRANSPORT, WORLD)


@pytest.fixture(params=sorted(RECEIVERS))
def bench(request: pytest.FixtureRequest) -> Iterator[VendorBench]:
    bench = made(request.param)
    yield bench
    bench.receiver.close()


def test_every_profile_that_speaks_http_has_a_receiver() -> None:
    assert set(RECEIVERS) == set(Profiles().names()) - {"csv"}
    assert set(ODD) == set(RECEIVERS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_profile_does_what_every_one_must(
    bench: VendorBench, check: Callable[[VendorBench], None]
) -> None:
    check(bench)


@pytest.mark.parametrize(
    ("name", "status", "body", "headers", "means"),
    [(name, *each) for name, odd in ODD.items() for each in odd],
)
def test_a_status_means_what_it_means_there(
    name: str, status: int, body: object, headers: dict[str, str], means: type[LeadfitError]
) -> None:
    bench = made(name)
    try:
        bench.receiver.says = [Reply(status=status, body=body, headers=headers)]
        error = bench.error()
        assert isinstance(error, means), repr(error)
        assert means is TooFast or not isinstance(error, TooFast)
        said = headers.get("retry-after", headers.get("Retry-After"))
        if said is not None:
            assert isinstance(error, TooFast)
            assert error.retry_after_s == float(said)
    finally:
        bench.receiver.close()


@pytest.mark.parametrize("name", ["hunter", "lusha", "6sense"])
def test_what_is_used_up_is_left_alone_for_hours(name: str) -> None:
    bench = made(name)
    bench.receiver.says = [Reply(status=429 if name == "hunter" else 402, body={})]
    error = bench.error()
    bench.receiver.close()
    assert isinstance(error, OnHold)
    assert error.retry_after_s == 21_600


@pytest.mark.parametrize(
    ("name", "subject"),
    [("apollo", "slow@acme.com"), ("clearbit", "slow.com"), ("hunter", "slow.com")],
)
def test_an_answer_that_is_not_ready_is_fetched_later_and_paid_once(
    name: str, subject: str
) -> None:
    bench = made(name)
    early = bench.ask(subject)
    assert early.later_s == (7 if name == "apollo" else 5)
    assert not early.facts
    late = bench.ask(subject, ticket=early.ticket)
    bench.receiver.close()
    assert late.facts
    assert bench.receiver.wrong == []


def test_a_number_that_is_none_breaks_nothing() -> None:
    bench = made("apollo")
    said = b'{"error": "result_pending", "retry_after_seconds": NaN}'
    bench.receiver.says = [Reply(status=404, body=said)]
    later_s = bench.ask("slow@acme.com").later_s
    assert later_s is not None
    assert math.isfinite(later_s)
    bench.receiver.close()
    for number in (10**400, -(10**400), math.nan, math.inf, 2.0**60):
        assert typed(number, Taken(path="x", type="number")) == (None, "too_large")


@pytest.mark.parametrize("name", ["bombora", "demandbase", "zoominfo"])
def test_a_token_is_fetched_once_and_anew_when_it_has_ended(name: str) -> None:
    bench = made(name)
    bench.ask()
    bench.ask()
    assert bench.receiver.tokens == 1
    assert isinstance(bench.receiver, TokenReceiver)
    bench.receiver.expire()
    assert bench.ask().facts
    bench.receiver.close()


def test_headers_tell_of_limits() -> None:
    for name, headers, expected in (
        ("clearbit", {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "12"}, (60, 12)),
        ("apollo", {"x-rate-limit-minute": "200", "x-minute-requests-left": "9"}, (200, 9)),
        ("lusha", {"x-rate-limit-minute": "40", "x-minute-requests-left": "0"}, (40, 0)),
    ):
        bench = made(name)
        bench.receiver.limits = headers
        (window,) = bench.ask().windows
        bench.receiver.close()
        assert (window.seconds, window.most, window.left) == (60, *expected)


def test_what_a_header_may_not_say_is_ignored() -> None:
    bench = made("clearbit")
    bench.receiver.limits = {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "1e9"}
    assert bench.ask().windows == ()
    bench.receiver.close()


def test_nothing_but_what_a_vendor_needs_leaves_the_house() -> None:
    for name in RECEIVERS:
        for product in Profiles().get(name).products.values():
            said = json.dumps(product.model_dump(mode="json"))
            assert "{phone}" not in said
            assert "{name}" not in said
