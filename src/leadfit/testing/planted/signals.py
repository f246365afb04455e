"""Signals that come to a planted company after its history: the live part of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from leadfit.testing.planted import names
from leadfit.testing.planted.company import Company
from leadfit.testing.planted.dials import Dice, cumulate
from leadfit.testing.planted.ledger import ContactRow
from leadfit.testing.planted.market import CHANNELS
from leadfit.testing.planted.population import Entity, Population


class SignalCase(StrEnum):
    """What a signal is, for whoever checks what became of it."""

    KNOWN_CONTACT = "known_contact"
    NEW_CONTACT = "new_contact"
    NEW_ACCOUNT = "new_account"
    FREE_MAIL = "free_mail"
    ROLE_MAILBOX = "role_mailbox"
    SUBSIDIARY = "subsidiary"
    VISIT = "visit"
    SAME_CONTACT_AGAIN = "same_contact_again"
    BROWSING = "browsing"
    REPEAT = "repeat"


_SHARES = {
    SignalCase.KNOWN_CONTACT: 0.14,
    SignalCase.NEW_CONTACT: 0.18,
    SignalCase.NEW_ACCOUNT: 0.14,
    SignalCase.FREE_MAIL: 0.07,
    SignalCase.ROLE_MAILBOX: 0.05,
    SignalCase.SUBSIDIARY: 0.06,
    SignalCase.VISIT: 0.08,
    SignalCase.SAME_CONTACT_AGAIN: 0.06,
    SignalCase.BROWSING: 0.20,
    SignalCase.REPEAT: 0.02,
}
_CASES, _OFTEN = tuple(_SHARES), cumulate(tuple(_SHARES.values()))
_OPENS = ("form_fill", "form_fill", "form_fill", "demo_request", "demo_request", "email_reply")
_VISITS = (
    *("page_view", "page_view", "page_view", "pricing_view", "pricing_view", "calculator"),
    *("docs_view", "case_study_view", "comparison_view", "content_download", "blog_view"),
)
_LOOKS = (
    *("pricing_view", "calculator", "docs_view", "case_study_view", "comparison_view"),
    *("intent_topic", "competitor_research"),
)
_TOLD_BY_A_VENDOR = {"intent_topic", "competitor_research"}
_ONE_IN_WARM = 8
"""One opener in so many goes on browsing, so that its looks add up."""
_ROLES = ("info", "sales", "office", "hello", "contact")
_WORDS = (
    "We would like to see it with our own figures.",
    "Who can tell us about prices for a team of our size?",
    "Please call me before the end of the week.",
    "Looking for something to replace our spreadsheets.",
    "Do you integrate with an in-house system?",
)
_TOLD = ("industry", "employees", "technical_maturity", "crm_in_use", "data_warehouse")
_ASKED = ("use_case", "job_to_be_done", "budget_authority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A signal with what is true of it.

    Attributes:
        body: The body for ``POST /v1/signals``.
        entity: Whom it truly comes from.
        is_known: The entity stands in the export.
        contact_id: The contact of the export it truly comes from, if it is one.
    """

    body: Mapping[str, object]
    case: SignalCase
    entity: Entity
    is_known: bool
    contact_id: str | None = None


def new_signals(
    company: Company, n: int, *, until: datetime | None = None, hours: float = 8.0
) -> list[dict[str, object]]:
    """Return ``n`` bodies for ``POST /v1/signals``, in the order of their times.

    Args:
        company: Whose contacts, accounts and newcomers send them.
        n: Their number.
        until: Time of the last one; aware. A day after the end of the history by default.
        hours: Hours over which they are spread.

    >>> from leadfit.testing import planted
    >>> company = planted.simulate(planted.Dials(leads=60, facts=12))
    >>> sorted(planted.new_signals(company, 1)[0])[:3]
    ['at', 'event_id', 'facts']
    """
    return [dict(each.body) for each in arrivals(company, n, until=until, hours=hours)]


