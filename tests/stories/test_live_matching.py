"""Matching on the way of a lead: levels of a group, namesakes, roles of domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.app.files import DATABASE, SECRET, read_secret
from leadfit.policy import load_starter
from leadfit.records import Account, Band, Contact, Decision, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.relatives.domains import AccountDomain, DomainRole
from leadfit.store import SqliteStore
from leadfit.store.matching import ReviewKind
from leadfit.testing import FrozenWorld

FIRST, SECOND, THIRD, *_ = (rep.rep_id for rep in load_starter().reps)
GROUP = (
    Account(account_id="top", name="Quandary Holding", owner_id=FIRST),
    Account(
        account_id="mid", name="Quandary Europe", owner_id=SECOND, parent_account_id="top"
    ),
    Account(
        account_id="low", name="Quandary Leeds", owner_id=THIRD, parent_account_id="mid",
        domains=("quandary-leeds.co.uk",),
    ),
)  # fmt: skip
JO = Contact(
    contact_id="jo", account_id="low", email="jo@quandary-leeds.co.uk", first_name="Robert",
    last_name="Marsh",
)  # fmt: skip


def workspace(
    folder: Path,
    *,
    accounts: Sequence[Account] = GROUP,
    contacts: Sequence[Contact] = (),
    domains: Sequence[AccountDomain] = (),
    level: str | None = None,
) -> Leadfit:
    """Make a workspace that has these records."""
    folder.mkdir(exist_ok=True)
    place = create_workspace(folder / "here")
    policy = place / "policy" / "policy.toml"
    if level is not None:
        text = policy.read_text("utf-8")
        policy.write_text(
            text.replace("[matching]\n", f'[matching]\nrouting_level = "{level}"\n', 1), "utf-8"
        )
    secret, world = read_secret(place / SECRET), FrozenWorld()
    store = SqliteStore(place / DATABASE, secret=secret, world=world)
    store.write(lambda session: session.accounts.add_accounts(accounts))
    keyed = [(each, each.email) for each in contacts]
    store.write(lambda session: session.accounts.add_contacts(keyed))
    store.write(lambda session: session.accounts.add_domains(domains))
    store.close()
    return open_leadfit(place)


def decided(
    leadfit: Leadfit,
    event: str = "e1",
    kind: str = "demo_request",
    country: str = "",
    **identifiers: str,
) -> Decision:
    """Post a signal of a lead and return its decision."""
    answer = leadfit.accept(
        {
            "source": "web", "event_id": event, "kind": kind,
            "at": leadfit.world.now().isoformat(), "identifiers": identifiers,
            "facts": {"country": country} if country else {},
        }
    )  # fmt: skip
    leadfit.decide_pending()
    lead_id = leadfit.signal(getattr(answer, "signal_id", "")).lead_id
    assert lead_id is not None
    signal_id = getattr(answer, "signal_id", "")
    return next(each for each in leadfit.why(lead_id) if each.signal_id == signal_id)


@pytest.mark.parametrize(
    ("level", "owner"), [("account", THIRD), ("parent", SECOND), ("ultimate_parent", FIRST)]
)
def test_the_policy_picks_the_account_of_the_group_a_lead_is_routed_by(
    tmp_path: Path, level: str, owner: str
) -> None:
    with workspace(tmp_path, level=level) as leadfit:
        found = decided(leadfit, email="new@quandary-leeds.co.uk")
        assert found.account_id == "low"
        assert found.assignment is not None
        assert found.assignment.owner_id == owner


def test_a_circle_in_the_hierarchy_leaves_the_lead_with_its_own_account(tmp_path: Path) -> None:
    circle = (
        Account(account_id="a", name="A", owner_id=FIRST, parent_account_id="b", domains=("a.io",)),
        Account(account_id="b", name="B", owner_id=SECOND, parent_account_id="a"),
    )
    with workspace(tmp_path, accounts=circle, level="ultimate_parent") as leadfit:
        found = decided(leadfit, email="new@a.io")
        assert found.assignment is not None
        assert found.assignment.owner_id == FIRST


def test_a_namesake_at_the_same_account_is_asked_about_and_never_merged(tmp_path: Path) -> None:
    with workspace(tmp_path, contacts=[JO]) as leadfit:
        found = decided(
            leadfit, email="bob.marsh@quandary-leeds.co.uk", first_name="Bob", last_name="Marsh"
        )
        assert found.match.band is Band.AUTO
        (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
        assert (review.record_kind, review.right_id) == (RecordKind.CONTACT, "jo")
        assert review.left_id == found.contact_id
        assert leadfit.matching.merges("jo") == ()


@pytest.mark.parametrize("name", ["Robert Marsh", "Dr. Robert Marsh", "Marsh, Robert"])
def test_a_namesake_is_known_however_the_full_name_was_written(tmp_path: Path, name: str) -> None:
    with workspace(tmp_path) as leadfit:
        first = decided(leadfit, email="robert@quandary-leeds.co.uk", name=name)
        decided(leadfit, "e2", email="bob@quandary-leeds.co.uk", name="Bob Marsh")
        (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
        assert review.right_id == first.contact_id


def test_the_bits_of_a_possible_duplicate_are_told_as_numbers(tmp_path: Path) -> None:
    with workspace(tmp_path, contacts=[JO]) as leadfit:
        decided(leadfit, email="r.marsh@quandary-leeds.co.uk", name="Robert Marsh", title="CFO")
        (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
        bits = {each.rule: each.points for each in review.evidence if each.points is not None}
        assert bits == {"weighed.surname": 4.0, "weighed.first_name": 4.5}
        assert review.probability > 0.95


@pytest.mark.parametrize(
    ("name", "phone", "is_asked"),
    [
        ("Marsh Robert", None, True),
        ("Robert Marshh", "+44 20 7946 0018", True),
        ("Robert Marshh", None, False),
        ("Zoe Marsh", None, False),
        ("Robert Stone", None, False),
    ],
)
def test_a_colleague_is_asked_about_where_name_and_number_are_alike_enough(
    tmp_path: Path, name: str, phone: str | None, *, is_asked: bool
) -> None:
    with workspace(tmp_path, contacts=[replace(JO, phone="+44 20 7946 0018")]) as leadfit:
        said = {} if phone is None else {"phone": phone}
        first, _, last = name.partition(" ")
        email = "other@quandary-leeds.co.uk"
        decided(leadfit, email=email, first_name=first, last_name=last, **said)
        asked = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
        assert [each.right_id for each in asked] == ["jo"] * is_asked


def test_the_same_person_on_two_forms_with_two_addresses_is_one_contact_with_one_lead(
    tmp_path: Path,
) -> None:
    accounts = (*GROUP, Account(account_id="other", name="Zork", domains=("zork.io",)))
    twin = Contact(
        contact_id="twin", account_id="other", email="b.marsh@zork.io", first_name="Bob",
        last_name="Marsh", phone="+44 20 7946 0018",
    )  # fmt: skip
    number = "020 7946 0018"
    with workspace(tmp_path, accounts=accounts, contacts=[twin]) as leadfit:
        said = {"name": "Robert Marsh", "phone": "+44 20 7946 0018"}
        first = decided(leadfit, email="robert@quandary-leeds.co.uk", account_id="low", **said)
        second = decided(
            leadfit, "e2", email="rmarsh@quandary-leeds.co.uk", name="Bob Marsh",
            phone="+44 " + number[1:], account_id="low",
        )  # fmt: skip
        assert (second.contact_id, second.lead_id) == (first.contact_id, first.lead_id)
        assert "contact.known" in [each.rule for each in second.match.reasons]
        assert not second.opened


def test_another_first_name_at_the_same_account_is_another_person(tmp_path: Path) -> None:
    with workspace(tmp_path, contacts=[JO]) as leadfit:
        decided(leadfit, email="x@quandary-leeds.co.uk", first_name="Zoe", last_name="Marsh")
        assert leadfit.matching.reviews(kind=ReviewKind.DUPLICATE) == ()


@pytest.mark.parametrize(
    ("country", "band"),
    [("DE", Band.REVIEW), ("US", Band.AUTO), ("FR", Band.AUTO), ("", Band.AUTO)],
)
def test_a_sister_on_record_where_the_sender_is_makes_the_domain_a_question(
    tmp_path: Path, country: str, band: Band
) -> None:
    group = (
        Account(account_id="us", name="Quandary LLC", domains=("quandary.com",), country="US"),
        Account(account_id="de", name="Quandary AG", domains=("quandary.de",), country="DE"),
        Account(account_id="fr", name="Zork SA", domains=("zork.fr",), country="FR"),
    )
    with workspace(tmp_path, accounts=group) as leadfit:
        found = decided(leadfit, email="new@quandary.com", country=country).match
        assert found.band is band
        assert (found.account_id or found.possible_account_id) == "us"
        assert ("de" in found.candidates) is (band is Band.REVIEW)


def test_a_page_view_does_not_answer_what_a_reviewer_is_asked(tmp_path: Path) -> None:
    address = "kim@quandary-leeds.co.uk"
    with workspace(tmp_path) as leadfit:
        first = decided(leadfit, email=address, company="Quandary York Ltd", name="Kim Lund")
        assert [each.rule for each in first.match.reasons] == ["domain.relative"]
        again = decided(leadfit, "e2", kind="page_view", email=address)
        assert (again.lead_id, again.match.band) == (first.lead_id, Band.REVIEW)
        assert again.account_id is None
        (review,) = leadfit.matching.reviews()
        leadfit.matching.settle(review.review_id, Relation.RELATED, reviewer="rep_max")
        later = decided(leadfit, "e3", kind="page_view", email=address)
        assert (later.lead_id, later.match.band) == (first.lead_id, Band.NEW)
        assert (later.account_id, later.match.relation) == (None, Relation.RELATED)
        colleague = decided(leadfit, "e4", email="lee@quandary-leeds.co.uk")
        assert colleague.account_id == "low", "the answer was about one person"


def test_a_person_who_was_found_to_be_of_the_account_is_linked_from_then_on(
    tmp_path: Path,
) -> None:
    address = "kim@quandary-leeds.co.uk"
    with workspace(tmp_path) as leadfit:
        first = decided(leadfit, email=address, company="Quandary York Ltd", name="Kim Lund")
        (review,) = leadfit.matching.reviews()
        leadfit.matching.settle(review.review_id, Relation.SAME, reviewer="rep_max")
        later = decided(leadfit, "e2", kind="page_view", email=address)
        assert (later.lead_id, later.account_id) == (first.lead_id, "low")
        assert later.match.band is Band.AUTO


def test_a_brand_domain_is_of_a_relative_until_its_line_ends(tmp_path: Path) -> None:
    line = AccountDomain(account_id="low", domain="brand.io", role=DomainRole.BRAND)
    with workspace(tmp_path / "1", domains=[line]) as leadfit:
        found = decided(leadfit, email="new@brand.io").match
        assert (found.band, found.relation) == (Band.REVIEW, Relation.RELATED)
        assert found.possible_account_id == "low"
    ended = AccountDomain(account_id="low", domain="brand.io", until=date(2001, 1, 1))
    with workspace(tmp_path / "2", domains=[ended]) as leadfit:
        found = decided(leadfit, email="new@brand.io").match
        assert found.band is Band.NEW
        assert [each.rule for each in found.reasons] == ["domain.new"]
