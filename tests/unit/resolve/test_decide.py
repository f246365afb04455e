"""Linking a signal to the account and contact it is about."""

from __future__ import annotations

from itertools import permutations

import pytest

from leadfit.policy import Policy, load_starter
from leadfit.records import Account, Band, Candidate, Contact, Match, Relation
from leadfit.resolve import decide, keys
from leadfit.resolve.normal import Column, normalise
from leadfit.testing.builders import NOW, changed, signal

POLICY = load_starter()
ACME = Account(account_id="acme", name="Acme Inc", domains=("acme.com",))
JO = Contact(contact_id="jo", account_id="acme", email="jo@acme.com")


def match(*candidates: Candidate, policy: Policy = POLICY, **identifiers: str) -> Match:
    given = signal(**identifiers)
    return decide(given, keys(given, policy), candidates, policy, now=NOW)


def by_domain(account: Account = ACME) -> Candidate:
    return Candidate(found_by="domain", account=account)


def by_email(
    contact: Contact = JO, account: Account | None = ACME, lead: str | None = None
) -> Candidate:
    return Candidate(found_by="email", contact=contact, account=account, open_lead_id=lead)


def rules(found: Match) -> list[str]:
    return [reason.rule for reason in found.reasons]


def test_the_personal_address_of_a_known_contact_links_and_joins_the_open_lead() -> None:
    found = match(by_email(lead="lead_1"), by_domain(), email="jo+web@acme.com")
    assert (found.band, found.probability, found.method) == (Band.AUTO, 0.99, "exact")
    assert (found.account_id, found.contact_id, found.lead_id) == ("acme", "jo", "lead_1")
    assert found.relation is Relation.SAME
    assert rules(found) == ["email.known"]


def test_a_personal_address_at_a_domain_that_one_account_holds_links() -> None:
    found = match(by_domain(), email="new@acme.com")
    assert (found.band, found.account_id, found.contact_id) == (Band.AUTO, "acme", None)
    assert found.probability >= POLICY.matching.auto
    assert found.method == "domain"


@pytest.mark.parametrize("found_by", ["account_id", "contact_id", "lead_id"])
def test_a_crm_id_links(found_by: str) -> None:
    candidate = Candidate(found_by=found_by, account=ACME, contact=JO, open_lead_id="lead_1")
    given = signal(email="jo@gmail.com", **{found_by: "x"})
    found = decide(given, keys(given, POLICY), [candidate], POLICY, now=NOW)
    assert (found.band, found.account_id, found.lead_id) == (Band.AUTO, "acme", "lead_1")


def test_a_known_contact_without_an_account_gets_it_from_the_domain() -> None:
    stray = Contact(contact_id="jo", email="jo@acme.com")
    found = match(by_email(stray, None, "lead_1"), by_domain(), email="jo@acme.com")
    assert (found.band, found.account_id, found.contact_id) == (Band.AUTO, "acme", "jo")
    assert found.lead_id == "lead_1"


def test_a_known_contact_at_a_domain_that_nobody_holds_is_linked_and_calls_for_an_account() -> None:
    stray = Contact(contact_id="jo", email="jo@acme.com")
    found = match(by_email(stray, None, "lead_1"), email="jo@acme.com")
    assert (found.band, found.account_id, found.contact_id) == (Band.AUTO, None, "jo")
    assert (found.lead_id, rules(found)) == ("lead_1", ["email.known", "domain.new"])


def test_a_contact_of_a_child_at_the_domain_of_its_parent_links_to_the_child() -> None:
    child = Account(account_id="child", name="Acme Labs", parent_account_id="acme")
    at_child = Contact(contact_id="li", account_id="child", email="li@acme.com")
    found = match(by_email(at_child, child), by_domain(), email="li@acme.com")
    assert (found.band, found.account_id) == (Band.AUTO, "child")


def test_a_domain_that_parent_and_child_share_waits_for_review_as_related() -> None:
    child = Account(account_id="child", name="Acme Labs", parent_account_id="acme")
    found = match(by_domain(child), by_domain(), email="new@acme.com")
    assert (found.band, found.relation) == (Band.REVIEW, Relation.RELATED)
    assert (found.account_id, found.possible_account_id) == (None, "acme")
    assert found.candidates == ("acme", "child")
    assert "parent and child" in found.reasons[0].words


def test_a_domain_that_strangers_share_waits_for_review() -> None:
    other = Account(account_id="zeta", name="Zeta")
    found = match(by_domain(other), by_domain(), email="new@acme.com", company="ZETA")
    assert (found.band, found.possible_account_id) == (Band.REVIEW, "zeta")


