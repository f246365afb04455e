"""E-mail addresses, domains and phones."""

from __future__ import annotations

import pytest

from leadfit.policy import load_starter
from leadfit.resolve import email_key
from leadfit.resolve.normal import BUNDLED, Column, lists_of, normalise
from leadfit.testing.builders import changed


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Jo.Doe+demo@Mail.Acme.co.uk",
            {
                "": "jo.doe@mail.acme.co.uk",
                "local": "jo.doe",
                "kind": "personal",
                "domain": "acme.co.uk",
            },
        ),
        ("jo@gmail.com", {"": "jo@gmail.com", "local": "jo", "kind": "free_mail"}),
        (
            "info@acme.com",
            {"": "info@acme.com", "local": "info", "kind": "role", "domain": "acme.com"},
        ),
        ("jo@mailinator.com", {"kind": "disposable"}),
        ("test@acme.com", {"kind": "dummy"}),
        ("jo at acme", {"kind": "invalid"}),
        (f"{'a' * 400}@acme.com", {"kind": "invalid"}),
        ("jo@mit.edu", {"": "jo@mit.edu", "local": "jo", "kind": "personal"}),
        ("jo@cs.ox.ac.uk", {"": "jo@cs.ox.ac.uk", "local": "jo", "kind": "personal"}),
    ],
)
def test_an_address_has_its_kind_and_a_domain_that_says_something(
    text: str, parts: dict[str, str]
) -> None:
    assert normalise(Column.EMAIL, text) == parts


def test_the_key_of_an_address_is_the_one_contacts_are_indexed_by() -> None:
    for text in ("JO@ACME.COM", "Jo.O\u2019Neil+x@B\u00fccher.DE", "a_b-c@acme-works.io"):
        assert normalise(Column.EMAIL, text)[""] == email_key(text)


@pytest.mark.parametrize(
    "text", ["jo@acme.local", "jo@acme.invalid", "jo@ab--cd.com", "jo@acme.123"]
)
def test_a_plain_looking_address_still_has_to_be_one(text: str) -> None:
    assert email_key(text) is None


def test_lists_of_a_policy_are_looked_at() -> None:
    policy = load_starter()
    assert lists_of(policy).role_mailboxes == BUNDLED.role_mailboxes
    more = lists_of(changed(policy, "matching.free_mail", ("acme.com",)))
    assert normalise(Column.EMAIL, "jo@acme.com", lists=more)["kind"] == "free_mail"
    assert normalise(Column.DOMAIN, "acme.com", lists=more) == {}
    more = lists_of(changed(policy, "matching.business", ("mit.edu", "gmail.com")))
    assert normalise(Column.EMAIL, "jo@mit.edu", lists=more)["domain"] == "mit.edu"
    assert normalise(Column.EMAIL, "jo@gmail.com", lists=more)["kind"] == "personal"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://www.Acme.co.uk/x", {"": "acme.co.uk", "label": "acme", "suffix": "co.uk"}),
        ("acme.github.io", {"": "acme.github.io", "label": "acme", "suffix": "github.io"}),
        ("mit.edu", {"": "mit.edu", "label": "mit", "suffix": "edu"}),
        ("gmail.com", {}),
        ("localhost", {}),
        ("n/a", {}),
        ("x" * 10_000, {}),
    ],
)
def test_a_domain_has_a_label_and_a_public_suffix(text: str, parts: dict[str, str]) -> None:
    assert normalise(Column.DOMAIN, text) == parts


@pytest.mark.parametrize(
    ("text", "country", "full"),
    [
        ("(415) 867-5309", "US", "+14158675309"),
        ("415.867.5309", "United States", "+14158675309"),
        ("+1 415 867 5309", None, "+14158675309"),
        ("0049 30 901820", None, "+4930901820"),
        ("030 901820", "Deutschland", "+4930901820"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+44 (0)20 7946 0018", None, "+442079460018"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("(415) 867-5309", None, "4158675309"),
        ("1-800-GOFEDEX", "US", "+18004633339"),
    ],
)
def test_a_phone_is_read_by_its_country(text: str, country: str | None, full: str) -> None:
    found = normalise(Column.PHONE, text, country=country)
    assert (found[""], found["suffix"]) == (full, full[-7:])
    assert (found.get("valid") == "yes") is full.startswith("+")


def test_an_extension_stands_apart() -> None:
    found = normalise(Column.PHONE, "415 867 5309 ext. 12", country="US")
    assert (found[""], found["extension"]) == ("+14158675309", "12")


@pytest.mark.parametrize(
    "text",
    [
        "0000000",
        "1234567",
        "1234567890",
        "9999999999",
        "555-0123",
        "(415) 555-0199",
        "12",
        "call me",
        "+1 415 555 0100",
        "000-000-0000",
        "1" * 40,
    ],
)
def test_a_dummy_number_is_null(text: str) -> None:
    assert normalise(Column.PHONE, text) == {}
