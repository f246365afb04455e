"""What ids, addresses and phone numbers tell of a signal's account and contact."""

from __future__ import annotations

from dataclasses import replace

from leadfit.policy import Policy
from leadfit.records import Candidate, Contact, Keys, Match, Reason
from leadfit.resolve.rules.banding import conflict, in_band
from leadfit.resolve.rules.domain import by_domain, new_domain
from leadfit.resolve.rules.evidence import Evidence, account_id_of


def by_crm_id(keys: Keys, evidence: Evidence, policy: Policy) -> Match | None:
    """Return what the sender named by an id of the CRM; ``None`` where it named nothing."""
    if not evidence.crm:
        return None
    named = dict.fromkeys(found for each in evidence.crm if (found := account_id_of(each)))
    contacts = dict.fromkeys(each.contact.contact_id for each in evidence.crm if each.contact)
    doubt = _conflict_of_ids(keys, evidence, tuple(named), tuple(contacts))
    account_id = next(iter(named), None)
    if doubt is not None:
        return conflict(account_id, doubt, policy)
    found = ", ".join(f"{each.found_by} {_named(each)}" for each in evidence.crm)
    contact_id = next(iter(contacts), None)
    known = evidence.contacts[0].contact if keys.email_is_personal and evidence.contacts else None
    if contact_id is None and known is not None:
        contact_id = known.contact_id
    joined = [*evidence.crm, *(each for each in evidence.contacts if keys.email_is_personal)]
    return in_band(
        policy.matching.probability.crm_id,
        policy,
        method="exact",
        account_id=account_id,
        contact_id=contact_id,
        lead_id=next((each.open_lead_id for each in joined if each.open_lead_id), None),
        reasons=(Reason(rule="crm_id", words=f"the sender named the {found}"),),
    )


def _named(candidate: Candidate) -> str:
    if candidate.found_by == "lead_id" and candidate.open_lead_id:
        return candidate.open_lead_id
    if candidate.contact is not None and candidate.found_by == "contact_id":
        return candidate.contact.contact_id
    return account_id_of(candidate) or "on record"


def _conflict_of_ids(
    keys: Keys, evidence: Evidence, accounts: tuple[str, ...], contacts: tuple[str, ...]
) -> str | None:
    """Say which strong identifiers name different records, or ``None``."""
    if len(accounts) > 1:
        return f"its ids name different accounts: {', '.join(accounts)}"
    if len(contacts) > 1:
        return f"its ids name different contacts: {', '.join(contacts)}"
    return _conflict_of_address(evidence, accounts, contacts) if keys.email_is_personal else None


def _conflict_of_address(
    evidence: Evidence, accounts: tuple[str, ...], contacts: tuple[str, ...]
) -> str | None:
    for each in evidence.contacts:
        other = each.contact
        if other is None:
            continue
        if contacts and other.contact_id not in contacts:
            return f"its id names contact {contacts[0]}, its address contact {other.contact_id}"
        if accounts and other.account_id not in {None, *accounts}:
            return f"its id names account {accounts[0]}, its address account {other.account_id}"
    holders = [account.account_id for account in evidence.accounts]
    if accounts and holders and accounts[0] not in holders:
        return f"its id names account {accounts[0]}, its domain account {', '.join(holders)}"
    return None


