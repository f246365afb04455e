"""Typed tables of an export put together into one history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress

from leadfit.exports import doubts, rules
from leadfit.exports.convert import TypedRows, at_utc, numbers_or_none
from leadfit.exports.ladder import Event
from leadfit.exports.linking import AccountLookup
from leadfit.exports.mapping import Mapping as ExportMapping
from leadfit.exports.once import told_once
from leadfit.exports.shapes import SHAPES
from leadfit.history import FactColumn, History, Known, MeaningfulUse, Notice, Table
from leadfit.records import Kind

_PROFILE = {"leads": ("source", "campaign", "region"), "accounts": ("country",)}
_DATES_AN_EXPORT = frozenset(
    {
        Kind.ACCEPTED,
        Kind.WORKED,
        Kind.REJECTED,
        Kind.QUALIFIED,
        Kind.STALLED,
        Kind.CONVERTED,
        Kind.LOST,
        Kind.EXPANDED,
        Kind.CONTRACTED,
        Kind.RENEWED,
        Kind.CHURNED,
        Kind.USED,
    }
)
_NAMED = 50
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class FactValues:
    """A column of facts, as numbers where it holds numbers."""

    values: list[object]
    is_number: bool
    spoilt: Mapping[str, int] = field(default_factory=dict)
    """Texts among numbers that stand for none, and how often each came."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What was read, before it is put together: columns of every table, and events."""

    leads: dict[str, list[object]]
    lead_facts: dict[str, FactValues]
    accounts: dict[str, list[object]]
    account_facts: dict[str, FactValues]
    contacts: dict[str, list[object]]
    facts: dict[str, list[object]]
    spend: dict[str, list[object]]
    domains: dict[str, list[object]]
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    blank: tuple[str, ...] = ()
    """Columns of facts without any value."""


def stacked(tables: Iterable[TypedRows], names: Sequence[str]) -> dict[str, list[object]]:
    """Return columns of several tables one below the other."""
    columns: dict[str, list[object]] = {name: [] for name in names}
    for rows in tables:
        for name in names:
            columns[name].extend(rows.get(name))
    return columns


def stacked_facts(
    tables: Sequence[TypedRows],
) -> tuple[dict[str, FactValues], dict[str, Known]]:
    """Return the facts of several tables one below the other, numbers as numbers.

    The tables give their facts away one by one, since those are most of an export.
    """
    known: dict[str, Known] = {}
    for rows in tables:
        known = rows.frame.known | known
    facts: dict[str, FactValues] = {}
    for name in known:
        texts: list[str | None] = []
        for rows in tables:
            texts += rows.frame.facts.pop(name, [None] * len(rows))
        numbers = numbers_or_none(texts)
        if any(text is not None for text in texts):
            facts[name] = (
                FactValues(values=[*texts], is_number=False)
                if numbers is None
                else FactValues(values=numbers.values, is_number=True, spoilt=numbers.spoilt)
            )
    return facts, known


def assemble(
    parts: Parts,
    events: list[Event],
    mapping: ExportMapping,
    notices: list[Notice],
    as_of: datetime | None,
) -> History:
    """Return the history: leads linked to accounts, rules applied, later records set aside."""
    times_known = mapping.created_at == "known"
    links = _linked_leads(parts, events, notices)
    events = told_once(_placed(events, parts, links, notices))
    observed = {step.value: at_utc(until) for step, until in mapping.observed_until.items()}
    edge = _edge(events, parts, notices) if times_known and as_of is None else None
    until = as_of or (_latest(events, parts, edge) if times_known else None)
    made, proxies = rules.apply(mapping.rule, _until(events, until, []), observed)
    events = events + made
    until = as_of or (_latest(events, parts, edge) if times_known else None)
    if until is not None:
        events = _until(events, until, notices)
        _cut_leads(parts, until, notices)
        _cut_facts(parts, until, notices)
    _complete_accounts(parts, events, notices)
    fact_columns = _fact_columns(parts, notices)
    notices += doubts.of_columns(
        parts.blank, {**_spoilt(parts.lead_facts), **_spoilt(parts.account_facts)}
    )
    events.sort(key=lambda event: (event.at is None, event.at or _NEVER))
    return History(
        as_of=until or max(observed.values(), default=_NEVER),
        leads=Table(columns={**parts.leads, **_values(parts.lead_facts)}),
        accounts=Table(columns={**parts.accounts, **_values(parts.account_facts)}),
        events=_event_table(events),
        facts=Table(columns=parts.facts),
        spend=Table(columns=parts.spend),
        contacts=Table(columns=parts.contacts),
        domains=Table(columns=parts.domains),
        fact_columns=fact_columns,
        unit=mapping.unit,
        times_known=times_known,
        meaningful_use=MeaningfulUse(
            units=mapping.meaningful_use.units, span_days=mapping.meaningful_use.span_days
        ),
        observed_until=observed,
        proxies=proxies,
        notices=tuple(notices),
    )


