"""Events of the outcome ladder, from rows that stand for them, from deals and from contracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from leadfit.currency import in_minor_units
from leadfit.exports.convert import (
    AMOUNT_ALLOWED,
    TIME_ALLOWED,
    TypedRows,
    as_number,
    as_time,
)
from leadfit.exports.faults import Faults
from leadfit.exports.frames import Frame, holding
from leadfit.exports.mapping import EventRule, Stages
from leadfit.exports.shapes import SHAPES
from leadfit.records import Kind


class Origin(Enum):
    """Which table an event came from: ``events``, a row by a rule, ``deals`` or ``contracts``."""

    EVENT = "events"
    ROW = "row"
    DEAL = "deals"
    CONTRACT = "contracts"


@dataclass(slots=True, kw_only=True)
class Event:
    """One thing that happened; ``planned`` when its time was set ahead rather than recorded."""

    at: datetime | None
    kind: Kind
    lead_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    event_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    value: float | None = None
    text: str | None = None
    planned: bool = False
    origin: Origin = Origin.ROW


@dataclass(slots=True, kw_only=True)
class Undated:
    """Outcomes without a time, counted by kind; they cannot be used."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def recorded(rows: TypedRows) -> list[Event]:
    """Return the events of an ``events`` table."""
    names = SHAPES["events"].columns
    columns = [rows.get(name) for name in names]
    return [
        Event(**dict(zip(names, cells, strict=True)), origin=Origin.EVENT)
        for cells in zip(*columns, strict=True)
    ]


def of_rows(
    rows: TypedRows, faults: Faults, *, times_known: bool, currency: str | None
) -> list[Event]:
    """Return the events that rows of a table stand for by the mapping's ``[[table.event]]``."""
    events: list[Event] = []
    for rule in rows.frame.table.event:
        events.extend(_of_rule(rows, rule, faults, times_known, currency))
    return events


def _of_rule(
    rows: TypedRows, rule: EventRule, faults: Faults, times_known: bool, currency: str | None
) -> list[Event]:
    frame, source = rows.frame, rows.frame.source
    ids = {name: rows.get(name) for name in ("account_id", "contact_id")}
    lead_ids = rows.get("lead_id")
    if frame.table.to == "deals" and "lead_id" not in rows.columns:
        lead_ids = [None] * len(rows)
    currencies = rows.get("currency")
    events = []
    for row, stands in enumerate(holding(rule.when, source, len(frame))):
        if not stands:
            continue
        at_text = None if rule.at is None else source[rule.at][row]
        if at_text is None and times_known:
            continue
        money = _text(currencies[row]) or frame.table.currency or currency
        reader = _Reader(frame, row, faults)
        events.append(
            Event(
                at=reader.time(rule.at),
                kind=rule.kind,
                lead_id=_text(lead_ids[row]),
                account_id=_text(ids["account_id"][row]),
                contact_id=_text(ids["contact_id"][row]),
                amount=reader.amount(rule.amount, money),
                currency=money if rule.amount else None,
                value=reader.number(rule.value),
                reason=rule.reason,
                text=None if rule.text is None else source[rule.text][row],
            )
        )
    return events


class _Reader:
    """Reads cells of one row that an event takes, each fault in its place."""

    def __init__(self, frame: Frame, row: int, faults: Faults) -> None:
        self._frame, self._row, self._faults = frame, row, faults

    def time(self, name: str | None) -> datetime | None:
        text = self._cell(name)
        if text is None:
            return None
        try:
            return as_time(text, self._frame.table.date_format)
        except ValueError:
            self._fault(name, text, TIME_ALLOWED)
            return None

    def amount(self, name: str | None, currency: str | None) -> int | None:
        text = self._cell(name)
        if text is None:
            return None
        try:
            return in_minor_units(text, currency)
        except ValueError:
            self._fault(name, text, AMOUNT_ALLOWED)
            return None

    def number(self, name: str | None) -> float | None:
        text = self._cell(name)
        if text is None:
            return None
        try:
            return as_number(text)
        except ValueError:
            self._fault(name, text, "a finite number")
            return None

    def _cell(self, name: str | None) -> str | None:
        return None if name is None else self._frame.source[name][self._row]

    def _fault(self, name: str | None, came: str, allowed: str) -> None:
        file, row = self._frame.files[self._row], self._frame.rows[self._row]
        self._faults.row(file, row, name, came, allowed)


_STAGES = Stages(
    won=("won", "closed won", "closedwon"),
    lost=("lost", "closed lost", "closedlost"),
)