def test_a_company_name_that_tells_of_a_sister_waits_for_review_as_related() -> None:
    works = Account(account_id="works", name="Acme Works Inc", domains=("acme.com",))
    found = match(by_domain(works), email="new@acme.com", company="Acme America Corp")
    assert (found.band, found.relation) == (Band.REVIEW, Relation.RELATED)
    assert (found.account_id, found.possible_account_id) == (None, "works")


@pytest.mark.parametrize(
    "company",
    [
        "ACME works",
        "Acme Wroks GmbH",
        "Acm\u00e9 Works, Inc.",
        "acme",
        "Acme Works Europe",
        "AW",
        "Acme.com",
        "self-employed",
        "-",
        "N/A",
        "none",
        "test",
    ],
)
def test_another_spelling_of_the_name_or_what_is_no_name_is_no_doubt(company: str) -> None:
    works = Account(account_id="works", name="Acme Works Inc", domains=("acme.com",))
    assert match(by_domain(works), email="new@acme.com", company=company).band is Band.AUTO


def test_a_name_that_has_nothing_in_common_with_account_and_domain_waits_for_review() -> None:
    works = Account(account_id="works", name="Acme Works Inc", domains=("acme.com",))
    found = match(by_domain(works), email="new@acme.com", company="Zeta Foods")
    assert (found.band, found.possible_account_id) == (Band.REVIEW, "works")
    assert rules(found) == ["domain.other_name"]


@pytest.mark.parametrize(
    ("said", "band"),
    [
        ({"name": "Zoe Foe", "company": "Globex"}, Band.REVIEW),
        ({"name": "Jo Foe", "company": "Globex"}, Band.AUTO),
        ({"name": "Zoe Doe", "company": "Globex"}, Band.AUTO),
        ({"name": "Zoe Foe", "company": "Acme"}, Band.AUTO),
        ({"name": "Zoe Foe"}, Band.AUTO),
        ({"company": "Globex"}, Band.AUTO),
    ],
)
def test_a_known_address_under_another_name_and_another_company_waits_for_review(
    said: dict[str, str], band: Band
) -> None:
    jo = Contact(
        contact_id="jo", account_id="acme", email="jo@agency.com", first_name="Jo", last_name="Doe"
    )
    given = signal(email="jo@agency.com", **said)
    found = decide(given, keys(given, POLICY), [by_email(jo)], POLICY, now=NOW)
    assert found.band is band
    assert (found.account_id or found.possible_account_id) == "acme"


def test_a_mailbox_of_a_role_waits_for_review_even_when_it_is_a_known_contact() -> None:
    info = Contact(contact_id="info", account_id="acme", email="info@acme.com")
    found = match(by_email(info, lead="lead_1"), by_domain(), email="info@acme.com")
    assert (found.band, found.possible_account_id) == (Band.REVIEW, "acme")
    assert (found.contact_id, found.lead_id) == (None, None)
    assert rules(found) == ["set_aside.role_mailbox", "domain.role"]


def test_an_address_at_a_school_waits_for_review_unless_the_contact_is_known() -> None:
    found = match(by_domain(), email="somebody@cs.ox.ac.uk")
    assert (found.band, found.possible_account_id) == (Band.REVIEW, "acme")
    assert rules(found) == ["domain.school"]
    known = match(by_email(), by_domain(), email="jo@cs.ox.ac.uk")
    assert known.band is Band.AUTO


def test_a_bare_domain_waits_for_review() -> None:
    assert match(by_domain(), domain="acme.com").band is Band.REVIEW


def test_an_address_of_contacts_at_two_accounts_waits_for_review() -> None:
    twin = Contact(contact_id="jo2", account_id="zeta", email="jo@acme.com")
    found = match(by_email(), by_email(twin, None), email="jo@acme.com")
    assert (found.band, rules(found)) == (Band.REVIEW, ["conflict"])


def test_a_contact_whose_domain_now_belongs_to_another_account_waits_for_review() -> None:
    zeta = Account(account_id="zeta", name="Zeta", domains=("acme.com",))
    found = match(by_email(), by_domain(zeta), email="jo@acme.com")
    assert (found.band, rules(found)) == (Band.REVIEW, ["conflict"])


def test_a_person_stays_the_one_on_record_whichever_account_is_right() -> None:
    other = Account(account_id="other", name="Other Inc", domains=("acme.com",))
    found = match(by_email(lead="lead_1"), by_domain(other), email="jo@acme.com")
    assert (found.band, found.account_id, rules(found)) == (Band.REVIEW, None, ["conflict"])
    assert (found.contact_id, found.lead_id) == ("jo", "lead_1")
    twin = Contact(contact_id="jo-2", account_id="other", email="jo@acme.com")
    both = match(by_email(twin, other), by_email(lead="lead_1"), email="jo@acme.com")
    assert (both.band, both.contact_id, both.lead_id) == (Band.REVIEW, "jo", "lead_1")


