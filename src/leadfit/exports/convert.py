"""Text of an export turned into times, numbers, money and flags, with every fault in its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import compress
from math import isfinite
from typing import Final, TypeVar

from leadfit.currency import in_minor_units
from leadfit.errors import Words
from leadfit.exports.faults import Faults
from leadfit.exports.frames import Frame
from leadfit.exports.shapes import SHAPES
from leadfit.records import Kind

_T = TypeVar("_T")

_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
# Leading zeros belong to codes, such as postal codes.
_PLAIN_NUMBER = re.compile(r"[+-]?(?!0\d)(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INFINITE = frozenset({float("inf"), float("-inf")})
_NO_NUMBER = frozenset(
    {
        *("nan", "inf", "infinity", "na", "n/a", "null"),
        *("#n/a", "#num!", "#div/0!", "#value!", "#ref!", "#name?", "#null!"),
    }
)
_EXACT_DIGITS: Final = 16
_HANDFUL: Final = 5

TIME_ALLOWED: Final = "an ISO 8601 time such as 2024-03-31 or 2024-03-31T09:30:00+02:00"
AMOUNT_ALLOWED: Final = "a decimal amount such as 1250.50, without thousands separators"


@dataclass(slots=True, kw_only=True)
class TypedRows:
    """Typed rows of one table, with the frame they come from for places and facts."""

    frame: Frame
    columns: dict[str, list[object]]

    def __len__(self) -> int:
        return len(self.frame)

    def get(self, name: str) -> list[object]:
        """Return a column, blank throughout where the source has none."""
        return self.columns.get(name) or [None] * len(self.frame)

    def leave_out(self, bad: Sequence[bool]) -> None:
        """Leave out the rows that are marked."""
        if not any(bad):
            return
        keep = [not is_bad for is_bad in bad]
        self.frame = self.frame.without(bad)
        self.columns = {name: list(compress(each, keep)) for name, each in self.columns.items()}


def as_time(text: str, date_format: str | None = None) -> datetime:
    """Return the aware UTC time that text names; without a zone it is taken for UTC.

    Raises:
        ValueError: When the text is no time of the format.

    >>> as_time("2020-12-30 3:15:52").isoformat()
    '2020-12-30T03:15:52+00:00'
    """
    if date_format is not None:
        read = datetime.strptime(text, date_format)  # noqa: DTZ007 -- the zone is set below
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    if text[4:5] == "-" == text[7:8] and text[10:11] in {"", "T", " "}:
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            pass  # the looser pattern below decides
        else:
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    written = (
        f"{year}-{month:0>2}-{day:0>2}T{hour or 0:0>2}:{minute or '00'}:{second or '00'}"
        f".{(fraction or '')[:6]:0<6}{_zone(zone)}"
    )
    return datetime.fromisoformat(written).astimezone(UTC)


def _zone(zone: str | None) -> str:
    if zone is None or zone.upper() in {"Z", "UTC"}:
        return "+00:00"
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return f"{zone[0]}{digits[:2]}:{digits[2:]}"


def at_utc(moment: date | datetime) -> datetime:
    """Return a date or time of a mapping file as an aware UTC time; a date means its last moment.

    >>> at_utc(date(2018, 6, 30)).isoformat()
    '2018-06-30T23:59:59.999999+00:00'
    """
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return datetime.combine(moment, time.max, tzinfo=UTC)


def as_number(text: str) -> float:
    """Return the finite number that text names.

    Raises:
        ValueError: When it names none; ``nan`` and ``inf`` are none.
    """
    number = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(number):
        raise ValueError(text)
    return number


def as_flag(text: str) -> bool:
    """Return a truth value.

    Raises:
        ValueError: When the text is neither true nor false.
    """
    word = text.casefold()
    if word in {"true", "t", "yes", "y", "1"}:
        return True
    if word in {"false", "f", "no", "n", "0"}:
        return False
    raise ValueError(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A fact column as numbers; ``spoilt`` counts the texts in it that stand for no number."""

    values: list[object]
    spoilt: dict[str, int]


def numbers_or_none(values: Sequence[str | None]) -> Numbers | None:
    """Return a fact column as numbers, or ``None`` when it is text.

    It is numeric when every value that is not blank is a number, there are more than a handful
    of different ones, and none looks like a code with leading zeros. What a program writes where
    it has no number, such as ``NaN``, ``inf`` or ``#DIV/0!``, is a blank among numbers.
    """
    distinct = {text for text in values if text is not None}
    odd = {text for text in distinct if _PLAIN_NUMBER.fullmatch(text) is None}
    if len(distinct) - len(odd) <= _HANDFUL or not all(map(_stands_for_none, odd)):
        return None
    parsed: dict[str | None, int | float | None] = {None: None}
    for text in distinct:
        number = None if text in odd else _number(text)
        parsed[text] = None if number in _INFINITE else number
    no_number = {text for text, number in parsed.items() if text is not None and number is None}
    spoilt = Counter(text for text in values if text in no_number) if no_number else Counter[str]()
    return Numbers(values=[parsed[text] for text in values], spoilt=dict(spoilt))


def _stands_for_none(text: str) -> bool:
    return text.casefold().lstrip("+-") in _NO_NUMBER


def _number(text: str) -> int | float:
    return int(text) if text.isdecimal() and len(text) < _EXACT_DIGITS else float(text)


