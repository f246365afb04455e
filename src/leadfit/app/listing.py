"""Lists of leads, and the one that a person means by an id, an address or a domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from leadfit import resolve
from leadfit.errors import BadInput, Fault, NotFound, Words, shorten
from leadfit.pipeline.sides import may_see
from leadfit.policy import Policy
from leadfit.records import Band, ClockKind, Contact, Keys, Tier
from leadfit.store import Session, Store
from leadfit.store.listing import LeadFilter
from leadfit.store.views import LeadView
from leadfit.world import World

MOST_LEADS: Final = 500
_NAMED: Final = 100
"""Most leads of one person or account among which one is looked for."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsAsked:
    """Which leads somebody wants listed; what is not set leaves nothing out.

    Attributes:
        tier: They have this tier.
        owner_id: They have this owner.
        is_open: They are open, or closed.
        since: They were created then or later.
        account: They are of the account with this id, or of those that hold this domain.
        person: They are of the contact with this e-mail address or id.
        is_unassigned: They are open and have no owner.
        is_breached: A clock of theirs ran out, whenever that was.
        is_untouched: They are open and nobody touched them yet.
        viewer: Id of the rep who looks. Leads of owners outside the rep's team, unless they report
            to the rep, are left out, and accounts of such owners are not shown; ``None`` is a
            person in ops, who sees everything.
    """

    tier: Tier | None = None
    owner_id: str | None = None
    is_open: bool | None = None
    since: datetime | None = None
    account: str | None = None
    person: str | None = None
    is_unassigned: bool = False
    is_breached: bool = False
    is_untouched: bool = False
    viewer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A lead in a list.

    Attributes:
        account: Name of the account.
        contact: Name of the contact, else its address.
        clock: The clock that is due next.
        due_at: When it is.
        is_overdue: That time is over.
        is_breached: A clock of the lead ran out, whenever that was.
        is_account_hidden: It is of an account the viewer may not see.
    """

    lead_id: str
    created_at: datetime
    is_open: bool
    tier: Tier | None
    score: float | None
    owner_id: str | None
    account_id: str | None
    account: str | None
    contact_id: str | None
    contact: str | None
    email: str | None
    source: str | None
    band: Band | None
    probability: float | None
    touched_at: datetime | None
    clock: ClockKind | None
    due_at: datetime | None
    is_overdue: bool
    is_breached: bool
    is_account_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPage:
    """A page of a list of leads, newest first.

    Attributes:
        views: The leads.
        rows: The same, as they are listed.
        next: The lead behind which the next page begins; ``None`` on the last.
    """

    views: tuple[LeadView, ...]
    rows: tuple[LeadRow, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The lead that somebody means.

    Attributes:
        lead_id: Its id.
        asked: What came.
        others: Other leads it may have been, newest first, as far as they were looked for.
        words: Which one it is and which others there are; empty where an id came.
    """

    lead_id: str
    asked: str
    others: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Records:
    """Accounts and contacts that somebody names."""

    accounts: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()


