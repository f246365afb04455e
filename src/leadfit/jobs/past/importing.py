"""Takes a recorded past into the store, in chunks; a second time changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar, cast

from leadfit.history import History, Table, column_of, rows_of
from leadfit.jobs.past.keeping import check_unit, chunks, keep_past
from leadfit.records import Account, Contact, Fact, Kind, Lead, Tier
from leadfit.resolve import domain_key, email_key
from leadfit.resolve.relatives.domains import AccountDomain, DomainRole, further_lines
from leadfit.store import Session, Store
from leadfit.store.codec import encode
from leadfit.store.views import Imported
from leadfit.world import World

T = TypeVar("T")

_CHUNK: Final = 2_000


def import_history(world: World, store: Store, history: History) -> Imported:
    """Add what ``history`` holds and the store does not, and keep its past to learn from.

    Leads come in closed: their past was handled elsewhere, and no clock runs for them. What is
    there already stays as it is.

    Args:
        world: Time.
        store: Where they go.
        history: A recorded past.

    Raises:
        BadInput: It counts deals where the past that is there counts leads, or the reverse.
        StoreBusy: The store cannot take more now; importing again goes on where this stopped.
    """
    check_unit(store, history)
    known = {str(each) for each in column_of(history.accounts, "account_id")}
    accounts = domains = contacts = leads = 0
    for firms in chunks(_accounts(history), _CHUNK):
        more = store.write(partial(_add_accounts, firms))
        accounts, domains = accounts + more[0], domains + more[1]
        world.reach("import.accounts")
    for lines in chunks(_lines(history), _CHUNK):
        domains += store.write(partial(_add_lines, lines))
        world.reach("import.domains")
    for people in chunks(_contacts(history, known), _CHUNK):
        contacts += store.write(partial(_add_contacts, people))
        world.reach("import.contacts")
    for past in chunks(_leads(history, known), _CHUNK):
        leads += store.write(partial(_add_leads, past))
        world.reach("import.leads")
    added = Imported(accounts=accounts, domains=domains, contacts=contacts, leads=leads)
    added = keep_past(world, store, history, added)
    if added != Imported():
        store.write(partial(_note, world, added))
        world.reach("import.noted")
    return added


def _add_accounts(chunk: Sequence[Account], session: Session) -> tuple[int, int]:
    further = [
        line
        for each in chunk
        if len(each.domains) > 1
        for held in [_held(session, each.account_id)]
        for line in further_lines(each.account_id, each.domains)
        if line.domain not in held
    ]
    added = session.accounts.add_accounts(chunk)
    session.accounts.add_domains(further)
    return added


def _add_lines(chunk: Sequence[AccountDomain], session: Session) -> int:
    """Write lines over those that are there; return how many domains are new."""
    held = {each: _held(session, each) for each in {line.account_id for line in chunk}}
    session.accounts.add_domains(chunk)
    return sum(line.domain not in held[line.account_id] for line in chunk)


def _held(session: Session, account_id: str) -> frozenset[str]:
    account = session.accounts.own_account(account_id)
    return frozenset() if account is None else frozenset(account.domains)


def _add_contacts(chunk: Sequence[tuple[Contact, str | None]], session: Session) -> int:
    return session.accounts.add_contacts(chunk)


def _add_leads(chunk: Sequence[Lead], session: Session) -> int:
    return session.leads.import_leads(chunk)


def _note(world: World, added: Imported, session: Session) -> int:
    body = cast("dict[str, object]", encode(added))
    return session.signals.append("import", world.now(), body)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _facts(history: History, table: str, columns: Table) -> list[dict[str, Fact]]:
    """Return the facts of each row; blanks are left out."""
    rows: list[dict[str, Fact]] = [{} for _ in range(columns.rows)]
    for column in history.fact_columns:
        if column.table == table and column.name in columns.columns:
            for row, value in zip(rows, columns.columns[column.name], strict=True):
                if isinstance(value, str | int | float):
                    row[column.name] = value
                elif value is not None:
                    row[column.name] = str(value)
    return rows


def _domains(text: str | None) -> tuple[str, ...]:
    """Return the registrable domains of a text such as ``zork.com;zork.de``, its own first."""
    found = (domain_key(part) for part in (text or "").split(";"))
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _lines(history: History) -> Iterator[AccountDomain]:
    """Return the lines of the table of domains, which was checked when it was read."""
    names = ("domain", "account_id", "role", "since", "until")
    for domain, account_id, role, since, until in rows_of(history.domains, *names):
        key = domain_key(str(domain))
        if key is not None:
            yield AccountDomain(
                account_id=str(account_id),
                domain=key,
                role=DomainRole(str(role or DomainRole.PRIMARY).casefold()),
                since=since.date() if isinstance(since, datetime) else None,
                until=until.date() if isinstance(until, datetime) else None,
            )


def _accounts(history: History) -> Iterator[Account]:
    won: set[object] = set()
    for kind, account_id in rows_of(history.events, "kind", "account_id"):
        if kind in {Kind.CONVERTED.value, Kind.RENEWED.value}:
            won.add(account_id)
        elif kind == Kind.CHURNED.value:
            won.discard(account_id)
    table = history.accounts
    names = ("account_id", "name", "domain", "parent_account_id", "country", "created_at",
             "owner_id")  # fmt: skip
    facts = _facts(history, "accounts", table)
    for row, known in zip(rows_of(table, *names), facts, strict=True):
        account_id, name, domain, parent, country, created_at, owner_id = row
        yield Account(
            account_id=str(account_id),
            name=str(name or account_id),
            domains=_domains(_text(domain)),
            parent_account_id=_text(parent),
            owner_id=_text(owner_id),
            country=_text(country),
            is_customer=account_id in won,
            facts=known,
            created_at=created_at,  # type: ignore[arg-type]  # a time or None, by the table's shape
        )


def _contacts(history: History, known: set[str]) -> Iterator[tuple[Contact, str | None]]:
    """Return the contacts of the export, then those that leads name by id or address alone."""
    seen: set[str] = set()
    columns = ("contact_id", "account_id", "email", "first_name", "last_name", "title", "phone",
               "created_at")  # fmt: skip
    for row in rows_of(history.contacts, *columns):
        contact_id, account_id, email, first, last, title, phone, created = row
        seen.add(str(contact_id))
        contact = Contact(
            contact_id=str(contact_id),
            account_id=str(account_id) if account_id in known else None,
            email=_text(email),
            first_name=_text(first),
            last_name=_text(last),
            title=_text(title),
            phone=_text(phone),
            created_at=created,  # type: ignore[arg-type]  # a time or None, by the table's shape
        )
        yield contact, email_key(contact.email)
    names = ("lead_id", "account_id", "contact_id", "email", "created_at")
    for lead_id, account_id, contact_id, email, created_at in rows_of(history.leads, *names):
        key = _contact_id(lead_id, contact_id, email)
        if key is None or key in seen:
            continue
        seen.add(key)
        contact = Contact(
            contact_id=key,
            account_id=str(account_id) if account_id in known else None,
            email=_text(email),
            created_at=created_at,  # type: ignore[arg-type]  # a time or None, by the table's shape
        )
        yield contact, email_key(contact.email)


def _contact_id(lead_id: object, contact_id: object, email: object) -> str | None:
    if contact_id is not None:
        return str(contact_id)
    return None if email is None else f"contact_of_{lead_id}"


def _leads(history: History, known: set[str]) -> Iterator[Lead]:
    names = ("lead_id", "created_at", "account_id", "contact_id", "email", "source", "rep_id",
             "tier")  # fmt: skip
    facts = _facts(history, "leads", history.leads)
    for row, given in zip(rows_of(history.leads, *names), facts, strict=True):
        lead_id, created_at, account_id, contact_id, email, source, rep_id, tier = row
        yield Lead(
            lead_id=str(lead_id),
            created_at=history.as_of if created_at is None else created_at,  # type: ignore[arg-type]  # a time
            account_id=str(account_id) if account_id in known else None,
            contact_id=_contact_id(lead_id, contact_id, email),
            source=_text(source),
            facts=given,
            owner_id=_text(rep_id),
            tier=_tier(tier),
            is_open=False,
        )


def _tier(value: object) -> Tier | None:
    """Return a tier where the export's own word for it is one of ours."""
    words = "" if value is None else str(value).strip().lower().removeprefix("tier").strip()
    return Tier(int(words)) if words in {"1", "2", "3"} else None
