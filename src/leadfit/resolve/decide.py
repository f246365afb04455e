"""Links a signal to the account and contact it is about: by rules first, then by weight.

Rule-grade evidence links at once: a CRM id, the personal business address of a known contact, the
phone number and surname of exactly one, or a personal business address at a domain that one account
alone holds. Whatever could be two things waits for a reviewer. Free mail alone never links and
never waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leadfit.policy import Policy
from leadfit.records import (
    Account,
    Band,
    Candidate,
    Contact,
    Keys,
    Match,
    Reason,
    Relation,
    Signal,
)
from leadfit.resolve.by_weight import by_weight
from leadfit.resolve.keys import (
    DISPOSABLE,
    DUMMY,
    FREE_MAIL,
    INVALID,
    NO_DOMAIN,
    ROLE_MAILBOX,
    SHARED,
    is_school,
)
from leadfit.resolve.known_contact import is_another_person, is_somebody_else, only_holder
from leadfit.resolve.model.card import Card
from leadfit.resolve.normal import Column, normalise
from leadfit.resolve.record_columns import contact_columns, contact_side
from leadfit.resolve.relatives.names import tells_of_a_relative, tells_of_another

_CRM_KEYS = ("lead_id", "contact_id", "account_id")
_KEYS = (*_CRM_KEYS, "email", "domain")
_OWN = frozenset(("domain.own", "domain.and_name"))
_WEAKER = frozenset(("domain.role", "domain.bare", "domain.school"))
_WEAK_WORDS = {
    FREE_MAIL: "the address is of a free-mail service, which says nothing about an account",
    DISPOSABLE: "the address is of a throw-away mail service",
    SHARED: "unlike companies stand behind the domain, so that it says nothing about an account",
    ROLE_MAILBOX: "the mailbox belongs to a role, not to a contact",
    DUMMY: "the address was made up to get past a form",
    INVALID: "the address is not an e-mail address",
    NO_DOMAIN: "the domain is not one that can be registered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Candidates, sorted by what they were found by."""

    crm: tuple[Candidate, ...]
    contacts: tuple[Candidate, ...]
    accounts: tuple[Account, ...]
    ids: tuple[str, ...]
    company: str | None
    roles: Mapping[str, str]
    by_phone: Candidate | None
    by_phone_is_another: bool
    is_of_somebody_else: bool


def decide(
    signal: Signal,
    keys: Keys,
    candidates: Sequence[Candidate],
    policy: Policy,
    *,
    now: datetime,  # noqa: ARG001 -- evidence does not age yet; every stage has the same shape
    card: Card | None = None,
) -> Match:
    """Decide which account and contact ``signal`` is about.

    Args:
        signal: The signal.
        keys: Its keys, from :func:`leadfit.resolve.keys`.
        candidates: Every record that shares a key with it, in any order.
        policy: Bands and the probability of each kind of evidence.
        now: The time of the decision.
        card: What candidates found by ``blocking`` are weighed by, where no rule decides.

    Returns:
        A match with its band, probability and reasons. ``auto`` fills ``account_id``; ``review``
        and ``new`` leave it empty and name the best candidate in ``possible_account_id``.
        A reason ``domain.new`` says that the domain is a business of its own that no account
        holds yet.
    """
    evidence = _sort(signal, keys, candidates, policy)
    match = (
        _by_crm_id(keys, evidence, policy)
        or _by_contact(keys, evidence, policy)
        or _by_phone(keys, evidence, policy)
        or _by_domain(keys, evidence, policy)
    )
    if match is None:
        match = _joined(
            _unlinked(keys, evidence, policy), by_weight(signal, keys, candidates, policy, card)
        )
    reasons = (*_set_aside(keys), *_unknown_ids(keys, evidence), *match.reasons)
    ids = tuple(dict.fromkeys((*evidence.ids, *match.candidates)))
    return replace(match, candidates=ids, reasons=reasons)