def _spoilt(facts: Mapping[str, FactValues]) -> dict[str, Mapping[str, int]]:
    return {name: fact.spoilt for name, fact in facts.items() if fact.spoilt}


def _values(facts: Mapping[str, FactValues]) -> dict[str, list[object]]:
    return {name: fact.values for name, fact in facts.items()}


def _event_table(events: Sequence[Event]) -> Table:
    columns: dict[str, list[object]] = {
        name: [getattr(event, name) for event in events] for name in SHAPES["events"].columns
    }
    columns["kind"] = [event.kind.value for event in events]
    return Table(columns=columns)


def _people(contacts: Mapping[str, Sequence[object]]) -> dict[str, tuple[str | None, str | None]]:
    """Return the account and the address of each contact."""
    rows = (contacts[name] for name in ("contact_id", "account_id", "email"))
    return {
        str(contact): (_text(account), _text(email))
        for contact, account, email in zip(*rows, strict=True)
    }


def _linked_leads(parts: Parts, events: Sequence[Event], notices: list[Notice]) -> AccountLookup:
    """Give every lead its account.

    An account that the lead's own deals or events name stands before the domain: somebody
    recorded it, while a domain is only a likeness.
    """
    accounts, leads = parts.accounts, parts.leads
    ids = [str(account_id) for account_id in accounts["account_id"]]
    links = AccountLookup(
        ids, [_text(domain) for domain in accounts["domain"]], _people(parts.contacts)
    )
    named: dict[str, set[str]] = {}
    for event in events:
        if event.lead_id is not None and event.account_id is not None:
            named.setdefault(event.lead_id, set()).add(event.account_id)
    linked: list[object] = []
    columns = (leads[name] for name in ("lead_id", "account_id", "contact_id", "email"))
    for lead, account, contact, email in zip(*columns, strict=True):
        recorded = links.recorded(_text(account), _text(contact))
        of_events = named.get(str(lead), set())
        if recorded is None and len(of_events) == 1:
            (recorded,) = of_events
        linked.append(
            recorded or links.account(None, _text(contact), _text(email)) or f"lead:{lead}"
        )
    leads["account_id"] = linked
    leads["email"] = [
        email or links.email(_text(contact))
        for email, contact in zip(leads["email"], leads["contact_id"], strict=True)
    ]
    notices += doubts.of_domains(accounts)
    if links.shared_domains:
        notices.append(
            Notice(
                code="shared_domain",
                field="domain",
                message="Leads were not linked by a domain that several accounts hold.",
                evidence={"domains": sorted(links.shared_domains)[:20]},
            )
        )
    return links


def _placed(
    events: list[Event], parts: Parts, links: AccountLookup, notices: list[Notice]
) -> list[Event]:
    """Give every event its account; leave out those whose ids lead nowhere."""
    of_lead = dict(zip(map(str, parts.leads["lead_id"]), parts.leads["account_id"], strict=True))
    by_contact: dict[str, list[str]] = {}
    for lead, contact in zip(parts.leads["lead_id"], parts.leads["contact_id"], strict=True):
        if contact is not None:
            by_contact.setdefault(str(contact), []).append(str(lead))
    placed, lost = list[Event](), list[Event]()
    for event in events:
        account: object = None
        if event.lead_id is not None:
            account = of_lead.get(event.lead_id)
            if account is None:
                event.lead_id = None
        elif event.contact_id is not None:
            its_leads = by_contact.get(event.contact_id, [])
            if len(its_leads) == 1:
                event.lead_id = its_leads[0]
                account = of_lead[event.lead_id]
        event.account_id = _text(account) or links.account(event.account_id, event.contact_id, None)
        (placed if event.account_id is not None else lost).append(event)
    if lost:
        notices.append(
            Notice(
                code="unmatched_reference",
                field="events",
                message=f"{len(lost)} events name a lead or contact that is not on record; "
                "they were left out.",
                evidence={"events": len(lost)},
            )
        )
    return placed


def _complete_accounts(parts: Parts, events: Sequence[Event], notices: list[Notice]) -> None:
    """Add the accounts that leads, events and facts name but no table lists."""
    accounts = parts.accounts
    present = {str(account_id) for account_id in accounts["account_id"]}
    listed = bool(present)
    companies = parts.leads["company"]
    wanted: dict[str, tuple[str, str | None]] = {}
    for row, account_id in enumerate(map(str, parts.leads["account_id"])):
        if account_id not in present and account_id not in wanted:
            domain = account_id[7:] if account_id.startswith("domain:") else None
            wanted[account_id] = (_text(companies[row]) or domain or account_id, domain)
    others = [event.account_id for event in events] + [
        str(account_id) for account_id in parts.facts["account_id"]
    ]
    for other in others:
        if other is not None and other not in present:
            wanted.setdefault(other, (other, None))
    unlisted = [name for name in wanted if not name.startswith(("lead:", "domain:"))]
    if listed and unlisted:
        notices.append(
            Notice(
                code="unmatched_reference",
                field="account_id",
                message=f"{len(unlisted)} account ids stand in other tables but not in accounts.",
                evidence={"accounts": sorted(unlisted)[:20], "count": len(unlisted)},
            )
        )
    for name, column in accounts.items():
        column.extend(_text_of(name, account_id, about) for account_id, about in wanted.items())
    for fact in parts.account_facts.values():
        fact.values.extend([None] * len(wanted))
    accounts["name"] = [
        name or account_id
        for name, account_id in zip(accounts["name"], accounts["account_id"], strict=True)
    ]


