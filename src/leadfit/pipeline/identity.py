"""Settles whom a signal is about: finds or makes the account and the contact, finds the lead."""

from __future__ import annotations

from typing import Final

from leadfit.pipeline import colleagues
from leadfit.pipeline.case import Case, Colleague, Who
from leadfit.records import OPENS_A_LEAD, Account, Band, Contact, Lead
from leadfit.resolve.normal import Column, normalise, parted_name
from leadfit.store.personal import part_facts

_DRAFT: Final = "draft"


def settle(case: Case) -> Who:
    """Return whom the signal is about.

    Only an automatic link joins an account on record. A business domain that nobody holds yet
    gets an account of its own, so that the next contact from there finds it. A contact is made
    for an address, a number or a name that is not on record.
    """
    accounts = case.desk.session.accounts
    account = _matched_account(case)
    if account is None and is_new_domain(case):
        account = _new_account(case)
    known = _known_contact(case)
    contact = _made_contact(case, account) if known is None else known
    if known is not None and known.account_id is None and account is not None:
        accounts.link_contact(known.contact_id, account.account_id)
    if account is None and contact is not None and contact.account_id is not None:
        account = accounts.account(contact.account_id)
    lead = _lead(case, contact)
    is_new = known is None and lead is None and case.signal.kind in OPENS_A_LEAD
    alike = _alike(case, account, contact) if is_new else None
    if known is None and contact is not None:
        # Written last: before that it cannot be found among those it may be.
        accounts.add_contacts([(contact, case.keys.email)])
    return Who(account=account, contact=contact, lead=lead, alike=alike)


def foreseen(case: Case) -> Who:
    """Return whom the signal is about by what is on record; nothing is made."""
    account, contact = _matched_account(case), _known_contact(case)
    if account is None and contact is not None and contact.account_id is not None:
        account = case.desk.session.accounts.account(contact.account_id)
    lead = _lead(case, contact)
    is_new = contact is None and lead is None and case.signal.kind in OPENS_A_LEAD
    drafted = _drafted_contact(case, account, _DRAFT) if is_new else contact
    alike = _alike(case, account, drafted) if is_new else None
    return Who(account=account, contact=contact, lead=lead, alike=alike)


def _alike(case: Case, account: Account | None, contact: Contact | None) -> Colleague | None:
    """Return who else of the account a contact may be whose address is nobody's."""
    if account is None or contact is None:
        return None
    if any(each.found_by == "email" for each in case.candidates):
        return None
    return colleagues.likeliest(case, contact, account.account_id)


def _matched_account(case: Case) -> Account | None:
    """Return the account the signal links to; usually it is among the candidates already.

    Accounts that were found to be weighed come without their facts.
    """
    account_id = case.match.account_id
    if account_id is None:
        return None
    read = (
        each.account
        for each in case.candidates
        if each.account is not None and each.found_by != "blocking"
    )
    found = next((account for account in read if account.account_id == account_id), None)
    return found or case.desk.session.accounts.account(account_id)


def title_of(case: Case) -> str | None:
    """Return the title among the facts of the signal."""
    title = case.desk.policy.known(case.signal.facts).get("title")
    return title if isinstance(title, str) else None


def is_new_domain(case: Case) -> bool:
    """Return whether a lead gets an account of its own, for a domain that nobody holds yet."""
    return (
        case.signal.kind in OPENS_A_LEAD
        and case.keys.domain is not None
        and any(reason.rule == "domain.new" for reason in case.match.reasons)
    )


def _new_account(case: Case) -> Account:
    """Make the account of a new business domain, with what its first lead told of it.

    What is personal, such as a title, is the contact's and not the account's.
    """
    domain = case.keys.domain or ""
    said = case.signal.identifiers.company
    is_name = (
        said is not None
        and "@" not in said  # an address in the wrong field is a person's, and no name
        and bool(normalise(Column.COMPANY, said).get(""))
    )
    account = Account(
        account_id=case.desk.world.new_id("account"),
        # What is typed to get past a form names nobody, and would be alike with all of its kind.
        name=said if said is not None and is_name else domain,
        domains=(domain,),
        facts=part_facts(case.signal.facts)[0],
        created_at=case.desk.now,
    )
    case.desk.session.accounts.add_accounts([account])
    return account


def _known_contact(case: Case) -> Contact | None:
    """Return the matched contact, or the one this same address made before it had an account."""
    if case.match.contact_id is not None:
        return case.desk.session.accounts.contact(case.match.contact_id)
    return next(
        (
            each.contact
            for each in case.candidates
            if each.found_by == "email"
            and each.contact is not None
            and each.contact.account_id is None
        ),
        None,
    )


def _made_contact(case: Case, account: Account | None) -> Contact | None:
    said = case.signal.identifiers
    if case.keys.email is None and not any((said.email, said.phone, *_names(case))):
        return None
    return _drafted_contact(case, account, case.desk.world.new_id("contact"))


def _names(case: Case) -> tuple[str | None, str | None]:
    said = case.signal.identifiers
    first, last = said.first_name, said.last_name
    if said.name is not None and first is None and last is None:
        return parted_name(said.name)
    return first, last


def _drafted_contact(case: Case, account: Account | None, contact_id: str) -> Contact:
    said, (first, last) = case.signal.identifiers, _names(case)
    return Contact(
        contact_id=contact_id,
        account_id=None if account is None else account.account_id,
        email=said.email,
        first_name=first,
        last_name=last,
        title=said.title or title_of(case),
        phone=said.phone,
        created_at=case.desk.now,
    )


def _lead(case: Case, contact: Contact | None) -> Lead | None:
    """Return the open lead the signal joins, or the closed one that a report names by its id."""
    leads = case.desk.session.leads
    named = None if case.keys.lead_id is None else leads.get(case.keys.lead_id)
    reports = case.signal.kind not in OPENS_A_LEAD and case.match.band is Band.AUTO
    if named is not None and reports:
        return named
    matched = None if case.match.lead_id is None else leads.get(case.match.lead_id)
    if matched is not None and matched.is_open:
        return matched
    joined = None if contact is None else leads.open_lead_of(contact.contact_id)
    return None if joined is None else leads.get(joined)
