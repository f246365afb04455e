"""Finds a known person behind another address, among the contacts of one account.

The number and the name of exactly one contact there link at once; what is only alike is weighed and
asked about, and nobody waits for the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from leadfit import resolve
from leadfit.pipeline.case import Case, Colleague, Desk
from leadfit.records import Candidate, Contact, Keys, Match, Reason, Signal
from leadfit.resolve.by_weight import evidence
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.starter import colleague_card
from leadfit.resolve.model.weigh import weigh
from leadfit.resolve.rules.known_contact import is_same_person, only_holder

_MOST: Final = 20


def with_colleague(desk: Desk, signal: Signal, keys: Keys, match: Match) -> Match:
    """Link the one contact of the matched account who has the number and the name, too.

    Contacts of other accounts are no obstacle: the account is known by something else.
    """
    if signal.identifiers.phone is None:
        return match
    said = resolve.contact_side(signal, keys, desk.policy)
    of_account = [
        each
        for each in by_phone(desk, signal, keys)
        if each.account is not None and each.account.account_id == match.account_id
    ]
    found = only_holder(said, of_account)
    if found is None or found.contact is None or not is_same_person(said, found.columns):
        return match
    contact_id = found.contact.contact_id
    words = f"contact {contact_id} of the account has the number and the name"
    return replace(
        match,
        contact_id=contact_id,
        lead_id=match.lead_id or found.open_lead_id,
        reasons=(*match.reasons, Reason(rule="contact.known", words=words)),
    )


def by_phone(desk: Desk, signal: Signal, keys: Keys) -> tuple[Candidate, ...]:
    """Return contacts whose number ends alike; a common one, such as a switchboard's, has none."""
    if signal.identifiers.phone is None:
        return ()
    said = resolve.contact_side(signal, keys, desk.policy)
    if "phone.suffix" not in said or "surname" not in said:
        return ()
    number = {"phone.suffix": said["phone.suffix"]}
    return desk.session.accounts.blocked(RecordKind.CONTACT, number, _MOST).candidates


def likeliest(case: Case, contact: Contact, account_id: str) -> Colleague | None:
    """Return which contact of the account a new one may be, how likely, and why."""
    given = case.signal.identifiers
    if not any((given.phone, given.name, given.first_name, given.last_name)):
        return None  # nobody is found by neither a name nor a number
    said = resolve.contact_side(case.signal, case.keys, case.desk.policy)
    rules, card = case.desk.policy.matching, colleague_card()
    best: Colleague | None = None
    for each in _alike(case, said):
        other = each.contact
        if other is None or other.account_id != account_id:
            continue
        if other.contact_id == contact.contact_id:
            continue
        weighing, named = weigh(card, said, each.columns), tuple[Reason, ...]()
        probability = weighing.probability
        if is_same_person(said, each.columns):
            probability = max(probability, rules.probability.same_person)
            words = f"contact {other.contact_id} of the same account has the same name"
            named = (Reason(rule="contact.namesake", words=words),)
        if probability >= rules.review and (best is None or probability > best.probability):
            best = Colleague(
                contact_id=other.contact_id,
                probability=probability,
                evidence=(*named, *evidence(card, weighing)),
                open_lead_id=each.open_lead_id,
            )
    return best


def _alike(case: Case, said: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield contacts of a name, or of one it is short for, in either order, or of a number."""
    desk, surname, first = case.desk, said.get("surname"), said.get("first_name")
    blocked = desk.session.accounts.blocked
    if surname and first:
        names = {each[0]: each for each in (*said.get("first_name.nick", "").split(), first)}
        pairs = [*((surname, each) for _, each in sorted(names.items())), (first, surname)]
        for last, given in pairs:
            name = {"surname": last, "first_name": given}
            yield from blocked(RecordKind.CONTACT, name, _MOST).candidates
    yield from by_phone(desk, case.signal, case.keys)