def _text_of(column: str, account_id: str, about: tuple[str, str | None]) -> object:
    return {"account_id": account_id, "name": about[0], "domain": about[1]}.get(column)


def _edge(events: Sequence[Event], parts: Parts, notices: list[Notice]) -> datetime | None:
    """Return the last time before dates so far off that they are taken for mistakes."""
    times = [event.at for event in events if event.at is not None and not event.planned]
    times += [at for at in parts.leads["created_at"] if isinstance(at, datetime)]
    edge, told = doubts.strayed(times)
    notices += told
    return edge


def _latest(events: Sequence[Event], parts: Parts, edge: datetime | None) -> datetime | None:
    """Return the latest recorded outcome or use; without any, the latest other record."""
    last = edge or _ALWAYS
    recorded = [
        event for event in events if event.at is not None and event.at <= last and not event.planned
    ]
    times = [event.at for event in recorded if event.kind in _DATES_AN_EXPORT and event.at]
    times = times or [event.at for event in recorded if event.at]
    times = times or [
        at for at in parts.leads["created_at"] if isinstance(at, datetime) and at <= last
    ]
    return max(times, default=None)


def _until(events: list[Event], until: datetime | None, notices: list[Notice]) -> list[Event]:
    if until is None:
        return events
    kept = [event for event in events if event.at is None or event.at <= until]
    _tell_later("events", len(events) - len(kept), until, notices)
    return kept


def _cut_leads(parts: Parts, until: datetime, notices: list[Notice]) -> None:
    keep = [not isinstance(at, datetime) or at <= until for at in parts.leads["created_at"]]
    if all(keep):
        return
    _tell_later("leads", keep.count(False), until, notices)
    parts.leads = {name: list(compress(values, keep)) for name, values in parts.leads.items()}
    for fact in parts.lead_facts.values():
        fact.values = list(compress(fact.values, keep))


def _cut_facts(parts: Parts, until: datetime, notices: list[Notice]) -> None:
    keep = [not isinstance(at, datetime) or at <= until for at in parts.facts["known_at"]]
    if all(keep):
        return
    _tell_later("facts", keep.count(False), until, notices)
    parts.facts = {name: list(compress(values, keep)) for name, values in parts.facts.items()}


def _tell_later(what: str, count: int, until: datetime, notices: list[Notice]) -> None:
    if count:
        notices.append(
            Notice(
                code="after_as_of",
                field=what,
                message=f"{count} {what} later than {until.isoformat()} were left out.",
                evidence={"rows": count, "as_of": until.isoformat()},
            )
        )


def _fact_columns(parts: Parts, notices: list[Notice]) -> tuple[FactColumn, ...]:
    """Say of every fact when it was known."""
    found: list[FactColumn] = []
    for table, own, facts in (
        ("leads", parts.leads, parts.lead_facts),
        ("accounts", parts.accounts, parts.account_facts),
    ):
        for name in _PROFILE[table]:
            if any(value is not None for value in own[name]):
                known = parts.known.get((table, name), Known.CREATED)
                found.append(FactColumn(name=name, table=table, known=known))
        for name, fact in facts.items():
            known = parts.known.get((table, name), Known.CREATED)
            found.append(FactColumn(name=name, table=table, known=known, is_number=fact.is_number))
    found += _late_facts(parts.facts)
    snapshot = [column.name for column in found if column.known is Known.SNAPSHOT]
    if snapshot:
        notices.append(
            Notice(
                code="snapshot_fact",
                field=None,
                message=f"{len(snapshot)} columns hold the values of the day of the export, "
                "whenever they arose; they may follow an outcome instead of preceding it.",
                evidence={"columns": snapshot[:_NAMED], "count": len(snapshot)},
            )
        )
    return tuple(found)


def _late_facts(facts: Mapping[str, list[object]]) -> list[FactColumn]:
    by_name: dict[str, list[str | None]] = {}
    for name, value in zip(facts["fact"], facts["value"], strict=True):
        by_name.setdefault(str(name), []).append(_text(value))
    return [
        FactColumn(
            name=name,
            table="facts",
            known=Known.CREATED,
            is_number=numbers_or_none(values) is not None,
        )
        for name, values in by_name.items()
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
