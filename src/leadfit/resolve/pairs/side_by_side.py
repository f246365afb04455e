"""Two records side by side, field by field, as a reviewer sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from leadfit.records import Account, Contact, Fact, Reason
from leadfit.resolve.normal import Column, normalise

_COLUMNS: Final[Mapping[str, Column]] = {
    "name": Column.COMPANY,
    "country": Column.COUNTRY,
    "email": Column.EMAIL,
    "first_name": Column.FIRST_NAME,
    "last_name": Column.SURNAME,
    "title": Column.TITLE,
    "phone": Column.PHONE,
}
_BESIDE: Final = frozenset({"created", "customer", "owner", "source"})


class Agreement(StrEnum):
    """How two values of one field stand to each other."""

    SAME = "same"
    ALIKE = "same_in_normal_form"
    SHARED = "some_shared"
    DIFFERENT = "different"
    ONE_SIDED = "one_sided"
    """Only one record has a value, which speaks for nothing."""
    BESIDE = "not_evidence"
    """When and by whom a record is kept says nothing of what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedField:
    """One field of two records; ``None`` where a record has no value."""

    field: str
    left: str | None
    right: str | None
    verdict: Agreement


def line_up(left: Mapping[str, str], right: Mapping[str, str]) -> tuple[ComparedField, ...]:
    """Return the fields of two records side by side, in the order of the left one.

    Values of several parts, such as domains, are joined by a comma and a space.

    >>> for row in line_up({"name": "Acme Inc."}, {"name": "ACME", "country": "DE"}):
    ...     print(row.field, row.left, row.right, row.verdict.value)
    name Acme Inc. ACME same_in_normal_form
    country None DE one_sided
    """
    names = dict.fromkeys((*left, *right))
    country = left.get("country") or right.get("country")
    return tuple(
        ComparedField(
            field=name,
            left=left.get(name),
            right=right.get(name),
            verdict=_verdict(name, left.get(name), right.get(name), country),
        )
        for name in names
    )


def decide_by(rows: Sequence[ComparedField]) -> tuple[ComparedField, ...]:
    """Return the rows a person decides by: what both records say, then what one alone is called.

    Left out are facts that one record alone has, and what is no evidence; both speak for nothing.

    >>> rows = line_up({"title": "CFO", "facts.size": "9", "owner": "a"}, {"country": "DE"})
    >>> [row.field for row in decide_by(rows)]
    ['title', 'country']
    """
    weighed = [row for row in rows if row.verdict is not Agreement.BESIDE]
    both = [row for row in weighed if row.verdict is not Agreement.ONE_SIDED]
    alone = [row for row in weighed if row.verdict is Agreement.ONE_SIDED]
    return (*both, *(row for row in alone if not row.field.startswith("facts.")))


def heaviest_first(evidence: Sequence[Reason]) -> tuple[Reason, ...]:
    """Return evidence by its weight in bits, for or against; what has none decided by itself.

    >>> heavy = Reason(rule="name", words="the same name", points=-8.5)
    >>> light = Reason(rule="country", words="the same country", points=0.5)
    >>> rule = Reason(rule="domain", words="no account holds the domain")
    >>> [each.rule for each in heaviest_first([light, heavy, rule])]
    ['domain', 'name', 'country']
    """
    ruled = [each for each in evidence if each.points is None]
    weighed = [each for each in evidence if each.points is not None]
    return (*ruled, *sorted(weighed, key=lambda each: -abs(each.points or 0.0)))


def _verdict(name: str, left: str | None, right: str | None, country: str | None) -> Agreement:
    if name in _BESIDE:
        return Agreement.BESIDE
    if left is None or right is None:
        return Agreement.ONE_SIDED
    if left == right:
        return Agreement.SAME
    if _form(name, left, country) == _form(name, right, country):
        return Agreement.ALIKE
    has_shared = name == "domains" and set(left.split(", ")) & set(right.split(", "))
    return Agreement.SHARED if has_shared else Agreement.DIFFERENT


def _form(name: str, text: str, country: str | None) -> str:
    """Return a value in its normal form; one without a form of its own in lower case."""
    column = _COLUMNS.get(name)
    form = None if column is None else normalise(column, text, country=country).get("")
    return text.casefold() if form is None else form


def account_values(account: Account) -> dict[str, str]:
    """Return what is known of an account, by field; facts as ``facts.NAME``.

    >>> account_values(Account(account_id="a1", name="Acme", facts={"size": 10}))
    {'name': 'Acme', 'facts.size': '10'}
    """
    created_at = account.created_at
    return _known(
        ("name", account.name),
        ("domains", listed(account.domains)),
        ("country", account.country),
        ("parent", account.parent_account_id),
        ("owner", account.owner_id),
        ("customer", "yes" if account.is_customer else None),
        ("created", None if created_at is None else f"{created_at:%Y-%m-%d}"),
        *fact_values({name: fact for name, fact in account.facts.items() if name != "country"}),
    )


def contact_values(contact: Contact, account: Account | None = None) -> dict[str, str]:
    """Return what is known of a contact, by field, with the name of its account."""
    created_at = contact.created_at
    return _known(
        ("first_name", contact.first_name),
        ("last_name", contact.last_name),
        ("email", contact.email),
        ("title", contact.title),
        ("phone", contact.phone),
        ("account", contact.account_id if account is None else account.name),
        ("created", None if created_at is None else f"{created_at:%Y-%m-%d}"),
    )


def fact_values(facts: Mapping[str, Fact]) -> list[tuple[str, str | None]]:
    """Return facts as fields in the order of their names."""
    return [
        (f"facts.{name}", None if facts[name] is None else str(facts[name]))
        for name in sorted(facts)
    ]


def listed(values: Sequence[str]) -> str | None:
    """Return several values as one, or ``None`` for none."""
    return ", ".join(values) or None


def _known(*fields: tuple[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields if value}
