"""The mapping file: how another system's tables become the tables of an export folder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from leadfit.errors import BadInput, Fault, shorten
from leadfit.exports.shapes import SHAPES, TableName
from leadfit.history import Known, Step
from leadfit.records import Kind

Texts = Annotated[
    tuple[str, ...], BeforeValidator(lambda came: (came,) if isinstance(came, str) else came)
]
"""One text or a list of texts."""
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
When = dict[str, Texts]
"""Column to the values that count, compared without regard to case; all columns must agree."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnoughUse(_Part):
    """How much use makes a churned customer evidence."""

    units: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    span_days: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Derived(_Part):
    """A source made by one SELECT over the other sources."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    sql: str = Field(min_length=1)


class Join(_Part):
    """Columns of another source beside the rows of a table, by equal values of a column."""

    source: str = Field(alias="from")
    on: str
    to: str | None = None
    columns: dict[str, str] | Texts | None = None
    known: Known | None = None
    optional: bool = False

    def names(self, present: Iterable[str]) -> dict[str, str]:
        """Return the joined columns: the name they get to the name they have."""
        if self.columns is None:
            key = self.to or self.on
            return {n: n for n in present if n != key and not n.startswith("_fivetran")}
        if isinstance(self.columns, tuple):
            return {name: name for name in self.columns}
        return dict(self.columns)


class Drop(_Part):
    """Rows that are left out and counted."""

    blank: str | None = None
    when: When = {}

    @model_validator(mode="after")
    def _says_something(self) -> Drop:
        if self.blank is None and not self.when:
            raise ValueError("say 'blank', 'when' or both")
        return self


class EventRule(_Part):
    """An event that a row of a table stands for."""

    kind: Kind
    at: str | None = None
    when: When = {}
    amount: str | None = None
    value: str | None = None
    reason: str | None = None
    text: str | None = None


class Stages(_Part):
    """What the stages of deals mean."""

    won: Texts = ()
    lost: Texts = ()
    open: Texts = ()
    accepted: Texts = ()
    qualified: Texts = ()


class TableMapping(_Part):
    """One table of the export folder, filled from one source."""

    to: TableName
    source: str = Field(alias="from")
    columns: dict[str, str] = {}
    literals: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    known: Known = Known.SNAPSHOT
    known_at: dict[str, Known] = {}
    ignore: Texts = ()
    facts: Texts | None = None
    unpivot: bool = False
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    date_format: str | None = None
    join: tuple[Join, ...] = ()
    drop: tuple[Drop, ...] = ()
    keep: When = {}
    event: tuple[EventRule, ...] = ()
    stages: Stages | None = None

    def conditions(self) -> tuple[str, ...]:
        """Return the source's columns that decide about rows and events; they are no facts."""
        names = [name for drop in self.drop for name in (drop.blank, *drop.when)]
        names += [*self.keep]
        for event in self.event:
            names += [event.at, event.amount, event.value, event.text, *event.when]
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @model_validator(mode="after")
    def _fits_the_table(self) -> TableMapping:
        shape = SHAPES[self.to]
        for name in (*self.columns, *self.literals):
            if name not in shape.columns:
                raise ValueError(
                    f"{name!r} is no column of {self.to}; allowed: {', '.join(shape.columns)}"
                )
        if self.stages is not None and self.to != "deals":
            raise ValueError("'stages' belongs to a table of deals")
        if self.unpivot and self.to != "facts":
            raise ValueError("'unpivot' belongs to a table of facts")
        return self


class Rule(_Part):
    """Events derived from use and revenue over time.

    ``expanded``: a measure reached ``factor`` times its value in the first full period after
    conversion. ``churned``: at least ``units`` of use, then none for ``silent_days``.
    """

    kind: Literal["expanded", "churned"]
    measure: Literal["amount", "value"] = "amount"
    factor: float = Field(default=1.5, gt=1, allow_inf_nan=False)
    period: Literal["month", "quarter", "year"] = "quarter"
    within_days: float = Field(default=365.0, gt=0, allow_inf_nan=False)
    units: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    silent_days: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    until: date | datetime | None = None
    reason: str | None = None


class Mapping(_Part):
    """A whole mapping file."""

    version: Literal[1] = 1
    unit: Literal["lead", "deal"] = "lead"
    created_at: Literal["known", "unknown"] = "known"
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    rates: dict[str, Rate] = {}
    meaningful_use: EnoughUse = EnoughUse()
    observed_until: dict[Step, date | datetime] = {}
    sources: dict[str, Texts] = {}
    derive: tuple[Derived, ...] = ()
    table: tuple[TableMapping, ...] = ()
    rule: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> Mapping:
        names = [*self.sources, *(made.name for made in self.derive)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are named {name!r}")
        for number, table in enumerate(self.table):
            for wanted in (table.source, *(join.source for join in table.join)):
                if wanted not in names:
                    raise ValueError(
                        f"table.{number} reads {wanted!r}, which is no source; "
                        f"allowed: {', '.join(names) or 'none are declared'}"
                    )
        if not self.table:
            raise ValueError("at least one [[table]] is needed")
        if self.unit == "deal" and not any(table.to == "deals" for table in self.table):
            raise ValueError('unit = "deal" needs a [[table]] with to = "deals"')
        if self.rates and self.currency is None:
            raise ValueError("[rates] need 'currency', into which they convert")
        return self


def load(file: Path) -> Mapping:
    """Return the mapping in a TOML file.

    Raises:
        BadInput: With every fault, each under its path in the file, such as ``table.0.known``.
    """
    try:
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadInput(
            Fault(place=str(file), came=error.strerror or "a broken file", allowed="a TOML file")
        ) from error
    except UnicodeDecodeError as error:
        came = f"byte {error.object[error.start]:#04x} at byte offset {error.start}"
        raise BadInput(Fault(place=file.name, came=came, allowed="UTF-8 text")) from error
    return parse(text, file.name)


def parse(text: str, name: str = "mapping") -> Mapping:
    """Return the mapping that TOML text describes.

    Raises:
        BadInput: With every fault, each under its path in the text.

    >>> parse('''
    ... [sources]
    ... people = "people.csv"
    ... [[table]]
    ... to = "leads"
    ... from = "people"
    ... columns = { lead_id = "id", created_at = "since" }
    ... ''').table[0].to
    'leads'
    """
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(Fault(place=name, came=str(error), allowed="TOML")) from error
    except ValidationError as error:
        raise BadInput([_fault(name, fault) for fault in error.errors()]) from error


_UNKNOWN = "a known key; docs/mapping.md lists them"


def _fault(name: str, fault: object) -> Fault:
    assert isinstance(fault, dict)  # noqa: S101 -- pydantic's ErrorDetails is a dict
    path = ".".join(str(part) for part in fault["loc"])
    unknown = fault["type"] == "extra_forbidden"
    if unknown:
        came = f"the key {str(fault['loc'][-1])!r}"
    elif fault["type"] == "missing":
        came = "nothing"
    elif fault["type"] == "value_error":
        came = "a mapping that does not hold together"
    else:
        came = shorten(fault["input"])
    return Fault(
        place=f"{name} {path}".rstrip(),
        came=came,
        allowed=_UNKNOWN if unknown else str(fault["msg"]).removeprefix("Value error, "),
    )
