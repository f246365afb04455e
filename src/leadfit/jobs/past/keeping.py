"""Keeps the recorded past of an export in the store, so that the workspace can learn from it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, TypeVar, cast

from leadfit.errors import BadInput, Fault
from leadfit.history import History, Table, column_of, rows_of
from leadfit.records import Fact
from leadfit.store import Session, Store
from leadfit.store.past import PastEvent, PastExport, PastFact, PastLead, PastSpend
from leadfit.store.personal import is_personal
from leadfit.store.views import Imported
from leadfit.world import World

T = TypeVar("T")

_CHUNK: Final = 10_000
_EXTRAS: Final = ("campaign", "region", "rep_id", "score", "tier")


def check_unit(store: Store, history: History) -> None:
    """Refuse a past that counts other things than the one that is there.

    Raises:
        BadInput: One counts leads and the other deals.
    """
    there = store.read(lambda session: session.past.exports())
    other = next((each.unit for each in there if each.unit != history.unit), None)
    if other is not None:
        raise BadInput(
            Fault(
                place="unit",
                came=f"an export that counts {history.unit}s",
                allowed=f"exports that count {other}s, as those before it; another workspace",
            )
        )


def keep_past(world: World, store: Store, history: History, added: Imported) -> Imported:
    """Keep what learning needs of ``history``; return ``added`` with what came to it.

    The same event, fact or amount of another import is the same row, so that a second import adds
    nothing.

    Raises:
        StoreBusy: The store cannot take more now; importing again goes on where this stopped.
    """
    for leads in chunks(_leads(history), _CHUNK):
        store.write(partial(_add_leads, leads))
        world.reach("import.past_leads")
    events = _added(store, _add_events, _events(history))
    world.reach("import.events")
    facts = _added(store, _add_facts, _facts(history.facts))
    world.reach("import.facts")
    spend = _added(store, _add_spend, _spend(history.spend))
    world.reach("import.spend")
    # Last, so that a past is spoken for only once it is whole.
    store.write(partial(_add_export, export_of(history), world.now()))
    world.reach("import.whole")
    return replace(added, events=events, facts=facts, spend=spend)


def export_of(history: History) -> PastExport:
    """Return what an import says of its whole; columns that tell of persons are left out."""
    columns = (each for each in history.fact_columns if not is_personal(each.name, None))
    kinds = {str(kind) for kind in column_of(history.events, "kind")}
    return PastExport(
        as_of=history.as_of,
        unit=history.unit,
        times_known=history.times_known,
        meaningful_use=history.meaningful_use,
        fact_columns=tuple(columns),
        observed_until=dict(history.observed_until),
        proxies=dict(history.proxies),
        events=tuple(sorted(kinds)),
    )


def _added(store: Store, add: Callable[[Sequence[T], Session], int], items: Iterable[T]) -> int:
    return sum(store.write(partial(add, chunk)) for chunk in chunks(items, _CHUNK))


def _add_leads(chunk: Sequence[PastLead], session: Session) -> int:
    return session.past.add_leads(chunk)


def _add_events(chunk: Sequence[PastEvent], session: Session) -> int:
    return session.past.add_events(chunk)


def _add_facts(chunk: Sequence[PastFact], session: Session) -> int:
    return session.past.add_facts(chunk)


def _add_spend(chunk: Sequence[PastSpend], session: Session) -> int:
    return session.past.add_spend(chunk)


def _add_export(export: PastExport, at: datetime, session: Session) -> bool:
    return session.past.add_export(export, at)


def chunks(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Yield ``items`` in lists of at most ``most``."""
    rest = iter(items)
    while chunk := list(islice(rest, most)):
        yield chunk


def _leads(history: History) -> Iterator[PastLead]:
    for lead_id, created_at, *rest in rows_of(history.leads, "lead_id", "created_at", *_EXTRAS):
        extras = {
            name: cast("Fact", value)
            for name, value in zip(_EXTRAS, rest, strict=True)
            if value is not None
        }
        yield PastLead(
            lead_id=str(lead_id), created_at=cast("datetime | None", created_at), extras=extras
        )


def _events(history: History) -> Iterator[PastEvent]:
    """Return events with their keys.

    An event without an id is known by what happened when to whom, and by its number among equal
    ones. Its amount is no part of that: a corrected amount is no second event.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    names = ("at", "kind", "lead_id", "account_id", "contact_id", "event_id", "amount", "currency",
             "reason", "value")  # fmt: skip
    for row in rows_of(history.events, *names):
        at, kind, lead_id, account_id, contact_id, event_id, amount, currency, reason, value = row
        told = (event_id, kind, at) if event_id is not None else (
            None, kind, at, lead_id, account_id, value, reason
        )  # fmt: skip
        seen[told] += 1
        yield PastEvent(
            key=_key((*told, seen[told])),
            at=cast("datetime | None", at),
            kind=str(kind),
            account_id=str(account_id),
            lead_id=cast("str | None", lead_id),
            contact_id=cast("str | None", contact_id),
            amount=cast("int | None", amount),
            currency=cast("str | None", currency),
            reason=cast("str | None", reason),
            value=None if value is None else float(cast("float", value)),
        )


def _key(parts: Iterable[object]) -> bytes:
    told = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()[:16]


def _facts(table: Table) -> Iterator[PastFact]:
    for account_id, fact, value, known_at in rows_of(
        table, "account_id", "fact", "value", "known_at"
    ):
        if isinstance(known_at, datetime) and value is not None:
            yield PastFact(
                account_id=str(account_id),
                fact=str(fact),
                known_at=known_at,
                value=value if isinstance(value, str | int | float) else str(value),
            )


def _spend(table: Table) -> Iterator[PastSpend]:
    """Return spend, one amount a month, channel and currency."""
    total: Counter[tuple[datetime, str, str | None]] = Counter()
    for month, channel, amount, currency in rows_of(
        table, "month", "channel", "amount", "currency"
    ):
        if isinstance(month, datetime) and isinstance(amount, int):
            total[month, str(channel), cast("str | None", currency)] += amount
    for (month, channel, currency), amount in total.items():
        yield PastSpend(month=month, channel=channel, amount=amount, currency=currency)
