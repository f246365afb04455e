"""Which account a lead or an event of an export belongs to."""

from __future__ import annotations

import pytest

from leadfit.exports import read_export
from unit.exports.reading import Write, account_of, codes


def test_a_lead_takes_its_own_account_id_before_all_else(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id,email\nl1,2024-01-01,a1,ann@two.com\n",
        accounts="account_id,domain\na1,one.com\na2,two.com\n",
    )
    assert account_of(read_export(folder), "l1") == "a1"


def test_a_lead_without_account_takes_that_of_its_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,contact_id,email\nl1,2024-01-01,c1,ann@two.com\n",
        contacts="contact_id,account_id\nc1,a1\n",
        accounts="account_id,domain\na1,one.com\na2,two.com\n",
    )
    assert account_of(read_export(folder), "l1") == "a1"


def test_a_lead_without_address_has_that_of_its_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,contact_id\nl1,2024-01-01,c1\n",
        contacts="contact_id,email\nc1,ann@two.com\n",
    )
    history = read_export(folder)
    assert history.leads.columns["email"] == ["ann@two.com"]
    assert account_of(history, "l1") == "domain:two.com"


@pytest.mark.parametrize("email", ["ann@two.com", "ann@mail.two.com", "ANN@TWO.COM"])
def test_a_lead_without_contact_takes_the_account_of_its_domain(write: Write, email: str) -> None:
    folder = write(
        leads=f"lead_id,created_at,email\nl1,2024-01-01,{email}\n",
        accounts="account_id,domain\na2,https://www.two.com/\n",
    )
    assert account_of(read_export(folder), "l1") == "a2"


def test_leads_of_one_unknown_domain_share_an_account(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@new.io\nl2,2024-01-01,b@new.io\n"
    )
    history = read_export(folder)
    assert history.leads.columns["account_id"] == ["domain:new.io", "domain:new.io"]
    assert history.accounts.columns["domain"] == ["new.io"]


def test_free_mail_and_no_mail_leave_a_lead_its_own_account(write: Write) -> None:
    folder = write(leads="lead_id,created_at,email\nl1,2024-01-01,a@gmail.com\nl2,2024-01-01,\n")
    assert read_export(folder).leads.columns["account_id"] == ["lead:l1", "lead:l2"]


def test_a_private_suffix_is_no_shared_company(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@one.github.io\nl2,2024-01-01,b@two.github.io\n"
    )
    first, second = read_export(folder).leads.columns["account_id"]
    assert first != second


def test_a_domain_of_two_accounts_links_nobody(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@one.com\n",
        accounts="account_id,domain\na1,one.com\na2,one.com\n",
    )
    history = read_export(folder)
    assert account_of(history, "l1") == "lead:l1"
    assert "shared_domain" in codes(history)


def test_an_account_without_a_name_is_named_by_its_id(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\nl2,2024-01-01,a9\n",
        accounts="account_id,name\na1,\n",
    )
    history = read_export(folder)
    assert history.accounts.columns["account_id"] == ["a1", "a9"]
    assert history.accounts.columns["name"] == ["a1", "a9"]
    assert "unmatched_reference" in codes(history)


def test_an_event_reaches_the_account_of_its_lead_or_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id,contact_id\nl1,2024-01-01,a1,c1\n",
        contacts="contact_id,account_id\nc1,a1\n",
        events="at,kind,lead_id,contact_id\n2024-01-02,accepted,l1,\n2024-01-01,page_view,,c1\n"
        "2024-01-02,accepted,gone,\n",
    )
    history = read_export(folder)
    assert history.events.columns["account_id"] == ["a1", "a1"]
    assert history.events.columns["lead_id"] == ["l1", "l1"]
    assert "unmatched_reference" in codes(history)
