"""Puts together what a person needs to know about an action, when it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from leadfit.canonical import canonical
from leadfit.connectors.base import Brief, Person
from leadfit.pipeline.tape import PERSONAL
from leadfit.policy import Policy
from leadfit.records import Action, ClockKind
from leadfit.store import Store
from leadfit.store.personal import part_facts, veil
from leadfit.store.views import LeadView

_PARTS: Final = 3
"""Parts of the score that a message names: what fits into three lines of a chat."""


class Briefings:
    """Asks the store about the lead of an action.

    Args:
        store: Knows the lead.
        policy: Knows the reps.
        page: Where the pages of leads are for those who read the message, if anywhere.
        is_personal: Whether it tells of persons: the contact, and reps by more than their ids.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        page: str | None,
        *,
        is_personal: bool = True,
    ) -> None:
        self._is_personal = is_personal
        self._store = store
        self._policy = policy
        self._page = None if page is None else page.rstrip("/")

    def __call__(self, action: Action) -> Brief:
        """Return what is known now; an action without a lead tells of its recipients alone."""
        people = tuple(self._person(rep_id) for rep_id in action.recipients)
        view = None
        if action.lead_id:
            view = self._store.read(lambda session: session.leads.view(action.lead_id))
        tier = action.fields.get("tier")
        if view is None:
            return Brief(people=people, tier=tier if isinstance(tier, int) else None)
        brief = self._of(view, people)
        return brief if self._is_personal else self._without_persons(brief, view)

    def _of(self, view: LeadView, people: tuple[Person, ...]) -> Brief:
        lead, contact, account, rated = view.lead, view.contact, view.account, view.score
        name = None
        if contact is not None:
            name = " ".join(each for each in (contact.first_name, contact.last_name) if each)
        return Brief(
            people=people,
            owner=None if lead.owner_id is None else self._person(lead.owner_id),
            tier=None if lead.tier is None else int(lead.tier),
            score=None if rated is None or rated.model == "C" else rated.total,
            chance=None if rated is None or rated.model != "C" else rated.total / 100,
            contact=name or None,
            title=None if contact is None else contact.title,
            email=None if contact is None else contact.email,
            phone=None if contact is None else contact.phone,
            account_id=None if account is None else account.account_id,
            contact_id=None if contact is None else contact.contact_id,
            account=None if account is None else account.name,
            domain=next(iter(account.domains), None) if account is not None else None,
            reasons=_reasons(view),
            due_at=_due(view),
            link=None if self._page is None else f"{self._page}/leads/{lead.lead_id}",
        )

    def _without_persons(self, brief: Brief, view: LeadView) -> Brief:
        """Leave out who somebody is; where a reason quotes a value, its name stands there."""
        lead_id = view.lead.lead_id
        rated = self._store.read(lambda session: session.leads.rated(lead_id))
        _, personal = part_facts({} if rated is None else rated.subject.facts)
        contact = view.contact
        known: dict[str, object] = {**personal}
        if contact is not None:
            for name in PERSONAL:
                known[name] = getattr(contact, name)
            known["name"] = brief.contact
        said = veil(canonical([{"words": each} for each in brief.reasons]).decode(), known)
        return replace(
            brief, contact=None, title=None, email=None, phone=None,
            reasons=tuple(each["words"] for each in json.loads(said)),
        )  # fmt: skip

    def _person(self, rep_id: str) -> Person:
        rep = self._policy().rep(rep_id) if self._is_personal else None
        if rep is None:
            return Person(rep_id=rep_id, name=rep_id)
        return Person(rep_id=rep_id, name=rep.name, email=rep.email, timezone=rep.timezone)


def _reasons(view: LeadView) -> tuple[str, ...]:
    """Return why this owner, then what weighs most in the score."""
    parts = [] if view.score is None else [each for each in view.score.reasons if each.points]
    parts.sort(key=lambda each: -(each.points or 0))
    # What counts in several parts of the score is said once.
    weighty = dict.fromkeys(each.words for each in parts)
    return (*(each.words for each in view.reasons[:1]), *islice(weighty, _PARTS))


def _due(view: LeadView) -> datetime | None:
    for clock in view.clocks:
        if clock.is_running and clock.clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH:
            return clock.clock.due_at
    return None
