"""Tables of CRMs, known by their headers whatever way they were exported."""

from __future__ import annotations

import re
from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmTable:
    """A table of a CRM and the headers it is known by, all in one spelling.

    Attributes:
        name: CRM and object, such as ``hubspot deal``.
        needs: Headers that must be there.
        any_of: Headers of which one must be there.
        never: Headers that only other tables have.
    """

    name: str
    needs: frozenset[str]
    any_of: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


def _kind(name: str, needs: str, any_of: str = "", never: str = "") -> CrmTable:
    return CrmTable(
        name=name,
        needs=frozenset(needs.split()),
        any_of=frozenset(any_of.split()),
        never=frozenset(never.split()),
    )


# The first that fits wins, so versions and links stand before the objects they belong to.
KINDS: Final = (
    _kind("hubspot company history", "company_id timestamp name value"),
    _kind("hubspot deal company", "deal_id company_id", never="engagement_id ticket_id"),
    _kind("hubspot deal contact", "deal_id contact_id", never="engagement_id ticket_id"),
    _kind("hubspot deal stage", "stage_id label", "closed_won probability", "ticket_state"),
    _kind("hubspot form submission", "contact_id form_id timestamp"),
    _kind("hubspot ticket company", "ticket_id company_id"),
    _kind("hubspot deal", "deal_id", "dealname deal_pipeline_stage_id"),
    _kind("hubspot deal", "record_id", "deal_name deal_stage"),
    _kind("hubspot ticket", "id", "hs_ticket_priority hs_ticket_category hs_pipeline_stage"),
    _kind("hubspot contact", "id", "hubspot.email hubspot.firstname hubspot.lastname"),
    _kind("hubspot contact", "record_id", "first_name last_name email"),
    _kind("hubspot company", "id hubspot.name", never="price hs_sku"),
    _kind("hubspot company", "record_id", "company_name company_domain_name"),
    _kind("salesforce account history", "_fivetran_start id name", "account_source ownership"),
    _kind("salesforce account history", "account_id field new_value created_date"),
    _kind("salesforce history", "_fivetran_start id"),
    _kind("salesforce lead", "id company", "is_converted converted_date lead_source status"),
    _kind("salesforce opportunity", "id stage_name", never="opportunity_id"),
    _kind("salesforce contact", "id account_id last_name", never="user_type username"),
    _kind(
        "salesforce account",
        "id name",
        "billing_country billing_city number_of_employees annual_revenue account_source",
        "last_name stage_name company user_type",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A table that was recognised.

    Attributes:
        source: The name it has among the sources of the mapping.
        file: The file's name.
        kind: What it is, such as ``salesforce lead`` or ``export folder: leads``.
        headers: Headers in one spelling, to how the file spells them.
    """

    source: str
    file: str
    kind: str
    headers: Named[str, str] = field(default_factory=dict)

    def pick(self, *names: str) -> str | None:
        """Return the file's spelling of the first of these headers that it has."""
        return next((self.headers[name] for name in names if name in self.headers), None)


def spelling(header: str) -> str:
    """Return a header in the one spelling in which CRM tables are compared.

    >>> spelling("AccountId"), spelling("Create Date"), spelling("property_createdate")
    ('account_id', 'create_date', 'createdate')
    """
    text = header.strip().removeprefix("property_")
    if " " not in text:
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).rstrip("_")


def kind_of(names: Sequence[str]) -> str | None:
    """Return which CRM table has these headers.

    >>> kind_of(["Id", "AccountId", "StageName", "Amount"])
    'salesforce opportunity'
    """
    present = {spelling(name) for name in names}
    present |= {f"hubspot.{spelling(name)}" for name in names if name.startswith("property_")}
    for kind in KINDS:
        fits = kind.needs <= present and (not kind.any_of or kind.any_of & present)
        if fits and not kind.never & present:
            return kind.name
    return None