def of_deals(rows: TypedRows, faults: Faults, undated: Undated, *, unit: str) -> list[Event]:
    """Return the ladder events of deals.

    A deal counts as qualified when it was made, unless its close date, confirmed budget or next
    step is a column and empty. Where deals are themselves the units this says nothing, so there
    only a stage that means ``qualified`` counts. A won deal is a conversion when it closed; a
    lost one is lost then.
    """
    meanings = _meanings(rows, faults)
    conditions = [
        rows.get(name)
        for name in ("close_date", "budget_confirmed", "next_step")
        if name in rows.columns
    ]
    events: list[Event] = []
    for row, meaning in enumerate(meanings):
        made = _Deal(rows, row, is_unit=unit == "deal")
        if meaning == "accepted":
            events.append(made.event(Kind.ACCEPTED, made.created_at))
        is_qualified = meaning == "qualified" or unit == "lead"
        if is_qualified and all(column[row] for column in conditions):
            events.append(made.event(Kind.QUALIFIED, made.created_at))
        if meaning in {"won", "lost"}:
            kind = Kind.CONVERTED if meaning == "won" else Kind.LOST
            events.append(made.event(kind, made.closed_at))
    dated = [event for event in events if event.at is not None]
    for event in events:
        if event.at is None:
            undated.counts[event.kind.value] += 1
    return dated


class _Deal:
    def __init__(self, rows: TypedRows, row: int, *, is_unit: bool) -> None:
        cells = {name: values[row] for name, values in rows.columns.items()}
        self._cells = cells
        self._lead_id = _text(cells.get("deal_id" if is_unit else "lead_id"))
        self.created_at = _time(cells.get("created_at"))
        closed = _time(cells.get("closed_at"))
        self.closed_at = closed or _time(cells.get("close_date"))

    def event(self, kind: Kind, at: datetime | None) -> Event:
        cells = self._cells
        amount = cells.get("amount")
        return Event(
            at=at,
            kind=kind,
            lead_id=self._lead_id,
            account_id=_text(cells.get("account_id")),
            contact_id=_text(cells.get("contact_id")),
            amount=amount if isinstance(amount, int) else None,
            currency=_text(cells.get("currency")) if isinstance(amount, int) else None,
            reason=_text(cells.get("lost_reason")) if kind is Kind.LOST else None,
            origin=Origin.DEAL,
        )


def _meanings(rows: TypedRows, faults: Faults) -> list[str]:
    """Return won, lost, open, accepted or qualified for every deal."""
    declared = rows.frame.table.stages
    words = {
        stage.casefold(): means
        for means, stages in (declared or _STAGES).model_dump().items()
        for stage in stages
    }
    won, stage = rows.get("won"), rows.get("stage")
    meanings = []
    for row in range(len(rows)):
        text = _text(stage[row])
        meaning = words.get((text or "").casefold())
        if meaning is None and declared is not None and text is not None:
            frame = rows.frame
            allowed = f"a stage of the mapping: {', '.join(words)}"
            header = frame.headers.get("stage", "stage")
            faults.row(frame.files[row], frame.rows[row], header, text, allowed)
        if won[row] is True:
            meaning = "won"
        elif won[row] is False and rows.get("closed_at")[row] is not None and meaning is None:
            meaning = "lost"
        meanings.append(meaning or "open")
    return meanings


def of_contracts(rows: TypedRows, converted: Mapping[str, datetime]) -> list[Event]:
    """Return the ladder events of contracts, account by account in the order of their start.

    The first contract is the conversion unless one was recorded; each further one expands,
    contracts or renews by its yearly amount. An end that nothing follows is a churn, at a time
    that was planned.
    """
    by_account: dict[str, list[int]] = defaultdict(list)
    accounts, starts = rows.get("account_id"), rows.get("start")
    ends, amounts, currencies = rows.get("end"), rows.get("arr"), rows.get("currency")
    for row, account in enumerate(accounts):
        by_account[str(account)].append(row)
    events: list[Event] = []
    for account, members in by_account.items():
        members.sort(key=lambda row: str(starts[row]))
        before: object = None
        for number, row in enumerate(members):
            amount = amounts[row]
            kind = _step(before, amount) if number else Kind.CONVERTED
            if kind is not Kind.CONVERTED or account not in converted:
                events.append(
                    Event(
                        at=_time(starts[row]),
                        kind=kind,
                        account_id=account,
                        amount=amount if isinstance(amount, int) else None,
                        currency=_text(currencies[row]) if isinstance(amount, int) else None,
                        reason="upsell" if kind is Kind.EXPANDED else None,
                        origin=Origin.CONTRACT,
                    )
                )
            before = amount
        last_end = _time(ends[members[-1]])
        if last_end is not None:
            events.append(
                Event(
                    at=last_end,
                    kind=Kind.CHURNED,
                    account_id=account,
                    planned=True,
                    origin=Origin.CONTRACT,
                )
            )
    return events


def _step(before: object, now: object) -> Kind:
    if isinstance(before, int) and isinstance(now, int) and before != now:
        return Kind.EXPANDED if now > before else Kind.CONTRACTED
    return Kind.RENEWED


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
