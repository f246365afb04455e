"""The command that matches a file of leads to a file of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import click

from leadfit.bounds import percent
from leadfit.cli.base import FILE, answering
from leadfit.cli.output import Output, table

if TYPE_CHECKING:
    from leadfit.jobs.file_matching.match_files import Matched


@click.command("match")
@click.argument("leads", type=FILE)
@click.option("--accounts", type=FILE, required=True, help="Accounts to match to.")
@click.option("--contacts", type=FILE, help="Contacts of these accounts.")
@click.option("--card", type=FILE, help="A trained model card; without one the starter card.")
@click.option("--labels", type=FILE, help="Judged pairs: lead_id, account_id, match.")
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True
)
@click.option("--out", type=FILE, required=True, help="One row for each lead: .csv or .parquet.")
@answering
def match_command(
    output: Output,
    *,
    leads: Path,
    accounts: Path,
    contacts: Path | None,
    card: Path | None,
    labels: Path | None,
    engine: Literal["duckdb", "spark"],
    out: Path,
) -> None:
    """Match the leads of a file to accounts and contacts, each with a probability and a band."""
    from leadfit.jobs.file_matching.match_files import AskedMatch, match_files  # noqa: PLC0415 -- slow to import
    from leadfit.world import SystemWorld  # noqa: PLC0415 -- as above

    asked = AskedMatch(contacts=contacts, card=card, labels=labels, engine=engine)
    found = match_files(SystemWorld(), leads, accounts, asked, out, output.say)
    output.answer(matched_document(found, out), lambda: matched_words(found, out))


def matched_document(found: Matched, out: Path) -> dict[str, object]:
    """Return what became of the leads as JSON values."""
    return {
        "leads": found.leads,
        "accounts": found.accounts,
        "contacts": found.contacts,
        "bands": dict(found.bands),
        "relations": dict(found.relations),
        "methods": dict(found.methods),
        "capped": found.capped,
        "card": found.card.digest,
        "warnings": list(found.warnings),
        "out": str(out),
    }


def matched_words(found: Matched, out: Path) -> str:
    """Return the same for a person."""
    said = {
        "auto": "linked at once",
        "review": "for a reviewer",
        "new": "new accounts",
    }
    rows = [
        (said[band], count, percent(count / max(1, found.leads)))
        for band, count in found.bands.items()
    ]
    counted = f"{found.leads} leads, {found.accounts} accounts, {found.contacts} contacts"
    lines = [counted, table(rows)]
    lines += [f"Note: {warning}" for warning in found.warnings]
    lines.append(f"The account of each lead is in {out}; the model is {found.card.digest[:12]}")
    return "\n".join(lines)


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"match": match_command})