def is_settled(match: Match) -> bool:
    """Return whether rules alone decided, so that nothing more needs to be looked up."""
    return match.method != "none"


def noted(match: Match, skipped: Sequence[str], left_out: int) -> Match:
    """Return ``match`` with which keys were too common and how many candidates were left out."""
    return replace(match, skipped=tuple(skipped), left_out=left_out or None)


def _joined(unlinked: Match, weighed: Match | None) -> Match:
    """Return what the card says; a repeat still joins its lead, a new domain its new account."""
    if weighed is None:
        return unlinked
    if weighed.band is Band.AUTO:
        return weighed
    possible = unlinked.possible_account_id or weighed.possible_account_id
    return replace(
        weighed,
        contact_id=unlinked.contact_id,
        lead_id=unlinked.lead_id,
        possible_account_id=possible,
        reasons=(*(each for each in unlinked.reasons if each.rule != "nothing"), *weighed.reasons),
    )


def _sort(signal: Signal, keys: Keys, candidates: Sequence[Candidate], policy: Policy) -> _Evidence:
    ordered = sorted((each for each in candidates if each.found_by in _KEYS), key=_order)
    holders = {
        each.account.account_id: each.account
        for each in ordered
        if each.found_by == "domain" and each.account is not None
    }
    alike = [each for each in candidates if each.found_by == "blocking" and each.contact]
    said = contact_side(signal, keys, policy) if alike else {}
    by_phone = only_holder(said, alike)
    named = " ".join((signal.identifiers.company or "").casefold().split())
    accounts = sorted(holders.values(), key=lambda account: _preference(account, named))
    ids = [found for each in ordered if (found := _account_id(each)) and each.found_by != "domain"]
    ids += [account.account_id for account in accounts]
    contacts = tuple(each for each in ordered if each.found_by == "email" and each.contact)
    return _Evidence(
        crm=tuple(each for each in ordered if each.found_by in _CRM_KEYS),
        contacts=contacts,
        accounts=tuple(accounts),
        ids=tuple(dict.fromkeys(ids)),
        company=signal.identifiers.company,
        roles={
            each.account.account_id: each.role
            for each in ordered
            if each.found_by == "domain" and each.account is not None
        },
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
    return rank, contact, _account_id(candidate) or ""


def _preference(account: Account, named: str) -> tuple[bool, bool, bool, str]:
    """Sort the account of the given name first, then customers, then the top of a hierarchy."""
    same_name = bool(named) and " ".join(account.name.casefold().split()) == named
    return (
        not same_name,
        not account.is_customer,
        account.parent_account_id is not None,
        account.account_id,
    )


def _account_id(candidate: Candidate) -> str | None:
    if candidate.account is not None:
        return candidate.account.account_id
    return candidate.contact.account_id if candidate.contact is not None else None


# ---- CRM ids -------------------------------------------------------------------------------


def _by_crm_id(keys: Keys, evidence: _Evidence, policy: Policy) -> Match | None:
    if not evidence.crm:
        return None
    named = dict.fromkeys(found for each in evidence.crm if (found := _account_id(each)))
    contacts = dict.fromkeys(each.contact.contact_id for each in evidence.crm if each.contact)
    doubt = _conflict_of_ids(keys, evidence, tuple(named), tuple(contacts))
    account_id = next(iter(named), None)
    if doubt is not None:
        return _conflict(account_id, doubt, policy)
    found = ", ".join(f"{each.found_by} {_named(each)}" for each in evidence.crm)
    contact_id = next(iter(contacts), None)
    known = evidence.contacts[0].contact if keys.email_is_personal and evidence.contacts else None
    if contact_id is None and known is not None:
        contact_id = known.contact_id
    joined = [*evidence.crm, *(each for each in evidence.contacts if keys.email_is_personal)]
    return _match(
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
    return _account_id(candidate) or "on record"


def _conflict_of_ids(
    keys: Keys, evidence: _Evidence, accounts: tuple[str, ...], contacts: tuple[str, ...]
) -> str | None:
    """Say which strong identifiers name different records, or ``None``."""
    if len(accounts) > 1:
        return f"its ids name different accounts: {', '.join(accounts)}"
    if len(contacts) > 1:
        return f"its ids name different contacts: {', '.join(contacts)}"
    return _conflict_of_address(evidence, accounts, contacts) if keys.email_is_personal else None


def _conflict_of_address(
    evidence: _Evidence, accounts: tuple[str, ...], contacts: tuple[str, ...]
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


def _conflict(possible: str | None, words: str, policy: Policy) -> Match:
    return _match(
        policy.matching.probability.conflict,
        policy,
        relation=Relation.DIFFERENT,
        method="exact",
        account_id=possible,
        reasons=(Reason(rule="conflict", words=words),),
    )


# ---- a known contact -----------------------------------------------------------------------


def _by_contact(keys: Keys, evidence: _Evidence, policy: Policy) -> Match | None:
    if not evidence.contacts or not keys.email_is_personal:
        return None
    known = [each.contact for each in evidence.contacts if each.contact is not None]
    at = dict.fromkeys(contact.account_id for contact in known if contact.account_id)
    if len(at) > 1:
        words = f"contacts of different accounts have the address: {', '.join(at)}"
        return _conflict(next(iter(at)), words, policy)
    account_id = next(iter(at), None)
    if account_id is None:
        return _of_contact_without_account(keys, evidence, known[0], policy)
    holders = {account.account_id for account in evidence.accounts}
    relatives = {account.parent_account_id for account in evidence.accounts} | _parents(evidence)
    if holders and account_id not in holders | relatives:
        words = (
            f"the contact is of account {account_id}, the domain of {', '.join(sorted(holders))}"
        )
        return _conflict(account_id, words, policy)
    contact = next(each for each in known if each.account_id == account_id)
    if evidence.is_of_somebody_else:
        words = (
            f"the address is that of contact {contact.contact_id}, but another name and another "
            "company were given"
        )
        return _conflict(account_id, words, policy)
    return _match(
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
    )


def _of_contact_without_account(
    keys: Keys, evidence: _Evidence, contact: Contact, policy: Policy
) -> Match:
    """A known contact whose account the domain alone can tell."""
    reason = Reason(
        rule="email.known",
        words=f"the business address is that of contact {contact.contact_id}, who has no account",
    )
    by_domain = _by_domain(keys, evidence, policy)
    if by_domain is None:
        return _match(
            policy.matching.probability.known_email,
            policy,
            method="exact",
            contact_id=contact.contact_id,
            lead_id=_open_lead(evidence),
            reasons=(reason, *_new_domain(keys)),
        )
    return replace(
        by_domain,
        contact_id=contact.contact_id,
        lead_id=_open_lead(evidence),
        reasons=(reason, *by_domain.reasons),
    )


def _new_domain(keys: Keys) -> tuple[Reason, ...]:
    if keys.domain is None:
        return ()
    return (Reason(rule="domain.new", words=f"no account holds the domain {keys.domain} yet"),)


def _open_lead(evidence: _Evidence) -> str | None:
    return next((each.open_lead_id for each in evidence.contacts if each.open_lead_id), None)


def _parents(evidence: _Evidence) -> set[str | None]:
    """Return holders and parents, by what the contacts' own accounts say about their parents."""
    holders = {account.account_id for account in evidence.accounts}
    return {
        each.account.account_id
        for each in evidence.contacts
        if each.account is not None and each.account.parent_account_id in holders
    }


def _by_phone(keys: Keys, evidence: _Evidence, policy: Policy) -> Match | None:
    """A known contact by phone and surname; one who writes from elsewhere may have moved on."""
    found = evidence.by_phone
    account_id = None if found is None else _account_id(found)
    if found is None or found.contact is None or account_id is None:
        return None
    contact_id = found.contact.contact_id
    holders = {account.account_id for account in evidence.accounts}
    if keys.domain is not None and account_id not in holders:
        words = (
            f"phone and surname are those of contact {contact_id} of account {account_id}, "
            f"which does not hold the domain {keys.domain}"
        )
        doubt = _conflict(account_id, words, policy)
        return doubt if holders else replace(doubt, reasons=(*doubt.reasons, *_new_domain(keys)))
    if evidence.by_phone_is_another:
        words = f"phone and surname are those of contact {contact_id}, the first name is another"
        # At the account's own domain the domain alone tells the account, and nobody the contact.
        return _conflict(account_id, words, policy) if keys.domain is None else None
    words = f"phone and surname are those of contact {contact_id} alone"
    return _match(
        policy.matching.probability.known_phone,
        policy,
        method="exact",
        account_id=account_id,
        contact_id=contact_id,
        lead_id=found.open_lead_id,
        reasons=(Reason(rule="phone.known", words=words),),
    )


# ---- a domain ------------------------------------------------------------------------------


def _by_domain(keys: Keys, evidence: _Evidence, policy: Policy) -> Match | None:
    if keys.domain is None or not evidence.accounts:
        return None
    named = _named_holder(evidence) if keys.email_is_personal else None
    best = named or evidence.accounts[0]
    stated = policy.matching.probability
    rule, words = _told_by_domain(keys, evidence, named)
    if rule in _OWN and is_school(keys.domain, policy.matching):
        # Whoever works there is told by the account's contacts, not by the address.
        rule, words = "domain.school", f"{words}, but students have addresses there, too"
    if rule in _OWN:
        probability = stated.own_domain
    else:
        probability = {
            "domain.role": stated.role_mailbox, "domain.bare": stated.bare_domain,
            "domain.school": stated.bare_domain,
        }.get(rule, stated.shared_domain)  # fmt: skip
    return _match(
        probability,
        policy,
        relation=Relation.SAME if rule in {*_OWN, *_WEAKER} else Relation.RELATED,
        method="domain",
        account_id=best.account_id,
        reasons=(Reason(rule=rule, words=words),),
    )


def _told_by_domain(keys: Keys, evidence: _Evidence, named: Account | None) -> tuple[str, str]:
    """Return the rule by which the holders of a domain are judged, and why in words."""
    best, domain = evidence.accounts[0], keys.domain
    role = evidence.roles.get(best.account_id, "primary")
    if named is not None:
        ours = f"{named.account_id} alone has the name"
        return "domain.and_name", f"of the accounts that hold the domain {domain}, {ours}"
    if len(evidence.accounts) > 1:
        ids = ", ".join(account.account_id for account in evidence.accounts)
        shared = f"accounts {ids} share the domain {domain}"
        is_group = _is_hierarchy(evidence.accounts)
        return "domain.shared", f"{shared} as parent and child" if is_group else shared
    if role != "primary":
        words = f"{domain} is a {role} domain of account {best.account_id}, not its own"
        return f"domain.{role}", words
    return _told_by_one_holder(keys, evidence, best)


def _told_by_one_holder(keys: Keys, evidence: _Evidence, holder: Account) -> tuple[str, str]:
    account = f"account {holder.account_id}"
    if not keys.email_is_personal:
        if keys.set_aside == ROLE_MAILBOX:
            return "domain.role", f"{account} holds the domain of the mailbox"
        return "domain.bare", f"{account} holds the domain, but no address at it was given"
    alone = f"{account} alone holds the domain {keys.domain}"
    if tells_of_a_relative(evidence.company, holder.name):
        but = "but the company's name tells of a sister or child of it"
        return "domain.relative", f"{alone}, {but}"
    if tells_of_another(evidence.company, holder.name, (keys.domain or "").partition(".")[0]):
        but = "but the company's name has nothing in common with it"
        return "domain.other_name", f"{alone}, {but}"
    return "domain.own", alone


def _named_holder(evidence: _Evidence) -> Account | None:
    """Return the one of several holders of a domain whose name the sender gave in full.

    Only one that holds the domain as its own counts, and only where every other holder's name
    tells of another body.
    """
    if evidence.company is None or len(evidence.accounts) < 2:
        return None
    given = _name(evidence.company)
    alike = [each for each in evidence.accounts if given[0] and _name(each.name) == given]
    if len(alike) != 1 or evidence.roles.get(alike[0].account_id, "primary") != "primary":
        return None
    others = (each for each in evidence.accounts if each is not alike[0])
    is_clear = all(tells_of_a_relative(evidence.company, each.name) for each in others)
    return alike[0] if is_clear else None


def _name(text: str) -> tuple[str, str]:
    """Return a company's name and place in normal form, without the legal form."""
    parts = normalise(Column.COMPANY, text)
    return parts.get("", ""), parts.get("place", "")


def _is_hierarchy(accounts: tuple[Account, ...]) -> bool:
    ids = {account.account_id for account in accounts}
    return any(account.parent_account_id in ids for account in accounts)


# ---- nothing to link by --------------------------------------------------------------------


def _unlinked(keys: Keys, evidence: _Evidence, policy: Policy) -> Match:
    stated = policy.matching.probability
    known = [each for each in evidence.contacts if each.contact is not None]
    if known:
        # The same free-mail or role address: a repeat joins its own lead, but no account.
        own = next((each for each in known if _account_id(each) is None), None)
        possible = next((found for each in known if (found := _account_id(each))), None)
        words = "a contact with the same address is on record, but the address is too weak to link"
        return Match(
            band=_band(stated.free_mail, policy),
            probability=stated.free_mail,
            relation=Relation.DIFFERENT,
            method="none",
            contact_id=own.contact.contact_id if own and own.contact else None,
            lead_id=own.open_lead_id if own else None,
            possible_account_id=possible,
            reasons=(Reason(rule="email.weak", words=words), *_new_domain(keys)),
        )
    nothing = Reason(rule="nothing", words="nothing on record shares an identifier with it")
    return Match(
        band=_band(stated.unknown, policy),
        probability=stated.unknown,
        relation=Relation.DIFFERENT,
        method="none",
        reasons=_new_domain(keys) or (nothing,),
    )


# ---- shared --------------------------------------------------------------------------------


def _band(probability: float, policy: Policy) -> Band:
    if probability >= policy.matching.auto:
        return Band.AUTO
    return Band.REVIEW if probability >= policy.matching.review else Band.NEW


def _match(
    probability: float,
    policy: Policy,
    *,
    method: str,
    reasons: tuple[Reason, ...],
    relation: Relation = Relation.SAME,
    account_id: str | None = None,
    contact_id: str | None = None,
    lead_id: str | None = None,
) -> Match:
    """Put the best candidate into the band of its probability; only ``auto`` is a link."""
    band = _band(probability, policy)
    is_link = band is Band.AUTO
    return Match(
        band=band,
        probability=probability,
        relation=Relation.DIFFERENT if band is Band.NEW else relation,
        method=method,
        account_id=account_id if is_link else None,
        contact_id=contact_id if is_link else None,
        lead_id=lead_id if is_link else None,
        possible_account_id=None if is_link else account_id,
        reasons=reasons,
    )


def _set_aside(keys: Keys) -> tuple[Reason, ...]:
    if keys.set_aside is None:
        return ()
    return (Reason(rule=f"set_aside.{keys.set_aside}", words=_WEAK_WORDS[keys.set_aside]),)


def _unknown_ids(keys: Keys, evidence: _Evidence) -> tuple[Reason, ...]:
    found = {each.found_by for each in evidence.crm}
    return tuple(
        Reason(rule=f"unknown.{name}", words=f"the {name} {given[:80]} is not on record")
        for name in _CRM_KEYS
        if (given := getattr(keys, name)) is not None and name not in found
    )
