"""Domains of unlike companies, learned from accounts and kept in the card."""

from __future__ import annotations

from dataclasses import replace

from leadfit.jobs.learning.card_training import set_aside_shared
from leadfit.pipeline import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.policy import load_starter
from leadfit.records import Account, Band
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.starter import starter_card
from leadfit.store import Session, SqliteStore
from leadfit.store.batch import Batch
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import NOW, signal


def test_a_domain_of_unlike_companies_is_learned_and_blank_and_that_of_one_is_not() -> None:
    unlike = ("acme", "bolt", "crane", "delta", "elm")
    rows = [[None, name, "agency.com"] for name in unlike]
    rows += [[None, f"zork {name}", "zork.com"] for name in unlike]
    rows += [[None, name, "group.com"] for name in unlike]
    with Batch(["company", "domain"]) as batch:
        batch.fill(rows)
        of_one_group = {"group.com"}.__contains__
        assert set_aside_shared(batch, of_one_group) == ("agency.com",)
        left = batch.beside("domain", "company", least=1)
    assert set(left) == {"zork.com", "group.com"}


def test_a_card_without_shared_domains_reads_and_keeps_the_digest_of_one_from_before() -> None:
    card = starter_card()
    assert "shared_domains" not in cards.to_json(card)
    assert cards.from_json(cards.to_json(card)) == card
    learned = replace(card, shared_domains=("agency.com",))
    assert learned.digest != card.digest
    assert cards.from_json(cards.to_json(learned)) == learned


def test_nobody_is_linked_live_by_a_domain_that_the_card_learned_to_be_shared(
    store: SqliteStore,
) -> None:
    firm = Account(account_id="a1", name="Acme", domains=("agency.com",))
    store.write(lambda session: session.accounts.add_accounts([firm]))
    given = signal(email="jo@agency.com")

    def band(*shared: str) -> tuple[Band, str | None]:
        card = replace(starter_card(), shared_domains=shared)
        rules = InForce(policy=load_starter(), card=card)

        def work(session: Session) -> tuple[Band, str | None]:
            desk = Desk(world=FrozenWorld(), session=session, in_force=rules, now=NOW)
            match = find(desk, given).match
            return match.band, match.account_id

        return store.read(work)

    assert band() == (Band.AUTO, "a1")
    assert band("agency.com") == (Band.NEW, None)
