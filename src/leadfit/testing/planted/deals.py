"""Deals and contracts as the planted company's CRM holds them, beside the events they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from leadfit.testing.planted.dials import DAYS_A_MONTH, Dice
from leadfit.testing.planted.economics import TERM
from leadfit.testing.planted.ledger import DAY, Event, LeadRow, Ledger, money
from leadfit.testing.planted.names import listed

CURRENCY = "EUR"
DEAL_COLUMNS = listed(
    "deal_id account_id lead_id stage amount currency created_at closed_at close_date "
    "budget_confirmed next_step won lost_reason"
)
CONTRACT_COLUMNS = listed("account_id start renewal end arr currency")
_STEPS = ("call", "demo", "proof_of_concept", "security_review", "offer", "contract_review")
_OPENED_EARLY = 0.5
"""Share of the leads that were worked, and let go unqualified, for which a deal was opened."""
_MOVES = ("worked", "qualified", "stalled", "lost", "converted")
_TERM_MINUTES = int(TERM * DAYS_A_MONTH * DAY)
_TERMS_A_YEAR = 12 // TERM
Row = Sequence[str]


@dataclass(slots=True, kw_only=True)
class _Deal:
    """What the events of one lead say about its deal."""

    lead_id: str
    account_id: str
    opened: int
    is_qualified: bool
    amount: str = ""
    stage: str = "discovery"
    closed: int | None = None
    reason: str = ""


def deals(ledger: Ledger, seed: int) -> Iterator[Row]:
    """Return the rows of ``deals``, header first.

    A deal is opened when a lead is qualified, and then has a close date, a confirmed budget and a
    next step. For half of those that were worked and let go it was opened too, with some of the
    three missing. A lead in whose file the account is blank has a deal without account until won.
    """
    yield DEAL_COLUMNS
    moves: dict[str, dict[str, Event]] = {}
    for event in ledger.events:
        if event[1] in _MOVES and event[2]:
            moves.setdefault(event[2], {})[event[1]] = event
    for lead in sorted(ledger.leads, key=lambda each: (each.created, each.lead_id)):
        dice = Dice(seed, "deal", lead.lead_id)
        deal = _deal(lead, moves.get(lead.lead_id, {}), dice)
        if deal is not None:
            yield _written(deal, ledger, dice)


def _deal(lead: LeadRow, moves: dict[str, Event], dice: Dice) -> _Deal | None:
    opening = moves.get("qualified")
    ending = moves.get("converted") or moves.get("lost") or moves.get("stalled")
    if opening is None:
        opening = moves.get("worked")
        if opening is None or ending is None or not dice.chance(_OPENED_EARLY):
            return None
    is_won = "converted" in moves
    deal = _Deal(
        lead_id=lead.lead_id,
        account_id=lead.account_id if lead.is_linked or is_won else "",
        opened=opening[0],
        is_qualified="qualified" in moves,
        amount=moves["converted"][5] if is_won else opening[5],
    )
    if "qualified" in moves:
        deal.stage = dice.pick(("evaluation", "proposal"))
    if ending is not None:
        deal.stage = {"converted": "won"}.get(ending[1], ending[1])
        deal.closed = None if ending[1] == "stalled" else ending[0]
        deal.reason = ending[6] if ending[1] == "lost" else ""
    return deal


def _written(deal: _Deal, ledger: Ledger, dice: Dice) -> Row:
    stamp = ledger.calendar.stamp
    # One of three is missing at least where nobody qualified the lead.
    held = [True] * 3 if deal.is_qualified else [dice.chance(0.4) for _ in range(3)]
    if not deal.is_qualified:
        held[dice.whole(0, 2)] = False
    hoped = deal.opened + int(dice.between(30, 90) * DAY)
    closed, won = "", ""
    if deal.closed is not None:
        closed, won = stamp(deal.closed), "yes" if deal.stage == "won" else "no"
    step = dice.pick(_STEPS)
    return (
        deal.lead_id.replace("lead", "deal"),
        deal.account_id,
        deal.lead_id,
        deal.stage,
        deal.amount,
        CURRENCY if deal.amount else "",
        stamp(deal.opened),
        closed,
        stamp(hoped)[:10] if held[0] else "",
        "yes" if held[1] else "no",
        step if held[2] else "",
        won,
        deal.reason,
    )


def contracts(ledger: Ledger) -> Iterator[Row]:
    """Return the rows of ``contracts``, header first.

    Each term is one row, and an expansion within a term begins another; the last row of those
    that left ends when they did.
    """
    yield CONTRACT_COLUMNS
    by_account: dict[str, list[Event]] = {}
    for event in ledger.events:
        if event[1] in {"converted", "expanded", "renewed", "churned"}:
            by_account.setdefault(event[3], []).append(event)
    rows = [row for account, events in by_account.items() for row in _terms(account, events)]
    for start, account, end, renewal, arr in sorted(rows, key=lambda row: row[:2]):
        ended = "" if end is None else ledger.calendar.stamp(end)
        stamps = [ledger.calendar.stamp(start), ledger.calendar.stamp(renewal)]
        yield account, *stamps, ended, money(arr), CURRENCY


_Term = tuple[int, str, int | None, int, int]
"""Start, account, end if any, next renewal, yearly amount in minor units."""


def _terms(account: str, events: Iterable[Event]) -> Iterator[_Term]:
    ordered = sorted(events, key=lambda each: each[0])
    first = ordered[0][0]
    running = 0
    for place, event in enumerate(ordered):
        minute, kind, amount = event[0], event[1], event[5]
        if kind == "churned":
            return
        cents = int(amount.replace(".", ""))
        running = running + cents if kind == "expanded" else cents
        end = ordered[place + 1][0] if place + 1 < len(ordered) else None
        renewal = first + ((minute - first) // _TERM_MINUTES + 1) * _TERM_MINUTES
        yield minute, account, end, renewal, running * _TERMS_A_YEAR
