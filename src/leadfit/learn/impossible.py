"""Dates and figures of a recorded past that cannot be, each named with what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leadfit.history import Notice, Step, Table, column_of
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import (
    EARLIEST,
    LARGEST,
    Bools,
    Floats,
    Past,
    date,
    number,
    numbers,
    times,
)
from leadfit.learn.watch import AFTER_WIN
from leadfit.learn.words import NOUNS, counted
from leadfit.records import Kind

_MONEY = (Kind.QUALIFIED, Kind.CONVERTED, Kind.EXPANDED, Kind.RENEWED, Kind.USED)


def dates(past: Past, ladder: Ladder) -> list[Notice]:
    """Name dates that no business can have, that lie ahead, or that come before their beginning."""
    return [*_future(past), *_ancient(past), *_before_start(past, ladder)]


def _future(past: Past) -> list[Notice]:
    edge = past.as_of + 1.0
    until = f"{past.history.as_of:%Y-%m-%d}, up to which the past was read"
    found: list[Notice] = []
    leads = int((past.created[: past.leads] > edge).sum())
    if leads:
        found.append(
            _dated("created_at", leads, f"{counted(leads, 'lead')} came after {until}; they are "
                   "not looked at.")
        )  # fmt: skip
    accounts = int((times(column_of(past.history.accounts, "created_at")) > edge).sum())
    if accounts:
        found.append(
            _dated("accounts.created_at", accounts, f"{counted(accounts, 'account')} came after "
                   f"{until}; an account is followed from its first lead, and one without a lead "
                   "is not looked at.")
        )  # fmt: skip
    events = int((times(column_of(past.history.events, "at")) > edge).sum())
    if events:
        found.append(
            _dated("events.at", events, f"{counted(events, 'event')} came after {until}; they "
                   "count in the funnel and are set aside from the effects.")
        )  # fmt: skip
    return found


def _ancient(past: Past) -> list[Notice]:
    """Name what is dated before any customer system was: a machine's nought, or a blank."""
    history = past.history
    asked: Sequence[tuple[str, Table, str, str]] = (
        ("created_at", history.leads, "created_at", "lead"),
        ("accounts.created_at", history.accounts, "created_at", "account"),
        ("events.at", history.events, "at", "event"),
        ("facts.known_at", history.facts, "known_at", "fact"),
    )
    found: list[Notice] = []
    for field, table, name, noun in asked:
        at = times(column_of(table, name))
        old = at < EARLIEST
        if old.any():
            rows = int(old.sum())
            found.append(
                _dated(field, rows, f"{counted(rows, noun)} {'is' if rows == 1 else 'are'} dated "
                       f"before 1971, the earliest {date(float(at[old].min())).date()}: the day "
                       f"of a blank, not of a business. {_BECOMES[noun]}")
            )  # fmt: skip
    return found


_BECOMES = {
    "lead": "It counts as unknown; such leads count in the funnel and are set aside from the "
    "effects.",
    "account": "An account is followed from its first lead, and one without a lead is set aside.",
    "event": "It counts as unknown; such events count in the funnel and are set aside from the "
    "effects.",
    "fact": "Such facts are read as known from the beginning, which may be wrong.",
}


def _dated(field: str, rows: int, message: str) -> Notice:
    return Notice(code="impossible_dates", field=field, message=message, evidence={"rows": rows})


def _before_start(past: Past, ladder: Ladder) -> list[Notice]:
    found: list[Notice] = []
    for step in Step:
        after_win = step in AFTER_WIN
        start = ladder.at[Step.CONVERTED] if after_win else past.created[ladder.units[step]]
        at = ladder.at[step]
        later = np.zeros(len(at), dtype=np.bool_)
        if step is Step.EXPANDED and past.history.unit != "deal":
            first = _first(past, Kind.EXPANDED)
            later, at = first < at, np.fmin(first, at)
        early = ladder.reached[step] & (at < start - 1.0)
        if early.any():
            found.append(_early(step, start - at, early, saved=int((early & later).sum())))
    return found


def _first(past: Past, kind: Kind) -> Floats:
    """Return the earliest day of such an event by account number, or NaN."""
    marks = past.marks(kind)
    at = np.full(len(past.account_ids), np.inf)
    np.minimum.at(at, marks.account, np.where(np.isnan(marks.at), np.inf, marks.at))
    return np.where(np.isfinite(at), at, np.nan)


def _early(step: Step, gap: Floats, early: Bools, *, saved: int) -> Notice:
    """Name units whose step came before its start; ``saved`` of them reached it again after."""
    units, worst = int(early.sum()), float(gap[early].max())
    again = f"; {saved:,} of them reached it again later, which counts" if saved else ""
    return Notice(
        code="impossible_dates",
        field=step.value,
        message=f"For {counted(units, 'record')} {NOUNS[step]} is dated before "
        f"{'the win' if step in AFTER_WIN else 'creation'}, by up to {counted(worst, 'day')}; such "
        f"records count in the funnel and are set aside from the effects{again}.",
        evidence={"units": units, "largest_days": round(worst, 1), "again_after": saved},
    )


def figures(past: Past) -> list[Notice]:
    """Name amounts and use below nought, and those beyond any figure that can be added up."""
    table = past.history.events
    kinds = np.array([str(item) for item in column_of(table, "kind")], dtype=object)
    money = np.isin(kinds, [kind.value for kind in _MONEY])
    use = kinds == Kind.USED.value
    return [
        *_of_column("amount", column_of(table, "amount"), money, kinds),
        *_of_column("value", column_of(table, "value"), use, kinds),
    ]


def _of_column(
    name: str, cells: Sequence[object], asked: Bools, kinds: np.typing.NDArray[np.object_]
) -> list[Notice]:
    found: list[Notice] = []
    read = numbers(cells)
    below = asked & (read < 0)
    if below.any():
        found.append(
            Notice(
                code="impossible_amounts",
                field=name,
                message=f"{counted(int(below.sum()), name)} of {_kinds(kinds[below])} "
                f"{'is' if below.sum() == 1 else 'are'} below nought, the least "
                f"{float(read[below].min()):,.0f}{_IN[name]}. {_BELOW[name]}",
                evidence={"rows": int(below.sum()), "least": float(read[below].min())},
            )
        )
    lost = [
        number(cell) for cell in cells if isinstance(cell, int | float) and _is_lost(number(cell))
    ]
    if lost:
        shown = ", ".join(f"'{each:g}'" for each in dict.fromkeys(lost[:50]))
        found.append(
            Notice(
                code="impossible_amounts",
                field=name,
                message=f"{counted(len(lost), name)} of events ({shown[:80]}) "
                f"{'is' if len(lost) == 1 else 'are'} no figure that can be reckoned with (at "
                f"most {LARGEST:g}); {'it counts' if len(lost) == 1 else 'they count'} as blank.",
                evidence={"rows": len(lost)},
            )
        )
    return found


def _is_lost(figure: float) -> bool:
    return abs(figure) > LARGEST


_IN = {"amount": " minor units", "value": ""}
_BELOW = {
    "amount": "They are taken for repayments and lower the revenue of their account, in every "
    "figure on revenue; where they are slips, mend them at the source.",
    "value": "They are taken for corrections and lower the use of their account.",
}


def _kinds(kinds: np.typing.NDArray[np.object_]) -> str:
    return ", ".join(sorted({str(kind) for kind in kinds}))
