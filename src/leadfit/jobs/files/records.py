"""A file of contacts or accounts, read and normalised to be matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from leadfit.errors import Words
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.exports.sheets import Sheet
from leadfit.jobs.files.tables import find_table
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.comparisons import Field, fields_of
from leadfit.resolve.normal import Column, normalise, recognise

_REMEMBERED: Final = 50_000
_SHOWN: Final = 30
_PARTED: Final = ";"
PARENT_COLUMNS: Final = ("parent_account_id", "parent_id", "parentid", "parent_account")
"""Plain names of a column that holds the id of the account over another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """Records of one file.

    Attributes:
        ids: One for each record, as it came.
        id_column: Where they were read, or ``None`` where they are row numbers.
        fields: What is compared.
        unknown: Columns that were left out because no usual name told what they hold.
        sources: Source of each record; empty where none was asked for.
        sheet: The values.
        parents: For each account the id of the one over it; empty where no column tells it.
        domain_lists: Columns of accounts that hold domains, several of them parted by ``;``.
    """

    ids: Sequence[str]
    id_column: str | None
    fields: tuple[Field, ...]
    unknown: tuple[str, ...]
    sources: Sequence[str]
    sheet: Sheet
    parents: Sequence[str | None] = ()
    domain_lists: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Normalised columns of the records."""
        return tuple(column for field in self.fields for column in field.columns)

    def rows(self) -> Iterator[list[str | None]]:
        """Yield the source and the normalised columns of every record."""
        return _rows(self)

    def domains(self) -> list[tuple[str, ...]]:
        """Return the registrable domains of every account, its own first."""
        columns = [self.sheet.columns[header] for header in self.domain_lists]
        if not columns:
            return [()] * len(self.ids)
        return [
            tuple(
                dict.fromkeys(
                    found for text in texts for each in _listed(text) if (found := _domain_of(each))
                )
            )
            for texts in zip(*columns, strict=True)
        ]

    def tells_kin(self) -> bool:
        """Whether a record of the file may hold another's domain or stand over another."""
        several = len(self.domain_lists) > 1 or any(
            text and _PARTED in text
            for header in self.domain_lists
            for text in self.sheet.columns[header]
        )
        return several or any(self.parents)


def read_records(
    path: Path,
    kind: RecordKind,
    *,
    id_column: str | None = None,
    ignore: Sequence[str] = (),
    compare: Sequence[str] = (),
    source: str | None = None,
) -> RecordFile:
    """Read a file of records.

    Args:
        path: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        kind: What a row stands for.
        id_column: Column of the record id; by default the first that is ``id`` or ends in ``_id``.
        ignore: Columns that are not looked at.
        compare: Columns without a usual name that are compared all the same, as text.
        source: Column that says which list a record is from.

    Raises:
        BadInput: Every fault that was found.
    """
    faults = Faults()
    found_at = find_table(path, faults) or path
    faults.stop_if_any()
    names = sheets.header(found_at, faults)
    faults.stop_if_any()
    _check_columns(path.name, names, faults, id=id_column, source=source)
    _check_lists(path.name, names, faults, ignore=ignore, compare=compare)
    faults.stop_if_any()
    over = _parent_column(names) if kind is RecordKind.ACCOUNT else None
    over = None if over in {id_column, source, *ignore, *compare} else over
    own = id_column or _id_column([name for name in names if name != over])
    known = recognise(names, kind=kind.value)
    open_to = [name for name in names if name not in {own, over, source, *ignore}]
    used = [name for name in open_to if known[name] is not Column.TEXT or name in compare]
    if not used:
        allowed = f"a column with a usual name, or --compare with some of: {_shown(open_to)}"
        faults.file(path.name, Words("no column to compare"), allowed)
    faults.stop_if_any()
    wanted = {*used, own, over, source}
    sheet = sheets.read(found_at, faults, wanted=wanted.__contains__)
    ids = row_ids(path.name, sheet, own, faults)
    faults.stop_if_any()
    return RecordFile(
        ids=ids,
        id_column=own,
        fields=_with_domain(fields_of({name: known[name] for name in used})),
        unknown=tuple(name for name in open_to if name not in used),
        sources=[each or "" for each in sheet.columns[source]] if source else (),
        sheet=sheet,
        parents=[(each or "").strip() or None for each in sheet.columns[over]] if over else (),
        domain_lists=tuple(
            name for name in used if kind is RecordKind.ACCOUNT and known[name] is Column.DOMAIN
        ),
    )