@pytest.mark.parametrize(
    "other",
    [
        by_email(Contact(contact_id="li", account_id="zeta", email="jo@zeta.com"), None),
        by_domain(Account(account_id="zeta", name="Zeta")),
        Candidate(found_by="contact_id", contact=Contact(contact_id="li", account_id="zeta")),
    ],
)
def test_a_crm_id_never_wins_over_another_strong_identifier(other: Candidate) -> None:
    named = Candidate(found_by="account_id", account=ACME)
    found = match(named, other, email="jo@zeta.com", account_id="acme")
    assert (found.band, found.account_id, rules(found)) == (Band.REVIEW, None, ["conflict"])


def test_two_identified_people_are_not_merged() -> None:
    """The trap of the shared device: the id of one contact with the address of another."""
    li = Candidate(found_by="contact_id", contact=Contact(contact_id="li", account_id="acme"))
    found = match(li, by_email(), email="jo@acme.com", contact_id="li")
    assert (found.band, found.contact_id) == (Band.REVIEW, None)


def test_free_mail_is_new_with_its_reason_and_points_at_the_possible_account() -> None:
    at_gmail = Contact(contact_id="jo", account_id="acme", email="jo@gmail.com")
    found = match(by_email(at_gmail), email="jo@gmail.com")
    assert (found.band, found.account_id, found.possible_account_id) == (Band.NEW, None, "acme")
    assert (found.contact_id, found.lead_id) == (None, None)
    assert rules(found)[0] == "set_aside.free_mail"


def test_a_repeat_from_a_free_mail_address_joins_its_own_lead() -> None:
    own = Contact(contact_id="jo", email="jo@gmail.com")
    found = match(by_email(own, None, "lead_1"), email="jo@gmail.com")
    assert (found.band, found.contact_id, found.lead_id) == (Band.NEW, "jo", "lead_1")


def test_a_business_domain_that_nobody_holds_says_so() -> None:
    found = match(email="jo@newcorp.com")
    assert (found.band, rules(found)) == (Band.NEW, ["domain.new"])
    assert 0 < found.probability < POLICY.matching.review


def test_a_signal_without_any_key_is_new_with_a_probability() -> None:
    found = match(name="Jo Doe", company="Acme Inc")
    assert (found.band, found.probability, rules(found)) == (Band.NEW, 0.02, ["nothing"])


def test_an_id_that_is_not_on_record_is_named_and_the_rest_still_counts() -> None:
    found = match(by_domain(), email="new@acme.com", contact_id="gone")
    assert (found.band, rules(found)) == (Band.AUTO, ["unknown.contact_id", "domain.own"])


def test_the_order_of_candidates_changes_nothing() -> None:
    other = Account(account_id="zeta", name="Zeta")
    twin = Contact(contact_id="jo2", account_id="acme", email="jo@acme.com")
    some = (by_domain(other), by_domain(), by_email(), by_email(twin))
    answers = {match(*order, email="jo@acme.com") for order in permutations(some)}
    assert len(answers) == 1


def test_bands_follow_the_edges_of_the_policy() -> None:
    strict = changed(POLICY, "matching.auto", 0.985)
    assert match(by_domain(), email="new@acme.com", policy=strict).band is Band.REVIEW
    stricter = changed(strict, "matching.review", 0.983)
    found = match(by_domain(), email="new@acme.com", policy=stricter)
    assert (found.band, found.possible_account_id) == (Band.NEW, "acme")


def by_number(
    contact: Contact, *, surname: str = "marsh", number: str = "+12127365000", first: str = ""
) -> Candidate:
    columns = {"surname": surname, "phone": number, "phone.suffix": "7365000", "phone.valid": "yes"}
    columns |= normalise(Column.FIRST_NAME, first) and {
        "first_name": first, "first_name.nick": normalise(Column.FIRST_NAME, first)["nick"],
    }  # fmt: skip
    account = Account(account_id=contact.account_id or "", name="Quandary")
    return Candidate(found_by="blocking", contact=contact, account=account, columns=columns)


MARSH = Contact(contact_id="marsh", account_id="quandary", phone="+1 212 736 5000")


@pytest.mark.parametrize("email", ["jo@gmail.com", None])
def test_a_valid_number_and_the_surname_of_one_contact_link(email: str | None) -> None:
    said = {"phone": "+1 (212) 736-5000", "last_name": "Marsh"}
    if email is not None:
        said["email"] = email
    found = match(by_number(MARSH), policy=POLICY, **said)
    assert (found.band, found.account_id, found.contact_id) == (Band.AUTO, "quandary", "marsh")
    assert "phone.known" in rules(found)


