"""A file of facts on this machine, asked like any other vendor."""

from __future__ import annotations

import csv
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from leadfit.buying import WhomKind
from leadfit.connectors.base import WronglySetUp
from leadfit.connectors.lookup import Brought, CannotAsk, Lookup
from leadfit.connectors.vendors.answers import taken_facts
from leadfit.connectors.vendors.profile import Profile
from leadfit.errors import BadInput, Fault
from leadfit.resolve.normal import Column, normalise

# The file is held in memory.
_MOST_BYTES: Final = 256 * 1_048_576
_KEYS: Final[Mapping[str, Column]] = {"domain": Column.DOMAIN, "email": Column.EMAIL}


class FileVendor:
    """Looks facts up in a CSV file with a column ``domain`` or ``email``; safe from any thread.

    The file is read when it is first asked, and again when it was changed.

    Args:
        path: The file, in UTF-8.
        profile: Which facts it has.
        names: Columns for facts of the policy, where they have other names.
    """

    is_local = True

    def __init__(self, path: Path, profile: Profile, names: Mapping[str, str]) -> None:
        self._path = path
        self._profile = profile
        self._names = names
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._rows: dict[tuple[str, str], Mapping[str, str]] = {}

    def bucket(self, kind: WhomKind) -> str:  # noqa: ARG002 -- a file is never asked too fast
        """Return the one name there is."""
        return "all"

    def limits(self, kind: WhomKind) -> Mapping[float, int]:  # noqa: ARG002 -- as above
        """Return nothing: a file has no limits."""
        return {}

    def ask(self, lookup: Lookup, ticket: str | None = None) -> Brought:  # noqa: ARG002 -- a file answers at once
        """Look a subject up."""
        product = self._profile.products.get(lookup.kind)
        if product is None:
            raise CannotAsk(f"the file is not asked about a {lookup.kind}")
        keys = [
            (name, normalise(_KEYS[name], text).get("", ""))
            for name in product.needs
            if name in _KEYS and (text := lookup.fields.get(name))
        ]
        if not keys:
            raise CannotAsk(f"the file is asked by {product.needs[0]}, which is not known")
        rows = self._read()
        row = next((rows[key] for key in keys if key in rows), None)
        if row is None:
            return Brought()
        facts, left_out = taken_facts(dict(row), product, lookup.facts, self._names)
        return Brought(facts=facts, left_out=left_out)

    def _read(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        with self._lock:
            try:
                found = self._path.stat()
                if self._seen != (found.st_mtime_ns, found.st_size):
                    self._rows = read_table(self._path)
                    self._seen = found.st_mtime_ns, found.st_size
            except (OSError, BadInput) as error:
                raise WronglySetUp(f"the file cannot be read: {type(error).__name__}") from error
            return self._rows


def read_table(path: Path) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return the rows of a CSV file by the normal form of their domain and of their address.

    Raises:
        BadInput: It has neither column, or is no CSV in UTF-8.
    """
    rows: dict[tuple[str, str], Mapping[str, str]] = {}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(Fault(place=str(path), came="a larger file", allowed="256 MB at most"))
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = {str(each).strip().casefold(): each for each in reader.fieldnames or ()}
            keys = [name for name in _KEYS if name in columns]
            if not keys:
                allowed = "a column domain or email"
                raise BadInput(Fault(place=str(path), came="neither", allowed=allowed))
            for row in reader:
                named = {name: (row.get(column) or "").strip() for name, column in columns.items()}
                for key in keys:
                    normal = normalise(_KEYS[key], named[key]).get("")
                    if normal:
                        rows.setdefault((key, normal), named)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault(place=str(path), came=str(error), allowed="CSV in UTF-8")) from error
    return rows
