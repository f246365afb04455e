"""What a column holds, told by its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal


class Column(StrEnum):
    """What the values of a column are, and so how they are normalised."""

    NAME = "name"
    COMPANY = "company"
    FIRST_NAME = "first_name"
    SURNAME = "surname"
    EMAIL = "email"
    DOMAIN = "domain"
    PHONE = "phone"
    STREET = "street"
    CITY = "city"
    REGION = "region"
    POSTCODE = "postcode"
    COUNTRY = "country"
    TITLE = "title"
    DATE = "date_of_birth"
    IDENTIFIER = "identifier"
    TEXT = "text"


_HEADERS: Final = {
    Column.NAME: (
        "full name, fullname, person, person name, contact, contact name, lead name, "
        "first and surname, first name surname concat, display name, customer name, applicant, "
        "applicant name, attendee"
    ),
    Column.COMPANY: (
        "company, company name, account, account name, organisation, organization, "
        "organisation name, organization name, org, org name, employer, business, business name, "
        "legal name, firm, firm name, trading name, employer name, associated company, "
        "company or account, institution, vendor, vendor name, supplier, name clean, brand"
    ),
    Column.FIRST_NAME: (
        "first name, firstname, first, given name, givenname, given, forename, fname, "
        "christian name, contact first name, vorname, prenom"
    ),
    Column.SURNAME: (
        "surname, last name, lastname, last, family name, familyname, lname, sname, "
        "contact last name, nachname"
    ),
    Column.EMAIL: (
        "email, e mail, email address, e mail address, mail, work email, business email, "
        "primary email, contact email, person email, emails, email 1, company email, "
        "work email address, hs email"
    ),
    Column.DOMAIN: (
        "domain, website, web site, web, url, company domain, company domain name, website url, "
        "homepage, home page, email domain, web address, domain name, company website, "
        "account domain, site, hs email domain, domains"
    ),
    Column.PHONE: (
        "phone, phone number, telephone, telephone number, tel, mobile, mobile phone, "
        "mobile phone number, mobile number, cell, cell phone, fax, fax number, work phone, "
        "business phone, direct phone, home phone, other phone, phone 1, phone 2, company phone"
    ),
    Column.STREET: (
        "street, street address, address, address 1, address 2, address line 1, address line 2, "
        "addr, addr 1, addr 2, address1, address2, street 1, street 2, billing street, "
        "shipping street, mailing street, billing address, mailing address, other street, "
        "street name, street address 2, strasse, road"
    ),
    Column.CITY: (
        "city, town, suburb, locality, municipality, billing city, shipping city, mailing city, "
        "other city, city name, place, birth place, ort"
    ),
    Column.REGION: (
        "region, state, province, state region, state or region, state or province, "
        "state province, billing state, shipping state, mailing state, other state, county, "
        "state code, billing state code, mailing state code, bundesland"
    ),
    Column.POSTCODE: (
        "postcode, post code, postal code, postalcode, zip, zip code, zipcode, zip postal code, "
        "billing postal code, billing zip, shipping postal code, mailing postal code, "
        "mailing zip, other postal code, postcode fake, plz"
    ),
    Column.COUNTRY: (
        "country, country code, country name, country region, billing country, shipping country, "
        "mailing country, other country, billing country code, mailing country code, nation, land"
    ),
    Column.TITLE: (
        "job title, jobtitle, position, role, job, job role, function, job function, occupation, "
        "contact title, designation"
    ),
    Column.DATE: (
        "date of birth, dob, birth date, birthdate, birthday, born, date birth, geburtsdatum"
    ),
    Column.IDENTIFIER: (
        "soc sec id, ssn, social security number, tax id, tax number, vat, vat id, vat number, "
        "duns, duns number, d u n s, lei, registration number, registry id, company number, ein, "
        "abn, cik, cik str, identifier, national id, passport, siren, siret, crn, "
        "registered number, external id, house number, street number, street no, number, gstin"
    ),
}  # fmt: skip
_BY_HEADER: Final = {
    header.strip(): column for column, headers in _HEADERS.items() for header in headers.split(",")
}
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_OF_A_TABLE: Final = re.compile(
    r"^(?:lead|contact|account|company|person|customer|primary|hs|c|src|left|right|billing|mailing)"
    r" (?=\w)"
)


_OF_MANY: Final = frozenset(
    ("house number", "street number", "street no", "number", "external id", "identifier")
)


def is_registered(header: str) -> bool:
    """Return whether an identifier under this header is given by a registry to one record alone.

    >>> is_registered("VAT number"), is_registered("street_no")
    (True, False)
    """
    words = " ".join(part.lower() for part in _PARTS.findall(header))
    return _BY_HEADER.get(_OF_A_TABLE.sub("", words)) is Column.IDENTIFIER and not (
        words in _OF_MANY or _OF_A_TABLE.sub("", words) in _OF_MANY
    )


def recognise(
    headers: Sequence[str], *, kind: Literal["account", "contact"] = "contact"
) -> dict[str, Column]:
    """Return what each column holds, by the usual names of HubSpot, Salesforce and spreadsheets.

    Args:
        headers: Names of the columns. Several may hold the same: two phones, two address lines.
        kind: What a row is: ``name`` is the company of an account and the full name of a contact,
            and ``title`` is a job only where rows are people.

    Returns:
        One entry for every header, in their order; what is not known is ``Column.TEXT``.

    >>> recognise(["Given_Name", "suburb", "colour"])
    {'Given_Name': <Column.FIRST_NAME: 'first_name'>, 'suburb': <Column.CITY: 'city'>, \
'colour': <Column.TEXT: 'text'>}
    """
    own = {
        "name": Column.COMPANY if kind == "account" else Column.NAME,
        "title": Column.COMPANY if kind == "account" else Column.TITLE,
    }
    return {header: _column(header, own) for header in headers}


def _column(header: str, own: dict[str, Column]) -> Column:
    words = " ".join(part.lower() for part in _PARTS.findall(header))
    plain = header.strip().lower()
    for text in (words, plain, _OF_A_TABLE.sub("", words)):
        found = own.get(text) or _BY_HEADER.get(text)
        if found is not None:
            return found
    return Column.TEXT
