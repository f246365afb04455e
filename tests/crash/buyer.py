"""A process that buys, beside others that do the same.

Run with: address of the store, address of the vendor, money a month, file to wait for, failpoint to
be killed at and which time it is reached; the failpoint ``none`` lets it live.
"""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

from leadfit.connectors.transport import Transport
from leadfit.connectors.vendors import Profiles
from leadfit.connectors.vendors.ask import HttpVendor, Setup
from leadfit.jobs.vendors.enrich import Enrichment
from leadfit.store import SqliteStore, Store
from leadfit.store.postgres import PostgresStore
from leadfit.testing.crash.world import KillingWorld
from leadfit.testing.vending import VENDOR_NAME, enriching
from leadfit.testing.vendor_receivers import KEY

SECRET = b"of the test"


def opened(url: str, world: KillingWorld) -> Store:
    if url.startswith("postgres"):
        return PostgresStore(url, secret=SECRET, world=world)
    return SqliteStore(Path(url), secret=SECRET, world=world)


def main(*told: str) -> None:
    url, vendor_url, money, starts, failpoint, time = told
    world = KillingWorld(failpoint=failpoint, time=int(time))
    loopback = [ipaddress.ip_network("127.0.0.0/8")]
    transport = Transport(world, request_s=lambda: 5.0, allowed=loopback)
    setup = Setup(secret=KEY, url=vendor_url, names={}, windows={})
    vendor = HttpVendor(transport, Profiles().get("http"), setup, world=world)
    policy = enriching(money_a_month=float(money), supplies={"employees": "company"})
    store = opened(url, world)
    buyer = Enrichment(world, store, lambda: {VENDOR_NAME: vendor}, lambda: policy)
    print("ready", flush=True)  # noqa: T201 -- whoever started it waits for this word
    while not Path(starts).exists():
        world.wait(0.01)
    quiet = 0
    while quiet < 20:
        quiet = 0 if buyer.buy(5) else quiet + 1
        world.wait(0.02)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
