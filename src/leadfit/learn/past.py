"""A history as arrays: one row for each lead, and one for each account that has none.

Times are days since 1970 as ``float64``; a blank is NaN. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from leadfit.history import History, Step, column_of
from leadfit.records import Kind

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LARGEST = 1e100
"""No figure of a business is larger, and sums of its square can still be held."""
EARLIEST = 365.0
"""Days since 1970: what is dated before 1971 has a machine's nought or a blank for its day."""
CONFOUNDERS = ("source", "campaign", "region", "rep_id", "tier", "score")
ENGAGEMENT = frozenset(
    {
        *(Kind.PAGE_VIEW, Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.DOCS_VIEW, Kind.CASE_STUDY_VIEW),
        *(Kind.COMPARISON_VIEW, Kind.BLOG_VIEW, Kind.CONTENT_DOWNLOAD, Kind.DEMO_REQUEST),
        *(Kind.EMAIL_OPEN, Kind.EMAIL_REPLY, Kind.INTENT_TOPIC, Kind.COMPETITOR_RESEARCH),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Events of one kind.

    Attributes:
        row: Row of the lead, or -1 where the event names none.
        account: Number of the account.
        at: Days.
        amount: Minor units, NaN where blank.
        value: As recorded, NaN where blank.
    """

    row: Ints
    account: Ints
    at: Floats
    amount: Floats
    value: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A history as arrays.

    Attributes:
        leads: Number of rows that are leads; further rows are accounts without one.
        created: Creation of the lead, or of the account; blank where it is no day of a business.
        account: Number of the account of each row.
        account_ids: Id by number.
        first_row: Row of the account's earliest lead, by account number.
        as_of: Days.
    """

    history: History
    leads: int
    created: Floats
    account: Ints
    account_ids: tuple[str, ...]
    first_row: Ints
    events: Mapping[str, Marks]
    as_of: float

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.created)

    def marks(self, kind: Kind) -> Marks:
        """Return the events of ``kind``, which may be none."""
        return self.events.get(kind.value, _NONE)

    def until(self, step: Step | Kind) -> float:
        """Return the day up to which the outcome could have been seen."""
        seen = self.history.observed_until.get(step.value)
        return self.as_of if seen is None else min(self.as_of, days(seen))


_NONE = Marks(
    row=np.empty(0, np.int64),
    account=np.empty(0, np.int64),
    at=np.empty(0),
    amount=np.empty(0),
    value=np.empty(0),
)


def days(at: datetime) -> float:
    """Return ``at`` as days since 1970.

    >>> days(datetime(1970, 1, 2, tzinfo=UTC))
    1.0
    """
    return at.timestamp() / 86400.0


def date(day: float) -> datetime:
    """Return the time of a day number, the reverse of :func:`days`."""
    return datetime.fromtimestamp(day * 86400.0, UTC)


def times(column: Sequence[object]) -> Floats:
    """Return a column of times as days, NaN where it is blank."""
    return np.array(
        [days(item) if isinstance(item, datetime) else np.nan for item in column], dtype=np.float64
    )


def believed(at: Floats) -> Floats:
    """Return days with those before :data:`EARLIEST` blank.

    >>> believed(np.array([-719162.0, 20000.0])).tolist()
    [nan, 20000.0]
    """
    return np.where(at < EARLIEST, np.nan, at)


def numbers(column: Sequence[object]) -> Floats:
    """Return a column as finite numbers, NaN where it is blank, no number or beyond all figures."""
    found = np.array([number(item) for item in column], dtype=np.float64)
    found[~(np.abs(found) <= LARGEST)] = np.nan
    return found


def number(item: object) -> float:
    """Return a cell as a number, NaN where it is none; one too large to hold is infinite.

    >>> number("7"), number(-(10**400)), number("seven")
    (7.0, -inf, nan)
    """
    if not isinstance(item, int | float | str):
        return float("nan")
    try:
        return float(item)
    except OverflowError:
        return float("inf") if isinstance(item, int) and item > 0 else float("-inf")
    except ValueError:
        return float("nan")


def read_past(history: History) -> Past:
    """Bring ``history`` into arrays."""
    leads = history.leads
    lead_accounts = [str(item) for item in column_of(leads, "account_id")]
    event_accounts = [str(item) for item in column_of(history.events, "account_id")]
    table_accounts = [str(item) for item in column_of(history.accounts, "account_id")]
    numbered: dict[str, int] = {}
    for name in (*lead_accounts, *event_accounts):
        numbered.setdefault(name, len(numbered))
    with_lead = len(dict.fromkeys(lead_accounts))
    opened = dict(
        zip(table_accounts, times(column_of(history.accounts, "created_at")), strict=True)
    )
    extra = list(numbered)[with_lead:]
    created = np.concatenate(
        [
            times(column_of(leads, "created_at")),
            np.array([opened.get(name, np.nan) for name in extra], dtype=np.float64),
        ]
    )
    if history.times_known:
        created = believed(created)
    account = np.array(
        [numbered[name] for name in lead_accounts] + [numbered[name] for name in extra],
        dtype=np.int64,
    )
    first = np.full(len(numbered), -1, dtype=np.int64)
    order = np.argsort(np.where(np.isnan(created), np.inf, created), kind="stable")[::-1]
    first[account[order]] = order
    return Past(
        history=history,
        leads=leads.rows,
        created=created,
        account=account,
        account_ids=tuple(numbered),
        first_row=first,
        events=_read_events(history, numbered, event_accounts),
        as_of=days(history.as_of),
    )


def _read_events(
    history: History, numbered: Mapping[str, int], accounts: Sequence[str]
) -> dict[str, Marks]:
    table = history.events
    rows = {str(item): n for n, item in enumerate(column_of(history.leads, "lead_id"))}
    kinds = np.array([str(item) for item in column_of(table, "kind")], dtype=object)
    lead = np.array(
        [
            rows.get(str(item), -1) if item is not None else -1
            for item in column_of(table, "lead_id")
        ],
        dtype=np.int64,
    )
    account = np.array([numbered[name] for name in accounts], dtype=np.int64)
    at = believed(times(column_of(table, "at")))
    amount, value = numbers(column_of(table, "amount")), numbers(column_of(table, "value"))
    found: dict[str, Marks] = {}
    for kind in dict.fromkeys(kinds.tolist()):
        mask = kinds == kind
        found[kind] = Marks(
            row=lead[mask],
            account=account[mask],
            at=at[mask],
            amount=amount[mask],
            value=value[mask],
        )
    return found
