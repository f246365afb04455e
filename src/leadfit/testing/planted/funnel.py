"""From a first click to a signature: what reps did with the leads of an entity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadfit.testing.planted import names
from leadfit.testing.planted.arrivals import Attempt, attempts
from leadfit.testing.planted.customers import quote
from leadfit.testing.planted.dials import Dials, Dice, cumulate, sigmoid
from leadfit.testing.planted.economics import WORKED, Economics
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.ledger import DAY, AccountRow, ContactRow, LeadRow, Ledger, Sale, money
from leadfit.testing.planted.market import CHANNELS
from leadfit.testing.planted.population import Entity

_UNLINKED = 0.04
_ENGAGEMENT = {
    "page_view": 0.30,
    "email_open": 0.14,
    "blog_view": 0.11,
    "docs_view": 0.10,
    "pricing_view": 0.10,
    "content_download": 0.08,
    "case_study_view": 0.05,
    "comparison_view": 0.04,
    "demo_request": 0.03,
    "calculator": 0.02,
    "intent_topic": 0.02,
    "competitor_research": 0.01,
}
_ENGAGED = cumulate(tuple(_ENGAGEMENT.values()))
_KINDS = tuple(_ENGAGEMENT)
_WHY_LOST = ("price", "no_decision", "competitor", "missing_function", "budget_cut")
_WHY_STALLED = ("no_next_step", "champion_left", "budget_frozen", "went_silent")
_WHY_REJECTED = ("bad_timing", "not_a_fit", "competitor", "student", "no_response")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCase:
    """A lead that is being walked up the ladder."""

    lead_id: str
    account: AccountRow
    contact: ContactRow
    attempt: Attempt


class Funnel:
    """Walks leads up the ladder and notes what a CRM would have noted."""

    def __init__(
        self, dials: Dials, facts: Sequence[PlantedFact], economics: Economics, ledger: Ledger
    ) -> None:
        self._dials = dials
        self._facts = facts
        self._economics = economics
        self._ledger = ledger

    def run(self, entity: Entity) -> None:
        """Record the leads of an entity until one of them is won or the company has enough."""
        dials, ledger = self._dials, self._ledger
        tries = attempts(dials, self._economics.market, entity, ledger.end, self._facts)
        dice = Dice(dials.seed, "funnel", entity.number)
        doubled = dice.chance(dials.duplicates)
        account = self._open_account(entity, tries[0], dice)
        contact = self._open_contact(account, tries[0].created, dice)
        for attempt in tries:
            if len(ledger.leads) >= dials.leads:
                return
            if attempt is not tries[0] and dice.chance(0.5):
                contact = self._open_contact(account, attempt.created, dice)
            if self._walk(self._case(account, contact, attempt), dice) == 3:
                break
        if doubled and len(ledger.leads) < dials.leads:
            self._double(account, contact, tries[0], dice)

    def _case(self, account: AccountRow, contact: ContactRow, attempt: Attempt) -> LeadCase:
        lead_id = f"lead_{len(self._ledger.leads) + 1:06d}"
        return LeadCase(lead_id=lead_id, account=account, contact=contact, attempt=attempt)

    def _open_account(self, entity: Entity, first: Attempt, dice: Dice) -> AccountRow:
        misspelt = dice.chance(self._dials.misspellings)
        account = AccountRow(
            account_id=entity.account_id,
            entity=entity,
            name=names.misspell(entity.name, dice) if misspelt else entity.name,
            domain="" if dice.chance(0.04) else entity.domain,
            created=max(0, first.created - int(dice.exponential(20) * DAY)),
            owner_id=first.seller.rep_id,
        )
        self._ledger.accounts.append(account)
        return account

    def _open_contact(self, account: AccountRow, created: int, dice: Dice) -> ContactRow:
        first, last, title = names.person(dice)
        entity = account.entity
        contact_id = f"con_{len(self._ledger.contacts) + 1:06d}"
        if dice.chance(self._dials.free_mail):
            email = names.free_address(first, last, entity.stem, dice)
        else:
            email = names.address(first, last, entity.domain, entity.number)
        contact = ContactRow(
            contact_id=contact_id,
            person=contact_id,
            account_id=account.account_id,
            email=email,
            first_name=first,
            last_name=names.misspell(last, dice) if dice.chance(self._dials.misspellings) else last,
            title=title,
            phone=names.phone(dice, entity.country) if dice.chance(0.6) else "",
            created=created,
        )
        self._ledger.contacts.append(contact)
        return contact

    def _walk(self, case: LeadCase, dice: Dice) -> int:
        """Record one lead with all its events; return the furthest step before the end."""
        entity, chance, attempt = case.account.entity, case.attempt.chance, case.attempt
        score = self._economics.old_score(entity.levels, chance.heat, chance.noise)
        self._engage(case, dice)
        decided = self._assign(case.lead_id, attempt, dice)
        accept = self._economics.accept(
            entity, entity.levels, score, attempt.seller.leniency, attempt.fallen
        )
        reached = 0
        if chance.accept < sigmoid(accept):
            reached = self._work(case, decided, dice)
        elif dice.chance(0.92):
            why = self._why_rejected(attempt, entity, dice)
            self._ledger.note(decided, "rejected", lead_id=case.lead_id, reason=why)
        self._file(case, score, reached, dice)
        return reached

    def _engage(self, case: LeadCase, dice: Dice) -> None:
        for _ in range(case.attempt.chance.heat):
            minute = case.attempt.created + int((12 - dice.exponential(16)) * DAY)
            kind = _KINDS[dice.place(_ENGAGED)]
            if minute >= 0:
                self._ledger.note(
                    minute, kind, lead_id=case.lead_id, contact_id=case.contact.contact_id
                )

    def _assign(self, lead_id: str, attempt: Attempt, dice: Dice) -> int:
        """Record assignment and first touch; return when the rep will have decided."""
        assigned = attempt.created + 1 + int(dice.exponential(45))
        touched = assigned + 2 + int(dice.exponential(420))
        self._ledger.note(assigned, "assigned", lead_id=lead_id)
        if dice.chance(0.93):
            self._ledger.note(touched, "touched", lead_id=lead_id)
        return touched + int((0.1 + min(20.0, dice.exponential(1.6))) * DAY)

    def _work(self, case: LeadCase, decided: int, dice: Dice) -> int:
        """Record what followed an acceptance; return the furthest step that was recorded."""
        entity, chance, ledger = case.account.entity, case.attempt.chance, self._ledger
        skill, lead_id = case.attempt.seller.skill, case.lead_id
        ledger.note(decided, "accepted", lead_id=lead_id)
        worked = decided + int(dice.between(0.2, 3.0) * DAY)
        if chance.work >= WORKED or not ledger.note(worked, "worked", lead_id=lead_id):
            return 0
        qualified = worked + int((5 + min(50.0, dice.exponential(14))) * DAY)
        if chance.qualify >= sigmoid(self._economics.qualify(entity, entity.levels, skill)):
            self._let_go(lead_id, qualified, dice)
            return 1
        hoped = money(quote(dice))
        if not ledger.note(qualified, "qualified", lead_id=lead_id, amount=hoped):
            return 1
        closed = self._close(qualified, dice)
        odds = self._economics.win(entity, entity.levels, skill, case.attempt.fallen)
        if chance.win >= sigmoid(odds):
            kind, why = ("lost", _WHY_LOST) if dice.chance(0.75) else ("stalled", _WHY_STALLED)
            ledger.note(closed, kind, lead_id=lead_id, reason=dice.pick(why))
            return 2
        if closed > ledger.end:
            return 2
        ledger.won[entity.number] = Sale(
            account=case.account, contact=case.contact, lead_id=lead_id, closed=closed
        )
        return 3

    def _let_go(self, lead_id: str, minute: int, dice: Dice) -> None:
        later = minute + int(dice.between(5, 40) * DAY)
        if dice.chance(0.6):
            self._ledger.note(later, "stalled", lead_id=lead_id, reason=dice.pick(_WHY_STALLED))
        elif dice.chance(0.5):
            self._ledger.note(later, "lost", lead_id=lead_id, reason=dice.pick(_WHY_LOST))

    def _close(self, qualified: int, dice: Dice) -> int:
        closed = qualified + int((10 + min(80.0, dice.exponential(30))) * DAY)
        late = self._ledger.calendar.quarter_end(closed) - int(dice.between(0.2, 8) * DAY)
        pulled = dice.chance(self._dials.seasonality)
        return late if pulled and late > closed else closed

    def _why_rejected(self, attempt: Attempt, entity: Entity, dice: Dice) -> str:
        if attempt.fallen and dice.chance(0.6):
            return "segment_not_buying"
        if entity.levels[1] == 0 and dice.chance(0.4):
            return "too_small"
        return dice.pick(_WHY_REJECTED)

    def _file(self, case: LeadCase, score: int, reached: int, dice: Dice) -> None:
        entity, created = case.account.entity, case.attempt.created
        channel, day = CHANNELS[entity.channel], self._ledger.calendar.at(created)
        self._ledger.leads.append(
            LeadRow(
                lead_id=case.lead_id,
                entity=entity,
                account_id=case.account.account_id,
                contact=case.contact,
                created=created,
                email=case.contact.email,
                company=names.typed(entity.name, dice, self._dials.misspellings),
                campaign=f"{channel}_{day.year}_q{(day.month + 2) // 3}_{dice.whole(1, 3)}",
                rep_id=case.attempt.seller.rep_id,
                score=score,
                is_linked=not dice.chance(_UNLINKED),
                reached=reached,
            )
        )

    def _double(self, account: AccountRow, contact: ContactRow, first: Attempt, dice: Dice) -> None:
        """Record the entity and its contact a second time, with a lead that is a repeat."""
        ledger, entity = self._ledger, account.entity
        created = first.created + int(dice.between(0.01, 6) * DAY)
        if created > ledger.end:
            return
        double = AccountRow(
            account_id=f"acd_{entity.number + 1:06d}",
            entity=entity,
            name=names.misspell(names.typed(entity.name, dice, 0.0), dice),
            domain=entity.domain if dice.chance(0.4) else "",
            created=created,
            owner_id=account.owner_id,
            is_duplicate=True,
        )
        ledger.accounts.append(double)
        again = ContactRow(
            contact_id=f"con_{len(ledger.contacts) + 1:06d}",
            person=contact.person,
            account_id=double.account_id,
            email=names.address(
                contact.first_name, contact.last_name, entity.domain, entity.number + 1
            ),
            first_name=contact.first_name,
            last_name=names.misspell(contact.last_name, dice),
            title=contact.title,
            phone=contact.phone,
            created=created,
        )
        ledger.contacts.append(again)
        repeat = Attempt(
            created=created, chance=first.chance, seller=first.seller, fallen=first.fallen
        )
        case = self._case(double, again, repeat)
        ledger.note(created + 30 * 60, "rejected", lead_id=case.lead_id, reason="duplicate")
        score = self._economics.old_score(entity.levels, first.chance.heat, first.chance.noise)
        self._file(case, score, 0, dice)