@pytest.mark.parametrize(
    "candidates",
    [
        (by_number(MARSH, surname="stone"),),
        (by_number(MARSH, number="+442127365000"),),
        (by_number(MARSH), by_number(Contact(contact_id="twin", account_id="quandary"))),
    ],
)
def test_a_number_without_its_surname_or_of_two_contacts_links_nobody(
    candidates: tuple[Candidate, ...],
) -> None:
    found = match(*candidates, phone="+1 212 736 5000", last_name="Marsh", email="jo@gmail.com")
    assert found.band is Band.NEW
    assert found.account_id is None


def test_a_known_number_from_the_domain_of_another_company_waits_for_review() -> None:
    found = match(
        by_number(MARSH), phone="+1 212 736 5000", last_name="Marsh", email="jo@elsewhere.com"
    )
    assert (found.band, found.possible_account_id) == (Band.REVIEW, "quandary")
    assert {"conflict", "domain.new"} <= set(rules(found))


@pytest.mark.parametrize(
    ("first", "band"),
    [
        ("Zoe", Band.REVIEW), ("A.", Band.AUTO), ("Ann Mary", Band.AUTO), ("Annie", Band.AUTO),
    ],
)  # fmt: skip
def test_another_first_name_behind_one_number_and_surname_waits_for_review(
    first: str, band: Band
) -> None:
    said = {"phone": "+1 212 736 5000", "last_name": "Marsh", "first_name": first}
    found = match(by_number(MARSH, first="ann"), policy=POLICY, **said)
    assert found.band is band
    assert "quandary" in {found.account_id, found.possible_account_id}
    assert (found.contact_id == "marsh") is (band is Band.AUTO)


def test_a_relative_at_one_switchboard_is_linked_by_the_domain_and_not_as_the_contact() -> None:
    said = {"phone": "+1 212 736 5000", "last_name": "Marsh", "first_name": "Zoe"}
    holder = Candidate(
        found_by="domain", account=Account(account_id="quandary", name="Quandary"), role="primary"
    )
    said["email"] = "zoe@quandary.io"
    found = match(by_number(MARSH, first="ann"), holder, policy=POLICY, **said)
    assert (found.band, found.account_id, found.contact_id) == (Band.AUTO, "quandary", None)
    assert rules(found) == ["domain.own"]


@pytest.mark.parametrize("role", ["brand", "regional", "acquired"])
def test_a_domain_in_another_role_is_of_a_relative_and_waits(role: str) -> None:
    found = match(
        Candidate(found_by="domain", account=ACME, role=role), email="new@acme.com", company="Acme"
    )
    assert (found.band, found.relation) == (Band.REVIEW, Relation.RELATED)
    assert rules(found) == [f"domain.{role}"]


def test_the_name_in_full_tells_which_of_two_holders_of_a_domain_is_meant() -> None:
    works = Account(account_id="works", name="Acme Works Inc", domains=("acme.com",))
    labs = Account(
        account_id="labs", name="Acme Labs", domains=("acme.com",), parent_account_id="works"
    )
    holders = (by_domain(works), by_domain(labs))
    found = match(*holders, email="new@acme.com", company="ACME Labs, LLC")
    assert (found.band, found.account_id) == (Band.AUTO, "labs")
    for doubtful in ("Acme", "Acme Labs Berlin", "Zeta"):
        found = match(*holders, email="new@acme.com", company=doubtful)
        assert found.band is Band.REVIEW, doubtful


def test_nobody_is_linked_by_a_domain_that_the_policy_calls_shared_and_nobody_waits() -> None:
    shared = changed(POLICY, "matching.shared", ["acme.com"])
    for said in ({"email": "new@acme.com"}, {"email": "sales@acme.com"}, {"domain": "acme.com"}):
        found = match(by_domain(), policy=shared, **said)
        assert (found.band, found.account_id) == (Band.NEW, None)
        assert rules(found) == ["set_aside.shared_domain", "nothing"]
    assert match(by_domain(), email="new@acme.com").band is Band.AUTO


def test_a_repeat_from_a_shared_domain_is_treated_as_one_from_free_mail() -> None:
    shared = changed(POLICY, "matching.shared", ["acme.com"])
    free = changed(POLICY, "matching.free_mail", ["acme.com"])
    found, like = (match(by_email(), policy=each, email="jo@acme.com") for each in (shared, free))
    assert (found.band, found.account_id, found.possible_account_id) == (Band.NEW, None, "acme")
    assert (found.band, found.probability) == (like.band, like.probability)


def test_a_domain_that_the_policy_calls_a_business_is_not_shared() -> None:
    rules_of = changed(POLICY, "matching.shared", ["acme.com"])
    ours = changed(rules_of, "matching.business", ["acme.com"])
    assert match(by_domain(), policy=ours, email="new@acme.com").band is Band.AUTO
