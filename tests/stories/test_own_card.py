"""A workspace trains its own model card, and puts it in force only where it holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from leadfit.cli import run
from leadfit.jobs.learning.card_training import FEWEST_ACCOUNTS, train_card
from leadfit.pipeline import InForce
from leadfit.policy import load_starter
from leadfit.records import Account, Identifiers, Kind, Relation, Signal
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.blocking import ACCOUNT_BLOCKING
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.starter import starter_card
from leadfit.store import Session, SqliteStore
from leadfit.store.matching import Review, ReviewKind
from leadfit.testing import FrozenWorld
from leadfit.world import seeded

pytest.importorskip("splink", reason="the extra `linkage` is not installed")

SYLLABLES = ("ka", "lo", "mi", "ra", "ten", "vor", "sil", "dan", "qui", "pre", "zan", "tor")
TRADES = ("Systems", "Group", "Bank", "Energy", "Software", "Health", "Logistics")


def base(count: int, twins: int) -> list[Account]:
    """Return accounts with invented names, the first ``twins`` of which are there twice."""
    draw = seeded("own card", count)
    found = []
    for number in range(count):
        word = "".join(draw.choice(SYLLABLES) for _ in range(4)).title()
        name = f"{word} {draw.choice(TRADES)}"
        place = {
            "city": draw.choice(("Boston", "Leeds", "Lyon", "Bonn")),
            "postcode": f"{number:05}",
        }
        found.append(
            Account(
                account_id=f"a{number:05}", name=f"{name} Inc", country="US", facts=place,
                domains=(f"{word}{number}.com".lower(),),
            )
        )  # fmt: skip
        if number < twins:
            other = name[:3] + name[4:] if number % 2 else name
            found.append(
                Account(account_id=f"b{number:05}", name=f"{other}, LLC", country="US", facts=place)
            )
    return found


def store_with(folder: Path, accounts: Sequence[Account]) -> tuple[FrozenWorld, SqliteStore]:
    world = FrozenWorld()
    store = SqliteStore(folder / "s.sqlite3", secret=b"s" * 32, world=world)
    store.write(lambda session: session.accounts.add_accounts(accounts))
    return world, store


def in_force() -> InForce:
    return InForce(policy=load_starter(), card=starter_card())


def decide(session: Session, world: FrozenWorld, number: int, given: Account, right: str) -> None:
    """Write a review of a lead of the company of ``given``, decided."""
    now = world.now()
    signal = Signal(
        signal_id=f"s{number}", source="web", event_id=f"e{number}", kind=Kind.DEMO_REQUEST,
        at=now, received_at=now,
        identifiers=Identifiers(email=f"x{number}@gmail.com", company=given.name.upper()),
        facts={"city": str(given.facts["city"]), "country": "US"},
    )  # fmt: skip
    session.signals.add(signal, session.signals.digest(b"%d" % number), None)
    session.reviews.open(
        Review(
            review_id=f"r{number}", kind=ReviewKind.LINK, record_kind=RecordKind.ACCOUNT,
            left_id=f"l{number}", right_id=right, probability=0.93, opened_at=now,
            signal_id=signal.signal_id,
        )
    )  # fmt: skip
    relation = Relation.SAME if right == given.account_id else Relation.DIFFERENT
    session.reviews.decide(f"r{number}", relation, at=now, reviewer="rep_1", reason=None)


def test_too_few_accounts_are_refused(tmp_path: Path) -> None:
    workspace = ["--workspace", str(tmp_path / "here")]
    assert run([*workspace, "init"]) == 0
    assert run([*workspace, "cards", "train"]) == 2


def test_the_card_in_force_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = ["--workspace", str(tmp_path / "here")]
    assert run([*workspace, "init"]) == 0
    capsys.readouterr()
    assert run([*workspace, "cards", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["digest"] == starter_card().digest
    assert shown["weights"]["company"]["exact"] > 0
    assert not shown["is_proved"]


def test_a_base_without_duplicates_teaches_too_little_to_be_put_in_force(tmp_path: Path) -> None:
    world, store = store_with(tmp_path, base(FEWEST_ACCOUNTS, twins=4))
    found = train_card(world, store, in_force())
    assert any("too few" in words for words in found.against)
    store.close()


def test_a_base_with_duplicates_gives_a_card_for_the_live_index(tmp_path: Path) -> None:
    world, store = store_with(tmp_path, base(800, twins=200))
    found = train_card(world, store, in_force())
    assert found.against == ()
    assert (found.accounts, found.labels) == (1000, 0)
    assert found.card.blocking == ACCOUNT_BLOCKING
    assert not found.card.cuts.is_proved
    company = next(each for each in found.card.comparisons if each.name == "company")
    assert company.levels[0].bits > 5
    assert company.levels[-1].bits < 0
    assert cards.from_json(cards.to_json(found.card)) == found.card
    store.close()


def test_decided_reviews_of_leads_add_a_second_stage_and_cuts(tmp_path: Path) -> None:
    accounts = base(800, twins=200)
    world, store = store_with(tmp_path, accounts)
    own = [each for each in accounts if each.account_id.startswith("a")]

    def work(session: Session) -> None:
        for number in range(240):
            right = own[number] if number % 3 else own[number + 300]
            decide(session, world, number, own[number], right.account_id)

    store.write(work)
    world.pass_time(3600)
    found = train_card(world, store, in_force())
    assert found.labels == 240
    assert found.card.second is not None
    assert found.card.calibration is not None
    assert found.log_loss is not None
    assert found.log_loss[0] < 0.3
    assert any("not yet proved" in words for words in found.warnings)
    store.close()


def test_a_trained_card_knows_domains_of_unlike_companies_and_spares_those_of_one_group(
    tmp_path: Path,
) -> None:
    names = ("Acme", "Bolt", "Crane", "Delta", "Elm", "Fjord")
    strangers = [
        Account(account_id=f"s{name}", name=name, domains=("agency.com",)) for name in names
    ]
    sisters = [
        Account(
            account_id=f"g{name}", name=name, domains=("group.com",),
            parent_account_id=None if name == "Acme" else "gAcme",
        )
        for name in names
    ]  # fmt: skip
    accounts = [*base(FEWEST_ACCOUNTS, 60), *strangers, *sisters]
    world, store = store_with(tmp_path, accounts)
    found = train_card(world, store, InForce(policy=load_starter(), card=starter_card()))
    store.close()
    assert found.card.shared_domains == ("agency.com",)
