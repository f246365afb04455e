"""Links a signal to the account and contact it is about: by rules first, then by weight.

Rule-grade evidence links at once: a CRM id, the personal business address of a known contact, the
phone number and surname of exactly one, or a personal business address at a domain that one account
alone holds. Whatever could be two things waits for a reviewer. Free mail alone never links and
never waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from leadfit.policy import Policy
from leadfit.records import Band, Candidate, Keys, Match, Reason, Relation, Signal
from leadfit.resolve.by_weight import by_weight
from leadfit.resolve.keys import (
    DISPOSABLE,
    DUMMY,
    FREE_MAIL,
    INVALID,
    NO_DOMAIN,
    ROLE_MAILBOX,
    SHARED,
)
from leadfit.resolve.model.card import Card
from leadfit.resolve.rules.banding import band_of
from leadfit.resolve.rules.domain import by_domain, new_domain
from leadfit.resolve.rules.evidence import CRM_KEYS, Evidence, account_id_of, evidence_of
from leadfit.resolve.rules.identifiers import by_contact, by_crm_id, by_phone

_WEAK_WORDS = {
    FREE_MAIL: "the address is of a free-mail service, which says nothing about an account",
    DISPOSABLE: "the address is of a throw-away mail service",
    SHARED: "unlike companies stand behind the domain, so that it says nothing about an account",
    ROLE_MAILBOX: "the mailbox belongs to a role, not to a contact",
    DUMMY: "the address was made up to get past a form",
    INVALID: "the address is not an e-mail address",
    NO_DOMAIN: "the domain is not one that can be registered",
}


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
    evidence = evidence_of(signal, keys, candidates, policy)
    match = (
        by_crm_id(keys, evidence, policy)
        or by_contact(keys, evidence, policy)
        or by_phone(keys, evidence, policy)
        or by_domain(keys, evidence, policy)
    )
    if match is None:
        match = _joined(
            _unlinked(keys, evidence, policy), by_weight(signal, keys, candidates, policy, card)
        )
    beside = (*_set_aside(keys), *_unknown_ids(keys, evidence))
    if not beside and match.candidates == evidence.ids:
        return match
    ids = tuple(dict.fromkeys((*evidence.ids, *match.candidates)))
    return replace(match, candidates=ids, reasons=(*beside, *match.reasons))


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


def _unlinked(keys: Keys, evidence: Evidence, policy: Policy) -> Match:
    stated = policy.matching.probability
    known = [each for each in evidence.contacts if each.contact is not None]
    if known:
        # The same free-mail or role address: a repeat joins its own lead, but no account.
        own = next((each for each in known if account_id_of(each) is None), None)
        possible = next((found for each in known if (found := account_id_of(each))), None)
        words = "a contact with the same address is on record, but the address is too weak to link"
        return Match(
            band=band_of(stated.free_mail, policy),
            probability=stated.free_mail,
            relation=Relation.DIFFERENT,
            method="none",
            contact_id=own.contact.contact_id if own and own.contact else None,
            lead_id=own.open_lead_id if own else None,
            possible_account_id=possible,
            reasons=(Reason(rule="email.weak", words=words), *new_domain(keys)),
        )
    nothing = Reason(rule="nothing", words="nothing on record shares an identifier with it")
    return Match(
        band=band_of(stated.unknown, policy),
        probability=stated.unknown,
        relation=Relation.DIFFERENT,
        method="none",
        reasons=new_domain(keys) or (nothing,),
    )


def _set_aside(keys: Keys) -> tuple[Reason, ...]:
    if keys.set_aside is None:
        return ()
    return (Reason(rule=f"set_aside.{keys.set_aside}", words=_WEAK_WORDS[keys.set_aside]),)


def _unknown_ids(keys: Keys, evidence: Evidence) -> tuple[Reason, ...]:
    if keys.lead_id is None and keys.contact_id is None and keys.account_id is None:
        return ()
    found = {each.found_by for each in evidence.crm}
    return tuple(
        Reason(rule=f"unknown.{name}", words=f"the {name} {given[:80]} is not on record")
        for name in CRM_KEYS
        if (given := getattr(keys, name)) is not None and name not in found
    )
