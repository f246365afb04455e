"""Profiles of vendors: whole, with a source for everything, and every fault in one is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadfit.connectors.vendors import Profiles
from leadfit.connectors.vendors.load import read_profile
from leadfit.errors import BadInput

NAMES = Profiles().names()
LEAST = b"""
title = "X"
status = "contract-tested, not run live"
base = "https://x.example"
[products.company]
path = "/find"
query = { domain = "{domain}" }
needs = ["domain"]
facts = { industry = { path = "industry" } }
[sources]
base = { label = "docs", at = "2026-11-22" }
products = { label = "docs", at = "2026-11-22" }
"""


def test_the_vendors_that_were_promised_are_there() -> None:
    assert set(NAMES) == {
        "apollo", "lusha", "hunter", "zoominfo", "clearbit", "6sense", "demandbase", "bombora",
        "csv", "http",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_everything_in_a_profile_has_a_source_and_a_day(name: str) -> None:
    profile = Profiles().get(name)
    for place in profile.places():
        source = profile.source(place)
        assert source is not None, place
        assert source.at.year >= 2025


@pytest.mark.parametrize("name", NAMES)
def test_no_profile_claims_to_have_been_run_live(name: str) -> None:
    assert Profiles().get(name).status in {"contract-tested, not run live", "local"}


@pytest.mark.parametrize("name", ["demandbase", "bombora"])
def test_what_is_not_known_of_a_vendor_is_named_and_never_made_up(name: str) -> None:
    profile = Profiles().get(name)
    assert not profile.products
    assert not profile.rates
    assert {"products", "rates", "accuracy", "cost"} <= set(profile.unknown)


def test_a_workspace_has_profiles_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "vendors").mkdir()
    (tmp_path / "vendors" / "mine.toml").write_bytes(LEAST)
    (tmp_path / "vendors" / "apollo.toml").write_bytes(LEAST)
    profiles = Profiles(tmp_path)
    assert "mine" in profiles.names()
    assert profiles.get("apollo").title == "X"
    with pytest.raises(BadInput, match=re.escape("vendors/nobody.toml")):
        profiles.get("nobody")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('base = "https://x.example"', 'base = "http://x.example"'), "https address"),
        (("{domain}", "{password}"), "not 'password'"),
        (("{domain}", "{domain.__class__}"), "in braces, not"),
        (('path = "industry"', 'path = ""'), "a path such as"),
        (('needs = ["domain"]', 'needs = ["email"]'), "{email} in products.company"),
        (('base = { label = "docs", at = "2026-11-22" }', ""), "a source for base"),
        (('label = "docs"', 'label = "heard"'), "'recalled'"),
        (('title = "X"', "titel = 1"), "titel"),
        (('[sources]', '[[codes]]\nstatus = 202\nmeans = "later"\n[sources]'), "poll in"),
        (('path = "/find"', 'path = "/find"\nbucket = "b"'), "rates.b"),
        (("title", "\xff"), "TOML in UTF-8"),
    ],
)  # fmt: skip
def test_every_fault_is_named(change: tuple[str, str], said: str) -> None:
    text = LEAST.decode().replace(*change)
    with pytest.raises(BadInput) as caught:
        read_profile(text.encode("latin-1"), "x.toml")
    assert said in str(caught.value)
    assert "x.toml" in str(caught.value)


def test_several_faults_are_named_at_once() -> None:
    text = LEAST.replace(b'path = "/find"', b'path = "/{x}"').replace(b'title = "X"', b"title = 3")
    with pytest.raises(BadInput) as caught:
        read_profile(text, "x.toml")
    assert len(caught.value.faults) == 2
