"""Vendors are made by the policy and their profiles; whatever cannot be asked is named."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

import pytest

from leadfit.app.vendors import Vending
from leadfit.connectors.transport import Transport
from leadfit.errors import BadInput
from leadfit.policy import Policy
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import changed
from leadfit.testing.vending import enriching
from leadfit.world import SystemWorld

COMPANY = {"employees": "company"}
KEY = "env:KEY"


def vending(place: Path, policy: Policy, environment: Mapping[str, str] | None = None) -> Vending:
    world = SystemWorld()
    loopback = [ipaddress.ip_network("127.0.0.0/8")]
    transport = Transport(world, request_s=lambda: 1.0, allowed=loopback)
    return Vending(place, transport, environment or {}, lambda: policy, FrozenWorld())


def test_a_vendor_has_the_limits_of_its_plan_or_those_of_the_policy(tmp_path: Path) -> None:
    environment = {"KEY": "k"}
    for options, windows, expected in (
        ({}, (), {60: 50}),
        ({"plan": "paid"}, (), {60: 1000}),
        ({}, ({"calls": 3, "seconds": 10},), {10: 3}),
    ):
        policy = enriching(
            profile="apollo", secret=KEY, options=options, windows=windows, supplies=COMPANY
        )
        made = vending(tmp_path, policy, environment)
        made.check()
        assert made()["v"].limits("company") == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profile": "nobody"}, "profile: came 'nobody'"),
        ({"profile": "apollo"}, "enrich.vendors.v.secret"),
        ({"profile": "apollo", "secret": "env:LOST"}, "environment variable LOST"),
        ({"profile": "apollo", "secret": "env:KEY", "options": {"plan": "x"}}, "free, paid"),
        ({"profile": "apollo", "secret": "env:KEY", "options": {"color": "x"}}, "'color'"),
        ({"profile": "apollo", "secret": "env:KEY", "supplies": {"shoe_size": "company"}}, "shoe"),
        ({"profile": "apollo", "secret": "env:KEY", "supplies": {"x": "lead"}}, "asked about"),
        ({"profile": "bombora", "secret": "env:KEY"}, "endpoints are not known"),
        ({"profile": "bombora", "secret": "env:KEY"}, "nothing is known of those"),
        ({"profile": "http", "secret": "env:KEY"}, "options.url"),
        ({"profile": "csv"}, "options.file"),
        ({"profile": "csv", "options": {"file": "none.csv"}}, "FileNotFoundError"),
    ],
)
def test_what_cannot_be_asked_is_named(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    policy = enriching(**({"supplies": COMPANY} | changes))
    with pytest.raises(BadInput) as caught:
        vending(tmp_path, policy, {"KEY": "k-secret"}).check()
    assert said in str(caught.value)
    assert "k-secret" not in str(caught.value)


def test_nothing_is_made_while_nothing_is_bought(tmp_path: Path) -> None:
    policy = enriching(profile="nobody", enrich__on=False)
    made = vending(tmp_path, policy)
    made.check()
    assert made() == {}


def test_a_changed_policy_makes_its_vendors_anew_and_keeps_those_that_can_be_asked(
    tmp_path: Path,
) -> None:
    (tmp_path / "facts.csv").write_text("domain,employees\nacme.com,1\n", "utf-8")
    first = enriching(profile="csv", options={"file": "facts.csv"})
    held = [first]
    made = Vending(
        tmp_path, Transport(SystemWorld(), request_s=lambda: 1.0), {}, lambda: held[0],
        FrozenWorld(),
    )  # fmt: skip
    made.check()
    assert set(made()) == {"v"}
    held[0] = changed(enriching(profile="nobody"), "digest", "another")
    assert set(made()) == set()


def test_names_of_a_profile_may_differ_from_those_of_the_policy(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("domain,staff\nacme.com,1\n", "utf-8")
    policy = enriching(profile="csv", options={"file": "facts.csv", "as_employees": "staff"})
    vending(tmp_path, policy).check()


def test_no_credential_is_ever_shown(tmp_path: Path) -> None:
    policy = enriching(profile="apollo", secret=KEY, supplies=COMPANY)
    made = vending(tmp_path, policy, {"KEY": "k-secret"})
    made.check()
    assert "k-secret" not in repr(made()["v"])
