"""Files of leads, accounts and contacts as records, read by the usual names of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadfit.errors import Words
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.exports.sheets import Sheet
from leadfit.jobs.files.records import PARENT_COLUMNS, plain_names, row_ids
from leadfit.jobs.files.tables import find_table
from leadfit.records import Account, Contact, Identifiers
from leadfit.resolve.keys import domain_key
from leadfit.resolve.normal import Column, parted_name, recognise

_TRUE: Final = frozenset(("1", "1.0", "true", "yes", "y", "customer"))
_CUSTOMER: Final = ("is_customer", "customer")
_PLACES: Final = (
    (Column.COUNTRY, "country"),
    (Column.CITY, "city"),
    (Column.REGION, "region"),
    (Column.POSTCODE, "postcode"),
    (Column.STREET, "street"),
    (Column.PHONE, "phone"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRows:
    """RecordRows of one file.

    Attributes:
        ids: One for each row, as it came, or its number.
        id_column: Where the ids were read; ``None`` where they are row numbers.
        known: Headers by what they hold, in the order of the file.
        named: Headers by their plain name, for columns that no kind of value tells.
    """

    ids: Sequence[str]
    id_column: str | None
    known: Mapping[Column, tuple[str, ...]]
    named: Mapping[str, str]
    sheet: Sheet

    def __len__(self) -> int:
        return len(self.ids)

    def texts(self) -> Iterator[RecordRow]:
        """Yield the values of every row."""
        columns = list(self.sheet.columns.items())
        for number, one in enumerate(self.ids):
            values = {name: (texts[number] or "").strip() for name, texts in columns}
            yield RecordRow(one, values, self.known, self.named)


class RecordRow:
    """Values of one row, looked up by what a column holds or by its plain name."""

    __slots__ = ("_known", "_named", "_values", "row_id")

    def __init__(
        self,
        row_id: str,
        values: Mapping[str, str],
        known: Mapping[Column, tuple[str, ...]],
        named: Mapping[str, str],
    ) -> None:
        self.row_id = row_id
        self._values = values
        self._known = known
        self._named = named

    def of(self, kind: Column) -> str | None:
        """Return the first value of a kind that is not blank."""
        return next((self._values[n] for n in self._known.get(kind, ()) if self._values[n]), None)

    def at(self, *names: str) -> str | None:
        """Return the value of the first of some columns that is there and not blank."""
        found = (self._values[self._named[name]] for name in names if name in self._named)
        return next((value for value in found if value), None)

    def places(self) -> dict[str, str]:
        """Return where the row says it is, and how it is called, as facts."""
        return {name: value for kind, name in _PLACES if (value := self.of(kind)) is not None}


def read_rows(path: Path, of: str, faults: Faults) -> RecordRows | None:
    """Read a file; ``None`` with its faults added where it cannot be used.

    Args:
        path: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        of: What a row stands for: ``lead``, ``account`` or ``contact``.
        faults: What is wrong is added here.
    """
    before = faults.count
    found_at = find_table(path, faults)
    if found_at is None:
        return None
    sheet = sheets.read(found_at, faults)
    if faults.count > before:
        return None
    names = list(sheet.columns)
    plain = plain_names(names)
    own = _id_column(plain, of)
    known: dict[Column, list[str]] = {}
    for name, kind in recognise(names, kind="account" if of == "account" else "contact").items():
        if name != own:
            known.setdefault(kind, []).append(name)
    if not {Column.EMAIL, Column.DOMAIN, Column.COMPANY, Column.PHONE} & known.keys():
        came = Words(f"no column that tells one {of} from another: {', '.join(names[:30])}")
        faults.file(path.name, came, "one of email, domain, company, phone")
    ids = row_ids(path.name, sheet, own, faults, of=of)
    if faults.count > before:
        return None
    return RecordRows(
        ids=ids,
        id_column=own,
        known={kind: tuple(headers) for kind, headers in known.items()},
        named={short: name for name, short in plain.items()},
        sheet=sheet,
    )


def _id_column(plain: Mapping[str, str], of: str) -> str | None:
    """Return the column of the row's own id: its own name first, never another record's id."""
    others = {"lead_id", "account_id", "contact_id", *PARENT_COLUMNS} - {f"{of}_id"}
    for wanted in (f"{of}_id", "id"):
        found = next((name for name, short in plain.items() if short == wanted), None)
        if found is not None:
            return found
    return next(
        (name for name, short in plain.items() if short.endswith("_id") and short not in others),
        None,
    )


def accounts_of(rows: RecordRows) -> Iterator[Account]:
    """Yield the accounts of a file; several domains of one are parted by semicolons."""
    for row in rows.texts():
        domains = [
            found
            for text in (row.of(Column.DOMAIN) or "").split(";")
            if (found := domain_key(text)) is not None
        ]
        yield Account(
            account_id=row.row_id,
            name=row.of(Column.COMPANY) or (domains[0] if domains else row.row_id),
            domains=tuple(dict.fromkeys(domains)),
            parent_account_id=row.at(*PARENT_COLUMNS),
            country=row.of(Column.COUNTRY),
            is_customer=(row.at(*_CUSTOMER) or "").lower() in _TRUE,
            facts=row.places(),
        )


def contacts_of(rows: RecordRows) -> Iterator[Contact]:
    """Yield the contacts of a file."""
    for row in rows.texts():
        first, last = row.of(Column.FIRST_NAME), row.of(Column.SURNAME)
        whole = row.of(Column.NAME)
        if first is None and last is None and whole is not None:
            first, last = parted_name(whole)
        yield Contact(
            contact_id=row.row_id,
            account_id=row.at("account_id"),
            email=row.of(Column.EMAIL),
            first_name=first,
            last_name=last,
            title=row.of(Column.TITLE),
            phone=row.of(Column.PHONE),
        )


def leads_of(rows: RecordRows) -> Iterator[tuple[str, Identifiers, Mapping[str, str]]]:
    """Yield the id, the identifiers and the places of every lead of a file."""
    for row in rows.texts():
        identifiers = Identifiers(
            email=row.of(Column.EMAIL),
            domain=row.of(Column.DOMAIN),
            phone=row.of(Column.PHONE),
            name=row.of(Column.NAME),
            first_name=row.of(Column.FIRST_NAME),
            last_name=row.of(Column.SURNAME),
            title=row.of(Column.TITLE),
            company=row.of(Column.COMPANY),
            account_id=row.at("account_id"),
            contact_id=row.at("contact_id"),
        )
        yield row.row_id, identifiers, row.places()
