"""The three tables of a policy folder: reps, territories, holidays."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from leadfit.errors import Fault, shorten
from leadfit.policy.calendar import parse_hours, parse_spans
from leadfit.policy.policy import Holiday, Territory, fold
from leadfit.records import Rep

T = TypeVar("T")
D = TypeVar("D")

REP_COLUMNS = (
    "rep_id", "name", "email", "team", "manager_id", "skills", "territories", "timezone",
    "working_hours", "calendar", "away_from", "away_to", "active", "overflow", "capacity",
)  # fmt: skip
TERRITORY_FACTS = ("country", "state", "region", "industry", "segment")
TERRITORY_COLUMNS = (
    "territory", *TERRITORY_FACTS, "employees_min", "employees_max", "rep_ids",
)  # fmt: skip
HOLIDAY_COLUMNS = ("date", "name", "calendar", "open")
_LONGEST_CELL = 10_000
_MOST_SLOTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the three files hold."""

    reps: tuple[Rep, ...]
    territories: tuple[Territory, ...]
    holidays: tuple[Holiday, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, which notes what is wrong with it."""

    file: str
    line: int
    cells: Mapping[str, str]
    faults: list[Fault]

    def fault(self, column: str, allowed: str) -> None:
        came = shorten(self.cells.get(column, ""))
        place = f"{self.file} row {self.line} column {column}"
        self.faults.append(Fault(place=place, came=came, allowed=allowed))

    def get(self, column: str, read: Callable[[str], T], default: D) -> T | D:
        text = self.cells.get(column, "")
        if not text:
            return default
        try:
            return read(text)
        except (ValueError, OSError) as error:
            self.fault(column, str(error))
            return default

    def need(self, column: str) -> str:
        text = self.cells.get(column, "")
        if not text:
            self.fault(column, "a value; this column is required")
        return text


def read_tables(contents: Mapping[str, bytes], faults: list[Fault]) -> Tables:
    """Read the three tables and add what is wrong with them to ``faults``.

    Args:
        contents: Bytes by file name; a file that is not there was named before.
        faults: Receives every fault.
    """
    holidays = _holidays(_rows("holidays.csv", HOLIDAY_COLUMNS, 2, contents, faults))
    rep_rows = _rows("reps.csv", REP_COLUMNS, 2, contents, faults)
    reps = [_rep(row) for row in rep_rows]
    territory_rows = _rows("territories.csv", TERRITORY_COLUMNS, 1, contents, faults)
    territories = [_territory(row) for row in territory_rows]
    _check_reps(rep_rows, reps, {each.name for each in territories}, holidays)
    _check_owners(territory_rows, territories, reps)
    return Tables(reps=tuple(reps), territories=tuple(territories), holidays=tuple(holidays))


def _rows(
    file: str,
    columns: tuple[str, ...],
    required: int,
    contents: Mapping[str, bytes],
    faults: list[Fault],
) -> list[_Row]:
    """Return the rows of a file; lines that begin with ``#`` are comments."""
    if file not in contents:
        return []
    try:
        text = contents[file].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents[file][: error.start].count(b"\n") + 1
        came = f"byte {contents[file][error.start]:#04x}"
        faults.append(Fault(place=f"{file} row {line}", came=came, allowed="text in UTF-8"))
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: list[_Row] = []
    try:
        for cells in reader:
            if not any(cells) or cells[0].startswith("#"):
                continue
            if header is None:
                header = [cell.strip().casefold() for cell in cells]
                if not _header_is_good(file, header, columns, required, faults):
                    return []
            else:
                rows.extend(_row(file, reader.line_num, header, cells, faults))
    except csv.Error as error:
        place = f"{file} row {reader.line_num}"
        faults.append(Fault(place=place, came=str(error), allowed="comma-separated values"))
    if header is None:
        allowed = f"a header row: {','.join(columns)}"
        faults.append(Fault(place=file, came="an empty file", allowed=allowed))
    return rows


def _header_is_good(
    file: str, header: list[str], columns: tuple[str, ...], required: int, faults: list[Fault]
) -> bool:
    before = len(faults)
    for column in dict.fromkeys(header):
        place = f"{file} column {column}"
        if header.count(column) > 1:
            faults.append(Fault(place=place, came="the column twice", allowed="each column once"))
        if column not in columns:
            allowed = f"one of the columns {', '.join(columns)}"
            faults.append(Fault(place=place, came=shorten(column), allowed=allowed))
    faults.extend(
        Fault(place=f"{file} column {column}", came="no such column", allowed="a required column")
        for column in columns[:required]
        if column not in header
    )
    return len(faults) == before


def _row(
    file: str, line: int, header: list[str], cells: list[str], faults: list[Fault]
) -> list[_Row]:
    place = f"{file} row {line}"
    if len(cells) != len(header):
        came, allowed = f"{len(cells)} cells", f"{len(header)} cells, as in the header"
        faults.append(Fault(place=place, came=came, allowed=allowed))
        return []
    for column, cell in zip(header, cells, strict=True):
        if len(cell) > _LONGEST_CELL or "\x00" in cell:
            allowed = f"at most {_LONGEST_CELL} characters, none of them NUL"
            faults.append(
                Fault(place=f"{place} column {column}", came=shorten(cell), allowed=allowed)
            )
            return []
    stripped = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
    return [_Row(file, line, stripped, faults)]


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))


