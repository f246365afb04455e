"""Checks the table of domains: which account holds which domain, in what role and when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from leadfit.exports.convert import TypedRows
from leadfit.exports.faults import Faults
from leadfit.resolve import domain_key
from leadfit.resolve.relatives.domains import DomainRole

_ROLES = ", ".join(DomainRole)


def check_domains(
    tables: Sequence[TypedRows], accounts: Collection[object], faults: Faults
) -> None:
    """Add a fault for every line that cannot be kept, and leave these lines out.

    Args:
        tables: Typed tables of domains.
        accounts: Ids of the accounts of the export.
        faults: Where faults go.
    """
    first: dict[tuple[str, object], tuple[str, int]] = {}
    for rows in tables:
        places = list(zip(rows.frame.files, rows.frame.rows, strict=True))
        columns = (rows.get(name) for name in ("domain", "account_id", "role", "since", "until"))
        for place, line in zip(places, zip(*columns, strict=True), strict=True):
            for name, came, allowed in _wrong(line, accounts):
                faults.row(*place, rows.frame.headers.get(name, name), came, allowed)
            pair = domain_key(str(line[0])) or "", line[1]
            if first.setdefault(pair, place) != place:
                file, row = first[pair]
                allowed = f"a domain once for each account; it stands in {file} row {row} too"
                faults.row(*place, rows.frame.headers.get("domain"), line[0], allowed)
        rows.leave_out([faults.is_bad(*place) for place in places])


def _wrong(line: Sequence[object], accounts: Collection[object]) -> list[tuple[str, object, str]]:
    """Return the column, what came and what is allowed, for everything wrong in a line."""
    domain, account_id, role, since, until = line
    found: list[tuple[str, object, str]] = []
    if domain_key(str(domain)) is None:
        found.append(("domain", domain, "a domain that can be registered, such as zork.com"))
    if account_id not in accounts:
        found.append(("account_id", account_id, "an account_id of the table `accounts`"))
    if role is not None and str(role).casefold() not in set(DomainRole):
        found.append(("role", role, f"one of {_ROLES}, or nothing for primary"))
    if isinstance(since, datetime) and isinstance(until, datetime) and until < since:
        found.append(("until", f"{until:%Y-%m-%d}", f"{since:%Y-%m-%d} (since) or later"))
    return found