def _check_columns(file: str, names: Sequence[str], faults: Faults, **asked: str | None) -> None:
    for option, name in asked.items():
        if name is not None and name not in names:
            faults.file(f"--{option}", name, f"a column of {file}: {_shown(names)}")


def _check_lists(file: str, names: Sequence[str], faults: Faults, **asked: Sequence[str]) -> None:
    for option, listed in asked.items():
        for name in listed:
            if name not in names:
                faults.file(f"--{option}", name, f"a column of {file}: {_shown(names)}")


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN])


def _id_column(names: Sequence[str]) -> str | None:
    plain = plain_names(names)
    return next(
        (name for name, bare in plain.items() if bare == "id" or bare.endswith("_id")), None
    )


def _parent_column(names: Sequence[str]) -> str | None:
    return next((name for name, bare in plain_names(names).items() if bare in PARENT_COLUMNS), None)


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Return headers with their plain names, by which columns are known.

    >>> plain_names(["Account ID"])
    {'Account ID': 'account_id'}
    """
    return {name: name.strip().lower().replace(" ", "_") for name in names}


def row_ids(
    file: str, sheet: Sheet, column: str | None, faults: Faults, *, of: str = "record"
) -> list[str]:
    """Return the id of every row, as it came; without a column of ids the number of the row.

    Args:
        file: Name for faults.
        sheet: The values.
        column: Where the ids stand.
        faults: A row without an id, or with that of a row before it, is added here, and that
            there is no row.
        of: What a row stands for.
    """
    if not len(sheet):
        faults.file(file, Words("no row"), f"at least one {of}")
    if column is None:
        return [str(number) for number in range(1, len(sheet) + 1)]
    ids, first = [], dict[str, int]()
    for row, value in zip(sheet.rows, sheet.columns[column], strict=True):
        name = (value or "").strip()
        if not name:
            faults.row(file, row, column, "", "an id in every row")
        elif name in first:
            faults.row(file, row, column, name, f"an id once; row {first[name]} has it too")
        first.setdefault(name, row)
        ids.append(name)
    return ids


def _with_domain(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Add the domain of the e-mail address where no column tells one."""
    names = {field.name: field for field in fields}
    if "email" not in names or "domain" in names:
        return fields
    return (*fields, Field(header=names["email"].header, column=Column.DOMAIN, name="domain"))


_Parts = Mapping[str, str]


def _rows(file: RecordFile) -> Iterator[list[str | None]]:
    normal = Normal(file.fields)
    values = [file.sheet.columns[field.header] for field in file.fields]
    sources: Sequence[str | None] = file.sources or [None] * len(file.sheet)
    for source, *texts in zip(sources, *values, strict=True):
        yield [source, *normal.of(texts)]


class Normal:
    """Brings rows of some fields into normal form; values that come again are not read again."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = tuple(fields)
        self._names = [[part[len(field.name) + 1 :] for part in field.columns] for field in fields]
        self._country = next(
            (n for n, each in enumerate(fields) if each.column is Column.COUNTRY), None
        )
        self._caches: list[dict[tuple[str, str | None], list[str | None]]] = [{} for _ in fields]

    def of(self, texts: Sequence[str | None]) -> list[str | None]:
        """Return the normalised columns of a row, in the order of the fields' columns."""
        country = None if self._country is None else texts[self._country]
        row: list[str | None] = []
        for field, names, cache, text in zip(
            self._fields, self._names, self._caches, texts, strict=True
        ):
            key = (text or "", country)
            found = cache.get(key)
            if found is None:
                parts = _parts(field, text, country)
                found = [parts.get(name) for name in names]
                if len(cache) < _REMEMBERED:
                    cache[key] = found
            row += found
        return row


def _parts(field: Field, text: str | None, country: str | None) -> _Parts:
    if field.column is Column.DOMAIN and text and "@" in text:
        host = normalise(Column.EMAIL, text).get("domain")
        return normalise(Column.DOMAIN, host) if host else {}
    if field.column is Column.DOMAIN and text and _PARTED in text:
        return next(
            (found for each in _listed(text) if (found := _parts(field, each, country))), {}
        )
    parts = normalise(field.column, text, country=country)
    if field.column is Column.EMAIL and parts.get("kind") == "role":
        # A mailbox of many people tells their company, not which of them it is.
        return {name: value for name, value in parts.items() if name not in {"", "local"}}
    return parts


def _listed(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(_PARTED)]


@lru_cache(maxsize=_REMEMBERED)
def _domain_of(text: str) -> str | None:
    host = normalise(Column.EMAIL, text).get("domain") if "@" in text else text
    return normalise(Column.DOMAIN, host).get("") if host else None
