"""Addresses, titles, dates, identifiers, text; and what a header says."""

from __future__ import annotations

from typing import Literal

import pytest

from leadfit.resolve.normal import NORMALISER, Column, normalise, recognise

CASES: tuple[tuple[Column, str, dict[str, str]], ...] = (
    (
        Column.STREET,
        "123 North Main Street, Suite 200",
        {"": "n main st", "number": "123", "unit": "200"},
    ),
    (Column.STREET, "123 N. Main St #200", {"": "n main st", "number": "123", "unit": "200"}),
    (Column.STREET, "Hauptstra\u00dfe 5a", {"": "hauptstr", "number": "5a"}),
    (Column.STREET, "Hauptstr. 5a", {"": "hauptstr", "number": "5a"}),
    (Column.STREET, "228 West 52nd St.", {"": "w 52nd st", "number": "228"}),
    (Column.STREET, "5th Avenue", {"": "5th ave"}),
    (Column.STREET, "12 Highway 50", {"": "hwy 50", "number": "12"}),
    (Column.STREET, "PO Box 12", {"": "po box 12"}),
    (Column.CITY, "M\u00fcnchen", {"": "munich"}),
    (Column.CITY, "St. Louis, MO", {"": "saint louis"}),
    (Column.CITY, "New York City", {"": "new york"}),
    (Column.REGION, "NSW", {"": "new south wales"}),
    (Column.REGION, "Calif.", {"": "california"}),
    (Column.REGION, "California", {"": "california"}),
    (Column.POSTCODE, "tq13 8DF", {"": "tq138df", "area": "tq13"}),
    (Column.POSTCODE, "94105-1234", {"": "94105", "area": "941"}),
    (Column.POSTCODE, "none", {}),
    (Column.COUNTRY, "Deutschland", {"": "DE"}),
    (Column.COUNTRY, "U.S.A.", {"": "US"}),
    (Column.COUNTRY, "NA", {"": "NA"}),
    (Column.COUNTRY, "Narnia", {"": "narnia"}),
    (
        Column.TITLE,
        "VP, Sales & Marketing",
        {"": "vice president sales and marketing", "level": "vp"},
    ),
    (Column.TITLE, "CTO", {"": "chief technology officer", "level": "c_level"}),
    (Column.TITLE, "Managing Director", {"": "managing director", "level": "c_level"}),
    (Column.TITLE, "Chief of Staff", {"": "chief of staff", "level": "director"}),
    (Column.TITLE, "Head of Growth", {"": "head of growth", "level": "director"}),
    (Column.TITLE, "Product Owner", {"": "product owner", "level": "ic"}),
    (Column.TITLE, "Mgr", {"": "manager", "level": "manager", "generic": "yes"}),
    (Column.TITLE, "Sr. Data Engineer", {"": "senior data engineer", "level": "ic"}),
    (Column.DATE, "19560409", {"": "1956-04-09", "year": "1956"}),
    (Column.DATE, "1956-04-09T00:00:00", {"": "1956-04-09", "year": "1956"}),
    (Column.DATE, "4 March 1980", {"": "1980-03-04", "year": "1980"}),
    (Column.DATE, "Mar 4th, 1980", {"": "1980-03-04", "year": "1980"}),
    (Column.DATE, "13/04/1980", {"": "1980-04-13", "year": "1980"}),
    (Column.DATE, "04/13/1980", {"": "1980-04-13", "year": "1980"}),
    (Column.DATE, "1980", {"year": "1980"}),
    (Column.DATE, "19801399", {"": "1980-13-99", "year": "1980"}),
    (Column.DATE, "1900-01-01", {}),
    (Column.DATE, "soon", {}),
    (Column.IDENTIFIER, "DE 123-456.789", {"": "de123456789"}),
    (Column.IDENTIFIER, "1804974.0", {"": "1804974"}),
    (Column.IDENTIFIER, "0007", {"": "0007"}),
    (Column.IDENTIFIER, "999999999", {}),
    (Column.TEXT, "  \u00c0 la\tcarte\u200f \U0001f600", {"": "a la carte"}),
    (Column.TEXT, "\ufb01ne", {"": "fine"}),
    (Column.TEXT, "unknown", {}),
)


@pytest.mark.parametrize(("column", "text", "parts"), CASES)
def test_a_value_has_one_form_and_its_parts(
    column: Column, text: str, parts: dict[str, str]
) -> None:
    assert normalise(column, text) == parts


def test_dates_and_postcodes_are_read_by_their_country() -> None:
    assert normalise(Column.DATE, "03/04/1980", country="US")[""] == "1980-03-04"
    assert normalise(Column.DATE, "03/04/1980", country="GB")[""] == "1980-04-03"
    assert normalise(Column.POSTCODE, "2138", country="US")[""] == "02138"
    assert normalise(Column.POSTCODE, "2138", country="AU")[""] == "2138"


@pytest.mark.parametrize("column", list(Column))
def test_nothing_is_null(column: Column) -> None:
    assert normalise(column, None) == {} == normalise(column, "")


def test_the_rules_have_a_version() -> None:
    assert NORMALISER == 1


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("given_name", Column.FIRST_NAME),
        ("FirstName", Column.FIRST_NAME),
        ("First Name", Column.FIRST_NAME),
        ("surname", Column.SURNAME),
        ("LastName", Column.SURNAME),
        ("lastname", Column.SURNAME),
        ("soc_sec_id", Column.IDENTIFIER),
        ("suburb", Column.CITY),
        ("address_1", Column.STREET),
        ("addr", Column.STREET),
        ("MailingStreet", Column.STREET),
        ("BillingPostalCode", Column.POSTCODE),
        ("postcode", Column.POSTCODE),
        ("zip", Column.POSTCODE),
        ("org_name", Column.COMPANY),
        ("Company name", Column.COMPANY),
        ("account_name", Column.COMPANY),
        ("Email", Column.EMAIL),
        ("email", Column.EMAIL),
        ("work_email", Column.EMAIL),
        ("Company Domain Name", Column.DOMAIN),
        ("hs_email_domain", Column.DOMAIN),
        ("Website", Column.DOMAIN),
        ("MobilePhone", Column.PHONE),
        ("phone_number", Column.PHONE),
        ("state", Column.REGION),
        ("State/Region", Column.REGION),
        ("Country/Region", Column.COUNTRY),
        ("BillingCountryCode", Column.COUNTRY),
        ("Job Title", Column.TITLE),
        ("jobtitle", Column.TITLE),
        ("dob", Column.DATE),
        ("date_of_birth", Column.DATE),
        ("street_number", Column.IDENTIFIER),
        ("contact_first_name", Column.FIRST_NAME),
        ("full_name", Column.NAME),
        ("colour", Column.TEXT),
        ("", Column.TEXT),
        ("\u0418\u043c\u044f", Column.TEXT),
    ],
)
def test_a_header_tells_what_a_column_holds(header: str, column: Column) -> None:
    assert recognise([header]) == {header: column}


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [("account", Column.COMPANY, Column.COMPANY), ("contact", Column.NAME, Column.TITLE)],
)
def test_a_bare_name_is_what_a_row_is(
    kind: Literal["account", "contact"], name: Column, title: Column
) -> None:
    assert recognise(["name", "title"], kind=kind) == {"name": name, "title": title}


def test_every_column_gets_an_answer_in_order() -> None:
    headers = ["phone", "Phone 2", "x1", "email"]
    assert list(recognise(headers)) == headers
    assert list(recognise(headers).values()).count(Column.PHONE) == 2
