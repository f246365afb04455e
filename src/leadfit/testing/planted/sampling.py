"""The sandbox in one call, and the policy folder's tables that go with a planted company."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leadfit.testing.planted.company import Company, simulate
from leadfit.testing.planted.dials import Dials
from leadfit.testing.planted.folder import HOURS, address_of, write
from leadfit.testing.planted.market import COUNTRIES, REGIONS, ZONES, Seller

_TEAMS = ("senior-ae", "ae", "sdr", "senior-ae")
_PLAYS = (
    ("technical", "solutions-engineer", "battle-card"),
    ("proof",),
    (),
    ("technical", "proof", "battle-card"),
)
_CALENDARS = ("de", "gb", "se", "fr", "us")
_COUNTRY_NAMES = ("germany", "united kingdom", "sweden", "france", "united states")
_HOLIDAYS = (
    ("", "12-25", "Christmas Day", ""),
    ("", "01-01", "New Year", ""),
    ("de", "10-03", "Tag der Deutschen Einheit", ""),
    ("de", "12-24", "Heiligabend", "09:00-13:00"),
    ("de", "12-26", "Zweiter Weihnachtstag", ""),
    ("gb", "12-26", "Boxing Day", ""),
    ("se", "06-06", "Nationaldagen", ""),
    ("fr", "07-14", "Fete nationale", ""),
    ("fr", "11-11", "Armistice", ""),
    ("us", "07-04", "Independence Day", ""),
)


def sample(
    folder: Path, *, seed: int = 7, leads: int = 20_000, facts: int = 60, truth: Path | None = None
) -> Company:
    """Simulate a company and write its export folder; the truth goes into the folder ``truth``.

    Raises:
        BadInput: A number is out of range, or a folder is not empty.
    """
    company = simulate(Dials(seed=seed, leads=leads, facts=facts))
    write(company, folder, truth=truth)
    return company


def policy_files(company: Company) -> Mapping[str, str]:
    """Return ``reps.csv``, ``territories.csv`` and ``holidays.csv`` as text, by file name.

    The reps have the ids of the export. In each region there are sellers for every tier, a boss,
    and one seller who takes what nobody else can.
    """
    return {
        "reps.csv": _text(_reps(company.economics.market.sellers)),
        "territories.csv": _text(_territories()),
        "holidays.csv": _text(_holidays(company)),
    }


def _text(rows: Iterable[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()


def _reps(sellers: Sequence[Seller]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        (
            *("rep_id", "name", "email", "team", "manager_id", "skills", "territories"),
            *("timezone", "working_hours", "calendar", "away_from", "away_to", "active"),
            "overflow",
        )
    ]
    boss, place = "", 0
    for seller in sellers:
        if seller.is_boss:
            boss, place = seller.rep_id, 0
        else:
            place += 1
        rows.append(_rep(seller, boss, place))
    rows.append(_nurturer(boss))
    return rows


def _rep(seller: Seller, boss: str, place: int) -> Sequence[str]:
    team = "management" if seller.is_boss else _TEAMS[place - 1]
    plays = () if seller.is_boss else _PLAYS[place - 1]
    return (
        seller.rep_id,
        seller.name,
        address_of(seller),
        team,
        "" if seller.is_boss else boss,
        ";".join(dict.fromkeys((*seller.skills, *plays))),
        "" if seller.is_boss else REGIONS[seller.region],
        ZONES[seller.region],
        HOURS,
        _CALENDARS[seller.region],
        "",
        "",
        "yes",
        "yes" if place == len(_TEAMS) else "no",
    )


def _nurturer(boss: str) -> Sequence[str]:
    """Return the one in marketing who owns what is nurtured."""
    return (
        *("rep_nurture", "Robin Marsh", "robin.marsh@example.com", "marketing", boss),
        *("", "", "Europe/London", HOURS, "gb", "", "", "yes", "no"),
    )


def _territories() -> list[Sequence[str]]:
    header = (
        *("territory", "country", "state", "region", "industry", "segment"),
        *("employees_min", "employees_max", "rep_ids"),
    )
    rows: list[Sequence[str]] = [header]
    for region, country, name in zip(REGIONS, COUNTRIES, _COUNTRY_NAMES, strict=True):
        rows.append((region, f"{country.lower()};{name}", "", "", "", "", "", "", ""))
    return rows


def _holidays(company: Company) -> list[Sequence[str]]:
    first, last = company.dials.starts_on.year, company.ends_at.year + 2
    rows: list[Sequence[str]] = [("calendar", "date", "name", "open")]
    for year in range(first, last + 1):
        rows.extend(
            (calendar, f"{year}-{day}", name, hours) for calendar, day, name, hours in _HOLIDAYS
        )
    return rows
