"""What tests of an export look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from leadfit.history import History

Write = Callable[..., Path]
MakeMapping = Callable[[str], Path]


def events_of(history: History, kind: str) -> list[dict[str, object]]:
    columns = history.events.columns
    rows = zip(*columns.values(), strict=True)
    made = [dict(zip(columns, row, strict=True)) for row in rows]
    return [row for row in made if row["kind"] == kind]


def codes(history: History) -> list[str]:
    return [notice.code for notice in history.notices]


def account_of(history: History, lead_id: str) -> object:
    row = list(history.leads.columns["lead_id"]).index(lead_id)
    return history.leads.columns["account_id"][row]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # parts of a time


PEOPLE = """
[sources]
p = "people.csv"
[[table]]
to = "leads"
from = "p"
columns = { lead_id = "id", created_at = "since" }
"""
