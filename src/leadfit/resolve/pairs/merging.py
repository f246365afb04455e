"""What stands for merged records: the survivor's values, its blanks filled from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from leadfit.records import Account, Contact, Fact

_ACCOUNT_FIELDS: Final = ("name", "parent_account_id", "owner_id", "country", "created_at")
_CONTACT_FIELDS: Final = (
    "account_id", "email", "first_name", "last_name", "title", "phone", "created_at",
)  # fmt: skip


def join_accounts(accounts: Sequence[Account]) -> tuple[Account, Mapping[str, str]]:
    """Return the account that stands for all, and where each of its values came from.

    Args:
        accounts: The survivor first, then what was merged into it.

    Returns:
        The survivor with its blanks filled by the first account that has a value. Domains are
        those of all; it is a customer if one of them is. The second value maps each field, a fact
        as ``facts.NAME`` and a domain as ``domains.NAME``, to the id of the account it is from.

    >>> left = Account(account_id="a1", name="Acme", facts={"size": 10})
    >>> right = Account(account_id="a2", name="Acme Inc", country="US", facts={"size": 12})
    >>> both, sources = join_accounts([left, right])
    >>> both.name, both.country, both.facts, sources["country"]
    ('Acme', 'US', {'size': 10}, 'a2')
    """
    survivor, ids = accounts[0], {each.account_id for each in accounts}
    found, sources = _fill(accounts, _ACCOUNT_FIELDS, [each.account_id for each in accounts])
    if found.get("parent_account_id") in ids:
        found["parent_account_id"] = None  # no account is its own parent
        sources.pop("parent_account_id", None)
    facts: dict[str, Fact] = {}
    domains: dict[str, None] = {}
    for each in accounts:
        for name, value in each.facts.items():
            if value is not None and facts.get(name) is None:
                facts[name] = value
                sources[f"facts.{name}"] = each.account_id
        for domain in each.domains:
            domains.setdefault(domain)
            sources.setdefault(f"domains.{domain}", each.account_id)
    joined = replace(
        survivor,
        **found,  # type: ignore[arg-type]  # fields by name, each with its own type
        facts=facts,
        domains=tuple(domains),
        is_customer=any(each.is_customer for each in accounts),
    )
    return joined, sources


def join_contacts(contacts: Sequence[Contact]) -> tuple[Contact, Mapping[str, str]]:
    """Return the contact that stands for all, and where each of its values came from.

    Args:
        contacts: The survivor first, then what was merged into it.

    >>> left = Contact(contact_id="c1", email="jo@acme.com")
    >>> join_contacts([left, Contact(contact_id="c2", title="CFO")])[1]["title"]
    'c2'
    """
    found, sources = _fill(contacts, _CONTACT_FIELDS, [each.contact_id for each in contacts])
    return replace(contacts[0], **found), sources  # type: ignore[arg-type]  # fields by name


def _fill(
    records: Sequence[Account] | Sequence[Contact], names: Sequence[str], ids: Sequence[str]
) -> tuple[dict[str, object], dict[str, str]]:
    found: dict[str, object] = {}
    sources: dict[str, str] = {}
    for name in names:
        for record, record_id in zip(records, ids, strict=True):
            value = getattr(record, name)
            if value is not None:
                found[name], sources[name] = value, record_id
                break
    return found, sources
