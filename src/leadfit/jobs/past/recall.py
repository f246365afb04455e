"""Puts one history together from what was imported and what happened here since.

Every lead stands in it once, an event that both sides report counts once, a live lead has the
facts it was opened with, and nobody is named: no address, no name, no contact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from leadfit.currency import in_minor_units
from leadfit.errors import BadInput, Fault
from leadfit.history import FactColumn, History, Known, MeaningfulUse, Notice, Step, Table
from leadfit.jobs.past.names import FactNames
from leadfit.policy import Policy
from leadfit.records import Fact, Facts, Kind
from leadfit.store import Store
from leadfit.store.past import PastExport, Recorded
from leadfit.store.personal import is_personal

_CAUTION: Final = (Known.CREATED, Known.SNAPSHOT, Known.AFTER_CONTACT, Known.AFTER_WIN)
_HEARD: Final = frozenset({Kind.ACCEPTED.value, Kind.REJECTED.value, Kind.TOUCHED.value})
_CONDITIONS: Final = ("close_date", "budget_confirmed", "next_step")
_SAME: Final = timedelta(days=1)
_ENOUGH_LEADS: Final = 20
_MOST_COLUMNS: Final = 500
_WATCHED: Final[Mapping[str, tuple[Kind, ...]]] = {
    Step.ACCEPTED.value: (Kind.ACCEPTED, Kind.WORKED, Kind.REJECTED),
    Step.QUALIFIED.value: (Kind.QUALIFIED,),
    Step.CONVERTED.value: (Kind.CONVERTED,),
    Step.EXPANDED.value: (Kind.EXPANDED,),
    Step.CHURNED_AFTER_USE.value: (Kind.CHURNED,),
    Kind.CHURNED.value: (Kind.CHURNED,),
    Kind.USED.value: (Kind.USED,),
}


def history(store: Store, policy: Policy, as_of: datetime | None = None) -> History:
    """Return the workspace's history up to ``as_of``.

    Args:
        store: Where it is recorded.
        policy: Other names of facts, and what meaningful use is where no mapping says it.
        as_of: Nothing later is looked at; by default the latest import, outcome, use or feedback.

    Raises:
        BadInput: Nothing is recorded yet.
    """
    until = as_of or store.read(lambda session: session.past.latest_event())
    if until is None:
        raise BadInput(
            Fault(
                place="history",
                came="a workspace without any recorded outcome",
                allowed="an import (`leadfit import FOLDER`), or feedback on leads",
            )
        )
    return gather(store.read(lambda session: session.past.recorded(until)), policy, until)


def up_to(store: Store, as_of: datetime | None, now: datetime) -> datetime | None:
    """Return the time up to which is looked, as it was asked for.

    What is not over was not watched: whoever counts up to a time to come takes leads that had no
    time yet for leads that came to nothing.

    Args:
        store: Where it is recorded.
        as_of: The time that was asked for.
        now: The time.

    Raises:
        BadInput: It lies ahead, and behind all that is recorded.
    """
    if as_of is None or as_of <= now:
        return as_of
    latest = store.read(lambda session: session.past.latest_event())
    if latest is not None and as_of <= latest:
        return as_of
    allowed = f"no time to come; it is {now.isoformat(timespec='seconds')}"
    raise BadInput(Fault(place="as_of", came=as_of.isoformat(), allowed=allowed))


def gather(recorded: Recorded, policy: Policy, as_of: datetime) -> History:
    """Return one history of everything in ``recorded``."""
    exports = recorded.exports
    unit = exports[-1].unit if exports else "lead"
    times_known = all(each.times_known for each in exports)
    leads = _leads(recorded.leads, live_too=unit == "lead" and times_known)
    names = FactNames(policy)
    columns = _columns(exports, leads, names)
    own = {lead.lead_id: lead for lead in leads}
    events, notices = _events(recorded, own)
    return History(
        as_of=as_of,
        leads=_lead_table(leads, columns, names),
        accounts=_account_table(recorded.accounts, leads, columns, names),
        events=_event_table(events),
        facts=recorded.facts,
        spend=recorded.spend,
        fact_columns=(*columns, *_late_columns(recorded.facts, exports)),
        unit=unit,
        times_known=times_known,
        meaningful_use=_meaningful_use(exports, policy),
        observed_until=_observed(exports, events, as_of),
        proxies={step: words for each in exports for step, words in each.proxies.items()},
        notices=notices,
    )


def _meaningful_use(exports: Sequence[PastExport], policy: Policy) -> MeaningfulUse:
    """Return what a mapping says of its own units of use, else what the policy says."""
    for each in reversed(exports):
        if each.meaningful_use != MeaningfulUse():
            return each.meaningful_use
    rule = policy.meaningful_use
    return MeaningfulUse(units=rule.units, span_days=rule.span_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    lead_id: str
    created_at: datetime | None
    account_id: str
    is_live: bool
    facts: Facts
    own: Facts


def _leads(table: Table, *, live_too: bool) -> list[_Lead]:
    """Return the leads with ``source``, ``campaign``, ``region``, ``rep_id``, ``score``, ``tier``.

    A live lead's tier is spelled as imports spell it; its score is on another scale than theirs.
    """
    rows = list(zip(*table.columns.values(), strict=True))
    spelled = _spelled(cast("Facts", row[8]).get("tier") for row in rows)
    found: list[_Lead] = []
    for lead_id, created_at, account_id, source, owner_id, tier, is_live, given, said in rows:
        if is_live and not live_too:
            continue
        facts, extras = cast("Facts", given), cast("Facts", said)
        own: dict[str, Fact] = {**extras, "source": cast("Fact", source)}
        if is_live:
            own |= {name: facts.get(name) for name in ("campaign", "region")}
            own["rep_id"] = cast("Fact", owner_id)
            own["tier"] = None if tier is None else spelled.get(cast("int", tier), str(tier))
        found.append(
            _Lead(
                lead_id=str(lead_id),
                created_at=cast("datetime | None", created_at),
                account_id=str(account_id or f"lead:{lead_id}"),
                is_live=bool(is_live),
                facts=facts,
                own=own,
            )
        )
    return found


def _spelled(tiers: Iterable[Fact]) -> dict[int, str]:
    counts = Counter(str(tier) for tier in tiers if tier is not None)
    found: dict[int, str] = {}
    for words, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        number = words.strip().lower().removeprefix("tier").strip()
        if number in {"1", "2", "3"}:
            found.setdefault(int(number), words)
    return found


def _lead_table(leads: Sequence[_Lead], columns: Sequence[FactColumn], names: FactNames) -> Table:
    made: dict[str, Sequence[object]] = {
        "lead_id": [lead.lead_id for lead in leads],
        "created_at": [lead.created_at for lead in leads],
        "account_id": [lead.account_id for lead in leads],
    }
    made |= {name: [None] * len(leads) for name in ("contact_id", "email", "company")}
    for name in ("source", "campaign", "region", "rep_id", "score", "tier"):
        made[name] = [lead.own.get(name) for lead in leads]
    readers = [names.reader(lead.facts) if lead.is_live else lead.facts.get for lead in leads]
    for column in columns:
        if column.table == "leads" and column.name not in made:
            made[column.name] = [read(column.name) for read in readers]
    return Table(columns=made)


def _account_table(
    table: Table, leads: Sequence[_Lead], columns: Sequence[FactColumn], names: FactNames
) -> Table:
    """Return the accounts, and one for each lead that has none."""
    wanted = [column.name for column in columns if column.table == "accounts"]
    present = {str(each) for each in table.columns["account_id"]}
    alone = [lead for lead in leads if lead.account_id not in present and lead.is_live]
    blank = [None] * len(alone)
    made: dict[str, Sequence[object]] = {
        name: [*table.columns[name], *blank] for name in ("parent_account_id", "owner_id")
    }
    made["account_id"] = [*table.columns["account_id"], *(lead.account_id for lead in alone)]
    made |= {"name": made["account_id"], "domain": [None] * len(made["account_id"])}
    made["created_at"] = [*table.columns["created_at"], *(lead.created_at for lead in alone)]
    made["country"] = [*table.columns["country"], *(lead.facts.get("country") for lead in alone)]
    given = [cast("Facts", facts) for facts in table.columns["facts"]]
    readers = [names.reader(facts) for facts in (*given, *(lead.facts for lead in alone))]
    for name in wanted:
        if name not in made:
            made[name] = [read(name) for read in readers]
    return Table(columns=made)


def _columns(
    exports: Sequence[PastExport], leads: Sequence[_Lead], names: FactNames
) -> tuple[FactColumn, ...]:
    """Return the columns of imports, then the facts that only live leads have."""
    found: dict[tuple[str, str], FactColumn] = {}
    for each in exports:
        for column in each.fact_columns:
            if column.table == "facts":
                continue
            before = found.get((column.table, column.name), column)
            found[column.table, column.name] = FactColumn(
                name=column.name,
                table=column.table,
                known=max(before.known, column.known, key=_CAUTION.index),
                is_number=before.is_number and column.is_number,
            )
    taken = {names.canon(column.name) for column in found.values()}
    taken |= {names.canon(each) for each in ("source", "campaign", "region", "country")}
    values: dict[str, list[Fact]] = {}
    for lead in leads:
        if lead.is_live:
            for name, value in names.told(lead.facts).items():
                if name not in taken:
                    values.setdefault(name, []).append(value)
    often = sorted(name for name, given in values.items() if len(given) >= _ENOUGH_LEADS)
    live = (
        FactColumn(name=name, table="leads", is_number=_are_numbers(values[name]))
        for name in often[:_MOST_COLUMNS]
    )
    return (*found.values(), *live)


def _late_columns(facts: Table, exports: Sequence[PastExport]) -> list[FactColumn]:
    names = dict.fromkeys(str(name) for name in facts.columns["fact"])
    told = [column for each in exports for column in each.fact_columns if column.table == "facts"]
    numbers = {column.name: all(c.is_number for c in told if c.name == column.name)
               for column in told}  # fmt: skip
    return [
        FactColumn(name=name, table="facts", is_number=numbers.get(name, False)) for name in names
    ]


def _are_numbers(values: Iterable[Fact]) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    at: datetime | None
    kind: str
    lead_id: str | None
    account_id: str
    amount: int | None
    currency: str | None
    reason: str | None
    value: float | None
    is_live: bool


def _events(
    recorded: Recorded, leads: Mapping[str, _Lead]
) -> tuple[list[_Event], tuple[Notice, ...]]:
    """Return the events, imported and live, each once, in the order of their times."""
    currencies = {each for each in recorded.events.columns["currency"] if each is not None}
    currency = str(min(map(str, currencies))) if len(currencies) == 1 else None
    past: list[_Event] = []
    live: list[_Event] = []
    foreign = 0
    for number, row in enumerate(zip(*recorded.events.columns.values(), strict=True)):
        event = _event(row, leads, is_live=number >= recorded.live_from)
        if event is None:
            continue
        if _is_foreign(event, currency):
            foreign += 1
            event = replace(event, amount=None, currency=None)
        (live if event.is_live else past).append(event)
    kept = [*_unless(past, live, heard=True), *_unless(live, past, heard=False)]
    kept.sort(key=lambda each: (each.at is not None, each.at and each.at.timestamp()))
    notices = () if not foreign else (_foreign(foreign, currency),)
    return kept, notices


def _event(row: Sequence[object], leads: Mapping[str, _Lead], *, is_live: bool) -> _Event | None:
    """Return an event at its place; ``None`` for one that belongs to nobody on record."""
    at, kind, lead_id, account_id, amount, currency, reason, value, told = row
    lead = None if lead_id is None else leads.get(str(lead_id))
    if (lead_id is not None and lead is None) or (lead is None and account_id is None):
        return None
    said = cast("Facts", told or {})
    if kind == Kind.QUALIFIED.value and _lacks_a_condition(said):
        return None
    if is_live and said:
        currency = said.get("currency") if isinstance(said.get("currency"), str) else None
        amount = _amount(said.get("amount"), cast("str | None", currency))
        value = said.get("value") if _are_numbers((said.get("value"),)) else None
        words = said.get("reason")
        reason = words if isinstance(words, str) and not is_personal("reason", words) else reason
    return _Event(
        at=cast("datetime | None", at),
        kind=str(kind),
        lead_id=None if lead is None else lead.lead_id,
        account_id=str(account_id) if lead is None else lead.account_id,
        amount=cast("int | None", amount),
        currency=cast("str | None", currency),
        reason=cast("str | None", reason),
        value=None if value is None else float(cast("float", value)),
        is_live=is_live,
    )


def _lacks_a_condition(told: Facts) -> bool:
    """One of the three conditions of a qualified deal is told of, and one of them is empty."""
    return any(name in told for name in _CONDITIONS) and not all(
        told.get(name) for name in _CONDITIONS
    )


def _amount(value: Fact, currency: str | None) -> int | None:
    """Return a decimal amount in minor units; cents where the currency is not told."""
    try:
        return in_minor_units(str(value).strip(), currency)
    except ValueError:
        return None


def _is_foreign(event: _Event, currency: str | None) -> bool:
    """The event's amount is live and not in the one currency of the imports."""
    has_another = event.amount is not None and event.currency not in (None, currency)
    return event.is_live and currency is not None and has_another