def typed(
    frame: Frame,
    faults: Faults,
    *,
    times_known: bool = True,
    currency: str | None = None,
    also_required: Sequence[str] = (),
) -> TypedRows | None:
    """Return a frame's rows with every column in its type, or ``None`` after a missing column.

    Args:
        frame: What was read.
        faults: Where faults go; a row with a fault is left out of the answer.
        times_known: ``False`` lifts the demand for times.
        currency: Currency of amounts that name none.
        also_required: Columns needed besides those of the table's shape.
    """
    shape = SHAPES[frame.table.to]
    required = [
        name for name in (*shape.required, *also_required) if times_known or name not in shape.times
    ]
    if frame.table.to == "leads" and not times_known:
        frame.columns.pop("created_at", None)
    if not _has_columns(frame, required, faults):
        return None
    marked = _Marked(frame, faults)
    marked.check_filled(required)
    columns = {name: marked.column(name) for name in frame.columns if name not in shape.amounts}
    columns |= marked.amounts(currency)
    marked.check_key(shape.key)
    rows = TypedRows(frame=frame, columns=columns)
    rows.leave_out(marked.bad)
    return rows


def _kind(text: str) -> Kind:
    return Kind(text.casefold())


def _has_columns(frame: Frame, required: Sequence[str], faults: Faults) -> bool:
    shape = SHAPES[frame.table.to]
    name = frame.files[0] if frame.files else frame.table.source
    missing = [column for column in required if column not in frame.columns]
    for column in missing:
        shown = ", ".join(required)
        allowed = f"{frame.table.to} with the columns {shown}, or a mapping (see 'leadfit map')"
        faults.file(name, Words("no such column"), allowed, column=column)
    if shape.one_of and not any(column in frame.columns for column in shape.one_of):
        came = Words("a table that names no id")
        faults.file(name, came, f"at least one column of {', '.join(shape.one_of)}")
        return False
    return not missing


def _read_or_none(read: Callable[[str], _T], text: str) -> _T | None:
    try:
        return read(text)
    except (ValueError, OverflowError):
        return None


def _amount_or_none(text: str, currency: str | None) -> int | None:
    try:
        return in_minor_units(text, currency)
    except ValueError:
        return None


class _Marked:
    """A frame whose rows are marked bad as faults are found in them."""

    def __init__(self, frame: Frame, faults: Faults) -> None:
        self._frame, self._faults = frame, faults
        self._shape = SHAPES[frame.table.to]
        self.bad = [False] * len(frame)

    def check_filled(self, required: Sequence[str]) -> None:
        for name in required:
            for row, text in enumerate(self._frame.columns[name]):
                if text is None:
                    self._fault(row, name, Words("a blank"), "a value in every row")
        one_of = self._shape.one_of
        ids = [self._frame.columns[name] for name in one_of if name in self._frame.columns]
        for row, texts in enumerate(zip(*ids, strict=True)):
            if not any(texts):
                self._fault(row, None, Words("no id"), f"at least one of {', '.join(one_of)}")

    def check_key(self, key: str | None) -> None:
        if key is None or key not in self._frame.columns:
            return
        first: dict[str, int] = {}
        for row, text in enumerate(self._frame.columns[key]):
            seen = row if text is None else first.setdefault(text, row)
            if seen != row:
                where = f"{self._frame.files[seen]} row {self._frame.rows[seen]}"
                self._fault(row, key, text, f"each {key} once; it stands in {where} too")

    def column(self, name: str) -> list[object]:
        if name in self._shape.times:
            return self.times(name)
        if name in self._shape.numbers:
            return self.each(name, as_number, "a finite number")
        if name in self._shape.flags:
            return self.each(name, as_flag, "true or false")
        if name == "kind":
            return self.each(name, _kind, f"one of {', '.join(kind.value for kind in Kind)}")
        return list(self._frame.columns[name])

    def times(self, name: str) -> list[object]:
        pattern = self._frame.table.date_format

        def read(text: str) -> datetime:
            if name == "month" and re.fullmatch(r"\d{4}-\d{2}", text):
                text += "-01"
            return as_time(text, pattern)

        allowed = TIME_ALLOWED if pattern is None else f"a time of the form {pattern}"
        return self.each(name, read, allowed)

    def each(self, name: str, read: Callable[[str], _T], allowed: str) -> list[object]:
        known: dict[str, object] = {}
        values: list[object] = []
        for row, text in enumerate(self._frame.columns[name]):
            if text is None:
                values.append(None)
                continue
            if text not in known:
                known[text] = _read_or_none(read, text)
            value = known[text]
            if value is None:
                self._fault(row, name, text, allowed)
            values.append(value)
        return values

    def amounts(self, currency: str | None) -> dict[str, list[object]]:
        names = [name for name in self._shape.amounts if name in self._frame.columns]
        if not names:
            return {}
        currencies = self._currencies(self._frame.table.currency or currency)
        columns: dict[str, list[object]] = {"currency": list(currencies)}
        for name in names:
            columns[name] = []
            for row, text in enumerate(self._frame.columns[name]):
                amount = None if text is None else _amount_or_none(text, currencies[row])
                if text is not None and amount is None:
                    self._fault(row, name, text, AMOUNT_ALLOWED)
                columns[name].append(amount)
        return columns

    def _currencies(self, otherwise: str | None) -> list[str | None]:
        answers: list[str | None] = []
        for row, text in enumerate(self._frame.columns.get("currency") or [None] * len(self.bad)):
            code = (text or otherwise or "").upper()
            if code and re.fullmatch(r"[A-Z]{3}", code) is None:
                self._fault(row, "currency", text, "a currency of three letters such as EUR")
            answers.append(code or None)
        return answers

    def _fault(self, row: int, name: str | None, came: object, allowed: str) -> None:
        self.bad[row] = True
        header = None if name is None else self._frame.headers.get(name, name)
        place = self._frame.files[row], self._frame.rows[row]
        self._faults.row(*place, header, came, allowed)
