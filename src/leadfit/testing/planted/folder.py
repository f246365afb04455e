"""Writes a planted company as the canonical export folder, and its truth apart from it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from leadfit.errors import BadInput, Fault
from leadfit.testing.planted.company import Company
from leadfit.testing.planted.deals import CURRENCY, contracts, deals
from leadfit.testing.planted.dials import Dice
from leadfit.testing.planted.facts import PlantedFact
from leadfit.testing.planted.ledger import AccountRow, LeadRow, money
from leadfit.testing.planted.market import CHANNELS, REGIONS, ZONES, Seller, cost_of
from leadfit.testing.planted.names import listed
from leadfit.testing.planted.report import truth_of

HOURS = "mon-fri 09:00-17:30"
Row = Sequence[str]


def write(company: Company, folder: Path, *, truth: Path | None = None) -> None:
    """Write the export into ``folder`` and, if asked, ``truth.json`` into the folder ``truth``.

    Each folder appears whole or not at all.

    Raises:
        BadInput: A folder exists and is not empty, or one lies inside the other.
    """
    folder = Path(folder)
    targets = [folder] if truth is None else [folder, Path(truth)]
    _check(targets)
    _write_whole(folder, _tables(company))
    if truth is not None:
        text = json.dumps(
            truth_of(company), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        _write_whole(Path(truth), {"truth.json": text})


def _check(targets: Sequence[Path]) -> None:
    faults = [
        Fault(
            place=str(each), came="a folder with files or a file", allowed="a new or empty folder"
        )
        for each in targets
        if each.exists() and (not each.is_dir() or any(each.iterdir()))
    ]
    if len(targets) == 2:
        export, truth = (each.absolute() for each in targets)
        if truth.is_relative_to(export) or export.is_relative_to(truth):
            faults.append(
                Fault(
                    place=str(truth),
                    came="a folder inside or around the export",
                    allowed="a folder apart, so that no one reads the truth by mistake",
                )
            )
    if faults:
        raise BadInput(faults)


def _write_whole(folder: Path, files: Mapping[str, str | Iterable[Row]]) -> None:
    """Write all files into a folder beside ``folder``, then move it there in one step."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir()
    for name, content in files.items():
        with (part / name).open("w", encoding="utf-8", newline="") as file:
            if isinstance(content, str):
                file.write(content + "\n")
            else:
                csv.writer(file, lineterminator="\n").writerows(content)
            file.flush()
            os.fsync(file.fileno())
    if folder.exists():
        folder.rmdir()
    part.replace(folder)


def _tables(company: Company) -> Mapping[str, Iterable[Row]]:
    return {
        "accounts.csv": _accounts(company),
        "contacts.csv": _contacts(company),
        "leads.csv": _leads(company),
        "events.csv": _events(company),
        "deals.csv": deals(company.ledger, company.dials.seed),
        "contracts.csv": contracts(company.ledger),
        "facts.csv": _facts(company),
        "reps.csv": _reps(company),
        "spend.csv": _spend(company),
    }


def _accounts(company: Company) -> Iterator[Row]:
    columns = _columns(company, "accounts")
    stamp, won = company.ledger.calendar.stamp, company.ledger.won
    yield (
        listed("account_id name domain parent_account_id country created_at owner_id")
        + [fact.name for _, fact in columns]
    )
    for row in sorted(company.ledger.accounts, key=_account_order):
        dice = Dice(company.dials.seed, "account blanks", row.account_id)
        sale = won.get(row.entity.number)
        is_customer = sale is not None and sale.account is row
        yield (
            row.account_id,
            row.name,
            row.domain,
            _parent_id(company, row, dice),
            row.entity.country,
            stamp(row.created),
            row.owner_id,
            *_values(company, row.entity.values, columns, dice, is_customer=is_customer),
        )


def _account_order(row: AccountRow) -> tuple[int, str]:
    return row.created, row.account_id


def _parent_id(company: Company, row: AccountRow, dice: Dice) -> str:
    """Return the parent's id where the CRM knows it: a fifth of the time it does not."""
    parent = row.entity.parent
    known = dice.chance(0.8)
    if parent is None or not known or row.is_duplicate:
        return ""
    return company.entities[parent].account_id


def _columns(company: Company, table: str) -> list[tuple[int, PlantedFact]]:
    return [(n, fact) for n, fact in enumerate(company.facts) if fact.table == table]