def by_contact(keys: Keys, evidence: Evidence, policy: Policy) -> Match | None:
    """Return the known contact whose personal business address was given."""
    if not evidence.contacts or not keys.email_is_personal:
        return None
    known = [each.contact for each in evidence.contacts if each.contact is not None]
    at = dict.fromkeys(contact.account_id for contact in known if contact.account_id)
    if len(at) > 1:
        words = f"contacts of different accounts have the address: {', '.join(at)}"
        return _still_of_contact(conflict(next(iter(at)), words, policy), evidence)
    account_id = next(iter(at), None)
    if account_id is None:
        return _of_contact_without_account(keys, evidence, known[0], policy)
    holders = {account.account_id for account in evidence.accounts}
    relatives = {account.parent_account_id for account in evidence.accounts} | _parents(evidence)
    if holders and account_id not in holders | relatives:
        words = (
            f"the contact is of account {account_id}, the domain of {', '.join(sorted(holders))}"
        )
        return _still_of_contact(conflict(account_id, words, policy), evidence)
    contact = next(each for each in known if each.account_id == account_id)
    if evidence.is_of_somebody_else:
        words = (
            f"the address is that of contact {contact.contact_id}, but another name and another "
            "company were given"
        )
        return conflict(account_id, words, policy)
    return in_band(
        policy.matching.probability.known_email,
        policy,
        method="exact",
        account_id=account_id,
        contact_id=contact.contact_id,
        lead_id=_open_lead(evidence),
        reasons=(
            Reason(
                rule="email.known",
                words=f"the business address is that of contact {contact.contact_id}",
            ),
        ),
        candidates=evidence.ids,
    )


def _still_of_contact(doubt: Match, evidence: Evidence) -> Match:
    """Name the person whose address it is, whichever account turns out to be right.

    One person has one lead: a second contact of the address would get a second owner.
    """
    if evidence.is_of_somebody_else:
        return doubt
    # The contact with an open lead comes first: the signal joins it.
    known = sorted(evidence.contacts, key=lambda each: each.open_lead_id is None)
    contact = next(each.contact for each in known if each.contact is not None)
    return replace(doubt, contact_id=contact.contact_id, lead_id=_open_lead(evidence))


def _of_contact_without_account(
    keys: Keys, evidence: Evidence, contact: Contact, policy: Policy
) -> Match:
    """A known contact whose account the domain alone can tell."""
    reason = Reason(
        rule="email.known",
        words=f"the business address is that of contact {contact.contact_id}, who has no account",
    )
    found = by_domain(keys, evidence, policy)
    if found is None:
        return in_band(
            policy.matching.probability.known_email,
            policy,
            method="exact",
            contact_id=contact.contact_id,
            lead_id=_open_lead(evidence),
            reasons=(reason, *new_domain(keys)),
        )
    return replace(
        found,
        contact_id=contact.contact_id,
        lead_id=_open_lead(evidence),
        reasons=(reason, *found.reasons),
    )


def _open_lead(evidence: Evidence) -> str | None:
    return next((each.open_lead_id for each in evidence.contacts if each.open_lead_id), None)


def _parents(evidence: Evidence) -> set[str | None]:
    """Return holders and parents, by what the contacts' own accounts say about their parents."""
    holders = {account.account_id for account in evidence.accounts}
    return {
        each.account.account_id
        for each in evidence.contacts
        if each.account is not None and each.account.parent_account_id in holders
    }


def by_phone(keys: Keys, evidence: Evidence, policy: Policy) -> Match | None:
    """A known contact by phone and surname; one who writes from elsewhere may have moved on."""
    found = evidence.by_phone
    account_id = None if found is None else account_id_of(found)
    if found is None or found.contact is None or account_id is None:
        return None
    contact_id = found.contact.contact_id
    holders = {account.account_id for account in evidence.accounts}
    if keys.domain is not None and account_id not in holders:
        words = (
            f"phone and surname are those of contact {contact_id} of account {account_id}, "
            f"which does not hold the domain {keys.domain}"
        )
        doubt = conflict(account_id, words, policy)
        return doubt if holders else replace(doubt, reasons=(*doubt.reasons, *new_domain(keys)))
    if evidence.by_phone_is_another:
        words = f"phone and surname are those of contact {contact_id}, the first name is another"
        # At the account's own domain the domain alone tells the account, and nobody the contact.
        return conflict(account_id, words, policy) if keys.domain is None else None
    words = f"phone and surname are those of contact {contact_id} alone"
    return in_band(
        policy.matching.probability.known_phone,
        policy,
        method="exact",
        account_id=account_id,
        contact_id=contact_id,
        lead_id=found.open_lead_id,
        reasons=(Reason(rule="phone.known", words=words),),
    )
