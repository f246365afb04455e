"""SAME, RELATED or DIFFERENT, and what may be linked without a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from leadfit.records import Relation
from leadfit.resolve.model.card import Card, Frequencies, RecordKind
from leadfit.resolve.relatives.domains import (
    AccountDomain,
    DomainRole,
    DomainTable,
    learn_shared_domains,
)
from leadfit.resolve.relatives.hierarchy import RoutingLevel, ancestry, routing_account
from leadfit.resolve.relatives.relation import KnownRelations, Standing, Tie, relate

WORDS = Frequencies(
    floor=0.0001,
    unseen=0.0001,
    shares={"county": 0.2, "bank": 0.1, "first": 0.1, "national": 0.1, "lincoln": 0.004},
)
CARD = Card(
    kind=RecordKind.ACCOUNT,
    normaliser=1,
    prior=-10.0,
    comparisons=(),
    blocking=(),
    frequencies={"company.words": WORDS},
)


def asked(
    left: Mapping[str, str],
    right: Mapping[str, str],
    probability: float = 0.999,
    known: KnownRelations | None = None,
    *,
    ids: tuple[str | None, str | None] = (None, None),
) -> Standing:
    return relate(
        CARD,
        left,
        right,
        probability=probability,
        known=known or KnownRelations(),
        left_id=ids[0],
        right_id=ids[1],
    )


def at(domain: str) -> dict[str, str]:
    label, _, suffix = domain.partition(".")
    return {"domain": domain, "domain.label": label, "domain.suffix": suffix}


def test_one_domain_and_one_name_are_the_same_account_and_may_be_linked() -> None:
    acme = {"company": "acme", **at("acme.com")}
    found = asked(acme, acme)
    assert (found.relation, found.may_link) == (Relation.SAME, True)


def test_a_low_probability_is_another_account() -> None:
    assert asked({"company": "acme"}, {"company": "bolt"}, 0.1).relation is Relation.DIFFERENT


@pytest.mark.parametrize("probability", [0.5, 0.97, 1.0])
def test_a_name_alone_is_never_linked_without_a_person(probability: float) -> None:
    found = asked({"company": "lincoln county"}, {"company": "lincoln county"}, probability)
    assert not found.may_link


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("acme holding", "acme bank", Relation.RELATED),
        ("acme insurance", "acme leasing", Relation.RELATED),
        ("acme holding", "acme holdings", Relation.SAME),
        ("acme bank", "acme banking", Relation.SAME),
        ("acme works", "acme bank", Relation.SAME),
        ("acme", "acme bank", Relation.SAME),
    ],
)
def test_a_holding_and_a_bank_of_one_name_are_sisters_whatever_they_share(
    left: str, right: str, relation: Relation
) -> None:
    same = {**at("acme.com"), "phone": "+4930123456"}
    found = asked({"company": left, **same}, {"company": right, **same})
    assert (found.relation, found.may_link) == (relation, relation is Relation.SAME)


def test_two_of_one_common_name_and_little_else_are_no_relatives() -> None:
    found = asked({"company": "lincoln bank"}, {"company": "lincoln insurance"}, 0.2)
    assert found.relation is Relation.DIFFERENT


def test_a_county_of_another_state_is_another_body() -> None:
    nebraska = {"company": "lincoln county", "region": "nebraska"}
    maine = {"company": "lincoln county", "region": "maine"}
    found = asked(nebraska, maine)
    assert (found.relation, found.may_link) == (Relation.DIFFERENT, False)
    assert [reason.rule for reason in found.reasons] == ["name.place_conflict"]


def test_the_bank_of_another_town_is_another_bank() -> None:
    left = {"company": "first national bank", "company.place": "omaha"}
    right = {"company": "first national bank", "company.place": "pulaski"}
    assert asked(left, right).relation is Relation.DIFFERENT


def test_a_rare_name_in_two_places_is_two_sites_of_one_organisation() -> None:
    left = {"company": "vestas", "company.place": "denmark"}
    right = {"company": "vestas", "company.place": "chile"}
    found = asked(left, right)
    assert (found.relation, found.tie, found.may_link) == (Relation.RELATED, Tie.SIBLING, False)


def test_a_shared_phone_outweighs_two_places_in_names() -> None:
    left = {"company": "vestas", "company.place": "denmark", "phone": "+4597300000"}
    right = {"company": "vestas", "company.place": "europe", "phone": "+4597300000"}
    found = asked(left, right)
    assert found.relation is Relation.SAME
    assert not found.may_link


def test_identifiers_that_contradict_are_a_veto() -> None:
    left = {"company": "acme", **at("acme.com"), "identifier_vat": "de1"}
    found = asked(left, {**left, "identifier_vat": "de2"}, 1.0)
    assert (found.relation, found.may_link) == (Relation.DIFFERENT, False)
    assert [reason.rule for reason in found.reasons] == ["veto.identifier"]


def test_a_parent_a_child_and_a_sibling_are_related_never_the_same() -> None:
    known = KnownRelations(parents={"uk": "group", "de": "group", "site": "de"})
    acme = {"company": "acme", **at("acme.com")}
    ties = {
        pair: asked(acme, acme, 1.0, known, ids=pair)
        for pair in (("uk", "group"), ("group", "site"), ("uk", "site"), ("uk", "uk"))
    }
    assert [found.tie for found in ties.values()] == [Tie.PARENT, Tie.CHILD, Tie.SIBLING, None]
    assert [found.relation for found in ties.values()] == [*[Relation.RELATED] * 3, Relation.SAME]
    assert not any(ties[pair].may_link for pair in list(ties)[:3])


def table(*lines: tuple[str, str, DomainRole]) -> DomainTable:
    return DomainTable(
        AccountDomain(account_id=account, domain=domain, role=role)
        for account, domain, role in lines
    )


@pytest.mark.parametrize(
    ("role", "tie"),
    [
        (DomainRole.BRAND, Tie.BRAND),
        (DomainRole.REGIONAL, Tie.REGIONAL),
        (DomainRole.ACQUIRED, Tie.ACQUIRED),
    ],
)
def test_the_domain_table_tells_what_two_domains_are_to_each_other(
    role: DomainRole, tie: Tie
) -> None:
    known = KnownRelations(
        domains=table(("a", "acme.com", DomainRole.PRIMARY), ("a", "roadrunner.com", role))
    )
    found = asked(at("acme.com"), at("roadrunner.com"), 0.2, known)
    assert (found.relation, found.tie, found.may_link) == (Relation.RELATED, tie, False)


def test_a_line_of_the_table_holds_from_its_first_to_its_last_day() -> None:
    line = AccountDomain(
        account_id="a",
        domain="bolt.com",
        role=DomainRole.ACQUIRED,
        since=date(2024, 5, 1),
        until=date(2025, 5, 1),
    )
    own = AccountDomain(account_id="a", domain="acme.com")
    relations = [
        asked(
            at("acme.com"),
            at("bolt.com"),
            0.1,
            KnownRelations(domains=DomainTable([own, line]), day=day),
        ).relation
        for day in (date(2024, 4, 30), date(2024, 5, 1), date(2025, 5, 1), date(2025, 5, 2), None)
    ]
    is_held = [relation is Relation.RELATED for relation in relations]
    assert is_held == [False, True, True, False, True]


def test_nothing_is_concluded_over_two_steps_of_related() -> None:
    known = KnownRelations(
        domains=table(
            ("a", "acme.com", DomainRole.PRIMARY),
            ("a", "joint.com", DomainRole.BRAND),
            ("b", "joint.com", DomainRole.BRAND),
            ("b", "bolt.com", DomainRole.PRIMARY),
        )
    )
    assert asked(at("acme.com"), at("joint.com"), 0.1, known).relation is Relation.RELATED
    assert asked(at("joint.com"), at("bolt.com"), 0.1, known).relation is Relation.RELATED
    assert asked(at("acme.com"), at("bolt.com"), 0.1, known).relation is Relation.DIFFERENT


def test_a_rare_label_under_another_suffix_is_a_relative_and_never_the_same() -> None:
    found = asked(at("vestas.de"), at("vestas.co.uk"), 0.999)
    assert (found.relation, found.tie) == (Relation.RELATED, Tie.REGIONAL)


def test_a_common_label_under_another_suffix_says_nothing() -> None:
    assert asked(at("bank.de"), at("bank.co.uk"), 0.1).relation is Relation.DIFFERENT


def test_a_label_says_nothing_against_two_other_names() -> None:
    left = {"company": "roadrunner logistics", **at("apex.de")}
    right = {"company": "silver dental", **at("apex.co.uk")}
    assert asked(left, right, 0.1).relation is Relation.DIFFERENT


def test_a_shared_domain_ties_nobody() -> None:
    domains = table(("a", "agency.com", DomainRole.BRAND), ("a", "acme.com", DomainRole.PRIMARY))
    known = KnownRelations(domains=domains, shared=frozenset({"agency.com"}))
    assert asked(at("agency.com"), at("acme.com"), 0.1, known).relation is Relation.DIFFERENT


def test_the_answer_does_not_depend_on_which_side_is_left() -> None:
    records = [
        {"company": "vestas", "company.place": "chile"},
        {"company": "vestas", **at("vestas.de")},
        {"company": "lincoln county", "region": "maine"},
        {**at("vestas.com"), "identifier_vat": "1"},
    ]
    for left in records:
        for right in records:
            assert asked(left, right).relation is asked(right, left).relation
            assert asked(left, right).may_link is asked(right, left).may_link


def test_a_circle_of_parents_ends_the_walk() -> None:
    parents = {"a": "b", "b": "c", "c": "a"}
    assert ancestry("a", parents).is_broken
    assert ancestry("a", parents).ultimate is None
    assert routing_account("a", parents, RoutingLevel.ULTIMATE) == "a"
    assert ancestry("x", {"x": "x"}).chain == ("x",)


def test_a_very_long_chain_ends_the_walk() -> None:
    parents = {str(n): str(n + 1) for n in range(10_000)}
    assert ancestry("0", parents).is_broken


@pytest.mark.parametrize(
    ("level", "account"),
    [
        (RoutingLevel.ACCOUNT, "site"),
        (RoutingLevel.PARENT, "country"),
        (RoutingLevel.ULTIMATE, "group"),
    ],
)
def test_the_policy_picks_the_account_of_the_group(level: RoutingLevel, account: str) -> None:
    parents = {"site": "country", "country": "group", "group": None}
    assert routing_account("site", parents, level) == account
    assert routing_account("group", parents, level) == "group"


def test_a_domain_of_many_unlike_companies_is_shared() -> None:
    names = ["acme", "bolt", "crane", "delta", "echo", "acme"]
    (found,) = learn_shared_domains({"agency.com": names, "acme.com": ["acme"] * 50})
    assert (found.domain, found.records, found.names) == ("agency.com", 6, 5)


def test_units_of_one_group_do_not_share_a_domain() -> None:
    names = ["siemens energy", "siemens health", "siemens", "siemens mobility", "siemens gamesa"]
    assert learn_shared_domains({"siemens.com": names}) == ()


def test_a_domain_with_few_records_is_not_judged() -> None:
    assert learn_shared_domains({"a.com": ["acme", "bolt", "crane", ""]}) == ()