class Listing:
    """The part of :class:`leadfit.Leadfit` that finds leads; safe to use from any thread.

    Args:
        world: Time.
        store: The store.
        policy: Returns the policy in force: who is on which team.
    """

    def __init__(self, world: World, store: Store, policy: Callable[[], Policy]) -> None:
        self._world = world
        self._store = store
        self._policy = policy

    def page(
        self, asked: LeadsAsked | None = None, limit: int = 50, *, after: str | None = None
    ) -> LeadPage:
        """Return leads, newest first, those created at one moment by their ids.

        Args:
            asked: Which; all by default.
            limit: At most so many, up to 500.
            after: The last lead of the page before, as its ``next`` says.

        Raises:
            BadInput: No lead has the id ``after``.
            NotFound: There is no such account, person or rep, or the viewer may not see it.
        """
        most = max(1, min(limit, MOST_LEADS))
        wanted, policy, now = asked or LeadsAsked(), self._policy(), self._world.now()
        if wanted.viewer is not None and policy.rep(wanted.viewer) is None:
            raise NotFound("rep", wanted.viewer)

        def look(session: Session) -> tuple[LeadView, ...]:
            if after is not None and session.leads.get(after) is None:
                allowed = "the id of a lead, as next says"
                raise BadInput(Fault(place="after", came=shorten(after), allowed=allowed))
            return session.leads.page(most + 1, after, _filter(session, policy, wanted))

        found = self._store.read(look)
        views = tuple(_seen(policy, wanted.viewer, each) for each in found[:most])
        return LeadPage(
            views=views,
            rows=tuple(
                _row(view, now, is_hidden=view.account != whole.account)
                for view, whole in zip(views, found, strict=False)
            ),
            next=views[-1].lead.lead_id if len(found) > most else None,
        )

    def every(self, asked: LeadsAsked, most: int | None = None) -> Iterator[LeadRow]:
        """Yield the rows of all pages one after another, at most so many.

        Raises:
            NotFound: As :meth:`page` does.
        """
        after: str | None = None
        left = most
        while left is None or left > 0:
            page = self.page(asked, min(MOST_LEADS, left or MOST_LEADS), after=after)
            yield from page.rows
            left = None if left is None else left - len(page.rows)
            after = page.next
            if after is None:
                return

    def find(self, words: str, *, to_change: bool = False) -> Found:
        """Return the lead that a person means by an id, an e-mail address or a domain.

        Of several leads the newest is meant, and the others are named. Where something is
        ``to_change``, of several the one that is open; two open ones are not chosen between.

        Args:
            words: The id of a lead; else an e-mail address, a domain, or the id of an account or
                contact.
            to_change: The lead is to be changed.

        Raises:
            NotFound: There is no such lead.
            BadInput: Something is to be changed, and it may be several leads.
        """
        said = words.strip()

        def look(session: Session) -> tuple[LeadView, ...] | None:
            if session.leads.get(said) is not None:
                return None
            return self._of(session, said)

        views = self._store.read(look)
        if views is None:
            return Found(lead_id=said, asked=words)
        return _meant(said, views, to_change=to_change)

    def _of(self, session: Session, said: str) -> tuple[LeadView, ...]:
        """Return the leads of whom somebody names, newest first.

        Raises:
            NotFound: There is none.
        """
        records = _records(session, said)
        if not records.accounts and not records.contacts:
            if "@" not in said and "." not in said:
                raise NotFound("lead", said)
            why = f"no lead: nothing is on record under {shorten(said)}"
            raise NotFound("lead", said, why)
        wanted = LeadFilter(
            account_ids=records.accounts or None, contact_ids=records.contacts or None
        )
        views = session.leads.page(_NAMED, None, wanted)
        if not views:
            raise NotFound("lead", said, _none_of(session, said))
        return views


def _meant(said: str, views: tuple[LeadView, ...], *, to_change: bool) -> Found:
    chosen = views[0]
    if to_change and len(views) > 1:
        live = [each for each in views if each.lead.is_open]
        if len(live) != 1:
            raise BadInput(Fault(place="LEAD", came=_came(said, views, live), allowed="its id"))
        chosen = live[0]
    lead_id = chosen.lead.lead_id
    others = tuple(each.lead.lead_id for each in views if each.lead.lead_id != lead_id)
    return Found(
        lead_id=lead_id,
        asked=said,
        others=others,
        words=_which(said, chosen, others, to_change=to_change),
    )


def _came(said: str, views: tuple[LeadView, ...], live: list[LeadView]) -> Words:
    shown = live or views
    ids = ", ".join(each.lead.lead_id for each in shown[:_SHOWN])
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    what = f"{len(live)} open leads" if live else f"{_number(len(views))} closed leads"
    return Words(f"{shorten(said)}, which is of {what}: {ids}{more}")