def _unless(events: Sequence[_Event], others: Sequence[_Event], *, heard: bool) -> list[_Event]:
    """Return the events that the other side does not report too, within a day.

    What a person said here stands before an import of it; an import stands before a signal.
    """
    times: dict[tuple[str, str], list[datetime]] = {}
    for each in others:
        if each.at is not None and (each.kind in _HEARD) is heard:
            times.setdefault((each.lead_id or each.account_id, each.kind), []).append(each.at)
    return [
        each
        for each in events
        if each.at is None
        or not any(
            abs(at - each.at) < _SAME
            for at in times.get((each.lead_id or each.account_id, each.kind), ())
        )
    ]


def _foreign(count: int, currency: str | None) -> Notice:
    return Notice(
        code="mixed_currency",
        field="amount",
        message=f"{count} amounts of signals are not in {currency} and were left out.",
        evidence={"events": count, "currency": currency},
    )


def _event_table(events: Sequence[_Event]) -> Table:
    names = ("at", "kind", "lead_id", "account_id", "amount", "currency", "reason", "value")
    columns: dict[str, Sequence[object]] = {
        name: [getattr(event, name) for event in events] for name in names
    }
    blank = [None] * len(events)
    return Table(columns={**columns, "contact_id": blank, "event_id": blank, "text": blank})


def _observed(
    exports: Sequence[PastExport], events: Sequence[_Event], as_of: datetime
) -> dict[str, datetime]:
    """Return how far each outcome was watched where that is earlier than ``as_of``.

    An import watches to its own ``as_of``; after it an outcome is watched as far as it is
    reported here. A rejection watches acceptance.
    """
    latest: dict[str, datetime] = {}
    for event in events:
        if event.is_live and event.at is not None:
            latest[event.kind] = max(event.at, latest.get(event.kind, event.at))
    observed: dict[str, datetime] = {}
    for outcome, kinds in _WATCHED.items():
        words = {kind.value for kind in kinds}
        holding = [e for e in exports if words & set(e.events) or outcome in e.observed_until]
        ends = [each.observed_until.get(outcome, each.as_of) for each in holding or exports]
        if not ends:
            continue
        until = max([*ends, *(latest[kind] for kind in words if kind in latest)])
        if until < as_of:
            observed[outcome] = until
    return observed
