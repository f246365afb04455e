"""Deadlines in working time, worked out by hand; every row must be exact in every host zone.

Run as a program it prints what the calendar makes of each row, a line a row.

Changes of the clock that rows are about, in UTC: Berlin 2026-03-29 01:00 and 2026-10-25 01:00; New
York 2026-03-08 07:00 and 2026-11-01 06:00; Lord Howe, by half an hour, 2026-04-04 15:00 (back) and
2026-10-03 15:30 (on); Chatham 2026-04-04 14:00 (back); Troll, by two hours, 2026-03-29 01:00;
Cairo, at midnight, 2026-04-23 22:00. Apia had no 30 December 2011: it went from -10 to +14.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from leadfit.policy.calendar import Closures, add_minutes
from leadfit.records import Rep

NINE_TO_FIVE: Final = "mon-fri 09:00-17:00"
ALWAYS: Final = "mon-sun 00:00-24:00"
NIGHT: Final = "mon-fri 22:00-06:00"
CLOSURES: Final[Closures] = {
    (None, date(2026, 12, 25)): (),
    ("us", date(2026, 11, 26)): (),
    ("us", date(2026, 11, 27)): ((540, 780),),
    ("de", date(2026, 12, 24)): ((540, 720), (780, 840)),
    ("de", date(2026, 12, 25)): ((600, 660),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Whose minutes count, from when, how many, and when they are over; ``None`` for never."""

    why: str
    zone: str
    hours: str
    start: str
    minutes: float
    due: str | None
    calendar: str | None = None
    away_from: str | None = None
    away_to: str | None = None

    @property
    def rep(self) -> Rep:
        """The rep of the row."""
        return Rep(
            rep_id="r", name="R", timezone=self.zone, working_hours=self.hours,
            calendar=self.calendar, away_from=at(self.away_from), away_to=at(self.away_to),
        )  # fmt: skip


def at(text: str | None) -> datetime | None:
    """Return a time of the table; all are in UTC."""
    return None if text is None else datetime.fromisoformat(text + "+00:00").astimezone(UTC)


def _rows(zone: str, *rows: tuple[str, str, str, float, str]) -> Iterator[Row]:
    for why, hours, start, minutes, due in rows:
        yield Row(why=why, zone=zone, hours=hours, start=start, minutes=minutes, due=due)