def _yes(text: str) -> bool:
    if text.casefold() not in {"yes", "no", "true", "false", "1", "0"}:
        message = "yes or no"
        raise ValueError(message)
    return text.casefold() in {"yes", "true", "1"}


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        message = "an IANA time zone such as Europe/Berlin"
        raise ValueError(message) from None
    return text


def _hours(text: str) -> str:
    parse_hours(text)
    return text


def _moment(timezone: str) -> Callable[[str], datetime]:
    """Return a reader of days and times; without a zone they are in the rep's."""

    def read(text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=ZoneInfo(timezone))
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            message = "a date such as 2026-12-24 or a time such as 2026-12-24T12:00:00+01:00"
            raise ValueError(message) from None

    return read


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = "a date such as 2026-12-24"
        raise ValueError(message) from None


def _slots(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:6]) > _MOST_SLOTS:
        message = f"a whole number from 0 to {_MOST_SLOTS}"
        raise ValueError(message)
    return int(text[:6])


def _count(text: str) -> float:
    if not text.isascii() or not text.isdigit():
        message = "a whole number such as 200"
        raise ValueError(message)
    return float(text[:15])


def _rep(row: _Row) -> Rep:
    timezone = row.get("timezone", _timezone, "UTC")
    away_from = row.get("away_from", _moment(timezone), None)
    away_to = row.get("away_to", _moment(timezone), None)
    if away_from is not None and away_to is not None and away_to <= away_from:
        row.fault("away_to", "a time after away_from, the first day back at work")
    return Rep(
        rep_id=row.need("rep_id"),
        name=row.need("name"),
        email=row.cells.get("email") or None,
        team=row.cells.get("team") or None,
        manager_id=row.cells.get("manager_id") or None,
        skills=frozenset(row.get("skills", _list, ())),
        territories=frozenset(row.get("territories", _list, ())),
        timezone=timezone,
        working_hours=row.get("working_hours", _hours, "mon-fri 09:00-17:00"),
        calendar=row.cells.get("calendar") or None,
        away_from=away_from,
        away_to=away_to,
        active=row.get("active", _yes, True),
        is_overflow=row.get("overflow", _yes, False),
        capacity=row.get("capacity", _slots, None),
    )


def _territory(row: _Row) -> Territory:
    listed = {fact: row.get(fact, _list, ()) for fact in TERRITORY_FACTS}
    least = row.get("employees_min", _count, None)
    most = row.get("employees_max", _count, None)
    if least is not None and most is not None and most < least:
        row.fault("employees_max", "at least employees_min")
    return Territory(
        name=row.need("territory"),
        values={fact: frozenset(map(fold, each)) for fact, each in listed.items() if each},
        least={} if least is None else {"employees": least},
        most={} if most is None else {"employees": most},
        rep_ids=row.get("rep_ids", _list, ()),
    )


def _holidays(rows: list[_Row]) -> list[Holiday]:
    holidays: list[Holiday] = []
    seen: dict[tuple[str | None, date], int] = {}
    for row in rows:
        row.need("name")
        day = row.get("date", _day, None)
        calendar = row.cells.get("calendar") or None
        hours = row.get("open", parse_spans, ())
        if day is None:
            if not row.cells.get("date"):
                row.need("date")
            continue
        if (calendar, day) in seen:
            row.fault("date", f"each day once a calendar; row {seen[calendar, day]} has it too")
        seen.setdefault((calendar, day), row.line)
        holidays.append(Holiday(day=day, name=row.cells["name"], calendar=calendar, open=hours))
    return holidays


def _check_reps(
    rows: list[_Row], reps: list[Rep], territories: set[str], holidays: list[Holiday]
) -> None:
    calendars = {each.calendar for each in holidays if each.calendar}
    by_id: dict[str, Rep] = {}
    lines: dict[str, int] = {}
    for row, rep in zip(rows, reps, strict=True):
        if rep.rep_id in by_id:
            row.fault("rep_id", f"each id once; row {lines[rep.rep_id]} has it too")
        by_id.setdefault(rep.rep_id, rep)
        lines.setdefault(rep.rep_id, row.line)
    for row, rep in zip(rows, reps, strict=True):
        if rep.manager_id is not None and rep.manager_id not in by_id:
            row.fault("manager_id", "a rep_id of reps.csv")
        elif _leads_back(rep, by_id):
            row.fault("manager_id", "somebody who is not, over others, managed by this rep")
        if not rep.territories <= territories:
            row.fault("territories", "territories of territories.csv, joined by ;")
        if rep.calendar is not None and rep.calendar not in calendars:
            row.fault("calendar", f"a calendar of holidays.csv: {', '.join(sorted(calendars))}")


def _leads_back(rep: Rep, by_id: Mapping[str, Rep]) -> bool:
    seen: set[str] = set()
    above = rep.manager_id
    while above is not None and above in by_id and above not in seen:
        if above == rep.rep_id:
            return True
        seen.add(above)
        above = by_id[above].manager_id
    return False


def _check_owners(rows: list[_Row], territories: list[Territory], reps: list[Rep]) -> None:
    ids = {rep.rep_id for rep in reps}
    claimed = {name for rep in reps for name in rep.territories}
    for row, territory in zip(rows, territories, strict=True):
        if not set(territory.rep_ids) <= ids:
            row.fault("rep_ids", "rep_ids of reps.csv, joined by ;")
        elif not territory.rep_ids and territory.name not in claimed:
            row.fault("rep_ids", "an owner here, or a rep of reps.csv that lists the territory")
        if not (territory.values or territory.least or territory.most):
            row.fault("territory", "at least one condition, such as a country")
