"""What is known of a signal before any rule speaks: its candidates, by what they were found by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leadfit.policy import Policy
from leadfit.records import Account, Candidate, Keys, Signal
from leadfit.resolve.record_columns import contact_columns, contact_side
from leadfit.resolve.relatives.names import tells_of_another
from leadfit.resolve.rules.known_contact import is_another_person, is_somebody_else, only_holder

CRM_KEYS = ("lead_id", "contact_id", "account_id")
"""Identifiers of the CRM, strongest first."""
_KEYS = (*CRM_KEYS, "email", "domain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Candidates of a signal, sorted by what they were found by.

    Attributes:
        crm: Those the sender named by an id.
        contacts: Contacts that have the address.
        accounts: Holders of the domain; the one of the given name first, then customers.
        ids: Accounts of all of these.
        company: The company's name as somebody typed it.
        roles: What the domain is to each of its holders.
        by_phone: The only contact with the phone number and the surname.
        by_phone_is_another: That contact has another first name.
        is_of_somebody_else: The address is known, but name and company are another's.
    """

    crm: tuple[Candidate, ...]
    contacts: tuple[Candidate, ...]
    accounts: tuple[Account, ...]
    ids: tuple[str, ...]
    company: str | None
    roles: Mapping[str, str]
    by_phone: Candidate | None
    by_phone_is_another: bool
    is_of_somebody_else: bool


def evidence_of(
    signal: Signal, keys: Keys, candidates: Sequence[Candidate], policy: Policy
) -> Evidence:
    """Return the candidates of a signal as evidence; the order they came in does not matter."""
    named = [each for each in candidates if each.found_by in _KEYS]
    if len(named) > 1:
        named.sort(key=_order)
    crm: list[Candidate] = []
    contacts: list[Candidate] = []
    holders: dict[str, Account] = {}
    roles: dict[str, str] = {}
    ids: dict[str, None] = {}
    for each in named:
        if each.found_by == "domain":
            if each.account is not None:
                holders[each.account.account_id] = each.account
                roles[each.account.account_id] = each.role
            continue
        (contacts if each.found_by == "email" else crm).append(each)
        if found := account_id_of(each):
            ids[found] = None
    accounts = _by_preference(holders.values(), signal.identifiers.company)
    ids |= dict.fromkeys(account.account_id for account in accounts)
    alike = [each for each in candidates if each.found_by == "blocking" and each.contact]
    said = contact_side(signal, keys, policy) if alike else {}
    by_phone = only_holder(said, alike)
    contacts = [each for each in contacts if each.contact]
    return Evidence(
        crm=tuple(crm),
        contacts=tuple(contacts),
        accounts=accounts,
        ids=tuple(ids),
        company=signal.identifiers.company,
        roles=roles,
        by_phone=by_phone,
        by_phone_is_another=by_phone is not None and is_another_person(said, by_phone.columns),
        is_of_somebody_else=_is_of_somebody_else(signal, keys, contacts, policy),
    )


def _is_of_somebody_else(
    signal: Signal, keys: Keys, contacts: Sequence[Candidate], policy: Policy
) -> bool:
    """Whether a known address came with the name of another person and of another company.

    One of the two alone is a new surname, or a client that somebody at an agency works for.
    """
    company, domain = signal.identifiers.company, keys.domain
    known = next((each for each in contacts if each.account is not None), None)
    if company is None or domain is None or known is None:
        return False
    if known.account is None or known.contact is None:
        return False
    if not tells_of_another(company, known.account.name, domain.partition(".")[0]):
        return False
    said = contact_side(signal, keys, policy)
    return is_somebody_else(said, contact_columns(known.contact))


def _order(candidate: Candidate) -> tuple[int, str, str]:
    rank = _KEYS.index(candidate.found_by)
    contact = candidate.contact.contact_id if candidate.contact is not None else ""
    return rank, contact, account_id_of(candidate) or ""


def _by_preference(holders: Collection[Account], company: str | None) -> tuple[Account, ...]:
    if len(holders) < 2:
        return tuple(holders)
    named = " ".join((company or "").casefold().split())
    return tuple(sorted(holders, key=lambda account: _preference(account, named)))


def _preference(account: Account, named: str) -> tuple[bool, bool, bool, str]:
    """Sort the account of the given name first, then customers, then the top of a hierarchy."""
    same_name = bool(named) and " ".join(account.name.casefold().split()) == named
    return (
        not same_name,
        not account.is_customer,
        account.parent_account_id is not None,
        account.account_id,
    )


def account_id_of(candidate: Candidate) -> str | None:
    """Return the account a candidate is or is of."""
    if candidate.account is not None:
        return candidate.account.account_id
    return candidate.contact.account_id if candidate.contact is not None else None