_ZONES: Final = (
    *_rows(
        "UTC",
        ("in the middle of a shift", NINE_TO_FIVE, "2026-03-04T10:00", 15, "2026-03-04T10:15"),
        ("to the second", NINE_TO_FIVE, "2026-03-04T10:00:07", 0.25, "2026-03-04T10:00:22"),
        ("before the shift", NINE_TO_FIVE, "2026-03-04T03:00", 15, "2026-03-04T09:15"),
        ("over the end of a shift", NINE_TO_FIVE, "2026-03-04T16:50", 15, "2026-03-05T09:05"),
        ("up to the very end", NINE_TO_FIVE, "2026-03-04T16:45", 15, "2026-03-04T17:00"),
        ("from the very end", NINE_TO_FIVE, "2026-03-04T17:00", 15, "2026-03-05T09:15"),
        ("over a weekend", NINE_TO_FIVE, "2026-03-06T16:50", 15, "2026-03-09T09:05"),
        ("three whole days", NINE_TO_FIVE, "2026-03-05T09:00", 1440, "2026-03-09T17:00"),
        ("over lunch", "mon-fri 09:00-12:00,13:00-17:00", "2026-03-04T11:50", 15,
         "2026-03-04T13:05"),
        ("over leap day", NINE_TO_FIVE, "2028-02-28T16:50", 15, "2028-02-29T09:05"),
        ("over the new year", NINE_TO_FIVE, "2026-12-31T16:50", 15, "2027-01-01T09:05"),
        ("night, before its end", NIGHT, "2026-03-05T05:50", 15, "2026-03-05T22:05"),
        ("night, over midnight", NIGHT, "2026-03-04T23:55", 15, "2026-03-05T00:10"),
        ("night that ends on Saturday", NIGHT, "2026-03-07T05:50", 15, "2026-03-09T22:05"),
        ("night into a holiday is that of the day before", NIGHT, "2026-12-25T05:50", 15,
         "2026-12-28T22:05"),
        ("one hour a week", "tue 10:00-11:00", "2026-03-03T10:30", 60, "2026-03-10T10:30"),
    ),
    *_rows(
        "Europe/Berlin",
        ("winter", NINE_TO_FIVE, "2026-01-14T15:50", 15, "2026-01-15T08:05"),
        ("summer", NINE_TO_FIVE, "2026-07-14T14:50", 15, "2026-07-15T07:05"),
        ("weekend the clock goes on", NINE_TO_FIVE, "2026-03-27T15:50", 15, "2026-03-30T07:05"),
        ("weekend the clock goes back", NINE_TO_FIVE, "2026-10-23T14:50", 15, "2026-10-26T08:05"),
        ("shift that begins in the gap", "sun 02:00-04:00", "2026-03-28T12:00", 60,
         "2026-03-29T02:00"),
        ("shift within the gap is none", "sun 02:15-02:45", "2026-03-28T12:00", 15,
         "2026-04-05T00:30"),
        ("night of seven hours", "sat 22:00-06:00", "2026-03-28T20:00", 420, "2026-03-29T04:00"),
        ("night of nine hours", "sat 22:00-06:00", "2026-10-24T12:00", 540, "2026-10-25T05:00"),
        ("hour that comes twice", "sun 02:00-03:00", "2026-10-24T12:00", 90, "2026-10-25T01:30"),
        ("quarter within the overlap counts once", "sun 02:30-02:45", "2026-10-24T12:00", 15,
         "2026-10-25T00:45"),
        ("end within the overlap is its first coming", "sun 01:00-02:30", "2026-10-24T12:00", 90,
         "2026-10-25T00:30"),
        ("second coming is past such an end", "sun 01:00-02:30", "2026-10-25T01:00", 15,
         "2026-11-01T00:15"),
    ),
    *_rows(
        "America/New_York",
        ("weekend the clock goes on", NINE_TO_FIVE, "2026-03-06T21:50", 15, "2026-03-09T13:05"),
        ("weekend the clock goes back", NINE_TO_FIVE, "2026-10-30T20:50", 15, "2026-11-02T14:05"),
        ("around the clock over the gap", ALWAYS, "2026-03-08T06:30", 60, "2026-03-08T07:30"),
        ("around the clock over the overlap", ALWAYS, "2026-11-01T05:30", 60, "2026-11-01T06:30"),
        ("shift that ends in the gap", "sun 01:30-02:30", "2026-03-07T12:00", 30,
         "2026-03-08T07:00"),
        ("and goes on a week later", "sun 01:30-02:30", "2026-03-07T12:00", 45,
         "2026-03-15T05:45"),
        ("shift over the overlap", "sun 01:00-03:00", "2026-11-01T05:30", 120, "2026-11-01T07:30"),
        ("shift from the overlap on", "sun 01:45-02:15", "2026-10-31T12:00", 60,
         "2026-11-01T06:45"),
    ),
    *_rows(
        "Asia/Kolkata",
        ("half an hour off", NINE_TO_FIVE, "2026-03-04T03:00", 15, "2026-03-04T03:45"),
        ("over the end of a shift", NINE_TO_FIVE, "2026-03-04T11:20", 15, "2026-03-05T03:35"),
        ("seconds over a weekend", NINE_TO_FIVE, "2026-03-06T11:29:30", 1, "2026-03-09T03:30:30"),
        ("late shift", "mon-fri 18:00-03:00", "2026-03-04T21:20", 15, "2026-03-05T12:35"),
    ),
    *_rows(
        "Australia/Lord_Howe",
        ("back by half an hour", "sun 01:00-03:00", "2026-04-04T00:00", 150, "2026-04-04T16:30"),
        ("from within the half hour", "sun 01:30-02:30", "2026-04-04T00:00", 75,
         "2026-04-04T15:45"),
        ("on by half an hour", "sun 01:00-03:00", "2026-10-03T00:00", 90, "2026-10-03T16:00"),
        ("the half hour that is none", "sun 02:00-02:30", "2026-10-03T00:00", 15,
         "2026-10-10T15:15"),
        ("begins within it", "sun 02:15-03:00", "2026-10-03T00:00", 15, "2026-10-03T15:45"),
        ("weekend back", NINE_TO_FIVE, "2026-04-03T05:50", 15, "2026-04-05T22:35"),
        ("weekend on", NINE_TO_FIVE, "2026-10-02T06:20", 15, "2026-10-04T22:05"),
    ),
    *_rows(
        "Pacific/Apia",
        ("east of everybody", NINE_TO_FIVE, "2026-03-03T19:00", 15, "2026-03-03T20:15"),
        ("the Friday that never was", NINE_TO_FIVE, "2011-12-30T02:50", 15, "2012-01-01T19:05"),
        ("around the clock without it", ALWAYS, "2011-12-30T09:30", 60, "2011-12-30T10:30"),
    ),
    *_rows(
        "Pacific/Chatham",
        ("three quarters off, weekend back", NINE_TO_FIVE, "2026-04-03T03:05", 15,
         "2026-04-05T20:20"),
    ),
    *_rows(
        "Pacific/Kiritimati",
        ("Monday while it is Sunday", NINE_TO_FIVE, "2026-03-01T18:00", 30, "2026-03-01T19:30"),
    ),
    *_rows(
        "America/St_Johns",
        ("half an hour off, west", NINE_TO_FIVE, "2026-03-04T12:00", 15, "2026-03-04T12:45"),
        ("weekend the clock goes on", NINE_TO_FIVE, "2026-03-06T20:20", 15, "2026-03-09T11:35"),
    ),
    *_rows(
        "Antarctica/Troll",
        ("on by two hours", "sun 00:00-06:00", "2026-03-28T12:00", 240, "2026-03-29T04:00"),
    ),
    *_rows(
        "Africa/Cairo",
        ("a day that begins at one", "fri 00:00-02:00", "2026-04-23T12:00", 60,
         "2026-04-23T23:00"),
    ),
)  # fmt: skip