def arrivals(
    company: Company, n: int, *, until: datetime | None = None, hours: float = 8.0
) -> list[Arrival]:
    """Return the same signals as :func:`new_signals`, each with what is true of it."""
    last = until if until is not None else company.ends_at + timedelta(days=1)
    senders = _Senders(company)
    made: list[Arrival] = []
    for number in range(n):
        at = last - timedelta(seconds=int(3600 * hours * (n - 1 - number) / max(1, n - 1)))
        made.append(senders.send(number, at, made))
    return made


class _Senders:
    """Everyone who may send a signal."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._contacts = company.ledger.contacts
        self._by_account = {row.account_id: row.entity for row in company.ledger.accounts}
        self._newcomers = Population(
            company.dials, company.facts, company.economics.market, company.entities
        )
        self._places = {fact.name: place for place, fact in enumerate(company.facts)}

    def send(self, number: int, at: datetime, before: Sequence[Arrival]) -> Arrival:
        dice = Dice(self._company.dials.seed, "signal", number)
        case = _CASES[dice.place(_OFTEN)]
        opened = [each for each in before[-40:] if each.body["kind"] in _OPENS]
        warm = [
            each
            for each in before[-150:]
            if each.body["kind"] in _OPENS and _number_of(each) % _ONE_IN_WARM == 0
        ]
        if case in {SignalCase.REPEAT, SignalCase.SAME_CONTACT_AGAIN} and not opened:
            case = SignalCase.KNOWN_CONTACT
        if case is SignalCase.BROWSING and not warm:
            case = SignalCase.VISIT
        match case:
            case SignalCase.BROWSING:
                return _browsing(dice.pick(warm), number, at, dice)
            case SignalCase.REPEAT:
                first = dice.pick(opened)
                return Arrival(
                    body=first.body,
                    case=case,
                    entity=first.entity,
                    is_known=first.is_known,
                    contact_id=first.contact_id,
                )
            case SignalCase.SAME_CONTACT_AGAIN:
                return self._again(dice.pick(opened), number, at, dice)
            case SignalCase.KNOWN_CONTACT | SignalCase.VISIT:
                return self._known(case, number, at, dice)
            case SignalCase.NEW_ACCOUNT | SignalCase.SUBSIDIARY:
                return self._stranger(case, number, at, dice)
            case SignalCase.NEW_CONTACT | SignalCase.FREE_MAIL | SignalCase.ROLE_MAILBOX:
                return self._stranger(case, number, at, dice)

    def _again(self, first: Arrival, number: int, at: datetime, dice: Dice) -> Arrival:
        """Return a second form of the same person, typed a little differently."""
        kind = "demo_request" if first.body["kind"] == "form_fill" else "form_fill"
        told = first.body["identifiers"]
        identifiers = dict(told) if isinstance(told, Mapping) else {}
        if "company" in identifiers and dice.chance(0.5):
            identifiers["company"] = names.misspell(str(identifiers["company"]), dice)
        body = {
            **first.body,
            "event_id": f"sig-{number + 1:07d}",
            "kind": kind,
            "at": _stamp(at),
            "identifiers": identifiers,
        }
        return Arrival(
            body=body,
            case=SignalCase.SAME_CONTACT_AGAIN,
            entity=first.entity,
            is_known=first.is_known,
            contact_id=first.contact_id,
        )

    def _known(self, case: SignalCase, number: int, at: datetime, dice: Dice) -> Arrival:
        contact: ContactRow = dice.pick(self._contacts)
        entity = self._by_account[contact.account_id]
        visit = case is SignalCase.VISIT
        identifiers = {"email": contact.email}
        if not visit:
            identifiers |= _named(contact.first_name, contact.last_name, contact.title)
            identifiers["company"] = names.typed(entity.name, dice, 0.1)
        facts = {} if visit else self._facts(entity, _ASKED, dice)
        kind = dice.pick(_VISITS if visit else _OPENS)
        body = _body(
            number,
            kind,
            at,
            identifiers=identifiers,
            facts=facts,
            text="" if visit else dice.pick(_WORDS),
        )
        return Arrival(
            body=body, case=case, entity=entity, is_known=True, contact_id=contact.contact_id
        )

    def _stranger(self, case: SignalCase, number: int, at: datetime, dice: Dice) -> Arrival:
        is_new = case is SignalCase.NEW_ACCOUNT or (
            case is SignalCase.FREE_MAIL and dice.chance(0.5)
        )
        entity = self._newcomers.found() if is_new else dice.pick(self._company.entities)
        first, last, title = names.person(dice)
        identifiers = {"company": names.typed(entity.name, dice, 0.1)}
        match case:
            case SignalCase.ROLE_MAILBOX:
                identifiers["email"] = f"{dice.pick(_ROLES)}@{entity.domain}"
            case SignalCase.FREE_MAIL:
                identifiers["email"] = names.free_address(first, last, entity.stem, dice)
            case SignalCase.SUBSIDIARY:
                domain = self._branch_domain(entity, dice)
                identifiers["email"] = names.address(first, last, domain, 0)
            case _:
                identifiers["email"] = names.address(first, last, entity.domain, entity.number)
        if case is not SignalCase.ROLE_MAILBOX:
            identifiers |= _named(first, last, title)
        if dice.chance(0.4):
            identifiers["phone"] = names.phone(dice, entity.country)
        facts = self._facts(entity, (*_TOLD, *_ASKED), dice)
        kind, text = dice.pick(_OPENS), dice.pick(_WORDS)
        body = _body(number, kind, at, identifiers=identifiers, facts=facts, text=text)
        known = not is_new and case is not SignalCase.SUBSIDIARY
        return Arrival(body=body, case=case, entity=entity, is_known=known)

    def _branch_domain(self, entity: Entity, dice: Dice) -> str:
        """Return the same label under another country, or a longer label."""
        label, ending = entity.domain.split(".", 1)
        if dice.chance(0.6):
            return f"{label}.{'com' if ending != 'com' else 'de'}"
        return f"{label}-group.{ending}"

    def _facts(
        self, entity: Entity, wanted: Sequence[str], dice: Dice
    ) -> dict[str, str | int | bool]:
        facts: dict[str, str | int | bool] = {"country": entity.country}
        for name in wanted:
            place = self._places[name]
            if dice.chance(0.9):
                value = entity.values[place]
                facts[name] = int(value) if self._company.facts[place].is_number else value
        facts["channel"] = CHANNELS[entity.channel]
        if facts.get("budget_authority") == "owns_budget":
            facts["budget_confirmed"] = True
        if dice.chance(0.3):
            facts["product"] = dice.pick(("api", "platform", "suite"))
        return facts


def _number_of(arrival: Arrival) -> int:
    return int(str(arrival.body["event_id"]).removeprefix("sig-"))


def _browsing(first: Arrival, number: int, at: datetime, dice: Dice) -> Arrival:
    """Return a look at a telling page by somebody who came forward before."""
    told = first.body["identifiers"]
    identifiers = {"email": str(told["email"])} if isinstance(told, Mapping) else {}
    kind = dice.pick(_LOOKS)
    body = _body(number, kind, at, identifiers=identifiers, facts={}, text="")
    if kind in _TOLD_BY_A_VENDOR:
        body["source"] = "intent-vendor"
    return Arrival(
        body=body,
        case=SignalCase.BROWSING,
        entity=first.entity,
        is_known=first.is_known,
        contact_id=first.contact_id,
    )


def _named(first: str, last: str, title: str) -> dict[str, str]:
    return {"first_name": first, "last_name": last, "title": title}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()[:19] + "Z"


def _body(
    number: int,
    kind: str,
    at: datetime,
    *,
    identifiers: Mapping[str, str],
    facts: Mapping[str, str | int | bool],
    text: str,
) -> dict[str, object]:
    body: dict[str, object] = {
        "source": "website",
        "event_id": f"sig-{number + 1:07d}",
        "kind": kind,
        "at": _stamp(at),
        "identifiers": dict(identifiers),
        "facts": dict(facts),
    }
    if text:
        body["text"] = text
    return body