def _which(said: str, chosen: LeadView, others: tuple[str, ...], *, to_change: bool) -> str:
    state = "open" if chosen.lead.is_open else "closed"
    day = f"{chosen.lead.created_at:%Y-%m-%d}"
    words = f"{shorten(said)} is lead {chosen.lead.lead_id}, {state}, of {day}"
    if not others:
        return words
    ids = ", ".join(others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    which = "the only open one" if to_change else "the newest"
    return f"{words}, {which} of {_number(len(others) + 1)}; the others are {ids}{more}"


def _number(count: int) -> str:
    return f"{count} or more" if count >= _NAMED else str(count)


def _none_of(session: Session, said: str) -> str:
    why = f"{shorten(said)} is on record, and no lead is of it"
    domain = resolve.domain_key(said.rpartition("@")[2]) if "@" in said else None
    if domain is None or not session.accounts.candidates(Keys(domain=domain)):
        return why
    return f"{why}; for leads of its company: leadfit leads --account {domain}"


def _records(session: Session, said: str) -> _Records:
    """Return the accounts and contacts that somebody names, by what stands for them."""
    accounts = session.accounts
    if "@" in said:
        keys = Keys(email=resolve.email_key(said), contact_id=said)
        known = accounts.candidates(keys)
        ids = dict.fromkeys(each.contact.contact_id for each in known if each.contact is not None)
        return _Records(contacts=tuple(ids))
    account = accounts.account(said)
    if account is not None:
        return _Records(accounts=(account.account_id,))
    contact = accounts.contact(said)
    if contact is not None:
        return _Records(contacts=(contact.contact_id,))
    domain = resolve.domain_key(said) if "." in said else None
    known = () if domain is None else accounts.candidates(Keys(domain=domain))
    named = dict.fromkeys(each.account.account_id for each in known if each.account is not None)
    return _Records(accounts=tuple(named))


def _filter(session: Session, policy: Policy, asked: LeadsAsked) -> LeadFilter:
    """Return what the store is asked for.

    Raises:
        NotFound: There is no such account or person, or the viewer may not see it.
    """
    viewer = asked.viewer
    owners = (each.rep_id for each in policy.reps)
    seen = tuple(sorted(each for each in owners if may_see(policy, viewer, each)))
    return LeadFilter(
        tier=asked.tier,
        owner_id=asked.owner_id,
        is_open=asked.is_open,
        since=asked.since,
        account_ids=None if asked.account is None else _accounts(session, policy, asked),
        contact_ids=None if asked.person is None else _contacts(session, asked),
        is_unassigned=asked.is_unassigned,
        is_breached=asked.is_breached,
        is_untouched=asked.is_untouched,
        seen_owners=None if viewer is None else seen,
    )


def _accounts(session: Session, policy: Policy, asked: LeadsAsked) -> tuple[str, ...]:
    """Return the accounts that are asked for and may be seen.

    Raises:
        NotFound: There are none; of a hidden one no more is said.
    """
    said = (asked.account or "").strip()
    found = tuple(
        each
        for each in _records(session, said).accounts
        if may_see(policy, asked.viewer, _owner_of(session, each))
    )
    if not found:
        why = f"no account has the id or the domain {shorten(said)}"
        raise NotFound("account", said, why)
    return found


def _contacts(session: Session, asked: LeadsAsked) -> tuple[str, ...]:
    """Return the contacts that are asked for.

    Raises:
        NotFound: There is none, and nobody is asking from whom that would be hidden.
    """
    said = (asked.person or "").strip()
    found = _records(session, said).contacts
    if not found and asked.viewer is None:
        raise NotFound("contact", said, f"no contact has the address or the id {shorten(said)}")
    return found


def _owner_of(session: Session, account_id: str) -> str | None:
    account = session.accounts.account(account_id)
    return None if account is None else account.owner_id


def _seen(policy: Policy, viewer: str | None, view: LeadView) -> LeadView:
    """Return a lead without an account that the viewer may not see."""
    if view.account is None or may_see(policy, viewer, view.account.owner_id):
        return view
    lead = replace(view.lead, account_id=None)
    return replace(view, lead=lead, account=None, icp=None, match=None, possible_account_id=None)


def _row(view: LeadView, now: datetime, *, is_hidden: bool) -> LeadRow:
    lead, contact, match = view.lead, view.contact, view.match
    running = [each.clock for each in view.clocks if each.is_running]
    due = min(
        (each for each in running if each.due_at is not None),
        key=lambda each: (each.due_at or now, each.key),
        default=None,
    )
    due_at = None if due is None else due.due_at
    return LeadRow(
        lead_id=lead.lead_id,
        created_at=lead.created_at,
        is_open=lead.is_open,
        tier=lead.tier,
        score=None if view.score is None else view.score.total,
        owner_id=lead.owner_id,
        account_id=None if view.account is None else view.account.account_id,
        account=None if view.account is None else view.account.name,
        contact_id=lead.contact_id,
        contact=_name(contact),
        email=None if contact is None else contact.email,
        source=lead.source,
        band=None if match is None else match.band,
        probability=None if match is None else match.probability,
        touched_at=view.touched_at,
        clock=None if due is None else due.kind,
        due_at=due_at,
        is_overdue=due_at is not None and due_at < now,
        is_breached=any(each.breached_at is not None for each in view.clocks),
        is_account_hidden=is_hidden,
    )


def _name(contact: Contact | None) -> str | None:
    if contact is None:
        return None
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    return name or contact.email