def _closed(  # noqa: PLR0917 -- the columns of a row
    why: str, zone: str, calendar: str, hours: str, start: str, minutes: float, due: str
) -> Row:
    return Row(
        why=why, zone=zone, hours=hours, start=start, minutes=minutes, due=due, calendar=calendar
    )


_NEW_YORK: Final = "America/New_York"
_BERLIN: Final = "Europe/Berlin"
_HOLIDAYS: Final = (
    _closed("holiday, then half a day", _NEW_YORK, "us", NINE_TO_FIVE, "2026-11-25T21:50", 15,
            "2026-11-27T14:05"),
    _closed("half a day ends", _NEW_YORK, "us", NINE_TO_FIVE, "2026-11-27T17:50", 15,
            "2026-11-30T14:05"),
    _closed("holiday of others", _NEW_YORK, "de", NINE_TO_FIVE, "2026-11-25T21:50", 15,
            "2026-11-26T14:05"),
    _closed("half a day meets a late shift", _NEW_YORK, "us", "mon-fri 12:00-20:00",
            "2026-11-27T10:00", 60, "2026-11-27T18:00"),
    _closed("and no more of it", _NEW_YORK, "us", "mon-fri 12:00-20:00", "2026-11-27T10:00", 61,
            "2026-11-30T17:01"),
    _closed("half a day outside the hours is a holiday", _NEW_YORK, "us", "mon-fri 14:00-20:00",
            "2026-11-27T10:00", 15, "2026-11-30T19:15"),
    _closed("two spans of a half day", _BERLIN, "de", NINE_TO_FIVE, "2026-12-24T10:50", 15,
            "2026-12-24T12:05"),
    _closed("own calendar wins over that of all", _BERLIN, "de", NINE_TO_FIVE, "2026-12-24T12:55",
            65, "2026-12-25T10:00"),
    _closed("a day closed for all", _BERLIN, "gb", NINE_TO_FIVE, "2026-12-24T15:50", 15,
            "2026-12-28T08:05"),
)  # fmt: skip


def _away(  # noqa: PLR0917 -- the columns of a row
    why: str, zone: str, hours: str, leave: tuple[str | None, str | None],
    start: str, minutes: float, due: str | None,
) -> Row:  # fmt: skip
    return Row(
        why=why, zone=zone, hours=hours, start=start, minutes=minutes, due=due,
        away_from=leave[0], away_to=leave[1],
    )  # fmt: skip


_LEAVE: Final = (
    _away("begins and ends in mid-shift, the clock going on between", _NEW_YORK, NINE_TO_FIVE,
          ("2026-03-06T19:00", "2026-03-09T16:00"), "2026-03-06T18:50", 15, "2026-03-09T16:05"),
    _away("begins and ends in mid-shift, the clock going back between", _BERLIN, NINE_TO_FIVE,
          ("2026-10-23T12:00", "2026-10-26T11:30"), "2026-10-23T11:50", 15, "2026-10-26T11:35"),
    _away("within a night", "UTC", NIGHT,
          ("2026-03-05T01:00", "2026-03-06T02:00"), "2026-03-05T00:50", 15, "2026-03-06T02:05"),
    _away("an hour in the middle of a shift", "UTC", NINE_TO_FIVE,
          ("2026-03-04T12:00", "2026-03-04T13:00"), "2026-03-04T11:50", 15, "2026-03-04T13:05"),
    _away("the lead comes during it", "UTC", NINE_TO_FIVE,
          ("2026-03-02T00:00", "2026-03-04T11:30"), "2026-03-03T10:00", 30, "2026-03-04T12:00"),
    _away("over before", "UTC", NINE_TO_FIVE,
          ("2026-03-02T00:00", "2026-03-03T00:00"), "2026-03-04T10:00", 15, "2026-03-04T10:15"),
    _away("known by its end alone", "UTC", NINE_TO_FIVE,
          (None, "2026-03-04T12:00"), "2026-03-04T09:00", 15, "2026-03-04T12:15"),
    _away("without an end, begun", "UTC", NINE_TO_FIVE,
          ("2026-03-04T12:00", None), "2026-03-04T12:00", 15, None),
    _away("without an end, the minutes before it are enough", "UTC", NINE_TO_FIVE,
          ("2026-03-04T12:00", None), "2026-03-04T11:45", 15, "2026-03-04T12:00"),
    _away("without an end, they are not", "UTC", NINE_TO_FIVE,
          ("2026-03-04T12:00", None), "2026-03-04T11:46", 15, None),
)  # fmt: skip

ROWS: Final = (*_ZONES, *_HOLIDAYS, *_LEAVE)


def found(row: Row) -> str:
    """Return what the calendar says of a row."""
    start = at(row.start)
    assert start is not None
    due = add_minutes(row.rep, CLOSURES, start, row.minutes)
    return "never" if due is None else due.isoformat()


def expected(row: Row) -> str:
    """Return what the calendar has to say."""
    due = at(row.due)
    return "never" if due is None else due.isoformat()


if __name__ == "__main__":
    sys.stdout.write("".join(f"{found(row)}\n" for row in ROWS))
