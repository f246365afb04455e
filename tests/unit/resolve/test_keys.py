"""Blocking keys of a signal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from leadfit.policy import load_starter
from leadfit.records import Keys
from leadfit.resolve import domain_key, email_key, keys
from leadfit.testing.builders import changed, signal

POLICY = load_starter()


def of(**identifiers: str) -> Keys:
    return keys(signal(**identifiers), POLICY)


def test_a_personal_business_address_gives_address_and_domain() -> None:
    assert of(email="Jo.Doe@Mail.Acme.co.uk") == Keys(
        email="jo.doe@mail.acme.co.uk", email_is_personal=True, domain="acme.co.uk"
    )


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("JO@ACME.COM", "jo@acme.com"),
        ("  mailto:jo@acme.com ", "jo@acme.com"),
        ("<jo@acme.com>", "jo@acme.com"),
        ("jo+demo@acme.com", "jo@acme.com"),
        ("jo+a+b@acme.com", "jo@acme.com"),
        ("+jo@acme.com", "+jo@acme.com"),
        ("jo.o'neil@acme.com", "jo.o'neil@acme.com"),
        ("jo.o\u2019neil@acme.com", "jo.o'neil@acme.com"),
        ("zo\u00eb@acme.com", "zo\u00eb@acme.com"),
        ("zoe\u0308@acme.com", "zo\u00eb@acme.com"),
        ("jo@b\u00fccher.de", "jo@xn--bcher-kva.de"),
        ("jo@xn--bcher-kva.de", "jo@xn--bcher-kva.de"),
        ("not an address", None),
        ("jo@", None),
        ("@acme.com", None),
        ("jo@localhost", None),
        ("jo@acme..com", None),
        ("jo@[127.0.0.1]", None),
        ("jo@acme.com\x00", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_has_one_key_however_it_is_typed(given: str | None, key: str | None) -> None:
    assert email_key(given) == key


@pytest.mark.parametrize(
    "address",
    ["jo@acme.com", "jo.hill@mail.acme.co.uk", "a_b-c.d9@x-y.org", "jo@acme.museum", "jo@a.local"],
)
def test_the_short_way_to_the_key_of_a_plain_address_gives_that_of_the_long_way(
    address: str,
) -> None:
    # In brackets it is not plain, so that the full rules read it.
    assert email_key(address) == email_key(f"<{address}>")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("acme.com", "acme.com"),
        ("WWW.Acme.COM.", "acme.com"),
        ("https://shop.acme.co.uk:8443/a?b#c", "acme.co.uk"),
        ("acme.github.io", "acme.github.io"),  # a private suffix: two tenants, two domains
        ("b\u00fccher.de", "xn--bcher-kva.de"),
        ("acme.example", "acme.example"),  # a top-level domain that no list knows
        ("co.uk", None),
        ("github.io", None),
        ("localhost", None),
        ("printer.local", None),
        ("127.0.0.1", None),
        ("[::1]", None),
        ("exa mple.com", None),
        ("", None),
    ],
)
def test_a_host_has_one_registrable_domain_or_none(given: str, key: str | None) -> None:
    assert domain_key(given) == key


@pytest.mark.parametrize("email", ["jo@gmail.com", "jo@yahoo.co.uk", "jo@web.de", "info@gmail.com"])
def test_a_free_mail_domain_is_set_aside_and_the_address_kept(email: str) -> None:
    assert of(email=email) == Keys(email=email, set_aside="free_mail")


def test_a_throw_away_address_gives_no_key_at_all() -> None:
    assert of(email="jo@mailinator.com") == Keys(set_aside="disposable")


@pytest.mark.parametrize("local", ["info", "sales", "no-reply", "info+web"])
def test_a_mailbox_of_a_role_is_not_personal_but_has_a_domain(local: str) -> None:
    found = of(email=f"{local}@acme.com")
    assert (found.email_is_personal, found.domain, found.set_aside) == (
        False,
        "acme.com",
        "role_mailbox",
    )


@pytest.mark.parametrize(
    "email", ["test@acme.com", "jo@example.com", "asdf@acme.com", "aaaa@acme.com", "xxx@x.com"]
)
def test_a_made_up_address_gives_no_key(email: str) -> None:
    assert of(email=email) == Keys(set_aside="dummy_address")


def test_what_is_no_address_is_set_aside_and_said_so() -> None:
    assert of(email="jo at acme") == Keys(set_aside="invalid_address")


def test_a_given_domain_helps_where_the_address_is_free_mail() -> None:
    found = of(email="jo@gmail.com", domain="www.acme.com")
    assert (found.domain, found.email_is_personal, found.set_aside) == (
        "acme.com",
        False,
        "free_mail",
    )


def test_the_domain_of_a_personal_address_wins_over_a_given_one() -> None:
    assert of(email="jo@acme.com", domain="other.com").domain == "acme.com"


@pytest.mark.parametrize("domain", ["gmail.com", "mailinator.com", "example.com", "co.uk"])
def test_a_given_domain_that_is_no_business_is_set_aside(domain: str) -> None:
    found = of(domain=domain)
    assert found.domain is None
    assert found.set_aside is not None


def test_lists_of_the_policy_come_beside_the_bundled_ones() -> None:
    policy = changed(POLICY, "matching.free_mail", ("acme.com",))
    assert keys(signal(email="jo@acme.com"), policy).set_aside == "free_mail"
    policy = changed(POLICY, "matching.business", ("gmail.com",))
    assert keys(signal(email="jo@gmail.com"), policy).email_is_personal


def test_crm_ids_pass_as_they_came() -> None:
    found = of(account_id="A1", contact_id="C1", lead_id="L1")
    assert (found.account_id, found.contact_id, found.lead_id) == ("A1", "C1", "L1")


def test_keys_need_no_network() -> None:
    program = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('the network was asked')\n"
        "socket.socket.connect = refuse\n"
        "socket.getaddrinfo = refuse\n"
        "from leadfit.resolve import domain_key, email_key\n"
        "print(domain_key('shop.acme.co.uk'), email_key('jo@b\\u00fccher.de'))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "acme.co.uk jo@xn--bcher-kva.de\n"


def test_a_domain_that_the_card_learned_to_be_shared_is_set_aside() -> None:
    for said in ({"email": "jo@agency.com"}, {"email": "sales@agency.com"}):
        found = keys(signal(**said), POLICY, shared=("agency.com",))
        assert found == Keys(email=said["email"], set_aside="shared_domain")
    bare = keys(signal(domain="www.agency.com"), POLICY, shared=("agency.com",))
    assert bare == Keys(set_aside="shared_domain")
    ours = changed(POLICY, "matching.business", ["agency.com"])
    found = keys(signal(email="jo@agency.com"), ours, shared=("agency.com",))
    assert (found.domain, found.set_aside) == ("agency.com", None)
