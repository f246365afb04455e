"""No link is ever made at once on low-trust keys alone, whatever people type into a form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadfit import resolve
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.policy import load_starter
from leadfit.records import Account, Band, Contact, Match, Signal
from leadfit.resolve.model.card import Cuts
from leadfit.resolve.model.starter import starter_card
from leadfit.store import Session, SqliteStore
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import NOW, signal

POLICY = load_starter()
# As if wrong links were proved to be rare: the most that a card may ever do.
PROVED = replace(starter_card(), cuts=Cuts(auto=0.97, audited=1000, bound=0.003, is_proved=True))
NAMES = (
    "O'Neil & Sons", "Acme GmbH", "Acme Works Inc", "Müller Bäckerei", "مجموعة النور",
    "株式会社日立", "🚀 Rocket", "Bank of X", "First National Bank", "a" * 10_000, "n/a",
    "\u202eevil", "Nul\x00l Co",
)  # fmt: skip
ACCOUNTS = tuple(
    Account(
        account_id=f"a{n}",
        name=name,
        domains=(f"firm{n}.com",),
        country="US",
        facts={"city": "Boston"},
    )
    for n, name in enumerate(NAMES)
)
CONTACTS = tuple(
    Contact(
        contact_id=f"c{n}", account_id=f"a{n}", email=address, first_name="Jo", last_name="O'Neil",
        phone="+1 212 736 5000" if n < 2 else None, title="Manager",
    )
    for n, address in enumerate(("jo@gmail.com", "info@firm1.com", "test@test.com", "jo@firm3.com"))
)  # fmt: skip
WEAK = (
    "jo@gmail.com", "jo+tag@gmail.com", "info@firm1.com", "sales@firm2.com", "test@test.com",
    "aaaa@firm3.com", "x@mailinator.com", "not an address", "", "o'neil@yahoo.com", "a@b", "jo@",
    "\x00@firm1.com", "jo@firm1.com.", "JO@GMAIL.COM", "a" * 500 + "@gmail.com",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    path: Path = tmp_path_factory.mktemp("weak") / "s.sqlite3"
    found = SqliteStore(path, secret=b"s" * 32, world=FrozenWorld())
    found.write(lambda session: session.accounts.add_accounts(ACCOUNTS))
    keyed = [(each, resolve.email_key(each.email)) for each in CONTACTS]
    found.write(lambda session: session.accounts.add_contacts(keyed))
    yield found
    found.close()


def matched(store: SqliteStore, came: Signal) -> Match:
    world, rules = FrozenWorld(), InForce(policy=POLICY, card=PROVED)

    def look(session: Session) -> Match:
        return find(Desk(world=world, session=session, in_force=rules, now=NOW), came).match

    return store.read(look)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    said=st.fixed_dictionaries(
        {},
        optional={
            "email": st.sampled_from(WEAK)
            | st.text(max_size=40).map(lambda local: f"{local}@gmail.com"),
            "company": st.sampled_from(NAMES) | st.text(max_size=60),
            "title": st.sampled_from(("Manager", "CEO", "")) | st.text(max_size=20),
            "name": st.sampled_from(("Jo O'Neil", "Jo", "", "😀")) | st.text(max_size=30),
        },
    ),
    country=st.sampled_from(("US", "Atlantis", "", None)),
)
def test_weak_addresses_names_and_titles_never_link(
    store: SqliteStore, said: dict[str, str], country: str | None
) -> None:
    came = signal(**said)
    if country is not None:
        came = replace(came, facts={"country": country, "city": "Boston"})
    found = matched(store, came)
    assert found.band is not Band.AUTO, found.reasons
    assert found.account_id is None
    assert 0 <= found.probability <= 1


@pytest.mark.parametrize("email", [each for each in WEAK if "gmail" in each or "yahoo" in each])
def test_free_mail_never_waits_for_a_reviewer(store: SqliteStore, email: str) -> None:
    found = matched(store, signal(email=email, company="Acme Works Inc", title="Manager"))
    assert found.band is Band.NEW


def test_what_nobody_can_read_is_matched_to_nothing_without_an_error(store: SqliteStore) -> None:
    odd = ("\ud800", "\ufdfa" * 3000, "\x00" * 50, "\u202e\u200f", "\u200d" * 400, "%00", "'; DROP")
    for text in (*NAMES, *odd):
        found = matched(store, signal(email=f"{text[:60]}@gmail.com", company=text, name=text))
        assert found.band is not Band.AUTO
