"""Two records side by side: what is compared, and how each field stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leadfit.records import Account, Contact
from leadfit.resolve.pairs.side_by_side import Agreement, account_values, contact_values, line_up


@pytest.mark.parametrize(
    ("field", "left", "right", "verdict"),
    [
        ("name", "Acme", "Acme", Agreement.SAME),
        ("name", "Acme G.m.b.H.", "ACME", Agreement.ALIKE),
        ("name", "Acme", "Beta", Agreement.DIFFERENT),
        ("name", "n/a", "none", Agreement.DIFFERENT),
        ("country", "Germany", "DE", Agreement.ALIKE),
        ("email", "Jo.Hill+demo@Acme.com", "jo.hill@acme.com", Agreement.ALIKE),
        ("domains", "acme.com, acme.de", "acme.de", Agreement.SHARED),
        ("domains", "acme.com", "beta.com", Agreement.DIFFERENT),
        ("owner", "rep_ada", "rep_ben", Agreement.BESIDE),
        ("created", "2024-01-01", "2024-01-01", Agreement.BESIDE),
        ("facts.industry", "Software", "software", Agreement.ALIKE),
        ("facts.industry", "software", "retail", Agreement.DIFFERENT),
    ],
)
def test_a_field_of_both_says_how_its_values_stand(
    field: str, left: str, right: str, verdict: Agreement
) -> None:
    (row,) = line_up({field: left}, {field: right})
    assert (row.left, row.right, row.verdict) == (left, right, verdict)


def test_a_field_of_one_record_speaks_for_nothing() -> None:
    rows = line_up({"name": "Acme", "phone": "+49 30 123456"}, {"name": "Acme", "title": "CFO"})
    assert [(row.field, row.verdict) for row in rows] == [
        ("name", Agreement.SAME),
        ("phone", Agreement.ONE_SIDED),
        ("title", Agreement.ONE_SIDED),
    ]


def test_a_phone_is_read_by_the_country_of_either_record() -> None:
    rows = line_up({"phone": "(415) 867-5309"}, {"phone": "+1 415 867 5309", "country": "US"})
    assert rows[0].verdict is Agreement.ALIKE


def test_what_is_blank_is_left_out() -> None:
    made = datetime(2024, 1, 1, tzinfo=UTC)
    account = Account(
        account_id="a1", name="Acme", is_customer=True, country="DE", created_at=made,
        facts={"stack": None, "size": 0, "country": "DE"},
    )  # fmt: skip
    assert account_values(account) == {
        "name": "Acme",
        "country": "DE",
        "customer": "yes",
        "created": "2024-01-01",
        "facts.size": "0",
    }
    contact = Contact(contact_id="c1", account_id="a1", first_name="Jo")
    assert contact_values(contact) == {"first_name": "Jo", "account": "a1"}
    assert contact_values(contact, account)["account"] == "Acme"