def _values(
    company: Company,
    values: Sequence[str],
    columns: Sequence[tuple[int, PlantedFact]],
    dice: Dice,
    *,
    is_customer: bool,
) -> list[str]:
    missing = company.dials.missing
    return [
        ""
        if dice.unit() < missing or (fact.only_after_the_win and not is_customer)
        else values[place]
        for place, fact in columns
    ]


def _contacts(company: Company) -> Iterator[Row]:
    stamp = company.ledger.calendar.stamp
    yield listed("contact_id account_id email first_name last_name title phone created_at")
    for row in company.ledger.contacts:
        yield (
            row.contact_id,
            row.account_id,
            row.email,
            row.first_name,
            row.last_name,
            row.title,
            row.phone,
            stamp(row.created),
        )


def _leads(company: Company) -> Iterator[Row]:
    columns = _columns(company, "leads")
    leaks = leak_names(company.dials.seed, company.dials.leaks)
    stamp = company.ledger.calendar.stamp
    yield (
        listed(
            "lead_id created_at account_id contact_id email company source campaign region rep_id "
            "score tier"
        )
        + [fact.name for _, fact in columns]
        + leaks
    )
    for row in sorted(company.ledger.leads, key=lambda lead: (lead.created, lead.lead_id)):
        dice = Dice(company.dials.seed, "lead blanks", row.lead_id)
        yield (
            row.lead_id,
            stamp(row.created),
            row.account_id if row.is_linked else "",
            row.contact.contact_id,
            row.email,
            row.company,
            CHANNELS[row.entity.channel],
            row.campaign,
            REGIONS[row.entity.region],
            row.rep_id,
            str(row.score),
            str(1 if row.score >= 65 else 2 if row.score >= 40 else 3),
            *_values(company, row.entity.values, columns, dice, is_customer=False),
            *(_leaked(row, dice) for _ in leaks),
        )


def leak_names(seed: int, number: int) -> list[str]:
    """Return meaningless names for the columns that leak the outcome."""
    dice = Dice(seed, "leaks")
    return [
        f"{dice.pick('bcdfgh')}{dice.pick('kqvxz')}_{dice.whole(10, 99)}" for _ in range(number)
    ]


def _leaked(row: LeadRow, dice: Dice) -> str:
    """Return what someone filled in once the outcome was known."""
    if dice.chance(0.05):
        return ""
    return ("k1", "k1", "k2", "k4")[row.reached]


def _events(company: Company) -> Iterator[Row]:
    stamp = company.ledger.calendar.stamp
    yield listed("event_id at kind lead_id account_id contact_id amount currency reason value text")
    for number, event in enumerate(sorted(company.ledger.events, key=lambda each: each[0])):
        minute, kind, lead_id, account_id, contact_id, amount, reason, value, text = event
        yield (
            f"ev_{number + 1:08d}",
            stamp(minute),
            kind,
            lead_id,
            account_id,
            contact_id,
            amount,
            CURRENCY if amount else "",
            reason,
            value,
            text,
        )


def _facts(company: Company) -> Iterator[Row]:
    stamp = company.ledger.calendar.stamp
    yield listed("account_id fact value known_at")
    for account_id, fact, value, known in sorted(company.ledger.facts, key=lambda row: row[3]):
        yield account_id, fact, value, stamp(known)


def _reps(company: Company) -> Iterator[Row]:
    yield listed(
        "rep_id name email team manager_id skills territories timezone working_hours away_from "
        "away_to active"
    )
    boss = ""
    for seller in company.economics.market.sellers:
        boss = "" if seller.is_boss else boss
        yield (
            seller.rep_id,
            seller.name,
            address_of(seller),
            REGIONS[seller.region],
            boss,
            ";".join(seller.skills),
            REGIONS[seller.region],
            ZONES[seller.region],
            HOURS,
            "",
            "",
            "yes",
        )
        boss = seller.rep_id if seller.is_boss else boss


def address_of(seller: Seller) -> str:
    """Return the address of a rep, under a name reserved for examples."""
    return f"{seller.name.lower().replace(' ', '.')}@example.com"


def _spend(company: Company) -> Iterator[Row]:
    calendar = company.ledger.calendar
    leads: dict[tuple[str, int], int] = {}
    for lead in company.ledger.leads:
        key = (calendar.at(lead.created).strftime("%Y-%m"), lead.entity.channel)
        leads[key] = leads.get(key, 0) + 1
    yield listed("month channel amount currency")
    for (month, channel), number in sorted(leads.items()):
        dice = Dice(company.dials.seed, "spend", month, channel)
        cents = round(100 * number * cost_of(channel) * dice.between(0.85, 1.15))
        yield f"{month}-01", CHANNELS[channel], money(cents), CURRENCY
