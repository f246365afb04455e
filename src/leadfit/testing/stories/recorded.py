"""A planted world as the history a CRM would have: each lead is an account of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from leadfit.history import FactColumn, History, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An event of a lead and of its account."""

    at: datetime
    kind: str
    lead_id: str
    amount: int | None = None
    value: float | None = None


def history_of(
    as_of: datetime,
    leads: Mapping[str, Sequence[object]],
    events: Iterable[Noted],
    facts: Sequence[FactColumn],
) -> History:
    """Return the history up to ``as_of``; what would come later is left out.

    Args:
        as_of: Its end.
        leads: Columns, with ``lead_id`` and ``created_at``.
        events: In any order.
        facts: The columns of ``leads`` that may enter a profile.
    """
    seen = sorted(
        (each for each in events if each.at <= as_of),
        key=lambda each: (each.at, each.lead_id, each.kind),
    )
    return History(
        as_of=as_of,
        leads=Table(columns={**leads, "account_id": leads["lead_id"]}),
        accounts=Table(columns={"account_id": leads["lead_id"], "created_at": leads["created_at"]}),
        events=Table(
            columns={
                "at": [each.at for each in seen],
                "kind": [each.kind for each in seen],
                "lead_id": [each.lead_id for each in seen],
                "account_id": [each.lead_id for each in seen],
                "amount": [each.amount for each in seen],
                "value": [each.value for each in seen],
            }
        ),
        facts=Table(columns={"account_id": [], "fact": [], "value": [], "known_at": []}),
        spend=Table(columns={"month": [], "channel": [], "amount": [], "currency": []}),
        fact_columns=tuple(facts),
    )
