"""What a revenue team recorded, in one shape whatever it was exported from.

It stands beside :mod:`leadfit.records` because it changes for another reason: records are the
live values of one lead, this is the past that ``learn`` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """The five sources of evidence: four ladder steps and the detractor class."""

    ACCEPTED = "accepted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    EXPANDED = "expanded"
    CHURNED_AFTER_USE = "churned_after_use"


class Known(StrEnum):
    """When a column's value was known.

    ``created``: at the record's creation. ``snapshot``: today's value, whenever it arose.
    ``after_contact``: a person fills it in while working the lead. ``after_win``: exists for won
    records only.
    """

    CREATED = "created"
    SNAPSHOT = "snapshot"
    AFTER_CONTACT = "after_contact"
    AFTER_WIN = "after_win"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactColumn:
    """A column of facts in a history.

    Attributes:
        name: The column's header as in the file.
        table: ``leads``, ``accounts`` or ``facts`` (facts that arise later, by known_at).
        known: When its values were known.
        is_number: The values are numbers; otherwise text.
    """

    name: str
    table: str
    known: Known = Known.CREATED
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A warning about recorded data.

    Attributes:
        code: A fixed word, such as ``left_truncation``.
        field: The column or step it is about, or ``None``.
        message: One or two sentences for a person.
        evidence: The figures behind it, by name.
    """

    code: str
    field: str | None
    message: str
    evidence: Mapping[str, object] = default(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows kept by column; every column has the same length.

    Text is ``str``, numbers ``float`` or ``int``, times aware UTC ``datetime``; a blank is
    ``None``.
    """

    columns: Mapping[str, Sequence[object]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))


def column_of(table: Table, name: str) -> Sequence[object]:
    """Return a column of ``table``, blank in every row where there is none of that name.

    >>> column_of(Table(columns={"a": [1, 2]}), "b")
    [None, None]
    """
    found = table.columns.get(name)
    return [None] * table.rows if found is None else found


def rows_of(table: Table, *names: str) -> Iterator[tuple[object, ...]]:
    """Yield the cells of these columns row by row.

    >>> list(rows_of(Table(columns={"a": [1, 2]}), "a", "b"))
    [(1, None), (2, None)]
    """
    return zip(*(column_of(table, name) for name in names), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningfulUse:
    """How much use makes a churned customer evidence against its like; versioned by value.

    Attributes:
        units: The sum of ``used`` values after conversion that is enough.
        span_days: Days from the first to the last use that are needed besides.
    """

    units: float = 5.0
    span_days: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a revenue team recorded, in one shape whatever it was exported from.

    Attributes:
        as_of: Nothing later than this was looked at.
        unit: ``lead``, or ``deal`` when the source has no leads and every deal is one row of
            ``leads``; then all steps count deals.
        leads: ``lead_id``, ``created_at`` (all blank when ``times_known`` is false),
            ``account_id`` (never blank), ``contact_id``, ``email``, ``company``, ``source``,
            ``campaign``, ``region``, ``rep_id``, ``score``, ``tier`` and the fact columns.
        accounts: ``account_id``, ``name``, ``domain``, ``parent_account_id``, ``country``,
            ``created_at``, ``owner_id`` and the fact columns.
        events: ``at``, ``kind``, ``lead_id``, ``account_id`` (never blank), ``contact_id``,
            ``event_id``, ``amount`` (minor units), ``currency``, ``reason``, ``value``, ``text``.
        facts: ``account_id``, ``fact``, ``value``, ``known_at``.
        contacts: ``contact_id``, ``account_id``, ``email``, ``first_name``, ``last_name``,
            ``title``, ``phone``, ``created_at``; empty where the export has none.
        domains: ``domain``, ``account_id``, ``role``, ``since``, ``until``; empty where the export
            has none.
        spend: ``month``, ``channel``, ``amount`` (minor units), ``currency``.
        fact_columns: The columns that may enter a profile, with when they were known.
        proxies: Steps whose events were derived by a rule rather than recorded, with the rule.
        notices: What was noticed while reading: dropped rows, names that do not join.
    """

    as_of: datetime
    leads: Table
    accounts: Table
    events: Table
    facts: Table
    spend: Table
    contacts: Table = default(default_factory=lambda: Table(columns={}))
    domains: Table = default(default_factory=lambda: Table(columns={}))
    fact_columns: tuple[FactColumn, ...] = ()
    unit: str = "lead"
    times_known: bool = True
    meaningful_use: MeaningfulUse = default(default_factory=MeaningfulUse)
    observed_until: Mapping[str, datetime] = default(default_factory=dict)
    proxies: Mapping[Step, str] = default(default_factory=dict)
    notices: tuple[Notice, ...] = ()
